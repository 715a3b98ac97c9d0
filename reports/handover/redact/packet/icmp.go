package packet

import "fmt"

// The header of ICMP for IPv4 (RFC 792) and IPv6 (RFC 4443, section 2.1).
const (
	icmpType    = 0
	icmpSum     = 2
	icmpGateway = 4 // of a redirect
	icmpLen     = 8
)

// Types of messages (RFC 792).
const (
	icmpReply       = 0
	icmpUnreachable = 3
	icmpQuench      = 4
	icmpRedirect    = 5
	icmpEcho        = 8
	icmpExceeded    = 11
	icmpParameter   = 12
)

// icmp maps the gateway of a redirect and goes into the beginning of the packet that an
// error message holds.
func (c *capture) icmp(f *frame, at, end int) {
	c.in(at, "ICMP")
	c.plain(at, at+icmpLen)
	switch c.byteAt(at + icmpType) {
	case icmpRedirect:
		c.addr(at+icmpGateway, ipv4Len)
		c.ip(f, at+icmpLen, end)
	case icmpUnreachable, icmpQuench, icmpExceeded, icmpParameter:
		c.ip(f, at+icmpLen, end)
	case icmpEcho, icmpReply:
		c.payload(at+icmpLen, end)
	default:
		c.opaque(fmt.Sprintf("ICMP type %d", c.byteAt(at+icmpType)), at+icmpLen, end)
	}
}
