package packet

// DNS is of RFC 1035; the sections are its.

// The header (4.1.1): how many records each of its four parts has.
const (
	dnsQuestions   = 4
	dnsAnswers     = 6
	dnsAuthorities = 8
	dnsAdditional  = 10
	dnsLen         = 12
)

// What follows the name of a question (4.1.2) and of a record (4.1.3).
const (
	dnsQuestionLen = 4
	dnsType        = 0
	dnsDataLength  = 8
	dnsRecordHead  = 10
)

// Records with an address or with names (3.3 and 3.4; RFC 3596, section 2.1; RFC 2782; RFC 6891 for what is no record; RFC 9460).
const (
	dnsA     = 1
	dnsNS    = 2
	dnsCNAME = 5
	dnsSOA   = 6
	dnsPTR   = 12
	dnsMX    = 15
	dnsTXT   = 16
	dnsAAAA  = 28
	dnsSRV   = 33
	dnsNAPTR = 35
	dnsDNAME = 39
	dnsOPT   = 41
	dnsNSEC  = 47

	mxName  = 2
	srvName = 6
	soaTail = 20
)

// A label that refers to a name elsewhere (4.1.4).
const (
	dnsPointer    = 0xc0
	dnsPointerLen = 2
)

// NetBIOS (RFC 1002, section 4.2): names of sixteen bytes, of which each is two letters.
const (
	portNetBIOS  = 137
	netbiosLen   = 32
	netbiosFirst = 'A'
	netbiosNB    = 32 // a record of an address, behind flags
	netbiosStat  = 33
	netbiosFlags = 2
)

// dns maps names and the addresses of records.
func (c *capture) dns(at, end int, netbios bool) {
	c.in(at, "DNS")
	base := at
	c.plain(at, at+dnsLen)
	name := func(p int) (int, bool) {
		if netbios {
			return c.netbiosName(p, end)
		}
		return c.domain(p, end, base)
	}
	p, ok := at+dnsLen, false
	for range c.u16(at + dnsQuestions) {
		if p, ok = name(p); !ok {
			return
		}
		c.plain(p, p+dnsQuestionLen)
		p += dnsQuestionLen
	}
	for range c.u16(at+dnsAnswers) + c.u16(at+dnsAuthorities) + c.u16(at+dnsAdditional) {
		if p, ok = name(p); !ok || p+dnsRecordHead > end {
			return
		}
		kind, n := c.u16(p+dnsType), c.u16(p+dnsDataLength)
		c.plain(p, p+dnsRecordHead)
		p += dnsRecordHead
		if p+n > end {
			return
		}
		if netbios {
			c.netbiosData(kind, p, p+n)
		} else {
			c.dnsData(kind, p, p+n, base)
		}
		p += n
	}
}

// dnsData maps what a record says.
func (c *capture) dnsData(kind, at, end, base int) {
	n := end - at
	switch {
	case kind == dnsA && n == ipv4Len || kind == dnsAAAA && n == ipv6Len:
		c.addr(at, n)
	case kind == dnsNS || kind == dnsCNAME || kind == dnsPTR || kind == dnsDNAME:
		c.domain(at, end, base)
	case kind == dnsMX && n > mxName:
		c.plain(at, at+mxName)
		c.domain(at+mxName, end, base)
	case kind == dnsSRV && n > srvName:
		c.plain(at, at+srvName)
		c.domain(at+srvName, end, base)
	case kind == dnsSOA:
		p, ok := c.domain(at, end, base)
		if ok {
			p, ok = c.domain(p, end, base)
		}
		if ok && p+soaTail <= end {
			c.plain(p, p+soaTail)
		}
	case kind == dnsTXT:
		for at < end {
			stop := min(end, at+1+c.byteAt(at))
			c.plain(at, at+1)
			c.text(at+1, stop)
			at = stop
		}
	case kind == dnsOPT:
		c.opaque("options of DNS", at, end)
	case kind == dnsNSEC:
		p, _ := c.domain(at, end, base)
		c.plain(p, end)
	default:
		c.opaque("a record of DNS", at, end)
	}
}

// netbiosName maps a name of NetBIOS: the letters are those of the name's bytes.
func (c *capture) netbiosName(at, end int) (after int, ok bool) {
	list, own, after, ok := c.labels(at, end, -1)
	if at+dnsPointerLen <= end && c.byteAt(at) >= dnsPointer {
		c.plain(at, at+dnsPointerLen)
		return at + dnsPointerLen, true
	}
	c.plain(at, after)
	if !ok || own == 0 || list[0].end-list[0].at != netbiosLen {
		return after, ok
	}
	at = list[0].at
	var name []byte
	for i := at; i < at+netbiosLen; i += 2 {
		name = append(name, (c.old[i]-netbiosFirst)<<halfByte|(c.old[i+1]-netbiosFirst)&halfMask)
	}
	n := netbiosLen/2 - 1 // the last says what it is
	for n > 0 && name[n-1] == ' ' {
		n--
	}
	if n == 0 || name[0] == '*' {
		return after, ok
	}
	for i, v := range c.m.Bytes(Name, name[:n]) {
		c.put(at+2*i, []byte{netbiosFirst + v>>halfByte, netbiosFirst + v&halfMask})
	}
	for _, l := range list[1:own] { // a scope
		c.name(l.at, l.end)
	}
	return after, ok
}

func (c *capture) netbiosData(kind, at, end int) {
	switch kind {
	case netbiosNB:
		for ; at+netbiosFlags+ipv4Len <= end; at += netbiosFlags + ipv4Len {
			c.plain(at, at+netbiosFlags)
			c.addr(at+netbiosFlags, ipv4Len)
		}
	case netbiosStat:
		c.netbiosNames(at, end)
	default:
		c.opaque("a record of NetBIOS", at, end)
	}
}

// netbiosNames maps the names that a station has, and its MAC (RFC 1002, section 4.2.18).
func (c *capture) netbiosNames(at, end int) {
	const size, flags = 15, 3
	n := c.byteAt(at)
	c.plain(at, at+1)
	at++
	for range n {
		if at+size+flags > end {
			return
		}
		stop := at + size
		for stop > at && (c.old[stop-1] == ' ' || c.old[stop-1] == 0) {
			stop--
		}
		c.name(at, stop)
		c.plain(stop, at+size+flags)
		at += size + flags
	}
	if at+macLen <= end {
		c.mac(at)
	}
}
