package wiring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wire"
)

// Where the kernel loads no program of ours, as for all who are not root of the machine, frames
// are dropped as they leave the far end of the cable. Rules of nftables in its hook egress, the
// last of that hook, read, count and mark them, and a filter of tc behind it, the first there,
// takes away what is marked. A verdict of nftables would not do: the kernel tells the sender
// that the interface was full then, which packet sockets get as an error and TCP as a reason to
// send again at once.
//
// These frames have left their sender for all that it learns. Unlike those that a program drops,
// the sender's own packet sockets do not see them. What enters the cable past the hook, from a
// packet socket with PACKET_QDISC_BYPASS or by another's tc, is not dropped: the witness at the
// other end counts it, or where that is blind, the count of what has left (see leftTable).

const (
	// egressTable holds a base chain for each interface, by its name, and chains of its filters.
	egressTable = "reprise-drop"
	// marked is the mark of what is taken away. No frame with it goes on.
	marked = 0x72707264
	// What a wire sends on has a mark that no rule of ours reads behind, and so has its poke.
	passed, poked = wire.Mark, wire.PokeMark
	// The handle of the filter that takes it says whether the qdisc beneath is ours.
	takerOwn, takerGuest = 0x72707273, 0x72707274
	takerPriority        = 1
	programPriority      = 2 // of a program: what is marked does not get there
)

// setEgress has what leaves the end from of a cable for the end at, and any of the filters wants
// dropped, go no further, and nothing else. Filters that are in force keep their counters. It
// returns what egressStamp does.
func (o Opener) setEgress(at, from Port, filters []Filter) (stamp int, err error) {
	for _, f := range filters {
		if err := f.check(); err != nil {
			return 0, err
		}
	}
	if len(filters) == 0 {
		return 0, errors.Join(o.clearArrivals(witnesses(), at), o.clearEgress(egress(), from))
	}
	s, far, done, err := o.openBoth(from, at)
	if err != nil {
		return 0, err
	}
	defer done()
	link, err := s.handle.LinkByName(from.Interface)
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", from.Interface, err)
	}
	taker, err := s.ours(link, takerPriority)
	if err != nil {
		return 0, err
	}
	there, err := s.inForce(egress(), from.Interface)
	if err != nil {
		return 0, err
	}
	if taker.handle == 0 || len(there) == 0 { // newer kernels keep the chains of an interface that comes back under its name
		if err := errors.Join(far.setWitnesses(witnesses(), at.Interface, nil), s.setRules(egress(), from.Interface, nil), s.forgetLeaving(egress(), from.Interface)); err != nil {
			return 0, err
		}
	}
	if err := s.takeMarked(link); err != nil {
		return 0, err
	}
	if err := s.setRules(egress(), from.Interface, filters); err != nil {
		return 0, err
	}
	if err := errors.Join(far.setWitnesses(witnesses(), at.Interface, filters), s.watchLeaving(from.Interface)); err != nil {
		return 0, err
	}
	return s.egressStamp(from.Interface)
}

// openBoth opens the networks of both ends of a cable, which done closes.
func (o Opener) openBoth(from, at Port) (near, far *space, done func(), err error) {
	if near, err = o.open(from.PID); err != nil {
		return nil, nil, nil, err
	}
	if far, err = o.open(at.PID); err != nil {
		near.close()
		return nil, nil, nil, err
	}
	return near, far, func() { far.close(); near.close() }, nil
}

// clearArrivals takes the witnesses at an end away. Those of a network that is gone went with it.
func (o Opener) clearArrivals(table *nftables.Table, at Port) error {
	s, err := o.open(at.PID)
	if Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	return s.setWitnesses(table, at.Interface, nil)
}

// clearEgress takes the rules of a table at an end away, and what takes marked frames with the last
// of them; the rules also where the interface is
// gone, as that of a cable is whose far end went with its network.
func (o Opener) clearEgress(table *nftables.Table, from Port) error {
	s, err := o.open(from.PID)
	if Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	err = errors.Join(s.setRules(table, from.Interface, nil), s.forgetLeaving(table, from.Interface))
	link, missing := s.handle.LinkByName(from.Interface)
	switch {
	case Gone(missing):
		return err
	case missing != nil:
		return errors.Join(err, fmt.Errorf("find %s: %w", from.Interface, missing))
	}
	others, failed := s.marking(from.Interface)
	if failed != nil || others {
		return errors.Join(err, failed)
	}
	return errors.Join(err, s.leaveMarked(link))
}

