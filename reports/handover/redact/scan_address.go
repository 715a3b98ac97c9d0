package redact

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// address looks at a hex run with a dot, colon, dash or backslash after it.
func (s *scanner) address(start, end int, decimal bool) {
	data := s.data
	if start > 0 {
		switch prev := data[start-1]; {
		case prev == '.' && start > 1 && isHex(data[start-2]) && data[end] == ':' && macAt(data[start:]):
			s.colons(start) // behind the priority of a bridge: 32768.00:04:96:ab:cd:17
			return
		case prev == '.' && start > 1 && wordClass(data[start-2]):
			if decimal && data[end] == '.' && !s.indexed(start) { // iso.3.6.1...
				s.skipDots(start)
			}
			return // further on in an OID, a version or a name
		case prev == ':' && start > 1 && data[start-2] == ':':
			if data[end] != '-' && (start == 2 || !wordClass(data[start-3])) {
				s.colons(start - 2)
			}
			return
		}
	}
	switch data[end] {
	case '.':
		if end-start <= 3 && end+2 < len(data) && isHex(data[end+1]) && s.reversed(start) {
			return
		}
		if decimal && end-start <= 3 && s.dotted(start) {
			return
		}
		if !decimal && end-start <= 4 {
			s.glued(start, end)
		}
		if end-start == 4 || end-start == 2 {
			s.dottedHex(start)
		}
	case '_', '[', '(':
		if decimal && end-start <= 3 {
			s.separated(start)
		}
	case '\\':
		if decimal && end-start <= 3 {
			s.dotted(start)
		}
	case ' ':
		if decimal && end-start <= 3 && s.decimalMAC(start) {
			return
		}
		if end+2 < len(data) && isHex(data[end+1]) && isHex(data[end+2]) {
			s.spaced(start, end)
		}
	case ':':
		if end+1 < len(data) && (data[end+1] == ':' || isHex(data[end+1])) {
			s.colons(start)
		}
	case '-':
		if s.literal6(start) {
			return
		}
		if end-start == 2 || end-start == 4 {
			s.dashedMAC(start, end-start)
			if end+18 <= len(data) && data[end+6] == '-' && data[end+15] == '-' {
				s.note(kindGroups, start)
			}
		}
		if decimal && end-start <= 3 && start >= s.done {
			s.dashedIPv4(start)
		}
	}
}

// macAt tells whether b begins with six groups of one or two hex digits with colons between, and no more.
func macAt(b []byte) bool {
	i := 0
	for n := range 6 {
		from := i
		for i < len(b) && i-from < 2 && isHex(b[i]) {
			i++
		}
		if i == from || n < 5 && (i >= len(b) || b[i] != ':') {
			return false
		}
		if n < 5 {
			i++
		}
	}
	return !wordAt(b, i) && (i == len(b) || b[i] != ':')
}

// parseIPv4 reads an address with dots that may be escaped. It gives its length and, when
// /n follows, the number; else -1. Octets may have leading zeros.
func parseIPv4(b []byte) (ip netip.Addr, bits int, ok bool) {
	ip, _, bits, n := readIPv4(b)
	return ip, bits, n > 0 && n == len(b)
}

func readIPv4(b []byte) (ip netip.Addr, sep string, bits, n int) {
	var o [4]byte
	i := 0
	for k := range o {
		if k > 0 {
			from := i
			for i < len(b) && b[i] == '\\' && i-from < 2 {
				i++
			}
			if i >= len(b) || b[i] != '.' {
				return ip, "", -1, 0
			}
			i++
			if k == 1 {
				sep = string(b[from:i])
			} else if string(b[from:i]) != sep {
				return ip, "", -1, 0
			}
		}
		v, from := 0, i
		for i < len(b) && i-from < 3 && b[i] >= '0' && b[i] <= '9' {
			v = v*10 + int(b[i]-'0')
			i++
		}
		if i == from || v > 255 {
			return ip, "", -1, 0
		}
		o[k] = byte(v)
	}
	if wordAt(b, i) {
		return ip, "", -1, 0
	}
	if i+1 < len(b) && b[i] == '.' && wordClass(b[i+1]) && !arpa(b[i+1:]) {
		return ip, "", -1, 0
	}
	return netip.AddrFrom4(o), sep, -1, i
}

