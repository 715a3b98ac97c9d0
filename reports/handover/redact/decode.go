package redact

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// hex2 reads two hex digits.
func hex2(b []byte) (byte, bool) {
	if len(b) < 2 || !isHex(b[0]) || !isHex(b[1]) {
		return 0, false
	}
	return hexValue(b[0])<<4 | hexValue(b[1]), true
}

// hexLike writes a byte as two hex digits in the case of the old ones.
func hexLike(old []byte, c byte) []byte {
	digits := "0123456789abcdef"
	if bytes.ContainsAny(old, "ABCDEF") {
		digits = "0123456789ABCDEF"
	}
	return []byte{digits[c>>4], digits[c&15]}
}

// headed makes a writer of hex digits behind a head such as % or \x; what was plain stays so.
func headed(head string) func(old []byte, c byte) []byte {
	return func(old []byte, c byte) []byte {
		if len(old) == 1 {
			return []byte{c}
		}
		return append([]byte(head), hexLike(old[len(head):], c)...)
	}
}

// percentCode reads %51, and %u0051 as scripts and web servers write it (ECMA-262, B.2.1.1).
func percentCode(b []byte) (c byte, n int) {
	if len(b) < 3 || b[0] != '%' {
		return 0, 0
	}
	if c, ok := hex2(b[1:]); ok {
		return c, 3
	}
	if len(b) >= 6 && (b[1] == 'u' || b[1] == 'U') && b[2] == '0' && b[3] == '0' {
		if c, ok := hex2(b[4:]); ok && c < 0x80 {
			return c, 6
		}
	}
	return 0, 0
}

// writePercent writes a byte as the old one was.
func writePercent(old []byte, c byte) []byte {
	if len(old) == 6 {
		return headed(string(old[:4]))(old, c)
	}
	return headed("%")(old, c)
}

// readPercent reads the token of an URL or form around at (RFC 3986, 2.1).
func readPercent(data []byte, at int) (reading, bool) {
	inToken := func(c byte) bool { return c > ' ' && strings.IndexByte("\"'<>`", c) < 0 }
	start, end := at, at
	for start > 0 && at-start < longestToken && inToken(data[start-1]) {
		start--
	}
	for end < len(data) && end-at < longestToken && inToken(data[end]) {
		end++
	}
	v := reading{start: start, end: end, write: writePercent}
	for i := start; i < end; {
		if c, n := percentCode(data[i:end]); n > 0 {
			v.add(c, i, i+n)
			i += n
			continue
		}
		v.add(data[i], i, i+1)
		i++
	}
	return v, len(v.text) < end-start
}

// readEscapes reads \x51, \121 and \u0051 in the line around at.
func readEscapes(data []byte, at int) (reading, bool) {
	start, end := lineAround(data, at)
	v := reading{start: start, end: end, write: writeEscape, letters: writeWideEscape}
	for i := start; i < end; {
		if c, n := wideEscape(data[i:end]); n > 0 {
			v.addLetter(string(c), i, i+n)
			i += n
			continue
		}
		c, n := oneEscape(data[i:end])
		v.add(c, i, i+n)
		i += n
	}
	return v, len(v.text) < end-start
}

// wideEscape reads \u00fc, \U000000fc and \u{fc} of a letter outside of ASCII.
func wideEscape(b []byte) (rune, int) {
	if len(b) < 6 || b[0] != '\\' {
		return 0, 0
	}
	if b[1] == '\\' && b[2] == 'u' { // of a text in quotes in a text in quotes
		if c, n := wideEscape(b[1:]); n > 0 {
			return c, n + 1
		}
		return 0, 0
	}
	digits, n := "", 0
	switch {
	case b[1] == 'u' && b[2] == '{':
		if n = bytes.IndexByte(b[:min(len(b), longestEntity)], '}') + 1; n > 0 {
			digits = string(b[3 : n-1])
		}
	case b[1] == 'u':
		digits, n = string(b[2:6]), 6
	case b[1] == 'U' && len(b) >= 10:
		digits, n = string(b[2:10]), 10
	}
	code, err := strconv.ParseInt(digits, 16, 32)
	c := rune(code)
	if err != nil || c < utf8.RuneSelf || !utf8.ValidRune(c) {
		return 0, 0
	}
	return c, n
}

