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

	ahDigest = 12
)

// A routing header with addresses (RFC 8200, section 4.4; RFC 5095; RFC 8754, section 2).
const (
	routingType    = 2
	routingList    = 8
	routingSource  = 0
	routingHome    = 2 // RFC 6275, section 6.4
	routingSegment = 4
	routingLast    = 4 // the last segment
)

func (c *capture) ipv6(f *frame, at, end int) {
	if at+ipv6HeaderLen > end {
		return
	}
	c.in(at, "IPv6")
	c.plain(at, at+ipv6Source)
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
		c.extensionBody(next, at, min(at+n, end))
		if next == protoFragment && c.u16(at+extFragment)&extFragmentMask != 0 {
			c.m.Note(noteFragments)
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

// extensionBody maps the addresses of an extension header, and cuts the digest of AH.
func (c *capture) extensionBody(proto, at, end int) {
	switch proto {
	case protoAH:
		c.plain(at, at+ahDigest)
		c.digest(at+ahDigest, end)
	case protoFragment:
		c.plain(at, end)
	case protoRouting:
		c.plain(at, at+routingList)
		n := c.byteAt(at+extLength) / 2
		switch c.byteAt(at + routingType) {
		case routingSource, routingHome:
		case routingSegment:
			n = min(n, c.byteAt(at+routingLast)+1)
		default:
			return
		}
		c.addrs(at+routingList, min(end, at+routingList+n*ipv6Len), ipv6Len)
	default:
		c.plain(at, at+opt6First)
		c.opaqueOptions(at, end)
	}
}

// Options of hop-by-hop and destination headers (RFC 8200, section 4.2; RFC 2711).
const (
	opt6Pad1  = 0
	opt6PadN  = 1
	opt6Alert = 5
	opt6First = 2
)

// opaqueOptions marks the options that name nobody; the others are a rest.
func (c *capture) opaqueOptions(at, end int) {
	for at += opt6First; at+optHead <= end; {
		kind := c.byteAt(at)
		if kind == opt6Pad1 {
			at++
			continue
		}
		stop := at + optHead + c.byteAt(at+optLength)
		if kind == opt6PadN || kind == opt6Alert {
			c.plain(at, min(stop, end))
		}
		at = stop
	}
}
