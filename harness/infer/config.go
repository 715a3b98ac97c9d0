package infer

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxVLAN is the highest ID of a VLAN (IEEE 802.1Q 9.6).
const maxVLAN = 4094

// ports spells out a list of ports or of VLANs: 1-3,5; 1:1-1:4; 1/1-1/2. What is beyond so many as there are
// VLANs is left out: no device has so many ports.
func ports(list string) (all []string) {
	for item := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		if len(all) >= maxVLAN {
			break
		}
		from, to, isRange := strings.Cut(item, "-")
		if !isRange {
			all = append(all, item)
			continue
		}
		cut := strings.LastIndexAny(from, ":/") + 1
		a, err1 := strconv.Atoi(from[cut:])
		b, err2 := strconv.Atoi(to[strings.LastIndexAny(to, ":/")+1:])
		if err1 != nil || err2 != nil || b < a || b-a >= maxVLAN {
			all = append(all, item)
			continue
		}
		for n := a; n <= b && len(all) < maxVLAN; n++ {
			all = append(all, from[:cut]+strconv.Itoa(n))
		}
	}
	return all
}

func vlan(id, name string) VLAN {
	n, _ := strconv.Atoi(id) // digits, by who read it
	return VLAN{n, name}
}

// AddressesOf reads the addresses of interfaces out of what a command of iproute2 shows: of all, or of the one that it
// names. ok is false of every other command, and of one that shows some addresses alone.
func AddressesOf(command, text string) (list []Interface, ok bool) {
	m := showsAddresses().FindStringSubmatch(strings.Join(strings.Fields(command), " "))
	switch {
	case m == nil, someAddresses().MatchString(m[2]), strings.Contains(m[1], "-o"), strings.Contains(m[1], "-j"), strings.Contains(m[1], "-4"), strings.Contains(m[1], "-6"):
		return nil, false
	case strings.Contains(m[1], "-br"):
		return brief(text), true
	default:
		return long(text), true
	}
}

// OneInterface reports whether a command of iproute2 shows the addresses of one interface, which it names.
func OneInterface(command string) bool {
	m := showsAddresses().FindStringSubmatch(strings.Join(strings.Fields(command), " "))
	return m != nil && m[2] != ""
}

func showsAddresses() *regexp.Regexp {
	return regexp.MustCompile(`^(?:/usr)?(?:/s?bin/)?ip((?: -\S+)*) a(?:d|dd|ddr|ddre|ddres|ddress)?(?: (?:s|sh|sho|show|l|li|lis|list|ls)(?: (?:dev )?([\w.@-]+))?)?$`)
}

// someAddresses are the words that stand where an interface may, and choose among the addresses of all (ip-address(8)).
func someAddresses() *regexp.Regexp {
	return regexp.MustCompile(`^-?(?:permanent|dynamic|secondary|primary|temporary|deprecated|tentative|dadfailed|home|mngtmpaddr|nodad|optimistic|noprefixroute|autojoin)$`)
}

// brief reads "ip -br addr".
func brief(text string) (list []Interface) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		name, _, _ := strings.Cut(f[0], "@")
		i := Interface{Name: name}
		for _, a := range f[2:] {
			if p, err := netip.ParsePrefix(a); err == nil && !p.Addr().IsLinkLocalUnicast() {
				i.Addresses = append(i.Addresses, p)
			}
		}
		list = append(list, i)
	}
	return list
}

// long reads "ip addr".
func long(text string) (list []Interface) {
	head := regexp.MustCompile(`^\d+: ([^:@\s]+)[:@]`)
	for line := range strings.Lines(text) {
		if m := head.FindStringSubmatch(line); m != nil {
			list = append(list, Interface{Name: m[1]})
			continue
		}
		f := strings.Fields(line)
		if len(list) == 0 || len(f) < 2 || f[0] != "inet" && f[0] != "inet6" {
			continue
		}
		if p, err := netip.ParsePrefix(f[1]); err == nil && !p.Addr().IsLinkLocalUnicast() {
			i := &list[len(list)-1]
			i.Addresses = append(i.Addresses, p)
		}
	}
	return list
}

