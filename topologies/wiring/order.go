package wiring

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// placeholder is the group of the interfaces that reserveIndexes makes for a moment.
const placeholder = 0x72707273

// reserve keeps places for cables, and tells which namespace that is.
func (o Opener) reserve(p Port, places int) (Result, error) {
	s, err := o.open(p.PID)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	var r Result
	if r.View.Space, err = s.inode(); err == nil && places > 0 {
		r.First, err = s.reserveIndexes(places)
	}
	return r, err
}

// reserveIndexes keeps a row of interface indexes free for cables, and returns the first.
// The kernel gives an interface that asks for none the index after the last that it gave
// (dev_index_reserve in net/core/dev.c), so that whatever a node makes later comes behind
// the row. A cable asks for its own place in it.
func (s *space) reserveIndexes(count int) (first int, err error) {
	defer func() {
		if gone := s.request(unix.RTM_DELLINK, 0, nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(placeholder))); !Gone(gone) {
			err = errors.Join(err, gone)
		}
	}()
	// Each pair takes two. Another process of the node may take some in between: then the row
	// begins behind those.
	for row, made := 0, 0; row < count; made++ {
		pair := netlink.NewVeth(netlink.NewLinkAttrs())
		pair.Name, pair.PeerName = fmt.Sprintf("place%da", made), fmt.Sprintf("place%db", made)
		pair.Group = placeholder
		if err := s.handle.LinkAdd(pair); err != nil {
			return 0, fmt.Errorf("keep a place for a cable: %w", err)
		}
		var at [2]int
		for i, name := range []string{pair.PeerName, pair.Name} { // the peer is made first
			link, err := s.handle.LinkByName(name)
			if err != nil {
				return 0, fmt.Errorf("keep a place for a cable: %w", err)
			}
			at[i] = link.Attrs().Index
		}
		switch {
		case at[1] != at[0]+1:
			row = 0
		case row == 0 || at[0] != first+row:
			first, row = at[0], 2
		default:
			row += 2
		}
	}
	return first, nil
}

// end is one end of a cable that is to be made.
type end struct {
	name    string
	index   int // 0: the next
	mtu     int
	address net.HardwareAddr
}

// attributes appends what an end has to a message or to an attribute. It has one queue in each
// direction, as the kernel gives it by default too (veth_init_queues in drivers/net/veth.c): but first
// it makes one for each processor, and takes them away again, for which it waits until no processor
// looks at them.
func (e end) attributes(add func(kind int, data []byte)) {
	for _, queues := range []int{unix.IFLA_NUM_TX_QUEUES, unix.IFLA_NUM_RX_QUEUES} {
		add(queues, nl.Uint32Attr(1))
	}
	add(unix.IFLA_IFNAME, nl.ZeroTerminated(e.name))
	add(unix.IFLA_MTU, nl.Uint32Attr(uint32(e.mtu))) //nolint:gosec // an MTU is small
	if e.address != nil {
		add(unix.IFLA_ADDRESS, e.address)
	}
}

// makeCable makes a veth pair with one end here and the other in the namespace of an open
// descriptor.
func (s *space) makeCable(a, b end, far int) error {
	return s.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, cable(a, b, far)...)
}

// cable describes one, whose far end is in the namespace of an open descriptor. The library's own
// cannot give that end an index.
func cable(a, b end, far int) []nl.NetlinkRequestData {
	here := nl.NewIfInfomsg(unix.AF_UNSPEC)
	here.Index = int32(a.index) //nolint:gosec // an index is small
	data := []nl.NetlinkRequestData{here}
	a.attributes(func(kind int, value []byte) { data = append(data, nl.NewRtAttr(kind, value)) })
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	nl.NewIfInfomsgChild(peer, unix.AF_UNSPEC).Index = int32(b.index) //nolint:gosec // an index is small
	b.attributes(func(kind int, value []byte) { peer.AddRtAttr(kind, value) })
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(far))) //nolint:gosec // a descriptor
	return append(data, info)
}

// request sends a message about links to the namespace's kernel, and waits for its yes as the handle
// of the space does: see newHandle.
func (s *space) request(kind, flags int, data ...nl.NetlinkRequestData) error {
	if s.route == nil {
		here, err := netns.Get()
		if err != nil {
			return fmt.Errorf("look at the own namespace: %w", err)
		}
		defer here.Close() //nolint:errcheck // read only
		if s.route, err = nl.GetNetlinkSocketAt(s.ns, here, syscall.NETLINK_ROUTE); err != nil {
			return fmt.Errorf("reach the kernel in a namespace: %w", err)
		}
		wait := unix.NsecToTimeval(answerTimeout.Nanoseconds())
		if err := s.route.SetReceiveTimeout(&wait); err != nil {
			return fmt.Errorf("bound the wait for the kernel in a namespace: %w", err)
		}
	}
	req := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	req.Sockets = map[int]*nl.SocketHandle{syscall.NETLINK_ROUTE: {Socket: s.route}}
	for _, d := range data {
		req.AddData(d)
	}
	_, err := req.Execute(syscall.NETLINK_ROUTE, 0)
	return err
}
