package reports

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes plain text of what a device said. Terminal sequences that only move the
// cursor or set colours go; every other control character, and the invisible ones that
// can reorder or hide text, become visible signs. The result is valid UTF-8 whose only
// control characters are newline and tab, fits XML 1.0, and is its own Clean. It holds
// at most four times the bytes of s.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\n' || c == '\t' || c >= 0x20 && c < 0x7f:
			b.WriteByte(c)
			i++
		case c == '\r':
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], "\r"))
			if i += n; i < len(s) && s[i] == '\n' {
				continue
			}
			b.WriteString(strings.Repeat("␍", n))
		case c == 0x1b:
			if n := sequence(s[i:]); n > 0 {
				i += n
				continue
			}
			b.WriteRune('␛')
			i++
		case c < 0x20:
			b.WriteRune(0x2400 + rune(c))
			i++
		case c == 0x7f:
			b.WriteRune('␡')
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			writeRune(&b, r)
			i += n
		}
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < 0x20 && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// writeRune writes a rune beyond ASCII; one that cannot be seen is spelt out.
func writeRune(b *strings.Builder, r rune) {
	switch {
	case r == utf8.RuneError || r&0xfffe == 0xfffe:
		b.WriteRune(utf8.RuneError)
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		fmt.Fprintf(b, "⟨%X⟩", r)
	default:
		b.WriteRune(r)
	}
}

// maxSequence bounds a terminal sequence, so that none can swallow the text after it.
const maxSequence = 64

// sequence gives the length of the terminal sequence without text of its own that s
// begins with, 0 when there is none. Sequences that carry text (titles, links) are not
// taken for one: what a device said is shown.
func sequence(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch c := s[1]; {
	case c == '[':
		for i := 2; i < len(s) && i < maxSequence; i++ {
			switch c := s[i]; {
			case c >= 0x40 && c <= 0x7e:
				return i + 1
			case c < 0x20 || c > 0x3f:
				return 0
			}
		}
	case strings.IndexByte("()*+-./#% ", c) >= 0: // character sets
		if len(s) > 2 && s[2] >= 0x30 && s[2] <= 0x7e {
			return 3
		}
	case strings.IndexByte("=>78cDEHMNOZ", c) >= 0:
		return 2
	}
	return 0
}

// maxField bounds one string of the record that is no device output, in bytes.
const maxField = 4 << 10

// cleanFields cleans every string that v points to, for records whose texts may come
// from a device or from a stranger.
func cleanFields(v any) { cleanValue(reflect.ValueOf(v)) }

func cleanValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			cleanValue(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				cleanValue(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			cleanValue(v.Index(i))
		}
	case reflect.Map:
		if m, ok := reflect.TypeAssert[map[string]string](v); ok {
			for k, s := range m {
				delete(m, k)
				m[cleanField(k)] = cleanField(s)
			}
		}
	case reflect.String:
		v.SetString(cleanField(v.String()))
	default: // holds no text
	}
}

func cleanField(s string) string {
	e := cut(s, maxField*3/4, maxField/4)
	return e.String()
}
