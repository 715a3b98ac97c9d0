package wiring

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	// programName is how our programs are told from those of others; the kernel keeps 15 characters.
	programName = "reprise"
	hitsName    = "reprise_hits"
	maxFilters  = 256
)

// drop has a cable lose what any of the filters wants dropped of what arrives at its end op.A. It
// does so by what was asked for, or else by the first that the kernel allows: a program where
// frames arrive; where the node has such a one of its own, a program where they leave; or rules there.
func (o Opener) drop(op Op) (Result, error) {
	ways := []topologies.DropBy{op.By}
	if op.By == "" {
		ways = []topologies.DropBy{topologies.DropByXDP, topologies.DropByTC, topologies.DropByNFT}
		if slices.ContainsFunc(op.Filters, Filter.NumbersTrains) { // which a wire cuts
			ways = slices.DeleteFunc(ways, func(by topologies.DropBy) bool { return by == topologies.DropByTC })
		}
	}
	var first error
	for _, by := range ways {
		r, err := o.dropBy(by, op)
		if Lacks(err) {
			if first == nil {
				first = err
			}
			continue
		}
		return r, err
	}
	return Result{}, first
}

// NumbersTrains says whether the filter gives frames numbers that TCP may be among: it leaves in trains, which have
// none.
func (f Filter) NumbersTrains() bool {
	m, err := read(f.Match)
	if err != nil || !f.picks() || !f.counts() {
		return false
	}
	ip := slices.Contains([]uint16{0, unix.ETH_P_IP, unix.ETH_P_IPV6}, m.etherType)
	return ip && (len(m.protocols) == 0 || slices.Contains(m.protocols, unix.IPPROTO_TCP))
}

func (o Opener) dropBy(by topologies.DropBy, op Op) (Result, error) {
	if op.B.Interface == "" && by != topologies.DropByXDP {
		return Result{}, &topologies.MissingError{What: kernelAbility, Name: "XDP (eBPF)", Hint: "nothing else drops what comes out of a machine at " + op.A.Interface}
	}
	switch by {
	case topologies.DropByXDP:
		id, ended, err := o.setProgram(arriving(), op.A, op.A, op.Filters)
		return Result{Program: id, Ended: ended, By: by}, err
	case topologies.DropByTC:
		id, ended, err := o.setProgram(leaving(), op.B, op.A, op.Filters)
		return Result{Egress: id, Ended: ended, By: by}, err
	case topologies.DropByNFT:
		if i := slices.IndexFunc(op.Filters, Filter.picks); i >= 0 {
			return Result{}, &topologies.MissingError{What: kernelAbility, Name: "eBPF", Hint: "rules of nftables do not pick frames as " + op.Filters[i].ID + " does"}
		}
		stamp, err := o.setEgress(op.A, op.B, op.Filters)
		return Result{Egress: stamp, By: by}, unanswered(err)
	default:
		return Result{}, fmt.Errorf("nothing called %q drops frames", by)
	}
}

// count tells how many frames one of the filters that drop has set has dropped.
func (o Opener) count(op Op) (Result, error) {
	switch op.By {
	case topologies.DropByNFT:
		n, err := o.countEgress(op.A, op.B, op.Name)
		return Result{Count: n}, unanswered(err)
	case topologies.DropByTC:
		return o.countProgram(leaving(), op.B, op.A, op.Name)
	default:
		return o.countProgram(arriving(), op.A, op.A, op.Name)
	}
}

// Lacks says that the kernel, or something of a node's own in the same place, keeps an operation from being
// carried out, which others may be in its stead.
func Lacks(err error) bool {
	missing, ok := errors.AsType[*topologies.MissingError](err)
	return ok && (missing.What == kernelAbility || missing.What == placeAbility)
}

// placeAbility is what is missing where something of the node's own stands in the way.
const placeAbility = "place"

// kernelAbility is what is missing where the kernel does not do what is asked of it.
const kernelAbility = topologies.KernelAbility

