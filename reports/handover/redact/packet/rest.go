package packet

import "math/bits"

// Nothing passes unread: each decoder marks what it replaced, and what it knows to name nobody.
// What of a frame is then not marked, be it behind a packet, in an element that nobody knows or
// where a frame is cut off, is searched by value and for packets, and told.

// bitmap has a bit for each byte of a file.
type bitmap []uint64

const wordBits = 64

func newBitmap(n int) bitmap { return make(bitmap, (n+wordBits-1)/wordBits) }

// set sets the bits from at up to end.
func (b bitmap) set(at, end int) {
	for ; at < end && at%wordBits != 0; at++ {
		b[at/wordBits] |= 1 << (at % wordBits)
	}
	for ; at+wordBits <= end; at += wordBits {
		b[at/wordBits] = ^uint64(0)
	}
	for ; at < end; at++ {
		b[at/wordBits] |= 1 << (at % wordBits)
	}
}

// next is the first bit from at on that is as is; end when there is none before it.
func (b bitmap) next(at, end int, is bool) int {
	for at < end {
		w := b[at/wordBits]
		if !is {
			w = ^w
		}
		if w >>= at % wordBits; w != 0 {
			return min(end, at+bits.TrailingZeros64(w))
		}
		at += wordBits - at%wordBits
	}
	return end
}

// begun is where a protocol begins.
type begun struct {
	at   int
	what string
}

// in says which protocol the bytes from at on are of.
func (c *capture) in(at int, what string) { c.begins = append(c.begins, begun{at, what}) }

// plain marks a field that is understood, and names nobody.
func (c *capture) plain(at, end int) {
	if end = min(end, c.end); at < end {
		c.known.set(at, end)
	}
}

// rest searches what of a frame was not marked.
func (c *capture) rest(start, end int) {
	if c.silent {
		return
	}
	for at := c.known.next(start, end, false); at < end; at = c.known.next(at, end, false) {
		stop := c.known.next(at, end, true)
		if !zeros(c.old[at:stop]) {
			c.payload(at, stop)
			c.embedded(at, stop)
			c.unreadOf(c.protocolAt(at) + ": fields that are not known")
		}
		at = stop
	}
}

// protocolAt names the protocol that begins last before at.
func (c *capture) protocolAt(at int) string {
	what, from := "frames", -1
	for _, b := range c.begins {
		if b.at <= at && b.at >= from {
			what, from = b.what, b.at
		}
	}
	return what
}

// unreadOf tells that something was searched by value alone.
func (c *capture) unreadOf(what string) {
	if !c.silent {
		c.m.Note(what + ", searched by value")
	}
}

// opaque is of a protocol that is not read.
func (c *capture) opaque(what string, at, end int) {
	if at >= end {
		return
	}
	c.payload(at, end)
	c.embedded(at, end)
	if end <= c.end && !zeros(c.old[at:end]) {
		c.unreadOf(what + ", which is not read")
	}
}

// zeros tells what pads.
func zeros(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
