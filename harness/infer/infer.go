package infer

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/intake"
)

// Infer makes the network of what was visited.
func (r *Reader) Infer(im *intake.Import) Network {
	b := &builder{r: r, byName: map[string]*Node{}, named: map[string]*Node{}, noted: map[string]bool{}}
	for _, d := range im.Devices {
		if d.Device == "" {
			why := "is of no device that it names"
			if d.Commands == 0 {
				why = "holds nothing that is understood"
			}
			b.unknown("%s %s: it is not in the topology", strings.Join(d.Files, ", "), why)
			continue
		}
		b.node(d)
	}
	slices.SortFunc(b.nodes, func(x, y *Node) int { return cmp.Compare(x.Name, y.Name) })
	b.read(im)
	b.lost(im)
	b.linksOfNeighbours()
	b.linksOfRouting()
	b.linksOfNetworks()
	b.pairs()
	for _, n := range b.nodes {
		b.likeness(n)
		b.net.Nodes = append(b.net.Nodes, *n)
	}
	slices.SortFunc(b.net.LAGs, func(x, y LAG) int { return cmp.Or(cmp.Compare(x.Node, y.Node), cmp.Compare(x.Name, y.Name)) })
	slices.SortFunc(b.net.Links, func(x, y Link) int {
		return cmp.Or(cmp.Compare(x.A.String(), y.A.String()), cmp.Compare(x.B.String(), y.B.String()))
	})
	return b.net
}

// builder puts a network together.
type builder struct {
	r      *Reader
	net    Network
	nodes  []*Node
	byName map[string]*Node    // by what the files call them, without the domain
	named  map[string]*Node    // by what the topology calls them
	noted  map[string]bool     // what is in a list already
	tells  map[Endpoint][]told // what a port's own device says of its other end
	used   map[Endpoint]bool
	peers  []Pair

	routing map[*Node]routing
}

// told is what one device says of a port.
type told struct {
	to Endpoint
	by string
}

func (b *builder) unknown(format string, args ...any) {
	b.note(&b.net.Unknown, "unknown ", fmt.Sprintf(format, args...))
}

func (b *builder) contradiction(format string, args ...any) {
	b.note(&b.net.Contradictions, "contradiction ", fmt.Sprintf(format, args...))
}

func (b *builder) note(list *[]string, of, text string) {
	if !b.noted[of+text] {
		b.noted[of+text] = true
		*list = append(*list, text)
	}
}

// node makes a node of a device. Two of one name are one where only one of them has a platform.
func (b *builder) node(d intake.Device) {
	name := hostOf(d.Device)
	if was := b.byName[name]; was != nil {
		switch {
		case was.Platform == "linux": // the host of what other files tell
			was.Platform = d.Platform
		case d.Platform == "linux":
			d.Platform = was.Platform
		}
		if was.Platform != "" && d.Platform != "" && was.Platform != d.Platform {
			b.contradiction("%s is of %s in some files, and of %s in others", d.Device, was.Platform, d.Platform)
		}
		was.Platform = cmp.Or(was.Platform, d.Platform)
		b.same(was, d)
		return
	}
	n := &Node{Name: b.free(nodeName(d.Device)), Platform: d.Platform, Version: d.Version, Model: d.Model, Serial: d.Serial, Units: d.Units, device: d.Device}
	b.byName[name], b.named[n.Name] = n, n
	b.nodes = append(b.nodes, n)
	for _, c := range d.Contradictions {
		b.contradiction("%s: %s", d.Device, c)
	}
}

// same tells what makes two devices of one name two: they have one node.
func (b *builder) same(n *Node, d intake.Device) {
	for _, fact := range []struct {
		name  string
		place *string
		value string
	}{{"serial", &n.Serial, d.Serial}, {"model", &n.Model, d.Model}, {"version", &n.Version, d.Version}} {
		if fact.value != "" && *fact.place != "" && !strings.HasPrefix(*fact.place, fact.value) && !strings.HasPrefix(fact.value, *fact.place) {
			b.contradiction("%s and %s are one node: its %s is %s in some files, and %s in others", n.device, d.Device, fact.name, *fact.place, fact.value)
		}
		*fact.place = cmp.Or(*fact.place, fact.value)
	}
	_, x, _ := strings.Cut(strings.ToLower(n.device), ".")
	_, y, _ := strings.Cut(strings.ToLower(d.Device), ".")
	if x != "" && y != "" && x != y {
		b.contradiction("%s and %s are one node, and of two domains: give them files of their own names where they are two", n.device, d.Device)
	}
}

