package packet

// The header of IPv6 (RFC 8200, section 3).
const (
	ipv6Payload   = 4
	ipv6Next      = 6
	ipv6Source    = 8
	ipv6Dest      = 24
	ipv6HeaderLen = 40
)

// Extension headers (RFC 8200, section 4; RFC 4302, section 2.2, for AH). Their length is
// given without the first eight bytes, in units of eight or, of AH, of four.
const (
	extNext   = 0
	extLength = 1
	extFirst  = 8
	extUnit   = 8
	ahUnit    = 4

	extFragment     = 2 // offset and flags
	extFragmentMask = 0xfff8
)

func (c *capture) ipv6(f *frame, at, end int) {
	if at+ipv6HeaderLen > end {
		return
	}
	c.addr(at+ipv6Source, ipv6Len)
	c.addr(at+ipv6Dest, ipv6Len)
	pseudo := part{at + ipv6Source, at + ipv6HeaderLen}
	next := c.byteAt(at + ipv6Next)
	if n := c.u16(at + ipv6Payload); n > 0 {
		end = min(end, at+ipv6HeaderLen+n)
	}
	for at += ipv6HeaderLen; at+extFirst <= end; {
		n := c.extension(next, at)
		if n == 0 {
			break
		}
		if next == protoFragment && c.u16(at+extFragment)&extFragmentMask != 0 {
			c.payload(at+n, end)
			return
		}
		next, at = c.byteAt(at+extNext), at+n
	}
	if at < end {
		c.transport(f, next, at, end, pseudo)
	}
}

// extension is how long an extension header is; zero when the protocol is none.
func (c *capture) extension(proto, at int) int {
	switch proto {
	case protoHopByHop, protoRouting, protoDestination:
		return extFirst + c.byteAt(at+extLength)*extUnit
	case protoFragment:
		return extFirst
	case protoAH:
		return extFirst + c.byteAt(at+extLength)*ahUnit
	}
	return 0
}
