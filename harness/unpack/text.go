package unpack

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is one text of a file that somebody sent.
type Text struct {
	Name string // within the archives; empty for the file itself
	Text []byte // UTF-8 with newlines
}

// Texts returns what is to be read in a file, through all its archives. What is no text (cores,
// captures) is left out.
func Texts(data []byte, l Limits) ([]Text, error) {
	t := texts{u: New(l)}
	if err := t.file("", data, 0); err != nil {
		return nil, err
	}
	return t.list, nil
}

// texts collects.
type texts struct {
	u    *Unpacker
	list []Text
}

func (t *texts) file(name string, data []byte, depth int) error {
	f := FormatOf(data)
	if f == Plain {
		if text, ok := Decode(data); ok {
			t.list = append(t.list, Text{name, text})
		}
		return nil
	}
	return t.u.Each(data, depth, func(m Member) error {
		switch {
		case !m.Regular:
			return nil
		case f.Stream():
			return t.file(name, m.Data, depth+1)
		}
		return t.file(within(name, m.Name), m.Data, depth+1)
	})
}

func within(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "/" + inner
}

// head is how much of a file is looked at to tell a text.
const head = 4096

// utf8Mark begins texts of editors that mark them.
const utf8Mark = "\xef\xbb\xbf"

// Decode returns a text as UTF-8 with newlines, without the mark that it may begin with; false for
// what is no text.
func Decode(data []byte) ([]byte, bool) {
	wide, isWide := WideOf(data)
	switch {
	case isWide:
		data = wide.Narrow(data)
	case bytes.HasPrefix(data, []byte(utf8Mark)):
		data = data[len(utf8Mark):]
	case bytes.IndexByte(data[:min(len(data), head)], 0) >= 0:
		return nil, false
	}
	if !utf8.Valid(data) {
		data = fromLatin1(data)
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), true
}

func fromLatin1(data []byte) []byte {
	runes := make([]rune, len(data))
	for i, b := range data {
		runes[i] = rune(b)
	}
	return []byte(string(runes))
}

// Wide is how a text of UTF-16 is written.
type Wide struct {
	Big  bool // the greatest byte first
	Mark bool // it begins with a mark of its order
}

// WideOf reports how a text of UTF-16 is written; false for what is none, and for what is that in
// parts only, as a log whose later lines somebody appended in ASCII. Without a mark it is known by
// the zeros that letters of ASCII have.
func WideOf(data []byte) (Wide, bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return Wide{Mark: true}, !mixed(data[2:], 1)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return Wide{Big: true, Mark: true}, !mixed(data[2:], 0)
	}
	for greatest, w := range []Wide{{Big: true}, {}} {
		if zerosAt(data, greatest) {
			return w, !mixed(data, greatest)
		}
	}
	return Wide{}, false
}

// wideWindow is how many bytes are looked at together to tell UTF-16 by its zeros.
const wideWindow = 512

// zerosAt reports whether a text has the zeros of UTF-16 where its greatest bytes are: nearly all
// at its beginning, and no other ones, and half of them in each part of it.
func zerosAt(data []byte, greatest int) bool {
	const fewest = 4 // units
	data = data[:len(data)&^1]
	begin := data[:min(len(data), wideWindow)]
	units := len(begin) / 2
	if units < fewest || zeros(begin, greatest)*10 < units*9 || zeros(begin, 1-greatest) > 0 {
		return false
	}
	for len(data) > 0 {
		part := data[:min(len(data), wideWindow)]
		if len(part) == wideWindow && zeros(part, greatest)*4 < len(part) {
			return false
		}
		data = data[len(part):]
	}
	return true
}

// zeros counts those in every second byte, from the one at from on.
func zeros(data []byte, from int) int {
	n := 0
	for i := from; i < len(data); i += 2 {
		if data[i] == 0 {
			n++
		}
	}
	return n
}

// Units of two bytes that are letters of ASCII both are letters of East Asia in UTF-16. So many
// after each other are taken for a text of one byte a letter: in a text that is ASCII but for some,
// where others hardly come, and in one that is not. There each fifth letter may be such a unit.
const (
	oneByteRun     = 4
	oneByteRunEast = 8
)

// mixed reports whether a part of a text of UTF-16 is written with one byte a letter.
func mixed(data []byte, greatest int) bool {
	data = data[:len(data)&^1]
	most := oneByteRunEast
	ascii := zeros(data, greatest)*10 >= len(data)/2*8
	if ascii {
		most = oneByteRun
	}
	run := 0
	for ; len(data) > 1; data = data[2:] {
		switch a, b := data[greatest], data[1-greatest]; {
		case !printed(a) || !printed(b):
			run = 0
		case !ascii && (a == 0x30 || a == 0x25): // kana and the lines of tables come in long runs
		default:
			run++
		}
		if run >= most {
			return true
		}
	}
	return false
}

// printed reports whether a byte is what lines of ASCII consist of.
func printed(c byte) bool { return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' }

// order is the order of bytes.
func (w Wide) order() interface {
	binary.ByteOrder
	binary.AppendByteOrder
} {
	if w.Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// byteOrderMark begins a text that has a mark.
const byteOrderMark = 0xfeff

// Narrow is a text of UTF-16 in UTF-8, without its mark.
func (w Wide) Narrow(data []byte) []byte {
	if w.Mark {
		data = data[2:]
	}
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) > 1; data = data[2:] {
		units = append(units, w.order().Uint16(data))
	}
	return []byte(string(utf16.Decode(units)))
}

// Widen writes a text of UTF-8 as the one was.
func (w Wide) Widen(text []byte) []byte {
	var out []byte
	if w.Mark {
		out = w.order().AppendUint16(out, byteOrderMark)
	}
	for _, u := range utf16.Encode([]rune(string(text))) {
		out = w.order().AppendUint16(out, u)
	}
	return out
}

// oddAtMost is how many bytes of a text, of so many, may be none of a text.
const oddAtMost = 50

// IsText reports whether data is a text in UTF-8 or ASCII. It allows the control characters of
// terminals and a few stray bytes.
func IsText(data []byte) bool {
	odd := 0
	for i := 0; i < len(data); {
		if c := data[i]; c < utf8.RuneSelf {
			if c == 0 {
				return false
			}
			if strayControl(c) {
				odd++
			}
			i++
			continue
		}
		_, n := utf8.DecodeRune(data[i:])
		if n == 1 {
			odd++
		}
		i += n
	}
	return odd*oddAtMost <= len(data)
}

// IsOneByteText is IsText with the letters of Latin-1 and Windows-1252, and torn UTF-8.
func IsOneByteText(data []byte) bool {
	odd, high := 0, 0
	for _, c := range data {
		switch {
		case c == 0:
			return false
		case c >= utf8.RuneSelf:
			high++
		case strayControl(c):
			odd++
		}
	}
	return odd*oddAtMost <= len(data) && high*2 <= len(data)
}

// strayControl reports whether a control character is none that terminals are sent.
func strayControl(c byte) bool {
	return c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 0x1b && c != '\b' && c != '\a' && c != '\f'
}
