package wiring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A network goes with its last process, and with it both ends of every cable that ends there. One that is
// held outlives its processes, so that the far ends do: they see that their carrier goes when the processes
// end, and comes back when the near ends come up in the network that follows.

// Ending gives what waits for the end of the process that a number in an operation stands for; it waits
// until ctx is done at most, and says whether the process has ended. Of nil, numbers are the kernel's.
type Ending func(process int) (wait func(ctx context.Context) bool, err error)

// holds are the networks that are held, by their numbers. The zero value has none.
type holds struct {
	mu   sync.Mutex
	last int
	open map[int]*held
}

// held is a network that is held.
type held struct {
	space   *space
	indexes []int              // of the ends of cables in it
	stop    context.CancelFunc // of who waits for the end of its process
	stopped chan struct{}      // closed when nobody waits any more, and what he does then is done
}

// apply carries out an operation on networks that are held.
func (h *holds) apply(o Opener, ending Ending, op Op) (Result, error) {
	switch op.Kind {
	case Hold:
		return h.hold(o, ending, op)
	case Move:
		return Result{}, unanswered(h.move(o, op))
	default:
		return Result{}, unanswered(h.free(op.Held))
	}
}

// hold holds the network of a process from now on. The ends of cables there go down as soon as the process,
// and with it all others of its node, has ended: a network without processes would still answer, and forward.
func (h *holds) hold(o Opener, ending Ending, op Op) (Result, error) {
	s, err := o.open(op.A.PID)
	if err != nil {
		return Result{}, err
	}
	if ending == nil {
		ending = endOf
	}
	wait, err := ending(op.A.PID)
	if err != nil {
		s.close()
		return Result{}, fmt.Errorf("hold the network of %s: %w", o.whose(op.A.PID), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := &held{space: s, stop: cancel, stopped: make(chan struct{})}
	for _, p := range op.Ends {
		n.indexes = append(n.indexes, p.Index)
	}
	go func() {
		defer close(n.stopped)
		if wait(ctx) {
			n.darken()
		}
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = map[int]*held{}
	}
	h.last++
	h.open[h.last] = n
	return Result{Held: h.last}, nil
}

// darken takes the ends of cables down. What it cannot take down is not there any more, or is moved later.
func (n *held) darken() {
	for _, index := range n.indexes {
		down := nl.NewIfInfomsg(unix.AF_UNSPEC)
		down.Index, down.Change = int32(index), unix.IFF_UP //nolint:gosec // an index is small
		_ = n.space.request(unix.RTM_NEWLINK, 0, down)      // see above
	}
}

// take gives a network that is held, which nobody else uses any more.
func (h *holds) take(number int) (*held, error) {
	h.mu.Lock()
	n := h.open[number]
	h.mu.Unlock()
	if n == nil {
		return nil, fmt.Errorf("no network is held as number %d: %w", number, syscall.ESRCH)
	}
	n.stop()
	<-n.stopped
	return n, nil
}

// move takes the end of a cable out of a network that is held into one that is new, where it is as new: of what
// the node has set at it nothing is left but what it has asked the driver for (ethtool), beyond what every
// end gets.
func (h *holds) move(o Opener, op Op) error {
	if err := CheckName(op.A.Interface); err != nil {
		return err
	}
	n, err := h.take(op.Held)
	if err != nil {
		return err
	}
	to, err := o.open(op.A.PID)
	if err != nil {
		return err
	}
	defer to.close()
	near, _, err := ends(op)
	if err != nil {
		return err
	}
	link, err := n.space.handle.LinkByIndex(op.From)
	if err != nil {
		return fmt.Errorf("find %s in the network before: %w", op.A.Interface, err)
	}
	if link.Type() != "veth" || link.Attrs().ParentIndex != op.B.Index {
		return fmt.Errorf("find %s in the network before: %s there is not the end of the cable that was laid", op.A.Interface, link.Attrs().Name)
	}
	if err := n.space.hand(link, near, to); err != nil {
		return fmt.Errorf("move %s into the network that follows: %w", op.A.Interface, err)
	}
	moved, err := to.handle.LinkByName(near.name)
	if err != nil {
		return fmt.Errorf("find %s: %w", near.name, err)
	}
	if got := moved.Attrs().Index; near.index != 0 && got != near.index { // of kernels before Linux 5.13
		return fmt.Errorf("move %s into the network that follows: this kernel gives it the index %d and not %d", near.name, got, near.index)
	}
	return to.settle(op.A)
}

// hand takes an interface out of a network into another, and with that its addresses, its queues' disciplines
// and whatever is made over it (dev_change_net_namespace in net/core/dev.c). It is down then.
func (s *space) hand(link netlink.Link, as end, to *space) error {
	was := link.Attrs()
	for _, name := range was.AltNames {
		if err := s.handle.LinkDelAltName(link, name); err != nil {
			return fmt.Errorf("take the name %s away: %w", name, err)
		}
	}
	const plain = unix.IFF_MULTICAST
	m := nl.NewIfInfomsg(unix.AF_UNSPEC)
	m.Index = int32(was.Index) //nolint:gosec // an index is small
	m.Flags, m.Change = plain, plain|unix.IFF_UP|unix.IFF_PROMISC|unix.IFF_ALLMULTI|unix.IFF_NOARP|unix.IFF_DEBUG|unix.IFF_DYNAMIC
	const (
		newIndex = 49   // IFLA_NEW_IFINDEX of linux/if_link.h; of a request since Linux 5.13
		queue    = 1000 // DEFAULT_TX_QUEUE_LEN of linux/netdevice.h
	)
	data := []nl.NetlinkRequestData{
		m,
		nl.NewRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(to.ns))), //nolint:gosec // a descriptor
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(as.name)),
		nl.NewRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(as.mtu))), //nolint:gosec // an MTU is small
		nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(0)),
		nl.NewRtAttr(unix.IFLA_TXQLEN, nl.Uint32Attr(queue)),
		nl.NewRtAttr(unix.IFLA_IFALIAS, nil),
	}
	if as.index != 0 {
		data = append(data, nl.NewRtAttr(newIndex, nl.Uint32Attr(uint32(as.index)))) //nolint:gosec // an index is small
	}
	if as.address != nil {
		data = append(data, nl.NewRtAttr(unix.IFLA_ADDRESS, as.address))
	}
	if x := was.Xdp; x != nil && x.Attached {
		mode := uint32(nl.XDP_FLAGS_DRV_MODE)
		if x.AttachMode == nl.XDP_ATTACHED_SKB {
			mode = nl.XDP_FLAGS_SKB_MODE
		}
		off := nl.NewRtAttr(unix.IFLA_XDP|unix.NLA_F_NESTED, nil)
		off.AddRtAttr(nl.IFLA_XDP_FD, nl.Uint32Attr(^uint32(0)))
		off.AddRtAttr(nl.IFLA_XDP_FLAGS, nl.Uint32Attr(mode))
		data = append(data, off)
	}
	return s.request(unix.RTM_NEWLINK, 0, data...)
}

