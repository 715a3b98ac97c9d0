package packet

// The header of IPv4 (RFC 791, section 3.1).
const (
	ipv4HeaderLen  = 0 // in words of four bytes, the lower half of the byte
	ipv4Total      = 2
	ipv4Fragment   = 6
	ipv4Protocol   = 9
	ipv4Sum        = 10
	ipv4Source     = 12
	ipv4Dest       = 16
	ipv4Options    = 20
	ipv4MinimumLen = 20

	headerLenMask      = 0x0f
	headerWord         = 4
	fragmentOffsetMask = 0x1fff
)

// Options of IPv4 (RFC 791, section 3.1): those of one byte, and those with a list of
// addresses. TCP has the first two and the same head (RFC 9293, section 3.1).
const (
	optEnd               = 0
	optNothing           = 1
	optRecordRoute       = 7
	optRouterAlert       = 148 // RFC 2113
	optLooseSourceRoute  = 131
	optStrictSourceRoute = 137

	optLength = 1
	optHead   = 2
	optRoute  = 3 // after type, length and pointer
)

// noteFragments tells of fragments that are not put together.
const noteFragments = "later fragments, searched by value; a checksum in the first one covers them too"

func (c *capture) ipv4(f *frame, at, end int) {
	head := c.byteAt(at+ipv4HeaderLen) & headerLenMask * headerWord
	if head < ipv4MinimumLen || at+ipv4MinimumLen > end {
		return
	}
	c.in(at, "IPv4")
	c.plain(at, at+ipv4Source)
	c.addr(at+ipv4Source, ipv4Len)
	c.addr(at+ipv4Dest, ipv4Len)
	if at+head > end {
		return
	}
	f.sum(at+ipv4Sum, part{at, at + head})
	c.ipOptions(at+ipv4Options, at+head, func(kind, p, stop int) {
		if kind == optRecordRoute || kind == optLooseSourceRoute || kind == optStrictSourceRoute {
			c.plain(p, p+optRoute)
			c.addrs(p+optRoute, stop, ipv4Len)
		}
		if kind == optRouterAlert {
			c.plain(p, stop)
		}
	})
	if total := c.u16(at + ipv4Total); total >= head {
		end = min(end, at+total)
	}
	if c.u16(at+ipv4Fragment)&fragmentOffsetMask != 0 {
		c.m.Note(noteFragments)
		c.payload(at+head, end)
		return
	}
	c.transport(f, c.byteAt(at+ipv4Protocol), at+head, end, part{at + ipv4Source, at + ipv4MinimumLen})
}

// ipOptions calls do with each option of IPv4 or TCP that has a length.
func (c *capture) ipOptions(at, end int, do func(kind, at, end int)) {
	for at+optLength < end && c.byteAt(at) != optEnd {
		if c.byteAt(at) == optNothing {
			c.plain(at, at+1)
			at++
			continue
		}
		n := c.byteAt(at + optLength)
		if n < optHead || at+n > end {
			return
		}
		do(c.byteAt(at), at, at+n)
		at += n
	}
}
