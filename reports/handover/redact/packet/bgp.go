package packet

import (
	"bytes"
	"fmt"
)

// BGP is of RFC 4271 where nothing else is said; the sections are its.

// The header of a message (4.1).
const (
	bgpMarkerLen = 16
	bgpLength    = 16
	bgpType      = 18
	bgpLen       = 19

	bgpOpen         = 1
	bgpUpdate       = 2
	bgpNotification = 3
	bgpKeepalive    = 4
	bgpRefresh      = 5 // RFC 2918, section 3
	refreshLen      = 4
)

// The body of OPEN (4.2), and an optional parameter of it.
const (
	openID         = 5
	openParameters = 10

	parameterCapability = 2 // RFC 5492, section 4
)

// A capability (RFC 5492, section 4). That of names has a host's and a domain's, each after
// its length (draft-walton-bgp-hostname-capability).
const capabilityNames = 73

// capabilityProduct has the version of a router (draft-abraitis-bgp-version-capability).
const capabilityProduct = 75

// lengthLen is how long the lengths of UPDATE's parts are (4.3).
const lengthLen = 2

// notificationData is where NOTIFICATION has what is free text in a shutdown (4.5; RFC 9003).
const notificationData = 2

// A path attribute (4.3): flags, a type, a length of one byte or, by a flag, two.
const (
	attributeType     = 1
	attributeSize     = 2
	attributeBody     = 3
	attributeBodyLong = 4
	attributeLong     = 0x10
)

// Types of attributes (5.1; RFC 4456, section 8; RFC 4760; RFC 6793).
const (
	attributeOrigin        = 1
	attributePath          = 2
	attributeNextHop       = 3
	attributeMetric        = 4
	attributePreference    = 5
	attributeAtomic        = 6
	attributeCommunities   = 8
	attributeExtended      = 16 // RFC 4360
	attributePath4         = 17
	attributeLarge         = 32 // RFC 8092
	attributeOTC           = 35 // RFC 9234
	attributeAggregator    = 7
	attributeOriginator    = 9
	attributeClusters      = 10
	attributeReach         = 14
	attributeUnreach       = 15
	attributeAggregatorAS4 = 18

	aggregatorLen = 6 // with an AS number of two bytes, before the address
)

// MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760, sections 3 and 4).
const (
	reachFamily     = 0
	reachSubsequent = 2
	reachNextHopLen = 3
	reachNextHop    = 4
	reachReserved   = 1 // after the next hop
	unreachRoutes   = 3

	subsequentMulticast = 2 // unicast and what else is below have prefixes too

	// distinguisherLen precedes a next hop of a VPN (RFC 4364, section 4.3.2).
	distinguisherLen = 8
)

// pathIDLen precedes a prefix where paths are many (RFC 7911, section 3).
const pathIDLen = 4

// bgpMessages goes over the messages of a stream from the first that it finds whole or at its
// end.
func (c *capture) bgpMessages() {
	marker := bytes.Repeat([]byte{0xff}, bgpMarkerLen)
	for at := 0; at < len(c.old); {
		next := bytes.Index(c.old[at:], marker)
		if next < 0 || at+next+bgpLen > len(c.old) {
			return
		}
		at += next
		n := c.u16(at + bgpLength)
		if n < bgpLen || at+n > len(c.old) {
			n = len(c.old) - at
		}
		c.bgp(at, at+n)
		at += n
	}
}

// bgp maps one message.
func (c *capture) bgp(at, end int) {
	c.in(at, "BGP")
	body := at + bgpLen
	c.plain(at, body)
	switch c.byteAt(at + bgpType) {
	case bgpOpen:
		c.bgpOpen(body, end)
	case bgpUpdate:
		c.bgpUpdate(body, end)
	case bgpKeepalive:
	case bgpRefresh:
		c.plain(body, min(end, body+refreshLen))
	case bgpNotification:
		c.plain(body, min(end, body+notificationData))
		c.text(min(body+notificationData, end), end)
	}
}

func (c *capture) bgpOpen(at, end int) {
	if at+openParameters > end {
		return
	}
	c.plain(at, at+openParameters)
	c.addr(at+openID, ipv4Len)
	c.tlvs(at+openParameters, end, func(parameter, at, end int) {
		if parameter != parameterCapability {
			return
		}
		c.tlvs(at, end, func(capability, at, end int) {
			switch capability {
			case capabilityNames:
				c.lengthNames(at, end)
			case capabilityProduct:
				c.text(at, end)
			default: // families, flags and AS numbers
				c.plain(at, end)
			}
		})
	})
}

// lengthNames maps names that each follow their length.
func (c *capture) lengthNames(at, end int) {
	for at < end {
		stop := at + 1 + c.byteAt(at)
		if stop > end {
			return
		}
		c.plain(at, at+1)
		c.name(at+1, stop)
		at = stop
	}
}

