package redact

import "bytes"

// narrowest is the width from which a line that goes on after a carriage return was wrapped.
const narrowest = 40

// widest bounds a line of a terminal, in cells: what is longer goes on as another.
const widest = 16 << 10

// screen is one line of a terminal: what it shows, and where that was written.
type screen struct {
	data  []byte
	cells []int
	col   int
	v     reading
}

// readTerminal reads a text as the terminal showed it that it was recorded from: colours
// and titles are gone, what was erased or written over too, and lines that were wrapped
// while they were typed are whole.
func readTerminal(data []byte) (reading, bool) {
	if bytes.IndexByte(data, 0x1b) < 0 && bytes.IndexByte(data, '\b') < 0 && !loneReturn(data) {
		return reading{}, false
	}
	t := screen{data: data, v: reading{end: len(data), erased: make([]bool, len(data)), also: map[int][]int{}}}
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '\n':
			t.flush()
			t.v.add(c, i, i+1)
			i++
		case c == '\r':
			t.carriage(i)
			i++
		case c == '\b':
			t.col = max(0, t.col-1)
			i++
		case c == 0x1b:
			i = t.escape(i)
		case c < ' ' && c != '\t' || c == 0x7f:
			i++
		default:
			t.put(i)
			i++
		}
	}
	t.flush()
	return t.v, true
}

// loneReturn tells whether a line is written over.
func loneReturn(data []byte) bool {
	for i := 0; ; i++ {
		n := bytes.IndexByte(data[i:], '\r')
		if n < 0 {
			return false
		}
		if i += n; i+1 < len(data) && data[i+1] != '\n' && data[i+1] != '\r' {
			return true
		}
	}
}

// flush gives what the line shows.
func (t *screen) flush() {
	for _, at := range t.cells {
		t.v.add(t.data[at], at, at+1)
	}
	t.cells, t.col = t.cells[:0], 0
}

// carriage handles a carriage return: at the end of a line it is one of two bytes; after the
// blank that a shell writes at the right edge, the line goes on; else it is written over.
func (t *screen) carriage(i int) {
	switch {
	case i+1 >= len(t.data) || t.data[i+1] == '\n' || t.data[i+1] == '\r':
	case t.col == len(t.cells) && t.col > narrowest && t.data[i-1] == ' ' && t.data[i-2] != ' ':
		t.cells = t.cells[:t.col-1]
		t.col--
	default:
		t.col = 0
	}
}

// put writes a byte into the cell at the cursor.
func (t *screen) put(i int) {
	if t.col >= widest {
		t.flush()
	}
	if t.col >= len(t.cells) {
		t.cells = append(t.cells, i)
		t.col = len(t.cells)
		return
	}
	old := t.cells[t.col]
	if t.data[old] == t.data[i] { // drawn again
		t.v.also[i] = append(t.v.also[old], old)
	} else {
		t.v.erased[old] = true
	}
	t.cells[t.col] = i
	t.col++
}

// cut takes n cells at the cursor out of the line.
func (t *screen) cut(n int) {
	end := min(len(t.cells), t.col+n)
	for _, at := range t.cells[min(t.col, end):end] {
		t.v.erased[at] = true
	}
	t.cells = append(t.cells[:min(t.col, end)], t.cells[end:]...)
}

// escape handles a sequence of ECMA-48 and gives where it ends.
func (t *screen) escape(i int) int {
	data := t.data
	if i+1 >= len(data) {
		return i + 1
	}
	switch data[i+1] {
	case '[':
	case ']': // a title, to BEL or ESC \
		for j := i + 2; j < len(data) && j-i < longestToken && data[j] != '\n'; j++ {
			if data[j] == '\a' {
				return j + 1
			}
			if data[j] == 0x1b {
				return min(j+2, len(data))
			}
		}
		return i + 2
	case '(', ')', '#':
		return min(i+3, len(data))
	default:
		return i + 2
	}
	n := 0
	for j := i + 2; j < len(data) && j-i < 32; j++ {
		switch c := data[j]; {
		case c >= '0' && c <= '9':
			n = n*10 + int(c-'0')
		case c >= '@' && c <= '~':
			t.control(c, n)
			return j + 1
		case c < ' ':
			return j
		default:
			n = 0
		}
	}
	return i + 2
}

// control moves the cursor or erases.
func (t *screen) control(c byte, n int) {
	switch c {
	case 'D':
		t.col = max(0, t.col-max(1, n))
	case 'C':
		t.col = min(len(t.cells), t.col+max(1, n))
	case 'G':
		t.col = min(len(t.cells), max(0, n-1))
	case 'P':
		t.cut(max(1, n))
	case 'K':
		if n == 0 {
			t.cut(len(t.cells))
		}
	}
}
