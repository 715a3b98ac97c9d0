package lab

import "math/bits"

// set is a set of small numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i int)   { s[i/64] &^= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) keep(o set) {
	for i := range s {
		s[i] &= o[i]
	}
}

// meets says whether the sets have a number in common that is not except.
func (s set) meets(o set, except int) bool {
	for i := range s {
		both := s[i] & o[i]
		if except/64 == i {
			both &^= 1 << (except % 64)
		}
		if both != 0 {
			return true
		}
	}
	return false
}

func (s set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// each gives the numbers in rising order; taking out the one that was given is allowed.
func (s set) each() func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