// bgpUpdate maps the routes withdrawn, the attributes, and the routes.
func (c *capture) bgpUpdate(at, end int) {
	if at+2*lengthLen > end {
		return
	}
	p := at + lengthLen
	stop := p + c.u16(at)
	if stop+lengthLen > end {
		return
	}
	c.plain(at, p)
	c.plain(stop, stop+lengthLen)
	c.nlri(p, stop, ipv4Len)
	p = stop + lengthLen
	stop = p + c.u16(stop)
	if stop > end {
		return
	}
	c.attributes(p, stop)
	c.nlri(stop, end, ipv4Len)
}

// nlri maps prefixes. Those with a path id are told by what makes sense.
func (c *capture) nlri(at, end, size int) {
	id := 0
	if !c.nlriFits(at, end, size, id) {
		id = pathIDLen
		if !c.nlriFits(at, end, size, id) {
			c.m.Note("prefixes in a BGP update that are not understood")
			c.payload(at, end)
			return
		}
	}
	for p := at + id; p < end; {
		bits := c.byteAt(p)
		c.plain(p-id, p+1)
		c.prefix(p+1, bits, size)
		p += 1 + octets(bits) + id
	}
}

// nlriFits reports whether prefixes of addresses of size bytes, each after an id, fill the
// bytes up to the end, with nothing in the bits that do not count.
func (c *capture) nlriFits(at, end, size, id int) bool {
	for at < end {
		at += id
		if at >= end || c.byteAt(at) > size*8 {
			return false
		}
		bits := c.byteAt(at)
		n := octets(bits)
		if bits%8 != 0 && at+n < end && c.byteAt(at+n)&(0xff>>(bits%8)) != 0 {
			return false
		}
		at += 1 + n
	}
	return at == end
}

func (c *capture) attributes(at, end int) {
	for at+attributeBody <= end {
		n, body := c.byteAt(at+attributeSize), at+attributeBody
		if c.byteAt(at)&attributeLong != 0 {
			if at+attributeBodyLong > end {
				return
			}
			n, body = c.u16(at+attributeSize), at+attributeBodyLong
		}
		if body+n > end {
			return
		}
		c.plain(at, body)
		c.attribute(c.byteAt(at+attributeType), body, body+n)
		at = body + n
	}
}

func (c *capture) attribute(kind, at, end int) {
	switch kind {
	case attributeNextHop, attributeOriginator, attributeClusters:
		c.addrs(at, end, ipv4Len)
	case attributeAggregator, attributeAggregatorAS4:
		if end-at >= aggregatorLen {
			c.plain(at, end)
			c.addr(end-ipv4Len, ipv4Len)
		}
	case attributeReach:
		c.reach(at, end)
	case attributeUnreach:
		if end-at >= unreachRoutes {
			c.plain(at, at+unreachRoutes)
			c.routes(at, at+unreachRoutes, end)
		}
	case attributeOrigin, attributePath, attributeMetric, attributePreference, attributeAtomic, attributePath4, attributeLarge, attributeOTC:
		c.plain(at, end)
	case attributeCommunities, attributeExtended: // numbers of ASes, and now and then an address
		c.communities(kind, at, end)
	default:
		c.opaque(fmt.Sprintf("BGP attribute %d", kind), at, end)
	}
}

func (c *capture) reach(at, end int) {
	if at+reachNextHop+reachReserved > end {
		return
	}
	n, p := c.byteAt(at+reachNextHopLen), at+reachNextHop
	if p+n+reachReserved > end {
		return
	}
	c.plain(at, p)
	c.plain(p+n, p+n+reachReserved)
	switch n {
	case ipv4Len, ipv6Len, 2 * ipv6Len: // the last with a link-local one (RFC 2545, section 3)
		c.addrs(p, p+n, min(n, ipv6Len))
	case distinguisherLen + ipv4Len, distinguisherLen + ipv6Len:
		c.plain(p, p+distinguisherLen)
		c.addr(p+distinguisherLen, n-distinguisherLen)
	}
	c.routes(at, p+n+reachReserved, end)
}

// routes maps the prefixes of the families that head begins with.
func (c *capture) routes(head, at, end int) {
	family, sub := c.u16(head+reachFamily), c.byteAt(head+reachSubsequent)
	known := sub <= subsequentMulticast
	switch {
	case family == familyIPv4 && known:
		c.nlri(at, end, ipv4Len)
	case family == familyIPv6 && known:
		c.nlri(at, end, ipv6Len)
	case at < end:
		c.m.Note("a BGP address family that is not understood, searched by value")
		c.payload(at, end)
	}
}

// Extended communities that begin with an address (RFC 4360, section 3.2).
const (
	communityLen      = 8
	communityAddr     = 2
	communityIPv4     = 0x01
	communityTypeMask = 0x3f
)

// communities maps the addresses in extended ones.
func (c *capture) communities(kind, at, end int) {
	c.plain(at, end)
	for ; kind == attributeExtended && at+communityLen <= end; at += communityLen {
		if c.byteAt(at)&communityTypeMask == communityIPv4 {
			c.addr(at+communityAddr, ipv4Len)
		}
	}
}
