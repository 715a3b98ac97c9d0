package wiring

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	// programName is how our programs are told from those of others; the kernel keeps 15 characters.
	programName = "reprise"
	maxFilters  = 256
)

// drop has a cable lose what any of the filters wants dropped of what arrives at its end op.A. It
// does so by what was asked for, or else by the first that the kernel allows: a program where
// frames arrive, or rules where they leave.
func (o Opener) drop(op Op) (Result, error) {
	if op.By != topologies.DropByNFT {
		program, err := o.setFilters(op.A, op.Filters)
		missing, ok := errors.AsType[*topologies.MissingError](err)
		if !ok || missing.What != kernelAbility || op.By != "" || op.B.Interface == "" {
			return Result{Program: program, By: topologies.DropByXDP}, err
		}
	}
	if op.B.Interface == "" {
		return Result{}, &topologies.MissingError{What: kernelAbility, Name: "XDP (eBPF)", Hint: "nothing else drops what comes out of a machine at " + op.A.Interface}
	}
	stamp, err := o.setEgress(op.A, op.B, op.Filters)
	return Result{Egress: stamp, By: topologies.DropByNFT}, unanswered(err)
}

// count tells how many frames one of the filters that drop has set has dropped.
func (o Opener) count(op Op) (uint64, error) {
	if op.By == topologies.DropByNFT {
		n, err := o.countEgress(op.A, op.B, op.Name)
		return n, unanswered(err)
	}
	return o.countFilter(op.A, op.Name)
}

// kernelAbility is what is missing where the kernel does not do what is asked of it.
const kernelAbility = "kernel ability"

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

// setFilters has an interface drop what arrives at it and any of the filters wants dropped,
// and nothing else. The program runs in the generic hook of XDP: before the packet sockets,
// before what redirects or filters arriving frames, and whatever way they were sent. Its
// counters go on where another one of ours is replaced. It returns the program's number.
func (o Opener) setFilters(p Port, filters []Filter) (id int, err error) {
	s, err := o.open(p.PID)
	if err != nil {
		return 0, err
	}
	defer s.close()
	link, old, err := s.attached(p.Interface)
	if err != nil {
		return 0, err
	}
	if old != nil {
		defer func() { err = errors.Join(err, old.Close()) }()
	}
	if len(filters) == 0 {
		if old == nil {
			return 0, nil
		}
		return 0, errors.Join(s.setWitnesses(witnesses(), p.Interface, nil), s.attach(link, -1))
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return 0, lacking(fmt.Errorf("allow programs of the kernel: %w", err))
	}
	if old == nil { // newer kernels keep the chains of an interface that comes back under its name
		if err := s.setWitnesses(witnesses(), p.Interface, nil); err != nil {
			return 0, err
		}
	}
	counters, err := countersOf(old)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, counters.Close()) }()
	for _, f := range filters {
		if err := counters.Update(key(f.ID), tally{}, ebpf.UpdateNoExist); err != nil && !errors.Is(err, ebpf.ErrKeyExist) {
			return 0, fmt.Errorf("make a counter: %w", err)
		}
	}
	instructions, err := program(filters, counters.FD())
	if err != nil {
		return 0, err
	}
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: programName, Type: ebpf.XDP, Instructions: instructions, License: "Apache-2.0"})
	if err != nil {
		return 0, lacking(err)
	}
	defer func() { err = errors.Join(err, prog.Close()) }()
	if err := s.attach(link, prog.FD()); err != nil {
		return 0, err
	}
	if err := s.setWitnesses(witnesses(), p.Interface, filters); err != nil {
		return 0, err
	}
	_, now, err := s.attached(p.Interface)
	if err != nil || now == nil {
		return 0, fmt.Errorf("find the drop program on %s again: %w", p.Interface, errors.Join(err, syscall.ENOENT))
	}
	id, err = number(now)
	return id, errors.Join(err, now.Close())
}

// lacking says that the kernel does not load our program, where it does not.
func lacking(err error) error {
	if errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return &topologies.MissingError{
			What: kernelAbility, Name: "XDP (eBPF)",
			Hint: "root of the machine alone loads such programs; without them frames are dropped by rules of nftables: " + err.Error(),
		}
	}
	return fmt.Errorf("load a drop program: %w", err)
}

// attached finds an interface, and the program of ours on it; nil when there is none.
func (s *space) attached(iface string) (netlink.Link, *ebpf.Program, error) {
	link, err := s.handle.LinkByName(iface)
	if err != nil {
		return nil, nil, fmt.Errorf("find %s: %w", iface, unanswered(err))
	}
	xdp := link.Attrs().Xdp
	if xdp == nil || !xdp.Attached || xdp.ProgId == 0 {
		return link, nil, nil
	}
	prog, err := ebpf.NewProgramFromID(ebpf.ProgramID(xdp.ProgId))
	if err != nil {
		return nil, nil, fmt.Errorf("read the program on %s: %w", iface, err)
	}
	info, err := prog.Info()
	if err == nil && info.Name != programName {
		err = &topologies.MissingError{
			What: "place", Name: "for a fault that drops frames at " + iface,
			Hint: "an XDP program of the node's own is there",
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, prog.Close())
	}
	return link, prog, nil
}

// attach puts a program on an interface in the place of ours; -1 takes ours away.
func (s *space) attach(link netlink.Link, fd int) error {
	return s.inside(func() error {
		if err := netlink.LinkSetXdpFdWithFlags(link, fd, nl.XDP_FLAGS_SKB_MODE); err != nil {
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
	ids, ok := info.MapIDs()
	if !ok || len(ids) != 1 {
		return nil, fmt.Errorf("read a drop program: it has %d maps", len(ids))
	}
	m, err := ebpf.NewMapFromID(ids[0])
	if err != nil {
		return nil, fmt.Errorf("read the counters of a drop program: %w", err)
	}
	return m, nil
}

func key(id string) [keySize]byte {
	var k [keySize]byte
	copy(k[:], id)
	return k
}

// countFilter tells how many frames a filter has dropped. One whose program or witness is no
// longer in its place is an error for which Gone holds: nobody knows then what arrived. Frames
// that its witness saw arrive are an error too.
func (o Opener) countFilter(p Port, id string) (n uint64, err error) {
	s, err := o.open(p.PID)
	if err != nil {
		return 0, err
	}
	defer s.close()
	_, prog, err := s.attached(p.Interface)
	if err != nil {
		return 0, err
	}
	if prog == nil {
		return 0, fmt.Errorf("the drop program of %s is no longer there: %w", p.Interface, syscall.ENOENT)
	}
	defer func() { err = errors.Join(err, prog.Close()) }()
	counters, err := countersOf(prog)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, counters.Close()) }()
	arrived, err := s.arrived(witnesses(), p.Interface, id) // first: what passes meanwhile is then no riddle
	if err != nil {
		return 0, err
	}
	var t tally
	if err := counters.Lookup(key(id), &t); err != nil {
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			err = errors.Join(err, syscall.ENOENT)
		}
		return 0, fmt.Errorf("read the counter of %s: %w", p.Interface, err)
	}
	return t.judge(p.Interface, arrived)
}
