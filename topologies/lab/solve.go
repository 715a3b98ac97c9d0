package lab

import (
	"cmp"
	"fmt"
	"slices"
)

// maxLooks bounds the search: how often a device is held against a neighbour's. What
// people build takes some thousand, an 8-node request to 200 devices some hundred
// thousand; the bound is about a second. The problem itself (subgraph isomorphism) has
// none that anybody would wait for.
const maxLooks = 30_000_000

// Assignment is the answer to a request.
type Assignment struct {
	Devices map[string]string            `json:"devices"` // node → device
	Ports   map[string]map[string]string `json:"ports"`   // node → interface of the topology → port of the device
}

// Solve finds a device for every node and a cable for every link, all or nothing; no
// device and no cable is used twice. The same inventory and request give the same
// answer: devices and cables are tried in the inventory's order. When nothing fits, the
// error is a *NoFitError.
func Solve(inv *Inventory, r Request) (Assignment, error) {
	s, err := newSolver(inv, r)
	if err != nil {
		return Assignment{}, err
	}
	chosen := make([]int, len(r.Nodes))
	for i := range chosen {
		chosen[i] = -1
	}
	domains := s.domains()
	if domains == nil || !s.search(domains, chosen) {
		return Assignment{}, s.explain(s.looks > maxLooks)
	}
	return s.assignment(chosen), nil
}

// possible gives for every node the devices that fit by themselves and have the cables to
// some device for every neighbour; some of them may be in no answer.
func possible(inv *Inventory, r Request) ([][]int, error) {
	s, err := newSolver(inv, r)
	if err != nil {
		return nil, err
	}
	domains := s.domains()
	if domains == nil {
		return nil, s.explain(false)
	}
	out := make([][]int, len(domains))
	for i, d := range domains {
		for rank := range s.order {
			if d.has(rank) {
				out[i] = append(out[i], s.order[rank])
			}
		}
	}
	return out, nil
}

// edge is all links between two nodes.
type edge struct {
	a, b     int
	links    []int // in Request.Links
	speed    Speed
	conflict bool
	// near[d] are the devices (by rank) that have enough cables to device d (by rank).
	near []set
}

type solver struct {
	inv     *Inventory
	request Request
	edges   []edge
	fits    [][]int // node → devices that fit by themselves
	order   []int   // rank → device: the order of preference
	cables  map[[2]int][]int
	looks   int
}

func newSolver(inv *Inventory, r Request) (*solver, error) {
	s := &solver{inv: inv, request: r, cables: map[[2]int][]int{}}
	index := map[string]int{}
	for i, d := range inv.Devices {
		index[d.Name] = i
		s.order = append(s.order, i)
	}
	slices.SortStableFunc(s.order, func(a, b int) int {
		return cmp.Compare(slices.Index(r.Last, inv.Devices[a].Name), slices.Index(r.Last, inv.Devices[b].Name))
	})
	for i, c := range inv.Cables {
		pair := pairOf(index[c.A.Device], index[c.B.Device])
		s.cables[pair] = append(s.cables[pair], i)
	}
	nodes := map[string]int{}
	for i, w := range r.Nodes {
		if err := w.check(); err != nil {
			return nil, fmt.Errorf("node %s: %w", w.Node, err)
		}
		nodes[w.Node] = i
		var fit []int
		for _, d := range s.order {
			if lacks(inv.Devices[d], w, r.Blocked) == nil {
				fit = append(fit, d)
			}
		}
		s.fits = append(s.fits, fit)
	}
	return s, s.join(nodes)
}

func pairOf(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }

// join makes edges of links.
func (s *solver) join(nodes map[string]int) error {
	at := map[[2]int]int{}
	for i, l := range s.request.Links {
		a, okA := nodes[l.A.Node]
		b, okB := nodes[l.B.Node]
		if !okA || !okB {
			return fmt.Errorf("link %s – %s joins a node that is not asked for", l.A, l.B)
		}
		pair := pairOf(a, b)
		if _, ok := at[pair]; !ok {
			at[pair] = len(s.edges)
			x, y := s.request.Nodes[a].Speed, s.request.Nodes[b].Speed
			s.edges = append(s.edges, edge{a: pair[0], b: pair[1], speed: max(x, y), conflict: x > 0 && y > 0 && x != y})
		}
		e := &s.edges[at[pair]]
		e.links = append(e.links, i)
	}
	rank := make([]int, len(s.order))
	for r, d := range s.order {
		rank[d] = r
	}
	for i := range s.edges {
		e := &s.edges[i]
		e.near = make([]set, len(s.order))
		for r := range e.near {
			e.near[r] = newSet(len(s.order))
		}
		for pair := range s.cables {
			if !e.conflict && len(s.between(pair[0], pair[1], e.speed)) >= len(e.links) {
				e.near[rank[pair[0]]].add(rank[pair[1]])
				e.near[rank[pair[1]]].add(rank[pair[0]])
			}
		}
	}
	return nil
}

