package fleet

import (
	"context"
	"testing"
)

// TestEventsAreBounded: behind one that is slow, what nobody needs is left out, and who brings more waits.
func TestEventsAreBounded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := newEvents()
	slow, begun := make(chan struct{}), make(chan struct{})
	e.add(func(context.Context) error { close(begun); <-slow; return nil })
	go e.run(ctx)
	<-begun
	told := make(chan struct{}, 2*manyEvents)
	for range 2 * manyEvents {
		e.addIfFew(func(context.Context) error { told <- struct{}{}; return nil })
	}
	waited := make(chan struct{})
	go func() { e.awaitFew(ctx); close(waited) }()
	select {
	case <-waited:
		t.Error("nobody waits")
	default:
	}
	e.mu.Lock()
	n := len(e.list)
	e.mu.Unlock()
	if n != manyEvents-1 {
		t.Errorf("%d wait, want %d", n, manyEvents-1)
	}
	close(slow)
	<-waited
	for range n {
		<-told
	}
}
