package wiring

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
)

// Cable is a link as a lab has laid it.
type Cable struct {
	Link topologies.Link
	A, B Plug
}

// Plug is one end of a cable, with what the lab has set there.
type Plug struct {
	Endpoint topologies.Endpoint
	Index    int
	Drop     int     // number of the program that drops frames there; 0: none
	Egress   int     // stands for the rules that drop what leaves it; 0: none
	Down     bool    // a fault holds it down
	Segment  Segment // that it is a member of; zero: a device's
}

// unplugs are the deeds that take the end of a cable out of its node.
func unplugs() []string { return []string{"link del", "link delete", "link netns"} }

// Changes compares what is seen of a cable at its ends with what was laid. An end whose view
// is nil could not be looked at.
func (c Cable) Changes(a, b *View) []topologies.Change {
	var changes []topologies.Change
	ends := []topologies.Endpoint{c.Link.A, c.Link.B}
	for _, side := range []struct {
		plug, far Plug
		view      *View
	}{{c.A, c.B, a}, {c.B, c.A, b}} {
		if side.view == nil {
			continue
		}
		k := slices.IndexFunc(side.view.Links, func(x Link) bool { return x.Index == side.plug.Index })
		if k < 0 {
			return []topologies.Change{{
				What: fmt.Sprintf("the cable %s–%s is gone from %s", c.Link.A, c.Link.B, side.plug.Endpoint), Ends: ends, Deeds: unplugs(),
			}}
		}
		if side.view.Links[k].Peer != side.far.Index {
			return []topologies.Change{{What: fmt.Sprintf("the cable at %s is not the one that was laid to %s", side.plug.Endpoint, side.far.Endpoint), Ends: ends, Deeds: unplugs()}}
		}
		changes = append(changes, side.plug.changes(c.Link.MTU, *side.view, side.view.Links[k])...)
	}
	return changes
}

// changes compares what is seen of one end with what the lab has set there.
func (p Plug) changes(mtu int, view View, x Link) []topologies.Change {
	var changes []topologies.Change
	change := func(deeds []string, format string, args ...any) {
		changes = append(changes, topologies.Change{What: fmt.Sprintf(format, args...), Ends: []topologies.Endpoint{p.Endpoint}, Deeds: deeds})
	}
	undone := func(deeds []string, format string, args ...any) {
		change(deeds, format, args...)
		changes[len(changes)-1].Undoes = true
	}
	if p.Drop != 0 && x.Program != p.Drop {
		undone([]string{"link xdp", "link xdpgeneric"}, "the fault that drops frames at %s was taken away", p.Endpoint)
	}
	if p.Egress != 0 && x.Egress != p.Egress {
		undone([]string{"qdisc del", "filter del", "nft flush", "nft delete"}, "the fault that drops frames as they leave %s was taken away", p.Endpoint)
	}
	if p.Down && x.Up {
		undone([]string{"link up", "ifconfig up"}, "%s is up although a fault holds it down", p.Endpoint)
	}
	if p.Segment.Name == "" {
		return changes
	}
	// Nothing of a node's own runs on a segment.
	if !p.Down && !x.Up {
		change([]string{"link down", "ifconfig down"}, "%s is down", p.Endpoint)
	}
	if mtu == 0 {
		mtu = DefaultMTU
	}
	if x.MTU != mtu {
		change([]string{"mtu"}, "the MTU of %s is %d and not %d", p.Endpoint, x.MTU, mtu)
	}
	if !slices.ContainsFunc(view.Links, func(b Link) bool { return b.Name == p.Segment.Name && b.Index == x.Master }) {
		change([]string{"link master", "link nomaster", "brctl delif"}, "%s is not in the segment %s", p.Endpoint, p.Segment.Name)
	} else if p.Segment.Forward&1 == 0 && !slices.Contains(view.Guards, x.Name) {
		change(nil, "the rule that keeps spanning tree frames out of %s is gone", p.Endpoint)
	}
	return changes
}

// PortChanges compares the ports of a segment's switch with those that cables are laid to.
func PortChanges(seg Segment, node string, cabled, ports []string) []topologies.Change {
	var changes []topologies.Change
	for _, iface := range cabled {
		if !slices.Contains(ports, iface) {
			e := topologies.Endpoint{Node: node, Interface: iface}
			changes = append(changes, topologies.Change{
				What: fmt.Sprintf("%s is not in the segment %s", e, seg.Name), Ends: []topologies.Endpoint{e}, Deeds: []string{"del-port"},
			})
		}
	}
	return changes
}
