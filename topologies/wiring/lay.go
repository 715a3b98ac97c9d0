package wiring

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

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
// reserveIndexes): the free places between them are taken for a moment, by the far ends of
// cables from here. Bridges are made meanwhile.
func (l *lot) keepPlaces() (err error) {
	here, err := openHere()
	if err != nil {
		return err
	}
	defer here.close()
	defer func() {
		if gone := here.request(unix.RTM_DELLINK, 0, nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(placeholders))); !Gone(gone) {
			err = errors.Join(err, gone)
		}
	}()
	made := 0
	for _, pid := range l.pids() {
		for range l.Places[pid] {
			name := fmt.Sprintf("place%d", made)
			made++
			if err := here.makePlaceholder(name, int(l.spaces[pid].ns)); err != nil {
				return fmt.Errorf("keep a place for a cable: %w", err)
			}
		}
		if n, err := l.spaces[pid].next(); err != nil {
			return err
		} else if n != l.firsts[pid]+2*l.Places[pid] {
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

// makePlaceholder makes a cable of the group of placeholders from here into another namespace.
func (s *space) makePlaceholder(name string, far int) error {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("veth"))
	peer := info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.VETH_INFO_PEER, nil)
	nl.NewIfInfomsgChild(peer, unix.AF_UNSPEC)
	peer.AddRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name))
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(far))) //nolint:gosec // a descriptor
	return s.request(
		unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(placeholders)), info,
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
				if err := l.spaces[pid].finish(p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
