package redact

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// This file looks for known addresses and MACs that programs write as numbers of their own:
// as bytes of a string, in decimals, within a longer identifier.

func bloomMAC(m [6]byte) uint32 {
	v := uint32(m[2])<<24 | uint32(m[3])<<16 | uint32(m[4])<<8 | uint32(m[5])
	return v * 2654435761 >> 16
}

// isMAC tells whether a MAC was learned. It is cheap for one that was not.
func (r *Redactor) isMAC(m [6]byte) bool {
	h := bloomMAC(m)
	return r.hexedMACs[h>>6]>>(h&63)&1 == 1 && r.learnedMAC(m)
}

// numbers reads n decimal numbers of a byte with sep between them, and gives where they end;
// 0 where they do not stand there, or more of them do.
func numbers(data []byte, at int, sep string, into []byte) int {
	for k := range into {
		if k > 0 {
			if len(data)-at < len(sep) || string(data[at:at+len(sep)]) != sep {
				return 0
			}
			at += len(sep)
		}
		n := oneNumber(data[at:], &into[k])
		if at += n; n == 0 || at < len(data) && wordClass(data[at]) {
			return 0
		}
	}
	return at
}

// joinDecimals writes bytes in decimals.
func joinDecimals(b []byte, sep string) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = strconv.Itoa(int(c))
	}
	return strings.Join(parts, sep)
}

// decimalMAC handles a known MAC as six decimal numbers with blanks between: 0 4 150 171 205 239.
func (s *scanner) decimalMAC(start int) bool {
	var m [6]byte
	if s.learn || s.data[min(len(s.data)-1, start+1)] > '9' {
		return false
	}
	end := numbers(s.data, start, " ", m[:])
	if end == 0 || start < s.done || !s.r.isMAC(m) {
		return false
	}
	s.r.mapMAC(&m)
	s.noAddr = end
	s.found(start, end, RuleMAC, joinDecimals(m[:], " "))
	return true
}

// clientID handles a known MAC behind the type of its hardware, as Cisco writes the client id
// of DHCP: 0100.0496.abcd.ef.
func (s *scanner) clientID(start int) bool {
	offsets := []int{2, 5, 7, 10, 12, 15}
	var m [6]byte
	for i, o := range offsets {
		m[i], _ = hex2(s.data[start+o:])
	}
	if s.learn || start < s.done || s.data[start] != '0' || s.data[start+1] != '1' || !s.r.isMAC(m) {
		return false
	}
	s.mapHexPairs(start, start+17, offsets)
	return true
}

// macInHex handles known MACs within a longer run of hex digits, such as the id of an SNMP
// engine (RFC 3411: 8000...03 and a MAC).
func (s *scanner) macInHex(start, end int) {
	if s.learn || (end-start)%2 != 0 {
		return
	}
	var m [6]byte
	for at := start; at+2 <= end; at += 2 {
		copy(m[:], m[1:])
		m[5], _ = hex2(s.data[at:])
		from := at - 10
		if from < start || from < s.done || !s.r.isMAC(m) {
			continue
		}
		s.mapHexPairs(from, from+12, []int{0, 2, 4, 6, 8, 10})
	}
}

// escapedNumbers handles known MACs and addresses as the bytes of a string: \x00\x04\x96...
func (s *scanner) escapedNumbers(start int) {
	var b []byte
	i := start
	for ; i+4 <= len(s.data) && len(b) < longestToken && s.data[i] == '\\' && s.data[i+1] == 'x'; i += 4 {
		c, ok := hex2(s.data[i+2:])
		if !ok {
			break
		}
		b = append(b, c)
	}
	s.noEscape = i
	for k := 0; k+4 <= len(b) && !s.learn; k++ {
		if start+4*k < s.done {
			continue
		}
		if k+16 <= len(b) && s.r.learnedAddress(netip.AddrFrom16([16]byte(b[k:k+16]))) {
			out := s.r.addresses.forward(netip.AddrFrom16([16]byte(b[k : k+16]))).As16()
			s.putEscaped(start+4*k, out[:], RuleIPv6)
			continue
		}
		if ip := netip.AddrFrom4([4]byte(b[k : k+4])); s.isIPv4(ip) {
			out := s.r.addresses.forward(ip).As4()
			s.putEscaped(start+4*k, out[:], RuleIPv4)
			continue
		}
		if k+6 <= len(b) && s.r.isMAC([6]byte(b[k:k+6])) {
			m := [6]byte(b[k : k+6])
			s.r.mapMAC(&m)
			s.putEscaped(start+4*k, m[:], RuleMAC)
		}
	}
}

// putEscaped writes bytes as the ones that stand at a place.
func (s *scanner) putEscaped(at int, b []byte, rule Rule) {
	var out []byte
	for i, c := range b {
		out = append(out, writeEscape(s.data[at+4*i:at+4*i+4], c)...)
	}
	s.found(at, at+4*len(b), rule, string(out))
}

// isIPv4 tells whether an address was learned, and is no version and none that says little
// as bytes. It is cheap for one that was not.
func (s *scanner) isIPv4(ip netip.Addr) bool {
	o := ip.As4()
	h := bloom4(o)
	return s.r.hexed[h>>6]>>(h&63)&1 == 1 && bytes.Count(o[:], []byte{0}) < 3 && s.r.learnedAddress(ip) && !s.r.isVersion(ip)
}

