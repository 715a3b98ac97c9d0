package session

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
)

// Session is what CLI and Shell have in common.
type Session interface {
	Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error)
	// Spent tells that the session still works but should be replaced.
	Spent() bool
	Close(ctx context.Context) error
}

// Reopening hands out a session, and a fresh one after an error or when the present
// one is spent. It never repeats a command. Sessions that are spent stay open, with
// what they say recorded and dropped, until Close: processes may still write to them.
type Reopening[S Session] struct {
	node   string
	open   func(ctx context.Context, n int) (S, error)
	gate   gate
	n      int // sessions opened so far
	have   bool
	now    S
	parked []S

	mu     sync.Mutex
	active *S // the session a command is using
	closed bool
}

// NewReopening makes sessions with open, which is given the number of the session from 1.
func NewReopening[S Session](node string, open func(ctx context.Context, n int) (S, error)) *Reopening[S] {
	return &Reopening[S]{node: node, open: open, gate: newGate()}
}

// Channel names the n-th session of a channel for the recorder: cli, cli#2, cli#3 …
func Channel(name string, n int) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%s#%d", name, n)
}

// Do gives fn the session alone. When fn returns an error, the session is closed.
func (r *Reopening[S]) Do(ctx context.Context, fn func(S) error) error {
	if err := r.gate.lock(ctx); err != nil {
		return &drivers.OpError{Node: r.node, Op: "wait for the session", Err: err}
	}
	defer r.gate.unlock()
	if r.isClosed() {
		return r.errClosed()
	}
	if r.have && r.now.Spent() {
		r.parked = append(r.parked, r.now)
		r.have = false
	}
	if !r.have {
		s, err := r.open(ctx, r.n+1)
		if err != nil {
			return err
		}
		r.n, r.now, r.have = r.n+1, s, true
	}
	if !r.activate() {
		return r.errClosed()
	}
	defer r.deactivate()
	err := fn(r.now)
	if err != nil {
		r.have = false
		return errors.Join(err, r.now.Close(ctx))
	}
	return nil
}

func (r *Reopening[S]) errClosed() error {
	return &drivers.OpError{Node: r.node, Op: "use session", Err: drivers.ErrClosed}
}

// Run runs one command.
func (r *Reopening[S]) Run(ctx context.Context, c drivers.Command) (x drivers.Exchange, err error) {
	err = r.Do(ctx, func(s S) error {
		x, err = s.Run(ctx, c)
		return err
	})
	return x, err
}

// Renew has the next command use a fresh session.
func (r *Reopening[S]) Renew(ctx context.Context) error {
	if err := r.gate.lock(ctx); err != nil {
		return &drivers.OpError{Node: r.node, Op: "wait for the session", Err: err}
	}
	defer r.gate.unlock()
	if !r.have {
		return nil
	}
	r.have = false
	return r.now.Close(ctx)
}

// Close ends every session, a command in progress included; later commands fail with
// drivers.ErrClosed.
func (r *Reopening[S]) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	var errs []error
	if active := r.active; active != nil {
		r.mu.Unlock()
		errs = append(errs, (*active).Close(ctx))
	} else {
		r.mu.Unlock()
	}
	r.gate <- struct{}{} // an opening in progress is bounded in time
	defer r.gate.unlock()
	if r.have {
		errs = append(errs, r.now.Close(ctx))
		r.have = false
	}
	for _, s := range r.parked {
		errs = append(errs, s.Close(ctx))
	}
	r.parked = nil
	return errors.Join(errs...)
}

// activate marks the present session as in use, so that Close can interrupt it.
func (r *Reopening[S]) activate() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.active = &r.now
	return true
}

func (r *Reopening[S]) deactivate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active = nil
}

func (r *Reopening[S]) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}
