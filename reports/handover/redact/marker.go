package redact

import "bytes"

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
	return at == 0 || !wordClass(data[at-1]) || escapeBefore(data, at) || at > markerLen && markerAt(data, at-markerLen)
}

// escapeBefore tells whether the letter of an escape ends at at.
func escapeBefore(data []byte, at int) bool {
	if at < 2 || data[at-2] != '\\' {
		return false
	}
	c := data[at-1]
	return c == 'n' || c == 'r' || c == 't'
}
