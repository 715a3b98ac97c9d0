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

// markerBefore tells whether one ends at end.
func markerBefore(data []byte, end int) bool { return end > markerLen && markerAt(data, end-markerLen) }