// free lets go of a network that is held, with the ends of cables that are still in it. One that is not held is
// no error.
func (h *holds) free(number int) error {
	n, err := h.take(number)
	if Gone(err) {
		return nil
	}
	h.mu.Lock()
	delete(h.open, number)
	h.mu.Unlock()
	var errs []error
	for _, index := range n.indexes {
		gone := nl.NewIfInfomsg(unix.AF_UNSPEC)
		gone.Index = int32(index) //nolint:gosec // an index is small
		if err := n.space.request(unix.RTM_DELLINK, 0, gone); !Gone(err) {
			errs = append(errs, err)
		}
	}
	n.space.close()
	return errors.Join(errs...)
}

// close lets go of all.
func (h *holds) close() {
	h.mu.Lock()
	var numbers []int
	for number := range h.open {
		numbers = append(numbers, number)
	}
	h.mu.Unlock()
	for _, number := range numbers {
		_ = h.free(number) // what is left goes with its network
	}
}

// endOf waits for the end of a process as the kernel numbers it, by a descriptor of it (pidfd_open(2)).
func endOf(process int) (wait func(ctx context.Context) bool, err error) {
	fd, err := unix.PidfdOpen(process, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "process")
	return func(ctx context.Context) (ended bool) {
		defer f.Close() //nolint:errcheck // it was only looked at
		defer context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })()
		raw, err := f.SyscallConn()
		if err != nil {
			return false
		}
		err = raw.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) //nolint:gosec // a descriptor is small
			ended = err == nil && n > 0
			return ended
		})
		return err == nil && ended
	}, nil
}

// own is what there is at an interface that no lab puts there: addresses, and what is made over it.
func (o Opener) own(p Port) ([]string, error) {
	s, err := o.open(p.PID)
	if err != nil {
		return nil, err
	}
	defer s.close()
	link, err := s.handle.LinkByName(p.Interface)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", p.Interface, err)
	}
	addresses, err := s.handle.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list the addresses of %s: %w", p.Interface, err)
	}
	var lab, list []string
	for _, text := range []string{p.IPv4, p.IPv6} {
		if given, err := netlink.ParseIPNet(text); err == nil {
			lab = append(lab, given.String())
		}
	}
	for _, a := range addresses {
		if text := a.IPNet.String(); !a.IP.IsLinkLocalUnicast() && !slices.Contains(lab, text) {
			list = append(list, text)
		}
	}
	others, err := s.handle.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list what is made over %s: %w", p.Interface, err)
	}
	index := link.Attrs().Index
	for _, other := range others {
		if a := other.Attrs(); other.Type() != "veth" && a.ParentIndex == index && a.Index != index && a.NetNsID < 0 {
			list = append(list, a.Name)
		}
	}
	if master := link.Attrs().MasterIndex; master != 0 && p.Segment.Name == "" {
		if m, err := s.handle.LinkByIndex(master); err == nil {
			list = append(list, "its place in "+m.Attrs().Name)
		}
	}
	return list, nil
}