// prefixOf reads an address with a length, or with a mask.
func prefixOf(address, mask string) (netip.Prefix, bool) {
	if strings.Contains(address, "/") {
		p, err := netip.ParsePrefix(address)
		return p, err == nil
	}
	a, err1 := netip.ParseAddr(address)
	m, err2 := netip.ParseAddr(mask)
	if err1 != nil || err2 != nil || !m.Is4() || !a.Is4() {
		return netip.Prefix{}, false
	}
	bits, ones := m.As4(), 0
	for _, b := range bits {
		for ; b&0x80 != 0; b <<= 1 {
			ones++
		}
	}
	return netip.PrefixFrom(a, ones), true
}

// reader reads one configuration into a node.
type reader struct {
	n    *Node
	lags map[string][]string
	pair *[]Pair
	// as is the AS of a group of BGP's neighbours, by its name, and group that of a neighbour, by its address; grouped are
	// those in their order.
	as, group map[string]string
	grouped   *[]string
}

// configure reads a configuration by its platform's language.
func (n *Node) configure(text string, lags map[string][]string, pairs *[]Pair) {
	n.Sent = text
	r := reader{n: n, lags: lags, pair: pairs, as: map[string]string{}, group: map[string]string{}, grouped: new([]string)}
	switch n.Platform {
	case "exos":
		r.exos(text)
	case "voss":
		r.voss(text)
	case "junos":
		r.junos(text)
	case "bird":
		r.bird(text)
	case "keepalived":
		r.keepalived(text)
	default:
		r.stanzas(text)
	}
}

// iface gives the interface of a name, made where it is not there.
func (n *Node) iface(name string) *Interface {
	k := key(name)
	i, there := n.ifaces[k]
	if !there {
		if n.ifaces == nil {
			n.ifaces = map[string]int{}
		}
		i = len(n.Interfaces)
		n.ifaces[k] = i
		n.Interfaces = append(n.Interfaces, Interface{Name: name})
		n.spell(k, name)
	}
	return &n.Interfaces[i]
}

// spell keeps how the configuration writes a name first.
func (n *Node) spell(k, name string) {
	if n.spelt == nil {
		n.spelt = map[string]string{}
	}
	if _, ok := n.spelt[k]; !ok {
		n.spelt[k] = name
	}
}

// port adds a port to an interface that stands for it.
func (n *Node) port(iface, port string) {
	i, k := n.iface(iface), [2]string{key(iface), port}
	if n.has[k] {
		return
	}
	if n.has == nil {
		n.has = map[[2]string]bool{}
	}
	n.has[k] = true
	i.Ports = append(i.Ports, port)
	n.spell(key(port), port)
}

func (n *Node) address(name, address, mask string) {
	p, ok := prefixOf(address, mask)
	if !ok {
		return
	}
	i := n.iface(name)
	if !slices.Contains(i.Addresses, p) {
		i.Addresses = append(i.Addresses, p)
	}
}

func (n *Node) vlan(v VLAN) {
	if v.ID < 1 || v.ID > maxVLAN {
		return
	}
	i, there := n.vlans[v.ID]
	if !there {
		if n.vlans == nil {
			n.vlans = map[int]int{}
		}
		n.vlans[v.ID] = len(n.VLANs)
		n.VLANs = append(n.VLANs, v)
		return
	}
	n.VLANs[i].Name = cmp.Or(n.VLANs[i].Name, v.Name)
}

