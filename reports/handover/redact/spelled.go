package redact

import (
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
		from, n := at, 0
		for at < len(data) && at-from < 3 && isDigit(data[at]) {
			n = n*10 + int(data[at]-'0')
			at++
		}
		if at == from || n > 255 || at < len(data) && wordClass(data[at]) {
			return 0
		}
		into[k] = byte(n & 0xff)
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
func (s *scanner) macInHex(start, end int) bool {
	if s.learn || (end-start)%2 != 0 {
		return false
	}
	var m [6]byte
	found := false
	for at := start; at+2 <= end; at += 2 {
		copy(m[:], m[1:])
		m[5], _ = hex2(s.data[at:])
		from := at - 10
		if from < start || from < s.done || !s.r.isMAC(m) {
			continue
		}
		s.mapHexPairs(from, from+12, []int{0, 2, 4, 6, 8, 10})
		found = true
	}
	return found
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
