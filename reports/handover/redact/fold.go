package redact

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/reprise-lab/reprise/harness/unpack"
)

// Letters are the same in capitals and small where both take as many bytes, so that a text
// keeps its length. A byte of no character is a letter of Latin-1, as old logs have them.

// eachLetter changes b in place, one character at a time.
func eachLetter(b []byte, change func(at int, c rune) rune) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			b[i] = byte(change(i, rune(b[i])) & 0x7f)
			i++
			continue
		}
		c, n := utf8.DecodeRune(b[i:])
		if n == 1 { // Latin-1
			if with := change(i, rune(b[i])); with <= 0xff && with >= utf8.RuneSelf {
				b[i] = byte(with & 0xff)
			}
		} else if with := change(i, c); with != c && utf8.RuneLen(with) == n {
			utf8.EncodeRune(b[i:], with)
		}
		i += n
	}
}

// foldText makes the letters of a text small, in place.
func foldText(b []byte) {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			eachLetter(b[i:], func(_ int, c rune) rune { return lowerRune(c) })
			return
		}
		b[i] = byte(classes[c] & 0xff)
	}
}

func lowerRune(c rune) rune {
	if c < utf8.RuneSelf {
		return rune(classes[c] & 0xff)
	}
	return unicode.ToLower(c)
}

// upperRune is the capital that lowerRune makes small again.
func upperRune(c rune) rune {
	if up := unicode.ToUpper(c); unicode.ToLower(up) == c && utf8.RuneLen(up) == utf8.RuneLen(c) {
		return up
	}
	return c
}

// sameKinds tells whether two texts have letters with capitals at the same places.
func sameKinds(a, b string) bool {
	for i, c := range a {
		d, _ := utf8.DecodeRuneInString(b[i:])
		if (upperRune(c) == c) != (upperRune(d) == d) {
			return false
		}
	}
	return true
}

// uncased is s in small letters.
func uncased(s string) string {
	b := []byte(s)
	foldText(b)
	return string(b)
}

// sameLetters tells whether two texts of one length differ in capitals only.
func sameLetters(a []byte, b string) bool {
	for i := range a {
		if a[i] >= utf8.RuneSelf || b[i] >= utf8.RuneSelf {
			return uncased(string(a)) == uncased(b)
		}
		if classes[a[i]] != classes[b[i]] {
			return false
		}
	}
	return true
}

// asCased gives with the capitals of got, which differs from the learned value in case only.
func asCased(with, got string) string {
	if len(with) != len(got) {
		return with
	}
	out := []byte(with)
	eachLetter(out, func(i int, c rune) rune {
		model, n := utf8.DecodeRuneInString(got[i:])
		if n == 1 {
			model = rune(got[i])
		}
		switch {
		case unicode.IsUpper(model):
			return upperRune(c)
		case unicode.IsLower(model):
			return lowerRune(c)
		}
		return c
	})
	return string(out)
}

// windows1252 are the letters that Windows puts where Latin-1 has control characters.
//
//nolint:gochecknoglobals // a table that is only read
var windows1252 = map[rune]byte{'Š': 0x8a, 'Œ': 0x8c, 'Ž': 0x8e, 'š': 0x9a, 'œ': 0x9c, 'ž': 0x9e, 'Ÿ': 0x9f}

// oneByte writes s as Latin-1 and Windows-1252 do. It says false when they cannot, or when
// there is nothing to write otherwise.
func oneByte(s string) (string, bool) {
	if isASCII(s) || !utf8.ValidString(s) {
		return "", false
	}
	var b strings.Builder
	for _, c := range s {
		if w, ok := windows1252[c]; ok {
			b.WriteByte(w)
		} else if c <= 0xff {
			b.WriteByte(byte(c & 0xff))
		} else {
			return "", false
		}
	}
	return b.String(), true
}

// fromUTF16 reads a text of UTF-16, and how it is written. It says false when that cannot be taken
// back byte for byte.
func fromUTF16(data []byte) ([]byte, unpack.Wide, bool) {
	w, ok := unpack.WideOf(data)
	if !ok {
		return nil, w, false
	}
	text := w.Narrow(data)
	return text, w, bytes.Equal(w.Widen(text), data)
}

// otherPages is a text as the code pages of DOS and old Macs have it, and as UTF-8 that somebody took for Windows-1252, by
// what they are called.
func otherPages(s string) map[string]string {
	pages := map[string]string{}
	for _, page := range []*charmap.Charmap{charmap.CodePage437, charmap.CodePage850, charmap.Macintosh} {
		if text, err := page.NewEncoder().String(s); err == nil {
			pages[page.String()] = text
		}
	}
	if text, err := charmap.Windows1252.NewDecoder().String(s); err == nil && !strings.ContainsRune(text, utf8.RuneError) {
		pages["taken for Windows-1252"] = text
	}
	return pages
}
