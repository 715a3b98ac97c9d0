package infer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// switched is how a port carries VLANs: one without a tag, 0 for none, and others with one.
type switched struct {
	access int
	trunk  []int
	more   []int // more than one without a tag, as some configurations list them before they say that they are tagged
}

// tag adds a VLAN to a port.
func (n *Node) tag(port, id string, tagged bool) {
	v, err := strconv.Atoi(id)
	if err != nil || v < 1 || v > maxVLAN {
		return
	}
	if n.tags == nil {
		n.tags = map[string]*switched{}
	}
	t := n.tags[key(port)]
	if t == nil {
		t = &switched{}
		n.tags[key(port)] = t
	}
	switch {
	case tagged && len(t.trunk) < maxVLAN:
		t.trunk = append(t.trunk, v)
	case tagged:
	case t.access == 0:
		t.access = v
	case len(t.more) < maxVLAN:
		t.more = append(t.more, v)
	}
}

// aggregated keeps whether an aggregate has LACP.
func (n *Node) aggregated(lag string, lacp bool) {
	if n.lacp == nil {
		n.lacp = map[string]bool{}
	}
	n.lacp[key(lag)] = lacp
}

// speaker is what stands for a node of other software: an Open vSwitch for what switches VLANs and routes nothing, an
// FRR for all else, or a BIRD where there is no image of FRR. It is empty where there is none.
func (b *builder) speaker(n *Node) (platform, image string) {
	addresses := 0
	for _, i := range n.Interfaces {
		if !i.Management && len(i.Addresses) > 0 {
			addresses++
		}
	}
	order := []string{"frr", "bird"}
	fabric := regexp.MustCompile(`(?m)^\s*router isis`).MatchString(n.Sent)
	if len(n.tags) > 0 && addresses <= 1 && len(n.OSPF)+len(n.BGP) == 0 && !fabric {
		order = []string{"ovs", "frr", "bird"}
	}
	for _, platform := range order {
		if image, _, ok := b.r.image(platform, ""); ok {
			return platform, image
		}
	}
	return "", ""
}

// bond is an aggregate as a lab has it: those of its members that have a cable, by the lab's names.
type bond struct {
	lag     LAG
	members []string
	name    string // in the lab
	lacp    bool
}

// bonds are the aggregates of a switch with more than one cable. With LACP where the other end is a switch of the lab
// too, which speaks it.
func (b *builder) bonds(n *Node) (list []bond) {
	for _, l := range b.net.LAGs {
		if l.Node != n.Name {
			continue
		}
		x := bond{lag: l, name: "bond" + strconv.Itoa(len(list)+1), lacp: l.LACP}
		for _, m := range l.Members {
			for port, lab := range n.Ports {
				if key(port) != key(m) {
					continue
				}
				x.members = append(x.members, lab)
				if far := b.across(Endpoint{n.Name, port}); far == nil || !b.aggregates(far) {
					x.lacp = false
				}
			}
		}
		if len(x.members) > 1 {
			slices.Sort(x.members)
			list = append(list, x)
		}
	}
	return list
}

// across is the node at the other end of a port.
func (b *builder) across(e Endpoint) *Node {
	for _, l := range b.net.Links {
		switch e {
		case l.A:
			return b.named[l.B.Node]
		case l.B:
			return b.named[l.A.Node]
		}
	}
	return nil
}

// aggregates reports whether a lab's node has its aggregates.
func (b *builder) aggregates(n *Node) bool {
	if n.Platform == "ovs" {
		return true
	}
	platform, _ := b.speaker(n)
	return !own(n.Platform) && platform == "ovs"
}

