package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// RecordCut hands text to a cutting recorder in pieces.
func RecordCut(to drivers.Recorder, secrets []drivers.Secret, text string, piece int) {
	r := cutRecorder(to, secrets)
	for len(text) > 0 {
		n := min(piece, len(text))
		r.Record(time.Now(), "cli", drivers.In, []byte(text[:n]))
		text = text[n:]
	}
	flush(r, "cli")
}

// Parrot dials a device that shows a prompt, echoes every line, and says the same thing and
// a prompt in answer to each; a marker it answers as the toy does.
func Parrot(said string) func(context.Context) (io.ReadWriteCloser, error) {
	return func(context.Context) (io.ReadWriteCloser, error) {
		p := &parrot{said: said}
		p.ready = sync.NewCond(&p.mu)
		p.out.WriteString("toy# ")
		return p, nil
	}
}

type parrot struct {
	said   string
	mu     sync.Mutex
	ready  *sync.Cond
	out    bytes.Buffer
	line   bytes.Buffer
	closed bool
}

func (p *parrot) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.out.Len() == 0 && !p.closed {
		p.ready.Wait()
	}
	if p.closed {
		return 0, io.EOF
	}
	return p.out.Read(b)
}

func (p *parrot) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range b {
		if c != '\n' {
			p.line.WriteByte(c)
			p.out.WriteByte(c)
			continue
		}
		answer := p.said
		if line := p.line.String(); strings.HasPrefix(line, "reprise-") {
			answer = "% Unknown command: " + line
		}
		fmt.Fprintf(&p.out, "\r\n%s\r\ntoy# ", answer)
		p.line.Reset()
	}
	p.ready.Broadcast()
	return len(b), nil
}

func (p *parrot) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.ready.Broadcast()
	return nil
}
