package packet

// HSRP version 2 (Wireshark's packet-hsrp.c): elements of a type and a length.
const (
	hsrpState    = 1
	hsrpText     = 3
	hsrpMD5      = 4
	hsrpStateLen = 40

	hsrpFamily  = 3
	hsrpMAC     = 6
	hsrpVirtual = 24
	hsrpMD5Addr = 4
	hsrpMD5Sum  = 12
)

// hsrp2 maps stations and addresses, and cuts passwords and digests.
func (c *capture) hsrp2(at, end int) {
	c.in(at, "HSRP")
	c.tlvs(at, end, func(kind, at, end int) {
		n := end - at
		switch {
		case kind == hsrpState && n == hsrpStateLen:
			c.plain(at, end)
			c.mac(at + hsrpMAC)
			size := ipv4Len
			if c.byteAt(at+hsrpFamily) == version6 {
				size = ipv6Len
			}
			c.addr(at+hsrpVirtual, size)
		case kind == hsrpText:
			c.secret(at, c.untilZero(at, n))
		case kind == hsrpMD5 && n >= hsrpMD5Sum:
			c.plain(at, at+hsrpMD5Sum)
			c.addr(at+hsrpMD5Addr, ipv4Len)
			c.digest(at+hsrpMD5Sum, end)
		}
	})
}

// GLBP (Wireshark's packet-glbp.c): a head with who sends, then elements, whose lengths count their heads.
const (
	portGLBP = 3222

	glbpOwner = 6
	glbpLen   = 12
	glbpHead  = 2

	glbpHello   = 1
	glbpForward = 2
	glbpAuth    = 3

	glbpAddrSize = 21
	glbpAddr     = 22
	glbpMAC      = 12
	glbpText     = 1
	glbpPassword = 2 // after a kind and a length
)

// glbp maps stations and addresses, and cuts passwords and digests.
func (c *capture) glbp(at, end int) {
	c.in(at, "GLBP")
	if at+glbpLen > end {
		return
	}
	c.plain(at, at+glbpLen)
	c.mac(at + glbpOwner)
	for p := at + glbpLen; p+glbpHead <= end; {
		n := c.byteAt(p + 1)
		if n < glbpHead {
			return
		}
		whole, body := p+n, p+glbpHead
		stop := min(whole, end)
		c.plain(p, body)
		switch kind := c.byteAt(p); {
		case kind == glbpHello && body+glbpAddr <= stop:
			c.plain(body, body+glbpAddr)
			if size := c.byteAt(body + glbpAddrSize); size == ipv4Len || size == ipv6Len {
				c.addrs(body+glbpAddr, min(stop, body+glbpAddr+size), size)
			}
		case kind == glbpForward && body+glbpMAC+macLen <= stop:
			c.plain(body, stop)
			c.mac(body + glbpMAC)
		case kind == glbpAuth && body+glbpPassword < stop:
			c.plain(body, body+glbpPassword)
			if c.byteAt(body) == glbpText {
				c.padded(body+glbpPassword, whole-body-glbpPassword, end)
			} else {
				c.digest(body+glbpPassword, stop)
			}
		}
		p = whole
	}
}