// stanzas reads what IOS, NX-OS, EOS and FRR have in common: a line, and lines below it that are
// indented.
func (r reader) stanzas(text string) {
	var head []string
	peer := ""
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "!" {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			head, peer = f, ""
			r.top(f)
			continue
		}
		if len(head) < 2 {
			r.n.leave(strings.Join(head, " "), f)
			continue
		}
		switch head[0] {
		case "interface":
			r.below(ifaceName(head[1:]), f)
		case "router":
			peer = r.router(head, f, peer)
		case "vlan":
			if f[0] == "name" && len(f) > 1 {
				r.n.vlan(vlan(head[1], f[1]))
			} else {
				r.n.leave(strings.Join(head, " "), f)
			}
		default:
			r.n.leave(strings.Join(head, " "), f)
		}
	}
	for _, p := range *r.grouped {
		if as := r.as[r.group[p]]; as != "" && parsed(p).IsValid() && !slices.ContainsFunc(r.n.BGP, func(b Peer) bool { return b.Address == p }) {
			r.n.BGP = append(r.n.BGP, Peer{p, as})
		}
	}
}

// neighbour is one of BGP that has an AS, or a group that has one.
func (r reader) neighbour(name, as string) {
	if _, group := r.as[name]; group {
		r.as[name] = as
		return
	}
	r.n.BGP = append(r.n.BGP, Peer{name, as})
}

// member is a neighbour of BGP that is as its group is.
func (r reader) member(name, group string) {
	r.group[name] = group
	*r.grouped = appendNew(*r.grouped, name)
}

// ifaceName is the name of an interface, of the words behind "interface": its number may stand by itself (Vlan 10), and
// what is no number is no part of it (eth1 vrf blue, Serial0/0.1 point-to-point).
func ifaceName(words []string) string {
	if len(words) > 1 && words[1][0] >= '0' && words[1][0] <= '9' {
		return words[0] + words[1]
	}
	return words[0]
}

func (r reader) top(f []string) {
	switch {
	case f[0] == "vlan" && len(f) == 2:
		for _, id := range ports(f[1]) {
			r.n.vlan(vlan(id, ""))
		}
	case f[0] == "router" && len(f) >= 3 && f[1] == "bgp":
		r.n.AS = f[2]
	case f[0] == "interface" && len(f) > 1:
		if len(f) > 3 && f[len(f)-2] == "vrf" { // FRR
			r.n.stands(ifaceName(f[1:])).vrf = f[len(f)-1]
		}
		name := strings.ToLower(ifaceName(f[1:]))
		r.n.iface(ifaceName(f[1:])).Management = management(name)
		if id, ok := strings.CutPrefix(name, "vlan"); ok {
			r.n.vlan(vlan(id, ""))
		}
	case len(f) > 2 && f[0] == "ip" && f[1] == "router-id":
		r.n.RouterID = f[2]
	case f[0] == "router" && len(f) > 1 && f[1] == "ospf":
	default:
		r.n.leave("", f)
	}
}

