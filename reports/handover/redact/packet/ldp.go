package packet

// LDP is of RFC 5036 where nothing else is said; the sections are its.

// A PDU (3.1), a message (3.5) and a TLV (3.3), whose lengths do not count the fields up to them.
const (
	portLDP = 646

	ldpVersion   = 1
	ldpLength    = 2
	ldpRouter    = 4
	ldpLen       = 10
	ldpUncounted = 4

	ldpMessageLen = 8 // with its number
	ldpHead       = 4
	ldpTypeMask   = 0x3fff
)

// TLVs (3.4), and elements of a FEC (3.4.1; RFC 8077, section 6.1, for pseudowires).
const (
	ldpFEC        = 0x0100
	ldpAddresses  = 0x0101
	ldpPath       = 0x0104
	ldpTransport4 = 0x0401
	ldpTransport6 = 0x0403
	ldpSession    = 0x0500

	ldpSessionRouter = 8
	ldpSessionLen    = 14
	fecWildcard      = 1
	fecPrefix        = 2
	fecHead          = 4 // kind, family, length in bits
)

// ldpPlain are TLVs that name nobody: hop count, labels, status, parameters and capabilities.
func ldpPlain(kind int) bool {
	switch kind {
	case 0x0103, 0x0200, 0x0201, 0x0202, 0x0300, 0x0301, 0x0302, 0x0303, 0x0400, 0x0402, 0x0501, 0x0502, 0x0503, 0x0506, 0x050b, 0x0603:
		return true
	}
	return false
}

// ldpMessages goes over the PDUs of a stream from where it finds one.
func (c *capture) ldpMessages() {
	for at := 0; at+ldpLen <= len(c.old); {
		n := ldpUncounted + c.u16(at+ldpLength)
		if c.u16(at) != ldpVersion || n < ldpLen {
			at++
			continue
		}
		c.ldp(at, min(at+n, len(c.old)))
		at += n
	}
}

// ldp maps the addresses of one PDU.
func (c *capture) ldp(at, end int) {
	c.in(at, "LDP")
	if at+ldpLen > end || c.u16(at) != ldpVersion {
		return
	}
	end = min(end, at+ldpUncounted+c.u16(at+ldpLength))
	c.plain(at, at+ldpLen)
	c.addr(at+ldpRouter, ipv4Len)
	for p := at + ldpLen; p+ldpMessageLen <= end; {
		next := p + ldpUncounted + c.u16(p+ldpLength)
		if next < p+ldpMessageLen {
			return
		}
		c.plain(p, p+ldpMessageLen)
		for t := p + ldpMessageLen; t+ldpHead <= min(next, end); {
			value := t + ldpHead
			stop := value + c.u16(t+ldpLength)
			if stop > end {
				return
			}
			c.plain(t, value)
			c.ldpValue(c.u16(t)&ldpTypeMask, value, stop)
			t = stop
		}
		p = next
	}
}

func (c *capture) ldpValue(kind, at, end int) {
	n := end - at
	switch {
	case kind == ldpFEC:
		c.fec(at, end)
	case kind == ldpAddresses && n > familyLen+1:
		c.plain(at, at+familyLen+1)
		if size := map[int]int{familyIPv4: ipv4Len, familyIPv6: ipv6Len}[c.u16(at)]; size > 0 {
			c.addrs(at+familyLen+1, end, size)
		}
	case kind == ldpPath || kind == ldpTransport4:
		c.addrs(at, end, ipv4Len)
	case kind == ldpTransport6:
		c.addrs(at, end, ipv6Len)
	case kind == ldpSession && n == ldpSessionLen:
		c.plain(at, end)
		c.addr(at+ldpSessionRouter, ipv4Len)
	case ldpPlain(kind):
		c.plain(at, end)
	}
}

// fec maps prefixes.
func (c *capture) fec(at, end int) {
	for at < end {
		switch c.byteAt(at) {
		case fecWildcard:
			c.plain(at, at+1)
			at++
		case fecPrefix:
			if at+fecHead > end {
				return
			}
			size := map[int]int{familyIPv4: ipv4Len, familyIPv6: ipv6Len}[c.u16(at+1)]
			bits := c.byteAt(at + fecHead - 1)
			stop := at + fecHead + octets(bits)
			if bits > 8*size || stop > end {
				return
			}
			c.plain(at, at+fecHead)
			c.prefix(at+fecHead, bits, size)
			at = stop
		default:
			return
		}
	}
}
