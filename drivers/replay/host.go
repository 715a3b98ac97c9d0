package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
)

// ErrNotRecorded says that the recording holds no answer to what a driver sent.
var ErrNotRecorded = errors.New("not in the recording")

// Host implements drivers.Host from a recording. Make it with NewHost. It is safe for
// use by several goroutines.
type Host struct {
	mu      sync.Mutex
	answers map[string][]chunks // what followed each thing sent, by its key
	banner  chunks              // what a terminal session said before anything was sent
	files   map[string][]byte
}

// chunks are bytes in the pieces in which they came: a driver that takes a prompt for
// the end of an answer may have done so between two of them.
type chunks [][]byte

const placeholder = "\x00nonce\x00"

func nonces() *regexp.Regexp { return regexp.MustCompile(`[0-9a-f]{32}`) }

// place is where in a dialogue a channel stands.
type place struct {
	command  []byte // the last line typed that is no marker
	previous []byte // what was sent last
	nonce    []byte // the last one sent
}

// send notes that p is sent and returns the key of what the device says next: what was
// sent, without its nonce. A bare return belongs to the line typed before it, and a
// marker to the command before it, because the device may still be busy with that.
func (c *place) send(p []byte) string {
	n := nonces().Find(p)
	text := p
	switch {
	case string(p) == "\n":
		text = append(bytes.Clone(c.previous), '\n')
	case n == nil:
		c.command = bytes.Clone(p)
	}
	c.previous = bytes.Clone(p)
	if n != nil {
		c.nonce = bytes.Clone(n)
	}
	return string(c.command) + "\x00" + string(nonces().ReplaceAll(text, []byte(placeholder)))
}

// NewHost makes a host of a recording.
func NewHost(records []Record) *Host {
	h := &Host{answers: map[string][]chunks{}, files: map[string][]byte{}}
	type state struct {
		place
		key  string
		sent bool
	}
	channels := map[string]*state{}
	for _, r := range records {
		c := channels[r.Channel]
		if c == nil {
			c = &state{}
			channels[r.Channel] = c
		}
		if r.Dir == drivers.Out {
			c.key, c.sent = c.send(r.Data), true
			h.answers[c.key] = append(h.answers[c.key], nil)
			continue
		}
		data := r.Data
		if c.nonce != nil {
			data = bytes.ReplaceAll(data, c.nonce, []byte(placeholder))
		}
		if !c.sent {
			if r.Channel == "cli" {
				h.banner = append(h.banner, data)
			}
			continue
		}
		list := h.answers[c.key]
		list[len(list)-1] = append(list[len(list)-1], data)
	}
	return h
}

// answer takes the next recorded answer to k; the last one stays.
func (h *Host) answer(k string) (chunks, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, ok := h.answers[k]
	if !ok {
		return nil, false
	}
	if len(list) > 1 {
		h.answers[k] = list[1:]
	}
	return list[0], true
}

// Open implements drivers.Host.
func (h *Host) Open(_ context.Context, _ []string, tty bool) (io.ReadWriteCloser, error) {
	s := &stream{host: h}
	s.more = sync.NewCond(&s.mu)
	if tty {
		s.pending = slices.Clone(h.banner)
	}
	return s, nil
}

// Exec implements drivers.Host: nothing is run, and the exit status is 0.
func (h *Host) Exec(context.Context, []string, io.Reader, io.Writer, io.Writer) (int, error) {
	return 0, nil
}

// WriteFile implements drivers.Host.
func (h *Host) WriteFile(_ context.Context, path string, data []byte, _ fs.FileMode) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[path] = bytes.Clone(data)
	return nil
}

// ReadFile implements drivers.Host: a file that was written through this host.
func (h *Host) ReadFile(_ context.Context, path string) (io.ReadCloser, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	data, ok := h.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// stream is one session with the recording.
type stream struct {
	host *Host

	mu      sync.Mutex
	more    *sync.Cond
	pending chunks
	place   place
	closed  bool
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) == 0 && !s.closed {
		s.more.Wait()
	}
	if len(s.pending) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.pending[0])
	if s.pending[0] = s.pending[0][n:]; len(s.pending[0]) == 0 {
		s.pending = s.pending[1:]
	}
	return n, nil
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	data, ok := s.host.answer(s.place.send(p))
	if !ok {
		return 0, fmt.Errorf("%w: %.200q", ErrNotRecorded, p)
	}
	for _, piece := range data {
		s.pending = append(s.pending, bytes.ReplaceAll(piece, []byte(placeholder), s.place.nonce))
	}
	s.more.Broadcast()
	return len(p), nil
}

func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.more.Broadcast()
	return nil
}