// below is a line of an interface.
func (r reader) below(name string, f []string) {
	at := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	switch {
	case (f[0] == "ip" || f[0] == "ipv4" || f[0] == "ipv6") && at(1) == "address" && at(2) != "dhcp":
		r.n.address(name, at(2), at(3))
		if p, ok := prefixOf(at(2), at(3)); ok {
			r.n.own = append(r.n.own, p.Addr())
		}
	case f[0] == "vrf" || f[0] == "ip" && at(1) == "vrf": // vrf forwarding NAME, vrf member NAME, vrf NAME
		if vrf := strings.ToLower(f[len(f)-1]); strings.HasPrefix(vrf, "mgmt") || strings.HasPrefix(vrf, "management") {
			r.n.iface(name).Management = true
		} else {
			r.n.stands(name).vrf = f[len(f)-1]
			r.n.leave("interface "+name, f)
		}
	case f[0] == "shutdown", f[0] == "no" && at(1) == "shutdown" && len(f) == 2:
		r.n.stands(name).down = f[0] == "shutdown"
		r.n.leave("interface "+name, f)
	case f[0] == "encapsulation" && strings.EqualFold(at(1), "dot1q"): // dot1Q 10, dot1q vlan 10, dot1Q 10 native
		id, err := strconv.Atoi(cmp.Or(strings.TrimPrefix(at(2), "vlan"), at(3)))
		if err == nil && id >= 1 && id <= maxVLAN && at(3) != "native" {
			r.n.stands(name).tag = id
		}
		r.n.leave("interface "+name, f)
	case f[0] == "vrrp" && len(f) > 1:
		r.n.virtualLine(name, f)
		r.n.leave("interface "+name, f)
	case f[0] == "channel-group":
		lag := "Port-channel" + at(1)
		r.n.aggregated(lag, at(3) == "active" || at(3) == "passive")
		r.lags[lag] = appendNew(r.lags[lag], name)
	case f[0] == "lag" && len(f) == 2: // AOS-CX
		r.lags["lag"+at(1)] = appendNew(r.lags["lag"+at(1)], name)
	case f[0] == "lacp" && at(1) == "mode" && strings.HasPrefix(name, "lag"):
		r.n.aggregated(name, true)
	case f[0] == "vlan" && (at(1) == "access" || at(1) == "trunk" && at(2) == "native"):
		r.n.vlan(vlan(at(len(f)-1), ""))
		r.n.tag(name, at(len(f)-1), false)
	case f[0] == "vlan" && at(1) == "trunk" && at(2) == "allowed":
		for _, id := range ports(at(3)) {
			r.n.vlan(vlan(id, ""))
			r.n.tag(name, id, true)
		}
	case f[0] == "ip" && at(1) == "ospf" && at(2) == "area":
		r.n.OSPF = append(r.n.OSPF, Area{Interface: name, Area: at(3)})
	case f[0] == "ip" && at(1) == "router" && at(2) == "ospf" && at(4) == "area":
		r.n.OSPF = append(r.n.OSPF, Area{Interface: name, Area: at(5)})
	case f[0] == "switchport" && at(1) == "access" && at(2) == "vlan":
		r.n.vlan(vlan(at(3), ""))
		r.n.port("Vlan"+at(3), name)
		r.n.tag(name, at(3), false)
	case f[0] == "switchport" && at(1) == "trunk" && at(2) == "native" && at(3) == "vlan":
		r.n.tag(name, at(4), false)
	case f[0] == "switchport" && at(1) == "trunk" && at(3) == "vlan" && (at(4) == "except" || at(4) == "remove"):
		r.n.Differs = appendNew(r.n.Differs, "port "+name+": the VLANs of its trunk, which the configuration has as "+strings.Join(f[4:], " "))
	case f[0] == "switchport" && at(1) == "trunk" && at(3) == "vlan":
		for _, id := range ports(at(len(f) - 1)) {
			if n, err := strconv.Atoi(id); err == nil && n >= 1 && n <= maxVLAN {
				r.n.vlan(VLAN{ID: n})
				r.n.port("Vlan"+id, name)
				r.n.tag(name, id, true)
			}
		}
	default:
		r.n.leave("interface "+name, f)
	}
}

