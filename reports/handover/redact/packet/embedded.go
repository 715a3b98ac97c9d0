package packet

// No header that nobody knows hides the packet behind it: a packet of IP tells itself apart from other bytes, by the
// checksum of its own head (RFC 791, section 3.1) or, of version 6, by the type before it. What is not read is looked
// through for them.

// embedded goes into the packets of IP, and the frames that they are in, among bytes that no decoder knows.
func (c *capture) embedded(at, end int) {
	if c.current == nil || end > c.end {
		return
	}
	for p := at; p+ipv4MinimumLen <= end; p++ {
		kind := 0
		switch {
		case c.beginsIPv4(p, end):
			kind = typeIPv4
		case p-pppProtocolLen >= at && c.beginsIPv6(p, end):
			kind = typeIPv6
		default:
			continue
		}
		if head := p - etherLen; head >= at && c.u16(p-pppProtocolLen) == kind && c.u16(p-snapLen) != sapSNAP<<8|sapSNAP {
			c.ethernet(c.current, head, end)
		} else {
			c.ip(c.current, p, end)
		}
		return
	}
}

// beginsIPv4 tells a packet by its checksum, its length and what it carries.
func (c *capture) beginsIPv4(at, end int) bool {
	head := c.byteAt(at) & headerLenMask * headerWord
	if c.byteAt(at)>>versionShift != version4 || head < ipv4MinimumLen || at+head > end {
		return false
	}
	if total := c.u16(at + ipv4Total); total < head || at+total > end && end < c.end {
		return false
	}
	var sum uint64
	for p := at; p < at+head; p += sumLen {
		sum += uint64(word(c.old, p, end))
	}
	return fold(sum) == allOnes && c.carries(c.byteAt(at+ipv4Protocol))
}

// beginsIPv6 tells one by the EtherType before it.
func (c *capture) beginsIPv6(at, end int) bool {
	return at+ipv6HeaderLen <= end && c.byteAt(at)>>versionShift == version6 && c.u16(at-pppProtocolLen) == typeIPv6 &&
		at+ipv6HeaderLen+c.u16(at+ipv6Payload) <= end
}

// carries tells the protocols that are read.
func (c *capture) carries(proto int) bool {
	switch proto {
	case protoICMP, protoIGMP, protoIPv4, protoTCP, protoUDP, protoIPv6, protoGRE, protoESP, protoAH, protoEIGRP, protoOSPF, protoPIM, protoVRRP:
		return true
	}
	return false
}
