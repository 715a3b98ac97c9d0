package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/reports"
)

// screen is what people read: standard output or standard error. Whatever is written to it
// is plain text afterwards, whoever's words are in it: a device, a scenario or a bundle
// cannot move the cursor, set a colour or a title, or turn the order of letters round. What
// this program itself does to a terminal goes by [screen.control].
type screen struct {
	mu  sync.Mutex
	to  io.Writer
	cut []byte // the beginning of a character whose rest was not written yet
	// marks were heaped on the last character that was written.
	marks int
}

// NewScreen makes a writer that cleans what it is given for a terminal, and writes it to to.
func NewScreen(to io.Writer) io.Writer { return &screen{to: to} }

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := append(s.cut, p...)
	end := len(data) - unfinished(data)
	s.cut = bytes.Clone(data[end:])
	if _, err := io.WriteString(s.to, s.sparse(reports.Clean(string(data[:end])))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// unfinished is how many bytes at the end begin a character that they do not finish.
func unfinished(data []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(data); n++ {
		if tail := data[len(data)-n:]; utf8.RuneStart(tail[0]) {
			if tail[0] >= utf8.RuneSelf && !utf8.FullRune(tail) {
				return n
			}
			return 0
		}
	}
	return 0
}

// sparse takes out marks that are heaped on one character: more than people write cover the
// lines above and below.
func (s *screen) sparse(text string) string {
	const most = 4
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf || !unicode.In(r, unicode.Mn, unicode.Me) {
			s.marks = 0
			return r
		}
		if s.marks++; s.marks > most {
			return -1
		}
		return r
	}, text)
}

// Control writes what is meant for the terminal itself.
func (s *screen) control(sequence string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.to, sequence) // a terminal that went away obeys nothing
}

// Controls of a terminal (ECMA-48): to the beginning of the line, and erase to its end.
const (
	LineStart = "\r"
	LineErase = "\r\x1b[K"
)

// Control writes to w's terminal, if it is a screen.
func Control(w io.Writer, sequence string) {
	if s, ok := w.(*screen); ok {
		s.control(sequence)
	}
}

// raw is what a screen writes to: for results that are files, byte by byte.
func raw(w io.Writer) io.Writer {
	if s, ok := w.(*screen); ok {
		return s.to
	}
	return w
}

// Document is where a result goes that is a file, such as a page: as it is, but for a terminal.
func (a *App) Document() io.Writer {
	if _, tty := Terminal(a.Out); tty {
		return a.Out
	}
	return raw(a.Out)
}

// lines gives each argument that is a text of several lines an indent from the second on:
// somebody's words cannot begin a line of ours.
func lines(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = arg
		var text string
		switch v := arg.(type) {
		case string:
			text = v
		case error:
			text = v.Error()
		case fmt.Stringer:
			text = v.String()
		default:
			continue
		}
		if strings.ContainsAny(text, "\n\r\u2028\u2029\u0085") {
			out[i] = strings.ReplaceAll(strings.TrimRight(reports.Clean(text), "\n"), "\n", "\n    ")
		}
	}
	return out
}

// WriteJSON writes a value for machines. What a terminal would act on is written as JSON's
// escapes, also where JSON does not ask for it: people look at it too.
func WriteJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() { // the encoder writes valid UTF-8, and such characters within texts only
		if r >= 0x7f && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			if r > 0xffff {
				r -= 0x10000
				fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			} else {
				fmt.Fprintf(&out, `\u%04x`, r)
			}
			continue
		}
		out.WriteRune(r)
	}
	_, err := io.WriteString(raw(w), out.String())
	return err
}

// file is the file that a writer leads to; nil where it is none.
func file(w io.Writer) *os.File {
	f, _ := raw(w).(*os.File)
	return f
}
