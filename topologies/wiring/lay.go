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
	"github.com/vishvananda/netns"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// lot is a Lot that is being laid.
type lot struct {
	Lot
	open   Opener
	here   *space
	spaces map[int]*space // by the process of each
	firsts map[int]int
}

// lay makes everything of a lot at the cost of what it makes: every namespace is entered once,
// what is asked of the kernel goes by the dozen, and what keeps places goes in one stroke.
func (o Opener) lay(what *Lot) (r Result, err error) {
	if what == nil {
		return r, errors.New("there is no lot")
	}
	l := &lot{Lot: *what, open: o, spaces: map[int]*space{}, firsts: map[int]int{}}
	defer func() {
		for _, s := range l.spaces {
			s.close()
		}
	}()
	if l.here, err = openHere(); err != nil {
		return r, err
	}
	defer l.here.close()
	if l.here.talk, err = openTalk(); err != nil {
		return r, err
	}
	if err := l.enter(); err != nil {
		return r, err
	}
	r.Spaces, r.Firsts = map[int]uint64{}, l.firsts
	for pid, s := range l.spaces {
		if r.Spaces[pid], err = s.inode(); err != nil {
			return r, err
		}
	}
	for i := range l.Cables {
		if err := l.connect(&l.Cables[i]); err != nil {
			return r, err
		}
	}
	if err := l.here.talk.flush(); err != nil {
		return r, err
	}
	p, err := l.keepPlaces()
	if err != nil {
		return r, errors.Join(err, p.remove())
	}
	// What the kernel waits for when it takes interfaces away keeps it from nothing else.
	removed := make(chan error, 1)
	go func() { removed <- p.remove() }()
	err = l.finish()
	return r, errors.Join(err, <-removed)
}

func (l *lot) pids() []int { return slices.Sorted(maps.Keys(l.Places)) }

// enter opens every namespace, on one thread that goes from one to the next, and learns the first
// indexes that are free.
func (l *lot) enter() error {
	return OnThread(func() error {
		for _, pid := range l.pids() {
			ns, err := l.open.namespace(pid)
			if err != nil {
				return err
			}
			s := &space{ns: ns, fd: -1}
			l.spaces[pid] = s
			if err := netns.Set(ns); err != nil {
				return fmt.Errorf("enter the namespace of %s: %w", l.open.whose(pid), err)
			}
			if s.talk, err = openTalk(); err != nil {
				return err
			}
			if s.fd, err = openControl(); err != nil {
				return err
			}
			last, err := s.talk.last()
			if err != nil {
				return err
			}
			l.firsts[pid] = last + 1
		}
		return nil
	})
}

// connect has a cable made, both of whose ends are down.
func (l *lot) connect(c *LotCable) error {
	for _, p := range []*Port{&c.A, &c.B} {
		if l.spaces[p.PID] == nil {
			return fmt.Errorf("the lot has no namespace of %s", l.open.whose(p.PID))
		}
		p.Index = l.firsts[p.PID] + 2*p.Index
	}
	near, far, err := ends(Op{A: c.A, B: c.B, MTU: c.MTU})
	if err != nil {
		return err
	}
	message := cable(near, far, int(l.spaces[c.B.PID].ns))
	message = append(message, nl.NewRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(l.spaces[c.A.PID].ns)))) //nolint:gosec // a descriptor
	what := "make the cable " + c.A.Interface + "–" + c.B.Interface
	return l.here.talk.ask(what, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, message...)
}

// keepPlaces has what comes later into a namespace get an index behind those of its cables (see
// reserveIndexes): the free places between them are taken for a moment. Bridges are made
// meanwhile.
//
// What keeps them is the caller's to remove, also where there is an error.
func (l *lot) keepPlaces() (placeholders, error) {
	p, err := l.here.makePlaceholders()
	if err != nil {
		return p, fmt.Errorf("keep places for cables: %w", err)
	}
	for _, pid := range l.pids() {
		for range l.Places[pid] {
			if err := p.add(l.spaces[pid]); err != nil {
				return p, err
			}
		}
	}
	if err := l.here.talk.flush(); err != nil {
		return p, err
	}
	for _, pid := range l.pids() {
		last := l.firsts[pid] + 2*l.Places[pid] - 1
		if name, err := l.spaces[pid].nameOf(last); l.Places[pid] > 0 && (err != nil || !strings.HasPrefix(name, placeName)) {
			return p, fmt.Errorf("keep places for cables: somebody else makes interfaces in the namespace of %s", l.open.whose(pid))
		}
		if seg := l.Bridge[pid]; seg.Name != "" {
			if err := l.open.makeBridge(Port{PID: pid}, seg); err != nil {
				return p, err
			}
		}
	}
	return p, nil
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
	keepPlace = "keep a place for a cable"
)

// makePlaceholders makes what is here of them.
func (s *space) makePlaceholders() (placeholders, error) {
	p := placeholders{here: s}
	if err := errors.Join(p.cable(placeName, s), s.talk.flush()); err != nil {
		return p, err
	}
	link, err := s.handle.LinkByName(placeName)
	if err != nil {
		return p, err
	}
	p.lower = link.Attrs().Index
	if err := errors.Join(p.macvlan(placeName+"s", s), s.talk.flush()); errors.Is(err, unix.EOPNOTSUPP) {
		p.lower = 0
	} else if err != nil {
		return p, err
	}
	return p, nil
}

// add has one made in another namespace.
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
	err := errors.Join(
		p.here.talk.flush(),
		p.here.talk.ask("free the places of cables", unix.RTM_DELLINK, 0, nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(placeholder))),
		p.here.talk.flush(),
	)
	if Gone(err) {
		return nil
	}
	return err
}

func (p *placeholders) macvlan(name string, far *space) error {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("macvlan"))
	info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.IFLA_MACVLAN_MODE, nl.Uint32Attr(nl.MACVLAN_MODE_BRIDGE))
	return p.here.talk.ask(
		keepPlace, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, nl.NewIfInfomsg(unix.AF_UNSPEC),
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
	return p.here.talk.ask(
		keepPlace, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, nl.NewIfInfomsg(unix.AF_UNSPEC),
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
	var known wanted // the kernel numbers its features alike everywhere
	if len(l.Cables) > 0 {
		a, err := l.Cables[0].A, error(nil)
		if known, err = readWanted(l.spaces[a.PID].fd, a.Interface); err != nil {
			return fmt.Errorf("ask what offloads there are: %w", err)
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for pid, list := range ports {
		group.Go(func() error {
			l.spaces[pid].bits = known
			for _, p := range list {
				if err := l.spaces[pid].fit(p); err != nil {
					return err
				}
			}
			for _, p := range list {
				if err := l.spaces[pid].talk.enable(p); err != nil {
					return err
				}
			}
			return l.spaces[pid].talk.flush()
		})
	}
	return group.Wait()
}
