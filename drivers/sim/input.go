package sim

import (
	"io"
	"time"
)

// input is what is typed into one session. A goroutine elsewhere reads the stream into ch,
// so that waiting for a key can end when the session does.
type input struct {
	ch   <-chan []byte
	dead <-chan struct{}
	buf  []byte
	// skip drops one return that comes right behind a key that answered a question.
	skip time.Time
}

// keyGrace is how soon a return must follow the key that answers a question to belong to it:
// people and programs type both.
const keyGrace = 50 * time.Millisecond

// pump reads r into ch until r or the session ends.
func pump(r io.Reader, ch chan<- []byte, dead <-chan struct{}) {
	defer close(ch)
	for {
		buf := make([]byte, 4096)
		n, err := r.Read(buf)
		if n > 0 {
			select {
			case ch <- buf[:n]:
			case <-dead:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// next gives the next byte; it waits for it.
func (in *input) next() (byte, error) {
	for {
		for len(in.buf) == 0 {
			select {
			case <-in.dead:
				return 0, io.ErrClosedPipe
			default:
			}
			select {
			case p, ok := <-in.ch:
				if !ok {
					return 0, io.EOF
				}
				in.buf = p
			case <-in.dead:
				return 0, io.ErrClosedPipe
			}
		}
		b := in.buf[0]
		in.buf = in.buf[1:]
		if !in.skip.IsZero() && (b == '\r' || b == '\n') && time.Now().Before(in.skip) {
			continue
		}
		in.skip = time.Time{}
		return b, nil
	}
}

// idle says whether nothing is typed ahead.
func (in *input) idle() bool { return len(in.buf) == 0 }

// lineEditor reads lines the way the switches' own editors do: characters are echoed as they
// are taken, backspace and delete rub one out, ^U all of them, escape sequences do nothing.
type lineEditor struct {
	ses    *session
	in     *input
	line   []byte
	echo   []byte
	wasCR  bool
	escape int // 1 after ESC, 2 inside a sequence
}

// lineEnd is how a line ended: a return, ^C (the line is given up) or ^D (on an empty one).
type lineEnd int

const (
	lineDone lineEnd = iota + 1
	lineInterrupted
	lineLogout
)

// read reads one line. hidden leaves the echo out, for passwords; help is called for a '?'
// outside quotes and gives what to show.
func (ed *lineEditor) read(hidden bool, help func(line string) string) (string, lineEnd, error) {
	ed.line, ed.echo = ed.line[:0], ed.echo[:0]
	for {
		if ed.in.idle() && len(ed.echo) > 0 {
			if err := ed.flush(); err != nil {
				return "", 0, err
			}
		}
		b, err := ed.in.next()
		if err != nil {
			return "", 0, err
		}
		if ed.wasCR && (b == '\n' || b == 0) {
			ed.wasCR = false
			continue
		}
		ed.wasCR = b == '\r'
		if ed.escape > 0 {
			ed.inEscape(b)
			continue
		}
		if done := ed.key(b, hidden, help); done != 0 {
			ed.echo = append(ed.echo, '\r', '\n')
			return string(ed.line), done, ed.flush()
		}
	}
}

func (ed *lineEditor) inEscape(b byte) {
	switch {
	case ed.escape == 1 && (b == '[' || b == 'O'):
		ed.escape = 2
	case ed.escape == 2 && (b >= '0' && b <= '9' || b == ';'):
	default:
		ed.escape = 0
	}
}

func (ed *lineEditor) key(b byte, hidden bool, help func(string) string) lineEnd {
	switch b {
	case '\r', '\n':
		return lineDone
	case 3:
		ed.line = ed.line[:0]
		return lineInterrupted
	case 4:
		if len(ed.line) == 0 {
			return lineLogout
		}
	case 8, 127:
		if n := len(ed.line); n > 0 {
			ed.line = ed.line[:n-1]
			ed.rub(1, hidden)
		}
	case 21:
		ed.rub(len(ed.line), hidden)
		ed.line = ed.line[:0]
	case 27:
		ed.escape = 1
	case '?':
		if help == nil || oddQuotes(ed.line) {
			ed.put(b, hidden)
			return 0
		}
		ed.echo = append(ed.echo, help(string(ed.line))...)
	default:
		if b >= 32 {
			ed.put(b, hidden)
		}
	}
	return 0
}

func oddQuotes(line []byte) bool {
	odd := false
	for _, b := range line {
		odd = odd != (b == '"')
	}
	return odd
}

func (ed *lineEditor) put(b byte, hidden bool) {
	if len(ed.line) >= 4096 {
		return
	}
	ed.line = append(ed.line, b)
	if !hidden {
		ed.echo = append(ed.echo, b)
	}
}

func (ed *lineEditor) rub(n int, hidden bool) {
	for range n {
		if !hidden {
			ed.echo = append(ed.echo, '\b', ' ', '\b')
		}
	}
}

func (ed *lineEditor) flush() error {
	_, err := ed.ses.out.Write(ed.echo)
	ed.echo = ed.echo[:0]
	return err
}
