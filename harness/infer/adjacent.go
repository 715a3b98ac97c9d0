package infer

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// adjacency is a neighbour of a routing protocol, as one device lists it. What it does not say is empty.
type adjacency struct {
	by      string // ospf, isis or bgp
	port    string // of the device, or the interface that stands for it
	local   netip.Addr
	address netip.Addr // of the neighbour
	id      string     // its router ID
	host    string     // its name
}

// routed reads what an answer tells of routing: neighbours, and what finds them.
func (s *said) routed(r *Reader, is func(words ...string) bool, text string) error {
	switch {
	case is("show", "ip", "ospf", "neighbor"), is("show", "ospf", "neighbor"), is("show", "ospf", "neighbors"):
		s.adjacent("ospf", ospfNeighbours(text))
	case is("show", "isis", "adjacencies") && strings.Contains(text, "SYSID"):
		var list []adjacency
		err := r.rows(s, "voss:isis-adjacencies", text, func(row map[string]string) {
			if row["STATE"] == "UP" {
				list = append(list, adjacency{port: portWord(row["INTERFACE"]), host: row["HOST"]})
			}
		})
		s.adjacent("isis", list)
		return err
	case is("show", "isis", "neighbor"), is("show", "isis", "adjacency"), is("show", "clns", "neighbors"):
		s.adjacent("isis", isisNeighbours(text))
	case is("show", "bgp", "neighbor"), is("show", "ip", "bgp", "neighbor"), is("show", "protocols", "all"):
		s.adjacent("bgp", bgpNeighbours(text))
	case is("show", "bgp", "summary"), is("show", "ip", "bgp", "summary"), is("show", "bgp", "ipv4", "unicast", "summary"):
		s.adjacent("bgp", bgpSummary(text))
		s.self(text)
	case is("show", "ip", "ospf"), is("show", "ospf", "overview"), is("show", "status"):
		s.self(text)
	case is("show", "ip", "route"), is("show", "route"):
		s.connected = append(s.connected, connected(text)...)
	case is("show", "ip", "interface", "brief"), is("show", "interface", "brief"):
		s.connected = append(s.connected, briefly(text)...)
	}
	return nil
}

// adjacent keeps that a table of a protocol came, and what it lists.
func (s *said) adjacent(by string, list []adjacency) {
	s.asked = appendNew(s.asked, by)
	for _, a := range list {
		a.by = by
		if len(s.adjacencies) > mostAdjacencies {
			return
		}
		if !slices.Contains(s.adjacencies, a) {
			s.adjacencies = append(s.adjacencies, a)
		}
	}
}

// self reads the router's own ID, and its AS.
func (s *said) self(text string) {
	for _, re := range []string{`(?m)BGP router identifier (?P<id>[\d.]+), local AS number (?P<as>\d+)`, `(?m)Router ID:? (?:is )?(?P<id>\d+\.\d+\.\d+\.\d+)`, `(?m)Routing Process "?\S+ ?\S*"? with (?:ID|router-id) (?P<id>[\d.]+)`} {
		m := regexp.MustCompile(re)
		found := m.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		s.id = cmp.Or(s.id, found[m.SubexpIndex("id")])
		if i := m.SubexpIndex("as"); i > 0 {
			s.as = cmp.Or(s.as, found[i])
		}
	}
}

// portWord is "1/1" of "Port1/1", as Fabric Engine writes the ports of IS-IS.
func portWord(name string) string {
	return strings.TrimSpace(strings.TrimPrefix(name, "Port"))
}

// ospfNeighbours reads the tables of FRR, IOS, EOS, NX-OS and Switch Engine (ID, state, address, interface), Junos
// (address, interface, state, ID), Fabric Engine (own address, ID, address) and BIRD (ID, state, interface, address):
// the rows that hold a state in which the two have heard each other (RFC 2328, 10.1).
func ospfNeighbours(text string) (list []adjacency) {
	heard := regexp.MustCompile(`(?i)^(?:full|2-?way|exstart|exchange|loading)(?:$|/)`)
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		at := slices.IndexFunc(f, heard.MatchString)
		if at < 1 {
			continue
		}
		var before, after []int
		for i, w := range f {
			if a, err := netip.ParseAddr(w); err == nil && a.Is4() {
				if i < at {
					before = append(before, i)
				} else {
					after = append(after, i)
				}
			}
		}
		switch {
		case len(before) == 3: // own address, ID, address
			list = append(list, adjacency{local: parsed(f[before[0]]), id: f[before[1]], address: parsed(f[before[2]])})
		case len(before) != 1 || len(after) != 1:
		case at == 2 && strings.Trim(f[1], "0123456789") != "": // Junos: no priority, but the interface
			list = append(list, adjacency{address: parsed(f[before[0]]), port: f[1], id: f[after[0]]})
		default:
			list = append(list, ofOSPF(f, before[0], after[0]))
		}
	}
	return list
}

