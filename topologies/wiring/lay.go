package wiring

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// lot is a Lot that is being laid. Namespaces are entered in the order of their processes' numbers, and
// where one is only about to be it is waited for (see [Opener]): so a cable is made as soon as both of
// its ends can be, and what is at the ends of the first is done while the last are yet to come.
type lot struct {
	Lot
	open   Opener
	turn   sync.Locker // see [Serve]
	here   *space
	keep   placeholders
	leave  errgroup.Group // takes those away that have done their part
	away   *talk          // by which it does so, one after the other
	going  sync.Mutex
	spaces map[int]*space // by the process of each, those that were entered
	result Result
	cables map[int][]*LotCable // that end in each
	left   map[int]int         // ends in each that nobody has asked for yet
	closed map[int]string      // the interface in each that has its index from the kernel
	asked  []int               // those of which everything was asked for since the last flush
	known  wanted              // the kernel numbers its features alike everywhere
	ends   errgroup.Group      // finishes them
}

// lay makes everything of a lot at the cost of what it makes: every namespace is entered once,
// what is asked of the kernel goes by the dozen, and what keeps places goes in one stroke.
func (o Opener) lay(what *Lot, turn sync.Locker) (Result, error) {
	if what == nil {
		return Result{}, errors.New("there is no lot")
	}
	l := &lot{
		Lot: *what, open: o, turn: turn, spaces: map[int]*space{}, result: Result{Spaces: map[int]uint64{}, Firsts: map[int]int{}},
		cables: map[int][]*LotCable{}, left: map[int]int{}, closed: map[int]string{},
	}
	defer func() {
		for _, s := range l.spaces {
			s.close()
		}
	}()
	l.Width = max(l.Width, 1)
	err := l.settleDown()
	if l.here != nil {
		defer l.here.close()
	}
	if err != nil {
		return l.result, err
	}
	l.ends.SetLimit(runtime.NumCPU())
	err = errors.Join(OnThread(l.lay), l.ends.Wait())
	// What the kernel waits for when placeholders are gone from sight is waited for too: by then the ends
	// of cables, which are up, have their carriers, of which a thread of the kernel tells them later.
	err = errors.Join(err, l.leave.Wait())
	l.away.close()
	return l.result, err
}

// settleDown opens the namespace that placeholders are made from.
func (l *lot) settleDown() error {
	open := func() (err error) {
		if l.here, err = openHere(); err != nil {
			return err
		}
		if l.here.talk, err = openTalk(); err != nil {
			return err
		}
		l.here.talk.turn = l.turn
		l.away, err = openTalk() // the last: who takes placeholders away closes it
		return err
	}
	if !l.Apart {
		return open()
	}
	return OnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a namespace to lay cables from: %w", err)
		}
		return open()
	})
}

func (l *lot) lay() error {
	if err := l.sort(); err != nil {
		return err
	}
	var err error
	for _, pid := range slices.Sorted(maps.Keys(l.Places)) {
		if err == nil {
			err = l.add(pid)
		}
		if err == nil && len(l.asked) >= batch {
			err = l.settle()
		}
		if err == nil && l.keep.made >= stroke {
			err = errors.Join(l.settle(), l.end())
		}
	}
	if err == nil {
		err = l.settle()
	}
	return errors.Join(err, l.end())
}

// stroke is how many placeholders go in one: more of them keep the kernel from other networks for long.
const stroke = 100

// end has the placeholders taken away that there are. What the kernel waits for meanwhile keeps it from
// nothing else.
func (l *lot) end() error {
	done := l.keep
	l.keep = placeholders{number: done.number}
	if done.here == nil {
		return nil
	}
	err := l.here.talk.flush()
	l.leave.Go(func() error {
		l.going.Lock()
		defer l.going.Unlock()
		return done.remove(l.away)
	})
	return err
}

// sort finds the cables of each namespace, in the order of their places there.
func (l *lot) sort() error {
	for i := range l.Cables {
		c := &l.Cables[i]
		for _, p := range []Port{c.A, c.B} {
			if _, ok := l.Places[p.PID]; !ok {
				return fmt.Errorf("the lot has no namespace of %s", l.open.whose(p.PID))
			}
			if list := l.cables[p.PID]; len(list) == 0 || list[len(list)-1] != c { // one that has both ends here
				l.cables[p.PID] = append(list, c)
			}
			l.left[p.PID]++
		}
	}
	for pid, list := range l.cables {
		slices.SortStableFunc(list, func(a, b *LotCable) int { return cmp.Compare(a.place(pid), b.place(pid)) })
	}
	for pid, places := range l.Places {
		if l.places(pid) > 0 && l.left[pid] != places {
			return fmt.Errorf("the lot has %d cables for the %d places of %s", l.left[pid], places, l.open.whose(pid))
		}
	}
	return nil
}

