package wiring

import (
	"fmt"

	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
)

// filterCells is how many numbers a program of classic BPF may keep.
const filterCells = 16

// The registers of classic BPF. Those of ours are not needed between the headers and the tally.
const (
	regA = regAt
	regX = regWord
)

// classic translates a program of classic BPF for whole frames: it goes on behind the block with what
// that accepts, and jumps to rejects with what it does not. As there, a read behind the end of the
// frame rejects it, and so does a division by zero.
func (h hook) classic(code []bpf.Instruction, name, rejects string) (asm.Instructions, error) {
	accepts := name + "-accepts"
	label := func(i int) string { return fmt.Sprintf("%s-%d", name, i) }
	p := asm.Instructions{
		asm.Mov.Imm(asm.R0, 0), asm.JNE.Imm(asm.R0, 0, accepts), // that a jump leads there is asked, whatever it is of
		asm.Mov.Imm(regA, 0), asm.Mov.Imm(regX, 0),
	}
	for cell := range int16(filterCells) {
		p = append(p, asm.StoreMem(asm.RFP, slotCells+4*cell, regA, asm.Word))
	}
	reached := make([]bool, len(code)+1)
	reached[0] = true
	for i, in := range code {
		if !reached[i] {
			continue // the kernel takes nothing that no jump leads to
		}
		body, to, err := h.translate(in, i, label, accepts, rejects)
		if err != nil {
			return nil, err
		}
		for _, n := range to {
			if n > len(code)-1 {
				return nil, fmt.Errorf("a filter jumps behind its end at %d", i)
			}
			reached[n] = true
		}
		body[0] = body[0].WithSymbol(label(i))
		p = append(p, body...)
	}
	return append(p, asm.Mov.Imm(asm.R0, 0).WithSymbol(accepts)), nil
}

// translate gives what stands for an instruction, and the places of those that may follow it.
func (h hook) translate(in bpf.Instruction, at int, label func(int) string, accepts, rejects string) (asm.Instructions, []int, error) {
	next := []int{at + 1}
	switch in := in.(type) {
	case bpf.RetConstant:
		if in.Val == 0 {
			return asm.Instructions{asm.Ja.Label(rejects)}, nil, nil
		}
		return asm.Instructions{asm.Ja.Label(accepts)}, nil, nil
	case bpf.Jump:
		to := at + 1 + int(in.Skip)
		return asm.Instructions{asm.Ja.Label(label(to))}, []int{to}, nil
	case bpf.JumpIf:
		body := asm.Instructions{word(asm.R1, in.Val)}
		return h.branch(body, in.Cond, at+1+int(in.SkipTrue), at+1+int(in.SkipFalse), label)
	case bpf.JumpIfX:
		body := asm.Instructions{asm.Mov.Reg(asm.R1, regX)}
		return h.branch(body, in.Cond, at+1+int(in.SkipTrue), at+1+int(in.SkipFalse), label)
	case bpf.LoadConstant:
		return asm.Instructions{word(classicRegister(in.Dst), in.Val)}, next, nil
	case bpf.LoadScratch:
		return asm.Instructions{asm.LoadMem(classicRegister(in.Dst), asm.RFP, cell(in.N), asm.Word)}, next, nil
	case bpf.StoreScratch:
		return asm.Instructions{asm.StoreMem(asm.RFP, cell(in.N), classicRegister(in.Src), asm.Word)}, next, nil
	case bpf.TAX:
		return asm.Instructions{asm.Mov.Reg(regX, regA)}, next, nil
	case bpf.TXA:
		return asm.Instructions{asm.Mov.Reg(regA, regX)}, next, nil
	case bpf.LoadAbsolute:
		return h.bytes(asm.Instructions{word(asm.R2, in.Off)}, regA, in.Size, rejects), next, nil
	case bpf.LoadIndirect:
		return h.bytes(asm.Instructions{word(asm.R2, in.Off), asm.Add.Reg(asm.R2, regX)}, regA, in.Size, rejects), next, nil
	case bpf.LoadMemShift:
		body := h.bytes(asm.Instructions{word(asm.R2, in.Off)}, regX, 1, rejects)
		return append(body, asm.And.Imm(regX, 0xf), asm.LSh.Imm(regX, 2)), next, nil
	case bpf.ALUOpConstant:
		body, err := compute(in.Op, asm.Instructions{word(asm.R1, in.Val)}, rejects)
		return body, next, err
	case bpf.ALUOpX:
		body, err := compute(in.Op, asm.Instructions{asm.Mov.Reg(asm.R1, regX)}, rejects)
		return body, next, err
	case bpf.LoadExtension:
		if in.Num == bpf.ExtLen {
			return asm.Instructions{asm.LoadMem(regA, asm.RFP, slotLength, asm.DWord)}, next, nil
		}
	}
	return nil, nil, fmt.Errorf("a filter has an instruction that is not for whole frames: %v", in)
}

