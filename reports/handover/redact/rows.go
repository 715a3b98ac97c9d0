package redact

import "bytes"

// row is one line that shows memory in groups of hex digits, whatever stands before and beside them: a time, a name, an
// address (show memory, md, x/8xw, print_hex_dump, a dump that a syslog carries). dumpLine is the strict form of it.
type row struct {
	groups [][2]int // where the digits of each group begin and end
	width  int      // digits in a group
	bytes  int
	column int // where the bytes stand as text; -1 where they do not
}

// rowBytes is what a line must show to begin a dump.
const rowBytes = 8

// mayRow tells cheaply whether a line may hold a row of enough bytes: so many stand in words of hex with few other bytes
// between. letters is how many of its bytes can be printed: numbers of a log have few, 0x00374589 00000000.
func mayRow(line []byte) (may bool, letters int) {
	row, last, width := 0, -1, 0
	for i := 0; i < len(line); {
		if classes[line[i]]&isWord == 0 {
			i++
			continue
		}
		from := i
		if i+2 < len(line) && line[i] == '0' && line[i+1] == 'x' {
			i += 2
			from += 2
		}
		flags := byteClass(0)
		for ; i < len(line) && classes[line[i]]&isWord != 0; i++ {
			flags |= classes[line[i]]
		}
		n := i - from
		switch {
		case flags&notHex != 0, n%2 != 0, n > groupLongest, i < len(line) && line[i] == ':':
			row, width = 0, 0
			continue
		case n > width, from-last > groupGap+3: // 0x is not of the digits
			row, width = n/2, n
		default:
			row += n / 2
		}
		for k := from; k < i; k += 2 {
			if c, _ := hex2(line[k:]); c >= ' ' && c < 0x7f {
				letters++
			}
		}
		last, may = i, may || row >= rowBytes
	}
	return may, letters
}

// parseRow finds the longest row of groups in the line data[start:end].
func parseRow(data []byte, start, end int) row {
	var best, r row
	take := func() {
		if n := len(r.groups); n > 2 && r.groups[1][0]-r.groups[0][1] > r.groups[2][0]-r.groups[1][1] { // an address without a colon
			r.groups, r.bytes = r.groups[1:], r.bytes-r.width/2
		}
		if r.bytes > best.bytes {
			best = r
		}
		r = row{}
	}
	for i := start; i < end; {
		if !wordClass(data[i]) {
			i++
			continue
		}
		from := i
		for i < end && wordClass(data[i]) {
			i++
		}
		digits := from
		if i-from > 2 && data[from] == '0' && data[from+1] == 'x' {
			digits += 2
		}
		n := i - digits
		if n%2 != 0 || n < 2 || n > groupLongest || !allHex(data[digits:i]) || i < end && data[i] == ':' {
			take()
			continue
		}
		if k := len(r.groups); k > 1 && r.width > n && r.groups[k-1][1]-r.groups[k-1][0] == n { // the address stood before the last one
			last := r.groups[k-1]
			r.groups, r.bytes = r.groups[:k-1], r.bytes-n/2
			take()
			r = row{groups: [][2]int{last}, width: n, bytes: n / 2}
		}
		if k := len(r.groups); k > 0 && (n > r.width || r.groups[k-1][1]-r.groups[k-1][0] < r.width || !betweenGroups(data[r.groups[k-1][1]:from])) {
			take()
		}
		if r.width == 0 {
			r.width = n
		}
		r.groups = append(r.groups, [2]int{digits, i})
		r.bytes += n / 2
	}
	take()
	best.findColumn(data, end)
	return best
}

// betweenGroups tells whether this stands between two groups of a row.
func betweenGroups(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '-' && c != '|' && c != ',' {
			return false
		}
	}
	return len(b) <= groupGap+1
}

// findColumn finds the bytes as text behind the groups.
func (r *row) findColumn(data []byte, end int) {
	r.column = -1
	if len(r.groups) == 0 {
		return
	}
	i := r.groups[len(r.groups)-1][1]
	for i < end && bytes.IndexByte([]byte(" \t|*>"), data[i]) >= 0 {
		i++
	}
	if len(bytes.TrimRight(data[i:end], "\r|*<")) == r.bytes {
		r.column = i
	}
}

// readRows reads the rows from the line on that at is on, each group from left to right.
func readRows(data []byte, at int) (reading, bool) { return rowsOf(data, at, false) }

// readSwappedRows reads groups as the numbers of a machine that keeps the least byte first.
func readSwappedRows(data []byte, at int) (reading, bool) { return rowsOf(data, at, true) }

// rowsOf says false of rows that have fewer letters than a value that is looked for.
func rowsOf(data []byte, at int, swapped bool) (reading, bool) {
	start := bytes.LastIndexByte(data[:at], '\n') + 1
	v := reading{start: start, also: map[int][]int{}, write: hexLike, length: true, values: true}
	width, indent := 0, 0
	for at := start; at < len(data) && len(v.text) < longestPart; {
		end := len(data)
		if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
			end = at + n
		}
		r := parseRow(data, at, end)
		if width == 0 && r.bytes >= rowBytes {
			width, indent = r.width, r.groups[0][0]-at
		}
		if width == 0 || r.width != width && len(r.groups) != 1 || r.width > width || r.bytes == 0 || r.bytes < rowBytes && r.groups[0][0]-at != indent {
			break
		}
		v.addRow(data, r, swapped)
		v.end = end
		at = end + 1
	}
	letters := 0
	for _, c := range v.text {
		if c >= ' ' && c < 0x7f {
			letters++
		}
	}
	return v, len(v.text) >= rowBytes && letters >= shortestMarker && (!swapped || width > 2)
}

// addRow appends what a row shows.
func (v *reading) addRow(data []byte, r row, swapped bool) {
	shown := 0
	for _, g := range r.groups {
		for k := g[0]; k < g[1]; k += 2 {
			p := k
			if swapped {
				p = g[1] - 2 - (k - g[0])
			}
			c, _ := hex2(data[p:])
			v.add(c, p, p+2)
			if r.column >= 0 {
				v.also[p] = append(v.also[p], r.column+shown)
			}
			shown++
		}
	}
}
