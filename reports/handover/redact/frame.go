package redact

import (
	"encoding/binary"
	"net/netip"
)

func addrFrom(b []byte) (netip.Addr, bool) { return netip.AddrFromSlice(b) }

func (c *capture) u16(at int) int { return int(binary.BigEndian.Uint16(c.old[at:])) }

// link types (tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkLoop     = 108
	linkCooked   = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkCooked2  = 276
)

func (c *capture) frame(f *frame) {
	at, end := f.start, f.end
	switch f.link {
	case linkEthernet:
		c.ethernet(f, at, end)
	case linkRaw, linkIPv4, linkIPv6, 12, 14:
		c.ip(f, at, end)
	case linkNull, linkLoop:
		c.ip(f, min(at+4, end), end)
	case linkCooked:
		if at+16 <= end {
			c.mac(at + 6)
			c.ethertype(f, c.u16(at+14), at+16, end)
		}
	case linkCooked2:
		if at+20 <= end {
			c.mac(at + 12)
			c.ethertype(f, c.u16(at), at+20, end)
		}
	default:
		c.r.region(c.name, "packets of a link type that is not understood, searched by value")
		c.payload(at, end)
	}
}

func (c *capture) ethernet(f *frame, at, end int) {
	if at+14 > end {
		return
	}
	c.mac(at)
	c.mac(at + 6)
	c.ethertype(f, c.u16(at+12), at+14, end)
}

func (c *capture) ethertype(f *frame, kind, at, end int) {
	for (kind == 0x8100 || kind == 0x88a8 || kind == 0x9100) && at+4 <= end {
		kind = c.u16(at + 2)
		at += 4
	}
	switch {
	case kind == 0x0800 || kind == 0x86dd:
		c.ip(f, at, end)
	case kind == 0x0806:
		c.arp(at, end)
	case kind == 0x88cc:
		c.lldp(at, end)
	case kind == 0x88e7 && at+4 <= end: // 802.1ah, the frames of SPB
		c.ethernet(f, at+4, end)
	case kind == 0x8847 || kind == 0x8848:
		for at+4 <= end {
			last := c.old[at+2]&1 == 1
			at += 4
			if last {
				break
			}
		}
		c.ip(f, at, end)
	case kind == 0x8809 && at+42 <= end: // LACP: the systems of actor and partner
		c.mac(at + 6)
		c.mac(at + 26)
	case kind < 0x600:
		c.llc(f, at, min(end, at+kind))
	default:
		c.payload(at, end)
	}
}

func (c *capture) llc(f *frame, at, end int) {
	if at+8 > end {
		c.payload(at, end)
		return
	}
	switch {
	case c.old[at] == 0x42 && at+28 <= end: // a bridge
		c.mac(at + 10)
		c.mac(at + 22)
	case c.old[at] == 0xaa && c.u16(at+6) == 0x010b && at+33 <= end: // the same with SNAP
		c.mac(at + 15)
		c.mac(at + 27)
	case c.old[at] == 0xaa && (c.u16(at+6) == 0x2000 || c.u16(at+6) == 0x00bb): // CDP, EDP: by value
		start, sum := at+8, at+10
		if c.u16(at+6) == 0x00bb {
			sum = at + 12
		}
		if sum+2 <= end {
			f.sums = append(f.sums, checksum{at: sum, parts: [][2]int{{start, end}}})
			c.payload(sum+2, end)
		}
	case c.old[at] == 0xfe && c.old[at+3] == 0x83:
		c.isis(at+3, end)
	default:
		c.payload(at, end)
	}
}

func (c *capture) arp(at, end int) {
	if at+28 > end || c.old[at+4] != 6 || c.old[at+5] != 4 {
		return
	}
	c.mac(at + 8)
	c.addr(at+14, 4)
	c.mac(at + 18)
	c.addr(at+24, 4)
}