func classicRegister(r bpf.Register) asm.Register {
	if r == bpf.RegX {
		return regX
	}
	return regA
}

func cell(n int) int16 { return slotCells + 4*int16(n) } //nolint:gosec // one of a few

// word puts one of 32 bits into a register.
func word(to asm.Register, n uint32) asm.Instruction { return asm.LoadImm(to, int64(n), asm.DWord) }

// bytes reads a number of the frame at what R2 says.
func (h hook) bytes(at asm.Instructions, to asm.Register, size int, rejects string) asm.Instructions {
	width := map[int]asm.Size{1: asm.Byte, 2: asm.Half, 4: asm.Word}[size]
	p := append(at,
		asm.LoadMem(asm.R3, asm.RFP, slotLength, asm.DWord), asm.JGT.Reg(asm.R2, asm.R3, rejects), // what is far beyond is an error of another kind
		asm.LoadMem(asm.R1, asm.RFP, slotContext, asm.DWord), asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, slotBytes), asm.Mov.Imm(asm.R4, int32(size)), //nolint:gosec // up to four
		h.load.Call(), asm.JNE.Imm(asm.R0, 0, rejects),
		asm.LoadMem(to, asm.RFP, slotBytes, width),
	)
	if size > 1 {
		p = append(p, asm.HostTo(asm.BE, to, width))
	}
	return p
}

// compute does arithmetic of 32 bits with what R1 holds.
func compute(op bpf.ALUOp, p asm.Instructions, rejects string) (asm.Instructions, error) {
	operation, known := map[bpf.ALUOp]asm.ALUOp{
		bpf.ALUOpAdd: asm.Add, bpf.ALUOpSub: asm.Sub, bpf.ALUOpMul: asm.Mul, bpf.ALUOpDiv: asm.Div, bpf.ALUOpMod: asm.Mod,
		bpf.ALUOpAnd: asm.And, bpf.ALUOpOr: asm.Or, bpf.ALUOpXor: asm.Xor, bpf.ALUOpShiftLeft: asm.LSh, bpf.ALUOpShiftRight: asm.RSh,
	}[op]
	if !known {
		return nil, fmt.Errorf("a filter computes by %v", op)
	}
	if op == bpf.ALUOpDiv || op == bpf.ALUOpMod {
		p = append(p, asm.JEq.Imm(asm.R1, 0, rejects))
	}
	return append(p, operation.Reg32(regA, asm.R1)), nil
}

// branch compares register A with what R1 holds, as numbers without a sign.
func (h hook) branch(p asm.Instructions, test bpf.JumpTest, yes, no int, label func(int) string) (asm.Instructions, []int, error) {
	to := []int{yes, no}
	if test == bpf.JumpBitsNotSet {
		test, yes, no = bpf.JumpBitsSet, no, yes
	}
	jump, known := map[bpf.JumpTest]asm.JumpOp{
		bpf.JumpEqual: asm.JEq, bpf.JumpNotEqual: asm.JNE, bpf.JumpGreaterThan: asm.JGT, bpf.JumpLessThan: asm.JLT,
		bpf.JumpGreaterOrEqual: asm.JGE, bpf.JumpLessOrEqual: asm.JLE, bpf.JumpBitsSet: asm.JSet,
	}[test]
	if !known {
		return nil, nil, fmt.Errorf("a filter compares by %v", test)
	}
	return append(p, jump.Reg(regA, asm.R1, label(yes)), asm.Ja.Label(label(no))), to, nil
}