// router is a line of a routing protocol; it gives the neighbour that the lines below are of.
func (r reader) router(head, f []string, peer string) string {
	switch {
	case (f[0] == "router-id" || len(f) > 2 && f[1] == "router-id") && len(f) > 1:
		r.n.RouterID = f[len(f)-1]
	case head[1] == "ospf" && f[0] == "network" && len(f) >= 4:
		r.n.OSPF = append(r.n.OSPF, Area{Network: wildcard(f[1], f[2]), Area: f[len(f)-1]})
	case head[1] == "ospf" && (f[0] == "area" && len(f) > 2 && (f[2] == "stub" || f[2] == "nssa" || f[2] == "virtual-link") || f[0] == "redistribute" && len(f) > 1):
		r.n.ospf = appendNew(r.n.ospf, strings.Join(f[:min(3, len(f))], " "))
	case head[1] == "bgp" && f[0] == "neighbor" && len(f) >= 4 && f[2] == "remote-as":
		r.neighbour(f[1], f[3])
	case head[1] == "bgp" && f[0] == "neighbor" && len(f) == 4 && f[2] == "peer-group":
		r.member(f[1], f[3])
	case head[1] == "bgp" && f[0] == "neighbor" && len(f) == 5 && f[2] == "peer" && f[3] == "group": // EOS
		r.member(f[1], f[4])
	case head[1] == "bgp" && f[0] == "inherit" && len(f) == 3 && f[1] == "peer" && peer != "": // NX-OS
		r.member(peer, f[2])
	case head[1] == "bgp" && f[0] == "neighbor" && (len(f) == 3 && f[2] == "peer-group" || len(f) == 4 && f[2] == "peer" && f[3] == "group"):
		r.as[f[1]] = ""
	case head[1] == "bgp" && f[0] == "template" && len(f) == 3 && f[1] == "peer":
		r.as[f[2]] = ""
		return f[2]
	case head[1] == "bgp" && f[0] == "neighbor" && len(f) > 3 && f[2] == "password" && !own(r.n.Platform):
		r.n.Differs = appendNew(r.n.Differs, "the password of neighbour "+f[1]+", which the other end may ask for")
	case head[1] == "bgp" && f[0] == "neighbor" && len(f) == 2:
		return f[1]
	case head[1] == "bgp" && f[0] == "remote-as" && len(f) == 2 && peer != "":
		r.neighbour(peer, f[1])
	default:
		r.n.leave(strings.Join(append(slices.Clone(head), neighbourOf(peer)...), " "), f)
	}
	return peer
}

// neighbourOf are the words of a neighbour that lines stand below.
func neighbourOf(peer string) []string {
	if peer == "" {
		return nil
	}
	return []string{"neighbor", peer}
}