func arpa(b []byte) bool { return bytes.HasPrefix(b, []byte("in-addr.arpa")) }

// dotted handles an IPv4 address at start.
func (s *scanner) dotted(start int) bool {
	ip, sep, _, n := readIPv4(s.data[start:])
	if n == 0 {
		if s.portAfter(start) || s.shortPrefix(start) || s.separated(start) {
			return true
		}
		s.skipDots(start)
		return false
	}
	end := start + n
	s.noAddr = end
	if s.isVersion(start, end, ip) {
		return true
	}
	if end < len(s.data) && s.data[end] == '.' && arpa(s.data[end+1:]) {
		o := ip.As4()
		out := s.r.addresses.forward(netip.AddrFrom4([4]byte{o[3], o[2], o[1], o[0]})).As4()
		s.putAddress(start, end, RuleIPv4, netip.AddrFrom4([4]byte{out[3], out[2], out[1], out[0]}).String())
		return true
	}
	bits := s.prefixLength(end, 32)
	if bits < 0 {
		bits = s.maskAfter(end)
	}
	s.noteNetwork(ip, bits)
	if s.learn {
		s.r.noteAddress(ip)
	}
	out := s.r.addresses.network(ip, bits)
	if out == ip {
		return true
	}
	text := out.String()
	if sep != "." {
		text = strings.ReplaceAll(text, ".", sep)
	}
	s.putAddress(start, end, RuleIPv4, text)
	return true
}

// portAfter handles 192.0.2.7.179, as tcpdump and OIDs of sockets write an address and its
// port, and an address that begins the name of a host.
func (s *scanner) portAfter(start int) bool {
	data := s.data
	i, dots := start, 0
	for i < len(data) && (isDigit(data[i]) || data[i] == '.') {
		if data[i] == '.' {
			if dots++; dots == 4 {
				break
			}
		}
		i++
	}
	if dots != 4 || i+1 >= len(data) || !wordClass(data[i+1]) {
		return false
	}
	ip, _, _, n := readIPv4(data[start:i])
	if n != i-start {
		return false
	}
	end := i + 1
	for end < len(data) && isDigit(data[end]) {
		end++
	}
	switch {
	case end == i+1: // a letter
		if !s.r.learnedAddress(ip) || s.r.isVersion(ip) {
			return false
		}
	case end < len(data) && (wordAt(data, end) || data[end] == '.' && end+1 < len(data) && isDigit(data[end+1])):
		return false
	case !bytes.HasPrefix(data[end:], []byte(" > ")) && !bytes.HasSuffix(data[max(s.line, start-4):start], []byte(" > ")) && !s.r.learnedAddress(ip):
		return false
	}
	if s.learn {
		s.r.noteAddress(ip)
	}
	s.noAddr = end
	if out := s.r.addresses.forward(ip); out != ip {
		s.putAddress(start, i, RuleIPv4, out.String())
	}
	return true
}

// indexed handles a known address in the index of an object: ipAdEntAddr.192.0.2.7.
func (s *scanner) indexed(start int) bool {
	ip, _, _, n := readIPv4(s.data[start:])
	if n == 0 {
		return s.portAfter(start)
	}
	return s.r.learnedAddress(ip) && !s.r.isVersion(ip) && s.dotted(start)
}

func (s *scanner) noteNetwork(ip netip.Addr, bits int) {
	if s.learn && bits >= 0 {
		if _, zero := hostFill(ip, bits); zero && bits < keptFrom(ip) {
			s.r.addresses.note(ip, bits)
		}
	}
}

// skipDots goes over a run of numbers and dots that is no address, such as an OID.
func (s *scanner) skipDots(start int) {
	i := start
	for i < len(s.data) && (s.data[i] == '.' || s.data[i] >= '0' && s.data[i] <= '9') {
		i++
	}
	if k := bytes.LastIndexByte(s.data[start:i], '.'); k > 0 && i < len(s.data) && s.data[i] == ':' && macAt(s.data[start+k+1:]) {
		i = start + k + 1
	}
	if dots := bytes.Count(s.data[start:i], []byte(".")); dots > 4 || dots == 4 && s.symbolic(start) {
		s.oid(start, i)
		s.note(kindOID, start)
	}
	s.noAddr = max(s.noAddr, i)
}

