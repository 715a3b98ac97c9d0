package spread

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"syscall"

	"github.com/reprise-lab/reprise/topologies"
)

// What goes on for a while is a stream either way, of chunks: a kind, a length (4 bytes, big-endian) and so
// many bytes.
type chunk byte

const (
	chunkAnswer chunk = iota + 1 // JSON: how it went; the first of a stream that has to begin, and the last
	chunkIn                      // to a command
	chunkInEnd                   // nothing more comes to it
	chunkOut                     // of a command's output, or of a file
	chunkErr                     // of its error output
	chunkEnd                     // end it
	chunkFrame                   // one that was captured: when, which way, how long, and its bytes
	chunkSync                    // all that had come by then; JSON
)

// maxChunk bounds one, in bytes: a frame fits in.
const maxChunk = 1 << 18

// chunks writes them. It is safe for use by several goroutines.
type chunks struct {
	mu    sync.Mutex
	to    io.Writer
	flush func() error // nil: nothing is kept back
}

func (c *chunks) put(kind chunk, parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if size > maxChunk {
		return fmt.Errorf("a chunk of %d bytes is too long", size)
	}
	b := make([]byte, 0, 5+size)
	b = append(b, byte(kind))
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	for _, p := range parts {
		b = append(b, p...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.to.Write(b); err != nil {
		return err
	}
	if c.flush != nil {
		return c.flush()
	}
	return nil
}

func (c *chunks) json(kind chunk, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.put(kind, b)
}

// writer gives one whose bytes are chunks of a kind.
func (c *chunks) writer(kind chunk) io.Writer { return &chunkWriter{c, kind} }

type chunkWriter struct {
	to   *chunks
	kind chunk
}

func (w *chunkWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		part := b[:min(len(b), maxChunk)]
		if err := w.to.put(w.kind, part); err != nil {
			return n, err
		}
		n, b = n+len(part), b[len(part):]
	}
	return n, nil
}

// next reads a chunk.
func next(r io.Reader) (chunk, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxChunk {
		return 0, nil, fmt.Errorf("a chunk of %d bytes is too long", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, nil, fmt.Errorf("read a chunk: %w", noEOF(err))
	}
	return chunk(head[0]), b, nil
}

// noEOF is an error of something that broke off.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// outcome is how something went on another host.
type outcome struct {
	Error   string                   `json:"error,omitempty"`
	Errno   int                      `json:"errno,omitempty"`  // the system's reason beneath Error
	Absent  bool                     `json:"absent,omitempty"` // it is fs.ErrNotExist
	Missing *topologies.MissingError `json:"missing,omitempty"`

	Exit int `json:"exit,omitempty"` // of a command
}

// outcomeOf puts an error into words for who asked.
func outcomeOf(err error) (o outcome) {
	if err == nil {
		return o
	}
	o.Error, o.Absent = err.Error(), errors.Is(err, fs.ErrNotExist)
	o.Missing, _ = errors.AsType[*topologies.MissingError](err)
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		o.Errno = int(errno)
	}
	return o
}

// err is the error of another host; errors.Is and errors.As see what was beneath it.
func (o outcome) err() error {
	if o.Error == "" {
		return nil
	}
	return &remoteError{o}
}

type remoteError struct{ outcome }

func (e *remoteError) Error() string { return e.outcome.Error }

func (e *remoteError) Unwrap() []error {
	var beneath []error
	if e.Errno != 0 {
		beneath = append(beneath, syscall.Errno(e.Errno))
	}
	if e.Absent && e.Errno == 0 {
		beneath = append(beneath, fs.ErrNotExist)
	}
	if e.Missing != nil {
		beneath = append(beneath, e.Missing)
	}
	return beneath
}
