package redact

import (
	"bytes"
	"encoding/binary"
	"slices"
)

func (c *capture) udp(f *frame, at, end int) {
	src, dst, body := c.u16(at), c.u16(at+2), at+8
	on := func(ports ...int) bool { return slices.Contains(ports, src) || slices.Contains(ports, dst) }
	switch {
	case on(4789, 8472) && body+8 <= end:
		c.ethernet(f, body+8, end)
	case on(67, 68):
		c.dhcp(body, end)
	case on(161, 162):
		if !c.snmp(body, end) {
			c.payload(body, end)
		}
	case on(520) && body+4 <= end:
		c.rip(body, end)
	case on(1812, 1813, 1645, 1646, 3799) && body+20 <= end:
		c.radius(body, end)
	case on(53, 5353) && body+12 <= end:
		c.payload(body, end)
		c.dns(body, end)
	default:
		c.payload(body, end)
	}
}

// dhcp maps the fixed fields and the options that hold addresses and names (RFC 2131, 2132).
func (c *capture) dhcp(at, end int) {
	if at+240 > end {
		c.payload(at, end)
		return
	}
	for _, o := range []int{12, 16, 20, 24} {
		c.addr(at+o, 4)
	}
	if c.old[at+2] == 6 {
		c.mac(at + 28)
	}
	c.text(at+44, at+236)
	for p := at + 240; p+2 <= end && c.old[p] != 255; {
		if c.old[p] == 0 {
			p++
			continue
		}
		kind, n := c.old[p], int(c.old[p+1])
		p += 2
		if p+n > end {
			return
		}
		switch kind {
		case 3, 4, 5, 6, 7, 41, 42, 44, 50, 54, 28, 150:
			for q := p; q+4 <= p+n; q += 4 {
				c.addr(q, 4)
			}
		case 12, 15:
			c.nameAt(p, n)
		case 61:
			if n == 7 && c.old[p] == 1 {
				c.mac(p + 1)
			} else {
				c.payload(p, p+n)
			}
		case 81:
			if n > 3 {
				c.nameAt(p+3, n-3)
			}
		case 1, 51, 53, 55, 57, 58, 59:
		default:
			c.payload(p, p+n)
		}
		p += n
	}
}

func (c *capture) rip(at, end int) {
	for p := at + 4; p+20 <= end; p += 20 {
		switch c.u16(p) {
		case 2:
			bits := -1
			if m := [4]byte(c.old[p+8 : p+12]); isMask(m) && m[0] != 0 {
				bits = onesIn(m)
			}
			c.network(p+4, 4, bits)
			c.addr(p+12, 4)
		case 0xffff:
			if c.u16(p+2) == 2 {
				n := bytes.IndexByte(c.old[p+4:p+20], 0)
				if n < 0 {
					n = 16
				}
				c.secretAt(p+4, n)
			} else if c.u16(p+2) == 1 {
				c.digestAt(p+4, 16)
			}
		}
	}
}

// radius maps attributes (RFC 2865). Authenticators no longer fit what they cover.
func (c *capture) radius(at, end int) {
	c.digestAt(at+4, 16)
	for p := at + 20; p+2 <= end; {
		n := int(c.old[p+1])
		if n < 2 || p+n > end {
			return
		}
		switch c.old[p] {
		case 1, 32, 11, 30, 31:
			if v := c.old[p+2 : p+n]; c.old[p] == 1 || c.old[p] == 32 {
				c.nameAt(p+2, len(v))
			} else {
				c.text(p+2, p+n)
			}
		case 2, 3, 80:
			c.digestAt(p+2, n-2)
		case 4, 8, 14:
			if n == 6 {
				c.addr(p+2, 4)
			}
		default:
			c.payload(p+2, p+n)
		}
		p += n
	}
}

