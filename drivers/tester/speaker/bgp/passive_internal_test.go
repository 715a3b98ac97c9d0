package bgp

import (
	"context"
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