// writeWideEscape writes letters as the old one was.
func writeWideEscape(old []byte, text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case old[1] == '\\':
			b.WriteString(`\` + writeWideEscape(old[1:], string(c)))
		case old[1] == 'U':
			fmt.Fprintf(&b, `\U%08x`, c)
		case old[2] == '{':
			fmt.Fprintf(&b, `\u{%x}`, c)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}

func oneEscape(b []byte) (byte, int) {
	if len(b) < 4 || b[0] != '\\' {
		return b[0], 1
	}
	if b[1] == 'e' && b[2] == '[' {
		return 0x1b, 2
	}
	if b[1] == '\\' && (b[2] == 'u' || b[2] == 'x') { // of a text in quotes in a text in quotes
		if c, n := oneEscape(b[1:]); n > 1 {
			return c, n + 1
		}
	}
	if b[1] == 'U' && len(b) >= 10 && string(b[2:8]) == "000000" {
		if c, ok := hex2(b[8:]); ok && c < 0x80 {
			return c, 10
		}
	}
	if b[1] == 'u' && b[2] == '{' {
		return bracedEscape(b)
	}
	if c, ok := hex2(b[2:]); ok && b[1] == 'x' {
		return c, 4
	}
	if n, err := strconv.ParseUint(string(b[1:4]), 8, 8); err == nil {
		return byte(n & 0xff), 4
	}
	if b[1] == 'u' && len(b) >= 6 && b[2] == '0' && b[3] == '0' {
		if c, ok := hex2(b[4:]); ok && c < 0x80 {
			return c, 6
		}
	}
	return b[0], 1
}

// bracedEscape reads \u{51}.
func bracedEscape(b []byte) (byte, int) {
	end := bytes.IndexByte(b[:min(len(b), longestEntity)], '}')
	if end < 0 {
		return b[0], 1
	}
	n, err := strconv.ParseUint(string(b[3:end]), 16, 8)
	if err != nil || n >= 0x80 {
		return b[0], 1
	}
	return byte(n & 0x7f), end + 1
}

// readZeroEscapes reads \0121, as echo and printf %b write it, in the line around at. It is a
// reading of its own: in other languages this is \012 and a 1.
func readZeroEscapes(data []byte, at int) (reading, bool) {
	start, end := lineAround(data, at)
	v := reading{start: start, end: end, values: true, write: func(old []byte, c byte) []byte {
		if len(old) == 1 {
			return []byte{c}
		}
		return append([]byte(`\0`), octal(c)...)
	}}
	for i := start; i < end; {
		c, n := data[i], 1
		if o, ok := zeroEscape(data[i:end]); ok {
			c, n = o, len(`\0121`)
		}
		v.add(c, i, i+n)
		i += n
	}
	return v, len(v.text) < end-start
}

func zeroEscape(b []byte) (byte, bool) {
	if len(b) < 5 || b[0] != '\\' || b[1] != '0' {
		return 0, false
	}
	return octal3(b[2:5])
}

// octal3 reads three octal digits.
func octal3(b []byte) (byte, bool) {
	n, err := strconv.ParseUint(string(b), 8, 8)
	return byte(n & 0xff), err == nil
}

func octal(c byte) []byte { return []byte{'0' + c>>6, '0' + c>>3&7, '0' + c&7} }

// readCarets reads ^[ and ^H, as cat -v and editors show what a terminal was sent, in the line
// around at.
func readCarets(data []byte, at int) (reading, bool) {
	start, end := lineAround(data, at)
	v := reading{start: start, end: end, values: true}
	for i := start; i < end; {
		switch {
		case i+2 < end && data[i] == '^' && data[i+1] == '[' && data[i+2] == '[':
			v.add(0x1b, i, i+2)
			i += 2
		case i+1 < end && data[i] == '^' && data[i+1] == 'H':
			v.add('\b', i, i+2)
			i += 2
		default:
			v.add(data[i], i, i+1)
			i++
		}
	}
	return v, len(v.text) < end-start
}

// readHashes reads #033 and #011, as rsyslog and other receivers write a control character
// (rsyslog's $EscapeControlCharactersOnReceive), in the line around at.
func readHashes(data []byte, at int) (reading, bool) {
	start, end := lineAround(data, at)
	v := reading{start: start, end: end, values: true}
	for i := start; i < end; {
		c, n := data[i], 1
		if o, ok := hashEscape(data[i:end]); ok {
			c, n = o, len("#033")
		}
		v.add(c, i, i+n)
		i += n
	}
	return v, len(v.text) < end-start
}

func hashEscape(b []byte) (byte, bool) {
	if len(b) < 4 || b[0] != '#' || b[1] != '0' {
		return 0, false
	}
	c, ok := octal3(b[1:4])
	return c, ok && c < ' '
}

func writeEscape(old []byte, c byte) []byte {
	switch {
	case len(old) == 1:
		return []byte{c}
	case old[1] == '\\':
		return append([]byte{'\\'}, writeEscape(old[1:], c)...)
	case old[1] == 'U':
		return append([]byte(`\U000000`), hexLike(old[8:], c)...)
	case old[1] == 'u' && old[2] == '{':
		return append(append([]byte(`\u{`), hexLike(old[3:], c)...), '}')
	case old[1] == 'x':
		return append([]byte(`\x`), hexLike(old[2:], c)...)
	case old[1] == 'u':
		return append([]byte(`\u00`), hexLike(old[4:], c)...)
	}
	return append([]byte{'\\'}, octal(c)...)
}

// longestEntity is the length of &#x00051;, with a few zeros more.
const longestEntity = 12

// readEntities reads &#81; &#x51; and &amp; in the line around at.
func readEntities(data []byte, at int) (reading, bool) {
	start, end := lineAround(data, at)
	v := reading{start: start, end: end, write: writeEntity, letters: writeEntities}
	for i := start; i < end; {
		n := 1
		if data[i] == '&' {
			if k := bareEntity(data[i:end]); k > 0 {
				n, _ := strconv.ParseUint(string(data[i+2:i+k]), 10, 8)
				v.add(byte(n&0xff), i, i+k)
				i += k
				continue
			}
			if semi := bytes.IndexByte(data[i:min(end, i+longestEntity)], ';'); semi > 0 {
				if text := html.UnescapeString(string(data[i : i+semi+1])); len(text) == 1 || utf8.RuneCountInString(text) == 1 {
					v.addLetter(text, i, i+semi+1)
					i += semi + 1
					continue
				}
			}
		}
		v.add(data[i], i, i+n)
		i += n
	}
	return v, len(v.text) < end-start
}

// bareEntity gives the length of &#81 without the ; that shall end it; else 0.
func bareEntity(b []byte) int {
	if len(b) < 4 || b[1] != '#' {
		return 0
	}
	i := 2
	for i < len(b) && i < longestEntity && isDigit(b[i]) {
		i++
	}
	n, err := strconv.ParseUint(string(b[2:i]), 10, 8)
	if i < len(b) && b[i] == ';' || err != nil || n < ' ' || n > 0x7e {
		return 0
	}
	return i
}

// writeEntities writes letters as numbers, for few of them have a name.
func writeEntities(old []byte, text string) string {
	var b strings.Builder
	for _, c := range text {
		if len(old) > 2 && (old[2] == 'x' || old[2] == 'X') {
			fmt.Fprintf(&b, "&#x%x;", c)
		} else {
			fmt.Fprintf(&b, "&#%d;", c)
		}
	}
	return b.String()
}

func writeEntity(old []byte, c byte) []byte {
	switch {
	case len(old) == 1:
		return []byte{c}
	case len(old) > 2 && (old[2] == 'x' || old[2] == 'X'):
		return append(append([]byte("&#x"), hexLike(old[3:], c)...), ';')
	case old[1] == '#' && old[len(old)-1] != ';':
		return strconv.AppendInt([]byte("&#"), int64(c), 10)
	case old[1] == '#':
		return append(strconv.AppendInt([]byte("&#"), int64(c), 10), ';')
	}
	return []byte(html.EscapeString(string(rune(c))))
}

// readQuoted reads quoted-printable (RFC 2045, 6.7): the line around at and those that soft
// breaks join to it.
func readQuoted(data []byte, at int) (reading, bool) {
	start, end := lineAround(data, at)
	for start > 1 && at-start < longestToken && softBreak(data[:start]) {
		start, _ = lineAround(data, start-1)
	}
	for end < len(data) && end-at < longestPart && softBreak(data[:end+1]) {
		_, end = lineAround(data, end+1)
	}
	v := reading{start: start, end: end, write: headed("=")}
	codes, breaks := 0, 0
	for i := start; i < end; {
		if data[i] == '=' {
			if c, ok := hex2(data[i+1 : end]); ok && upperHex(data[i+1]) && upperHex(data[i+2]) {
				v.add(c, i, i+3)
				i += 3
				codes++
				continue
			}
			if n := softLength(data[i:end]); n > 0 {
				i += n
				breaks++
				continue
			}
		}
		v.add(data[i], i, i+1)
		i++
	}
	v.values = codes < 2 && breaks == 0 // ?code=404 is an assignment, and no @4
	return v, len(v.text) < end-start
}

func upperHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

// softBreak tells whether text ends in = and a line break.
func softBreak(text []byte) bool {
	text, ok := bytes.CutSuffix(text, []byte("\n"))
	return ok && bytes.HasSuffix(bytes.TrimSuffix(text, []byte("\r")), []byte("="))
}

func softLength(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("=\n")):
		return 2
	case bytes.HasPrefix(b, []byte("=\r\n")):
		return 3
	}
	return 0
}

// base64Class is 1 for letters of base64, also of its form for URLs, and 2 for those that
// may also be something else before it.
//
//nolint:gochecknoglobals // a table that is only read
var base64Class = func() (t [256]byte) {
	for c := range 256 {
		switch {
		case wordClass(byte(c)) && c < 0x80:
			t[c] = 1
		case strings.IndexByte("+/-_", byte(c)) >= 0:
			t[c] = 2
		}
	}
	return t
}()

// sextets gives the value of letters of both forms of base64.
//
//nolint:gochecknoglobals // a table that is only read
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i & 0xff)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

const (
	// shortestBase64 is where a run may be base64 of more than the value that the dictionary has.
	shortestBase64 = 12
	// shortestHex is six bytes.
	shortestHex = 12
)

// looksBase64 tells whether what begins here decodes to text or to gzip.
func looksBase64(b []byte) bool {
	if bytes.HasPrefix(b, []byte("H4sI")) || bytes.HasPrefix(b, []byte("eJ")) || bytes.HasPrefix(b, []byte("eN")) || bytes.HasPrefix(b, []byte("eAE")) || looksWide(b) {
		return len(b) >= shortestBase64
	}
	if len(b) < shortestBase64 {
		return false
	}
	var out [12]byte
	n := 0
	// The first letter of what it says is one of ASCII, or of two bytes.
	one, two := sextets[b[0]]<<2|sextets[b[1]]>>4&3, sextets[b[1]]<<4|sextets[b[2]]>>2&15
	if sextets[b[0]]|sextets[b[1]]|sextets[b[2]] == 0xff || one < ' ' && one != '\n' && one != '\t' && one != '\r' || one > '~' && (one < 0xc3 || one > 0xd1 || two&0xc0 != 0x80) ||
		one < 0x80 && (two < ' ' && two != '\n' && two != '\t' && two != '\r' || two == 0x7f) {
		return false
	}
	for i := 0; i+4 <= len(b) && n+3 <= len(out); i += 4 {
		a, c, d, e := sextets[b[i]], sextets[b[i+1]], sextets[b[i+2]], sextets[b[i+3]]
		if a|c|d|e == 0xff {
			break
		}
		out[n], out[n+1], out[n+2] = a<<2|c>>4, c<<4|d>>2, d<<6|e
		n += 3
	}
	return n >= 9 && mostlyText(out[:n])
}

// base64At gives the first place near at from which something decodes: what stands before
// may be letters of base64 too, as in a path.
func base64At(data []byte, at int) (int, bool) {
	start := at
	for start > 0 && at-start < longestToken && base64Class[data[start-1]] != 0 {
		start--
	}
	if start > 0 && start+1 < len(data) && data[start-1] == '\\' && strings.IndexByte("nrt", data[start]) >= 0 { // behind \n in a quoted text
		start++
		at = max(at, start)
	}
	for i, from := range [...]int{start, at, at + 1, at + 2, at + 3} {
		if i == 1 && from == start {
			continue
		}
		if i > 1 && (start == at || len(data)-at < 40 || base64Class[data[at+39]] == 0) {
			break
		}
		if from < len(data) && looksBase64(data[from:min(len(data), from+16)]) {
			return from, true
		}
	}
	return 0, false
}

// readBase64 reads base64 around at, in one or more lines, and what gzip hides in it.
func readBase64(data []byte, at int) (reading, bool) {
	start, ok := base64At(data, at)
	if !ok {
		return reading{}, false
	}
	var places []int
	end := start
	for end < len(data) && end-start < longestPart {
		from := end
		for end < len(data) && base64Class[data[end]] != 0 {
			places = append(places, end)
			end++
		}
		next, ok := nextBase64Line(data, end)
		if !ok || end-from < shortestBase64 {
			break
		}
		end = next
	}
	letters := make([]byte, 0, len(places))
	for _, p := range places {
		letters = append(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[sextets[data[p]]&63])
	}
	if len(letters)%4 == 1 {
		letters, places = letters[:len(letters)-1], places[:len(places)-1]
	}
	if len(places) == 0 {
		return reading{}, false
	}
	text, err := base64.RawStdEncoding.DecodeString(string(letters))
	if err != nil {
		return reading{}, false
	}
	v := reading{start: start, end: places[len(places)-1] + 1, text: text, length: true}
	v.again = func(text []byte) []byte { return layBase64(data, v.start, v.end, places, text) }
	switch {
	case bytes.HasPrefix(text, []byte("\x1f\x8b")):
		return unpackBase64(data, v, places, gunzip, squeeze)
	case len(text) > 6 && text[0] == 0x78 && (int(text[0])<<8|int(text[1]))%31 == 0:
		if z, ok := unpackBase64(data, v, places, inflate, deflate); ok {
			return z, true
		}
	case isWide(text):
		return narrowed(v), true
	}
	return v, mostlyText(text)
}

// nextBase64Line gives where base64 goes on after the end of a line, with the same letters
// to the end of that one.
func nextBase64Line(data []byte, end int) (int, bool) {
	i := end
	for i < len(data) && (data[i] == '\r' || data[i] == ' ') {
		i++
	}
	if i >= len(data) || data[i] != '\n' {
		return 0, false
	}
	i++
	for i < len(data) && (data[i] == ' ' || data[i] == '\t') {
		i++
	}
	stop := i
	for stop < len(data) && base64Class[data[stop]] != 0 {
		stop++
	}
	rest := stop
	for rest < len(data) && strings.IndexByte("=\r \"',", data[rest]) >= 0 {
		rest++
	}
	return i, stop > i && (rest == len(data) || data[rest] == '\n')
}

// layBase64 writes text of the same length over the letters at these places.
func layBase64(data []byte, start, end int, places []int, text []byte) []byte {
	out := bytes.Clone(data[start:end])
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(out, "-_") {
		enc = base64.RawURLEncoding
	}
	for i, c := range []byte(enc.EncodeToString(text)) {
		if i < len(places) {
			out[places[i]-start] = c
		}
	}
	return out
}

// looksWide tells whether base64 begins as that of UTF-16 does: each second byte is zero.
func looksWide(b []byte) bool {
	if len(b) < shortestBase64 || sextets[b[0]] < ' '>>2 || sextets[b[1]]&15 != 0 || sextets[b[2]]&0x3c != 0 {
		return false
	}
	var out [9]byte
	n, err := base64.RawStdEncoding.Decode(out[:], b[:shortestBase64])
	return err == nil && isWide(out[:n-1])
}

// isWide tells whether bytes are UTF-16, least byte first, of letters of ASCII.
func isWide(b []byte) bool {
	if len(b) < 8 || len(b)%2 != 0 {
		return false
	}
	for i, c := range b {
		letter := c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t'
		if i%2 == 1 && c != 0 || i%2 == 0 && !letter {
			return false
		}
	}
	return true
}

// narrowed reads UTF-16 as what it says.
func narrowed(v reading) reading {
	lay := v.again
	var text []byte
	for i := 0; i < len(v.text); i += 2 {
		text = append(text, v.text[i])
	}
	v.text = text
	v.again = func(text []byte) []byte { return lay([]byte(wide(string(text)))) }
	return v
}

func gunzip(b []byte) (io.Reader, error) { return gzip.NewReader(bytes.NewReader(b)) }

func inflate(b []byte) (io.Reader, error) { return zlib.NewReader(bytes.NewReader(b)) }

func deflate(text []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(text) // to memory: it cannot fail
	_ = z.Close()
	return b.Bytes()
}

// unpackBase64 looks into what was compressed, within a bound.
func unpackBase64(data []byte, v reading, places []int, open func([]byte) (io.Reader, error), pack func([]byte) []byte) (reading, bool) {
	z, err := open(v.text)
	if err != nil {
		return v, false
	}
	plain, err := unpack.Read(z, 4*longestPart)
	if err != nil || !mostlyText(plain) {
		return v, false
	}
	for v.end < len(data) && data[v.end] == '=' {
		v.end++
	}
	v.text, v.length = plain, false
	width := 0
	for width < len(places) && places[width] == places[0]+width {
		width++
	}
	gap := ""
	if width < len(places) {
		gap = string(data[places[width-1]+1 : places[width]])
	}
	v.again = func(text []byte) []byte {
		packed := base64.StdEncoding.EncodeToString(pack(text))
		var b strings.Builder
		for gap != "" && len(packed) > width {
			b.WriteString(packed[:width] + gap)
			packed = packed[width:]
		}
		b.WriteString(packed)
		return []byte(b.String())
	}
	return v, true
}

// readHex reads a run of hex digits that hide a text.
func readHex(data []byte, at int) (reading, bool) {
	v := reading{start: at, end: at, write: hexLike, length: true}
	for line := at; v.end-at < longestPart; {
		end := line
		for end < len(data) && isHex(data[end]) && end-at < longestPart {
			end++
		}
		for i := line; i+2 <= end; i += 2 {
			c, _ := hex2(data[i:])
			v.add(c, i, i+2)
		}
		v.end = end
		next := nextHexLine(data, line, end)
		if next == 0 {
			break
		}
		line = next
	}
	if bytes.HasPrefix(v.text, []byte("\x1f\x8b")) {
		return unpackHex(v)
	}
	spaced(v.text)
	return v, mostlyText(v.text)
}

// unpackHex reads what hex digits of gzip hide. It is written anew, its lines as wide as the first was.
func unpackHex(v reading) (reading, bool) {
	z, err := gunzip(v.text)
	if err != nil {
		return v, false
	}
	plain, err := unpack.Read(z, 4*longestPart)
	if err != nil || !mostlyText(plain) {
		return v, false
	}
	width := 1
	for width < len(v.from) && v.from[width] == v.from[0]+2*width {
		width++
	}
	whole := width == len(v.from)
	v.text, v.length = plain, false
	v.again = func(text []byte) []byte {
		digits := hex.EncodeToString(squeeze(text))
		var b strings.Builder
		for !whole && len(digits) > 2*width {
			b.WriteString(digits[:2*width] + "\n")
			digits = digits[2*width:]
		}
		b.WriteString(digits)
		return []byte(b.String())
	}
	return v, true
}

// spaced makes blanks of the zeros that part the arguments of a command, as the kernel keeps it (proctitle of auditd,
// /proc/PID/cmdline). Zeros at each other byte are of UTF-16, and stay.
func spaced(text []byte) {
	for i := 2; i+2 < len(text); i++ {
		if text[i] == 0 && text[i-1] > ' ' && text[i+1] > ' ' && text[i-2] != 0 && text[i+2] != 0 {
			text[i] = ' '
		}
	}
}

// narrowHex is the least width of a line of hex that the next one goes on from (xxd -p has 60).
const narrowHex = 32

// nextHexLine gives where the next line begins, when this one and that one are hex and nothing
// else; else 0.
func nextHexLine(data []byte, line, end int) int {
	if end-line < narrowHex || (end-line)%2 != 0 || end+2 >= len(data) || data[end] != '\n' || line > 0 && data[line-1] != '\n' {
		return 0
	}
	stop := end + 1
	for stop < len(data) && isHex(data[stop]) && stop-end <= end-line {
		stop++
	}
	if n := stop - end - 1; n == 0 || n%2 != 0 || stop < len(data) && data[stop] != '\n' {
		return 0
	}
	return end + 1
}

// readGroups reads 51:75:61, 51-75-61, 51.75.61, 51 75 61, 5175 617a, and 0x51, 0x75 around at.
func readGroups(data []byte, at int) (reading, bool) {
	v := reading{start: at, write: hexLike, length: true}
	pair := func(i int) (int, bool) {
		if i+3 < len(data) && data[i] == '0' && data[i+1] == 'x' {
			i += 2
		}
		_, ok := hex2(data[min(i, len(data)):])
		return i, ok && (i+2 >= len(data) || !wordClass(data[i+2]))
	}
	double := at+5 < len(data) && data[at+4] == ' ' && allHex(data[at:at+4])
	sep := ""
	for i := at; len(v.text) < longestPart; {
		if double && i+4 <= len(data) && allHex(data[i:i+4]) && (i+4 == len(data) || !wordClass(data[i+4])) {
			c, _ := hex2(data[i:])
			v.add(c, i, i+2)
			i += 2
		}
		p, ok := pair(i)
		if !ok {
			break
		}
		c, _ := hex2(data[p:])
		v.add(c, p, p+2)
		v.end = p + 2
		stop := v.end
		for stop < len(data) && stop-v.end < 3 && strings.IndexByte(" :-,.", data[stop]) >= 0 {
			stop++
		}
		got := string(data[v.end:stop])
		if sep != "" && got == strings.TrimRight(sep, " ") && p > i { // xxd -i goes on in the next line
			if next := skipBlanks(data[:min(len(data), stop+16)], stop); next > stop {
				got, stop = sep, next
			}
		}
		if got == "" || sep != "" && got != sep {
			break
		}
		sep, i = got, stop
	}
	return v, len(v.text) >= shortestHex/2 && mostlyText(v.text)
}

// fewestNumbers is how many numbers in a row make a text, and leastPairs how many groups in hex.
const (
	fewestNumbers = 6
	leastPairs    = 6
)

// numbersAt tells whether so many numbers stand from at on that each is the code of a letter,
// with the same sign between: 81, 117, 97.
func numbersAt(data []byte, at int) bool {
	sep := ""
	for k := range fewestNumbers {
		n, from := 0, at
		for at < len(data) && at-from < 3 && isDigit(data[at]) {
			n = n*10 + int(data[at]-'0')
			at++
		}
		if n < ' ' || n > '~' || at < len(data) && wordClass(data[at]) {
			return false
		}
		if k == fewestNumbers-1 {
			return true
		}
		got := numberSign(data[at:])
		if got == "" || sep != "" && got != sep {
			return false
		}
		sep, at = got, at+len(got)
	}
	return true
}

// numberSign is what stands between two numbers of a text.
func numberSign(b []byte) string {
	for _, sign := range []string{".", ", ", ",", " "} {
		if len(b) > len(sign) && string(b[:len(sign)]) == sign && isDigit(b[len(sign)]) {
			return sign
		}
	}
	return ""
}

// pairsAt tells whether groups of hex that are the codes of letters stand from at on, with
// one sign between: 51, 75, 61 or 5175 6172.
func pairsAt(data []byte, at int) bool {
	width, sep := 2, ""
	if at+4 < len(data) && data[at+4] == ' ' {
		width = 4
	}
	for k := 0; k < leastPairs; k += width / 2 {
		if at+width > len(data) || !allHex(data[at:at+width]) || !printable(data[at:at+width]) || at+width < len(data) && wordClass(data[at+width]) {
			return false
		}
		at += width
		n := 0
		for at+n < len(data) && n < 3 && strings.IndexByte(" ,.", data[at+n]) >= 0 {
			n++
		}
		got := string(data[at : at+n])
		if k > 0 && got != sep && k+width/2 < leastPairs {
			return false
		}
		sep, at = got, at+n
	}
	return true
}

// readOID reads the text that is written as numbers in the index of an OID, or in a list.
func readOID(data []byte, at int) (reading, bool) {
	sep := ""
	v := reading{start: at, end: at, write: func(_ []byte, c byte) []byte { return strconv.AppendInt(nil, int64(c), 10) }, values: true}
	for i := at; i < len(data); {
		from, n := i, 0
		for i < len(data) && i-from < 10 && data[i] >= '0' && data[i] <= '9' {
			n = n*10 + int(data[i]-'0')
			i++
		}
		if i == from {
			break
		}
		c := byte(0)
		if n < 256 {
			c = byte(n & 0xff)
		}
		if c < ' ' {
			c = 0
		}
		v.add(c, from, i)
		v.end = i
		got := numberSign(data[i:])
		if got == "" || sep != "" && got != sep || len(v.text) > longestToken {
			break
		}
		sep, i = got, i+len(got)
	}
	return v, len(v.text) >= fewestNumbers
}
