package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Plans, images and large records travel in chunks, a message each, beneath a subject that names who wrote
// them. JetStream's object store would do, were it not that its subjects name no writer: nobody's
// permission to write could be bounded to what is theirs, and to read it takes a consumer.

// chunk is the size of one, as far as the server takes such messages.
const chunk = 512 << 10

// manifest is the last thing that is written: who finds it finds all chunks. They stand under a name at random, so that two
// who write the same thing at the same time, each encrypted with its own key, do not mix: the last manifest counts, whole. What
// another wrote in vain goes with its age.
type manifest struct {
	Name   string `json:"name"`
	Chunks int    `json:"chunks"`
	Size   int64  `json:"size"`
}

// part is the last token of a chunk's subject, beneath a manifest.
func (m manifest) part(n int) string { return m.Name + "-" + strconv.Itoa(n) }

const manifestToken = "all"

func (c *Conn) chunkSize() int { return min(chunk, int(c.nc.MaxPayload())/2) }

// putChunks stores what r has beneath a subject, each chunk under its token, and returns how many it took. A chunk that cannot be
// stored yet is tried again until ctx ends, so that a connection that breaks in the middle costs one chunk.
func (c *Conn) putChunks(ctx context.Context, pause time.Duration, prefix string, token func(int) string, r io.Reader) (m manifest, err error) {
	buf := make([]byte, c.chunkSize())
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			msg := &nats.Msg{Subject: subject(prefix, token(m.Chunks)), Data: buf[:n]}
			if err := c.retry(ctx, pause, func(ctx context.Context) error {
				_, err := c.publish(ctx, msg, "")
				return err
			}); err != nil {
				return m, err
			}
			m.Chunks++
			m.Size += int64(n)
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return m, nil
		default:
			return m, err
		}
	}
}

// putWhole is putChunks and the manifest.
func (c *Conn) putWhole(ctx context.Context, pause time.Duration, prefix string, r io.Reader) error {
	name := rand.Text()
	m, err := c.putChunks(ctx, pause, prefix, manifest{Name: name}.part, r)
	if err != nil {
		return err
	}
	m.Name = name
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	return c.retry(ctx, pause, func(ctx context.Context) error {
		_, err := c.publish(ctx, &nats.Msg{Subject: subject(prefix, manifestToken), Data: data}, "")
		return err
	})
}

// hasWhole reports whether a manifest is there, and will be with its chunks for as long as it was: what is older than half of what a
// stream keeps, by the server's clock, may expire while it is read.
func (c *Conn) hasWhole(ctx context.Context, stream, prefix string) (bool, error) {
	m, err := c.last(ctx, stream, subject(prefix, manifestToken))
	if errors.Is(err, errNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, at := stored(m)
	s, err := c.stream(ctx, stream)
	if err != nil {
		return false, err
	}
	info, err := s.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("look how long stream %s keeps what it has: %w", stream, err)
	}
	return info.Config.MaxAge == 0 || info.TimeStamp.Sub(at) < info.Config.MaxAge/2, nil
}

// chunkReader reads chunks in their order.
type chunkReader struct {
	ctx            context.Context //nolint:containedctx // of the one caller that reads
	conn           *Conn
	pause          time.Duration
	stream, prefix string
	token          func(int) string
	next, count    int
	rest           []byte
}

func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.next == r.count {
			return 0, io.EOF
		}
		if err := r.conn.retry(r.ctx, r.pause, func(ctx context.Context) error {
			m, err := r.conn.last(ctx, r.stream, subject(r.prefix, r.token(r.next)))
			if err == nil {
				r.rest = m.Data
			}
			return err
		}); err != nil {
			return 0, err
		}
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// openWhole reads what putWhole wrote, of at most limit bytes.
func (c *Conn) openWhole(ctx context.Context, pause time.Duration, stream, prefix string, limit int64) (io.Reader, error) {
	var m manifest
	if err := c.retry(ctx, pause, func(ctx context.Context) error {
		msg, err := c.last(ctx, stream, subject(prefix, manifestToken))
		if err != nil {
			return err
		}
		return json.Unmarshal(msg.Data, &m)
	}); err != nil {
		return nil, err
	}
	if m.Chunks < 0 || m.Size > limit {
		return nil, fmt.Errorf("%s: %d bytes, more than the %d that are read", prefix, m.Size, limit)
	}
	if err := checkToken("chunks", m.Name); err != nil {
		return nil, fmt.Errorf("%s: %w", prefix, err)
	}
	return io.LimitReader(&chunkReader{ctx: ctx, conn: c, pause: pause, stream: stream, prefix: prefix, token: m.part, count: m.Chunks}, m.Size), nil
}

// readChunks reads a record: count chunks and exactly size bytes, whose SHA-256 is digest.
func (c *Conn) readChunks(ctx context.Context, pause time.Duration, stream, prefix string, count int, size int64, digest string) ([]byte, error) {
	var data bytes.Buffer
	r := &chunkReader{ctx: ctx, conn: c, pause: pause, stream: stream, prefix: prefix, token: strconv.Itoa, count: count}
	n, err := io.Copy(&data, io.LimitReader(r, size+1))
	if err != nil {
		return nil, err
	}
	if n != size || sha256Hex(data.Bytes()) != digest {
		return nil, fmt.Errorf("%w: the record is not the one that was sealed", errForged)
	}
	return data.Bytes(), nil
}

// digestReader fails at the end when what was read is not what its digest says.
type digestReader struct {
	r      io.Reader
	h      hash.Hash
	digest string
}

func newDigestReader(r io.Reader, digest string) *digestReader {
	return &digestReader{r: r, h: sha256.New(), digest: digest}
}

func (d *digestReader) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.h.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(d.h.Sum(nil)); got != d.digest {
			return n, fmt.Errorf("what was read is %s, not %s", got, d.digest)
		}
	}
	return n, err
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
