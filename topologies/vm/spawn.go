package vm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// process is a command that runs in a guest.
type process struct {
	host    *host
	session *ssh.Session
	in      io.WriteCloser // standard input; nil: there is none
	out     *output
	ended   chan struct{} // closed when it has ended and all its output was written
	err     error         // how it ended; set before ended is closed
}

// spawn starts a command. ctx covers only the start. The writers may be one and the same,
// and may be nil.
func (h *host) spawn(ctx context.Context, argv []string, tty, stdin bool, stdout, stderr io.Writer) (*process, error) {
	s, err := h.session(ctx)
	if err != nil {
		return nil, h.failed(argv, err)
	}
	p := &process{host: h, session: s, out: newOutput(stdout, stderr), ended: make(chan struct{})}
	s.Stdout, s.Stderr = p.out.stdout(), p.out.stderr()
	if stdin {
		if p.in, err = s.StdinPipe(); err != nil {
			_ = s.Close() // nothing runs in it
			return nil, h.failed(argv, err)
		}
	}
	_, err = within(ctx, s, openTimeout, func() (struct{}, error) {
		if tty {
			if err := s.RequestPty("xterm", ttyRows, ttyColumns, ssh.TerminalModes{}); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, s.Start(h.command(argv))
	})
	if err != nil {
		_ = s.Close() // what was asked for did not start, or nobody can tell
		return nil, h.failed(argv, errors.Join(err, ctx.Err()))
	}
	go func() {
		p.err = s.Wait()
		close(p.ended)
	}()
	return p, nil
}

// wait gives the exit status of a process that ends by itself.
func (p *process) wait(ctx context.Context) (int, error) {
	select {
	case <-p.ended:
		return status(p.err)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// kill ends the process and its group, and what it still writes reaches nobody.
func (p *process) kill(ctx context.Context) {
	p.out.cut()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	defer func() { _ = p.session.Close() }() // it has ended, or the guest hangs
	select {
	case <-p.ended:
		return
	case pid := <-p.out.pid:
		_ = p.host.must(ctx, "kill", "-KILL", "--", "-"+strconv.Itoa(pid)) // it may just have ended
	case <-ctx.Done():
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
	}
}

// output passes on what a process writes, but for the line in which the shell says who it is.
type output struct {
	pid chan int // given once

	mu       sync.Mutex
	out, err io.Writer
	first    []byte // of standard output, until its first line is whole
	known    bool
	closed   bool
}

func newOutput(out, err io.Writer) *output {
	return &output{pid: make(chan int, 1), out: out, err: err}
}

// cut ends the passing on; when it returns, the writers are the caller's again, if none of
// them is stuck.
func (o *output) cut() {
	if c, ok := o.out.(*io.PipeWriter); ok {
		_ = c.Close() // never fails; lets go of a write that nobody reads
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

func (o *output) stdout() io.Writer { return writer(o.takeOut) }
func (o *output) stderr() io.Writer { return writer(o.takeErr) }

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func (o *output) takeErr(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || o.closed {
		return len(p), nil
	}
	return o.err.Write(p)
}

func (o *output) takeOut(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := p
	if !o.known {
		line, after, whole := bytes.Cut(append(o.first, p...), []byte("\n"))
		if !whole {
			o.first = line
			return len(p), nil
		}
		o.known, o.first = true, nil
		if pid, err := strconv.Atoi(strings.TrimSpace(string(line))); err == nil && pid > 1 {
			o.pid <- pid
		}
		rest = after
	}
	if o.out == nil || o.closed || len(rest) == 0 {
		return len(p), nil
	}
	if _, err := o.out.Write(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

// stream is the input and output of a process as one.
type stream struct {
	io.Reader
	process *process
	closed  func()
}

func (s *stream) Write(b []byte) (int, error) { return s.process.in.Write(b) }

// CloseWrite ends the process's standard input.
func (s *stream) CloseWrite() error { return s.process.in.Close() }

// Close ends the process.
func (s *stream) Close() error {
	s.closed()
	return nil
}
