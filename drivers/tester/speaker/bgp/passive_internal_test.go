package bgp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"
)

// passive is a speaker that waits for the calls of one neighbour, at this machine.
func passive(t *testing.T) *Speaker {
	t.Helper()
	c := Config{AS: 65001, RouterID: netip.MustParseAddr("1.1.1.1"), Neighbors: map[netip.Addr]Neighbor{netip.MustParseAddr("127.0.0.1"): {AS: 65002, Passive: true}}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return New(c, Options{Speed: 100, Say: t.Logf})
}

// scarce is a listener that has no file left for the first call.
type scarce struct {
	net.Listener
	once sync.Once
}

func (l *scarce) Accept() (c net.Conn, err error) {
	l.once.Do(func() { err = &net.OpError{Op: "accept", Err: syscall.EMFILE} })
	if err != nil {
		return nil, err
	}
	return l.Listener.Accept()
}

// TestCalls: a call that cannot be taken is not the last one.
func TestCalls(t *testing.T) {
	s := passive(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.sessions[0].serve(ctx) })
	wg.Go(func() { s.accept(ctx, &scarce{Listener: l}) })
	defer func() { cancel(); _ = l.Close(); wg.Wait() }()
	for deadline := time.Now().Add(20 * time.Second); ; {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		err = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		if err == nil {
			_, err = io.ReadFull(c, make([]byte, headerSize)) // of its OPEN
		}
		_ = c.Close()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no call is taken: %v", err)
		}
	}
}

// TestStaleCall: a session that does not wait any more, since it has a call or was stopped, keeps none for later.
func TestStaleCall(t *testing.T) {
	call := func() (here, there net.Conn) {
		here, there = net.Pipe()
		t.Cleanup(func() { _, _ = here.Close(), there.Close() })
		return here, there
	}
	for seen := map[bool]bool{}; len(seen) < 2; { // which of the two comes first is chance
		x := passive(t).sessions[0]
		here, there := call()
		if err := there.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
			t.Fatal(err)
		}
		x.state = Active
		if !x.called(here) {
			t.Fatal("the call is not taken")
		}
		x.orders <- struct{}{}
		c, err := x.meet(t.Context())
		stopped := err != nil
		if seen[stopped] = true; stopped {
			if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("the session was stopped, and who called it is told %v", err)
			}
		} else if c != here {
			t.Errorf("got another call")
		}
		if late, _ := call(); x.called(late) {
			t.Errorf("stopped %v: a call is kept for later", stopped)
		}
	}
}