// wildcard is a network that is written with its length, or with the mask turned round.
func wildcard(network, mask string) string {
	if strings.Contains(network, "/") {
		return network
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() {
		return network
	}
	b := m.As4()
	for i := range b {
		b[i] = ^b[i]
	}
	if p, ok := prefixOf(network, netip.AddrFrom4(b).String()); ok {
		return p.String()
	}
	return network
}

// exos reads Switch Engine's language: every line stands by itself.
func (r reader) exos(text string) {
	tag := map[string]string{}
	word := regexp.MustCompile(`"[^"]*"|\S+`)
	for line := range strings.Lines(text) {
		f := word.FindAllString(strings.TrimSpace(line), -1)
		for i := range f {
			f[i] = strings.Trim(f[i], `"`)
		}
		at := func(i int) string {
			if i < len(f) {
				return f[i]
			}
			return ""
		}
		name := at(2)
		switch {
		case at(0) == "configure" && at(1) == "vlan" && at(3) == "tag":
			tag[name] = at(4)
			r.n.vlan(vlan(at(4), name))
		case at(0) == "configure" && at(1) == "vlan" && at(3) == "add" && at(4) == "ports":
			r.n.iface("vlan " + name)
			for _, p := range ports(at(5)) {
				r.n.port("vlan "+name, p)
				r.n.tag(p, cmp.Or(tag[name], map[bool]string{true: "1"}[strings.EqualFold(name, "default")]), at(6) == "tagged")
			}
		case at(0) == "configure" && at(1) == "vlan" && at(3) == "ipaddress":
			r.n.address("vlan "+name, at(4), at(5))
			r.n.iface("vlan " + name).Management = strings.EqualFold(name, "mgmt")
		case at(0) == "enable" && at(1) == "sharing":
			r.lags[at(2)] = ports(at(4))
			r.n.aggregated(at(2), slices.Contains(f, "lacp"))
		case at(0) == "configure" && at(1) == "ospf" && at(2) == "routerid", at(0) == "configure" && at(1) == "bgp" && at(2) == "routerid":
			r.n.RouterID = at(3)
		case at(0) == "configure" && at(1) == "ospf" && at(2) == "add" && at(3) == "vlan":
			r.n.OSPF = append(r.n.OSPF, Area{Interface: "vlan " + at(4), Area: at(6)})
			r.n.trailing(f, 7)
		case at(0) == "configure" && at(1) == "ospf" && at(2) == "area" && (at(4) == "stub" || at(4) == "nssa"):
			r.n.ospf = appendNew(r.n.ospf, "area "+at(3)+" "+at(4))
		case at(0) == "enable" && at(1) == "ospf" && at(2) == "export" && at(3) != "":
			r.n.ospf = appendNew(r.n.ospf, "export of "+at(3))
		case at(0) == "configure" && at(1) == "bgp" && strings.EqualFold(at(2), "AS-number"):
			r.n.AS = at(3)
		case at(0) == "create" && at(1) == "bgp" && at(2) == "neighbor" && at(4) == "remote-AS-number":
			r.n.BGP = append(r.n.BGP, Peer{at(3), at(5)})
		case at(0) == "disable" && strings.HasPrefix(at(1), "port"):
			for _, p := range ports(at(2)) {
				r.n.stands(p).down = true
			}
			r.n.leave("", f)
		case at(0) == "create" && at(1) == "vlan" && (at(3) == "vr" || at(5) == "vr"):
			r.n.stands("vlan " + name).vrf = strings.TrimPrefix(f[len(f)-1], "VR-Default")
			r.n.leave("", f)
		case at(0) == "configure" && at(1) == "mlag" && at(2) == "peer" && at(4) == "ipaddress":
			*r.pair = append(*r.pair, Pair{Kind: "mlag", Peer: at(5)})
			r.n.leave("", f)
		case len(f) > 0:
			r.n.leave("", f)
		}
	}
}

// voss reads Fabric Engine's language. An interface is in OSPF's area 0.0.0.0 unless it names another.
func (r reader) voss(text string) {
	in := ""
	areas, routed := map[string]string{}, []string(nil)
	tagged := map[string]bool{}
	name := regexp.MustCompile(`^vlan create (\d+)(?: name "([^"]*)")?`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case f[0] == "interface" && len(f) > 2:
			in = strings.ToLower(f[1]) + " " + f[2]
			if strings.HasPrefix(in, "gigabitethernet ") {
				in = f[2]
			}
			r.n.iface(in)
		case f[0] == "exit":
			in = ""
		case in == "" && f[0] == "router-id" && len(f) == 2:
			r.n.RouterID = f[1]
		case in != "" && f[0] == "ip" && len(f) > 2 && f[1] == "address":
			mask := ""
			if len(f) > 3 {
				mask = f[3]
			}
			r.n.address(in, f[2], mask)
		case in != "" && strings.HasPrefix(line, "ip ospf area ") && len(f) == 4:
			areas[in] = f[3]
		case in != "" && line == "ip ospf enable":
			routed = append(routed, in)
		case in != "" && f[0] == "brouter" && strings.Contains(line, " subnet "):
			r.n.address(in, f[len(f)-1], "")
		case name.MatchString(line):
			m := name.FindStringSubmatch(line)
			r.n.vlan(vlan(m[1], m[2]))
		case f[0] == "vlan" && len(f) > 3 && f[1] == "members":
			r.n.iface("vlan " + f[2])
			for _, p := range ports(f[3]) {
				r.n.port("vlan "+f[2], p)
				r.n.tag(p, f[2], false)
			}
		case in != "" && f[0] == "encapsulation" && len(f) > 1 && f[1] == "dot1q":
			for _, p := range ports(in) {
				tagged[key(p)] = true
			}
		case in != "" && (line == "shutdown" || line == "no shutdown"):
			for _, p := range ports(in) {
				r.n.stands(p).down = line == "shutdown"
			}
			r.n.stands(in).down = line == "shutdown"
			r.n.leave("interface "+in, f)
		case in != "" && f[0] == "vrf" && len(f) == 2:
			r.n.stands(in).vrf = f[1]
			r.n.leave("interface "+in, f)
		case f[0] == "mlt" && len(f) > 3 && f[2] == "member":
			r.lags["mlt "+f[1]] = ports(f[3])
		case f[0] == "virtual-ist" && len(f) > 2 && f[1] == "peer-ip":
			*r.pair = append(*r.pair, Pair{Kind: "virtual-ist", Peer: f[2]})
			r.n.leave("", f)
		default:
			below := ""
			if in != "" {
				below = "interface " + in
			}
			r.n.leave(below, f)
		}
	}
	for _, name := range routed {
		r.n.OSPF = append(r.n.OSPF, Area{Interface: name, Area: cmp.Or(areas[name], "0.0.0.0")})
	}
	for k := range tagged {
		if t := r.n.tags[k]; t != nil && t.access > 0 {
			t.trunk, t.access = append(t.trunk, append(t.more, t.access)...), 0
		}
	}
}