// place is that of the last of a cable's ends in a namespace, of which there is one at least.
func (c *LotCable) place(pid int) int {
	switch {
	case c.A.PID != pid:
		return c.B.Index
	case c.B.PID != pid:
		return c.A.Index
	default:
		return max(c.A.Index, c.B.Index)
	}
}

// add enters a namespace, and has the cables made between it and those that were entered before.
func (l *lot) add(pid int) error {
	if err := l.enter(pid); err != nil {
		return err
	}
	whole := []int{}
	if l.left[pid] == 0 {
		whole = append(whole, pid)
	}
	for _, c := range l.cables[pid] {
		if l.spaces[c.A.PID] == nil || l.spaces[c.B.PID] == nil {
			continue
		}
		if err := l.connect(c); err != nil {
			return err
		}
		for _, p := range []Port{c.A, c.B} {
			if l.left[p.PID] == 0 && !slices.Contains(whole, p.PID) {
				whole = append(whole, p.PID)
			}
		}
	}
	for _, pid := range whole {
		if err := l.closeRow(pid); err != nil {
			return err
		}
	}
	l.asked = append(l.asked, whole...)
	return nil
}

// enter opens a namespace, into which this thread goes, and learns the first index that is free.
func (l *lot) enter(pid int) error {
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
	s.talk.turn = l.turn
	if s.fd, err = openControl(); err != nil {
		return err
	}
	if l.result.Spaces[pid], err = s.inode(); err != nil {
		return err
	}
	if first, kept := l.Firsts[pid]; kept {
		l.result.Firsts[pid] = first
		return nil
	}
	last, err := s.talk.last()
	l.result.Firsts[pid] = last + 1
	return err
}

// connect has a cable made, both of whose ends are down. Which of them is described as the other's peer
// makes no difference but to their indexes: the kernel gives a peer the one that it asks for only where the
// other asks for one too (veth_newlink in drivers/net/veth.c).
func (l *lot) connect(c *LotCable) error {
	near, far, err := ends(Op{A: c.A, B: c.B, MTU: c.MTU})
	if err != nil {
		return err
	}
	near.index, far.index = l.index(&c.A, c.B.PID), l.index(&c.B, c.A.PID)
	from, to := c.A.PID, c.B.PID
	if near.index == 0 {
		near, far, from, to = far, near, to, from
	}
	message := cable(near, far, int(l.spaces[to].ns))
	message = append(message, nl.NewRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(l.spaces[from].ns)))) //nolint:gosec // a descriptor
	what := "make the cable " + c.A.Interface + "–" + c.B.Interface
	return l.here.talk.ask(what, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, message...)
}

// index is what the end of a cable asks for that is made next, whose place becomes its index; far is where
// the other end is. What a node makes comes behind its cables, and takes the index of none that is gone again,
// since the kernel goes on from the last index that it gave by itself (dev_index_reserve in net/core/dev.c).
// So where places have one index the last end of a row asks for none: if it is also made last, all before it
// are taken, and the kernel gives it its own.
func (l *lot) index(p *Port, far int) int {
	last := l.Width == 1 && l.places(p.PID) == p.Index+1
	p.Index = l.result.Firsts[p.PID] + l.Width*p.Index
	if l.left[p.PID]--; l.left[p.PID] == 0 && last && far != p.PID {
		l.closed[p.PID] = p.Interface
		return 0
	}
	return p.Index
}

// places is how many ends of cables a namespace has from the first index on; 0 where their places are
// reserved.
func (l *lot) places(pid int) int {
	if _, kept := l.Firsts[pid]; kept {
		return 0
	}
	return l.Places[pid]
}

// closeRow has what comes later into a namespace get an index behind those of its cables, where none of
// them has seen to it: the indexes between them, or the one behind them, are taken for a moment.
func (l *lot) closeRow(pid int) (err error) {
	places := l.places(pid)
	if places == 0 || l.closed[pid] != "" {
		return nil
	}
	if l.keep.here == nil {
		if l.keep, err = l.here.makePlaceholders(l.keep.number + 1); err != nil {
			return fmt.Errorf("keep places for cables: %w", err)
		}
	}
	for range max(1, places*(l.Width-1)) {
		if err := l.keep.add(l.spaces[pid]); err != nil {
			return err
		}
	}
	return nil
}

