package spread

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/tunnel"
)

// released is a part that says that it was released.
type released struct {
	cabling.Part
	done bool
}

func (r *released) Release(context.Context) error {
	r.done = true
	return nil
}

// loopback opens a tunnel on this machine.
func loopback(tb testing.TB, key tunnel.Key) *tunnel.Tunnel {
	tb.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		tb.Fatal(err)
	}
	x, err := tunnel.Open(conn, key)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = x.Close() }) // it may be closed
	return x
}

// A host's nodes are released though its tunnel does not end.
func TestReleaseWhateverTheTunnelDoes(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	near, far := loopback(t, key), loopback(t, key)
	hears, goOn := make(chan struct{}), make(chan struct{})
	if _, err := near.Lay(tunnel.Options{Number: 1, Peer: far.Address(), Far: func(bool) error {
		close(hears)
		<-goOn
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	cable, err := far.Lay(tunnel.Options{Number: 1, Side: 1, Peer: near.Address()})
	if err != nil {
		t.Fatal(err)
	}
	cable.Up(true)
	<-hears
	part := &released{}
	s := &station{part: part, tunnel: near}
	if err := s.release(t.Context()); err == nil || !strings.Contains(err.Error(), "tunnel") || !part.done {
		t.Errorf("%v, released: %v", err, part.done)
	}
	close(goOn)
}

// A way on which nothing came for a while has changed, though all that was sent has come by the end of it.
func TestStallIsAChange(t *testing.T) {
	t.Parallel()
	key := tunnel.NewKey()
	near, far := loopback(t, key), loopback(t, key)
	cable, err := near.Lay(tunnel.Options{Number: 1, Peer: far.Address()})
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for cable.Counts().Silent < time.Second {
		<-tick.C
	}
	if _, err := far.Lay(tunnel.Options{Number: 1, Side: 1, Peer: near.Address()}); err != nil {
		t.Fatal(err)
	}
	g := &gate{way: way{Host: "west"}, cable: cable}
	if got := g.changes(t.Context()); len(got) == 0 || !strings.Contains(got[0].What, "nothing came from west") {
		t.Errorf("of a way that stood for a second: %v", got)
	}
	for begin := time.Now(); len(g.changes(t.Context())) > 0; <-tick.C { // it is told once
		if time.Since(begin) > 10*time.Second {
			t.Fatal("it is told again and again")
		}
	}
}
