package redact

import (
	"encoding/binary"
	"net/netip"
)

// ospf goes over OSPFv2 (RFC 2328). Of version 3 the header's ids are mapped.
func (c *capture) ospf(f *frame, at, end int, pseudo [2]int) {
	n := c.u16(at + 2)
	if n >= 16 {
		end, n = min(end, at+n), min(end, at+n)-at
	}
	full := end
	if c.old[at] == 3 {
		f.sums = append(f.sums, checksum{at: at + 12, parts: [][2]int{pseudo, {at, end}}})
		c.addr(at+4, 4)
		c.r.region(c.name, "bodies of OSPFv3, of which only router ids were mapped")
		c.payload(at+16, end)
		return
	}
	if c.old[at] != 2 || n < 24 {
		c.payload(at, end)
		return
	}
	c.addr(at+4, 4)
	c.addr(at+8, 4)
	switch c.u16(at + 14) {
	case 0, 1:
		f.sums = append(f.sums, checksum{at: at + 12, parts: [][2]int{{at, at + 16}, {at + 24, end}}})
	}
	if c.u16(at+14) == 1 {
		k := 0
		for k < 8 && c.old[at+16+k] != 0 {
			k++
		}
		c.secretAt(at+16, k)
	}
	if c.u16(at+14) == 2 { // the digest follows the packet
		c.digestAt(full, min(int(c.old[at+19]), f.end-full))
	}
	body := at + 24
	switch c.old[at+1] {
	case 1:
		if body+20 > end {
			return
		}
		c.addr(body+12, 4)
		c.addr(body+16, 4)
		for p := body + 20; p+4 <= end; p += 4 {
			c.addr(p, 4)
		}
	case 2:
		for p := body + 8; p+20 <= end; p += 20 {
			c.lsaHeader(p)
		}
	case 3:
		for p := body; p+12 <= end; p += 12 {
			c.lsaID(int(binary.BigEndian.Uint32(c.old[p:])), p+4, -1)
			c.addr(p+8, 4)
		}
	case 4:
		for p := body + 4; p+20 <= end; {
			size := c.u16(p + 18)
			if size < 20 || p+size > end {
				return
			}
			c.lsa(p, p+size)
			p += size
		}
	case 5:
		for p := body; p+20 <= end; p += 20 {
			c.lsaHeader(p)
		}
	}
}

func (c *capture) lsaKey(p int) string {
	return string(c.old[p+3:p+18]) + string(c.old[p+18:p+20])
}

// lsaID maps the link state id: an address, a network, or a router id, by the type. The
// length of a network is in the body only; elsewhere it is the one that was learned.
func (c *capture) lsaID(kind, at, bits int) {
	switch kind {
	case 1, 2, 4:
		c.addr(at, 4)
	case 3, 5, 7:
		c.network(at, 4, bits)
	}
}

// lsaHeader maps a header that stands without its body.
func (c *capture) lsaHeader(p int) {
	sum, ok := c.lsas[c.lsaKey(p)]
	c.lsaID(int(c.old[p+3]), p+4, -1)
	c.addr(p+8, 4)
	if ok {
		var b [2]byte
		binary.BigEndian.PutUint16(b[:], sum)
		c.put(p+16, b[:])
	}
}

func (c *capture) lsa(p, end int) {
	key := c.lsaKey(p)
	right := fletcher(c.old[p+2:end]) == 0
	kind, bits, body := int(c.old[p+3]), -1, p+20
	if (kind == 3 || kind == 5 || kind == 7) && body+4 <= end && isMask([4]byte(c.old[body:body+4])) {
		bits = onesIn([4]byte(c.old[body : body+4]))
	}
	c.lsaID(kind, p+4, bits)
	c.addr(p+8, 4)
	switch kind {
	case 1:
		q := body + 4
		for range c.u16(body + 2) {
			if q+12 > end {
				break
			}
			if c.old[q+8] == 3 { // a stub network and its mask
				bits = -1
				if isMask([4]byte(c.old[q+4 : q+8])) {
					bits = onesIn([4]byte(c.old[q+4 : q+8]))
				}
				c.network(q, 4, bits)
			} else {
				c.addr(q, 4)
				c.addr(q+4, 4)
			}
			q += 12 + 4*int(c.old[q+9])
		}
	case 2:
		for q := body + 4; q+4 <= end; q += 4 {
			c.addr(q, 4)
		}
	case 5, 7:
		for q := body + 4; q+12 <= end; q += 12 {
			c.addr(q+4, 4)
		}
	case 3, 4:
	default:
		c.r.region(c.name, "an opaque LSA, searched by value")
		c.payload(body, end)
	}
	if right {
		c.setFletcher(p+2, end)
	}
	c.lsas[key] = binary.BigEndian.Uint16(c.out[p+16:])
}

// fletcher is zero over an LSA without its age when the checksum is right (RFC 905, annex B).
func fletcher(b []byte) uint16 {
	var c0, c1 int
	for _, v := range b {
		c0 = (c0 + int(v)) % 255
		c1 = (c1 + c0) % 255
	}
	return uint16(c0<<8 | c1) //nolint:gosec // two bytes
}

