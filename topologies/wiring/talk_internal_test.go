package wiring

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// stranger writes to a socket of ours, as who has rights over the network can, until the test ends.
func stranger(t *testing.T, to unix.Sockaddr) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	lie := make([]byte, unix.SizeofNlMsghdr+unix.SizeofNlMsgerr)
	binary.NativeEndian.PutUint32(lie, uint32(len(lie)))
	binary.NativeEndian.PutUint16(lie[4:], unix.NLMSG_ERROR)
	if err := unix.Sendto(fd, lie, 0, to); err != nil {
		livetest.Missing(t, "root to write to a socket of the kernel's networking", err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-tick.C:
				_ = unix.Sendto(fd, lie, 0, to) // one that is not taken is as good
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		_ = unix.Close(fd)
	})
}

// Of the library's handle too, the end of the wait is told in words.
func TestHandleUnanswered(t *testing.T) {
	t.Parallel()
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.SetSocketTimeout(time.Microsecond); err != nil {
		t.Fatal(err)
	}
	topologiestest.Eventually(t, "an answer comes too late", func() bool {
		_, err = h.LinkByName("lo")
		return err != nil
	})
	if err := unanswered(err); !errors.Is(err, unix.EAGAIN) || !strings.Contains(err.Error(), "the kernel has not answered within 30s") {
		t.Errorf("got %v", err)
	}
	if err := unanswered(unix.ENODEV); !errors.Is(err, unix.ENODEV) || strings.Contains(err.Error(), "answered") {
		t.Errorf("got %v", err)
	}
	if unanswered(nil) != nil {
		t.Error("what was answered was not")
	}
}

// A number that is none of a process is not called one.
func TestWhoseNumber(t *testing.T) {
	t.Parallel()
	gone := Opener(func(int) (netns.NsHandle, error) { return netns.None(), unix.ESRCH })
	for _, kind := range []Kind{Look, State} {
		op := Op{Kind: kind, A: Port{PID: 7}}
		if _, err := gone.Apply(op); !Gone(err) || !strings.Contains(err.Error(), "node that its lab numbers 7") {
			t.Errorf("%s: %v", kind, err)
		}
		op.A.PID = 1 << 30
		if _, err := Apply(op); !Gone(err) || !strings.Contains(err.Error(), "process 1073741824") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// Who waits for answers of the kernel's that do not come is told so in time, also where somebody
// else writes to the socket meanwhile, which is no answer.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	k, err := openTalk()
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	if _, err := k.last(); err != nil {
		t.Fatal(err)
	}
	k.within = 100 * time.Millisecond
	if err := k.patience(); err != nil {
		t.Fatal(err)
	}
	for _, spoken := range []bool{false, true} {
		if spoken {
			us, err := unix.Getsockname(k.fd)
			if err != nil {
				t.Fatal(err)
			}
			stranger(t, us)
		}
		start := time.Now()
		answers, err := k.receive(start.Add(k.within))
		if took := time.Since(start); err == nil || took > 20*time.Second {
			t.Errorf("got %d answers, %v in %v", len(answers), err, took)
		}
	}
}
