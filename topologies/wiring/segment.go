package wiring

import (
	"fmt"
	"net"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
)

const (
	// The kernel keeps the first three groups out of a bridge's own mask; a port's
	// mask takes them, but for PAUSE.
	bridgeMask = 0xfff8
	portMask   = 0xfffd
	stpGroup   = "01:80:c2:00:00:00"
	stpTable   = "reprise"
	stpFilter  = "segment-" // + interface
)

// makeBridge makes a segment: no spanning tree and no multicast snooping of its own.
func (o Opener) makeBridge(p Port, seg Segment) error {
	if err := CheckName(seg.Name); err != nil {
		return err
	}
	s, err := o.open(p.PID)
	if err != nil {
		return err
	}
	defer s.close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = seg.Name
	snooping, mask := false, seg.Forward&bridgeMask
	bridge := &netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping, GroupFwdMask: &mask}
	if err := s.handle.LinkAdd(bridge); err != nil {
		return fmt.Errorf("make the segment %s: %w", seg.Name, err)
	}
	if err := s.handle.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("bring the segment %s up: %w", seg.Name, err)
	}
	return nil
}

// enslave makes a port a member of its segment. A bridge without a spanning tree of
// its own passes BPDUs whatever its mask says, so they are dropped here unless asked for.
func (s *space) enslave(link netlink.Link, p Port) error {
	bridge, err := s.handle.LinkByName(p.Segment.Name)
	if err != nil {
		return fmt.Errorf("find the segment %s: %w", p.Segment.Name, err)
	}
	if err := s.handle.LinkSetMaster(link, bridge); err != nil {
		return fmt.Errorf("add %s to the segment %s: %w", p.Interface, p.Segment.Name, err)
	}
	if mask := p.Segment.Forward & portMask; mask != 0 {
		if err := s.handle.LinkSetBRSlaveGroupFwdMask(link, mask); err != nil {
			return fmt.Errorf("set what %s forwards: %w", p.Interface, err)
		}
	}
	if p.Segment.Forward&1 == 0 {
		return s.dropBPDUs(p.Interface)
	}
	return nil
}

// dropBPDUs keeps spanning tree frames that arrive at a port from the bridge.
func (s *space) dropBPDUs(iface string) error {
	group, err := net.ParseMAC(stpGroup)
	if err != nil {
		return err
	}
	c, err := nftables.New(nftables.WithNetNSFd(int(s.ns)))
	if err != nil {
		return fmt.Errorf("reach nftables: %w", err)
	}
	t := c.AddTable(&nftables.Table{Family: nftables.TableFamilyNetdev, Name: stpTable})
	ch := &nftables.Chain{
		Name: stpFilter + iface, Table: t, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: iface,
	}
	// Newer kernels keep a chain for an interface that comes back under its name. One that is
	// made first can be deleted in any case.
	c.AddChain(ch)
	c.DelChain(ch)
	c.AddChain(ch)
	c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseLLHeader, Offset: 0, Len: 6},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: group}, &expr.Verdict{Kind: expr.VerdictDrop},
	}})
	if err := c.Flush(); err != nil {
		return fmt.Errorf("keep spanning tree frames out of %s: %w", iface, err)
	}
	return nil
}
