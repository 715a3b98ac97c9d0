package packet

import "encoding/binary"

// What devices tell about the traffic that they see: NetFlow 5 and 9, IPFIX and sFlow.

// NetFlow 5 (Cisco's NetFlow Services Solutions Guide, appendix B), of which only the ports are by custom.
const (
	netflow5       = 5
	netflow5Count  = 2
	netflow5Head   = 24
	netflow5Record = 48
	netflow5Next   = 8
)

// NetFlow 9 (RFC 3954, section 5) and IPFIX (RFC 7011, section 3): sets of templates, and of records of them.
const (
	portIPFIX = 4739

	netflow9       = 9
	netflow9Head   = 20
	netflow9Source = 16
	ipfix          = 10
	ipfixHead      = 16
	ipfixDomain    = 12

	setLength    = 2
	setHead      = 4
	setFirstData = 256
	variable     = 0xffff // RFC 7011, section 7
	enterprise   = 0x8000
)

// Kinds of sets: of templates and of templates of options.
const (
	setTemplates9 = 0
	setOptions9   = 1
	setTemplates  = 2
	setOptions    = 3
)

// portsNetFlow are those by custom, beside IPFIX's.
func portsNetFlow() []int { return []int{2055, 2056, 9555, 9995, 9996, portIPFIX} }

// templateField is one field of the records of a template.
type templateField struct{ kind, size int }

// netflow maps the addresses of flows, and reports whether it is one of the known versions.
func (c *capture) netflow(at, end int, exporter string) bool {
	if at+ipfixHead > end {
		return false
	}
	switch c.u16(at) {
	case netflow5:
		return c.netflow5(at, end)
	case netflow9:
		if at+netflow9Head > end {
			return false
		}
		c.in(at, "NetFlow 9")
		c.plain(at, at+netflow9Head)
		c.flowSets(at+netflow9Head, end, exporter+string(c.old[at+netflow9Source:at+netflow9Head]), setTemplates9, setOptions9)
		return true
	case ipfix:
		if at+c.u16(at+setLength) != end {
			return false
		}
		c.in(at, "IPFIX")
		c.plain(at, at+ipfixHead)
		c.flowSets(at+ipfixHead, end, exporter+string(c.old[at+ipfixDomain:at+ipfixHead]), setTemplates, setOptions)
		return true
	}
	return false
}

func (c *capture) netflow5(at, end int) bool {
	n := c.u16(at + netflow5Count)
	if at+netflow5Head > end || at+netflow5Head+n*netflow5Record < end {
		return false
	}
	c.in(at, "NetFlow 5")
	c.plain(at, at+netflow5Head)
	for p := at + netflow5Head; p < end; p += netflow5Record {
		c.addrs(p, min(end, p+netflow5Next+ipv4Len), ipv4Len)
		c.plain(p+netflow5Next+ipv4Len, min(end, p+netflow5Record))
	}
	return true
}

func (c *capture) flowSets(at, end int, domain string, templates, options int) {
	for at+setHead <= end {
		kind, stop := c.u16(at), at+c.u16(at+setLength)
		if stop < at+setHead || stop > end {
			return
		}
		c.plain(at, at+setHead)
		body := at + setHead
		switch {
		case kind == templates || kind == options:
			c.plain(body, stop)
			c.template(body, stop, domain, kind)
		case kind >= setFirstData:
			c.flowRecords(body, stop, c.templates[domain+string(c.old[at:at+setLength])])
		}
		at = stop
	}
}

// template learns what the records of a set are made of.
func (c *capture) template(at, end int, domain string, set int) {
	const number, count, head = 0, 2, 4
	for at+head <= end {
		key, n := domain+string(c.old[at+number:at+count]), c.u16(at+count)
		p := at + head
		switch set {
		case setOptions:
			p += 2 // how many of the fields are a scope
		case setOptions9:
			if p += 2; p > end {
				return
			}
			n = (n + c.u16(p-2)) / setHead // lengths in place of numbers: of the scope, of the options
		}
		var fields []templateField
		for range n {
			if p+setHead > end {
				return
			}
			f := templateField{c.u16(p), c.u16(p + setLength)}
			p += setHead
			if set != setTemplates9 && set != setOptions9 && f.kind&enterprise != 0 {
				p += headerWord
			}
			fields = append(fields, f)
		}
		if c.templates == nil {
			c.templates = map[string][]templateField{}
		}
		c.templates[key] = fields
		if at = p; n == 0 {
			return
		}
	}
}

// flowRecords maps the records of a template; without one they are cut.
func (c *capture) flowRecords(at, end int, fields []templateField) {
	if len(fields) == 0 {
		c.m.Note("records of flows whose template is not in the capture were cut")
		c.digest(at, end)
		return
	}
	for at < end {
		begin := at
		for _, f := range fields {
			size := f.size
			if size == variable {
				if at >= end {
					return
				}
				size = c.byteAt(at)
				c.plain(at, at+1)
				if at++; size == 0xff && at+setLength <= end {
					size = c.u16(at)
					c.plain(at, at+setLength)
					at += setLength
				}
			}
			if at+size > end {
				return
			}
			c.flowField(f.kind, at, at+size)
			at += size
		}
		if at == begin {
			return
		}
	}
}

// flowField maps a field by its number (IANA's IPFIX registry).
func (c *capture) flowField(kind, at, end int) {
	n := end - at
	switch {
	case n == ipv4Len && flowAddress(kind) || n == ipv6Len && flowAddress(kind):
		c.addr(at, n)
	case n == macLen && (kind == 56 || kind == 57 || kind == 80 || kind == 81 || kind == 365 || kind == 367):
		c.mac(at)
	case kind == 82 || kind == 83 || kind == 94 || kind == 96: // names and descriptions of interfaces and applications
		c.text(at, c.untilZero(at, n))
	case kind == 147 || kind == 371: // a station, a user
		c.name(at, c.untilZero(at, n))
	case n <= 8 && kind&enterprise == 0: // a number
		c.plain(at, end)
	}
}

