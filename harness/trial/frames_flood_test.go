package trial_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// flooded is a real capture in a network of its own, of which nobody reads while frames come.
type flooded struct {
	*capture.Capture
	tap    *os.File
	socket int
	over   chan struct{} // closed: the flood is
}

func newFlooded(t *testing.T) *flooded {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may make networks without a lab") //nolint:forbidigo // rights are not installed
	}
	f := &flooded{over: make(chan struct{})}
	err := wiring.OnThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		if err != nil {
			return err
		}
		if f.socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		f.tap, err = capture.Tap{Interface: "lo", Filter: "udp", Ring: 1}.Open()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(f.socket) })
	return f
}

func (f *flooded) start(s topologies.CaptureSpec) (_ topologies.Capture, err error) {
	f.Capture, err = capture.Start(f.tap, capture.Options{
		Path: s.Path, Name: "lo", Tap: capture.Tap{Ring: 1},
		Each: func(one topologies.Frame) {
			<-f.over
			s.Each(one)
		},
	})
	return f, err
}

// flood sends more than the ring has room for.
func (f *flooded) flood() error {
	defer close(f.over)
	data := make([]byte, 1000)
	for range 6000 {
		err := unix.Sendto(f.socket, data, 0, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
		if err != nil && !errors.Is(err, unix.ECONNREFUSED) {
			return err
		}
	}
	return nil
}

func captured(s capture.Summary) topologies.Captured {
	return topologies.Captured{Frames: s.Frames, Bytes: s.Bytes, Dropped: s.Dropped, Discarded: s.Discarded, Anew: s.Anew}
}

func (f *flooded) Sync(ctx context.Context) (topologies.Captured, error) {
	s, err := f.Capture.Sync(ctx)
	return captured(s), err
}

func (f *flooded) Stop() (topologies.Captured, error) {
	s, err := f.Capture.Stop()
	return captured(s), err
}

// TestFramesThatTheKernelLost: frames that a real kernel has no room for make unknown how many there were,
// live and in the record; that one came is certain.
func TestFramesThatTheKernelLost(t *testing.T) {
	for frame, want := range map[string]evidence.Verdict{
		"expect: count > 5, eventually: 500ms":      evidence.Inconclusive,
		"expect: count >= 12000, eventually: 500ms": evidence.Inconclusive,
		"eventually: 500ms":                         evidence.Reproduced,
	} {
		t.Run(frame, func(t *testing.T) {
			w, f := newWorld(), newFlooded(t)
			w.provider.CaptureFn = f.start
			w.platform.ConfigureFn = func(string, string) (string, error) { return "", f.flood() }
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			yaml := strings.Replace(sees(frame), "filter: arp", "filter: udp", 1)
			v := w.trial(t, ctx, planOf(t, yaml, plan.Options{}))
			if v.Verdict != want || want == evidence.Inconclusive && !strings.Contains(v.Reason, "the kernel lost") {
				t.Errorf("%s: %s\nwant %s", v.Verdict, v.Reason, want)
			}
		})
	}
}