// checkRow looks whether the kernel has given the index that closes the row of a namespace.
func (l *lot) checkRow(pid int) error {
	places := l.places(pid)
	if places == 0 {
		return nil
	}
	last, closed := l.result.Firsts[pid]+l.Width*places-1, l.closed[pid]
	if closed == "" && l.Width == 1 {
		last++
	}
	if name, err := l.spaces[pid].nameOf(last); err != nil || name != closed && (closed != "" || !strings.HasPrefix(name, placeName)) {
		return fmt.Errorf("lay cables in their order: somebody else makes interfaces in the namespace of %s", l.open.whose(pid))
	}
	return nil
}

// settle sees to it that what was asked for is there, makes bridges behind it, and has the ends of
// cables finished.
func (l *lot) settle() error {
	if err := l.here.talk.flush(); err != nil {
		return err
	}
	asked := l.asked
	l.asked = nil
	for _, pid := range asked {
		s := l.spaces[pid]
		if err := l.checkRow(pid); err != nil {
			return err
		}
		if seg := l.Bridge[pid]; seg.Name != "" {
			if err := l.open.makeBridge(Port{PID: pid}, seg); err != nil {
				return err
			}
		}
		ports := l.ports(pid)
		if len(ports) == 0 {
			continue
		}
		if l.known.offloads == nil {
			var err error
			if l.known, err = readWanted(s.fd, ports[0].Interface); err != nil {
				return fmt.Errorf("ask what offloads there are: %w", err)
			}
		}
		s.bits = l.known
		l.ends.Go(func() error { return s.finish(ports) })
	}
	return nil
}

// ports are the ends of cables in a namespace.
func (l *lot) ports(pid int) (ports []Port) {
	for _, c := range l.cables[pid] {
		for _, p := range []Port{c.A, c.B} {
			if p.PID == pid {
				ports = append(ports, p)
			}
		}
	}
	return ports
}

// finish gives the ends of cables in a namespace their settings, and brings them up.
func (s *space) finish(ports []Port) error {
	for _, p := range ports {
		if err := s.fit(p); err != nil {
			return err
		}
	}
	for _, p := range ports {
		if err := s.talk.enable(p); err != nil {
			return err
		}
	}
	return s.talk.flush()
}

// placeholders are interfaces in other namespaces that go in one stroke with one that is here.
// They are macvlans of a cable that is here, each of which costs the kernel a quarter of what a
// cable does; where there are none, the far ends of cables from here.
type placeholders struct {
	here   *space
	number int // among those that are here at once
	lower  int // index of the interface that macvlans are made over; 0: cables are
	made   int
}

// placeName begins their names, and placeMTU is too small for the kernel to make anything of IPv6
// for one.
const (
	placeName = "place"
	placeMTU  = 68
	keepPlace = "keep a place for a cable"
)

// makePlaceholders makes what is here of them.
func (s *space) makePlaceholders(number int) (placeholders, error) {
	p := placeholders{here: s, number: number}
	name := placeName + strconv.Itoa(number)
	if err := errors.Join(p.cable(name, s), s.talk.flush()); err != nil {
		return p, err
	}
	link, err := s.handle.LinkByName(name)
	if err != nil {
		return p, err
	}
	p.lower = link.Attrs().Index
	if err := errors.Join(p.macvlan(name+"s", s), s.talk.flush()); errors.Is(err, unix.EOPNOTSUPP) {
		p.lower = 0
	} else if err != nil {
		return p, err
	}
	return p, nil
}

// add has one made in another namespace.
func (p *placeholders) add(far *space) error {
	name := fmt.Sprintf("%s%d-%d", placeName, p.number, p.made)
	p.made++
	if p.lower != 0 {
		return p.macvlan(name, far)
	}
	return p.cable(name, far)
}

// group is that of the cables that are here.
func (p *placeholders) group() uint32 { return placeholder + uint32(p.number) } //nolint:gosec // a number is small

// remove takes all away, by a talk of this namespace.
func (p *placeholders) remove(t *talk) error {
	err := errors.Join(
		t.ask("free the places of cables", unix.RTM_DELLINK, 0, nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(p.group()))),
		t.flush(),
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
	peer.AddRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name+"f"))
	peer.AddRtAttr(unix.IFLA_MTU, nl.Uint32Attr(placeMTU))
	peer.AddRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(far.ns))) //nolint:gosec // a descriptor
	return p.here.talk.ask(
		keepPlace, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)), nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(p.group())), info,
	)
}
