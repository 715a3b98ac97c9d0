package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// readPipe is standard output or error where something else reads it. A reader that goes away, as head does, ends the verb as
// an interrupt does: in order, with what it made for the time being taken away.
type readPipe struct {
	to   io.Writer
	stop context.CancelFunc
	gone atomic.Bool
}

// piped gives a file as it is, but one that is a pipe or a socket so that its end calls stop.
func piped(f *os.File, stop context.CancelFunc) io.Writer {
	info, err := f.Stat()
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) == 0 {
		return f
	}
	return &readPipe{to: f, stop: stop}
}

// Write implements io.Writer.
func (p *readPipe) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.gone.Store(true)
		p.stop()
	}
	return n, err
}

// broken reports whether nobody reads any more what goes to a writer.
func broken(w io.Writer) bool {
	p, ok := w.(*readPipe)
	return ok && p.gone.Load()
}

// surviveReaders has a write to standard output that nobody reads fail, in place of ending the program at once (os/signal,
// "SIGPIPE"). Programs that are started are not concerned: a signal that is taken is theirs again.
func surviveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
