package redact

import (
	"bytes"
	"encoding/ascii85"
	"regexp"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// Lines of uuencode (POSIX, uuencode): the number of bytes and four letters for three of them, each 32 and more.
const (
	uuFull  = 45 // bytes of a whole line, which begins with M
	uuFirst = ' '
	uuLast  = '`'
)

// uuHead is the line before the first of uuencode.
var uuHead = regexp.MustCompile(`^begin [0-7]{3,4} \S`)

// armour notes what is written as uuencode or ascii85, and rows of dumps, line by line.
func (s *scanner) armour() {
	if s.depth >= maxReadings {
		return
	}
	rows := -1
	for at := 0; at < len(s.data); {
		end := len(s.data)
		if n := bytes.IndexByte(s.data[at:], '\n'); n >= 0 {
			end = at + n
		}
		line := s.data[at:end]
		if uuBegins(s.data, at) {
			s.note(kindUU, at)
		}
		if n := bytes.Index(line, []byte("<~")); n >= 0 {
			s.note(kindASCII85, at+n)
		}
		if !s.learn {
			rows = s.rows(line, at, rows)
		}
		at = end + 1
	}
}

// rows notes the line at a place where it shows letters in memory, and the first of the lines that show memory before it: what is
// looked for may begin there. It gives that first line; -1 where the line shows none.
func (s *scanner) rows(line []byte, at, first int) int {
	may, letters := mayRow(line)
	if !may {
		return -1
	}
	if first < 0 {
		first = at
	}
	if letters < shortestMarker {
		return first
	}
	for _, from := range []int{first, at} {
		s.note(kindRows, from)
		s.note(kindSwapped, from)
	}
	return at
}

// uuBegins tells whether uuencode begins with this line: its head, or a whole line of it where the head is cut off.
func uuBegins(data []byte, at int) bool {
	if bytes.HasPrefix(data[at:], []byte("begin ")) {
		return uuHead.Match(data[at:min(len(data), at+32)])
	}
	n, _, ok := uuLine(data, at)
	return ok && n == uuFull && data[at] == 'M'
}

// uuLine decodes the line at a place; next is behind it.
func uuLine(data []byte, at int) (n, next int, ok bool) {
	end := len(data)
	next = end
	if k := bytes.IndexByte(data[at:min(len(data), at+2*uuFull)], '\n'); k >= 0 {
		end, next = at+k, at+k+1
	}
	line := bytes.TrimRight(data[at:end], "\r")
	if len(line) == 0 || line[0] < uuFirst || line[0] > uuLast {
		return 0, next, false
	}
	n = int(line[0]-uuFirst) & 63
	letters := (n + 2) / 3 * 4
	if n > uuFull || len(line) > letters+2 || len(line) < letters-3 { // a sum may stand behind, and blanks may be cut off
		return 0, next, false
	}
	for _, c := range line {
		if c < uuFirst || c > uuLast {
			return 0, next, false
		}
	}
	return n, next, true
}

// readUU reads the lines of uuencode from the one at a place.
func readUU(data []byte, at int) (reading, bool) {
	if !uuBegins(data, at) {
		return reading{}, false
	}
	headed := bytes.HasPrefix(data[at:], []byte("begin "))
	if headed {
		n := bytes.IndexByte(data[at:], '\n')
		if n < 0 {
			return reading{}, false
		}
		at += n + 1
	}
	v := reading{start: at, end: at, length: true}
	for at < len(data) && len(v.text) < longestPart {
		n, next, ok := uuLine(data, at)
		if !ok || n == 0 {
			break
		}
		for k := range n {
			p := at + 1 + k/3*4 + k%3
			a, b := uuSextet(data, p, next), uuSextet(data, p+1, next)
			v.text = append(v.text, [3]byte{a<<2 | b>>4, a<<4 | b>>2, a<<6 | b}[k%3])
		}
		v.end, at = next, next
	}
	if len(v.text) == 0 {
		return v, false
	}
	old := bytes.Clone(data[v.start:v.end])
	lay := func(text []byte) []byte { return layUU(old, text) }
	return v.opened(lay, headed)
}

func uuSextet(data []byte, at, end int) byte {
	if at >= end || data[at] < uuFirst {
		return 0
	}
	return (data[at] - uuFirst) & 63
}

// layUU writes text in lines as the old ones were.
func layUU(old, text []byte) []byte {
	zero, ends := byte(uuFirst), "\n"
	if bytes.IndexByte(old, uuLast) >= 0 {
		zero = uuLast
	}
	if bytes.HasSuffix(old, []byte("\r\n")) {
		ends = "\r\n"
	}
	full := max(1, int(old[0]-uuFirst)&63)
	letter := func(c byte) byte {
		if c &= 63; c != 0 {
			return c + uuFirst
		}
		return zero
	}
	var out []byte
	for len(text) > 0 {
		part := text[:min(len(text), full)]
		text = text[len(part):]
		out = append(out, letter(byte(len(part)&63)))
		for k := 0; k < len(part); k += 3 {
			var b [3]byte
			copy(b[:], part[k:])
			out = append(out, letter(b[0]>>2), letter(b[0]<<4|b[1]>>4), letter(b[1]<<2|b[2]>>6), letter(b[2]))
		}
		out = append(out, ends...)
	}
	if !bytes.HasSuffix(old, []byte("\n")) {
		out = bytes.TrimSuffix(out, []byte(ends))
	}
	return out
}

// readASCII85 reads <~…~>, as PostScript writes it (PLRM, ASCII85Decode).
func readASCII85(data []byte, at int) (reading, bool) {
	if !bytes.HasPrefix(data[at:], []byte("<~")) {
		return reading{}, false
	}
	at += 2
	n := 0
	for at+n < len(data) && n < longestPart && (data[at+n] >= '!' && data[at+n] <= 'u' || bytes.IndexByte([]byte("z \t\r\n"), data[at+n]) >= 0) {
		n++
	}
	if at+n < len(data) && !bytes.HasPrefix(data[at+n:], []byte("~>")) {
		return reading{start: at, end: at}, false
	}
	v := reading{start: at, end: at + n, length: true}
	text := make([]byte, n*4+4) // a z is four bytes
	got, _, err := ascii85.Decode(text, data[at:at+n], true)
	if err != nil || got == 0 {
		return v, false
	}
	v.text = text[:got]
	old := data[at : at+n]
	width := bytes.IndexByte(bytes.TrimLeft(old, "\r\n"), '\n')
	lay := func(text []byte) []byte {
		all := make([]byte, ascii85.MaxEncodedLen(len(text)))
		all = all[:ascii85.Encode(all, text)]
		var out []byte
		for width > 0 && len(all) > width {
			out = append(append(out, all[:width]...), '\n')
			all = all[width:]
		}
		return append(out, all...)
	}
	return v.opened(lay, true)
}

// opened gives the reading of what an armour holds: a text, or one that gzip hides. Of all else the known values are
// looked for, where the armour is certain.
func (v reading) opened(lay func(text []byte) []byte, certain bool) (reading, bool) {
	v.again = lay
	if bytes.HasPrefix(v.text, []byte("\x1f\x8b")) {
		if z, err := gunzip(v.text); err == nil {
			if plain, err := unpack.Read(z, 4*longestPart); err == nil && mostlyText(plain) {
				v.text, v.length = plain, false
				v.again = func(text []byte) []byte { return lay(squeeze(text)) }
				return v, true
			}
		}
	}
	v.values = !mostlyText(v.text)
	return v, certain || !v.values
}

// sealedArmour gives the places of what is armoured and holds data that nobody can look into: packed, or of no known
// format.
func sealedArmour(data []byte) (places []int) {
	s := scanner{data: data, learn: true}
	s.armour()
	end := 0
	for _, m := range s.marks {
		if m.at < end || m.kind != kindUU && m.kind != kindASCII85 {
			continue
		}
		v, ok := readers[m.kind](data, m.at)
		end = max(end, v.end)
		if ok && v.values {
			places = append(places, m.at)
		}
	}
	return places
}
