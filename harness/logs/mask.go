package logs

import (
	"strings"
	"unicode/utf8"
)

// Mask puts a name for its kind where a text has a value: times, MAC addresses, IPv6, IPv4,
// interfaces, ESIs, route distinguishers and communities, AS numbers, VLANs and VNIs, process ids,
// hexadecimal numbers, durations, counters, asked in this order. What two lines of one message differ in
// is then mostly gone. Blanks that follow blanks are too.
func Mask(text string) string {
	m := masker{out: make([]byte, 0, len(text)+16)}
	for i := 0; i < len(text); {
		c := text[i]
		if !inWord(c) {
			if c == ' ' || c == '\t' {
				if n := len(m.out); n > 0 && m.out[n-1] != ' ' {
					m.out = append(m.out, ' ')
				}
			} else {
				m.out = append(m.out, c)
			}
			m.open = c
			i++
			continue
		}
		start, plain := i, true
		for i < len(text) && inWord(text[i]) {
			if c := text[i]; c <= '9' && c >= '0' || c == ':' {
				plain = false
			}
			i++
		}
		word := text[start:i]
		if plain {
			m.out = append(m.out, word...)
			m.before = word
			continue
		}
		m.word(word)
	}
	for n := len(m.out); n > 0 && m.out[n-1] == ' '; n-- {
		m.out = m.out[:n-1]
	}
	return string(m.out)
}

// masker is a text being masked.
type masker struct {
	out    []byte
	before string // the last word
	open   byte   // the last byte that is of no word
}

