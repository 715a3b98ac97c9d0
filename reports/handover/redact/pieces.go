package redact

import "bytes"

// This file reads what a terminal was given in pieces, a few characters in each line: asciinema's recordings
// ([0.52, "o", "c"]) and what strace has of write and read (write(1, "c", 1) = 1).

// mostPieces bounds what is read as one, in lines.
const mostPieces = 4 << 10

// pieceAt gives where in a line the quote of a piece stands, behind it; 0 where there is none.
func pieceAt(line []byte) int {
	if len(line) < 8 {
		return 0
	}
	switch {
	case line[0] == '[' && isDigit(line[1]): // of asciinema
		i := 1
		for i < len(line) && i < 24 && (isDigit(line[i]) || line[i] == '.') {
			i++
		}
		for _, head := range []string{`, "o", "`, `,"o","`, `, "i", "`, `,"i","`} {
			if bytes.HasPrefix(line[i:], []byte(head)) {
				return i + len(head)
			}
		}
	case line[0] == 'w' || line[0] == 'r' || line[0] == '[' || isDigit(line[0]):
		from := tracedAt(line)
		call := line[from:]
		if !bytes.HasPrefix(call, []byte("write(")) && !bytes.HasPrefix(call, []byte("read(")) {
			return 0
		}
		head := call[:min(len(call), 64)]
		if n := bytes.Index(head, []byte(`, "`)); n > 0 && bytes.IndexByte(head[:n], '"') < 0 {
			return from + n + len(`, "`)
		}
	}
	return 0
}

// tracedAt gives where the call of a line of strace stands, behind the process (-f: "[pid 17] ", "17  ") and the time (-t, -tt, -ttt, -r)
// that it may begin with.
func tracedAt(line []byte) int {
	const most = 64
	at := 0
	if bytes.HasPrefix(line, []byte("[pid ")) {
		at = bytes.IndexByte(line[:min(len(line), most)], ']') + 1
	}
	for at < len(line) && at < most && (isDigit(line[at]) || line[at] == ' ' || line[at] == ':' || line[at] == '.') {
		at++
	}
	return at
}

// readPieces reads the pieces from the line on that begins at at.
func readPieces(data []byte, at int) (reading, bool) {
	v := reading{start: at, end: at, length: true}
	lines := 0
	for ; lines < mostPieces && at < len(data) && len(v.text) < longestPart; lines++ {
		end := len(data)
		if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
			end = at + n
		}
		quote := pieceAt(data[at:end])
		if quote == 0 {
			break
		}
		for i := at + quote; i < end && data[i] != '"'; {
			c, n := pieceByte(data[i:end])
			v.add(c, i, i+n)
			i += n
		}
		v.end = end
		at = end + 1
	}
	return v, lines > 1 && len(v.text) > 0
}

// pieceByte reads one byte of a piece, which a backslash may write.
func pieceByte(b []byte) (byte, int) {
	if c, n := oneEscape(b); n > 1 {
		return c, n
	}
	if len(b) > 1 && b[0] == '\\' {
		switch b[1] {
		case 'n':
			return '\n', 2
		case 'r':
			return '\r', 2
		case 't':
			return '\t', 2
		case 'b':
			return '\b', 2
		}
		return b[1], 2
	}
	return b[0], 1
}