// dns maps the addresses of A and AAAA records; names were searched by value.
func (c *capture) dns(at, end int) {
	p := at + 12
	skip := func() bool {
		for p < end {
			n := int(c.old[p])
			switch {
			case n == 0:
				p++
				return true
			case n >= 0xc0:
				p += 2
				return p <= end
			}
			p += n + 1
		}
		return false
	}
	for range c.u16(at + 4) {
		if !skip() {
			return
		}
		p += 4
	}
	for range c.u16(at+6) + c.u16(at+8) + c.u16(at+10) {
		if !skip() || p+10 > end {
			return
		}
		kind, n := c.u16(p), c.u16(p+8)
		p += 10
		if p+n > end {
			return
		}
		if kind == 1 && n == 4 || kind == 28 && n == 16 {
			c.addr(p, n)
		}
		p += n
	}
}

// snmp goes over a message in BER: the community or user, and in the rest octet strings
// by value, IpAddress values, and addresses that index OIDs.
func (c *capture) snmp(at, end int) bool {
	body, stop, kind, ok := c.ber(at, end)
	if !ok || kind != 0x30 {
		return false
	}
	at, end = body, stop
	body, stop, kind, ok = c.ber(at, end)
	if !ok || kind != 2 || stop != body+1 {
		return false
	}
	version := c.old[body]
	at = stop
	if version <= 1 {
		body, stop, kind, ok = c.ber(at, end)
		if !ok || kind != 4 {
			return false
		}
		if isText(c.old[body:stop]) {
			c.secretAt(body, stop-body)
		}
		at = stop
	}
	c.berTree(at, end, 0)
	return true
}

// ber reads the head of one element.
func (c *capture) ber(at, end int) (body, stop int, kind byte, ok bool) {
	if at+2 > end {
		return 0, 0, 0, false
	}
	kind = c.old[at]
	n := int(c.old[at+1])
	body = at + 2
	if n >= 0x80 {
		k := n & 0x7f
		if k > 3 || body+k > end {
			return 0, 0, 0, false
		}
		n = 0
		for i := range k {
			n = n<<8 | int(c.old[body+i])
		}
		body += k
	}
	return body, body + n, kind, body+n <= end
}

func (c *capture) berTree(at, end, depth int) {
	for at < end && depth < 12 {
		body, stop, kind, ok := c.ber(at, end)
		if !ok {
			c.payload(at, end)
			return
		}
		switch {
		case kind == 0x40 && stop-body == 4:
			c.addr(body, 4)
		case kind == 4 && stop-body == 6 && !isText(c.old[body:stop]):
			c.mac(body)
		case kind == 4 && stop-body > 8 && c.old[body] == 0x30: // the security parameters of SNMPv3
			if b, s, k, ok := c.ber(body, stop); ok && k == 0x30 && s == stop {
				c.berTree(b, s, depth+1)
			} else {
				c.payload(body, stop)
			}
		case kind == 4 && stop-body >= 11 && c.old[body] == 0x80 && c.old[body+4] == 3: // an engine id with its MAC
			c.mac(body + 5)
		case kind == 4:
			c.payload(body, stop)
		case kind == 6:
			c.oidIndex(body, stop)
		case kind&0x20 != 0:
			c.berTree(body, stop, depth+1)
		}
		at = stop
	}
}

// oidIndex maps an address that ends an OID, when it was seen as one and its new octets
// take as many bytes as the old.
func (c *capture) oidIndex(at, end int) {
	var octets []byte
	var from []int
	for p := at; p < end; {
		start, v := p, 0
		for p < end && c.old[p]&0x80 != 0 && p-start < 3 {
			v = v<<7 | int(c.old[p]&0x7f)
			p++
		}
		if p == end {
			return
		}
		v = v<<7 | int(c.old[p])
		p++
		if v > 255 {
			octets, from = nil, nil
			continue
		}
		octets, from = append(octets, byte(v)), append(from, start) //nolint:gosec // at most 255
	}
	n := len(octets)
	if n < 5 {
		return
	}
	ip, _ := addrFrom(octets[n-4:])
	if !c.r.knownAddress(ip) || c.learn {
		return
	}
	var with []byte
	for _, v := range c.r.addresses.network(ip, -1).As4() {
		if v >= 0x80 {
			with = append(with, 0x81, v&0x7f)
		} else {
			with = append(with, v)
		}
	}
	if start := from[n-4]; len(with) == end-start {
		c.put(start, with)
	} else {
		c.put(start, bytes.Repeat([]byte{0}, end-start))
	}
}

