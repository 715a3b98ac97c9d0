package filter

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// label is a place in a program: how many instructions there are from it to the end.
type label int

// program is one that is made from its end, so that where jumps go to is known. It jumps forward only.
type program struct {
	reads   reader
	code    []bpf.Instruction // the last first
	accepts label
	rejects label
	err     error
}

func newProgram() *program {
	p := &program{}
	p.rejects = p.prepend(bpf.RetConstant{Val: 0})
	p.accepts = p.prepend(bpf.RetConstant{Val: snap})
	return p
}

// prepend puts instructions in front and gives the place of the first.
func (p *program) prepend(list ...bpf.Instruction) label {
	for _, in := range slices.Backward(list) {
		p.code = append(p.code, in)
	}
	return label(len(p.code))
}

// near gives a place that jumps to another, or that itself if a short jump gets there.
func (p *program) near(to label) label {
	const short = 254
	if len(p.code)-int(to) <= short {
		return to
	}
	return p.prepend(bpf.Jump{Skip: uint32(len(p.code) - int(to))}) //nolint:gosec // a program is short
}

// branch puts a jump in front; x compares with register X instead of the number.
func (p *program) branch(test bpf.JumpTest, with uint32, x bool, yes, no label) label {
	yes = p.near(yes)
	no = p.near(no)
	n := len(p.code)
	skipYes, skipNo := uint8(n-int(yes)), uint8(n-int(no)) //nolint:gosec // they are near
	if x {
		return p.prepend(bpf.JumpIfX{Cond: test, SkipTrue: skipYes, SkipFalse: skipNo})
	}
	return p.prepend(bpf.JumpIf{Cond: test, Val: with, SkipTrue: skipYes, SkipFalse: skipNo})
}

// decide puts in front what goes to one place where a condition holds and to another where not.
func (p *program) decide(c condition, yes, no label) label {
	switch c := c.(type) {
	case all:
		return p.decide(c.a, p.decide(c.b, yes, no), no)
	case either:
		return p.decide(c.a, yes, p.decide(c.b, yes, no))
	case inverse:
		return p.decide(c.of, no, yes)
	case comparison:
		return p.compare(c, yes, no)
	default:
		p.fail(fmt.Errorf("unknown condition %T", c))
		return no
	}
}

func (p *program) fail(err error) { p.err = errors.Join(p.err, err) }

func (p *program) compare(c comparison, yes, no label) label {
	if n, fixed := c.b.(constant); fixed {
		p.branch(c.test, uint32(n), false, yes, no)
		return p.prepend(p.load(c.a, 0)...)
	}
	p.branch(c.test, 0, true, yes, no)
	var code []bpf.Instruction
	code = append(code, p.load(c.a, 0)...)
	code = append(code, bpf.StoreScratch{Src: bpf.RegA, N: 0})
	code = append(code, p.load(c.b, 1)...)
	return p.prepend(append(code, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: 0})...)
}

// cells are the places that a program has for numbers.
const cells = 16

// load puts a value in register A. It uses register X, and the cells from the first one on.
func (p *program) load(v value, first int) []bpf.Instruction {
	if first >= cells-1 {
		p.fail(errors.New("an expression is too deep"))
		return nil
	}
	switch v := v.(type) {
	case constant:
		return []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: uint32(v)}}
	case length:
		return p.reads.length()
	case field:
		return p.field(v, first)
	case operation:
		return p.operation(v, first)
	default:
		p.fail(fmt.Errorf("unknown value %T", v))
		return nil
	}
}

// field reads one. What begins beyond 2^31 is beyond the frame: the kernel would take it for
// something else.
func (p *program) field(f field, first int) []bpf.Instruction {
	var code []bpf.Instruction
	switch {
	case f.index == nil && f.behind == 0:
		return p.reads.at(f.off, f.size, first)
	case f.index == nil:
		return append(p.reads.headerLength(f.behind), p.reads.indirect(f.off, f.size, first)...)
	default:
		code = p.load(f.index, first)
	}
	if f.behind != 0 {
		code = append(code, bpf.StoreScratch{Src: bpf.RegA, N: first})
		code = append(code, p.reads.headerLength(f.behind)...)
		code = append(code, bpf.LoadScratch{Dst: bpf.RegA, N: first}, bpf.ALUOpX{Op: bpf.ALUOpAdd})
	}
	code = append(code, bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: maxIndex, SkipFalse: 1}, bpf.RetConstant{Val: 0}, bpf.TAX{})
	return append(code, p.reads.indirect(f.off, f.size, first)...)
}

func (p *program) operation(o operation, first int) []bpf.Instruction {
	code := p.load(o.a, first)
	if n, fixed := o.b.(constant); fixed {
		return append(code, bpf.ALUOpConstant{Op: o.op, Val: uint32(n)})
	}
	code = append(code, bpf.StoreScratch{Src: bpf.RegA, N: first})
	code = append(code, p.load(o.b, first+1)...)
	if o.op == bpf.ALUOpShiftLeft || o.op == bpf.ALUOpShiftRight { // by more than 31 machines disagree
		return append(
			code, bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: 31, SkipTrue: 4}, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: first}, bpf.ALUOpX{Op: o.op},
			bpf.Jump{Skip: 1}, bpf.LoadConstant{Dst: bpf.RegA},
		)
	}
	return append(code, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: first}, bpf.ALUOpX{Op: o.op})
}

// assemble makes a program for one kind of reader.
func assemble(text string, c condition, r reader) ([]bpf.Instruction, error) {
	p := newProgram()
	if p.reads = r; c != nil {
		p.decide(c, p.accepts, p.rejects)
	} else {
		p.prepend(bpf.RetConstant{Val: snap})
	}
	return p.finish(text)
}

// assembleLive makes a program that asks first whether the kernel holds a tag beside the frame.
func assembleLive(text string, c condition) ([]bpf.Instruction, error) {
	if c == nil {
		return assemble(text, c, inline{})
	}
	p := newProgram()
	p.reads = beside{}
	tagged := p.decide(c, p.accepts, p.rejects)
	p.reads = inline{}
	plain := p.decide(c, p.accepts, p.rejects)
	p.branch(bpf.JumpEqual, 0, false, plain, tagged)
	p.prepend(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	return p.finish(text)
}

func (p *program) finish(text string) ([]bpf.Instruction, error) {
	if p.err != nil {
		return nil, &Error{Text: text, Column: 1, Msg: p.err.Error()}
	}
	if len(p.code) > MaxProgram {
		return nil, &Error{Text: text, Column: 1, Msg: fmt.Sprintf("its program has %d instructions, and the kernel takes %d", len(p.code), MaxProgram), Hint: "say less in one filter"}
	}
	slices.Reverse(p.code)
	return p.code, nil
}
