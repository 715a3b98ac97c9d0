package redact

import (
	"bytes"
	"net/netip"
	"strings"
)

// This file looks at numbers that stand for a known address in another form: in hex, as
// the kernel writes them, spaced, in decimal or with letters glued to them.

// learnedAddress tells whether a text that was learned has this address.
func (r *Redactor) learnedAddress(ip netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ips[ip]
}

func (r *Redactor) learnedMAC(m [6]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.macs[m]
}

// noteAddress remembers an address that a text has.
func (r *Redactor) noteAddress(ip netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ip = ip.WithZone(""); !r.ips[ip] {
		r.ips[ip] = true
		if ip.Is4() {
			for _, bits := range []int{16, 24} {
				r.prefixes[netip.PrefixFrom(ip, bits).Masked()] = true
			}
			h := bloom4(ip.As4())
			r.hexed[h>>6] |= 1 << (h & 63)
		}
	}
}

func bloom4(o [4]byte) uint32 {
	v := uint32(o[0])<<24 | uint32(o[1])<<16 | uint32(o[2])<<8 | uint32(o[3])
	return v * 2654435761 >> 16
}

// hexRun looks at eight hex digits and more: an address in hex, or a text.
func (s *scanner) hexRun(start, end int) {
	if end-start >= 20 && s.webhook(start, end) {
		return
	}
	if end-start >= shortestHex+2 {
		s.macInHex(start, end)
	}
	switch n := end - start; {
	case n == 8:
		s.hexAddress(start, end)
		s.dumpOf(start, end)
	case n == 32:
		s.hexAddress6(start)
		s.note(kindHex, start)
	case n >= shortestHex && n%2 == 0:
		if printable(s.data[start:start+8]) || printable(s.data[end-8:end]) || bytes.HasPrefix(s.data[start:end], []byte("1f8b08")) || bytes.HasPrefix(s.data[start:end], []byte("1F8B08")) {
			s.note(kindHex, start)
		}
	default:
		if n >= shortestBase64 && looksBase64(s.data[start:min(end, start+16)]) {
			s.note(kindBase64, start)
		}
	}
}

