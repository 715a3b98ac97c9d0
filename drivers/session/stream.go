package session

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// Config is what both dialogues need to open.
type Config struct {
	Node string
	Host drivers.Host
	// Channel names the session for the recorder.
	Channel  string
	Recorder drivers.Recorder
	// OpenTimeout bounds opening and settling; 0 means 15 s.
	OpenTimeout time.Duration
	// Dial opens the stream of a CLI where no Host lies beneath the node; nil starts the
	// dialect's Argv on the Host.
	Dial func(ctx context.Context) (io.ReadWriteCloser, error)
	// Login is who logs in where the stream itself asks; nil never answers a login.
	Login *Login
	// Secrets are cut, by value, out of everything that leaves the session: the record,
	// answers, the banner and errors. Values of fewer than four characters are cut where the
	// session types them and nowhere else, for they are parts of words.
	Secrets []drivers.Secret
	// RealTime keeps what a shell starts to this machine's time in a lab that has its own clock.
	RealTime bool
}

const (
	defaultOpenTimeout = 15 * time.Second
	closeTimeout       = 5 * time.Second
	readSize           = 32 << 10
)

func (c Config) openTimeout() time.Duration {
	if c.OpenTimeout > 0 {
		return c.OpenTimeout
	}
	return defaultOpenTimeout
}

// stream pumps a raw stream: it records every byte and gives it to the sink of the
// command that is in progress, or drops it when there is none.
type stream struct {
	rwc     io.ReadWriteCloser
	rec     drivers.Recorder
	channel string

	mu   sync.Mutex
	sink func(p []byte)
	err  error // why the pump ended

	writing  sync.Mutex // orders records of what is sent
	done     chan struct{}
	closing  sync.Once
	closeErr error
}

func newStream(rwc io.ReadWriteCloser, cfg Config) *stream {
	s := idleStream(rwc, cfg)
	go s.pump()
	return s
}

// idleStream is a stream whose pump is not started yet.
func idleStream(rwc io.ReadWriteCloser, cfg Config) *stream {
	return &stream{rwc: rwc, rec: cutRecorder(cfg.Recorder, cfg.Secrets), channel: cfg.Channel, done: make(chan struct{})}
}

func (s *stream) pump() {
	defer close(s.done)
	defer flush(s.rec, s.channel)
	buf := make([]byte, readSize)
	for {
		n, err := s.rwc.Read(buf)
		if n > 0 {
			if s.rec != nil {
				s.rec.Record(time.Now(), s.channel, drivers.In, buf[:n])
			}
			s.mu.Lock()
			if s.sink != nil {
				s.sink(buf[:n])
			}
			s.mu.Unlock()
		}
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			return
		}
	}
}

// listen directs what arrives to sink; nil drops it.
func (s *stream) listen(sink func(p []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink = sink
}

// cause says why the stream ended; call it after done.
func (s *stream) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(s.err, io.EOF) {
		return errEnded
	}
	return fmt.Errorf("%w: %w", errEnded, s.err)
}

var errEnded = errors.New("the session ended by itself")

func (s *stream) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.rec != nil {
		s.rec.Record(time.Now(), s.channel, drivers.Out, p)
	}
	return s.rwc.Write(p)
}

// writeSecret sends a secret and a return; the record shows that one was sent.
func (s *stream) writeSecret(secret drivers.Secret) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.rec != nil {
		s.rec.Record(time.Now(), s.channel, drivers.Out, []byte(drivers.Cut+"\n"))
	}
	_, err := s.rwc.Write([]byte(secret.Reveal() + "\n"))
	return err
}

// hangUp closes the raw stream, without waiting for the pump.
func (s *stream) hangUp() { s.closing.Do(func() { s.closeErr = s.rwc.Close() }) }

// close ends the stream and waits for the pump, for a bounded time.
func (s *stream) close(ctx context.Context) error {
	s.hangUp()
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	select {
	case <-s.done:
		return s.closeErr
	case <-wait.Done():
		return errors.Join(s.closeErr, fmt.Errorf("close session: %w", drivers.ErrTimeout))
	}
}

// nonce returns 128 random bits in hexadecimal.
func nonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// gate is a mutex whose acquisition ends with a context.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g gate) unlock() { <-g }
