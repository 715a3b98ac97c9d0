package infer

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// own are the platforms that there are images of.
func own(platform string) bool {
	return slices.Contains([]string{"frr", "bird", "ovs", "keepalived"}, platform)
}

// likeness says how much a node of a lab will be the customer's, and makes its configuration.
func (b *builder) likeness(n *Node) {
	n.Ports = b.ports(n)
	cleaned, out := Clean(n.Platform, n.Sent)
	n.TakenOut = out
	n.Differs = append(n.Differs, n.lacks...)
	if image, exact, ok := b.image(n); ok && own(n.Platform) {
		n.Image, n.Config = image, cleaned
		n.Likeness = Near
		if exact && len(n.lacks) == 0 && n.Sent != "" {
			n.Likeness = Exact
		}
		if !exact {
			n.Differs = append(n.Differs, fmt.Sprintf("the version: %s, and the image is %s", orNone(n.Version), image))
		}
		if n.Sent == "" {
			n.Differs = append(n.Differs, "the configuration, of which no file came")
		}
		return
	}
	if n.Sent == "" && len(n.Ports) == 0 {
		n.Likeness = NotShown
		n.Differs = append(n.Differs, "all of it: neither its configuration nor a link of it is known")
		b.unknown("%s: neither its configuration nor a link of it is known", n.Name)
	} else {
		n.Likeness = Substitute
	}
	n.Speaker, n.Image = b.speaker(n)
	switch n.Speaker {
	case "ovs":
		b.ovs(n)
	case "bird":
		b.substitute(n, b.bird)
	case "frr":
		b.substitute(n, b.frr)
	default:
		b.unknown("%s: there is no image of FRR, BIRD or Open vSwitch to stand for it", n.Name)
	}
}

func (b *builder) image(n *Node) (image string, exact, ok bool) {
	return b.r.image(n.Platform, n.Version)
}

func (r *Reader) image(platform, version string) (image string, exact, ok bool) {
	if r.o.Image == nil {
		return "", false, false
	}
	return r.o.Image(platform, version)
}

func orNone(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}

// ports names the interfaces of a lab. Those of a Linux router keep their names, others become eth1 and on, in
// the order of their links.
func (b *builder) ports(n *Node) map[string]string {
	names := map[string]string{}
	next := 1
	for _, l := range b.net.Links {
		for _, e := range []Endpoint{l.A, l.B} {
			if e.Node != n.Name {
				continue
			}
			if own(n.Platform) {
				names[e.Port] = e.Port
				continue
			}
			names[e.Port] = fmt.Sprintf("eth%d", next)
			next++
		}
	}
	return names
}

// substitute gives a router the addresses and neighbours of another platform's, in its own language.
func (b *builder) substitute(n *Node, write func(n *Node, lab map[string]string)) {
	lab := map[string]string{}
	addresses := 0
	for _, i := range n.Interfaces {
		if i.Management || len(i.Addresses) == 0 {
			continue
		}
		name := b.labInterface(n, i, lab)
		if name == "" {
			n.Differs = append(n.Differs, "the addresses of "+i.Name+": none of its ports has a link")
			continue
		}
		lab[key(i.Name)] = name
		addresses += len(i.Addresses)
		if len(i.Ports) > 1 {
			n.Differs = append(n.Differs, fmt.Sprintf("%s: its ports %s are not switched; its addresses are at %s", i.Name, strings.Join(i.Ports, " "), name))
		}
	}
	if addresses > 0 {
		n.Equal = append(n.Equal, fmt.Sprintf("%d addresses", addresses))
	}
	write(n, lab)
	for _, l := range b.net.LAGs {
		if l.Node == n.Name {
			n.Differs = append(n.Differs, fmt.Sprintf("%s: its members %s are cables by themselves", l.Name, strings.Join(l.Members, " ")))
		}
	}
	if len(n.VLANs) > 0 {
		n.Differs = append(n.Differs, fmt.Sprintf("%d VLANs: nothing is tagged, and there is no spanning tree", len(n.VLANs)))
	}
	n.Differs = append(n.Differs, n.besides()...)
}

