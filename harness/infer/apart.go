package infer

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// standing is what a configuration says of an interface that keeps it from others in its network.
type standing struct {
	tag  int    // of IEEE 802.1Q; 0 for none
	vrf  string // empty for the routing table of the device
	down bool
}

// stands gives the standing of an interface, made where there is none.
func (n *Node) stands(name string) *standing {
	if n.standing == nil {
		n.standing = map[string]*standing{}
	}
	s := n.standing[key(name)]
	if s == nil {
		s = &standing{}
		n.standing[key(name)] = s
	}
	return s
}

// tagged is the tag that an interface sends with: its own, or that of its VLAN at the port that it is at.
func (n *Node) tagged(i Interface, port string) int {
	if tag := n.stands(i.Name).tag; tag != 0 {
		return tag
	}
	if t := n.tags[key(port)]; t != nil && slices.Contains(t.trunk, n.vlanOf(i)) {
		return n.vlanOf(i)
	}
	return 0
}

// down is what of an interface is shut down: itself, its port, or the port that it is a part of; empty for none.
func (n *Node) down(i Interface, port string) string {
	names := []string{i.Name, port}
	for _, name := range []string{i.Name, port} {
		if whole, _, part := strings.Cut(name, "."); part {
			names = append(names, whole)
		}
	}
	for _, name := range names {
		if name != "" && n.stands(name).down {
			return name
		}
	}
	return ""
}

// apart tells whether something keeps two that are in one network from each other, so that no cable between them is the
// customer's: twice are the addresses that more than one device has.
func (b *builder) apart(p netip.Prefix, x, y member, twice map[netip.Addr]bool) bool {
	tagX, tagY := x.node.tagged(x.iface, x.port), y.node.tagged(y.iface, y.port)
	vrfX, vrfY := x.node.stands(x.iface.Name).vrf, y.node.stands(y.iface.Name).vrf
	apart := twice[x.address.Addr()] || twice[y.address.Addr()] // the contradiction is told
	for _, m := range []member{x, y} {
		if down := m.node.down(m.iface, m.port); down != "" {
			b.unknown("%s: %s of %s is shut down: no link is made of the network", p, down, m.node.Name)
			apart = true
		}
	}
	both := fmt.Sprintf("%s: %s %s ", p, x.node.Name, x.iface.Name) + "%s, " + fmt.Sprintf("%s %s ", y.node.Name, y.iface.Name) + "%s"
	switch {
	case tagX != 0 && tagY != 0 && tagX != tagY:
		b.contradiction(both, "has tag "+strconv.Itoa(tagX), "tag "+strconv.Itoa(tagY))
		apart = true
	case !apart && tagX != tagY && x.port != "" && y.port != "" && !b.linked(x, y):
		b.unknown(both+": how they are joined is not known", "has "+tagOf(tagX), tagOf(tagY))
		apart = true
	}
	switch {
	case vrfX == vrfY:
	case vrfX != "" && vrfY != "":
		b.unknown(both+": whether they are one network is not known", "is in VRF "+vrfX, "in VRF "+vrfY)
		apart = true
	default: // as the router of a customer and that of its provider are
		b.unknown(both+": the lab has no VRF", "is in "+tableOf(vrfX), "in "+tableOf(vrfY))
	}
	return apart
}

func tagOf(tag int) string {
	if tag == 0 {
		return "no tag"
	}
	return "tag " + strconv.Itoa(tag)
}

func tableOf(vrf string) string {
	if vrf == "" {
		return "no VRF"
	}
	return "VRF " + vrf
}

// another tells that a later configuration of a node is of another device, where each has addresses and they have none in
// common; else it may be that of another day.
func (b *builder) another(n *Node, config string) {
	other := &Node{Platform: n.Platform}
	other.configure(config, map[string][]string{}, new([]Pair))
	mine, theirs := n.addresses(), other.addresses()
	if len(mine) > 0 && len(theirs) > 0 && !slices.ContainsFunc(theirs, func(p netip.Prefix) bool { return slices.Contains(mine, p) }) {
		b.contradiction("%s has two configurations that have no address in common, %s in one and %s in the other: where they are of two devices, give them files of their own names", n.Name, mine[0], theirs[0])
	}
}

func (n *Node) addresses() (list []netip.Prefix) {
	for _, i := range n.Interfaces {
		list = append(list, i.Addresses...)
	}
	return list
}