// marking says whether rules of ours mark frames that leave an interface.
func (s *space) marking(iface string) (bool, error) {
	for _, table := range []*nftables.Table{egress(), diverting()} {
		if rules, err := s.inForce(table, iface); err != nil || len(rules) > 0 {
			return true, err
		}
	}
	return false, nil
}

// nft reaches nftables in the namespace.
func (s *space) nft() (*nftables.Conn, error) {
	c, err := nftables.New(nftables.WithNetNSFd(int(s.ns)))
	if err != nil {
		return nil, fmt.Errorf("reach nftables: %w", err)
	}
	return c, nil
}

func egress() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyNetdev, Name: egressTable}
}

// chainsAt lists the chains of an interface in a table of ours: its base chain and those of its
// filters.
func chainsAt(c *nftables.Conn, table *nftables.Table, iface string) ([]*nftables.Chain, error) {
	list, err := c.ListChainsOfTableFamily(nftables.TableFamilyNetdev)
	if err != nil {
		return nil, fmt.Errorf("list the rules of %s: %w", iface, err)
	}
	return slices.DeleteFunc(list, func(ch *nftables.Chain) bool {
		return ch.Table.Name != table.Name || ch.Name != iface && !strings.HasPrefix(ch.Name, iface+"/")
	}), nil
}

// inForce gives the rules of an interface's base chain, one for each filter.
func (s *space) inForce(table *nftables.Table, iface string) ([]*nftables.Rule, error) {
	c, err := s.nft()
	if err != nil {
		return nil, err
	}
	chains, err := chainsAt(c, table, iface)
	if err != nil || !slices.ContainsFunc(chains, func(ch *nftables.Chain) bool { return ch.Name == iface }) {
		return nil, err
	}
	rules, err := c.GetRules(table, &nftables.Chain{Name: iface})
	if err != nil {
		return nil, fmt.Errorf("list the rules of %s: %w", iface, err)
	}
	return rules, nil
}

// setRules has the base chain of an interface have one rule for each filter, in their order.
func (s *space) setRules(table *nftables.Table, iface string, filters []Filter) error {
	rules, err := s.inForce(table, iface)
	if err != nil {
		return err
	}
	c, err := s.nft()
	if err != nil {
		return err
	}
	chains, err := chainsAt(c, table, iface)
	if err != nil {
		return err
	}
	c.AddTable(table)
	stays := func(id string) bool { return slices.ContainsFunc(filters, func(f Filter) bool { return f.ID == id }) }
	there := map[string]bool{}
	for _, r := range rules {
		if id := string(r.UserData); stays(id) {
			there[id] = true
			continue
		}
		if err := c.DelRule(r); err != nil {
			return fmt.Errorf("take a rule off %s: %w", iface, err)
		}
	}
	deleteChains(c, slices.DeleteFunc(chains, func(ch *nftables.Chain) bool {
		if ch.Name == iface {
			return len(filters) > 0
		}
		return there[filterOf(ch.Name)]
	}))
	if err := c.Flush(); err != nil {
		return fmt.Errorf("take rules off %s: %w", iface, err)
	}
	for _, f := range filters {
		if there[f.ID] {
			continue
		}
		if err := addRules(c, table, iface, f); err != nil {
			return err
		}
	}
	return nil
}

// filterChain names the chains of a filter, each of which adds its own name; the name of an
// interface holds no slash.
func filterChain(iface, id string) string { return iface + "/" + id }

// filterOf gives the name of the filter that a chain is of.
func filterOf(chain string) string {
	_, rest, _ := strings.Cut(chain, "/")
	return rest[:max(0, strings.LastIndexByte(rest, '/'))]
}

// deleteChains takes chains away that may lead to each other.
func deleteChains(c *nftables.Conn, chains []*nftables.Chain) {
	for _, ch := range chains {
		c.FlushChain(ch)
	}
	for _, ch := range chains {
		c.DelChain(ch)
	}
}

