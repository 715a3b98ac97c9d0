package filter

import "golang.org/x/net/bpf"

// reader makes the instructions that read a frame into register A. It may use register X and the
// cells from the first one on.
type reader interface {
	length() []bpf.Instruction
	at(off, size uint32, first int) []bpf.Instruction
	// indirect reads what is behind off by the number in register X, which is small.
	indirect(off, size uint32, first int) []bpf.Instruction
	// headerLength puts the length of an IPv4 header into register X.
	headerLength(off uint32) []bpf.Instruction
}

// inline reads frames that have all their tags in them.
type inline struct{}

func (inline) length() []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLen}}
}

func (inline) at(off, size uint32, _ int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadAbsolute{Off: off, Size: int(size)}}
}

func (inline) indirect(off, size uint32, _ int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadIndirect{Off: off, Size: int(size)}}
}

func (inline) headerLength(off uint32) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadMemShift{Off: off}}
}

// beside reads frames whose outer tag the kernel holds beside them: it stands between the bytes
// before tagBegin, and those that stand there now.
type beside struct{}

const (
	tagBegin = 12
	tagEnd   = 16
	tagSize  = tagEnd - tagBegin
)

func (beside) length() []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLen}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: tagSize}}
}

func (b beside) at(off, size uint32, first int) []bpf.Instruction {
	switch {
	case off+size <= tagBegin:
		return inline{}.at(off, size, first)
	case off >= tagEnd:
		return inline{}.at(off-tagSize, size, first)
	case off == tagBegin && size == 2:
		return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtVLANProto}}
	case off == tagBegin+2 && size == 2:
		return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtVLANTag}}
	}
	code := b.byte(off)
	for i := uint32(1); i < size; i++ {
		code = append(code, bpf.StoreScratch{Src: bpf.RegA, N: first})
		code = append(code, b.byte(off+i)...)
		code = append(
			code, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: first}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 8}, bpf.ALUOpX{Op: bpf.ALUOpOr},
		)
	}
	return code
}

// byte reads one, without register X.
func (beside) byte(off uint32) []bpf.Instruction {
	if off < tagBegin {
		return inline{}.at(off, 1, 0)
	}
	if off >= tagEnd {
		return inline{}.at(off-tagSize, 1, 0)
	}
	from := bpf.ExtVLANProto
	if off >= tagBegin+2 {
		from = bpf.ExtVLANTag
	}
	part := bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xff}
	if off%2 == 0 {
		part = bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 8}
	}
	return []bpf.Instruction{bpf.LoadExtension{Num: from}, part}
}

func (b beside) indirect(off, size uint32, first int) []bpf.Instruction {
	if off >= tagEnd {
		return inline{}.indirect(off-tagSize, size, first)
	}
	// What may begin on either side of the tag, or in it: the few places there each have a reading.
	var places [][]bpf.Instruction
	begin := tagBegin + 1 - size
	rest := 0
	for at := begin; at < tagEnd; at++ {
		places = append(places, b.at(at, size, first))
		rest += len(places[len(places)-1]) + 2
	}
	code := []bpf.Instruction{
		bpf.TXA{},
		bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: off},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: begin, SkipFalse: 3},
		bpf.TAX{},
		bpf.LoadIndirect{Size: int(size)},
		bpf.Jump{Skip: uint32(rest + 5)},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: tagEnd, SkipFalse: 4},
		bpf.ALUOpConstant{Op: bpf.ALUOpSub, Val: tagSize},
		bpf.TAX{},
		bpf.LoadIndirect{Size: int(size)},
		bpf.Jump{Skip: uint32(rest)},
	}
	for i, place := range places {
		rest -= len(place) + 2
		code = append(code, bpf.JumpIf{Cond: bpf.JumpEqual, Val: begin + uint32(i), SkipFalse: uint8(len(place) + 1)}) //nolint:gosec // it is short
		code = append(code, place...)
		code = append(code, bpf.Jump{Skip: uint32(rest)}) //nolint:gosec // it is short
	}
	return code
}

func (b beside) headerLength(off uint32) []bpf.Instruction {
	switch {
	case off < tagBegin:
		return inline{}.headerLength(off)
	case off >= tagEnd:
		return inline{}.headerLength(off - tagSize)
	}
	return append(
		b.byte(off), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2}, bpf.TAX{},
	)
}