// inWord tells the bytes that values are made of.
func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '.' || c == ':' || c == '-' || c == '/' || c == '_' || c == '%' || c == '+' || c >= utf8.RuneSelf
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func hexDigit(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// word masks a word that has a digit or a colon. Stops and colons at its ends are none of it.
func (m *masker) word(w string) {
	end := len(w)
	for end > 0 && (w[end-1] == '.' || w[end-1] == '-' || w[end-1] == ':' && !strings.HasSuffix(w[:end], "::")) {
		end--
	}
	core, tail := w[:end], w[end:]
	m.out = append(m.out, m.kind(core)...)
	m.out = append(m.out, tail...)
	m.before = w
}

// kind is what stands for a word.
func (m *masker) kind(w string) string {
	if w == "" {
		return w
	}
	s := shapeOf(w)
	switch {
	case s.digits == 0 && s.colons < 2:
		return w
	case isTime(w, s):
		return "<TIME>"
	case isESI(w, s):
		return "<ESI>"
	case isMAC(w, s):
		return "<MAC>"
	case isIPv6(w, s):
		return "<IP6>"
	case isIPv4(w, s):
		return ipv4(w)
	case isInterface(w) || m.isPort(w, s):
		return "<IF>"
	case s.colons > 0 && s.digits+s.colons == len(w):
		return "<RD>"
	case len(w) > 2 && (w[:2] == "AS" || w[:2] == "as") && allDigits(w[2:]):
		return "<AS>"
	}
	return m.plain(w, s)
}

// plain is kind for what has no notation of its own, but for the word before it.
func (m *masker) plain(w string, s shape) string {
	if s.digits == len(w) {
		switch strings.ToLower(strings.TrimRight(m.before, ":.")) {
		case "as", "asn":
			return "<AS>"
		case "vlan", "vni", "i-sid", "isid", "vid":
			return "<VLAN>"
		}
		if m.open == '[' && len(m.out) > 1 && isLetter(m.out[len(m.out)-2]) {
			return "<PID>"
		}
	}
	switch {
	case isHex(w, s):
		return "<HEX>"
	case isDuration(w):
		return "<DUR>"
	case isNumber(w, s):
		return "<N>"
	}
	// "rstp.c:239", "line:7", "VTY:0x562ef73ee950"
	if i := strings.LastIndexByte(w, ':'); i > 0 {
		switch rest := w[i+1:]; {
		case allDigits(rest):
			return w[:i+1] + "<N>"
		case isHex(rest, shapeOf(rest)):
			return w[:i+1] + "<HEX>"
		}
	}
	return w
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// shape counts what a word is made of.
type shape struct {
	digits, hexes, colons, dots, slashes, dashes, others int // hexes are letters a to f
}

func shapeOf(w string) (s shape) {
	for i := range len(w) {
		switch c := w[i]; {
		case digit(c):
			s.digits++
		case hexDigit(c):
			s.hexes++
		case c == ':':
			s.colons++
		case c == '.':
			s.dots++
		case c == '/':
			s.slashes++
		case c == '-':
			s.dashes++
		default:
			s.others++
		}
	}
	return s
}

func allDigits(w string) bool {
	for i := range len(w) {
		if !digit(w[i]) {
			return false
		}
	}
	return w != ""
}

// isTime knows dates of three numbers, times of day, and both together.
func isTime(w string, s shape) bool {
	if len(w) < 8 || !digit(w[0]) || !digit(w[1]) {
		return false
	}
	if w[2] == ':' && w[5] == ':' { // hh:mm:ss.fff, but no MAC address
		_, rest, ok := clock(w)
		return ok && (rest == "" || rest[0] != ':' && s.colons == 2)
	}
	if len(w) < 10 {
		return false
	}
	if (w[4] == '-' || w[4] == '/') && w[7] == w[4] {
		_, ok := ymd(w)
		return ok
	}
	if w[2] == '/' && w[5] == '/' {
		return allDigits(w[3:5]) && allDigits(w[6:10])
	}
	return false
}

// groups reports whether a word is n groups of size hexadecimal digits.
func groups(w string, n, size int, separator byte) bool {
	if len(w) != n*(size+1)-1 {
		return false
	}
	for i := range len(w) {
		if (i+1)%(size+1) == 0 {
			if w[i] != separator {
				return false
			}
		} else if !hexDigit(w[i]) {
			return false
		}
	}
	return true
}

func isESI(w string, s shape) bool { return s.colons == 9 && groups(w, 10, 2, ':') }

func isMAC(w string, s shape) bool {
	return s.colons == 5 && groups(w, 6, 2, ':') || s.dashes == 5 && groups(w, 6, 2, '-') ||
		s.dots == 2 && groups(w, 3, 4, '.') || s.dashes == 2 && groups(w, 3, 4, '-')
}

func isIPv6(w string, s shape) bool {
	if s.colons < 2 {
		return false
	}
	w, _, _ = strings.Cut(w, "%")
	if i := strings.IndexByte(w, '/'); i >= 0 {
		if !allDigits(w[i+1:]) {
			return false
		}
		w = w[:i]
	}
	short := strings.Contains(w, "::")
	colons, run := 0, 0
	for i := range len(w) {
		switch c := w[i]; {
		case c == ':':
			colons++
			run = 0
		case hexDigit(c):
			if run++; run > 4 {
				return false
			}
		case c != '.':
			return false
		}
	}
	return short && colons <= 8 || colons == 7 && s.colons == 7
}

// isIPv4 knows four numbers with dots, and a length or a port behind them.
func isIPv4(w string, s shape) bool {
	if i := strings.IndexByte(w, '%'); i > 0 && allDigits(w[i+1:]) { // the number of an interface
		w = w[:i]
		s = shapeOf(w)
	}
	if s.dots != 3 || s.hexes+s.others+s.dashes > 0 || s.colons+s.slashes > 1 {
		return false
	}
	n, numbers := 0, 0
	for i := 0; i <= len(w); i++ {
		if i < len(w) && digit(w[i]) {
			if n++; n > 3 {
				return numbers == 4 && n < 6
			}
			continue
		}
		if n == 0 {
			return false
		}
		numbers++
		n = 0
	}
	return numbers == 4 || numbers == 5
}

func ipv4(w string) string {
	if strings.IndexByte(w, ':') > 0 {
		return "<IP>:<N>"
	}
	if strings.IndexByte(w, '/') > 0 {
		return "<IP>/<N>"
	}
	return "<IP>"
}

// interfaces are the names that systems give their interfaces, before the numbers.
var interfaces = map[string]bool{ //nolint:gochecknoglobals // a table
	"eth": true, "ens": true, "enp": true, "eno": true, "swp": true, "veth": true, "tap": true, "tun": true, "bond": true, "br": true, "br-": true,
	"lo": true, "dummy": true, "vlan": true, "vxlan": true, "vni": true, "vrrp": true, "wlan": true, "gre": true,
	"ge-": true, "xe-": true, "et-": true, "ae": true, "irb": true, "fxp": true, "em": true, "lo-": true,
	"Ethernet": true, "Eth": true, "GigabitEthernet": true, "Gi": true, "TenGigabitEthernet": true, "TenGigE": true, "Te": true,
	"FastEthernet": true, "Fa": true, "HundredGigE": true, "FortyGigabitEthernet": true, "Hu": true, "Management": true, "Ma": true, "mgmt": true,
	"Port-Channel": true, "Port-channel": true, "port-channel": true, "Po": true, "Vlan": true, "Loopback": true, "Lo": true, "Tunnel": true, "Bundle-Ether": true,
}

// isInterface knows a name of interfaces with its numbers.
func isInterface(w string) bool {
	i := strings.IndexAny(w, "0123456789")
	if i < 2 || i > 20 || !interfaces[w[:i]] {
		return false
	}
	for ; i < len(w); i++ {
		if c := w[i]; !digit(c) && c != '/' && c != '.' && c != ':' && c != 's' && c != 'n' && c != 'f' {
			return false
		}
	}
	return true
}

// isPort knows numbers of ports: three with slashes, or two where the word before says that one
// follows.
func (m *masker) isPort(w string, s shape) bool {
	if s.slashes == 2 && s.digits+s.slashes == len(w) {
		return digit(w[0]) && digit(w[len(w)-1])
	}
	if s.slashes+s.colons != 1 || s.digits != len(w)-1 {
		return false
	}
	switch strings.ToLower(strings.TrimRight(m.before, ":")) {
	case "port", "ports", "interface", "link", "member", "slot:port":
		return true
	}
	return false
}

func isHex(w string, s shape) bool {
	if len(w) > 2 && w[0] == '0' && (w[1] == 'x' || w[1] == 'X') {
		return true
	}
	return len(w) >= 8 && s.hexes > 0 && s.digits+s.hexes == len(w)
}

// isDuration knows a number with a unit of time, and several of these.
func isDuration(w string) bool {
	found := false
	for i := 0; i < len(w); found = true {
		from := i
		for i < len(w) && (digit(w[i]) || w[i] == '.') {
			i++
		}
		unit := i
		for i < len(w) && isLetter(w[i]) {
			i++
		}
		if unit == from || !isUnit(w[unit:i]) {
			return false
		}
		if i < len(w) && w[i] == ':' {
			i++
		}
	}
	return found
}

func isUnit(u string) bool {
	switch u {
	case "ns", "us", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "h", "hour", "hours", "d", "day", "days", "w", "week", "weeks":
		return true
	}
	return false
}

// isNumber knows numbers with a sign, a point or a percent, and versions.
func isNumber(w string, s shape) bool {
	w = strings.TrimLeft(w, "+-")
	w = strings.TrimSuffix(w, "%")
	return w != "" && digit(w[0]) && s.hexes == 0 && s.digits > 0 && strings.Trim(w, "0123456789.") == ""
}