// check says what is wrong with a filter but for its predicate.
func (f Filter) check() error {
	if math.IsNaN(f.Probability) || f.Probability < 0 || f.Probability > 1 {
		return fmt.Errorf("probability %v is not between 0 and 1", f.Probability)
	}
	if f.ID == "" || len(f.ID) > keySize {
		return fmt.Errorf("%q cannot be the name of a filter", f.ID)
	}
	return nil
}

// setProgram has a hook of an interface drop what any of the filters wants dropped, and nothing else;
// at is where the frames arrive, and a witness stands. Arriving, the program runs in the generic hook of
// XDP: before the packet sockets, before what redirects or filters arriving frames, and whatever way they
// were sent. Leaving, it is a filter of tc. Its counters go on where another one of ours is replaced, and
// ended says what those filters did that are no longer among them. It returns the program's number.
func (o Opener) setProgram(h hook, on, at Port, filters []Filter) (id int, ended map[string]topologies.Acted, err error) {
	s, far, done, err := o.openBoth(on, at)
	if err != nil {
		if len(filters) == 0 && Gone(err) && on != at {
			return 0, nil, errors.Join(o.clearArrivals(witnesses(), at), o.clearProgram(h, on))
		}
		return 0, nil, err
	}
	defer done()
	link, old, err := s.attached(h, on.Interface)
	if err != nil {
		return 0, nil, err
	}
	if old != nil {
		defer func() { err = errors.Join(err, old.Close()) }()
	}
	if len(filters) == 0 {
		if old == nil {
			return 0, nil, nil
		}
		if err := errors.Join(far.setWitnesses(witnesses(), at.Interface, nil), s.attach(h, link, -1)); err != nil {
			return 0, nil, err
		}
		ended, err = ending(old, nil)
		return 0, ended, err
	}
	if h, err = h.fit(filters); err != nil {
		return 0, nil, err
	}
	if old == nil { // newer kernels keep the chains of an interface that comes back under its name
		if err := far.setWitnesses(witnesses(), at.Interface, nil); err != nil {
			return 0, nil, err
		}
	}
	prog, err := h.make(old, filters, link.Attrs().MTU)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, prog.Close()) }()
	if err := s.attach(h, link, prog.FD()); err != nil {
		return 0, nil, err
	}
	if err := far.setWitnesses(witnesses(), at.Interface, filters); err != nil {
		return 0, nil, err
	}
	_, now, err := s.attached(h, on.Interface)
	if err != nil || now == nil {
		return 0, nil, fmt.Errorf("find the drop program on %s again: %w", on.Interface, errors.Join(err, syscall.ENOENT))
	}
	defer func() { err = errors.Join(err, now.Close()) }()
	if id, err = number(now); err != nil || old == nil {
		return id, nil, errors.Join(err, s.noteSent(h, now, on.Interface))
	}
	ended, err = ending(old, filters)
	return id, ended, err
}

// noteSent has the counters of a program where frames leave hold how many its interface had sent before it.
func (s *space) noteSent(h hook, prog *ebpf.Program, iface string) (err error) {
	if h.kind == ebpf.XDP {
		return nil
	}
	counters, err := countersOf(prog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counters.Close()) }()
	var seen tally // first, as it is among what was sent then
	if err := counters.Lookup(key(seenKey), &seen); err != nil {
		return fmt.Errorf("read what a program has let leave %s: %w", iface, err)
	}
	sent, err := s.sent(iface)
	if err != nil {
		return err
	}
	if err := counters.Put(key(sentKey), tally{Matched: sent - min(sent, seen.Matched)}); err != nil {
		return fmt.Errorf("note what %s has sent: %w", iface, err)
	}
	return nil
}

// sent is how many frames an interface has put on its cable, by whatever way.
func (s *space) sent(iface string) (uint64, error) {
	link, err := s.handle.LinkByName(iface)
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", iface, err)
	}
	if link.Attrs().Statistics == nil {
		return 0, fmt.Errorf("nobody counts what %s sends", iface)
	}
	return link.Attrs().Statistics.TxPackets, nil
}

