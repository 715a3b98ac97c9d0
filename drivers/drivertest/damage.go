package drivertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// Damage is what a [Damaged] stream does to the bytes that come from the device. The
// zero value does nothing.
type Damage struct {
	Garble int           // turns every n-th byte into another
	Cut    int           // ends the stream after n bytes
	Delay  time.Duration // before every read
	Flood  int           // after n bytes, says "flood\r\n" for ever
	Twice  bool          // says everything twice
	Split  bool          // gives single bytes
}

// Damaged is a host whose streams misbehave.
type Damaged struct {
	drivers.Host
	Damage Damage
}

// Open implements drivers.Host.
func (h Damaged) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	s, err := h.Host.Open(ctx, argv, tty)
	if err != nil {
		return nil, err
	}
	return &damagedStream{ReadWriteCloser: s, damage: h.Damage, closed: make(chan struct{})}, nil
}

type damagedStream struct {
	io.ReadWriteCloser
	damage Damage
	seen   int
	held   []byte
	closed chan struct{}
}

func (s *damagedStream) Close() error {
	select {
	case <-s.closed:
		return nil
	default:
		close(s.closed)
	}
	return s.ReadWriteCloser.Close()
}

func (s *damagedStream) Read(p []byte) (int, error) {
	if s.damage.Delay > 0 {
		t := time.NewTimer(s.damage.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-s.closed:
			return 0, io.EOF
		}
	}
	if len(s.held) > 0 {
		n := copy(p, s.held)
		s.held = s.held[n:]
		return n, nil
	}
	if s.damage.Cut > 0 && s.seen >= s.damage.Cut {
		return 0, errors.New("connection reset")
	}
	if s.damage.Flood > 0 && s.seen >= s.damage.Flood {
		select {
		case <-s.closed:
			return 0, io.EOF
		default:
			return copy(p, bytes.Repeat([]byte("flood\r\n"), len(p)/7)), nil
		}
	}
	if s.damage.Split {
		p = p[:1]
	}
	n, err := s.ReadWriteCloser.Read(p)
	for i := range p[:n] {
		s.seen++
		if s.damage.Garble > 0 && s.seen%s.damage.Garble == 0 {
			p[i] ^= 0x15
		}
	}
	if s.damage.Twice {
		s.held = bytes.Clone(p[:n])
	}
	return n, err
}