// frr writes FRR's language.
func (b *builder) frr(n *Node, lab map[string]string) {
	var w strings.Builder
	fmt.Fprintf(&w, "! %s stands for %s %s %s\nhostname %s\n", n.Image, orNone(n.Platform), n.Version, n.Model, n.Name)
	for _, i := range n.Interfaces {
		name := lab[key(i.Name)]
		if name == "" || i.Management {
			continue
		}
		fmt.Fprintf(&w, "interface %s\n description %s\n", name, i.Name)
		for _, a := range i.Addresses {
			family := "ip"
			if a.Addr().Is6() {
				family = "ipv6"
			}
			fmt.Fprintf(&w, " %s address %s\n", family, a)
		}
	}
	b.protocols(n, lab, &w)
	n.Config = w.String()
}

// bird writes BIRD's language. The addresses are the cable's, and those of loopbacks are left out: no configuration
// of BIRD sets any.
func (b *builder) bird(n *Node, lab map[string]string) {
	var w strings.Builder
	fmt.Fprintf(&w, "# %s stands for %s %s %s\n", n.Image, orNone(n.Platform), n.Version, n.Model)
	if plainWord().MatchString(n.RouterID) {
		fmt.Fprintf(&w, "router id %s;\n", n.RouterID)
	}
	w.WriteString("protocol device {}\nprotocol direct { ipv4; ipv6; }\nprotocol kernel { ipv4 { export all; }; }\n")
	n.cabled = map[string][]netip.Prefix{}
	for _, i := range n.Interfaces {
		name := lab[key(i.Name)]
		if name == "" || i.Management {
			continue
		}
		at := slices.IndexFunc(sortedPorts(n.Ports), func(p string) bool { return n.Ports[p] == name })
		if at < 0 {
			n.Differs = append(n.Differs, "the addresses of "+i.Name+": the lab's router has no loopback of its own")
			continue
		}
		n.cabled[sortedPorts(n.Ports)[at]] = i.Addresses
	}
	areas, left := n.areas(lab)
	if len(n.OSPF) > 0 {
		w.WriteString("protocol ospf v2 ospf1 {\n  ipv4 { import all; export none; };\n")
		for _, area := range slices.Sorted(maps.Keys(areas)) {
			fmt.Fprintf(&w, "  area %s {\n", area)
			for _, name := range areas[area] {
				fmt.Fprintf(&w, "    interface \"%s\" { type broadcast; };\n", name)
			}
			w.WriteString("  };\n")
		}
		w.WriteString("}\n")
		if len(left) == 0 {
			n.Equal = append(n.Equal, "networks and areas of OSPF")
		}
		for _, o := range n.ospf {
			left = appendNew(left, "OSPF: "+o+", which the lab does not have")
		}
		n.Differs = append(n.Differs, left...)
	}
	for i, p := range n.BGP {
		if n.AS == "" || !plainWord().MatchString(p.Address+p.AS+n.AS) {
			continue
		}
		fmt.Fprintf(&w, "protocol bgp n%d {\n  local as %s;\n  neighbor %s as %s;\n  ipv4 { import all; export all; };\n}\n", i+1, n.AS, p.Address, p.AS)
	}
	if n.AS != "" && len(n.BGP) > 0 {
		n.Equal = append(n.Equal, fmt.Sprintf("%d neighbours of BGP, without their filters", len(n.BGP)))
	}
	n.Config = w.String()
}