// past is how many frames have gone on a cable past a program that sees them leave, as far as that is known by now.
func (s *space) past(counters *ebpf.Map, iface string) (uint64, error) {
	sent, err := s.sent(iface) // first: what leaves meanwhile is then no riddle
	if err != nil {
		return 0, err
	}
	var before, passed tally
	for k, t := range map[string]*tally{sentKey: &before, seenKey: &passed} {
		if err := counters.Lookup(key(k), t); err != nil {
			return 0, fmt.Errorf("read what a program has let leave %s: %w", iface, err)
		}
	}
	return sent - min(sent, before.Matched+passed.Matched), nil
}

// blind says whether something of the node's own takes arriving frames before a witness: an XDP program, or tc.
func (s *space) blind(iface string) (bool, error) {
	link, err := s.handle.LinkByName(iface)
	if err != nil {
		return false, fmt.Errorf("find %s: %w", iface, err)
	}
	if xdp := link.Attrs().Xdp; xdp != nil && xdp.Attached {
		return true, nil
	}
	qdiscs, err := s.handle.QdiscList(link)
	if err != nil {
		return false, fmt.Errorf("look at tc on %s: %w", iface, err)
	}
	return slices.ContainsFunc(qdiscs, func(q netlink.Qdisc) bool { return q.Type() == "clsact" || q.Type() == "ingress" }), nil
}

// clearProgram takes a program off an interface whose far end went with its network; it may have gone too.
func (o Opener) clearProgram(h hook, on Port) error {
	s, err := o.open(on.PID)
	if Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	link, old, err := s.attached(h, on.Interface)
	if Gone(err) || err == nil && old == nil {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(s.attach(h, link, -1), old.Close())
}

// Programs says what the kernel, or the rights of who asks, lack for programs that drop and pick frames.
func Programs() error { return errors.Join(able(arriving()), able(leaving())) }

// able says what the kernel lacks for our programs.
func able(h hook) error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return lacking(fmt.Errorf("allow programs of the kernel: %w", err))
	}
	for kind, helper := range map[ebpf.ProgramType]asm.BuiltinFunc{h.kind: h.load, ebpf.XDP: asm.FnXdpLoadBytes} {
		if err := h.has(kind, helper); err != nil {
			return lacking(fmt.Errorf("it asks for Linux 5.18: %w", err))
		}
	}
	return nil
}

// fit is the hook as far as this kernel has it, for filters that have to do with that. Where frames arrive, kernels
// from before the helpers that read them (5.18) still drop what a predicate matches.
func (h hook) fit(filters []Filter) (hook, error) {
	err := able(h)
	if err == nil || h.kind != ebpf.XDP || slices.ContainsFunc(filters, func(f Filter) bool { return f.picks() || f.counts() }) {
		return h, err
	}
	if h.has(h.kind, asm.FnMapLookupElem) != nil {
		return h, err
	}
	h.plain = true
	return h, nil
}

// make loads a program for filters, whose tallies go on where an older one has them.
func (h hook) make(old *ebpf.Program, filters []Filter, mtu int) (prog *ebpf.Program, err error) {
	counters, err := countersOf(old)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, counters.Close()) }()
	m := programMaps{counters: counters.FD(), hits: map[string]int{}}
	for _, f := range filters {
		if h.plain {
			err := counters.Update(key(f.ID), tally{Matched: f.Pick.Matched, Picked: f.Pick.Picked}, ebpf.UpdateNoExist)
			if err != nil && !errors.Is(err, ebpf.ErrKeyExist) {
				return nil, fmt.Errorf("make a counter: %w", err)
			}
			continue
		}
		hits, err := keepTally(counters, f)
		if err != nil {
			return nil, err
		}
		defer hits.Close() //nolint:errcheck // the program holds it
		m.hits[f.ID] = hits.FD()
	}
	if err := counters.Update(key(seenKey), tally{}, ebpf.UpdateNoExist); err != nil && !errors.Is(err, ebpf.ErrKeyExist) {
		return nil, fmt.Errorf("make a counter: %w", err)
	}
	instructions, err := h.program(filters, m, mtu)
	if err != nil {
		return nil, err
	}
	prog, err = ebpf.NewProgram(&ebpf.ProgramSpec{Name: programName, Type: h.kind, Instructions: instructions, License: "Apache-2.0"})
	if err != nil {
		return nil, lacking(err)
	}
	return prog, nil
}

