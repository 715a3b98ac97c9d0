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

func isBase32(b []byte) bool { return len(b) >= shortestBase32 && base32Run(b) == len(b) }

// base32Run is how many signs of base32 data begins with.
func base32Run(data []byte) int {
	for i, c := range data {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return i
		}
	}
	return len(data)
}

// decodeBase32 decodes all that these letters are whole bytes of.
func decodeBase32(letters []byte) []byte {
	switch len(letters) % 8 {
	case 1, 3, 6: // the last one begins a byte (RFC 4648, 6)
		letters = letters[:len(letters)-1]
	}
	text, err := base32Plain.DecodeString(string(letters))
	if err != nil {
		return nil
	}
	return text
}

// readBase32 reads the run of base32 that begins at at, of a text, in one or more lines of the same length, of which
// the last may be shorter. A line that is not of a text is none of it.
func readBase32(data []byte, at int) (reading, bool) {
	end := at
	for end < len(data) && end-at < longestPart && wordClass(data[end]) {
		end++
	}
	if !isBase32(data[at:end]) {
		return reading{}, false
	}
	width := end - at
	letters := bytes.Clone(data[at:end])
	places := make([]int, 0, width)
	for p := at; p < end; p++ {
		places = append(places, p)
	}
	if text := decodeBase32(letters); !mostlyText(text) || bytes.Contains(text, []byte{0}) {
		return reading{}, false
	}
	for size := width; size == width && end-at < longestPart; {
		next, ok := nextBase64Line(data, end)
		if !ok {
			break
		}
		size = base32Run(data[next:min(len(data), next+width+1)])
		if size == 0 || size > width || next+size < len(data) && base64Class[data[next+size]] != 0 {
			break
		}
		from := max(0, len(letters)/8*8-24) // what a few bytes are is seen beside others
		letters = append(letters, data[next:next+size]...)
		if text := decodeBase32(letters[from:]); !mostlyText(text) || bytes.Contains(text, []byte{0}) {
			letters = letters[:len(letters)-size]
			break
		}
		for p := next; p < next+size; p++ {
			places = append(places, p)
		}
		end = next + size
	}
	text := decodeBase32(letters)
	v := reading{start: at, end: end, text: text, length: true}
	v.again = func(text []byte) []byte {
		out := bytes.Clone(data[v.start:v.end])
		for i, c := range []byte(base32Plain.EncodeToString(text)) {
			if i < len(places) {
				out[places[i]-v.start] = c
			}
		}
		return out
	}
	return v, true
}
