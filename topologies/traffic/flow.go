package traffic

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// MaxPackets bounds a flow: each is kept in memory while it runs. One that has sent so many ends.
const MaxPackets = 2 << 20

// Sockets are those of a flow: one to be opened at each of its ends.
func Sockets(s topologies.FlowSpec) (sender, receiver Socket, err error) {
	dst, err := netip.ParseAddr(s.Dst)
	if err != nil {
		return sender, receiver, fmt.Errorf("traffic %s: %w", s.Name, err)
	}
	v6 := !dst.Is4()
	if s.Interval <= 0 || s.Size < Least(v6) {
		return sender, receiver, fmt.Errorf("traffic %s: packets of %d bytes every %s are not possible", s.Name, s.Size, s.Interval)
	}
	return Socket{V6: v6, Address: s.Src, DSCP: s.DSCP}, Socket{V6: v6, Receive: true, Port: s.Port}, nil
}

// Flow is one that runs. It implements topologies.Flow.
type Flow struct {
	spec     topologies.FlowSpec
	id       identity
	log      *log
	sender   int // sockets
	receiver int
	wake     int // an eventfd, which ends the receiver
	stop     chan struct{}
	ended    sync.WaitGroup
	once     sync.Once
	series   topologies.FlowSeries
}

var _ topologies.Flow = (*Flow)(nil)

// Start begins a flow between two sockets, and takes them over.
func Start(s topologies.FlowSpec, sender, receiver *os.File) (f *Flow, err error) {
	f = &Flow{spec: s, sender: -1, receiver: -1, wake: -1, stop: make(chan struct{})}
	defer func() {
		err = errors.Join(err, sender.Close(), receiver.Close())
		if err != nil {
			f.close()
		}
	}()
	if f.sender, err = own(sender); err != nil {
		return nil, err
	}
	if f.receiver, err = own(receiver); err != nil {
		return nil, err
	}
	if f.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, fmt.Errorf("traffic %s: %w", s.Name, err)
	}
	port, err := portOf(f.receiver)
	if err != nil {
		return nil, err
	}
	dst, err := netip.ParseAddr(s.Dst)
	if err != nil {
		return nil, fmt.Errorf("traffic %s: %w", s.Name, err)
	}
	_, _ = rand.Read(f.id[:]) // never fails (crypto/rand)
	f.log = newLog(s)
	f.ended.Go(f.receive)
	f.ended.Go(func() { f.send(to(netip.AddrPortFrom(dst, port))) })
	return f, nil
}

// own is a descriptor of this package's own: who has only a file may not wait on it.
func own(f *os.File) (int, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("take a socket over: %w", err)
	}
	return fd, nil
}

// Read implements topologies.Flow.
func (f *Flow) Read(from time.Time) topologies.FlowReading { return f.log.read(from, time.Now()) }

// Stop implements topologies.Flow.
func (f *Flow) Stop() topologies.FlowSeries {
	f.once.Do(func() {
		close(f.stop)
		_, _ = unix.Write(f.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // it is empty
		f.ended.Wait()
		f.close()
		f.series = f.log.series()
	})
	return f.series
}

func (f *Flow) close() {
	for _, fd := range []int{f.sender, f.receiver, f.wake} {
		if fd >= 0 {
			_ = unix.Close(fd) // nothing is written that could be lost
		}
	}
}

// Open opens the sockets of a flow, by who can in a node's network, and starts it.
func Open(ctx context.Context, s topologies.FlowSpec, open func(ctx context.Context, node string, s Socket) (*os.File, error)) (*Flow, error) {
	near, far, err := Sockets(s)
	if err != nil {
		return nil, err
	}
	receiver, err := open(ctx, s.To, far)
	if err != nil {
		return nil, err
	}
	sender, err := open(ctx, s.From, near)
	if err != nil {
		return nil, errors.Join(err, receiver.Close())
	}
	return Start(s, sender, receiver)
}
