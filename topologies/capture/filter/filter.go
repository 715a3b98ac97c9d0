package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// Bounds of a filter. MaxProgram is the kernel's, in instructions.
const (
	MaxText    = 8 << 10
	MaxProgram = 4096
	maxDepth   = 100
)

// snap is what a program answers of a frame that it accepts: how much of it is kept.
const snap = 262144

// Filter is one that was compiled. The zero value accepts every frame.
type Filter struct {
	text    string
	asks    condition
	offline []bpf.Instruction
	live    []bpf.Instruction
	vm      *bpf.VM
}

// Error says what is wrong with a filter.
type Error struct {
	Text   string // of the filter
	Column int    // in it, in bytes, from 1
	Msg    string
	Hint   string // what would be right; may be empty
}

func (e *Error) Error() string {
	s := fmt.Sprintf("filter, column %d: %s", e.Column, e.Msg)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Compile reads a filter; an empty one accepts every frame. The error is an *Error.
func Compile(text string) (*Filter, error) {
	f := &Filter{text: text}
	if len(text) > MaxText {
		return nil, &Error{Text: text, Column: MaxText + 1, Msg: fmt.Sprintf("it is longer than %d bytes", MaxText)}
	}
	c, err := parse(text)
	if err != nil {
		return nil, err
	}
	f.asks = c
	if f.offline, err = assemble(text, c, inline{}); err != nil {
		return nil, err
	}
	if f.live, err = assembleLive(text, c); err != nil {
		return nil, err
	}
	if f.vm, err = bpf.NewVM(f.offline); err != nil {
		return nil, &Error{Text: text, Column: 1, Msg: err.Error()}
	}
	return f, nil
}

// String gives the filter as it was written.
func (f *Filter) String() string { return f.text }

// Offline is the program for whole frames. It answers how many bytes of a frame to keep, 0 for none.
func (f *Filter) Offline() []bpf.Instruction {
	if f.offline == nil {
		return []bpf.Instruction{bpf.RetConstant{Val: snap}}
	}
	return f.offline
}

// Live is the program for a packet socket of Linux on an Ethernet interface.
func (f *Filter) Live() []bpf.Instruction {
	if f.live == nil {
		return f.Offline()
	}
	return f.live
}

// Match says whether a whole frame is accepted.
func (f *Filter) Match(frame []byte) bool {
	if f.vm == nil {
		return true
	}
	n, err := f.vm.Run(frame)
	return err == nil && n != 0
}