// flow is one direction of a TCP connection: its segments in the file.
type flow struct {
	port     bool // one side is BGP
	base     uint32
	segments []segment
}

type segment struct{ at, end, offset int }

const (
	bgpPort = 179
	// streamWindow bounds how far a segment may lie from the first of its flow.
	streamWindow = 64 << 20
)

func (c *capture) tcp(at, end int, pseudo [2]int) {
	head := int(c.old[at+12]>>4) * 4
	if head < 20 || at+head > end {
		return
	}
	for p := at + 20; p+1 < at+head && c.old[p] != 0; {
		if c.old[p] == 1 {
			p++
			continue
		}
		n := int(c.old[p+1])
		if n < 2 || p+n > at+head {
			break
		}
		switch c.old[p] {
		case 19:
			c.digestAt(p+2, n-2)
		case 29:
			c.digestAt(p+4, n-4)
		}
		p += n
	}
	if at+head >= end {
		return
	}
	seq := binary.BigEndian.Uint32(c.old[at+4:])
	key := string(c.old[pseudo[0]:pseudo[1]]) + string(c.old[at:at+4])
	fl := c.flows[key]
	if fl == nil {
		fl = &flow{base: seq, port: c.u16(at) == bgpPort || c.u16(at+2) == bgpPort}
		c.flows[key] = fl
	}
	fl.segments = append(fl.segments, segment{at + head, end, int(int32(seq - fl.base))}) //nolint:gosec // sequence numbers wrap
}

// streams replaces in what each direction of each connection carried, joined, so that a
// value that two segments share is found. A retransmission gets the same bytes.
func (c *capture) streams() {
	keys := make([]string, 0, len(c.flows))
	for k := range c.flows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		c.stream(c.flows[k])
	}
}

func (c *capture) stream(f *flow) {
	order := slices.Clone(f.segments)
	slices.SortStableFunc(order, func(a, b segment) int { return a.offset - b.offset })
	for len(order) > 0 {
		first := order[0]
		joined := slices.Clone(c.old[first.at:first.end])
		n := 1
		for n < len(order) {
			s := order[n]
			lag := s.offset - first.offset
			if lag > len(joined) || lag > streamWindow {
				break // a hole: what follows is a stream of its own
			}
			have := c.old[s.at:s.end]
			shared := min(len(joined)-lag, len(have))
			if !bytes.Equal(joined[lag:lag+shared], have[:shared]) {
				break
			}
			joined = append(joined, have[shared:]...)
			n++
		}
		out := c.streamOf(f, joined)
		for _, s := range order[:n] {
			c.put(s.at, out[s.offset-first.offset:s.offset-first.offset+s.end-s.at])
		}
		order = order[n:]
	}
}

// streamOf gives the joined bytes replaced.
func (c *capture) streamOf(f *flow, joined []byte) []byte {
	sub := &capture{r: c.r, d: c.d, name: c.name, learn: c.learn, old: joined, out: slices.Clone(joined)}
	if !f.port {
		sub.payload(0, len(joined))
		return sub.out
	}
	marker := bytes.Repeat([]byte{0xff}, 16)
	at := 0
	for at < len(joined) {
		next := bytes.Index(joined[at:], marker)
		if next < 0 || at+next+19 > len(joined) {
			break
		}
		at += next
		n := sub.u16(at + 16)
		if n < 19 || at+n > len(joined) {
			n = len(joined) - at
		}
		sub.bgp(at, at+n)
		at += n
	}
	return sub.out
}

