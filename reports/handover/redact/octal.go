package redact

import (
	"fmt"
	"strconv"
	"strings"
)

// octalDigits is how long the offset at the begin of a line of od is.
const octalDigits = 7

// octalOffset tells whether a line of od begins here.
func octalOffset(b []byte) bool {
	if len(b) < octalDigits+5 || b[0] != '0' || b[octalDigits] != ' ' {
		return false
	}
	for _, c := range b[:octalDigits] {
		if c < '0' || c > '7' {
			return false
		}
	}
	return true
}

// octalCell reads a cell of od -b or od -c, which are four bytes wide: " 121", "   Q", "  \\n". It
// gives where in it the byte is written.
func octalCell(cell []byte) (c byte, from int, ok bool) {
	switch {
	case cell[0] != ' ':
		return 0, 0, false
	case cell[1] != ' ' && cell[2] != ' ' && cell[3] != ' ':
		c, ok = octal3(cell[1:])
		return c, 1, ok
	case cell[1] == ' ' && cell[2] == ' ' && cell[3] > ' ':
		return cell[3], 3, true
	case cell[1] == ' ' && cell[2] == '\\':
		return 0, 2, true
	}
	return ' ', 3, string(cell) == "    "
}

// readOctal reads the lines of od -b and od -c, or of od -t u1, from the one that begins at at.
func readOctal(data []byte, at int) (reading, bool) {
	octal, ok := readOctalCells(data, at)
	if decimal, read := readDecimalCells(data, at); read && (!ok || decimal.end > octal.end) {
		return decimal, true
	}
	return octal, ok
}

// readDecimalCells reads the lines of od -t u1, whose cells are four bytes wide as well: " 101", "  32".
func readDecimalCells(data []byte, at int) (reading, bool) {
	v := reading{start: at, end: at, length: true, values: true, write: func(_ []byte, c byte) []byte { return fmt.Appendf(nil, "%3d", c) }}
	for at < len(data) && octalOffset(data[at:]) && len(v.text) < longestPart {
		i := at + octalDigits
		for ; i+4 <= len(data) && data[i] != '\n'; i += 4 {
			n, err := strconv.ParseUint(strings.TrimLeft(string(data[i:i+4]), " "), 10, 8)
			if err != nil || data[i] != ' ' {
				return v, len(v.text) >= shortestEncoded && mostlyText(v.text)
			}
			v.add(byte(n), i+1, i+4)
		}
		v.end = i
		if i >= len(data) || data[i] != '\n' {
			break
		}
		at = i + 1
	}
	return v, len(v.text) >= shortestEncoded && mostlyText(v.text)
}

// readOctalCells reads the lines of od -b and od -c.
func readOctalCells(data []byte, at int) (reading, bool) {
	v := reading{start: at, length: true, values: true, write: func(old []byte, c byte) []byte {
		if len(old) == 3 {
			return octal(c)
		}
		return []byte{c}
	}}
	for at < len(data) && octalOffset(data[at:]) && len(v.text) < longestPart {
		i := at + octalDigits
		for ; i+4 <= len(data) && data[i] != '\n'; i += 4 {
			c, from, ok := octalCell(data[i : i+4])
			if !ok {
				return v, len(v.text) >= shortestEncoded && mostlyText(v.text)
			}
			v.add(c, i+from, i+4)
		}
		v.end = i
		if i >= len(data) || data[i] != '\n' {
			break
		}
		at = i + 1
	}
	return v, len(v.text) >= shortestEncoded && mostlyText(v.text)
}

// readOctalLines reads from the line after the line break at at.
func readOctalLines(data []byte, at int) (reading, bool) {
	if !octalOffset(data[at+1:]) {
		return reading{}, false
	}
	return readOctal(data, at+1)
}
