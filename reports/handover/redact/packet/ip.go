package packet

import "fmt"

// What both versions begin with: the version in the upper half of the first byte.
const (
	versionShift = 4
	version4     = 4
	version6     = 6
)

// What a packet carries (IANA's protocol numbers).
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIGMP        = 2
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoNoNext      = 59
	protoDestination = 60
	protoEIGRP       = 88
	protoOSPF        = 89
	protoPIM         = 103
	protoVRRP        = 112
)

// ip goes into a packet of either version.
func (c *capture) ip(f *frame, at, end int) {
	if at >= end || !c.enter(at, end) {
		return
	}
	defer c.leave()
	switch c.byteAt(at) >> versionShift {
	case version4:
		c.ipv4(f, at, end)
	case version6:
		c.ipv6(f, at, end)
	default:
		c.opaque("an IP packet of no known version", at, end)
	}
}

// transport goes into what an IP packet carries; pseudo are its addresses.
func (c *capture) transport(f *frame, proto, at, end int, pseudo part) {
	n := end - at
	switch {
	case proto == protoICMP && n >= icmpLen:
		f.sum(at+icmpSum, part{at, end})
		c.icmp(f, at, end)
	case proto == protoICMPv6 && n >= icmpLen:
		f.sum(at+icmpSum, pseudo, part{at, end})
		c.icmp6(f, at, end)
	case proto == protoUDP && n >= udpLen:
		c.udp(f, at, end, pseudo)
	case proto == protoTCP && n >= tcpLen:
		f.sum(at+tcpSum, pseudo, part{at, end})
		c.tcp(at, end, pseudo)
	case proto == protoOSPF && n >= ospf3Len:
		c.ospf(f, at, end, pseudo)
	case proto == protoVRRP && n >= vrrpLen:
		c.vrrp(f, at, end, pseudo)
	case proto == protoGRE && n >= greLen:
		c.gre(f, at, end)
	case proto == protoIPv4 || proto == protoIPv6:
		c.ip(f, at, end)
	case proto == protoIGMP && n >= igmpLen:
		f.sum(at+igmpSum, part{at, end})
		c.igmp(at, end)
	case proto == protoPIM && n >= pimLen:
		c.pim(f, at, end, pseudo)
	case proto == protoEIGRP && n >= eigrpLen:
		f.sum(at+eigrpSum, part{at, end})
		c.eigrp(at, end)
	case proto == protoAH && n >= ahDigest:
		body := min(end, at+c.extension(proto, at))
		c.extensionBody(proto, at, body)
		c.transport(f, c.byteAt(at+extNext), body, end, pseudo)
	case proto == protoESP: // encrypted, or nearly never only signed
		c.payload(at, end)
		c.embedded(at, end)
	case proto == protoNoNext:
	default:
		c.opaque(fmt.Sprintf("IP protocol %d", proto), at, end)
	}
}
