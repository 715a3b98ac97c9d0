package packet

import "fmt"

// Types of messages: errors (RFC 4443), listeners (RFC 2710, RFC 3810), neighbours (RFC 4861).
const (
	icmp6Unreachable   = 1
	icmp6TooBig        = 2
	icmp6Exceeded      = 3
	icmp6Parameter     = 4
	icmp6Echo          = 128
	icmp6Reply         = 129
	icmp6Query         = 130
	icmp6Report        = 131
	icmp6Done          = 132
	icmp6Solicitation  = 133 // of a router
	icmp6Advertisement = 134
	icmp6Neighbour     = 135
	icmp6NeighbourIs   = 136
	icmp6Redirect      = 137
	icmp6Reports       = 143 // version 2
)

// Where addresses and options of the messages are (RFC 4861, section 4; RFC 2710, section 3).
const (
	icmp6Target       = 8 // of neighbours and redirects; the group of listeners
	redirectTo        = 24
	routerAskOptions  = 8
	routerTellOptions = 16
	neighbourOptions  = 24
	redirectOptions   = 40
	queryCount        = 26 // RFC 3810, section 5.1
	querySources      = 28
)

// Options of neighbours (RFC 4861, section 4.6; RFC 8106, section 5.1). Their lengths are in
// units of eight bytes.
const (
	ndSourceLink = 1
	ndTargetLink = 2
	ndPrefix     = 3
	ndRedirected = 4
	ndMTU        = 5
	ndNonce      = 14 // RFC 3971, section 5.3.2
	ndServers    = 25
	ndFlags      = 26 // RFC 5175, section 4

	ndLength = 1
	ndUnit   = 8
	ndHead   = 2

	ndPrefixBits = 2
	ndPrefixAddr = 16
	ndPrefixLen  = 32
	longest6     = 8 * ipv6Len
	ndPacket     = 8
	ndServerList = 8
)

// icmp6 maps the addresses of messages about neighbours, routers and listeners, and goes
// into the packet that an error message holds.
func (c *capture) icmp6(f *frame, at, end int) {
	c.in(at, "ICMPv6")
	c.plain(at, at+icmpLen)
	switch c.byteAt(at + icmpType) {
	case icmp6Unreachable, icmp6TooBig, icmp6Exceeded, icmp6Parameter:
		c.ip(f, at+icmpLen, end)
	case icmp6Solicitation:
		c.neighbourOptions(f, at+routerAskOptions, end)
	case icmp6Advertisement:
		c.plain(at+icmpLen, at+routerTellOptions)
		c.neighbourOptions(f, at+routerTellOptions, end)
	case icmp6Query:
		c.target(at, end)
		if at+querySources <= end {
			c.plain(at+neighbourOptions, at+querySources)
			c.addrs(at+querySources, min(end, at+querySources+c.u16(at+queryCount)*ipv6Len), ipv6Len)
		}
	case icmp6Neighbour, icmp6NeighbourIs, icmp6Report, icmp6Done:
		c.target(at, end)
		c.neighbourOptions(f, at+neighbourOptions, end)
	case icmp6Redirect:
		c.target(at, end)
		if at+redirectOptions <= end {
			c.addr(at+redirectTo, ipv6Len)
		}
		c.neighbourOptions(f, at+redirectOptions, end)
	case icmp6Reports:
		c.groups(at, end, ipv6Len)
	case icmp6Echo, icmp6Reply:
		c.payload(at+icmpLen, end)
	default:
		c.opaque(fmt.Sprintf("ICMPv6 type %d", c.byteAt(at+icmpType)), at+icmpLen, end)
	}
}

func (c *capture) target(at, end int) {
	if at+icmp6Target+ipv6Len <= end {
		c.addr(at+icmp6Target, ipv6Len)
	}
}

func (c *capture) neighbourOptions(f *frame, at, end int) {
	for at+ndUnit <= end {
		n := c.byteAt(at+ndLength) * ndUnit
		if n == 0 || at+n > end {
			return
		}
		c.plain(at, at+ndHead)
		switch c.byteAt(at) {
		case ndSourceLink, ndTargetLink:
			c.mac(at + ndHead)
		case ndPrefix:
			if n == ndPrefixLen {
				c.plain(at, at+ndPrefixAddr)
				c.network(at+ndPrefixAddr, ipv6Len, min(c.byteAt(at+ndPrefixBits), longest6))
			}
		case ndServers:
			c.plain(at, at+ndServerList)
			c.addrs(at+ndServerList, at+n, ipv6Len)
		case ndRedirected:
			c.plain(at, at+ndPacket)
			c.ip(f, at+ndPacket, at+n)
		case ndMTU, ndFlags, ndNonce:
			c.plain(at, at+n)
		}
		at += n
	}
}