// pairs4 handles a known IPv4 address as four pairs of hex digits: b9:2c:71:4d, b9 2c 71 4d.
func (s *scanner) pairs4(start int) bool {
	const width = len("b9:2c:71:4d")
	if s.learn || start < s.done || start+width > len(s.data) {
		return false
	}
	var o [4]byte
	for i := range o {
		c, ok := hex2(s.data[start+3*i:])
		if !ok || i > 0 && s.data[start+3*i-1] != s.data[start+2] {
			return false
		}
		o[i] = c
	}
	ip, end := netip.AddrFrom4(o), start+width
	if end < len(s.data) && wordClass(s.data[end]) || !s.isIPv4(ip) {
		return false
	}
	sep := string(s.data[start+2 : start+3])
	out := s.r.addresses.forward(ip).As4()
	parts := make([]string, len(out))
	for i, c := range out {
		parts[i] = hexText([]byte{c}, s.data[start:end])
	}
	s.found(start, end, RuleIPv4, strings.Join(parts, sep))
	return true
}

// separators stand for the dots of an address that shall be no link, or be part of a name.
//
//nolint:gochecknoglobals // a table that is only read
var separators = []string{"_", "[.]", "(.)", "[dot]", "(dot)"}

// separated handles a known IPv4 address with others than dots: 185_44_113_77, 185[.]44[.]113[.]77,
// also where only some of its dots are.
func (s *scanner) separated(start int) bool {
	if s.learn || start < s.done {
		return false
	}
	var o [4]byte
	var seps [4]string // the last one stays empty
	at := start
	for k := range o {
		n := oneNumber(s.data[at:], &o[k])
		if n == 0 {
			return false
		}
		if at += n; k < len(o)-1 {
			if seps[k] = separatorAt(s.data[at:]); seps[k] == "" {
				return false
			}
			at += len(seps[k])
		}
	}
	ip := netip.AddrFrom4(o)
	if at < len(s.data) && wordClass(s.data[at]) || !s.isIPv4(ip) {
		return false
	}
	var text strings.Builder
	for k, c := range s.r.addresses.forward(ip).As4() {
		text.WriteString(strconv.Itoa(int(c)) + seps[k])
	}
	s.noAddr = at
	s.found(start, at, RuleIPv4, text.String())
	return true
}

// oneNumber reads a decimal number of a byte and gives its length; 0 where there is none.
func oneNumber(data []byte, into *byte) int {
	i, n := 0, 0
	for i < len(data) && i < 3 && isDigit(data[i]) {
		n = n*10 + int(data[i]-'0')
		i++
	}
	if n > 255 {
		return 0
	}
	*into = byte(n & 0xff)
	return i
}

func separatorAt(data []byte) string {
	if len(data) > 0 && data[0] == '.' {
		return "."
	}
	for _, sep := range separators {
		if bytes.HasPrefix(data, []byte(sep)) {
			return sep
		}
	}
	return ""
}

// shortPrefix handles the prefix of a known address without its last zeros, as BSD prints
// routes: 185.44.113/24.
func (s *scanner) shortPrefix(start int) bool {
	var o [4]byte
	at, n := start, 0
	for ; n < 3; n++ {
		if n > 0 {
			if at >= len(s.data) || s.data[at] != '.' {
				break
			}
			at++
		}
		k := oneNumber(s.data[at:], &o[n])
		if k == 0 {
			return false
		}
		at += k
	}
	bits := s.prefixLength(at, 32)
	if s.learn || start < s.done || n < 2 || bits <= 8*(n-1) || bits > 8*n || !s.r.learnedPrefix(netip.PrefixFrom(netip.AddrFrom4(o), 8*n)) {
		return false
	}
	out := s.r.addresses.network(netip.AddrFrom4(o), bits).As4()
	s.noAddr = at
	s.putAddress(start, at, RuleIPv4, joinDecimals(out[:n], "."))
	return true
}

// learnedPrefix tells whether an address was learned that begins with these octets.
func (r *Redactor) learnedPrefix(p netip.Prefix) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.prefixes[p]
}

// knownFrom tells whether a known IPv4 address begins here.
func (s *scanner) knownFrom(start int) bool {
	ip, _, _, n := readIPv4(s.data[start:])
	return n > 0 && s.isIPv4(ip)
}

// socket6 handles an address as /proc/net/tcp6 has it: words of four bytes, each with its
// least byte first.
func (s *scanner) socket6(start int, o [16]byte) {
	swap := func() {
		for i := 0; i < len(o); i += 4 {
			o[i], o[i+1], o[i+2], o[i+3] = o[i+3], o[i+2], o[i+1], o[i]
		}
	}
	swap()
	ip, rule := netip.AddrFrom16(o), RuleIPv6
	switch {
	case ip.Is4In6() && s.r.learnedAddress(ip.Unmap()):
		out := s.r.addresses.forward(ip.Unmap()).As4()
		copy(o[12:], out[:])
		rule = RuleIPv4
	case s.r.learnedAddress(ip):
		o = s.r.addresses.forward(ip).As16()
	default:
		return
	}
	swap()
	s.found(start, start+32, rule, hexText(o[:], s.data[start:start+32]))
}

// literal6 handles an IPv6 address as the name that Windows has for it: 2a05-10--7.ipv6-literal.net.
func (s *scanner) literal6(start int) bool {
	const domain = ".ipv6-literal.net"
	i := start
	for i < len(s.data) && i-start < 40 && (isHex(s.data[i]) || s.data[i] == '-') {
		i++
	}
	if i == len(s.data) || s.data[i] != '.' || start < s.done || len(s.data)-i < len(domain) || !sameLetters(s.data[i:i+len(domain)], domain) {
		return false
	}
	ip, err := netip.ParseAddr(strings.ReplaceAll(string(s.data[start:i]), "-", ":"))
	if err != nil {
		return false
	}
	if s.learn {
		s.r.noteAddress(ip)
	}
	s.noAddr = i
	s.putAddress(start, i, RuleIPv6, strings.ReplaceAll(s.r.addresses.forward(ip).String(), ":", "-"))
	return true
}
