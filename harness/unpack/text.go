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

// WideOf reports how a text of UTF-16 is written; false for what is none. Without a mark it is
// known by the zeros that letters of ASCII have.
func WideOf(data []byte) (Wide, bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return Wide{Mark: true}, true
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return Wide{Big: true, Mark: true}, true
	}
	const looked, fewest = 512, 4 // bytes, units
	zeros := [2]int{}
	begin := data[:min(len(data), looked)&^1]
	for i, b := range begin {
		if b == 0 {
			zeros[i%2]++
		}
	}
	units := len(begin) / 2
	most := func(n int) bool { return units >= fewest && n*10 >= units*9 }
	switch {
	case most(zeros[1]) && zeros[0] == 0:
		return Wide{}, true
	case most(zeros[0]) && zeros[1] == 0:
		return Wide{Big: true}, true
	}
	return Wide{}, false
}

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