// oid maps known addresses in the index of an OID: IPv4 ones and MACs.
func (s *scanner) oid(start, end int) {
	if s.learn {
		return
	}
	data := s.data[:end]
	var o []byte
	var at []int
	flush := func(next int) {
		if len(o) < 6 {
			return
		}
		if m := [6]byte(o[len(o)-6:]); s.r.learnedMAC(m) && at[len(at)-6] >= s.done {
			out := m
			s.r.mapMAC(&out)
			parts := make([]string, 6)
			for i, c := range out {
				parts[i] = decimal(c)
			}
			s.found(at[len(at)-6], next, RuleMAC, strings.Join(parts, "."))
			o, at = o[:0], at[:0]
		}
	}
	for i := start; i < end; {
		from, n := i, 0
		for i < end && data[i] != '.' && i-from < 10 {
			n = n*10 + int(data[i]-'0')
			i++
		}
		if n > 255 || i == from {
			o, at = o[:0], at[:0]
		} else {
			o, at = append(o, byte(n&0xff)), append(at, from)
			flush(i)
		}
		if len(o) >= 4 {
			ip := netip.AddrFrom4([4]byte(o[len(o)-4:]))
			if first := at[len(at)-4]; first >= s.done && (first > start+8 || first > start && s.symbolic(start)) && s.r.learnedAddress(ip) {
				if out := s.r.addresses.forward(ip); out != ip {
					s.found(first, i, RuleIPv4, out.String())
					o, at = o[:0], at[:0]
				}
			}
		}
		i++
	}
}

// prefixLength reads /n at pos; -1 when there is none.
func (s *scanner) prefixLength(pos, most int) int {
	if pos+1 >= len(s.data) || s.data[pos] != '/' {
		return -1
	}
	end := pos + 1
	for end < len(s.data) && end-pos <= 3 && s.data[end] >= '0' && s.data[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(s.data[pos+1 : end]))
	if err != nil || n > most {
		return -1
	}
	return n
}

// maskAfter reads a mask or wildcard in the next field.
func (s *scanner) maskAfter(pos int) int {
	from := pos
	for pos < len(s.data) && pos-from < 24 && (s.data[pos] == ' ' || s.data[pos] == '\t') {
		pos++
	}
	if bytes.HasPrefix(s.data[pos:], []byte("mask ")) {
		pos += len("mask ")
	}
	if pos == from || pos >= len(s.data) || s.data[pos] < '0' || s.data[pos] > '9' {
		return -1
	}
	ip, _, _, n := readIPv4(s.data[pos:])
	if n == 0 {
		return -1
	}
	o := ip.As4()
	switch {
	case o[0] == 255 && isMask(o):
		return onesIn(o)
	case o[0] == 0 && (o[1]|o[2]|o[3]) != 0 && isMask([4]byte{^o[0], ^o[1], ^o[2], ^o[3]}):
		return 32 - onesIn(o)
	}
	return -1
}