// wordTree holds lines by their words: an empty word ends one.
type wordTree map[string]wordTree

func (t wordTree) add(line []string) {
	for _, w := range line {
		if t[w] == nil {
			t[w] = wordTree{}
		}
		t = t[w]
	}
	t[""] = nil
}

// begins reports whether a line begins with one of those, or is one.
func (t wordTree) begins(line []string) bool {
	for _, w := range line {
		if _, ends := t[""]; ends {
			return true
		}
		if t = t[w]; t == nil {
			return false
		}
	}
	_, ends := t[""]
	return ends
}

// junos reads braces, or what "display set" makes of them. What is deactivated is not there.
func (r reader) junos(text string) {
	var path []string
	off := wordTree{}
	groups := &junosGroups{byName: map[string]*junosGroup{}}
	read := func(line string) {
		words := strings.Fields(line)
		if off.begins(words) {
			return
		}
		r.junosLine(words)
		groups.line(words)
	}
	inactive := func(s string) bool { return strings.HasPrefix(strings.TrimPrefix(s, "protect: "), "inactive:") }
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deactivate "); ok {
			off.add(strings.Fields(rest))
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if i := strings.Index(line, "##"); i >= 0 {
			line = strings.TrimSpace(line[:i])
		}
		switch {
		case strings.HasPrefix(line, "set "):
			read(strings.TrimPrefix(line, "set "))
		case strings.HasSuffix(line, "{"):
			path = append(path, strings.TrimSpace(strings.TrimSuffix(line, "{")))
		case line == "}" && len(path) > 0:
			path = path[:len(path)-1]
		case strings.HasSuffix(line, ";") && !inactive(line) && !slices.ContainsFunc(path, inactive):
			read(strings.Join(append(slices.Clone(path), strings.TrimSuffix(line, ";")), " "))
		}
	}
	groups.peers(r.n)
}

// junosGroup is a group of BGP's neighbours, which may have their AS in common.
type junosGroup struct {
	as       string
	internal bool
	peers    []string
}

// junosGroups are those of a configuration, in its order.
type junosGroups struct {
	byName map[string]*junosGroup
	order  []*junosGroup
}

// line is one of a configuration.
func (gs *junosGroups) line(f []string) {
	if len(f) < 6 || f[0] != "protocols" || f[1] != "bgp" || f[2] != "group" {
		return
	}
	g := gs.byName[f[3]]
	if g == nil {
		g = &junosGroup{}
		gs.byName[f[3]], gs.order = g, append(gs.order, g)
	}
	switch f[4] {
	case "peer-as":
		g.as = f[5]
	case "type":
		g.internal = f[5] == "internal"
	case "neighbor":
		g.peers = appendNew(g.peers, f[5])
	}
}

// peers gives a node the neighbours that have the AS of their group.
func (gs *junosGroups) peers(n *Node) {
	for _, g := range gs.order {
		as := g.as
		if as == "" && g.internal {
			as = n.AS
		}
		for _, p := range g.peers {
			if as != "" && !slices.ContainsFunc(n.BGP, func(b Peer) bool { return b.Address == p }) {
				n.BGP = append(n.BGP, Peer{p, as})
			}
		}
	}
}

