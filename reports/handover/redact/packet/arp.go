package packet

// ARP for IPv4 over Ethernet (RFC 826).
const (
	arpHardwareLen = 4
	arpProtocolLen = 5
	arpSenderMAC   = 8
	arpSender      = 14
	arpTargetMAC   = 18
	arpTarget      = 24
	arpLen         = 28
)

func (c *capture) arp(at, end int) {
	c.in(at, "ARP")
	if at+arpLen > end || c.byteAt(at+arpHardwareLen) != macLen || c.byteAt(at+arpProtocolLen) != ipv4Len {
		return
	}
	c.plain(at, at+arpSenderMAC)
	c.mac(at + arpSenderMAC)
	c.addr(at+arpSender, ipv4Len)
	c.mac(at + arpTargetMAC)
	c.addr(at+arpTarget, ipv4Len)
}
