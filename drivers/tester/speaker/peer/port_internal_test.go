package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/wiring"
)

// TestLost: a frame for a port that is down, or was taken away as a module that is pulled, is lost, and the session goes on.
func TestLost(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may make networks without a lab") //nolint:forbidigo // rights are not installed
	}
	if err := wiring.OnThread(func() error { return lose(t.Context()) }); err != nil {
		t.Error(err)
	}
}

// lose sends frames from a port of a network of its own that goes away.
func lose(ctx context.Context) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	at := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "p0"}, PeerName: "p1"}
	far := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "p1"}}
	if err := errors.Join(netlink.LinkAdd(at), netlink.LinkSetUp(far), netlink.LinkSetUp(at)); err != nil {
		return err
	}
	p, err := openPort("p0")
	if err != nil {
		return err
	}
	defer p.file.Close() //nolint:errcheck // the network ends
	for tick := time.Tick(time.Millisecond); !p.carrier(); <-tick {
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	frame := make([]byte, 60)
	if err := p.send(frame); err != nil {
		return fmt.Errorf("a port that is up: %w", err)
	}
	for _, x := range []struct {
		what string
		does func(netlink.Link) error
	}{{"down", netlink.LinkSetDown}, {"taken away", netlink.LinkDel}} {
		if err := x.does(at); err != nil {
			return err
		}
		if err := p.send(frame); !isLost(err) {
			return fmt.Errorf("a port that is %s: %w", x.what, err)
		}
	}
	return nil
}