// lldp goes over the TLVs (IEEE 802.1AB).
func (c *capture) lldp(at, end int) {
	for at+2 <= end {
		head := c.u16(at)
		kind, n := head>>9, head&0x1ff
		at += 2
		if kind == 0 || at+n > end {
			return
		}
		switch kind {
		case 1, 2: // chassis, port
			switch {
			case n == 7 && (kind == 1 && c.old[at] == 4 || kind == 2 && c.old[at] == 3):
				c.mac(at + 1)
			case n == 6 && c.old[at+1] == 1 && (kind == 1 && c.old[at] == 5 || kind == 2 && c.old[at] == 4):
				c.addr(at+2, 4)
			case n > 1 && kind == 1 && c.old[at] == 7:
				c.nameAt(at+1, n-1)
			default:
				c.text(at+min(1, n), at+n)
			}
		case 5:
			c.nameAt(at, n)
		case 8:
			if n > 6 && c.old[at] == 5 && c.old[at+1] == 1 {
				c.addr(at+2, 4)
			} else if n > 18 && c.old[at] == 17 && c.old[at+1] == 2 {
				c.addr(at+2, 16)
			} else if n > 8 && c.old[at] == 7 && c.old[at+1] == 6 {
				c.mac(at + 2)
			}
		default:
			c.payload(at, at+n)
		}
		at += n
	}
}

func (c *capture) ip(f *frame, at, end int) {
	if at >= end {
		return
	}
	switch c.old[at] >> 4 {
	case 4:
		c.ipv4(f, at, end)
	case 6:
		c.ipv6(f, at, end)
	default:
		c.payload(at, end)
	}
}

func (c *capture) ipv4(f *frame, at, end int) {
	head := int(c.old[at]&15) * 4
	if head < 20 || at+20 > end {
		return
	}
	if at+head > end {
		c.addr(at+12, 4)
		c.addr(at+16, 4)
		return
	}
	f.sums = append(f.sums, checksum{at: at + 10, parts: [][2]int{{at, at + head}}})
	c.addr(at+12, 4)
	c.addr(at+16, 4)
	for o := at + 20; o+1 < at+head && c.old[o] != 0; {
		if c.old[o] == 1 {
			o++
			continue
		}
		n := int(c.old[o+1])
		if n < 2 || o+n > at+head {
			break
		}
		if k := c.old[o]; k == 7 || k == 131 || k == 137 { // record and source route
			for p := o + 3; p+4 <= o+n; p += 4 {
				c.addr(p, 4)
			}
		}
		o += n
	}
	if total := c.u16(at + 2); total >= head {
		end = min(end, at+total)
	}
	if c.u16(at+6)&0x1fff != 0 {
		c.r.region(c.name, "later fragments, searched by value; a checksum in the first one covers them too")
		c.payload(at+head, end)
		return
	}
	c.transport(f, int(c.old[at+9]), at+head, end, [2]int{at + 12, at + 20})
}

func (c *capture) ipv6(f *frame, at, end int) {
	if at+40 > end {
		return
	}
	c.addr(at+8, 16)
	c.addr(at+24, 16)
	pseudo := [2]int{at + 8, at + 40}
	next := int(c.old[at+6])
	if n := c.u16(at + 4); n > 0 {
		end = min(end, at+40+n)
	}
	at += 40
	for at+8 <= end {
		switch next {
		case 0, 43, 60:
			next, at = int(c.old[at]), at+8+int(c.old[at+1])*8
			continue
		case 44:
			if c.u16(at+2)&^7 != 0 {
				c.payload(at+8, end)
				return
			}
			next, at = int(c.old[at]), at+8
			continue
		case 51:
			next, at = int(c.old[at]), at+8+int(c.old[at+1])*4
			continue
		}
		break
	}
	if at < end {
		c.transport(f, next, at, end, pseudo)
	}
}