// parsed is an address, which is not valid where the text is none.
func parsed(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}

// ofOSPF is a row whose ID comes first; the interface is behind the address, or before it (BIRD).
func ofOSPF(f []string, id, address int) adjacency {
	a := adjacency{id: f[id], address: parsed(f[address]), port: f[address-1]}
	if address+1 < len(f) {
		a.port = f[address+1]
	}
	if name, local, _ := strings.Cut(a.port, ":"); parsed(local).IsValid() { // FRR's eth1:192.0.2.1
		a.port, a.local = name, parsed(local)
	}
	return a
}

// isisNeighbours reads the tables of Junos, FRR, EOS, IOS and NX-OS, by their headers, and FRR's detailed one: the
// adjacencies that are up.
func isisNeighbours(text string) (list []adjacency) {
	for _, form := range [][2]string{
		{`(?m)^Interface\s+System\s+L`, `(?m)^(?P<port>\S+)[ ]+(?P<host>\S+)[ ]+\d[ ]+Up[ ]`},
		{`(?m)^\s*System Id\s+Interface\s+L`, `(?m)^[ ]*(?P<host>\S+)[ ]+(?P<port>\S+)[ ]+\d[ ]+Up[ ]`},
		{`(?m)^Instance\s+VRF\s+System Id`, `(?m)^\S+[ ]+\S+[ ]+(?P<host>\S+)[ ]+L\d\S*[ ]+(?P<port>\S+)[ ]+\S+[ ]+UP[ ]`},
		{`(?m)^System Id\s+Type\s+Interface\s+IP Address`, `(?m)^(?P<host>\S+)[ ]+L\d\S*[ ]+(?P<port>\S+)[ ]+(?P<address>\S+)[ ]+UP[ ]`},
		{`(?m)^System ID\s+SNPA\s+Level`, `(?m)^(?P<host>\S+)[ ]+\S+[ ]+\d\S*[ ]+UP[ ]+\S+[ ]+(?P<port>\S+)`},
	} {
		if !regexp.MustCompile(form[0]).MatchString(text) {
			continue
		}
		re := regexp.MustCompile(form[1])
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			a := adjacency{host: m[re.SubexpIndex("host")], port: m[re.SubexpIndex("port")]}
			if i := re.SubexpIndex("address"); i > 0 {
				a.address = parsed(m[i])
			}
			list = append(list, a)
		}
		return list
	}
	detail := regexp.MustCompile(`^\s+Interface: (\S+), Level: \S+, State: Up`)
	host := ""
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 1 && line[0] == ' ' { // a name above its details
			host = f[0]
		}
		if m := detail.FindStringSubmatch(strings.ReplaceAll(line, ",  ", ", ")); m != nil && host != "" {
			list = append(list, adjacency{host: host, port: m[1]})
		}
	}
	return list
}

// bgpSummary reads the neighbours of FRR, IOS, EOS and NX-OS, of which a session is up or not.
func bgpSummary(text string) (list []adjacency) {
	re := regexp.MustCompile(`(?m)^\s*(?:([0-9a-fA-F.:]+)|(\S+?)\(([0-9a-fA-F.:]+)\))\s+4\s+[\d.]+\s+\d+\s+\d+\s`)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		if a := parsed(cmp.Or(m[1], m[3])); a.IsValid() { // FRR writes the name of the other before its address
			list = append(list, adjacency{address: a, host: m[2]})
		}
	}
	return list
}

// bgpNeighbours reads the detailed form, of FRR, IOS and EOS, and of BIRD: a block for each neighbour.
func bgpNeighbours(text string) (list []adjacency) {
	head := regexp.MustCompile(`(?m)^(?:BGP neighbor is ([0-9a-fA-F.:]+)|\s+Neighbor address:\s+([0-9a-fA-F.:]+))`)
	local := regexp.MustCompile(`(?m)^(?:\s*Local (?:host|TCP address is)[: ]+([0-9a-fA-F.:]+?)[,\s]|\s+Source address:\s+([0-9a-fA-F.:]+))`)
	name := regexp.MustCompile(`(?m)^\s*Hostname: (\S+)`)
	starts := head.FindAllStringSubmatchIndex(text, -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		block := text[at[0]:end]
		m := head.FindStringSubmatch(block)
		a := adjacency{address: parsed(cmp.Or(m[1], m[2]))}
		if l := local.FindStringSubmatch(block); l != nil {
			a.local = parsed(cmp.Or(l[1], l[2]))
		}
		if h := name.FindStringSubmatch(block); h != nil {
			a.host = h[1]
		}
		if a.address.IsValid() {
			list = append(list, a)
		}
	}
	return list
}

