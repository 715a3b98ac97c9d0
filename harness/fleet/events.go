package fleet

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// events calls what is added, one after another, in a goroutine of its own. What fails is called again later.
type events struct {
	mu    sync.Mutex
	list  []func(context.Context) error
	open  int           // that were added and have not succeeded
	room  chan struct{} // closed, and made anew, when open falls below manyEvents
	added chan struct{} // of one token
}

// manyEvents is how many may wait before those that nobody needs are left out, and no more results are read.
const manyEvents = 4096

func newEvents() *events { return &events{added: make(chan struct{}, 1), room: make(chan struct{})} }

func (e *events) add(f func(context.Context) error) {
	e.mu.Lock()
	e.open++
	e.mu.Unlock()
	e.again(f)
}

// addIfFew leaves out what comes while many wait.
func (e *events) addIfFew(f func(context.Context) error) {
	e.mu.Lock()
	many := e.open >= manyEvents
	e.mu.Unlock()
	if !many {
		e.add(f)
	}
}

// awaitFew waits until few wait, or ctx ends.
func (e *events) awaitFew(ctx context.Context) {
	for {
		e.mu.Lock()
		many, room := e.open >= manyEvents, e.room
		e.mu.Unlock()
		if !many {
			return
		}
		select {
		case <-room:
		case <-ctx.Done():
			return
		}
	}
}

func (e *events) succeeded() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open--; e.open == manyEvents-1 {
		close(e.room)
		e.room = make(chan struct{})
	}
}

func (e *events) again(f func(context.Context) error) {
	e.mu.Lock()
	e.list = append(e.list, f)
	e.mu.Unlock()
	select {
	case e.added <- struct{}{}:
	default:
	}
}

// againAfter is how long what failed rests.
const againAfter = time.Second

func (e *events) run(ctx context.Context) {
	for {
		e.mu.Lock()
		list := e.list
		e.list = nil
		e.mu.Unlock()
		for _, f := range list {
			if ctx.Err() != nil {
				return
			}
			bounded, cancel := context.WithTimeout(ctx, requestTimeout)
			if f(bounded) != nil {
				time.AfterFunc(againAfter, func() { e.again(f) })
			} else {
				e.succeeded()
			}
			cancel()
		}
		select {
		case <-e.added:
		case <-ctx.Done():
			return
		}
	}
}

// ring remembers the newest of what was added.
type ring struct {
	of    map[string]string
	order []string
	next  int
}

func newRing(size int) *ring { return &ring{of: map[string]string{}, order: make([]string, size)} }

func (r *ring) add(key, value string) {
	if _, ok := r.of[key]; !ok {
		delete(r.of, r.order[r.next])
		r.order[r.next] = key
		r.next = (r.next + 1) % len(r.order)
	}
	r.of[key] = value
}

func (r *ring) has(key string) bool { _, ok := r.of[key]; return ok }

func readerOf(data []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(data)) }
