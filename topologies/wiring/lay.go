package wiring

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// lot is a Lot that is being laid.
type lot struct {
	Lot
	spaces map[int]*space // by the process of each
	firsts map[int]int
}

// lay makes everything of a lot at the cost of what it makes: every namespace is entered once,
// and what keeps places goes in one stroke.
func lay(what *Lot) (r Result, err error) {
	if what == nil {
		return r, errors.New("there is no lot")
	}
	l := &lot{Lot: *what, spaces: map[int]*space{}, firsts: map[int]int{}}
	defer func() {
		for _, s := range l.spaces {
			s.close()
		}
	}()
	r.Spaces = map[int]uint64{}
	for _, pid := range l.pids() {
		if l.spaces[pid], err = open(pid); err != nil {
			delete(l.spaces, pid)
			return r, err
		}
		if r.Spaces[pid], err = l.spaces[pid].inode(); err != nil {
			return r, err
		}
		if l.firsts[pid], err = l.spaces[pid].next(); err != nil {
			return r, err
		}
	}
	for i := range l.Cables {
		if err := l.connect(&l.Cables[i]); err != nil {
			return r, err
		}
	}
	if err := l.keepPlaces(); err != nil {
		return r, err
	}
	r.Firsts = l.firsts
	return r, l.finish()
}

func (l *lot) pids() []int { return slices.Sorted(maps.Keys(l.Places)) }

// next is the index behind those of the interfaces that are there.
func (s *space) next() (int, error) {
	links, err := s.handle.LinkList()
	if err != nil {
		return 0, fmt.Errorf("list interfaces: %w", err)
	}
	last := 0
	for _, l := range links {
		last = max(last, l.Attrs().Index)
	}
	return last + 1, nil
}

// connect makes a cable, both of whose ends are down.
func (l *lot) connect(c *LotCable) error {
	for _, p := range []*Port{&c.A, &c.B} {
		if l.spaces[p.PID] == nil {
			return fmt.Errorf("the lot has no namespace of process %d", p.PID)
		}
		p.Index = l.firsts[p.PID] + 2*p.Index
	}
	near, far, err := ends(Op{A: c.A, B: c.B, MTU: c.MTU})
	if err != nil {
		return err
	}
	if err := l.spaces[c.A.PID].makeCable(near, far, int(l.spaces[c.B.PID].ns)); err != nil {
		return fmt.Errorf("make the cable %s–%s: %w", c.A.Interface, c.B.Interface, err)
	}
	return nil
}

// keepPlaces has what comes later into a namespace get an index behind those of its cables (see
// reserveIndexes): the free places between them are taken for a moment. Bridges are made
// meanwhile.
func (l *lot) keepPlaces() (err error) {
	here, err := openHere()
	if err != nil {
		return err
	}
	defer here.close()
	p, err := here.makePlaceholders()
	defer func() { err = errors.Join(err, p.remove()) }()
	if err != nil {
		return fmt.Errorf("keep places for cables: %w", err)
	}
	for _, pid := range l.pids() {
		for range l.Places[pid] {
			if err := p.add(l.spaces[pid]); err != nil {
				return fmt.Errorf("keep a place for a cable: %w", err)
			}
		}
		last := l.firsts[pid] + 2*l.Places[pid] - 1
		if link, err := l.spaces[pid].handle.LinkByIndex(last); l.Places[pid] > 0 && (err != nil || !strings.HasPrefix(link.Attrs().Name, placeName)) {
			return fmt.Errorf("keep places for cables: somebody else makes interfaces in the namespace of process %d", pid)
		}
		if seg := l.Bridge[pid]; seg.Name != "" {
			if err := makeBridge(Port{PID: pid}, seg); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeholders are interfaces in other namespaces that go in one stroke with one that is here.
// They are macvlans of a cable that is here, each of which costs the kernel a quarter of what a
// cable does; where there are none, the far ends of cables from here.
type placeholders struct {
	here  *space
	lower int // index of the interface that macvlans are made over; 0: cables are
	made  int
}

// placeName begins their names, and placeMTU is too small for the kernel to make anything of IPv6
// for one.
const (
	placeName = "place"
	placeMTU  = 68
)

// makePlaceholders makes what is here of them.
func (s *space) makePlaceholders() (placeholders, error) {
	p := placeholders{here: s}
	if err := p.cable(placeName, s); err != nil {
		return p, err
	}
	link, err := s.handle.LinkByName(placeName)
	if err != nil {
		return p, err
	}
	p.lower = link.Attrs().Index
	if err := p.macvlan(placeName+"s", s); errors.Is(err, unix.EOPNOTSUPP) {
		p.lower = 0
	} else if err != nil {
		return p, err
	}
	return p, nil
}

// add makes one in another namespace.
func (p *placeholders) add(far *space) error {
	name := placeName + strconv.Itoa(p.made)
	p.made++
	if p.lower != 0 {
		return p.macvlan(name, far)
	}
	return p.cable(name, far)
}

// remove takes all away.
func (p *placeholders) remove() error {
	err := p.here.request(unix.RTM_DELLINK, 0, nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(placeholder)))
	if Gone(err) {
		return nil
	}
	return err
}

func (p *placeholders) macvlan(name string, far *space) error {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("macvlan"))
	info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.IFLA_MACVLAN_MODE, nl.Uint32Attr(nl.MACVLAN_MODE_BRIDGE))
	return p.here.request(
		unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)), nl.NewRtAttr(unix.IFLA_LINK, nl.Uint32Attr(uint32(p.lower))), //nolint:gosec // an index is small
		nl.NewRtAttr(unix.IFLA_MTU, nl.Uint32Attr(placeMTU)), nl.NewRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(far.ns))), info, //nolint:gosec // a descriptor
	)
}

// cable makes a cable of the group of placeholders from here into another namespace.
func (p *placeholders) cable(name string, far *space) error {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	nl.NewIfInfomsgChild(peer, unix.AF_UNSPEC)
	peer.AddRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name+"far"))
	peer.AddRtAttr(unix.IFLA_MTU, nl.Uint32Attr(placeMTU))
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(far.ns))) //nolint:gosec // a descriptor
	return p.here.request(
		unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(placeholder)), info,
	)
}

// finish gives every end its settings and brings it up, namespace by namespace.
func (l *lot) finish() error {
	ports := map[int][]Port{}
	for _, c := range l.Cables {
		for _, p := range []Port{c.A, c.B} {
			ports[p.PID] = append(ports[p.PID], p)
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for pid, list := range ports {
		group.Go(func() error {
			for _, p := range list {
				if err := l.spaces[pid].settle(p); err != nil {
					return err
				}
				if err := l.spaces[pid].raise(p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
