package replay

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

// TestPortGoes: what is due while a port is down or taken away is lost, and the replay goes on at the port of its name when
// that is there again.
func TestPortGoes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may make networks without a lab") //nolint:forbidigo // rights are not installed
	}
	if err := wiring.OnThread(func() error { return goes(t.Context()) }); err != nil {
		t.Error(err)
	}
}

// goes sends frames from a port of a network of its own, to which something is done before each.
func goes(ctx context.Context) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	var at, far *netlink.Veth
	up := func() error {
		err := netlink.LinkSetUp(at)
		for tick := time.Tick(time.Millisecond); err == nil && ctx.Err() == nil; <-tick {
			if _, down := usable("p0"); down == nil {
				return nil
			}
		}
		return errors.Join(err, ctx.Err())
	}
	there := func() error {
		at = &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "p0"}, PeerName: "p1"}
		far = &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "p1"}}
		return errors.Join(netlink.LinkAdd(at), netlink.LinkSetUp(far), up())
	}
	if err := there(); err != nil {
		return err
	}
	port, err := usable("p0")
	if err != nil {
		return err
	}
	fd, err := open(port)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // the network ends
	x := &play{state: State{Port: "p0"}}
	for _, step := range []struct {
		what         string
		does         func() error
		sent, unsent int
	}{
		{"up", func() error { return nil }, 1, 0},
		{"down", func() error { return netlink.LinkSetDown(at) }, 1, 1},
		{"up again", up, 2, 1},
		{"taken away", func() error { return netlink.LinkDel(at) }, 2, 2},
		{"there again", there, 3, 2},
	} {
		if err := step.does(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if err := x.send(ctx, fd, []frame{{data: make([]byte, 60)}}, 1); err != nil {
			return fmt.Errorf("a port that is %s: %w", step.what, err)
		}
		if s := x.show(); s.Sent != step.sent || s.Unsent != step.unsent {
			return fmt.Errorf("a port that is %s: %d sent, %d lost; want %d and %d", step.what, s.Sent, s.Unsent, step.sent, step.unsent)
		}
	}
	return nil
}