// reached is an interface and a network or an address that is at it.
type reached struct {
	port   string
	prefix netip.Prefix
}

// connected reads the networks of a table of routes that are at an interface of the device itself.
func connected(text string) (list []reached) {
	for line := range strings.Lines(text) {
		before, port, ok := strings.Cut(line, "directly connected, ")
		if !ok || !slices.ContainsFunc([]string{"C", "L", "O"}, func(code string) bool { return strings.HasPrefix(before, code) }) || before[0] == 'O' {
			continue
		}
		port, _, _ = strings.Cut(strings.TrimSpace(port), ",")
		for w := range strings.FieldsSeq(before) {
			if p, err := netip.ParsePrefix(w); err == nil {
				list = append(list, reached{port, p.Masked()})
			}
		}
	}
	return list
}

// briefly reads an interface and its address in one line, with a length or without.
func briefly(text string) (list []reached) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		for i, w := range f {
			p, err := netip.ParsePrefix(w)
			if a, err2 := netip.ParseAddr(w); err2 == nil {
				p, err = netip.PrefixFrom(a, a.BitLen()), nil
			}
			if err == nil && i > 0 && !p.Addr().IsLinkLocalUnicast() {
				list = append(list, reached{f[0], p})
				break
			}
		}
	}
	return list
}

// mostAdjacencies bounds the neighbours of a device that are looked at.
const mostAdjacencies = 1000

// routing is what a node's answers tell of routing, and which protocols were asked for.
type routing struct {
	list  []adjacency
	asked []string
	nets  []reached
}

// place is a node and its port that an address is at; the port is empty where it is one of several.
type place struct {
	node *Node
	port string
}

// found is an adjacency whose other end is a node.
type found struct {
	adjacency
	other *Node
	mine  string // the own port; empty where nothing tells it
}

// between are two nodes and a protocol.
type between struct {
	node, other *Node
	by          string
}

// adjoined are the adjacencies of all nodes.
type adjoined struct {
	ids    map[string]*Node
	where  map[netip.Addr][]place
	list   map[*Node][]found
	pairs  map[between][]found
	lost   map[between]bool                        // a node has a neighbour of a protocol that is nobody's
	at     map[Endpoint]map[string]map[string]bool // who is heard at a port, by protocol
	people map[netip.Prefix]int                    // how many interfaces are in each network
}

// ofRoutes gives a node what answers tell of its routing. Addresses are taken of lists of interfaces where no
// configuration came.
func (b *builder) ofRoutes(n *Node, s *said) {
	r := b.routing[n]
	for _, a := range s.adjacencies {
		if len(r.list) >= mostAdjacencies {
			b.unknown("%s: it lists more than %d neighbours: those beyond are not looked at", n.Name, mostAdjacencies)
			break
		}
		r.list = append(r.list, a)
	}
	for _, a := range r.list {
		if a.port != "" {
			n.spell(key(a.port), a.port)
		}
	}
	for _, by := range s.asked {
		r.asked = appendNew(r.asked, by)
	}
	r.nets = append(r.nets, s.connected...)
	b.routing[n] = r
	n.RouterID, n.AS = cmp.Or(n.RouterID, s.id), cmp.Or(n.AS, s.as)
	for _, c := range s.connected {
		n.spell(key(c.port), c.port)
		if n.Sent == "" && !c.prefix.IsSingleIP() && c.prefix != c.prefix.Masked() {
			n.address(c.port, c.prefix.String(), "")
			n.iface(c.port).Management = management(c.port)
		}
	}
}

// linksOfRouting makes links of neighbours that a routing protocol has, where no table of neighbours names the cable.
// A neighbour tells its own end alone: the other is that at which the other has this one, or the address.
func (b *builder) linksOfRouting() {
	j := b.adjoin()
	for _, n := range b.nodes {
		for _, f := range j.list[n] {
			b.adjacency(j, n, f)
		}
	}
}