func onesIn(o [4]byte) int {
	n := 0
	for _, b := range o {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	return n
}

// putAddress replaces an address. In columns it takes from or gives to the spaces after,
// so that tables stay tables.
func (s *scanner) putAddress(start, end int, rule Rule, with string) {
	if start < s.done {
		return
	}
	grow := len(with) - (end - start)
	if s.sameLength {
		with = fitAddress(string(s.data[start:end]), with)
	} else if grow != 0 {
		tail := end
		for tail < len(s.data) && tail-end < 4 && (s.data[tail] == '/' || s.data[tail] >= '0' && s.data[tail] <= '9') {
			tail++
		}
		spaces := tail
		for spaces < len(s.data) && s.data[spaces] == ' ' {
			spaces++
		}
		if room := spaces - tail - 1; room > 0 && (spaces == len(s.data) || s.data[spaces] > ' ') {
			with += string(s.data[end:tail])
			end = tail + max(0, min(grow, room))
			with += strings.Repeat(" ", max(0, -grow))
		}
	}
	s.found(start, end, rule, with)
}

// fitAddress gives the replacement in the length of the original, for packets. A shorter
// one is filled with zeros; one that is longer cannot stand there and becomes all zeros.
func fitAddress(old, with string) string {
	if len(with) == len(old) {
		return with
	}
	if i := strings.LastIndexAny(with, ".:"); len(with) < len(old) && i >= 0 {
		return with[:i+1] + strings.Repeat("0", len(old)-len(with)) + with[i+1:]
	}
	out := []byte(old)
	for i, c := range out {
		if wordClass(c) {
			out[i] = '0'
		}
	}
	return string(out)
}

// colons handles a MAC or an IPv6 address at start.
func (s *scanner) colons(start int) {
	data := s.data
	i, colons, dots, double := start, 0, 0, false
	for i < len(data) && i-start < 200 {
		switch c := data[i]; {
		case c == ':':
			colons++
			double = double || i > start && data[i-1] == ':'
		case c == '.':
			dots++
		case !isHex(c):
			goto end
		}
		i++
	}
end:
	for i > start && data[i-1] == '.' && (i == len(data) || !wordAt(data, i)) { // of a sentence
		i--
		dots--
	}
	run := data[start:i]
	s.noAddr = max(s.noAddr, start+max(1, bytes.LastIndexByte(run, ':')))
	if !double && dots > 0 && colons < 6 { // a time with parts of a second, a port with an address
		last := bytes.LastIndexByte(run, ':') + 1
		if colons == 1 || dots == 3 {
			s.noAddr = start + last
		} else {
			s.noAddr = i
		}
		return
	}
	if wordAt(data, i) && !double { // hours and minutes, port lists, names
		return
	}
	if !double && colons >= 5 && (s.groups(start, i) || colons == 5 && s.shortMAC(start, i)) {
		return
	}
	if !double && colons == 3 && s.pairs4(start) {
		return
	}
	if !double && colons < 7 && (dots == 0 || colons < 6) {
		return
	}
	s.ipv6(start, i)
}

// groups handles runs of two hex digits: a MAC, a bridge id (two bytes and a MAC), or
// longer ones, which are keys or identifiers.
func (s *scanner) groups(start, end int) bool {
	n := 0
	for i := start; i+2 <= end && isHex(s.data[i]) && isHex(s.data[i+1]); i += 3 {
		n++
		if i+2 >= end || s.data[i+2] != s.data[start+2] {
			break
		}
		if i+3 >= end || !isHex(s.data[i+3]) {
			break
		}
	}
	stop := start + n*3 - 1
	if n < 6 || stop < len(s.data) && isHex(s.data[stop]) {
		return false
	}
	s.noAddr = stop
	switch {
	case n == 8 && s.data[start+9]|0x20 == 'f' && strings.EqualFold(string(s.data[start+9:start+14]), "ff"+s.data2(start+11)+"fe"):
		s.putMAC(start, stop, []int{0, 3, 6, 15, 18, 21})
	case n == 8:
		s.putMAC(start+6, stop, nil)
	case n == 7 && s.data2(start) == "0" && s.data2(start+1) == "1": // a client id of DHCP: Ethernet and its MAC
		s.note(kindGroups, start)
		s.putMAC(start+3, stop, nil)
	case n == 6 || n == 7:
		s.note(kindGroups, start)
		s.putMAC(start, start+17, nil)
	case n > 8 && n < 16:
		s.note(kindGroups, start)
		s.putMAC(stop-17, stop, nil)
	default:
		s.note(kindGroups, start)
		s.found(start, stop, RuleSecret, s.r.shapes.forward(string(s.data[start:stop])))
	}
	return true
}

// shortMAC handles a MAC without leading zeros, 0:4:96:ab:cd:ef, as SNMP prints it, where it is known, and as iproute2 does
// behind the priority of a bridge.
func (s *scanner) shortMAC(start, end int) bool {
	if s.learn {
		return false
	}
	var m [6]byte
	parts := strings.Split(string(s.data[start:end]), ":")
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(parts) != len(m) {
			return false
		}
		m[i] = byte(n & 0xff)
	}
	if !s.r.learnedMAC(m) && (start == 0 || s.data[start-1] != '.') { // behind a priority it is one
		return false
	}
	s.r.mapMAC(&m)
	for i, b := range m {
		parts[i] = strconv.FormatUint(uint64(b), 16)
	}
	text := strings.Join(parts, ":")
	if strings.ContainsAny(string(s.data[start:end]), "ABCDEF") {
		text = strings.ToUpper(text)
	}
	s.found(start, end, RuleMAC, text)
	return true
}

