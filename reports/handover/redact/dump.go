package redact

import "bytes"

// dumpLine is one line of xxd, hexdump, tcpdump -x or a device's dump of memory.
type dumpLine struct {
	pairs   []int // where each byte's two digits stand
	width   int   // digits in a group
	column  int   // where the bytes stand as text; -1 where they do not
	swapped bool  // groups are numbers of 16 bits, least byte first (hexdump, od -x)
}

// What lines of dumps have in common, and what tells hexdump's and od's numbers.
const (
	offsetShortest = 4 // digits of the address that a line begins with
	offsetLongest  = 16
	groupLongest   = 16 // digits of a group of bytes
	groupGap       = 2  // spaces or dashes between groups; more end the bytes
	columnSlack    = 4  // how much longer than the bytes the text beside them may be
	hexdumpOffset  = 7  // digits of the address in hexdump and od -x
	hexdumpGroup   = 4
	fewestBytes    = 4 // of a dump
)

// parseDump reads the line data[start:end].
func parseDump(data []byte, start, end int) (dumpLine, bool) {
	l := dumpLine{column: -1}
	if end > start && data[end-1] == '\r' {
		end--
	}
	i := start
	for i < end && (data[i] == ' ' || data[i] == '\t') {
		i++
	}
	i, digits, ok := dumpOffset(data, i, end)
	if !ok {
		return l, false
	}
	for {
		from := i
		for i < end && isHex(data[i]) {
			i++
		}
		n := i - from
		if n == 0 || n%2 != 0 || n > groupLongest || l.width > 0 && n > l.width || i < end && data[i] != ' ' && data[i] != '-' {
			i = from
			break
		}
		if l.width == 0 {
			l.width = n
		}
		for p := from; p < i; p += 2 {
			l.pairs = append(l.pairs, p)
		}
		gap := i
		for gap < end && gap-i < groupGap && (data[gap] == ' ' || data[gap] == '-') {
			gap++
		}
		if gap == i || n < l.width {
			break
		}
		i = gap
	}
	for i < end && (data[i] == ' ' || data[i] == '|' || data[i] == '\t') {
		i++
	}
	rest := bytes.TrimRight(data[i:end], "\r|\n")
	switch {
	case len(rest) == len(l.pairs) && len(rest) > 0:
		l.column = i
	case len(rest) > 0 && (digits == 0 || len(rest) > len(l.pairs)+columnSlack):
		return l, false
	}
	l.swapped = digits == hexdumpOffset && l.width == hexdumpGroup
	return l, len(l.pairs) > 0
}

// dumpOffset reads the address at the begin of a line of a dump.
func dumpOffset(data []byte, i, end int) (after, digits int, ok bool) {
	if i+2 < end && data[i] == '0' && data[i+1] == 'x' {
		i += 2
	}
	from := i
	for i < end && isHex(data[i]) {
		i++
	}
	digits = i - from
	if digits < offsetShortest || digits > offsetLongest || i >= end {
		return 0, 0, false
	}
	if data[i] == ':' {
		i++
	}
	if i >= end || data[i] != ' ' {
		return 0, 0, false
	}
	for i < end && data[i] == ' ' {
		i++
	}
	return i, digits, true
}

// readDump reads the lines of a dump from the one that at is on.
func readDump(data []byte, at int) (reading, bool) {
	start, _ := lineAround(data, at)
	v := reading{start: start, also: map[int][]int{}, write: hexLike, length: true, values: true}
	lines := 0
	var odd []int
	for at := start; at < len(data) && len(v.text) < longestPart; lines++ {
		_, end := lineAround(data, at)
		l, ok := parseDump(data, at, end)
		if !ok {
			break
		}
		for i, p := range l.pairs {
			c, _ := hex2(data[p:])
			if l.swapped {
				odd = append(odd, len(v.text))
			}
			v.add(c, p, p+2)
			if l.column >= 0 {
				v.also[p] = append(v.also[p], l.column+i)
			}
		}
		v.end = end
		at = end + 1
	}
	for k := 0; k+1 < len(odd); k += 2 {
		a, b := odd[k], odd[k+1]
		v.text[a], v.text[b] = v.text[b], v.text[a]
		v.from[a], v.from[b] = v.from[b], v.from[a]
		v.to[a], v.to[b] = v.to[b], v.to[a]
	}
	return v, len(v.text) >= fewestBytes
}
