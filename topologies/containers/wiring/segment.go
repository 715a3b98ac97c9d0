package wiring

import (
	"fmt"

	"github.com/vishvananda/netlink"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	// The kernel keeps the first three groups out of a bridge's own mask; a port's
	// mask takes them, but for PAUSE.
	bridgeMask = 0xfff8
	portMask   = 0xfffd
	stpGroup   = "01:80:c2:00:00:00"
	stpFilter  = "segment-" // + interface
)

// makeBridge makes a segment: no spanning tree and no multicast snooping of its own.
func makeBridge(p Port, seg Segment) error {
	if err := CheckName(seg.Name); err != nil {
		return err
	}
	s, err := open(p.PID)
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
		// Newer kernels keep a chain for an interface that comes back under its name.
		if err := removeDrop(p, stpFilter+p.Interface); err != nil {
			return err
		}
		return addDrop(p, Filter{ID: stpFilter + p.Interface, Match: topologies.FrameMatch{DstMAC: stpGroup}})
	}
	return nil
}