// keepTally gives the map for the first frames of a filter, and makes its tally where there is none.
func keepTally(counters *ebpf.Map, f Filter) (*ebpf.Map, error) {
	var t tally
	switch err := counters.Lookup(key(f.ID), &t); {
	case err == nil:
		hits, err := ebpf.NewMapFromID(ebpf.MapID(t.Hits))
		if err != nil {
			return nil, fmt.Errorf("find what a program has dropped: %w", err)
		}
		return hits, nil
	case !errors.Is(err, ebpf.ErrKeyNotExist):
		return nil, fmt.Errorf("read the counter of %s: %w", f.ID, err)
	}
	hits, err := ebpf.NewMap(&ebpf.MapSpec{Name: hitsName, Type: ebpf.Array, KeySize: 4, ValueSize: hitSize, MaxEntries: topologies.MaxHits})
	if err != nil {
		return nil, lacking(err)
	}
	info, err := hits.Info()
	if err == nil {
		id, _ := info.ID()
		err = counters.Put(key(f.ID), tally{Matched: f.Pick.Matched, Picked: f.Pick.Picked, Hits: uint32(id)})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a counter: %w", err), hits.Close())
	}
	return hits, nil
}

// ending tells what the filters of a program have done that are not among those that stay, and forgets it.
// The program is no longer where frames pass.
func ending(old *ebpf.Program, stay []Filter) (ended map[string]topologies.Acted, err error) {
	counters, err := countersOf(old)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, counters.Close()) }()
	ended = map[string]topologies.Acted{}
	var k [keySize]byte
	var t tally
	for entries := counters.Iterate(); entries.Next(&k, &t); {
		id := unix.ByteSliceToString(k[:])
		if id == seenKey || id == sentKey || slices.ContainsFunc(stay, func(f Filter) bool { return f.ID == id }) {
			continue
		}
		if ended[id], err = t.acted(); err != nil {
			return nil, err
		}
	}
	for id := range ended {
		if err := counters.Delete(key(id)); err != nil {
			return nil, fmt.Errorf("forget the counter of %s: %w", id, err)
		}
	}
	return ended, nil
}

// lacking says that the kernel does not load our program, where it does not.
func lacking(err error) error {
	if errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.E2BIG) {
		return &topologies.MissingError{
			What: kernelAbility, Name: "eBPF",
			Hint: "root of the machine alone loads such programs; without them frames are dropped by rules of nftables, or by a wire: " + err.Error(),
		}
	}
	return fmt.Errorf("load a drop program: %w", err)
}

// attached finds an interface, and the program of ours at a hook of it; nil when there is none.
func (s *space) attached(h hook, iface string) (netlink.Link, *ebpf.Program, error) {
	link, err := s.handle.LinkByName(iface)
	if err != nil {
		return nil, nil, fmt.Errorf("find %s: %w", iface, unanswered(err))
	}
	id := 0
	if h.kind == ebpf.XDP {
		if xdp := link.Attrs().Xdp; xdp != nil && xdp.Attached {
			id = int(xdp.ProgId)
		}
	} else {
		var there ours
		if there, err = s.ours(link, programPriority); err != nil {
			return nil, nil, err
		}
		id = there.program
	}
	if id == 0 {
		return link, nil, nil
	}
	prog, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return nil, nil, fmt.Errorf("read the program on %s: %w", iface, err)
	}
	info, err := prog.Info()
	if err == nil && info.Name != programName {
		err = &topologies.MissingError{
			What: placeAbility, Name: "for a fault that drops frames at " + iface,
			Hint: "an XDP program of the node's own is there",
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, prog.Close())
	}
	return link, prog, nil
}

