package redact

import (
	"bytes"
	"net/netip"
	"strings"
)

// splits finds known values that the end of a line cuts in two: by the bytes on both sides.
type splits struct {
	pairs [1 << 10]uint64 // of the byte before a cut and the one after
	maybe [1 << 12]uint64
	by    map[uint32][]splitValue
}

type splitValue struct {
	entry

	at    int // where it is cut
	loose bool
}

// shortestSplit is the shortest value that is looked for across the end of a line.
const shortestSplit = 6

// sideKey folds the last bytes of the left side and the first of the right one.
func sideKey(left, right []byte) uint32 {
	h := uint32(hashBasis)
	for _, side := range [][]byte{left, right} {
		for _, c := range side {
			h = (h ^ uint32(classes[c]>>hashShift)) * hashPrime
		}
		h = (h ^ 0xff) * hashPrime
	}
	return h
}

func (p *splits) add(e entry, loose bool) {
	n := len(e.match)
	if n < shortestSplit || n > cacheLongest {
		return
	}
	if p.by == nil {
		p.by = map[uint32][]splitValue{}
	}
	v := []byte(e.match)
	for at := 1; at < n; at++ {
		h := sideKey(v[max(0, at-2):at], v[at:min(n, at+2)])
		p.by[h] = append(p.by[h], splitValue{e, at, loose})
		q := uint32(classes[v[at-1]]>>hashShift)<<8 | uint32(classes[v[at]]>>hashShift)
		p.pairs[q>>6] |= 1 << (q & 63)
		h ^= h >> 16
		p.maybe[h>>6&0xfff] |= 1 << (h & 63)
	}
}

func (p *splits) list(left, right []byte) []splitValue {
	h := sideKey(left, right)
	if g := h ^ h>>16; p.maybe[g>>6&0xfff]>>(g&63)&1 == 0 {
		return nil
	}
	return p.by[h]
}

// search looks for a value that goes on at right after it broke off at left.
func (p *splits) search(data []byte, left, right int) (splitValue, bool) {
	if left < 1 || right >= len(data) || !p.mayJoin(data[left-1], data[right]) {
		return splitValue{}, false
	}
	for _, side := range [][2]int{{2, 2}, {1, 2}, {2, 1}} {
		if left < side[0] || right+side[1] > len(data) {
			continue
		}
		for _, v := range p.list(data[left-side[0]:left], data[right:right+side[1]]) {
			if v.standsAcross(data, left, right) {
				return v, true
			}
		}
	}
	return splitValue{}, false
}

func (v splitValue) standsAcross(data []byte, left, right int) bool {
	start, end := left-v.at, right+len(v.match)-v.at
	if start < 0 || end > len(data) {
		return false
	}
	head, tail := data[start:left], data[right:end]
	if !v.same(head, v.match[:v.at]) || !v.same(tail, v.match[v.at:]) {
		return false
	}
	return v.loose || (start == 0 || !wordClass(data[start-1]) || !wordClass(data[start])) && (end == len(data) || !wordClass(data[end]) || !wordClass(data[end-1]))
}

func (e entry) same(got []byte, want string) bool {
	return string(got) == want || len(got) == len(want) && sameLetters(got, want)
}

// newLine begins a line at the byte after i, and looks at what its end cuts in two.
func (s *scanner) newLine(i int) {
	begin := s.line
	s.line = i + 1
	if c := s.data[min(i+1, len(s.data)-1)]; c == '<' || c == '*' || c == '.' || c >= '1' && c <= '2' || c >= 'A' && c <= 'S' {
		s.head(i + 1)
	}
	if pieceAt(s.data[i+1:]) > 0 && s.depth < 2 {
		s.note(kindPieces, i+1)
	}
	if c := s.data[min(i+1, len(s.data)-1)]; (c == ' ' || c == '\t') && isMailHead(s.data[begin:i]) && s.depth < 2 {
		s.note(kindFolded, begin)
	}
	left := i
	if left > 0 && s.data[left-1] == '\r' {
		left--
	}
	if left == 0 || s.data[left-1] <= ' ' || s.learn {
		return
	}
	right := i + 1 + prefixed(s.data[begin:i], s.data[i+1:])
	if right < len(s.data) && s.data[right] > ' ' && !s.d.splits.mayJoin(s.data[left-1], s.data[right]) &&
		!isAddressByte(s.data[left-1]) && s.data[left-1] != '=' && s.data[left-1] != '\\' {
		return
	}
	s.broken(left, right)
}

// prefixed is the length of the marks that both a line and the next one begin with: of a quoted mail, a difference, a comment.
func prefixed(line, next []byte) int {
	n := 0
	for n < len(line) && n < len(next) && line[n] == next[n] && strings.IndexByte(">|+-#/*!;: \t", line[n]) >= 0 {
		n++
	}
	return n
}

