package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// MaxLine is how many bytes of a line are kept; Line.Cut says how many were not.
const MaxLine = 64 << 10

// Options are how a log is read. The zero value is good.
type Options struct {
	// Year gives the year of lines that name none. Nil goes by the lines before in the same file, and
	// by the current date for the first.
	Year func(month time.Month, day int) int
}

// ErrCut is a file that ends in the middle, as an upload does that was broken off: what came before was read.
var ErrCut = fmt.Errorf("it ends in the middle, and what came before was read: %w", io.ErrUnexpectedEOF)

// ReadFile gives the lines of a file in their order, one at a time: what it takes to read a log does not
// grow with it. A file packed with gzip is unpacked. An error ends the lines; those before it are good.
func ReadFile(name string, o Options) iter.Seq2[*Line, error] {
	return func(yield func(*Line, error) bool) {
		f, err := plain.Open(name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close() //nolint:errcheck // read only
		for l, err := range Read(f, name, o) {
			if !yield(l, err) {
				return
			}
		}
	}
}

// Read gives the lines of a log, as ReadFile does.
func Read(r io.Reader, name string, o Options) iter.Seq2[*Line, error] {
	return func(yield func(*Line, error) bool) {
		in := bufio.NewReaderSize(r, 128<<10)
		if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(in)
			if err != nil {
				yield(nil, fmt.Errorf("unpack %s: %w", name, err))
				return
			}
			in = bufio.NewReaderSize(z, 128<<10)
		}
		s := &splitter{in: in, end: '\n'}
		s.look()
		y := &years{now: time.Now().UTC()}
		p := &Parser{Year: o.Year}
		if p.Year == nil {
			p.Year = y.year
		}
		for n := 1; ; n++ {
			l := &Line{File: name, Number: n, Offset: s.offset}
			var err error
			l.Raw, l.Cut, err = s.line()
			if errors.Is(err, io.EOF) {
				return
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = ErrCut
			}
			if err != nil {
				yield(nil, fmt.Errorf("read %s, line %d: %w", name, n, err))
				return
			}
			p.Parse(l)
			y.saw(l)
			if !yield(l, nil) {
				return
			}
		}
	}
}

// years resolves the year of a line by the lines before.
type years struct {
	now, last time.Time
}

// year is that which puts the day next to the line before: December may be read in January. The
// first line lies in the past, or at most a day ahead. The 29th of February is of the last year that has one.
func (y *years) year(m time.Month, d int) int {
	best := y.nearest(m, d)
	for back := 0; m == time.February && d == 29 && back < 8; back++ { // 1900 and 2100 have none
		if time.Date(best-back, m, d, 0, 0, 0, 0, time.UTC).Month() == m {
			return best - back
		}
	}
	return best
}

func (y *years) nearest(m time.Month, d int) int {
	if y.last.IsZero() {
		if time.Date(y.now.Year(), m, d, 0, 0, 0, 0, time.UTC).After(y.now.AddDate(0, 0, 1)) {
			return y.now.Year() - 1
		}
		return y.now.Year()
	}
	best := y.last.Year()
	for _, year := range []int{best - 1, best + 1} {
		at := time.Date(year, m, d, 0, 0, 0, 0, time.UTC)
		if at.Sub(y.last).Abs() < time.Date(best, m, d, 0, 0, 0, 0, time.UTC).Sub(y.last).Abs() {
			best = year
		}
	}
	return best
}

func (y *years) saw(l *Line) {
	if !l.Time.IsZero() {
		y.last = l.Time
	}
}

// splitter cuts bytes into lines, and lines into text.
type splitter struct {
	in     *bufio.Reader
	wide   binary.ByteOrder // of UTF-16; nil for bytes
	end    byte             // of a line of bytes: \n, or \r where a terminal wrote no other
	offset int64            // of the next byte
	buf    []byte
}

