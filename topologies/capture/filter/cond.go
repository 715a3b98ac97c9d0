package filter

import "golang.org/x/net/bpf"

// condition is what a filter asks of a frame: one of all, either, inverse and comparison. Its parts are
// looked at from the left, and no further than it takes to know.
type condition interface{ isCondition() }

type (
	all     struct{ a, b condition }
	either  struct{ a, b condition }
	inverse struct{ of condition }
	// comparison holds where a stands to b as test says; unsigned.
	comparison struct {
		a    value
		test bpf.JumpTest
		b    value
	}
)

func (all) isCondition()        {}
func (either) isCondition()     {}
func (inverse) isCondition()    {}
func (comparison) isCondition() {}

// value is a number of 32 bits: one of constant, length, field, operation and variable shift.
type value interface{ isValue() }

type (
	constant uint32
	length   struct{} // of the frame
	// field is a number in the frame, in network order.
	field struct {
		off   uint32 // from the frame's begin
		size  uint32 // 1, 2 or 4
		index value  // added to off; nil: nothing
		// behind is where an IPv4 header begins whose length is added too; 0: none is.
		behind uint32
	}
	operation struct {
		op   bpf.ALUOp
		a, b value
	}
)

func (constant) isValue()  {}
func (length) isValue()    {}
func (field) isValue()     {}
func (operation) isValue() {}

// allOf joins conditions; nil ones are left out.
func allOf(list ...condition) condition {
	var joined condition
	for _, c := range list {
		switch {
		case c == nil:
		case joined == nil:
			joined = c
		default:
			joined = all{joined, c}
		}
	}
	return joined
}

func anyOf(first condition, more ...condition) condition {
	for _, c := range more {
		first = either{first, c}
	}
	return first
}

func compare(off, size uint32, test bpf.JumpTest, with uint32) condition {
	return comparison{field{off: off, size: size}, test, constant(with)}
}

func equal(off, size, with uint32) condition {
	return compare(off, size, bpf.JumpEqual, with)
}

// masked compares the bits of a mask.
func masked(off, size, mask, with uint32) condition {
	if mask == ^uint32(0)>>(32-8*size) {
		return equal(off, size, with)
	}
	return comparison{operation{bpf.ALUOpAnd, field{off: off, size: size}, constant(mask)}, bpf.JumpEqual, constant(with)}
}

// bytesAt compares up to any number of bytes, the last first, as libpcap does.
func bytesAt(off uint32, want []byte) condition {
	var c condition
	for n := len(want); n > 0; {
		size := 4
		switch {
		case n < 2:
			size = 1
		case n < 4:
			size = 2
		}
		n -= size
		var v uint32
		for _, b := range want[n : n+size] {
			v = v<<8 | uint32(b)
		}
		c = allOf(c, equal(off+uint32(n), uint32(size), v)) //nolint:gosec // an address is short
	}
	return c
}