// addRules adds a filter behind those that are in force. What is diverted has passed what drops.
func addRules(c *nftables.Conn, table *nftables.Table, iface string, f Filter) error {
	caught, unread, priority := lottery(f.Probability), []expr.Any{&expr.Counter{}}, nftables.ChainPriority(1<<31-3)
	if f.Group != 0 {
		caught, unread, priority = [][]expr.Any{round(f.Group)}, round(f.Group), 1<<31-2
	}
	base := c.AddChain(&nftables.Chain{
		Name: iface, Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookEgress, Priority: &priority, Device: iface,
	})
	t, err := newTree(c, table, iface, f, unread, caught...)
	if err != nil {
		return err
	}
	if f.Group != 0 {
		c.AddRule(&nftables.Rule{Table: table, Chain: base, UserData: []byte(f.ID), Exprs: prodded(f.Group)})
	}
	t.enter(base, f.ID)
	if err := c.Flush(); err != nil {
		return lackingEgress(fmt.Errorf("have rules read what leaves %s: %w", iface, err))
	}
	return nil
}

// lackingEgress says that the kernel has no such hook, where that is the error.
func lackingEgress(err error) error {
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM) {
		return &topologies.MissingError{
			What: kernelAbility, Name: "nftables egress",
			Hint: "frames are dropped by a program in the kernel (XDP), which root alone may load, or by this hook (Linux 5.16): " + err.Error(),
		}
	}
	return err
}

// takeMarked has tc take marked frames away, first of all that it does with what leaves.
func (s *space) takeMarked(link netlink.Link) error {
	if taker, err := s.ours(link, takerPriority); err != nil || taker.handle != 0 {
		return err
	}
	options, err := takerFilter()
	if err != nil {
		return err
	}
	return s.enter(link, takerPriority, options)
}

// enter puts a filter of ours at a priority of what leaves an interface, in the place of one of ours.
func (s *space) enter(link netlink.Link, priority uint16, options *nl.RtAttr) error {
	there, err := s.ours(link, priority)
	if err != nil {
		return err
	}
	if there.handle != 0 {
		return s.putFilter(link, priority, there.handle, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, options)
	}
	handle := uint32(takerOwn)
	switch err := s.handle.QdiscAdd(clsact(link)); {
	case errors.Is(err, unix.EEXIST):
		if handle, err = s.beside(link); err != nil {
			return err
		}
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP):
		return &topologies.MissingError{What: kernelAbility, Name: "tc clsact", Hint: "without it and without XDP no fault can drop frames: " + err.Error()}
	case err != nil:
		return fmt.Errorf("prepare tc on %s: %w", link.Attrs().Name, err)
	}
	err = s.putFilter(link, priority, handle, unix.NLM_F_CREATE|unix.NLM_F_EXCL, options)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP):
		return &topologies.MissingError{What: kernelAbility, Name: "tc filter bpf", Hint: "without it and without XDP no fault can drop frames: " + err.Error()}
	case handle == takerGuest && err != nil: // an ingress qdisc has no place for what leaves, and room for no other
		return &topologies.MissingError{
			What: placeAbility, Name: "for a fault that drops frames at " + link.Attrs().Name, Hint: "the node's own tc is there: " + err.Error(),
		}
	case err != nil:
		return fmt.Errorf("have tc take frames at %s: %w", link.Attrs().Name, err)
	}
	return nil
}

// beside is the handle of a filter on a qdisc that is there already: ours, where another filter of ours says so.
func (s *space) beside(link netlink.Link) (uint32, error) {
	for _, priority := range []uint16{takerPriority, programPriority} {
		if there, err := s.ours(link, priority); err != nil || there.handle == takerOwn {
			return takerOwn, err
		}
	}
	return takerGuest, nil
}