// look finds the encoding by its mark, or by the zeros of UTF-16 text, and skips the mark; and what ends lines.
func (s *splitter) look() {
	head, _ := s.in.Peek(64)
	skip := 0
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		s.wide, skip = binary.LittleEndian, 2
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		s.wide, skip = binary.BigEndian, 2
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		skip = 3
	case zeros(head, 1) && !zeros(head, 0):
		s.wide = binary.LittleEndian
	case zeros(head, 0) && !zeros(head, 1):
		s.wide = binary.BigEndian
	}
	n, _ := s.in.Discard(skip)
	s.offset += int64(n)
	if head, _ = s.in.Peek(s.in.Buffered()); s.wide == nil && bytes.IndexByte(head, '\n') < 0 && bytes.Count(head, []byte("\r")) > 1 {
		s.end = '\r'
	}
}

// zeros reports whether most bytes at even, or odd, places are zero.
func zeros(b []byte, from int) bool {
	zero, all := 0, 0
	for i := from; i < len(b); i += 2 {
		all++
		if b[i] == 0 {
			zero++
		}
	}
	return all >= 4 && zero*4 >= all*3
}

// oneByte is how much of a line is looked at to tell that it is of one byte a letter, in a text of UTF-16, and least
// how much of it there has to be; the other way round least are the units.
const (
	oneByte = 256
	least   = 8
)

// turn looks whether a line is written otherwise than those before, as by a program that appended to a file of
// another: in bytes below UTF-16, or the other way round.
func (s *splitter) turn() {
	if s.wide == nil {
		head, _ := s.in.Peek(2)
		switch {
		case bytes.Equal(head, []byte{0xff, 0xfe}), bytes.Equal(head, []byte{0xfe, 0xff}):
			s.look()
		case len(head) == 2 && head[0] != 0 && head[1] == 0:
			if head, _ = s.in.Peek(2 * least); len(head) == 2*least && zeros(head, 1) && !zeros(head, 0) {
				s.wide = binary.LittleEndian
			}
		}
		return
	}
	head, _ := s.in.Peek(oneByte)
	end := bytes.IndexByte(head, '\n')
	if end < 0 {
		end = len(head)
	}
	wide := end+1 < len(head) && head[end+1] == 0 // the other half of the end of a line
	if !wide {
		greatest := 1
		if s.wide == binary.BigEndian {
			greatest = 0
		}
		wide = true
		for i := greatest; i < end; i += 2 { // letters of East Asia, kana and the lines of tables look like two of ASCII
			wide = wide && (head[i] >= 0x4e || head[i] == 0x30 || head[i] == 0x25)
		}
	}
	if end >= least && !wide && !bytes.ContainsFunc(head[:end], func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' || r > '~' }) {
		s.wide, s.end = nil, '\n'
	}
}

// line is the next line without its end. The last may lack that.
func (s *splitter) line() (text string, cut int, err error) {
	s.turn()
	if s.wide != nil {
		return s.wideLine()
	}
	s.buf = s.buf[:0]
	some := false
	for {
		part, err := s.in.ReadSlice(s.end)
		s.offset += int64(len(part))
		some = some || len(part) > 0
		keep := min(len(part), MaxLine-len(s.buf))
		cut += len(part) - keep
		whole := err == nil
		if whole && cut == 0 && len(s.buf) == 0 {
			return plainText(part), 0, nil
		}
		s.buf = append(s.buf, part[:keep]...)
		switch {
		case whole, errors.Is(err, io.EOF) && some:
			if cut > 0 && whole {
				cut-- // the end of the line is none of it
			}
			return plainText(s.buf), cut, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", 0, err
		}
	}
}

// plainText is a line as text: UTF-8, or Latin-1 where it is none.
func plainText(b []byte) string {
	b = bytes.TrimSuffix(b, []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = rune(b[0])
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return string(out)
}

// wideLine is line for UTF-16.
func (s *splitter) wideLine() (text string, cut int, err error) {
	var units []uint16
	for some := false; ; some = true {
		var b [2]byte
		n, err := io.ReadFull(s.in, b[:])
		s.offset += int64(n)
		if err != nil {
			if some && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
				break
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return "", 0, err
		}
		u := s.wide.Uint16(b[:])
		if u == '\n' {
			break
		}
		if len(units) >= MaxLine/2 {
			cut += 2
			continue
		}
		units = append(units, u)
	}
	if n := len(units); n > 0 && units[n-1] == '\r' {
		units = units[:n-1]
	}
	return string(utf16.Decode(units)), cut, nil
}