func (s *scanner) data2(at int) string { return string(s.data[at : at+1]) }

// putMAC maps the six bytes whose hex pairs are at these offsets (by default every third).
func (s *scanner) putMAC(start, end int, offsets []int) {
	if offsets == nil {
		offsets = []int{0, 3, 6, 9, 12, 15}
	}
	s.mapHexPairs(start, end, offsets)
}

func (s *scanner) mapHexPairs(start, end int, offsets []int) {
	var m [6]byte
	for i, o := range offsets {
		m[i] = hexValue(s.data[start+o])<<4 | hexValue(s.data[start+o+1])
	}
	if s.learn {
		s.r.noteMAC(m)
	}
	out := m
	s.r.mapMAC(&out)
	if out == m {
		s.done = max(s.done, end)
		return
	}
	digits := "0123456789abcdef"
	if bytes.ContainsAny(s.data[start:end], "ABCDEF") {
		digits = "0123456789ABCDEF"
	}
	text := []byte(string(s.data[start:end]))
	for i, o := range offsets {
		if out[i] != m[i] {
			text[o], text[o+1] = digits[out[i]>>4], digits[out[i]&15]
		}
	}
	s.found(start, end, RuleMAC, string(text))
}

// ipv6 handles an IPv6 address in data[start:end], which may have more after it.
func (s *scanner) ipv6(start, end int) {
	run := s.data[start:end]
	for len(run) > 0 && (run[len(run)-1] == '.' || run[len(run)-1] == ':' && !bytes.HasSuffix(run, []byte("::"))) {
		run = run[:len(run)-1]
	}
	end = start + len(run)
	if wordAt(s.data, end) || !bytes.ContainsAny(run, "0123456789") && string(run) != "::" {
		return
	}
	ip, err := netip.ParseAddr(string(run))
	if err != nil {
		s.noAddr = max(s.noAddr, start+1)
		return
	}
	s.noAddr = end
	bits := s.prefixLength(end, 128)
	s.noteNetwork(ip, bits)
	if s.learn {
		s.r.noteAddress(ip)
	}
	out := s.r.addresses.network(ip, bits)
	if out == ip {
		s.done = max(s.done, end)
		return
	}
	text := out.String()
	if bytes.IndexByte(run, '.') < 0 && out.Is4In6() {
		o := out.As4()
		text = "::ffff:" + strconv.FormatUint(uint64(o[0])<<8|uint64(o[1]), 16) + ":" + strconv.FormatUint(uint64(o[2])<<8|uint64(o[3]), 16)
	}
	if !bytes.Contains(run, []byte("::")) && strings.Count(string(run), ":") == 7 && out.Is6() {
		text = spelledOut(out, len(run) == 39)
	}
	if bytes.ContainsAny(run, "ABCDEF") {
		text = strings.ToUpper(text)
	}
	s.putAddress(start, end, RuleIPv6, text)
}

// spelledOut writes an address with all eight groups, as the original had.
func spelledOut(ip netip.Addr, padded bool) string {
	if padded {
		return ip.StringExpanded()
	}
	o := ip.As16()
	parts := make([]string, 8)
	for i := range parts {
		parts[i] = strconv.FormatUint(uint64(o[2*i])<<8|uint64(o[2*i+1]), 16)
	}
	return strings.Join(parts, ":")
}

// dottedHex handles aabb.ccdd.eeff and ISO addresses, 49.0001.aabb.ccdd.eeff.00.
// symbolic tells whether numbers at start are the index behind the name of an object: ipNetToMediaPhysAddress.3.10.0.0.1.
func (s *scanner) symbolic(start int) bool {
	return start > 1 && s.data[start-1] == '.' && letter(s.data[start-2])
}

