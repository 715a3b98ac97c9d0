package redact

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// markerLen is the length of the mark, in hex, that a session with a shell has before each answer, as transcripts keep it:
// <4cacc47dfaa13f34becead3c083f45b6, and what was said glued to it.
const markerLen = 32

// markerAt tells whether such a mark begins at start.
func markerAt(data []byte, start int) bool {
	if start+markerLen > len(data) || start == 0 || data[start-1] != '<' && !bytes.HasSuffix(data[:start], []byte("&lt;")) && !bytes.HasSuffix(data[:start], []byte(`\u003c`)) {
		return false
	}
	for _, c := range data[start : start+markerLen] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// bordered tells whether what stands before at, if it is a letter or a digit, belongs to something else: to such a mark, or
// to an escape that a program wrote, \n, \r or \t.
func bordered(data []byte, at int) bool {
	return at == 0 || !wordClass(data[at-1]) || signBefore(data, at) || strayAt(data, at-1) || escapeBefore(data, at) || at > markerLen && markerAt(data, at-markerLen)
}

// escapeBefore tells whether the letter of an escape ends at at.
func escapeBefore(data []byte, at int) bool {
	if at < 2 || data[at-2] != '\\' {
		return false
	}
	c := data[at-1]
	return c == 'n' || c == 'r' || c == 't'
}

// firstSign is the first byte of the first sign of Unicode that parts words.
const firstSign = 0xc2

// signAt is the length of a sign of Unicode that parts words, as a quote, a dash, a bar of a table, a blank or a picture
// does; 0 where none begins b.
func signAt(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[0] {
	case 0xc2, 0xe2, 0xe3, 0xef, 0xf0: // where such signs are
	default:
		return 0
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError || unicode.IsLetter(r) || unicode.IsMark(r) && r != 0xfe0f || unicode.IsNumber(r) {
		return 0
	}
	return n
}

// signBefore tells whether such a sign ends at at.
func signBefore(data []byte, at int) bool {
	for n := 2; n <= utf8.UTFMax && n <= at; n++ {
		if size := signAt(data[at-n : at]); size == n {
			return true
		}
	}
	return false
}

// wordAt tells whether a word goes on at at.
func wordAt(data []byte, at int) bool {
	return at < len(data) && wordClass(data[at]) && (data[at] < firstSign || signAt(data[at:]) == 0) && !strayAt(data, at)
}

// strayAt tells a byte outside of ASCII that is of no letter in UTF-8, as a dump of a packet has them beside texts.
func strayAt(data []byte, at int) bool {
	if data[at] < utf8.RuneSelf {
		return false
	}
	for k := 0; k < utf8.UTFMax && k <= at; k++ {
		if r, n := utf8.DecodeRune(data[at-k:]); n > 1 && n > k {
			return r == utf8.RuneError
		}
	}
	return true
}

// assigns is the length of a wide : or =, or of a bar of a table, which stand between a word and its value.
func assigns(b []byte) int {
	switch r, n := utf8.DecodeRune(b); r {
	case '\uff1a', '\uff1d', '\u2502', '\u2503', '\u2551':
		return n
	}
	return 0
}
