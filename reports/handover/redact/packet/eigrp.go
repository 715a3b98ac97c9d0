package packet

// EIGRP is of RFC 7868; the sections are its.

// The header (6.2), and that of an element (6.4), whose length counts it too.
const (
	eigrpSum = 2
	eigrpLen = 20

	eigrpValueLength = 2
	eigrpHead        = 4
)

// Types of elements (6.4 to 6.7), and what an element for IPv4 has.
const (
	eigrpParameters  = 0x0001
	eigrpAuth        = 0x0002
	eigrpVersion     = 0x0004
	eigrpNext        = 0x0005
	eigrpTermination = 0x0007
	eigrpInternal    = 0x0102
	eigrpExternal    = 0x0103

	eigrpAuthDigest   = 20 // after types, lengths, numbers and what pads
	eigrpNextHop      = 4
	eigrpOrigin       = 8
	eigrpInternalBits = 24
	eigrpExternalBits = 44
)

// eigrp maps next hops and prefixes, and cuts digests.
func (c *capture) eigrp(at, end int) {
	c.in(at, "EIGRP")
	c.plain(at, at+eigrpLen)
	for at += eigrpLen; at+eigrpHead <= end; {
		kind, n := c.u16(at), c.u16(at+eigrpValueLength)
		if n < eigrpHead || at+n > end {
			return
		}
		c.plain(at, at+eigrpHead)
		c.eigrpElement(kind, at, at+n)
		at += n
	}
}

func (c *capture) eigrpElement(kind, at, end int) {
	switch kind {
	case eigrpParameters, eigrpVersion, eigrpNext, eigrpTermination:
		c.plain(at, end)
	case eigrpAuth:
		c.plain(at, min(end, at+eigrpAuthDigest))
		c.digest(at+eigrpAuthDigest, end)
	case eigrpInternal:
		c.eigrpRoute(at, at+eigrpInternalBits, end)
	case eigrpExternal:
		c.addr(at+eigrpOrigin, ipv4Len)
		c.eigrpRoute(at, at+eigrpExternalBits, end)
	}
}

// eigrpRoute maps a route, the lengths of whose prefixes begin at bits.
func (c *capture) eigrpRoute(at, bits, end int) {
	if bits >= end {
		return
	}
	c.addr(at+eigrpNextHop, ipv4Len)
	c.plain(at+eigrpNextHop, bits)
	for bits < end {
		n := min(c.byteAt(bits), longest4)
		stop := bits + 1 + octets(n)
		if stop > end {
			return
		}
		c.plain(bits, bits+1)
		c.prefix(bits+1, n, ipv4Len)
		bits = stop
	}
}