// between gives the cables that join two devices, of one speed when it is not 0.
func (s *solver) between(a, b int, speed Speed) []int {
	all := s.cables[pairOf(a, b)]
	if speed == 0 {
		return all
	}
	var out []int
	for _, c := range all {
		if s.inv.Cables[c].Speed == speed {
			out = append(out, c)
		}
	}
	return out
}

// domains gives for every node the ranks that are possible, or nil when one has none.
func (s *solver) domains() []set {
	domains := make([]set, len(s.request.Nodes))
	for i, fit := range s.fits {
		domains[i] = newSet(len(s.order))
		for r, d := range s.order {
			if slices.Contains(fit, d) {
				domains[i].add(r)
			}
		}
	}
	if !s.prune(domains) {
		return nil
	}
	return domains
}

// prune takes out devices without a neighbour for every edge, until nothing changes.
func (s *solver) prune(domains []set) bool {
	for changed := true; changed; {
		changed = false
		for _, e := range s.edges {
			for _, end := range [2][2]int{{e.a, e.b}, {e.b, e.a}} {
				from, to := domains[end[0]], domains[end[1]]
				for r := range from.each() {
					s.looks++
					if e.a == e.b && e.near[r].has(r) || e.a != e.b && e.near[r].meets(to, r) {
						continue
					}
					from.remove(r)
					changed = true
				}
			}
		}
	}
	return !slices.ContainsFunc(domains, func(d set) bool { return d.count() == 0 })
}

// search chooses a device for the node with the fewest left, and goes on.
func (s *solver) search(domains []set, chosen []int) bool {
	node, fewest := -1, 0
	for i, d := range domains {
		if n := d.count(); chosen[i] < 0 && (node < 0 || n < fewest) {
			node, fewest = i, n
		}
	}
	if node < 0 {
		return true
	}
	for r := range domains[node].each() {
		if s.looks > maxLooks {
			return false
		}
		chosen[node] = r
		if next := s.narrow(domains, chosen, node); next != nil && s.search(next, chosen) {
			return true
		}
		chosen[node] = -1
	}
	return false
}

// narrow gives what is left to the other nodes once node is chosen, or nil when that
// cannot be enough: a node with no device, or more nodes than devices for them.
func (s *solver) narrow(domains []set, chosen []int, node int) []set {
	next := make([]set, len(domains))
	for i, d := range domains {
		next[i] = slices.Clone(d)
		if i != node {
			next[i].remove(chosen[node])
		}
	}
	next[node] = newSet(len(s.order))
	next[node].add(chosen[node])
	for _, e := range s.edges {
		switch node {
		case e.a:
			next[e.b].keep(e.near[chosen[node]])
		case e.b:
			next[e.a].keep(e.near[chosen[node]])
		}
	}
	if !s.prune(next) || !distinct(next) {
		return nil
	}
	return next
}

// distinct says whether every node can have a device of its own: a matching of nodes and
// devices, by augmenting paths.
func distinct(domains []set) bool {
	owner := map[int]int{}
	var place func(node int, tried map[int]bool) bool
	place = func(node int, tried map[int]bool) bool {
		for r := range domains[node].each() {
			if tried[r] {
				continue
			}
			tried[r] = true
			if other, taken := owner[r]; !taken || place(other, tried) {
				owner[r] = node
				return true
			}
		}
		return false
	}
	for i := range domains {
		if !place(i, map[int]bool{}) {
			return false
		}
	}
	return true
}

// assignment gives every link its cable, both in the order they were written.
func (s *solver) assignment(chosen []int) Assignment {
	a := Assignment{Devices: map[string]string{}, Ports: map[string]map[string]string{}}
	for i, w := range s.request.Nodes {
		a.Devices[w.Node] = s.inv.Devices[s.order[chosen[i]]].Name
		a.Ports[w.Node] = map[string]string{}
	}
	for _, e := range s.edges {
		cables := s.between(s.order[chosen[e.a]], s.order[chosen[e.b]], e.speed)
		for i, l := range e.links {
			link, c := s.request.Links[l], s.inv.Cables[cables[i]]
			if c.A.Device != a.Devices[link.A.Node] {
				c.A, c.B = c.B, c.A
			}
			a.Ports[link.A.Node][link.A.Interface] = c.A.Port
			a.Ports[link.B.Node][link.B.Interface] = c.B.Port
		}
	}
	return a
}