// printable tells whether hex digits write letters that can be printed.
func printable(digits []byte) bool {
	for i := 0; i+1 < len(digits); i += 2 {
		if c := hexValue(digits[i])<<4 | hexValue(digits[i+1]); c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// hexAddress looks at C0A80101, and at 0101A8C0 as /proc/net/tcp has it.
func (s *scanner) hexAddress(start, end int) {
	if s.learn || start < s.done {
		return
	}
	var o [4]byte
	for i := range o {
		o[i] = hexValue(s.data[start+2*i])<<4 | hexValue(s.data[start+2*i+1])
	}
	socket := end+4 < len(s.data) && s.data[end] == ':' && isHex(s.data[end+1]) && isHex(s.data[end+4])
	for _, little := range []bool{false, true} {
		if little {
			o[0], o[1], o[2], o[3] = o[3], o[2], o[1], o[0]
		}
		h := bloom4(o)
		if s.r.hexed[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		ip := netip.AddrFrom4(o)
		if bytes.Count(o[:], []byte{0}) > 1 && !socket || !s.r.learnedAddress(ip) {
			continue
		}
		out := s.r.addresses.forward(ip).As4()
		if little {
			out[0], out[1], out[2], out[3] = out[3], out[2], out[1], out[0]
		}
		s.found(start, end, RuleIPv4, hexText(out[:], s.data[start:end]))
		return
	}
}

// hexAddress6 looks at 32 digits, as /proc/net/if_inet6 has them.
func (s *scanner) hexAddress6(start int) {
	if s.learn || start < s.done {
		return
	}
	var o [16]byte
	for i := range o {
		o[i] = hexValue(s.data[start+2*i])<<4 | hexValue(s.data[start+2*i+1])
	}
	if ip := netip.AddrFrom16(o); s.r.learnedAddress(ip) {
		out := s.r.addresses.forward(ip).As16()
		s.found(start, start+32, RuleIPv6, hexText(out[:], s.data[start:start+32]))
		return
	}
	s.socket6(start, o)
}

// hexText writes bytes in hex in the case of old.
func hexText(b, old []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, hexLike(old, c)...)
	}
	return string(out)
}

// spaced looks at two or four hex digits with a blank after them: the MAC
// 00 04 96 ab cd ef, or a line of a dump.
func (s *scanner) spaced(start, end int) {
	data := s.data
	switch {
	case end-start == 4:
		s.dumpOf(start, end)
	case end-start == 2 && end+2 < len(data) && isHex(data[end+1]) && isHex(data[end+2]):
		s.dump(start)
		if end+9 <= len(data) && (end+3 == len(data) || data[end+3] == ' ') {
			s.spacedMAC(start)
		}
	}
}

// spacedMAC replaces a known MAC of six pairs with blanks between.
func (s *scanner) spacedMAC(start int) {
	data := s.data
	pairs := 0
	for i := start; i+1 < len(data) && isHex(data[i]) && isHex(data[i+1]) && (i+2 == len(data) || !wordClass(data[i+2])); i += 3 {
		pairs++
		if i+2 >= len(data) || data[i+2] != ' ' || pairs > 64 {
			break
		}
	}
	if pairs < 6 {
		s.pairs4(start)
		return
	}
	if pairs > 6 {
		s.note(kindGroups, start)
	}
	for k := 0; k+4 <= pairs && !s.learn; k++ {
		at := start + 3*k
		if s.pairs4(at) || k+6 > pairs {
			continue
		}
		if m, ok := macOf(string(data[at : at+17])); ok && at >= s.done && s.r.learnedMAC(m) {
			s.mapHexPairs(at, at+17, []int{0, 3, 6, 9, 12, 15})
		}
	}
	s.noAddr = max(s.noAddr, start+3*pairs-1)
}

// dumpOf tries the line of a group of hex digits that another one as long follows.
func (s *scanner) dumpOf(start, end int) {
	n := end - start
	if end+n >= len(s.data) || s.data[end] != ' ' || !isHex(s.data[end+1]) || !isHex(s.data[end+n]) || !allHex(s.data[end+1:end+n+1]) {
		return
	}
	s.dump(start)
}

// dump tries each line once.
func (s *scanner) dump(at int) {
	if s.line+1 == s.dumped || s.learn {
		return
	}
	s.dumped = s.line + 1
	if _, ok := parseDump(s.data, s.line, s.newline(at)); ok {
		s.note(kindDump, at)
	}
}

// glued looks at an address with letters before it: i10.0.0.0, p192-0-2-7.example.
func (s *scanner) glued(start, end int) {
	digits := end
	for digits > start && s.data[digits-1] >= '0' && s.data[digits-1] <= '9' {
		digits--
	}
	for at := max(digits, end-3); at < end; at++ { // O*E2185.44.113.77
		if s.knownFrom(at) {
			digits = at
			break
		}
	}
	if end-digits > 3 || digits == start || digits < s.noAddr || end+1 >= len(s.data) || s.data[end+1] < '0' || s.data[end+1] > '9' ||
		start > 0 && (s.data[start-1] == '.' || s.data[start-1] == '-') && s.data[end] == '.' {
		return
	}
	if s.data[end] == '-' {
		s.dashedIPv4(digits)
		return
	}
	head := s.data[start:digits]
	ip, _, _, n := readIPv4(s.data[digits:])
	if n == 0 || head[0]|0x20 == 'v' && !s.r.learnedAddress(ip) {
		return
	}
	if len(head) == 1 && head[0] < 0x80 || s.r.learnedAddress(ip) {
		s.dotted(digits)
	}
}

// nameOfAddress tells whether numbers with dashes between stand in the name of a host that
// was made of an address: letters are glued to them, or a domain follows.
func (s *scanner) nameOfAddress(start, end int) bool {
	if end+1 < len(s.data) && s.data[end] == '.' && letter(s.data[end+1]) {
		return true
	}
	i := start
	if i > s.line && s.data[i-1] == '-' {
		i--
	}
	return i > s.line && letter(s.data[i-1])
}

// reversed looks at the name of a reverse zone that begins with a label here: octets or
// nibbles, the last one first (RFC 1035, 3.5; RFC 3596, 2.5).
func (s *scanner) reversed(start int) bool {
	data := s.data
	for i, dots := start, 0; ; i++ {
		if i >= len(data) || i-start > 130 {
			return false
		}
		if data[i] == '.' {
			dots++
		} else if !isHex(data[i]) {
			if dots < 1 || data[i] != 'i' {
				return false
			}
			break
		}
	}
	end := start
	var labels []string
	for end < len(data) && len(labels) <= 32 {
		from := end
		for end < len(data) && isHex(data[end]) {
			end++
		}
		if end == from || end-from > 3 || end >= len(data) || data[end] != '.' {
			return false
		}
		labels = append(labels, string(data[from:end]))
		end++
		if bytes.HasPrefix(data[end:], []byte("ip6.arpa")) {
			return s.reversed6(start, end-1, labels)
		}
		if arpa(data[end:]) {
			return len(labels) < 4 && s.reversed4(start, end-1, labels)
		}
	}
	return false
}

func (s *scanner) reversed4(start, end int, labels []string) bool {
	var o [4]byte
	for i, l := range labels {
		n := 0
		for _, c := range l {
			n = n*10 + int(c-'0')
		}
		if n < 0 || n > 255 {
			return false
		}
		o[len(labels)-1-i] = byte(n & 0xff)
	}
	out := s.r.addresses.network(netip.AddrFrom4(o), 8*len(labels)).As4()
	parts := make([]string, len(labels))
	for i := range labels {
		parts[len(labels)-1-i] = decimal(out[i])
	}
	s.noAddr = end
	s.putAddress(start, end, RuleIPv4, strings.Join(parts, "."))
	return true
}

func decimal(b byte) string { return strings.TrimLeft(pad3(b)[:2], "0") + pad3(b)[2:] }

func (s *scanner) reversed6(start, end int, labels []string) bool {
	var o [16]byte
	for i, l := range labels {
		if len(l) != 1 {
			return false
		}
		at := len(labels) - 1 - i
		o[at/2] |= hexValue(l[0]) << (4 - at%2*4)
	}
	out := s.r.addresses.network(netip.AddrFrom16(o), 4*len(labels)).As16()
	text := hexOf(out[:])
	parts := make([]string, len(labels))
	for i := range labels {
		parts[len(labels)-1-i] = text[i : i+1]
	}
	s.noAddr = end
	s.found(start, end, RuleIPv6, strings.Join(parts, "."))
	return true
}