func (s *scanner) dottedHex(start int) {
	i := start
	var groups []int
	for {
		from := i
		for i < len(s.data) && isHex(s.data[i]) {
			i++
		}
		if i-from != 4 && i-from != 2 {
			if len(groups) > 0 && from > start {
				i = from - 1
			}
			break
		}
		groups = append(groups, from)
		if i+1 >= len(s.data) || s.data[i] != '.' || !isHex(s.data[i+1]) || len(groups) > 12 {
			break
		}
		i++
	}
	end := i
	if wordAt(s.data, end) {
		return
	}
	four := 0 // the last three groups of four digits are the system
	last := 0
	for k, g := range groups {
		width := end - g
		if k+1 < len(groups) {
			width = groups[k+1] - 1 - g
		}
		if width == 4 {
			four++
			last = k
		}
	}
	s.noAddr = max(s.noAddr, end)
	if len(groups) == 4 && four == 3 && end-groups[3] == 2 && s.clientID(start) {
		return
	}
	if four < 3 || last < 2 || groups[last]-groups[last-2] != 10 {
		return
	}
	at := groups[last-2]
	if s.decimalSystem(at) {
		return
	}
	s.mapHexPairs(at, at+14, []int{0, 2, 5, 7, 10, 12})
}

// decimalSystem handles a system id that is an IPv4 address in decimal, 1921.6800.1001.
func (s *scanner) decimalSystem(at int) bool {
	digits := bytes.ReplaceAll(s.data[at:at+14], []byte("."), nil)
	var o [4]byte
	for i := range o {
		n, err := strconv.ParseUint(string(digits[3*i:3*i+3]), 10, 8)
		if err != nil {
			return false
		}
		o[i] = byte(n)
	}
	if o[0] == 0 || o[0] >= 224 {
		return false
	}
	out := s.r.addresses.forward(netip.AddrFrom4(o)).As4()
	var b strings.Builder
	for _, v := range out {
		b.WriteString(pad3(v))
	}
	t := b.String()
	s.found(at, at+14, RuleIPv4, t[:4]+"."+t[4:8]+"."+t[8:])
	return true
}

func pad3(v byte) string {
	t := strconv.Itoa(int(v))
	return "000"[:3-len(t)] + t
}

// dashedMAC handles aa-bb-cc-dd-ee-ff and aabb-ccdd-eeff.
func (s *scanner) dashedMAC(start, width int) {
	n := 12 / width
	end := start + n*width + n - 1
	if end > len(s.data) || wordAt(s.data, end) || s.goesOn(end, width) || start > 1 && s.data[start-1] == '-' && isHex(s.data[start-2]) {
		return
	}
	for i := range n {
		at := start + i*(width+1)
		for k := range width {
			if !isHex(s.data[at+k]) {
				return
			}
		}
		if i < n-1 && s.data[at+width] != '-' {
			return
		}
	}
	s.noAddr = end
	if width == 2 {
		s.putMAC(start, end, nil)
		return
	}
	if strings.ContainsAny(strings.ToLower(string(s.data[start:end])), "abcdef") {
		s.mapHexPairs(start, end, []int{0, 2, 5, 7, 10, 12})
	}
}

// goesOn tells whether a dash and one more group of hex stand at end.
func (s *scanner) goesOn(end, width int) bool {
	stop := end + 1 + width
	return stop <= len(s.data) && s.data[end] == '-' && allHex(s.data[end+1:stop]) && (stop == len(s.data) || !wordAt(s.data, stop))
}

// dashedIPv4 handles names such as dhcp-192-168-0-66: private addresses with dashes.
func (s *scanner) dashedIPv4(start int) {
	end, dashes := start, 0
	for end < len(s.data) && end-start < 16 && (s.data[end] == '-' || s.data[end] >= '0' && s.data[end] <= '9') {
		if s.data[end] == '-' {
			dashes++
		}
		end++
	}
	if dashes != 3 || wordAt(s.data, end) {
		return
	}
	ip, err := netip.ParseAddr(strings.ReplaceAll(string(s.data[start:end]), "-", "."))
	if err != nil || !ip.IsPrivate() && !s.r.knownAddress(ip) && !s.nameOfAddress(start, end) {
		return
	}
	if out := s.r.addresses.forward(ip); out != ip {
		s.putAddress(start, end, RuleIPv4, strings.ReplaceAll(out.String(), ".", "-"))
	}
}