// mayJoin tells whether a value has these two bytes beside each other.
func (p *splits) mayJoin(a, b byte) bool {
	q := uint32(classes[a]>>hashShift)<<8 | uint32(classes[b]>>hashShift)
	return p.pairs[q>>6]>>(q&63)&1 == 1
}

// broken looks at text that breaks off at left and goes on at right, or behind a blank
// there; a = or \ at its end may be a mark of that.
func (s *scanner) broken(left, right int) {
	for right < len(s.data) && (s.data[right] == ' ' || s.data[right] == '\t') {
		right++
	}
	if right >= len(s.data) || s.data[right] <= ' ' {
		return
	}
	s.across(left, right)
	if c := s.data[left-1]; c == '=' || c == '\\' {
		s.across(left-1, right)
	}
	if left > 1 && s.data[left-1] == '-' && letter(s.data[left-2]) && letter(s.data[right]) && !s.learn { // as a page sets it
		s.parted(left-1, right)
	}
}

func (s *scanner) across(left, right int) {
	if s.learn {
		return
	}
	if s.parted(left, right) {
		return
	}
	if left > 0 && s.data[left-1] != '-' && isAddressByte(s.data[right]) && isAddressByte(s.data[left-1]) {
		s.brokenAddress(left, right)
	}
}

// parted replaces a known value that breaks off at left and goes on at right.
func (s *scanner) parted(left, right int) bool {
	v, ok := s.d.splits.search(s.data, left, right)
	if ok {
		with := v.cased(string(s.data[left-v.at:left]) + string(s.data[right:right+len(v.match)-v.at]))
		s.halves(left-v.at, left, right, right+len(v.match)-v.at, with, v.rule)
	}
	return ok
}

// halves replaces a value in two parts.
func (s *scanner) halves(start, left, right, end int, with string, rule Rule) {
	if rule == RuleSecret {
		rule = RuleValue
	}
	n := min(left-start, len(with))
	s.split = append(s.split, edit{start, left, with[:n], rule}, edit{right, end, with[n:], ""})
}

func isAddressByte(c byte) bool { return isHex(c) || c == '.' || c == ':' || c == '-' }

// brokenAddress replaces an address that is known whole.
func (s *scanner) brokenAddress(left, right int) {
	start, end := left, right
	for start > 0 && left-start < 40 && isAddressByte(s.data[start-1]) {
		start--
	}
	for end < len(s.data) && end-right < 40 && isAddressByte(s.data[end]) {
		end++
	}
	if left-start+end-right < len("1.1.1.1") {
		return
	}
	text := strings.TrimRight(string(s.data[start:left])+string(s.data[right:end]), ".:-")
	end = right + len(text) - (left - start)
	if end <= right || start > 0 && wordClass(s.data[start-1]) || end < len(s.data) && wordClass(s.data[end]) {
		return
	}
	if ip, err := netip.ParseAddr(text); err == nil {
		if s.r.learnedAddress(ip) {
			s.halves(start, left, right, end, s.r.addresses.forward(ip).String(), ruleOf(ip))
		}
		return
	}
	if m, ok := macOf(text); ok && s.r.learnedMAC(m) {
		in := scanner{r: s.r, d: s.d, data: []byte(text)}
		in.scan()
		s.halves(start, left, right, end, string(apply(in.data, in.edits)), RuleMAC)
	}
}

func ruleOf(ip netip.Addr) Rule {
	if ip.Is4() {
		return RuleIPv4
	}
	return RuleIPv6
}

// macOf reads a MAC in any of its forms.
func macOf(text string) (m [6]byte, ok bool) {
	digits := 0
	for i := range len(text) {
		switch c := text[i]; {
		case !isHex(c):
			if strings.IndexByte(":-. ", c) < 0 {
				return m, false
			}
		case digits == 12:
			return m, false
		default:
			m[digits/2] = m[digits/2]<<4 | hexValue(c)
			digits++
		}
	}
	return m, digits == 12
}

// joined is a text without its line ends, and without the marks that join lines, for the
// gate: where it went on says where each end was.
func joined(data []byte) (text []byte, ends []int) {
	text = make([]byte, 0, len(data))
	marks := 0
	for len(data) > 0 {
		n := bytes.IndexByte(data, '\n')
		if n < 0 {
			return append(text, bytes.TrimLeft(data[marks:], " \t")...), ends
		}
		line := bytes.TrimLeft(bytes.TrimRight(data[:n], "\r")[min(marks, n):], " \t")
		marks = prefixed(data[:n], data[n+1:])
		data = data[n+1:]
		text = append(text, line...)
		ends = append(ends, len(text))
	}
	return text, ends
}
