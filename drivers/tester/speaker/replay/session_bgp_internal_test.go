package replay

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/bgp"
)

// calling is a speaker of BGP that calls a port of this machine.
func calling(t *testing.T, as uint32, router string, port uint16, hold time.Duration) *bgp.Speaker {
	t.Helper()
	at := netip.MustParseAddr("127.0.0.1")
	c := bgp.Config{AS: as, RouterID: netip.MustParseAddr(router), Neighbors: map[netip.Addr]bgp.Neighbor{at: {AS: 65001 + 65002 - as, Port: port, Hold: &hold, Retry: 20 * time.Millisecond}}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	s := bgp.New(c, bgp.Options{Speed: 1, Say: t.Logf})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Serve(ctx, func() {}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s
}

func learned(t *testing.T, s *bgp.Speaker, want int) {
	t.Helper()
	for begin := time.Now(); ; <-time.After(10 * time.Millisecond) {
		n := s.Neighbors()[netip.MustParseAddr("127.0.0.1")]
		if n.State == bgp.Established && n.Received == want {
			return
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("it did not learn %d routes: %+v", want, n)
		}
	}
}

// TestSessionBGP: what one side of a session of BGP said is said to another speaker, with another hold time and another
// identifier, which is established and learns the same routes.
func TestSessionBGP(t *testing.T) {
	listen := func() (*net.TCPListener, uint16) {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l, netip.MustParseAddrPort(l.Addr().String()).Port()
	}
	// Both call, and what is between them writes down what they say.
	la, pa := listen()
	lb, pb := listen()
	a := calling(t, 65001, "1.1.1.1", pa, 90*time.Second)
	if _, err := a.Announce(bgp.Announcement{Routes: bgp.Routes{From: netip.MustParsePrefix("20.0.0.0/24"), Count: 300}}); err != nil {
		t.Fatal(err)
	}
	a.Start()
	b := calling(t, 65002, "2.2.2.2", pb, 90*time.Second)
	b.Start()
	var mu sync.Mutex
	shots := []shot{told(t, 0, true, 99, "S", ""), told(t, 0, false, 699, "S.", "")}
	begin := time.Now()
	pass := func(from, to net.Conn, caller bool, number uint32) {
		data := make([]byte, 1400)
		for {
			n, err := from.Read(data)
			if n > 0 {
				mu.Lock()
				shots = append(shots, told(t, time.Since(begin), caller, number, "", string(data[:n])))
				mu.Unlock()
				number += uint32(n)
				if _, err := to.Write(data[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	ca, err := la.Accept()
	if err != nil {
		t.Fatal(err)
	}
	cb, err := lb.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { pass(ca, cb, true, 100) })
	wg.Go(func() { pass(cb, ca, false, 700) })
	learned(t, b, 300)
	_, _ = ca.Close(), cb.Close() // of which they make new ones, that nobody takes
	wg.Wait()

	said, err := talkOf(listOf(t, shots), netip.MustParseAddr("10.9.0.1"), 179)
	if err != nil {
		t.Fatal(err)
	}
	l, port := listen()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	d := calling(t, 65002, "9.9.9.9", port, 30*time.Second)
	d.Start()
	ctx, stop := context.WithCancel(t.Context())
	x := &play{}
	at := netip.MustParseAddr("127.0.0.1")
	ended := make(chan error, 1)
	go func() {
		ended <- x.converse(ctx, Session{Local: at, Remote: at, Port: port, Passive: new(true)}, said, 1, 1)
	}()
	learned(t, d, 300)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s := x.show(); s.Sent != len(said.parts) || s.Received < 48 {
		t.Errorf("%d of %d parts: %+v", s.Sent, len(said.parts), s)
	}
}
