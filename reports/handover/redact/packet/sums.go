package packet

import (
	"encoding/binary"
	"slices"
)

// checksum is one Internet checksum (RFC 1071) over parts of the file. Parts before it in
// the list of a frame lie around it, so that the innermost is made first.
type checksum struct {
	at    int
	parts []part
	udp   bool // zero means none (RFC 768)
	low   bool // the last of an odd number of bytes counts as a low one, as Cisco's CDP has it
}

// part is a piece of the file.
type part struct{ start, end int }

// sumLen is how long an Internet checksum is; so are the words that it adds.
const sumLen = 2

// allOnes is the other zero of these sums; UDP sends it for a checksum that is zero, for
// zero says that there is none (RFC 768).
const allOnes = 0xffff

// sum adds a checksum to those of a frame.
func (f *frame) sum(at int, parts ...part) {
	f.sums = append(f.sums, checksum{at: at, parts: parts})
}

// fixSums adjusts each checksum by what changed below it (RFC 1624): a right one stays
// right, and a wrong one stays wrong by as much.
func (c *capture) fixSums() {
	for i := range c.frames {
		for _, s := range slices.Backward(c.frames[i].sums) {
			c.fixSum(s)
		}
	}
}

func (c *capture) fixSum(s checksum) {
	was := binary.BigEndian.Uint16(c.old[s.at:])
	if s.udp && was == 0 {
		return
	}
	delta, changed := c.change(s)
	if !changed {
		return
	}
	now := ^fold(uint64(^was) + delta)
	if now == 0 && s.udp {
		now = allOnes
	}
	if now == allOnes && !s.udp && was != allOnes {
		now = 0
	}
	binary.BigEndian.PutUint16(c.out[s.at:], now)
}

// change is what the parts of a checksum sum up to more than they did.
func (c *capture) change(s checksum) (delta uint64, changed bool) {
	for _, p := range s.parts {
		for at := p.start; at < p.end; at += sumLen {
			if at == s.at {
				continue
			}
			was, is := word(c.old, at, p.end), word(c.out, at, p.end)
			if s.low && at+1 == p.end {
				was, is = was>>8, is>>8
			}
			changed = changed || was != is
			delta += uint64(is) + uint64(^was)
		}
	}
	return delta, changed
}

// lowSum reports whether an odd number of bytes has a right checksum when the last one counts as a low byte.
func (c *capture) lowSum(at, end int) bool {
	var sum uint64
	for p := at; p < end; p += sumLen {
		if p+1 == end {
			sum += uint64(c.old[p])
		} else {
			sum += uint64(word(c.old, p, end))
		}
	}
	return fold(sum) == allOnes
}

// word reads two bytes, or one and a zero at the end of a part.
func word(b []byte, at, end int) uint16 {
	if at+1 < end {
		return binary.BigEndian.Uint16(b[at:])
	}
	return uint16(b[at]) << 8
}

// fold adds what a sum carries beyond 16 bits (RFC 1071, section 2).
func fold(v uint64) uint16 {
	for v > allOnes {
		v = v&allOnes + v>>(8*sumLen)
	}
	return uint16(v)
}

// fletcherModulus is what the sums of Fletcher's checksum are modulo of (ISO 8473, 6.11;
// RFC 905, annex B).
const fletcherModulus = 255

// fletcherSums are the two sums of Fletcher's checksum; over what has a right one, both are
// zero.
func fletcherSums(b []byte) (c0, c1 int) {
	for _, v := range b {
		c0 = (c0 + int(v)) % fletcherModulus
		c1 = (c1 + c0) % fletcherModulus
	}
	return c0, c1
}

// fletcherHolds reports whether the checksum in b is right.
func fletcherHolds(b []byte) bool {
	c0, c1 := fletcherSums(b)
	return c0 == 0 && c1 == 0
}

// setFletcher makes the checksum at offset at of b (RFC 905, annex B).
func setFletcher(b []byte, at int) {
	b[at], b[at+1] = 0, 0
	c0, c1 := fletcherSums(b)
	x := ((len(b)-at-1)*c0 - c1) % fletcherModulus
	if x <= 0 {
		x += fletcherModulus
	}
	y := 2*fletcherModulus - c0 - x
	if y > fletcherModulus {
		y -= fletcherModulus
	}
	b[at], b[at+1] = byte(x), byte(y) //nolint:gosec // bytes by construction
}