// transport goes into what an IP packet carries; pseudo are its addresses.
func (c *capture) transport(f *frame, proto, at, end int, pseudo [2]int) {
	n := end - at
	covered := [][2]int{pseudo, {at, end}}
	switch {
	case proto == 1 && n >= 8:
		f.sums = append(f.sums, checksum{at: at + 2, parts: [][2]int{{at, end}}})
		c.icmp(f, at, end)
	case proto == 58 && n >= 8:
		f.sums = append(f.sums, checksum{at: at + 2, parts: covered})
		c.icmp6(f, at, end)
	case proto == 17 && n >= 8:
		if size := c.u16(at + 4); size >= 8 {
			end = min(end, at+size)
		}
		f.sums = append(f.sums, checksum{at: at + 6, parts: [][2]int{pseudo, {at, end}}, udp: true})
		c.udp(f, at, end)
	case proto == 6 && n >= 20:
		f.sums = append(f.sums, checksum{at: at + 16, parts: covered})
		c.tcp(at, end, pseudo)
	case proto == 89 && n >= 16:
		c.ospf(f, at, end, pseudo)
	case proto == 112 && n >= 8:
		c.vrrp(f, at, end, pseudo)
	case proto == 47 && n >= 4:
		c.gre(f, at, end)
	case proto == 4 || proto == 41:
		c.ip(f, at, end)
	case proto == 2:
	default:
		c.payload(at, end)
	}
}

func (c *capture) icmp(f *frame, at, end int) {
	switch c.old[at] {
	case 5:
		c.addr(at+4, 4)
		c.embedded(f, at+8, end)
	case 3, 4, 11, 12:
		c.embedded(f, at+8, end)
	default:
		c.payload(at+8, end)
	}
}

// embedded is the beginning of a packet inside of an error message.
func (c *capture) embedded(f *frame, at, end int) { c.ip(f, at, end) }

func (c *capture) icmp6(f *frame, at, end int) {
	kind := c.old[at]
	options := 0
	switch kind {
	case 1, 2, 3, 4:
		c.embedded(f, at+8, end)
		return
	case 133:
		options = at + 8
	case 134:
		options = at + 16
	case 135, 136, 130, 131, 132:
		options = at + 24
	case 137:
		options = at + 40
		if at+40 <= end {
			c.addr(at+24, 16)
		}
	case 143:
		for i, p := 0, at+8; i < c.u16(at+6) && p+20 <= end; i++ {
			c.addr(p+4, 16)
			sources := c.u16(p + 2)
			for s := range sources {
				if p+20+16*s+16 <= end {
					c.addr(p+20+16*s, 16)
				}
			}
			p += 20 + 16*sources + 4*int(c.old[p+1])
		}
		return
	default:
		c.payload(at+8, end)
		return
	}
	if kind >= 130 && kind != 133 && kind != 134 && at+24 <= end {
		c.addr(at+8, 16)
	}
	for o := options; o+8 <= end; {
		n := int(c.old[o+1]) * 8
		if n == 0 || o+n > end {
			return
		}
		switch c.old[o] {
		case 1, 2:
			c.mac(o + 2)
		case 3:
			if n == 32 {
				c.network(o+16, 16, min(int(c.old[o+2]), 128))
			}
		case 25:
			for p := o + 8; p+16 <= o+n; p += 16 {
				c.addr(p, 16)
			}
		case 4:
			c.embedded(f, o+8, o+n)
		}
		o += n
	}
}

func (c *capture) gre(f *frame, at, end int) {
	flags, kind := c.u16(at), c.u16(at+2)
	p := at + 4
	for _, bit := range []int{0x8000, 0x2000, 0x1000} {
		if flags&bit != 0 {
			p += 4
		}
	}
	if p > end {
		return
	}
	if flags&0x8000 != 0 {
		f.sums = append(f.sums, checksum{at: at + 4, parts: [][2]int{{at, end}}})
	}
	if kind == 0x6558 {
		c.ethernet(f, p, end)
		return
	}
	c.ethertype(f, kind, p, end)
}

func (c *capture) vrrp(f *frame, at, end int, pseudo [2]int) {
	parts := [][2]int{{at, end}}
	size := 4
	v3 := c.old[at]>>4 == 3
	if v3 {
		parts = append(parts, pseudo)
		if pseudo[1]-pseudo[0] == 32 {
			size = 16
		}
	}
	f.sums = append(f.sums, checksum{at: at + 6, parts: parts})
	p := at + 8
	for range int(c.old[at+3]) {
		if p+size > end {
			return
		}
		c.addr(p, size)
		p += size
	}
	if !v3 && c.old[at+4] == 1 && p+8 <= end { // a password in clear
		n := 0
		for n < 8 && c.old[p+n] != 0 {
			n++
		}
		c.secretAt(p, n)
	}
}
