package reports

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// Excerpt is text of the record, cleaned and bounded: all of it, or its head and tail.
type Excerpt struct {
	Head    string
	Tail    string // empty when the head is all
	Omitted int64  // bytes between head and tail
	Size    int64  // bytes there are in the record
	File    string // where all of it is, within the run directory
}

// Gap says what is left out, empty when nothing is.
func (e Excerpt) Gap() string {
	if e.Omitted == 0 {
		return ""
	}
	if e.File == "" {
		return fmt.Sprintf("… %d bytes not shown", e.Omitted)
	}
	return fmt.Sprintf("… %d bytes not shown, see %s", e.Omitted, e.File)
}

// String is the whole excerpt, with a line for what is left out.
func (e Excerpt) String() string {
	if e.Omitted == 0 {
		return e.Head
	}
	return strings.TrimRight(e.Head, "\n") + "\n" + e.Gap() + "\n" + e.Tail
}

// Empty tells that the record holds no text here.
func (e Excerpt) Empty() bool { return strings.TrimSpace(e.Head+e.Tail) == "" && e.Omitted == 0 }

// cut keeps the head and the tail of s, at ends of lines where they are near.
func cut(s string, head, tail int) Excerpt {
	e := Excerpt{Size: int64(len(s))}
	if len(s) <= head+tail {
		e.Head = Clean(s)
		return e
	}
	e.Head, e.Tail = cutHead(s, head), cutTail(s, tail)
	e.Omitted = int64(len(s) - len(e.Head) - len(e.Tail))
	e.Head, e.Tail = Clean(e.Head), Clean(e.Tail)
	return e
}

func cutHead(s string, n int) string {
	s = s[:n]
	if i := strings.LastIndexByte(s, '\n'); i > n/2 {
		return s[:i+1]
	}
	for i := 0; i < utf8.UTFMax && len(s) > 0; i++ {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s
}

func cutTail(s string, n int) string {
	s = s[len(s)-n:]
	if i := strings.IndexByte(s, '\n'); i >= 0 && i < n/2 {
		return s[i+1:]
	}
	for i := 0; i < utf8.UTFMax && len(s) > 0 && !utf8.RuneStart(s[0]); i++ {
		s = s[1:]
	}
	return s
}

// budget bounds the text of a whole report, in bytes.
type budget struct{ left int }

// part takes a share for one consumer out of the budget.
func (b *budget) part(n int) *budget {
	n = max(0, min(n, b.left))
	b.left -= n
	return &budget{n}
}

// text cuts s to head and tail, and to what is left.
func (b *budget) text(s string, head, tail int, file string) Excerpt {
	if room := head + tail; room > b.left && len(s) > b.left {
		head, tail = b.left*head/room, b.left*tail/room
	}
	e := cut(s, head, tail)
	e.File = file
	b.left -= int(e.Size - e.Omitted)
	return e
}

// file cuts a file without reading more of it than is shown.
func (b *budget) file(path, name string, head, tail int) (Excerpt, error) {
	f, err := plain.Open(path)
	if err != nil {
		return Excerpt{}, err
	}
	defer f.Close() //nolint:errcheck // read only
	st, err := f.Stat()
	if err != nil {
		return Excerpt{}, err
	}
	size := st.Size()
	if size <= int64(head+tail) {
		data, err := io.ReadAll(io.LimitReader(f, int64(head+tail)))
		return b.text(string(data), head, tail, name), err
	}
	first, last := make([]byte, head), make([]byte, tail)
	_, err1 := f.ReadAt(first, 0)
	_, err2 := f.ReadAt(last, size-int64(tail))
	// The middle is not read: one line end stands for it, and is counted with it.
	e := b.text(string(first)+"\n"+string(last), head-1, tail-1, name)
	e.Omitted += size - e.Size
	e.Size = size
	return e, errors.Join(err1, err2)
}