// plainWord is a word of addresses and numbers.
func plainWord() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Fa-f.:]+$`) }

// areas are the lab's interfaces on which OSPF runs, by area, and what has none.
func (n *Node) areas(lab map[string]string) (list map[string][]string, left []string) {
	list = map[string][]string{}
	for _, a := range n.OSPF {
		found := false
		for _, i := range n.Interfaces {
			name := lab[key(i.Name)]
			in := a.Network == "" && key(i.Name) == key(a.Interface)
			if network, err := netip.ParsePrefix(a.Network); err == nil {
				in = slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return network.Contains(p.Addr()) })
			}
			if in && name != "" && plainWord().MatchString(a.Area) {
				list[a.Area] = appendNew(list[a.Area], name)
				found = true
			}
		}
		if !found {
			left = appendNew(left, fmt.Sprintf("OSPF at %s in area %s: the lab has no address of it", cmp.Or(a.Interface, a.Network), a.Area))
		}
	}
	return list, left
}

// labInterface is where a lab has the addresses of an interface: at its port, or at that of its ports
// that has a link. A loopback is one.
func (b *builder) labInterface(n *Node, i Interface, taken map[string]string) string {
	if strings.HasPrefix(strings.ToLower(i.Name), "lo") {
		return "lo"
	}
	free := func(name string) bool {
		for _, t := range taken {
			if t == name {
				return false
			}
		}
		return true
	}
	candidates := append([]string{i.Name}, i.Ports...)
	var members []string
	for _, l := range b.net.LAGs {
		if l.Node == n.Name && slices.ContainsFunc(candidates, func(c string) bool { return key(c) == key(l.Name) }) {
			members = append(members, l.Members...)
		}
	}
	for _, c := range candidates {
		for port, name := range n.Ports {
			if key(port) == key(c) && free(name) {
				return name
			}
		}
	}
	for _, l := range b.net.Links { // in one order for both ends of an aggregate, which have to take the same cable
		for _, e := range []Endpoint{l.A, l.B} {
			if e.Node == n.Name && slices.ContainsFunc(members, func(m string) bool { return key(m) == key(e.Port) }) && free(n.Ports[e.Port]) {
				return n.Ports[e.Port]
			}
		}
	}
	return ""
}

// protocols writes OSPF and BGP.
func (b *builder) protocols(n *Node, lab map[string]string, w *strings.Builder) {
	if len(n.OSPF) > 0 {
		w.WriteString("router ospf\n")
		if n.RouterID != "" {
			fmt.Fprintf(w, " ospf router-id %s\n", n.RouterID)
		}
		var networks, left []string
		for _, a := range n.OSPF {
			if a.Network != "" {
				networks = appendNew(networks, fmt.Sprintf(" network %s area %s\n", a.Network, a.Area))
				continue
			}
			written := false
			if i, ok := n.ifaces[key(a.Interface)]; ok && lab[key(a.Interface)] != "" {
				for _, p := range n.Interfaces[i].Addresses {
					if p.Addr().Is4() {
						networks = appendNew(networks, fmt.Sprintf(" network %s area %s\n", p.Masked(), a.Area))
						written = true
					}
				}
			}
			if !written {
				left = appendNew(left, fmt.Sprintf("OSPF at %s in area %s: the lab has no address of it", a.Interface, a.Area))
			}
		}
		w.WriteString(strings.Join(networks, ""))
		if len(left) == 0 {
			n.Equal = append(n.Equal, "networks and areas of OSPF")
		}
		for _, o := range n.ospf {
			left = appendNew(left, "OSPF: "+o+", which the lab does not have")
		}
		n.Differs = append(n.Differs, left...)
	}
	if n.AS != "" && len(n.BGP) > 0 {
		fmt.Fprintf(w, "router bgp %s\n no bgp ebgp-requires-policy\n", n.AS)
		if n.RouterID != "" {
			fmt.Fprintf(w, " bgp router-id %s\n", n.RouterID)
		}
		for _, p := range n.BGP {
			fmt.Fprintf(w, " neighbor %s remote-as %s\n", p.Address, p.AS)
		}
		n.Equal = append(n.Equal, fmt.Sprintf("%d neighbours of BGP, without their filters", len(n.BGP)))
	}
}