// attach puts a program at a hook of an interface in the place of ours; -1 takes ours away.
func (s *space) attach(h hook, link netlink.Link, fd int) error {
	if h.kind != ebpf.XDP {
		if fd < 0 {
			return s.leave(link, programPriority)
		}
		return s.enter(link, programPriority, programFilter(fd))
	}
	return s.inside(func() error {
		err := netlink.LinkSetXdpFdWithFlags(link, fd, nl.XDP_FLAGS_SKB_MODE)
		if errors.Is(err, unix.EEXIST) || errors.Is(err, unix.EBUSY) {
			return &topologies.MissingError{
				What: placeAbility, Name: "for a fault that drops frames at " + link.Attrs().Name,
				Hint: "an XDP program of the node's own is there: " + err.Error(),
			}
		}
		if err != nil {
			return fmt.Errorf("put a drop program on %s: %w", link.Attrs().Name, err)
		}
		return nil
	})
}

func number(p *ebpf.Program) (int, error) {
	info, err := p.Info()
	if err != nil {
		return 0, fmt.Errorf("read a drop program: %w", err)
	}
	id, ok := info.ID()
	if !ok {
		return 0, errors.New("read a drop program: it has no number")
	}
	return int(id), nil
}

// countersOf gives the counters of a program, or new ones for the first.
func countersOf(p *ebpf.Program) (*ebpf.Map, error) {
	if p == nil {
		m, err := ebpf.NewMap(&ebpf.MapSpec{Name: programName, Type: ebpf.Hash, KeySize: keySize, ValueSize: tallySize, MaxEntries: maxFilters})
		if err != nil {
			return nil, lacking(err)
		}
		return m, nil
	}
	info, err := p.Info()
	if err != nil {
		return nil, fmt.Errorf("read a drop program: %w", err)
	}
	ids, _ := info.MapIDs()
	for _, id := range ids {
		m, err := ebpf.NewMapFromID(id)
		if err != nil {
			return nil, fmt.Errorf("read the counters of a drop program: %w", err)
		}
		if m.Type() == ebpf.Hash {
			return m, nil
		}
		if err := m.Close(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("read a drop program: it has no counters")
}

func key(id string) [keySize]byte {
	var k [keySize]byte
	copy(k[:], id)
	return k
}

// countProgram tells what a filter has dropped. One whose program or witness is no
// longer in its place is an error for which Gone holds: nobody knows then what arrived. Frames
// that its witness saw arrive are an error too.
func (o Opener) countProgram(h hook, on, at Port, id string) (r Result, err error) {
	s, far, done, err := o.openBoth(on, at)
	if err != nil {
		return Result{}, err
	}
	defer done()
	_, prog, err := s.attached(h, on.Interface)
	if err != nil {
		return Result{}, err
	}
	if prog == nil {
		return Result{}, fmt.Errorf("the drop program of %s is no longer there: %w", on.Interface, syscall.ENOENT)
	}
	defer func() { err = errors.Join(err, prog.Close()) }()
	counters, err := countersOf(prog)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, counters.Close()) }()
	arrived, err := far.arrived(witnesses(), at.Interface, id) // first: what passes meanwhile is then no riddle
	if err != nil {
		return Result{}, err
	}
	var t tally
	if err := counters.Lookup(key(id), &t); err != nil {
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			err = errors.Join(err, syscall.ENOENT)
		}
		return Result{}, fmt.Errorf("read the counter of %s: %w", on.Interface, err)
	}
	acted, err := t.acted()
	if err != nil {
		return Result{}, err
	}
	r = Result{Count: t.Dropped, Acted: &acted}
	if _, err = t.judge(at.Interface, arrived); err != nil || h.kind == ebpf.XDP {
		return r, err
	}
	return r, far.unseen(at.Interface, func() (uint64, error) { return s.past(counters, on.Interface) })
}