// adjoin finds the other end of each adjacency.
func (b *builder) adjoin() *adjoined {
	j := &adjoined{ids: b.ids(), where: map[netip.Addr][]place{}, list: map[*Node][]found{}, pairs: map[between][]found{}, lost: map[between]bool{}, at: map[Endpoint]map[string]map[string]bool{}, people: map[netip.Prefix]int{}}
	for _, n := range b.nodes {
		for _, i := range n.Interfaces {
			for _, p := range i.Addresses {
				j.where[p.Addr()] = append(j.where[p.Addr()], place{n, portOf(n, i)})
				j.people[p.Masked()]++
			}
		}
		for _, r := range b.routing[n].nets {
			if r.prefix.IsSingleIP() {
				j.where[r.prefix.Addr()] = append(j.where[r.prefix.Addr()], place{n, r.port})
			}
		}
	}
	for _, n := range b.nodes {
		for _, a := range b.routing[n].list {
			if a.local.IsValid() {
				j.where[a.local] = append(j.where[a.local], place{n, b.local(n, a)})
			}
		}
	}
	for _, n := range b.nodes {
		for _, a := range b.routing[n].list {
			f := found{a, b.neighbourOf(j, n, a), b.local(n, a)}
			if f.other == nil || f.other == n {
				j.lost[between{node: n, by: a.by}] = true
				continue
			}
			j.list[n] = append(j.list[n], f)
			k := between{n, f.other, a.by}
			j.pairs[k] = append(j.pairs[k], f)
			if f.mine != "" {
				e := Endpoint{n.Name, key(f.mine)}
				if j.at[e] == nil {
					j.at[e] = map[string]map[string]bool{}
				}
				if j.at[e][a.by] == nil {
					j.at[e][a.by] = map[string]bool{}
				}
				j.at[e][a.by][f.other.Name] = true
			}
		}
	}
	return j
}

// ids are the nodes by router ID: the one that is told, and else an address.
func (b *builder) ids() map[string]*Node {
	ids := map[string]*Node{}
	for _, n := range b.nodes {
		if n.RouterID == "" {
			continue
		}
		if was := ids[n.RouterID]; was != nil {
			b.contradiction("%s is the router ID of %s and of %s", n.RouterID, was.Name, n.Name)
		}
		ids[n.RouterID] = n
	}
	for _, n := range b.nodes {
		for _, i := range n.Interfaces {
			for _, p := range i.Addresses {
				if id := p.Addr().String(); ids[id] == nil {
					ids[id] = n
				}
			}
		}
	}
	return ids
}

// neighbourOf is the node that an adjacency is with; nil where no file came of it.
func (b *builder) neighbourOf(j *adjoined, n *Node, a adjacency) *Node {
	if other := b.byName[hostOf(a.host)]; a.host != "" && other != nil {
		return other
	}
	if at := j.place(n, a.address); at.node != nil {
		return at.node
	}
	if other := j.ids[a.id]; other != nil {
		return other
	}
	if a.by != "bgp" {
		b.unknown("%s: of %s, its neighbour of %s at %s, no file came", n.Name, cmp.Or(a.host, a.id), a.by, cmp.Or(a.port, a.local.String()))
	}
	return nil
}

// place is where an address is at another node; one whose port is told, if there is one.
func (j *adjoined) place(n *Node, address netip.Addr) (at place) {
	for _, p := range j.where[address] {
		if p.node != n && (at.node == nil || at.port == "") {
			at = p
		}
	}
	return at
}

// local is a node's own port of an adjacency; empty where nothing tells it, or it is one of several.
func (b *builder) local(n *Node, a adjacency) string {
	if a.port != "" {
		if i, ok := n.ifaces[key(a.port)]; ok {
			return portOf(n, n.Interfaces[i])
		}
		if i, ok := n.ifaces[key("vlan "+a.port)]; ok {
			return portOf(n, n.Interfaces[i])
		}
		if n.Platform == "exos" || strings.HasPrefix(strings.ToLower(a.port), "vlan") {
			return "" // a VLAN whose ports are not known
		}
		return a.port
	}
	for _, want := range []netip.Addr{a.local, a.address} {
		if !want.IsValid() {
			continue
		}
		for _, i := range n.Interfaces {
			for _, p := range i.Addresses {
				if !p.IsSingleIP() && p.Contains(want) {
					return portOf(n, i)
				}
			}
		}
		for _, r := range b.routing[n].nets {
			if r.prefix.Contains(want) && (!r.prefix.IsSingleIP() || want == a.local) {
				return r.port
			}
		}
	}
	return ""
}

