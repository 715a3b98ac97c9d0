package redact

import (
	"bytes"
	"encoding/base32"
)

// shortestBase32 is ten bytes, as the shortest seeds of one-time passwords have (RFC 4226, 4).
const shortestBase32 = 16

// base32Plain is the alphabet of RFC 4648, 6, without the signs that fill up the last group.
//
//nolint:gochecknoglobals // a value that is only read
var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

func isBase32(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return len(b) >= shortestBase32
}

// readBase32 reads the run of base32 that begins at at, of a text.
func readBase32(data []byte, at int) (reading, bool) {
	end := at
	for end < len(data) && end-at < longestPart && wordClass(data[end]) {
		end++
	}
	if !isBase32(data[at:end]) {
		return reading{}, false
	}
	text, err := base32Plain.DecodeString(string(data[at:end]))
	if err != nil {
		return reading{}, false
	}
	v := reading{start: at, end: end, text: text, length: true, again: func(text []byte) []byte { return []byte(base32Plain.EncodeToString(text)) }}
	return v, mostlyText(text) && !bytes.Contains(text, []byte{0})
}
