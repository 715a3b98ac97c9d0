package filter

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/net/bpf"
)

// maxPaths bounds how many ways through a condition are looked at.
const maxPaths = 10_000

// Never reports whether the filter accepts no frame, as "ip and arp" does: whichever way it is taken, it asks a byte of the
// frame to be two things. One that accepts none for another reason is not told from others.
func (f *Filter) Never() bool {
	if f.asks == nil {
		return false
	}
	ways := maxPaths
	return !(&facts{}).allow(f.asks, true, &ways, func(*facts) bool { return true })
}

// facts are what a frame has to be for the comparisons of one way through a condition.
type facts struct {
	bits   map[uint32]knownBits // by the byte's place in the frame
	ranges map[string]interval  // by the value that is compared
	asked  []comparison         // of bits of a field, in another way than that they are equal to a number
}

type knownBits struct{ mask, value uint8 }

type interval struct{ least, most uint32 }

func (f *facts) clone() *facts {
	return &facts{maps.Clone(f.bits), maps.Clone(f.ranges), slices.Clone(f.asked)}
}

// allow reports whether there may be a frame of which the condition holds, or not, and then what is asked next.
func (f *facts) allow(c condition, holds bool, ways *int, next func(*facts) bool) bool {
	if *ways--; *ways < 0 {
		return true
	}
	switch c := c.(type) {
	case inverse:
		return f.allow(c.of, !holds, ways, next)
	case all:
		return f.both(c.a, c.b, holds, holds, ways, next)
	case either:
		return f.both(c.a, c.b, holds, !holds, ways, next)
	case comparison:
		learnt := f.clone()
		return learnt.learn(c, holds) && next(learnt)
	default:
		return true
	}
}

// both is allow for two conditions, which have to be as holds says both, or of which one is enough.
func (f *facts) both(a, b condition, holds, together bool, ways *int, next func(*facts) bool) bool {
	if together {
		return f.allow(a, holds, ways, func(f *facts) bool { return f.allow(b, holds, ways, next) })
	}
	return f.allow(a, holds, ways, next) || f.allow(b, holds, ways, next)
}

// learn adds what a comparison says, and reports whether it can be so beside the rest.
func (f *facts) learn(c comparison, holds bool) bool {
	with, fixed := c.b.(constant)
	if !fixed {
		return true
	}
	if !holds {
		c.test = opposite(c.test)
	}
	of, mask, ok := placeOf(c.a)
	switch {
	case ok && c.test == bpf.JumpEqual:
		if !f.learnBits(of, mask, uint32(with)) {
			return false
		}
	case ok:
		f.asked = append(f.asked, c)
	}
	return !slices.ContainsFunc(f.asked, f.excludes) && (ok && c.test == bpf.JumpEqual || f.learnRange(fmt.Sprintf("%#v", c.a), c.test, uint32(with)))
}

// excludes reports whether all bits that a comparison looks at are known, and it does not hold.
func (f *facts) excludes(c comparison) bool {
	of, mask, _ := placeOf(c.a)
	var value, known uint32
	for i := range of.size {
		b := f.bits[of.off+i]
		value, known = value<<8|uint32(b.value), known<<8|uint32(b.mask)
	}
	if mask &= ^uint32(0) >> (32 - 8*of.size); known&mask != mask {
		return false
	}
	alone := &facts{}
	return !alone.learnRange("", bpf.JumpEqual, value&mask) || !alone.learnRange("", c.test, uint32(c.b.(constant))) //nolint:forcetypeassert // as learn saw
}

// placeOf gives the field that a value is, and the bits of it that count.
func placeOf(v value) (of field, mask uint32, ok bool) {
	mask = ^uint32(0)
	if o, isOp := v.(operation); isOp && o.op == bpf.ALUOpAnd {
		if m, isConst := o.b.(constant); isConst {
			v, mask = o.a, uint32(m)
		}
	}
	of, ok = v.(field)
	return of, mask, ok && of.index == nil && of.behind == 0
}

func opposite(t bpf.JumpTest) bpf.JumpTest {
	pairs := [][2]bpf.JumpTest{
		{bpf.JumpEqual, bpf.JumpNotEqual},
		{bpf.JumpGreaterThan, bpf.JumpLessOrEqual},
		{bpf.JumpLessThan, bpf.JumpGreaterOrEqual},
		{bpf.JumpBitsSet, bpf.JumpBitsNotSet},
	}
	for _, p := range pairs {
		if i := slices.Index(p[:], t); i >= 0 {
			return p[1-i]
		}
	}
	return t
}

// learnBits is learn where bits of a field have a value. Fields that lie over each other share their bytes.
func (f *facts) learnBits(of field, mask, value uint32) bool {
	if value&^mask != 0 || of.size < 4 && value>>(8*of.size) != 0 {
		return false
	}
	if f.bits == nil {
		f.bits = map[uint32]knownBits{}
	}
	for i := range of.size {
		shift := 8 * (of.size - 1 - i)
		m, v := uint8(mask>>shift), uint8(value>>shift) //nolint:gosec // the byte at that place
		known := f.bits[of.off+i]
		if known.mask&m&(known.value^v) != 0 {
			return false
		}
		f.bits[of.off+i] = knownBits{known.mask | m, known.value | v}
	}
	return true
}

// learnRange is learn where a value is compared with a number in another way.
func (f *facts) learnRange(of string, test bpf.JumpTest, with uint32) bool {
	if f.ranges == nil {
		f.ranges = map[string]interval{}
	}
	can, known := f.ranges[of]
	if !known {
		can.most = ^uint32(0)
	}
	switch test {
	case bpf.JumpEqual:
		can = interval{max(can.least, with), min(can.most, with)}
	case bpf.JumpNotEqual:
		return can != interval{with, with}
	case bpf.JumpGreaterOrEqual:
		can.least = max(can.least, with)
	case bpf.JumpGreaterThan:
		if with == ^uint32(0) {
			return false
		}
		can.least = max(can.least, with+1)
	case bpf.JumpLessOrEqual:
		can.most = min(can.most, with)
	case bpf.JumpLessThan:
		if with == 0 {
			return false
		}
		can.most = min(can.most, with-1)
	case bpf.JumpBitsSet, bpf.JumpBitsNotSet:
	}
	f.ranges[of] = can
	return can.least <= can.most
}

// Exclude reports whether no frame is accepted by all of several filters, each of which looks at the whole frame, as far
// as [Filter.Never] sees it.
func Exclude(list ...*Filter) bool {
	together := &Filter{}
	for _, f := range list {
		together.asks = allOf(together.asks, f.asks)
	}
	return together.Never()
}