// adjacency makes the link of an adjacency, or says why there is none.
func (b *builder) adjacency(j *adjoined, n *Node, f found) {
	if f.mine == "" {
		if f.by != "bgp" { // that may be of loopbacks, or across others
			b.unknown("%s: %s is a neighbour of %s at %s: at which port is not known", n.Name, f.other.Name, f.by, cmp.Or(f.port, f.local.String()))
		}
		return
	}
	theirs := j.pairs[between{f.other, n, f.by}]
	if len(theirs) == 0 && slices.Contains(b.routing[f.other].asked, f.by) && !j.lost[between{node: f.other, by: f.by}] {
		b.contradiction("%s has %s as a neighbour of %s at %s, and %s, whose neighbours came, has none of %s", n.Name, f.other.Name, f.by, f.mine, f.other.Name, n.Name)
	}
	from := Endpoint{n.Name, key(f.mine)}
	if who := j.at[from][f.by]; len(who) > 1 {
		b.unknown("%s port %s: it has %d neighbours of %s: a segment is between them", n.Name, f.mine, len(who), f.by)
		return
	}
	if was := b.cabled(from); was != nil {
		b.agrees(n, f, was)
		return
	}
	if members := b.members(n.Name, f.mine); len(members) > 0 {
		for _, was := range members {
			b.agrees(n, f, was)
		}
		return
	}
	remote := ""
	if at := j.place(n, f.address); at.node == f.other {
		remote = at.port
	}
	if remote == "" {
		remote = answering(f, j.pairs[between{n, f.other, f.by}], theirs)
	}
	to := Endpoint{f.other.Name, key(remote)}
	switch {
	case remote == "":
		b.unknown("%s port %s: %s is there, a neighbour of %s; at which of its ports is not known", n.Name, f.mine, f.other.Name, f.by)
	case b.used[from] || b.used[to] || b.many(j, n, f.mine) || b.many(j, f.other, remote):
	case len(theirs) > 0:
		b.join(from, to, Both, f.by)
	default:
		b.join(from, to, One, f.by)
	}
}

// answering is the port at which the other has this one: of several that both have, the one whose address this one
// names, or none.
func answering(f found, mine, theirs []found) string {
	ports, far := map[string]bool{}, map[string]bool{}
	for _, t := range theirs {
		if t.address.IsValid() && t.address == f.local || t.local.IsValid() && t.local == f.address {
			return t.mine
		}
		far[t.mine] = true
	}
	for _, m := range mine {
		ports[m.mine] = true
	}
	if len(ports) == 1 && len(far) == 1 {
		return theirs[0].mine
	}
	return ""
}

// many reports whether more than two are in a network of a port: how those are joined nobody tells.
func (b *builder) many(j *adjoined, n *Node, port string) bool {
	i, ok := n.ifaces[key(port)]
	return ok && slices.ContainsFunc(n.Interfaces[i].Addresses, func(p netip.Prefix) bool { return j.people[p.Masked()] > 2 })
}

// cabled is the link that a port has; nil for none.
func (b *builder) cabled(e Endpoint) *Link {
	if !b.used[e] {
		return nil
	}
	for i := range b.net.Links {
		l := &b.net.Links[i]
		if l.A.Node == e.Node && key(l.A.Port) == e.Port || l.B.Node == e.Node && key(l.B.Port) == e.Port {
			return l
		}
	}
	return nil
}

// members are the links that the members of a node's aggregate have: it is no cable beside them.
func (b *builder) members(node, port string) (list []*Link) {
	for _, lag := range b.net.LAGs {
		if lag.Node != node || key(lag.Name) != key(port) {
			continue
		}
		for _, m := range lag.Members {
			if l := b.cabled(Endpoint{node, key(m)}); l != nil {
				list = append(list, l)
			}
		}
	}
	return list
}

// agrees notes the protocol at a link that has both, or says that the cable leads elsewhere: to one that hands on what
// it does not route, or against what the protocol says.
func (b *builder) agrees(n *Node, f found, l *Link) {
	far := l.A
	if far.Node == n.Name {
		far = l.B
	}
	switch across := b.named[far.Node]; {
	case far.Node == f.other.Name:
		l.By = appendNew(l.By, f.by)
	case len(across.VLANs) > 0:
		b.unknown("%s has %s as a neighbour of %s at %s, across %s", n.Name, f.other.Name, f.by, f.mine, across.Name)
	default:
		b.contradiction("%s:%s is cabled to %s (%s), and has %s as a neighbour of %s there", n.Name, f.mine, far, strings.Join(l.By, ", "), f.other.Name, f.by)
	}
}
