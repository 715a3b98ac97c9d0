package cabling

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/wire"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// kernel is a site where a test hands frames to a wire and gets what it sends.
type kernel struct {
	recorder

	t             *testing.T
	in, out, poke *os.File
	leaving       func() // when the rules of the wire go away
}

// pair are the ends of a socket that keeps messages apart.
func (k *kernel) pair() (ours, theirs *os.File) {
	k.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		k.t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	k.t.Cleanup(func() { _ = ours.Close() })
	return ours, theirs
}

func (k *kernel) Network(string) (wiring.Wirer, int) { return k, 1 }
func (k *kernel) Dropper(string) (wiring.Wirer, int) { return k, 1 }

func (k *kernel) Tap(_ context.Context, _ string, t capture.Tap) (theirs *os.File, err error) {
	switch {
	case t.Ask:
		return wire.OpenAsk()
	case t.Send:
		k.out, theirs = k.pair()
	case t.Poke:
		k.poke, theirs = k.pair()
	default:
		k.in, theirs = k.pair()
	}
	return theirs, nil
}

func (k *kernel) Apply(_ context.Context, op wiring.Op) (wiring.Result, error) {
	if op.Kind == wiring.Divert && len(op.Filters) == 0 && k.leaving != nil {
		k.leaving()
	}
	return wiring.Result{}, nil
}

// hand hands a frame of a number over, as nfnetlink_log does.
func (k *kernel) hand(number uint32) error {
	const packet, payload, sequence, size = unix.NFNL_SUBSYS_ULOG << 8, 9, 12, 60
	b := binary.NativeEndian.AppendUint32(nil, unix.SizeofNlMsghdr+4+4+size+8)
	b = binary.NativeEndian.AppendUint16(b, packet)
	b = append(b, make([]byte, unix.SizeofNlMsghdr-6+4)...)
	b = binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(b, 4+size), payload)
	b = append(b, make([]byte, size)...)
	b = binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(b, 8), sequence)
	_, err := k.in.Write(binary.BigEndian.AppendUint32(b, number))
	return err
}

// standing has a wire stand on the only cable of a site for a fault.
func standing(t *testing.T) (*kernel, *Cabling, *active) {
	t.Helper()
	k := &kernel{t: t}
	end := topologies.Endpoint{Node: "r2", Interface: "eth1"}
	c, err := New(Config{Site: k, Topology: topologies.Topology{
		Nodes: []topologies.Node{{Name: "r1"}, {Name: "r2"}},
		Links: []topologies.Link{{A: topologies.Endpoint{Node: "r1", Interface: "eth1"}, B: end}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDuplicate, Endpoint: end, Direction: topologies.DirectionIn, Frames: topologies.FrameFault{Nth: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	return k, c, a.(*active)
}

// When the rules go that hand frames over, a wire that cannot keep up pokes no more: what takes a poke off the
// cable goes with them.
func TestNoPokeOnTheCable(t *testing.T) {
	k, c, a := standing(t)
	const count = 2000 // more than fit between, so that the wire finds many at once
	k.leaving = func() {
		handed := make(chan error, 1)
		go func() {
			var err error
			for n := range uint32(count) {
				err = errors.Join(err, k.hand(n))
			}
			handed <- err
		}()
		full := false
		for range count {
			for !full { // until it waits for who reads
				fds := []unix.PollFd{{Fd: int32(k.in.Fd()), Events: unix.POLLOUT}}
				n, err := unix.Poll(fds, 0)
				full = n == 0 && err == nil
			}
			if _, err := k.out.Read(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-handed; err != nil {
			t.Fatal(err)
		}
	}
	if err := c.leave(t.Context(), a.ends()[0], (*wire.Wire).Close); err != nil {
		t.Fatal(err)
	}
	if n, err := k.poke.Read(make([]byte, 100)); !errors.Is(err, io.EOF) {
		t.Errorf("a poke of %d bytes left for the device, %v", n, err)
	}
}

// A gap in the kernel's numbers may be pokes: only what was handed over and did not come is lost for sure.
func TestLostPokes(t *testing.T) {
	k, c, a := standing(t)
	if err := k.hand(3); err != nil {
		t.Fatal(err)
	}
	if _, err := k.out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	err := c.account(t.Context(), a.ends()[0], a)
	if err == nil || !strings.Contains(err.Error(), "0 to 3 frames") {
		t.Errorf("%v", err)
	}
	if err := c.leave(t.Context(), a.ends()[0], (*wire.Wire).Close); err != nil {
		t.Fatal(err)
	}
}