// free is a name that no other node has.
func (b *builder) free(name string) string {
	unique := name
	for i := 2; b.named[unique] != nil; i++ {
		unique = fmt.Sprintf("%s-%d", name, i)
	}
	return unique
}

// nodeName is a device's name as a topology may have it.
func nodeName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
}

// read gives every node what its parts tell.
func (b *builder) read(im *intake.Import) {
	b.tells, b.used = map[Endpoint][]told{}, map[Endpoint]bool{}
	b.routing = map[*Node]routing{}
	tables := map[*Node][]neighbour{}
	for _, p := range ordered(im, b.r.order) {
		n := b.byName[hostOf(p.Device)]
		if n == nil || p.SameAs != "" {
			continue
		}
		s := b.r.parts[p]
		lags, pairs := s.lags, s.pairs
		for _, v := range s.vlans {
			n.vlan(v)
		}
		if s.config != "" {
			switch n.Sent {
			case s.config: // it came before
			case "":
				n.configure(s.config, lags, &pairs)
			default:
				b.unknown("%s has more than one configuration: the first is taken", n.Name)
				b.another(n, s.config)
			}
		}
		for _, i := range s.addresses {
			for _, a := range i.Addresses {
				n.address(i.Name, a.String(), "")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(lags)) {
			if len(lags[name]) > 0 {
				b.lag(LAG{Node: n.Name, Name: name, Members: lags[name], LACP: n.lacp[key(name)]})
			}
		}
		for _, pair := range pairs {
			pair.Node = n.Name
			if pair.Peer != "" && !slices.Contains(b.peers, pair) {
				b.peers = append(b.peers, pair)
			}
		}
		tables[n] = append(tables[n], s.neighbours...)
		b.ofRoutes(n, s)
	}
	for _, n := range b.nodes {
		n.withoutVirtual()
		for _, s := range tables[n] {
			b.heard(n, s, tables)
		}
	}
}

// lost tells every node what of its files did not come: such a one is not exactly the customer's.
func (b *builder) lost(im *intake.Import) {
	for i := range im.Files {
		f := &im.Files[i]
		for _, p := range f.Parts {
			n := b.byName[hostOf(p.Device)]
			if n == nil || p.SameAs != "" {
				continue
			}
			lacks := slices.Clone(p.Cut)
			if p.More > 0 {
				lacks = append(lacks, fmt.Sprintf("%d commands beyond the %d that are read", p.More, intake.MaxCommands))
			}
			if s := b.r.parts[p]; s != nil {
				lacks = append(lacks, s.cut...)
				for _, u := range s.unread {
					b.unknown("%s: %s: %s", n.Name, filepath.Base(f.Name), u)
				}
				if (p.Kind == intake.Session || p.Kind == intake.SupportBundle) && s.config != "" && b.r.o.Lacks != nil { // others were asked as they were read
					l, _ := b.r.o.Lacks(p.Platform, s.config)
					for _, l := range l {
						if !slices.ContainsFunc(p.Cut, func(cut string) bool { return strings.HasSuffix(cut, l) }) {
							lacks = append(lacks, l)
						}
					}
				}
			}
			name := filepath.Base(f.Name)
			for _, l := range lacks {
				b.unknown("%s: %s is not whole: %s", n.Name, name, l)
				n.lacks = appendNew(n.lacks, fmt.Sprintf("what is missing of %s: %s", name, l))
			}
			if p.Unknown != "" {
				b.unknown("%s: whether %s is whole is not known: %s", n.Name, name, p.Unknown)
			}
		}
	}
}

// Clocked reports whether captures can be put in order by the clock of their device: each says when it was taken, by
// something else than the lines of a log. What is of another kind, and what came before, is left out.
func Clocked(parts []*intake.Part) bool {
	return !slices.ContainsFunc(parts, func(p *intake.Part) bool {
		switch p.Kind {
		case intake.Log, intake.Capture, intake.Core, intake.Binary:
			return false
		default:
			return p.SameAs == "" && (p.Taken.IsZero() || strings.Contains(p.From, "log"))
		}
	})
}

// ordered gives the parts of each device the earliest first, where they are clocked, and else as they were given.
func ordered(im *intake.Import, parts []*intake.Part) (list []*intake.Part) {
	all, of := map[string][]*intake.Part{}, map[string][]*intake.Part{}
	for _, f := range im.Files {
		for _, p := range f.Parts {
			all[hostOf(p.Device)] = append(all[hostOf(p.Device)], p)
		}
	}
	for _, p := range parts {
		of[hostOf(p.Device)] = append(of[hostOf(p.Device)], p)
	}
	for host, own := range of {
		if Clocked(all[host]) {
			slices.SortStableFunc(own, func(x, y *intake.Part) int { return x.Taken.Compare(y.Taken) })
		}
	}
	for _, p := range parts {
		host := hostOf(p.Device)
		list, of[host] = append(list, of[host][0]), of[host][1:]
	}
	return list
}

func (b *builder) lag(l LAG) {
	for _, was := range b.net.LAGs {
		if was.Node == l.Node && key(was.Name) == key(l.Name) {
			if !slices.EqualFunc(was.Members, l.Members, func(x, y string) bool { return key(x) == key(y) }) {
				b.contradiction("%s: the members of %s are %s, and %s", l.Node, l.Name, strings.Join(was.Members, " "), strings.Join(l.Members, " "))
			}
			return
		}
	}
	b.net.LAGs = append(b.net.LAGs, l)
}

// heard takes a row of a table of neighbours; tables are those of all devices.
func (b *builder) heard(n *Node, s neighbour, tables map[*Node][]neighbour) {
	other := b.byName[hostOf(s.name)]
	if s.hostCut() {
		var may []string
		if other, may = b.beginning(n, s, tables); other == nil && len(may) > 0 {
			b.unknown("%s port %s: the name %s is cut: it may be %s, and no table there tells so", n.Name, s.port, s.name, strings.Join(may, " or "))
			return
		}
	}
	switch {
	case s.name == "" || s.name == "Not-Advertised":
		b.unknown("%s port %s: its neighbour tells no name", n.Name, s.port)
		return
	case other == nil:
		b.unknown("%s port %s: of %s, at its port %s, no file came", n.Name, s.port, s.name, s.remote)
		return
	}
	from, to := Endpoint{n.Name, key(s.port)}, Endpoint{other.Name, key(s.remote)}
	if s.by == "edp" {
		to.Port = withoutSlot(to.Port, tables[other])
	}
	if from == to {
		b.unknown("%s port %s: it hears itself there: a loop is behind it, or an old neighbour of the same name", n.Name, s.port)
		return
	}
	for i, t := range b.tells[from] {
		if t.to == to {
			if !strings.Contains(t.by, s.by) {
				b.tells[from][i].by += ", " + s.by
			}
			return
		}
	}
	b.tells[from] = append(b.tells[from], told{to, s.by})
}

// withoutSlot is a port as its own device calls it: Switch Engine tells neighbours of a switch that is no stack that its
// ports are of slot 1.
func withoutSlot(port string, own []neighbour) string {
	alone, ok := strings.CutPrefix(port, "1:")
	if !ok || strings.Contains(alone, ":") {
		return port
	}
	stack := slices.ContainsFunc(own, func(o neighbour) bool { return strings.Contains(o.port, ":") })
	if stack || !slices.ContainsFunc(own, func(o neighbour) bool { return o.port == alone }) {
		return port
	}
	return alone
}

// beginning is the one device whose name begins as a row of n has it, and whose own table tells of n at the other end; may
// names those that begin so.
func (b *builder) beginning(n *Node, s neighbour, tables map[*Node][]neighbour) (found *Node, may []string) {
	begin, hits := hostOf(s.name), 0
	tells := func(t neighbour) bool {
		of := hostOf(t.name)
		return of != "" && key(t.port) == key(s.remote) && key(t.remote) == key(s.port) && (b.byName[of] == n || t.hostCut() && strings.HasPrefix(hostOf(n.device), of))
	}
	for host, other := range b.byName {
		if strings.HasPrefix(host, begin) {
			may = append(may, other.Name)
			if slices.ContainsFunc(tables[other], tells) {
				found = other
				hits++
			}
		}
	}
	slices.Sort(may)
	if hits != 1 {
		return nil, may
	}
	return found, may
}

// ends are the ports whose devices tell of a neighbour there, in order.
func (b *builder) ends() []Endpoint {
	return slices.SortedFunc(maps.Keys(b.tells), func(x, y Endpoint) int { return cmp.Compare(x.String(), y.String()) })
}

// linksOfNeighbours makes links of what devices say, where none says something else.
func (b *builder) linksOfNeighbours() {
	b.remotes()
	ends := b.ends()
	claimed := map[Endpoint][]Endpoint{} // who says to be at this port
	for _, e := range ends {
		for _, t := range b.tells[e] {
			claimed[t.to] = append(claimed[t.to], e)
		}
	}
	for _, e := range ends {
		list := b.tells[e]
		if len(list) > 1 {
			var names []string
			for _, t := range list {
				names = append(names, b.shown(t.to).String())
			}
			b.contradiction("%s sees more than one neighbour: %s; a segment is between them, or one of them is old", b.shown(e), strings.Join(names, ", "))
			continue
		}
		t := list[0]
		back, speaks := b.tells[t.to]
		if b.used[e] || b.used[t.to] {
			continue
		}
		switch others := claimed[t.to]; {
		case speaks && len(back) == 1 && back[0].to == e:
			b.join(e, t.to, Both, t.by)
		case speaks:
			b.contradiction("%s sees %s, which sees %s there", b.shown(e), b.shown(t.to), b.shown(back[0].to))
		case len(others) > 1:
			b.contradiction("%s is seen by %s and by %s", b.shown(t.to), b.shown(others[0]), b.shown(others[1]))
		case len(claimed[e]) > 0:
			// Who says to be at this port is another one than the port sees: that end tells the contradiction.
		case t.to.Node == e.Node:
			b.unknown("%s sees another port of its device, %s, which sees none: its cable is not known", b.shown(e), b.shown(t.to))
		default:
			b.join(e, t.to, One, t.by)
		}
	}
}

func (b *builder) join(x, y Endpoint, sides Sides, by string) {
	b.used[x], b.used[y] = true, true
	if y.String() < x.String() {
		x, y = y, x
	}
	for _, e := range []Endpoint{b.shown(x), b.shown(y)} {
		if own(b.named[e.Node].Platform) && !portName().MatchString(e.Port) {
			b.unknown("%s port %q: no lab has a port of this name: its link is left out", e.Node, e.Port)
			return
		}
	}
	b.net.Links = append(b.net.Links, Link{b.shown(x), b.shown(y), sides, strings.Split(by, ", ")})
}

// portName is what the port of a router may be called that keeps its names in the lab: Linux takes 15 bytes, and
// a topology file expands what has a $.
func portName() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,14}$`) }

// shown is a port as its device's configuration has it, where that names it.
func (b *builder) shown(e Endpoint) Endpoint {
	if name, ok := b.named[e.Node].spelt[key(e.Port)]; ok {
		return Endpoint{e.Node, name}
	}
	return e
}

// member is an address of a node, and the port that it is at where that is one alone.
type member struct {
	node    *Node
	iface   Interface
	address netip.Prefix
	port    string
}

// linksOfNetworks makes links of networks that two interfaces are in, where neither has another.
func (b *builder) linksOfNetworks() {
	nets := map[netip.Prefix][]member{}
	at, twice := map[netip.Addr]string{}, map[netip.Addr]bool{}
	for _, n := range b.nodes {
		for _, i := range n.Interfaces {
			for _, a := range i.Addresses {
				if a.IsSingleIP() || a.Addr().IsLoopback() || i.Management || a.Addr().IsLinkLocalUnicast() {
					continue
				}
				if was, taken := at[a.Addr()]; taken && was != n.Name {
					b.contradiction("%s is at %s and at %s", a.Addr(), was, n.Name)
					twice[a.Addr()] = true
				}
				at[a.Addr()] = n.Name
				nets[a.Masked()] = append(nets[a.Masked()], member{n, i, a, portOf(n, i)})
			}
		}
	}
	prefixes := slices.SortedFunc(maps.Keys(nets), func(x, y netip.Prefix) int { return cmp.Compare(x.String(), y.String()) })
	b.overlaps(nets)
	for _, p := range prefixes {
		list := nets[p]
		s := Subnet{Prefix: p}
		for _, m := range list {
			s.Members = append(s.Members, Endpoint{m.node.Name, m.iface.Name})
		}
		b.net.Subnets = append(b.net.Subnets, s)
		b.network(p, list, twice)
	}
}

// overlaps tells of each network the smallest that it is in. Of two that overlap one is in the other, so that
// those which a network is in are before it in the order of addresses and lengths.
func (b *builder) overlaps(nets map[netip.Prefix][]member) {
	var around []netip.Prefix
	for _, q := range slices.SortedFunc(maps.Keys(nets), func(x, y netip.Prefix) int {
		return cmp.Or(x.Addr().Compare(y.Addr()), cmp.Compare(x.Bits(), y.Bits()))
	}) {
		for len(around) > 0 && !around[len(around)-1].Overlaps(q) {
			around = around[:len(around)-1]
		}
		if len(around) > 0 {
			p := around[len(around)-1]
			b.contradiction("%s of %s and %s of %s overlap: one of the masks may be wrong", p, nets[p][0].node.Name, q, nets[q][0].node.Name)
		}
		around = append(around, q)
	}
}

// portOf is the port of an interface: itself, or the only one of a VLAN's.
func portOf(n *Node, i Interface) string {
	name := strings.ToLower(i.Name)
	switch {
	case len(i.Ports) == 1:
		return i.Ports[0]
	case len(i.Ports) > 1, strings.HasPrefix(name, "vlan"), strings.HasPrefix(name, "lo"), strings.HasPrefix(name, "tunnel"), n.Platform == "exos":
		return ""
	}
	return i.Name
}

// network is one network and who is in it; twice are the addresses that more than one device has.
func (b *builder) network(p netip.Prefix, list []member, twice map[netip.Addr]bool) {
	var free []member
	for _, m := range list {
		if m.port != "" && !b.used[Endpoint{m.node.Name, key(m.port)}] && len(b.members(m.node.Name, m.port)) == 0 {
			free = append(free, m)
		}
	}
	switch {
	case len(list) == 1:
		b.unknown("nobody but %s is in %s: what is at %s is not known", list[0].node.Name, p, list[0].iface.Name)
	case len(list) == 2 && b.apart(p, list[0], list[1], twice):
	case len(list) == 2 && len(free) == 2 && list[0].node != list[1].node:
		b.join(Endpoint{free[0].node.Name, key(free[0].port)}, Endpoint{free[1].node.Name, key(free[1].port)}, SameNet, p.String())
	case len(list) == 2 && b.linked(list[0], list[1]):
	case len(free) > 0, len(list) == 2 && list[0].port+list[1].port == "" && list[0].node != list[1].node:
		var names []string
		for _, m := range list {
			names = append(names, m.node.Name+" "+m.iface.Name)
		}
		b.unknown("%s: how %s are joined is not known", p, strings.Join(names, ", "))
	}
}

// linked reports whether two members have a link between them, and notes the network there.
func (b *builder) linked(x, y member) bool {
	found := false
	for i := range b.net.Links {
		l := &b.net.Links[i]
		if l.A.Node == x.node.Name && l.B.Node == y.node.Name || l.A.Node == y.node.Name && l.B.Node == x.node.Name {
			l.By = appendNew(l.By, x.address.Masked().String())
			found = true
		}
	}
	return found
}

// pairs finds the other one of each pair by its address.
func (b *builder) pairs() {
	for _, p := range b.peers {
		for _, n := range b.nodes {
			for _, i := range n.Interfaces {
				for _, a := range i.Addresses {
					if a.Addr().String() == p.Peer && n.Name != p.Node {
						p.Other = n.Name
					}
				}
			}
		}
		if p.Other == "" {
			b.unknown("%s: who has %s, its peer of %s, is not known", p.Node, p.Peer, p.Kind)
		}
		b.net.Pairs = append(b.net.Pairs, p)
	}
}