// ovs writes an Open vSwitch with the VLANs and the aggregates of another switch.
func (b *builder) ovs(n *Node) {
	var w strings.Builder
	w.WriteString("add-br br0 -- set bridge br0 datapath_type=netdev")
	tree := regexp.MustCompile(`(?m)^(?:enable stpd|spanning-tree mode|set protocols r?stp|\s+r?stp \{)`).MatchString(n.Sent)
	if tree {
		w.WriteString(" rstp_enable=true")
	}
	w.WriteString("\n")
	vlans, left, bundled := map[int]bool{}, 0, map[string]bool{}
	port := func(words string, t *switched) {
		if t.access > 0 {
			vlans[t.access] = true
			words += fmt.Sprintf(" tag=%d", t.access)
		}
		if len(t.trunk) > 0 {
			ids := slices.Compact(slices.Sorted(slices.Values(t.trunk)))
			var list []string
			for _, id := range ids {
				vlans[id] = true
				list = append(list, strconv.Itoa(id))
			}
			words += " trunks=" + strings.Join(list, ",")
			if t.access > 0 {
				words += " vlan_mode=native-untagged"
			}
		}
		w.WriteString(words + "\n")
	}
	for _, x := range b.bonds(n) {
		names := append([]string{x.lag.Name}, x.lag.Members...)
		i := slices.IndexFunc(b.net.LAGs, func(l LAG) bool { return l.Node == n.Name && l.Name == x.lag.Name })
		b.net.LAGs[i].Lab = x.name
		for _, m := range x.members {
			bundled[m] = true
		}
		words := fmt.Sprintf("add-bond br0 %s %s", x.name, strings.Join(x.members, " "))
		how := "statically"
		switch {
		case x.lacp:
			words, how = words+" lacp=active", "with LACP"
		default:
			words += " bond_mode=active-backup"
			if x.lag.LACP {
				n.Differs = append(n.Differs, x.lag.Name+": its LACP, which the lab's node at the other end does not speak; one member at a time carries")
			}
		}
		at := slices.IndexFunc(names, func(name string) bool { return n.tags[key(name)] != nil })
		if at < 0 {
			n.Differs = append(n.Differs, x.lag.Name+": the configuration names no VLAN of it")
			port(words, &switched{})
			continue
		}
		port(words, n.tags[key(names[at])])
		n.Equal = append(n.Equal, fmt.Sprintf("%s: %d members, aggregated %s (%s in the lab)", x.lag.Name, len(x.members), how, x.name))
	}
	for _, p := range sortedPorts(n.Ports) {
		lab := n.Ports[p]
		t := n.tags[key(p)]
		switch {
		case bundled[lab]:
		case t == nil:
			left++
			n.Differs = append(n.Differs, fmt.Sprintf("port %s: the configuration names no VLAN of it; it carries nothing", p))
		default:
			port("add-port br0 "+lab, b.untagged(n, p, t))
			if len(t.more) > 0 {
				n.Differs = append(n.Differs, fmt.Sprintf("port %s: VLANs %s without a tag; the lab's has %d alone", p, strings.Trim(fmt.Sprint(t.more), "[]"), t.access))
			}
		}
	}
	n.Config = w.String()
	n.Equal = append(n.Equal, fmt.Sprintf("%d VLANs on %d ports, with and without tags", len(vlans), len(n.Ports)-left))
	switch {
	case tree:
		n.Differs = append(n.Differs, "the spanning tree: rapid, one for all VLANs, with default priorities and costs")
	default:
		n.Differs = append(n.Differs, "the spanning tree: there is none")
	}
	for _, i := range n.Interfaces {
		if !i.Management && len(i.Addresses) > 0 {
			n.Differs = append(n.Differs, "the address of "+i.Name+": the lab's switch has none")
		}
	}
	n.Differs = append(n.Differs, n.besides()...)
}

// untagged is how a port carries VLANs to a router of the lab that stands for one which tags: it has its addresses
// at the port itself.
func (b *builder) untagged(n *Node, p string, t *switched) *switched {
	far := b.across(Endpoint{n.Name, p})
	if far == nil || t.access > 0 || own(far.Platform) || b.aggregates(far) {
		return t
	}
	for _, i := range far.Interfaces {
		id := far.vlanOf(i)
		if i.Management || len(i.Addresses) == 0 || !slices.Contains(t.trunk, id) {
			continue
		}
		n.Differs = append(n.Differs, fmt.Sprintf("port %s: VLAN %d has no tag, for %s stands for one that sets it", p, id, far.Name))
		return &switched{access: id, trunk: slices.DeleteFunc(slices.Clone(t.trunk), func(v int) bool { return v == id })}
	}
	return t
}

// vlanOf is the VLAN that an interface is of, by its number or by its name; 0 for none.
func (n *Node) vlanOf(i Interface) int {
	name, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(i.Name, " ", "")), "vlan")
	if !ok {
		return 0
	}
	if id, err := strconv.Atoi(strings.TrimPrefix(name, ".")); err == nil {
		return id
	}
	for _, v := range n.VLANs {
		if strings.ToLower(v.Name) == name {
			return v.ID
		}
	}
	return 0
}

// sortedPorts are the device's ports in the order of the lab's names.
func sortedPorts(names map[string]string) []string {
	var list []string
	for port := range names {
		list = append(list, port)
	}
	slices.SortFunc(list, func(x, y string) int {
		a, b := names[x], names[y]
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return list
}