// junosUnit is the interface that a line of Junos is of; its unit 0 is the port itself.
func junosUnit(f []string) string {
	if len(f) > 3 && f[2] == "unit" && f[3] != "0" {
		return f[1] + "." + f[3]
	}
	return f[1]
}

func (r reader) junosLine(f []string) {
	n := len(f)
	switch {
	case n > 6 && f[0] == "interfaces" && f[2] == "unit" && f[n-2] == "address":
		name := junosUnit(f)
		r.n.address(name, f[n-1], "")
		r.n.iface(name).Management = management(name)
	case n > 2 && f[0] == "interfaces" && f[n-1] == "disable":
		r.n.stands(junosUnit(f)).down = true
		r.n.leave("", f)
	case n == 6 && f[0] == "interfaces" && f[2] == "unit" && f[4] == "vlan-id":
		if id, err := strconv.Atoi(f[5]); err == nil && id >= 1 && id <= maxVLAN {
			r.n.stands(junosUnit(f)).tag = id
		}
		r.n.leave("", f)
	case n == 4 && f[0] == "routing-instances" && f[2] == "interface":
		r.n.stands(strings.TrimSuffix(f[3], ".0")).vrf = f[1]
		r.n.leave("", f)
	case n > 4 && f[0] == "interfaces" && f[n-2] == "802.3ad":
		r.lags[f[n-1]] = appendNew(r.lags[f[n-1]], f[1])
	case n == 5 && f[0] == "interfaces" && f[2] == "aggregated-ether-options" && f[3] == "lacp":
		r.n.aggregated(f[1], true)
	case n == 4 && f[0] == "vlans" && f[2] == "vlan-id":
		r.n.vlan(vlan(f[3], f[1]))
	case n == 3 && f[0] == "routing-options" && f[1] == "router-id":
		r.n.RouterID = f[2]
	case n == 3 && f[0] == "routing-options" && f[1] == "autonomous-system":
		r.n.AS = f[2]
	case n >= 6 && f[0] == "protocols" && f[1] == "ospf" && f[2] == "area" && f[4] == "interface":
		r.n.OSPF = append(r.n.OSPF, Area{Interface: strings.TrimSuffix(f[5], ".0"), Area: f[3]})
		r.n.trailing(f, 6)
	case n > 4 && f[0] == "protocols" && f[1] == "ospf" && f[2] == "area" && (f[4] == "stub" || f[4] == "nssa"):
		r.n.ospf = appendNew(r.n.ospf, "area "+f[3]+" "+f[4])
	case n == 4 && f[0] == "protocols" && f[1] == "ospf" && f[2] == "export":
		r.n.ospf = appendNew(r.n.ospf, "export of "+f[3])
	case n >= 8 && f[0] == "protocols" && f[1] == "bgp" && f[4] == "neighbor" && f[n-2] == "peer-as":
		r.n.BGP = append(r.n.BGP, Peer{f[5], f[n-1]})
	case n > 0 && !junosGroupLine(f):
		r.n.leave("", f)
	}
}

// junosGroupLine reports whether a line is one that the groups of BGP's neighbours are read of.
func junosGroupLine(f []string) bool {
	return len(f) == 6 && f[0] == "protocols" && f[1] == "bgp" && f[2] == "group" && (f[4] == "peer-as" || f[4] == "type" || f[4] == "neighbor")
}

// bird reads what its configuration says of peers.
func (r reader) bird(text string) {
	if m := regexp.MustCompile(`(?m)^\s*router id (\S+?);`).FindStringSubmatch(text); m != nil {
		r.n.RouterID = m[1]
	}
	if m := regexp.MustCompile(`(?m)^\s*local (?:\S+ )?as (\d+);`).FindStringSubmatch(text); m != nil {
		r.n.AS = m[1]
	}
	for _, m := range regexp.MustCompile(`(?m)^\s*neighbor (\S+) as (\d+);`).FindAllStringSubmatch(text, -1) {
		r.n.BGP = append(r.n.BGP, Peer{m[1], m[2]})
	}
}