// setFletcher makes the checksum at offset 14 of out[start:end].
func (c *capture) setFletcher(start, end int) {
	const at = 14
	b := c.out[start:end]
	b[at], b[at+1] = 0, 0
	var c0, c1 int
	for _, v := range b {
		c0 = (c0 + int(v)) % 255
		c1 = (c1 + c0) % 255
	}
	x := ((len(b)-at-1)*c0 - c1) % 255
	if x <= 0 {
		x += 255
	}
	y := 510 - c0 - x
	if y > 255 {
		y -= 255
	}
	b[at], b[at+1] = byte(x), byte(y) //nolint:gosec // bytes by construction
}

// isis maps the system ids of IS-IS (ISO 10589): hellos, LSPs and SNPs; their TLVs of
// addresses, neighbours and names. Where it changes an LSP, its checksum is made again.
func (c *capture) isis(at, end int) {
	if at+8 > end {
		return
	}
	kind := c.old[at+4] & 0x1f
	switch kind {
	case 15, 16, 17: // hellos
		c.system(at + 9)
	case 18, 20: // LSPs
		c.system(at + 12)
	case 24, 25:
		c.system(at + 10)
		c.system(at + 17)
		c.system(at + 25)
	case 26, 27:
		c.system(at + 10)
	}
	if kind == 15 || kind == 16 {
		c.system(at + 21)
	}
	head := int(c.old[at+1])
	if head < 8 || at+head > end {
		return
	}
	lsp := kind == 18 || kind == 20
	right := lsp && end-at > 26 && fletcher(c.old[at+12:end]) == 0
	for p := at + head; p+2 <= end; {
		n := int(c.old[p+1])
		if p+2+n > end {
			break
		}
		c.isisTLV(int(c.old[p]), p+2, p+2+n)
		p += 2 + n
	}
	if right && !c.learn {
		b := c.out[at+12 : end]
		const sum = 12
		b[sum], b[sum+1] = 0, 0
		var c0, c1 int
		for _, v := range b {
			c0 = (c0 + int(v)) % 255
			c1 = (c1 + c0) % 255
		}
		x := ((len(b)-sum-1)*c0 - c1) % 255
		if x <= 0 {
			x += 255
		}
		y := 510 - c0 - x
		if y > 255 {
			y -= 255
		}
		b[sum], b[sum+1] = byte(x), byte(y) //nolint:gosec // bytes by construction
	}
}

func (c *capture) isisTLV(kind, at, end int) {
	switch kind {
	case 132: // interface addresses
		for p := at; p+4 <= end; p += 4 {
			c.addr(p, 4)
		}
	case 134:
		if end-at == 4 {
			c.addr(at, 4)
		}
	case 232:
		for p := at; p+16 <= end; p += 16 {
			c.addr(p, 16)
		}
	case 6:
		for p := at; p+6 <= end; p += 6 {
			c.mac(p)
		}
	case 22: // extended reachability
		for p := at; p+11 <= end; p += 11 + int(c.old[p+10]) {
			c.system(p)
		}
	case 2:
		for p := at + 1; p+11 <= end; p += 11 {
			c.system(p + 4)
		}
	case 9: // LSP entries
		for p := at; p+16 <= end; p += 16 {
			c.system(p + 2)
		}
	case 240:
		if end-at >= 11 {
			c.system(at + 5)
		}
	case 135: // IPv4 reachability
		for p := at; p+5 <= end; {
			bits := min(int(c.old[p+4]&0x3f), 32)
			n := (bits + 7) / 8
			if p+5+n > end {
				return
			}
			c.prefix(p+5, bits, 4)
			if c.old[p+4]&0x40 != 0 && p+5+n < end {
				n += 1 + int(c.old[p+5+n])
			}
			p += 5 + n
		}
	case 137:
		c.nameAt(at, end-at)
	case 10: // authentication
		if end-at > 1 && c.old[at] == 1 {
			c.secretAt(at+1, end-at-1)
		} else {
			c.digestAt(at+1, end-at-1)
		}
	case 1, 129, 8, 229: // areas, protocols, padding, topologies
	default:
		c.payload(at, end)
	}
}

// system maps a system id: a MAC, or an IPv4 address in decimal.
func (c *capture) system(at int) {
	if at+6 > len(c.old) {
		return
	}
	text := hexOf(c.old[at : at+6])
	s := scanner{r: c.r, d: c.d, data: []byte(text[:4] + "." + text[4:8] + "." + text[8:]), learn: c.learn}
	if isNumber(text) && s.decimalSystem(0) {
		for _, e := range s.edits {
			digits := e.with[:4] + e.with[5:9] + e.with[10:]
			var b [6]byte
			for i := range b {
				b[i] = hexValue(digits[2*i])<<4 | hexValue(digits[2*i+1])
			}
			c.put(at, b[:])
		}
		return
	}
	c.mac(at)
}

// prefix maps a prefix of which only the bytes that count are there.
func (c *capture) prefix(at, bits, size int) {
	raw := make([]byte, size)
	n := (bits + 7) / 8
	copy(raw, c.old[at:at+n])
	ip, ok := netip.AddrFromSlice(raw)
	if !ok || bits == 0 {
		return
	}
	out := c.r.addresses.network(ip, bits).AsSlice()
	setHost(out, bits, 0)
	c.put(at, out[:n])
	if c.learn && (size == 4 && bits < 24 || size == 16 && bits < 64) {
		if _, zero := hostFill(ip, bits); zero {
			c.r.addresses.note(ip, bits)
		}
	}
}