// flowAddress tells the fields that are an address.
func flowAddress(kind int) bool {
	switch kind {
	case 8, 12, 15, 18, 27, 28, 44, 45, 62, 63, 130, 131, 140, 169, 170, 211, 212, 225, 226, 281, 282, 403, 404, 432, 433:
		return true
	}
	return false
}

// sFlow 5 (sflow.org's sflow_version_5.txt): an agent, and samples of records, all in words.
const (
	portSFlow = 6343

	sflowVersion = 5
	sflowFamily  = 4
	sflowAgent   = 8
	sflowTail    = 16 // behind the agent: sub-agent, number, time, how many samples

	sampleLength       = 4
	sampleHead         = 8
	sampleFlow         = 1
	sampleCounters     = 2
	sampleFlowWide     = 3
	sampleCountersWide = 4

	flowRecordsAt     = 32
	flowRecordsAtWide = 44

	recordPacket   = 1
	recordEthernet = 2
	recordIPv4     = 3
	recordIPv6     = 4
	recordSwitch   = 1001
	recordRouter   = 1002
	packetProtocol = 0
	packetBytes    = 16
	packetEthernet = 1
	packetIPv4     = 11
	packetIPv6     = 12
)

// sflow maps the agent, and the frames that it sampled.
func (c *capture) sflow(f *frame, at, end int) bool {
	if at+sflowAgent+ipv4Len > end || c.word(at) != sflowVersion {
		return false
	}
	size := map[int]int{familyIPv4: ipv4Len, familyIPv6: ipv6Len}[c.word(at+sflowFamily)]
	p := at + sflowAgent + size + sflowTail
	if size == 0 || p > end {
		return false
	}
	c.in(at, "sFlow")
	c.plain(at, p)
	c.addr(at+sflowAgent, size)
	for p+sampleHead <= end {
		kind, body := c.word(p), p+sampleHead
		stop := body + c.word(p+sampleLength)
		if stop > end {
			break
		}
		c.plain(p, body)
		switch kind {
		case sampleFlow:
			c.sampled(f, body, flowRecordsAt, stop)
		case sampleFlowWide:
			c.sampled(f, body, flowRecordsAtWide, stop)
		case sampleCounters, sampleCountersWide:
			c.plain(body, stop)
		}
		p = stop
	}
	return true
}

func (c *capture) sampled(f *frame, at, head, end int) {
	if at+head > end {
		return
	}
	c.plain(at, at+head)
	for p := at + head; p+sampleHead <= end; {
		kind, body := c.word(p), p+sampleHead
		stop := body + c.word(p+sampleLength)
		if stop > end {
			return
		}
		c.plain(p, body)
		switch {
		case kind == recordPacket && body+packetBytes <= stop:
			c.plain(body, body+packetBytes)
			head := body + packetBytes
			switch to := min(stop, head+c.word(head-headerWord)); c.word(body + packetProtocol) {
			case packetEthernet:
				c.ethernet(f, head, to)
			case packetIPv4, packetIPv6:
				c.ip(f, head, to)
			}
		case kind == recordEthernet && body+headerWord+2*(macLen+2) <= stop:
			c.plain(body, stop)
			c.mac(body + headerWord)
			c.mac(body + headerWord + macLen + 2)
		case kind == recordIPv4:
			c.plain(body, stop)
			c.addrs(body+sampleHead, min(stop, body+sampleHead+2*ipv4Len), ipv4Len)
		case kind == recordIPv6:
			c.plain(body, stop)
			c.addrs(body+sampleHead, min(stop, body+sampleHead+2*ipv6Len), ipv6Len)
		case kind == recordSwitch:
			c.plain(body, stop)
		case kind == recordRouter && body+headerWord <= stop:
			c.plain(body, stop)
			if size := map[int]int{familyIPv4: ipv4Len, familyIPv6: ipv6Len}[c.word(body)]; size > 0 {
				c.addrs(body+headerWord, min(stop, body+headerWord+size), size)
			}
		}
		p = stop
	}
}

// word is a number of 32 bits, of which what no file can hold is the bound.
func (c *capture) word(at int) int {
	return int(binary.BigEndian.Uint32(c.old[at:]) & 0x7fffffff)
}

// NTP (RFC 5905, section 7.3): who the clock follows; and a digest behind the number of a key.
const (
	portNTP = 123

	ntpMode      = 0x07
	ntpControl   = 6 // and 7: texts
	ntpStratum   = 1
	ntpReference = 12
	ntpLen       = 48
	ntpKeyLen    = 4
	ntpLeastMAC  = ntpKeyLen + 16
	ntpMostMAC   = ntpKeyLen + 64
)

// ntp maps the reference of a server that is not the first, and cuts digests.
func (c *capture) ntp(at, end int) {
	c.in(at, "NTP")
	if c.byteAt(at)&ntpMode >= ntpControl || at+ntpLen > end {
		c.opaque("NTP's control messages", at, end)
		return
	}
	c.plain(at, at+ntpLen)
	if c.byteAt(at+ntpStratum) > 1 {
		c.addr(at+ntpReference, ipv4Len)
	}
	if n := end - at - ntpLen; n >= ntpLeastMAC && n <= ntpMostMAC {
		c.plain(at+ntpLen, at+ntpLen+ntpKeyLen)
		c.digest(at+ntpLen+ntpKeyLen, end)
	}
}