// takerFilter is the filter that takes what is marked. It takes frames as if they had been sent.
func takerFilter() (*nl.RtAttr, error) {
	const stolen, other = 4, 1<<32 - 1 // TC_ACT_STOLEN, TC_ACT_UNSPEC of linux/pkt_cls.h
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtMark},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: marked, SkipFalse: 1},
		bpf.RetConstant{Val: stolen},
		bpf.RetConstant{Val: other},
	})
	if err != nil {
		return nil, err
	}
	var code []byte
	for _, i := range program {
		code = binary.NativeEndian.AppendUint16(code, i.Op)
		code = append(code, i.Jt, i.Jf)
		code = binary.NativeEndian.AppendUint32(code, i.K)
	}
	options := nl.NewRtAttr(nl.TCA_OPTIONS, nil)
	options.AddRtAttr(nl.TCA_BPF_OPS_LEN, nl.Uint16Attr(uint16(len(program)))) //nolint:gosec // four
	options.AddRtAttr(nl.TCA_BPF_OPS, code)
	options.AddRtAttr(nl.TCA_BPF_FLAGS, nl.Uint32Attr(nl.TCA_BPF_FLAG_ACT_DIRECT))
	return options, nil
}

// programFilter is a filter that is a program of eBPF.
func programFilter(fd int) *nl.RtAttr {
	options := nl.NewRtAttr(nl.TCA_OPTIONS, nil)
	options.AddRtAttr(nl.TCA_BPF_FD, nl.Uint32Attr(uint32(fd))) //nolint:gosec // a descriptor
	options.AddRtAttr(nl.TCA_BPF_NAME, nl.ZeroTerminated(programName))
	options.AddRtAttr(nl.TCA_BPF_FLAGS, nl.Uint32Attr(nl.TCA_BPF_FLAG_ACT_DIRECT))
	return options
}

func (s *space) putFilter(link netlink.Link, priority uint16, handle uint32, flags int, options *nl.RtAttr) error {
	return s.request(unix.RTM_NEWTFILTER, flags, filterAt(link, priority, handle), nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated("bpf")), options)
}

func filterAt(link netlink.Link, priority uint16, handle uint32) *nl.TcMsg {
	return &nl.TcMsg{
		Family: unix.AF_UNSPEC, Ifindex: int32(link.Attrs().Index), Handle: handle, Parent: netlink.HANDLE_MIN_EGRESS, //nolint:gosec // an index is small
		Info: netlink.MakeHandle(priority, nl.Swap16(unix.ETH_P_ALL)),
	}
}

// ours is a filter of ours; the zero value is none.
type ours struct {
	handle  uint32
	program int // the kernel's number of the program that it is; 0: of classic BPF
}

// ours gives our filter at a priority of what leaves an interface.
func (s *space) ours(link netlink.Link, priority uint16) (ours, error) {
	qdiscs, err := s.handle.QdiscList(link)
	if err != nil {
		return ours{}, fmt.Errorf("look at tc on %s: %w", link.Attrs().Name, err)
	}
	if !slices.ContainsFunc(qdiscs, func(q netlink.Qdisc) bool { return q.Type() == "clsact" }) {
		return ours{}, nil
	}
	filters, err := s.handle.FilterList(link, netlink.HANDLE_MIN_EGRESS)
	if err != nil {
		return ours{}, fmt.Errorf("look at the filters of tc on %s: %w", link.Attrs().Name, err)
	}
	for _, f := range filters {
		if a := f.Attrs(); a.Priority == priority && (a.Handle == takerOwn || a.Handle == takerGuest) {
			o := ours{handle: a.Handle}
			if b, ok := f.(*netlink.BpfFilter); ok {
				o.program = b.Id
			}
			return o, nil
		}
	}
	return ours{}, nil
}

// leaveMarked takes the filter away that takes what is marked.
func (s *space) leaveMarked(link netlink.Link) error { return s.leave(link, takerPriority) }

// leave takes a filter of ours away, and the qdisc where it is ours and nobody else's by now.
func (s *space) leave(link netlink.Link, priority uint16) error {
	there, err := s.ours(link, priority)
	if err != nil || there.handle == 0 {
		return err
	}
	err = s.request(unix.RTM_DELTFILTER, 0, filterAt(link, priority, there.handle), nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated("bpf")))
	if err != nil {
		return fmt.Errorf("take the filter of tc off %s: %w", link.Attrs().Name, err)
	}
	if there.handle != takerOwn {
		return nil
	}
	for _, parent := range []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS} {
		if others, err := s.handle.FilterList(link, parent); err != nil || len(others) > 0 {
			return err
		}
	}
	if err := s.handle.QdiscDel(clsact(link)); err != nil {
		return fmt.Errorf("take tc off %s: %w", link.Attrs().Name, err)
	}
	return nil
}