// bgp maps one message (RFC 4271, 4760, 4456, 5492).
func (c *capture) bgp(at, end int) {
	body := at + 19
	switch c.old[at+18] {
	case 1:
		if body+10 > end {
			return
		}
		c.addr(body+5, 4)
		for p := body + 10; p+2 <= end; {
			kind, n := c.old[p], int(c.old[p+1])
			p += 2
			if p+n > end {
				return
			}
			if kind == 2 {
				c.capabilities(p, p+n)
			}
			p += n
		}
	case 2:
		if body+4 > end {
			return
		}
		p := body + 2
		stop := p + c.u16(body)
		if stop+2 > end {
			return
		}
		c.nlri(p, stop, 4)
		p = stop + 2
		stop = p + c.u16(stop)
		if stop > end {
			return
		}
		c.attributes(p, stop)
		c.nlri(stop, end, 4)
	case 3:
		c.text(min(body+2, end), end)
	}
}

func (c *capture) capabilities(at, end int) {
	for at+2 <= end {
		kind, n := c.old[at], int(c.old[at+1])
		at += 2
		if at+n > end {
			return
		}
		if kind == 73 { // the speaker's name and domain
			for p := at; p < at+n; {
				k := int(c.old[p])
				if p+1+k > at+n {
					break
				}
				c.nameAt(p+1, k)
				p += 1 + k
			}
		}
		at += n
	}
}

// nlri maps prefixes. Those with a path id (RFC 7911) are told by what makes sense.
func (c *capture) nlri(at, end, size int) {
	plain := c.nlriFits(at, end, size, 0)
	id := 0
	if !plain && c.nlriFits(at, end, size, 4) {
		id = 4
	} else if !plain {
		c.r.region(c.name, "prefixes in a BGP update that are not understood")
		return
	}
	for p := at + id; p < end; {
		bits := int(c.old[p])
		c.prefix(p+1, bits, size)
		p += 1 + (bits+7)/8 + id
	}
}

func (c *capture) nlriFits(at, end, size, id int) bool {
	for at < end {
		at += id
		if at >= end || int(c.old[at]) > size*8 {
			return false
		}
		bits := int(c.old[at])
		n := (bits + 7) / 8
		if bits%8 != 0 && at+n < end && c.old[at+n]&(0xff>>(bits%8)) != 0 {
			return false
		}
		at += 1 + n
	}
	return at == end
}

func (c *capture) attributes(at, end int) {
	for at+3 <= end {
		flags, kind := c.old[at], c.old[at+1]
		n, body := int(c.old[at+2]), at+3
		if flags&0x10 != 0 {
			if at+4 > end {
				return
			}
			n, body = c.u16(at+2), at+4
		}
		if body+n > end {
			return
		}
		switch kind {
		case 3, 9, 10: // next hop, originator, cluster list
			for p := body; p+4 <= body+n; p += 4 {
				c.addr(p, 4)
			}
		case 7, 18: // aggregator
			if n >= 6 {
				c.addr(body+n-4, 4)
			}
		case 14:
			c.reach(body, body+n)
		case 15:
			if n >= 3 {
				c.unreach(c.u16(body), int(c.old[body+2]), body+3, body+n)
			}
		}
		at = body + n
	}
}

func (c *capture) reach(at, end int) {
	if at+5 > end {
		return
	}
	family, sub, n := c.u16(at), int(c.old[at+2]), int(c.old[at+3])
	p := at + 4
	if p+n+1 > end {
		return
	}
	switch n {
	case 4, 16:
		c.addr(p, n)
	case 32:
		c.addr(p, 16)
		c.addr(p+16, 16)
	case 12, 24:
		c.addr(p+8, n-8)
	}
	c.unreach(family, sub, p+n+1, end)
}

func (c *capture) unreach(family, sub, at, end int) {
	switch {
	case family == 1 && sub <= 2:
		c.nlri(at, end, 4)
	case family == 2 && sub <= 2:
		c.nlri(at, end, 16)
	case at < end:
		c.r.region(c.name, "a BGP address family that is not understood, searched by value")
		c.payload(at, end)
	}
}