// clsact is what filters of tc on an interface hang on.
func clsact(link netlink.Link) *netlink.Clsact {
	return &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}
}

// egressStamp tells one set of rules on an interface from another, or one program; 0 where frames are
// not dropped.
func (s *space) egressStamp(iface string) (int, error) {
	link, err := s.handle.LinkByName(iface)
	if err != nil {
		return 0, fmt.Errorf("find %s: %w", iface, err)
	}
	program, err := s.ours(link, programPriority)
	if err != nil || program.program != 0 {
		return program.program, err
	}
	taker, err := s.ours(link, takerPriority)
	if err != nil || taker.handle == 0 {
		return 0, err
	}
	rules, err := s.inForce(egress(), iface)
	if err != nil || len(rules) == 0 {
		return 0, err
	}
	var handles []byte
	for _, r := range rules {
		handles = binary.NativeEndian.AppendUint64(handles, r.Handle)
	}
	return int(crc32.ChecksumIEEE(handles)) | 1, nil
}

// countEgress tells how many frames a filter has dropped, as countFilter does.
func (o Opener) countEgress(at, from Port, id string) (uint64, error) {
	s, far, done, err := o.openBoth(from, at)
	if err != nil {
		return 0, err
	}
	defer done()
	stamp, err := s.egressStamp(from.Interface)
	if err == nil && stamp == 0 {
		err = fmt.Errorf("what drops frames at %s is no longer there: %w", from.Interface, syscall.ENOENT)
	}
	if err != nil {
		return 0, err
	}
	arrived, err := far.arrived(witnesses(), at.Interface, id) // first: what passes meanwhile is then no riddle
	if err != nil {
		return 0, err
	}
	caught, err := s.counted(egress(), from.Interface, id, chainCaught)
	if err == nil && len(caught) == 0 {
		err = syscall.ENOENT
	}
	if err != nil {
		return 0, fmt.Errorf("read the counter of %s: %w", from.Interface, err)
	}
	unread, err := s.counted(egress(), from.Interface, id, chainUnread)
	if err != nil {
		return 0, fmt.Errorf("read the counter of %s: %w", from.Interface, err)
	}
	t := tally{Dropped: caught[0]}
	if len(caught) > 1 {
		t.Passed = caught[1]
	}
	for _, n := range unread {
		if n > 0 {
			return t.Dropped, fmt.Errorf("%d frames for %s have headers of IPv6 that rules of nftables cannot read", n, at.Interface)
		}
	}
	n, err := t.judge(at.Interface, arrived)
	if err != nil {
		return n, err
	}
	if wires, err := s.inForce(diverting(), from.Interface); err != nil || len(wires) > 0 {
		return n, err // which send past the rules too
	}
	return n, far.unseen(at.Interface, func() (uint64, error) { return s.pastHook(from.Interface) })
}

// judge says what the tally comes to, where so many frames have arrived that the filter matches.
func (t tally) judge(iface string, arrived uint64) (uint64, error) {
	passed := t.Passed + t.Beside
	switch {
	case t.Odd > 0: // of which each arrives by itself
		return t.Dropped, fmt.Errorf("%d of what is counted as a frame for %s, as trains of TCP are where they leave, are several frames, whose numbers are not known", t.Odd, iface)
	case arrived > passed+t.Unread:
		return t.Dropped, fmt.Errorf("%d frames that were to be dropped have arrived at %s all the same, as those do that tc redirects at the far end, or that a packet socket sends past the queues", arrived-passed-t.Unread, iface)
	case t.Unread > 0:
		return t.Dropped, fmt.Errorf("%d frames for %s had their VLAN tag beside them, which a program where they leave does not read", t.Unread, iface)
	default:
		return t.Dropped, nil
	}
}

// counted gives the counters of a filter's chain, in the order of its rules.
func (s *space) counted(table *nftables.Table, iface, id, chain string) ([]uint64, error) {
	c, err := s.nft()
	if err != nil {
		return nil, err
	}
	rules, err := c.GetRules(table, &nftables.Chain{Name: filterChain(iface, id) + "/" + chain})
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, r := range rules {
		for _, e := range r.Exprs {
			if counter, ok := e.(*expr.Counter); ok {
				list = append(list, counter.Packets)
			}
		}
	}
	return list, nil
}
