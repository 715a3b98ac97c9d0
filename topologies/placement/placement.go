package placement

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
)

// Host is a machine that nodes can be placed on.
type Host struct {
	Name   string
	Nodes  int     // that it has room for; 0: any number
	Cores  float64 // that nodes may use together; 0: any number
	Memory int64   // bytes that nodes may use together; 0: any number
	// Lacks says why a node cannot be built there, as an image or an ability of the kernel that is missing;
	// nil: it can. A Lacks that is nil itself: every node can.
	Lacks func(n topologies.Node) error
}

// Placement says where the nodes of a lab are.
type Placement struct {
	Host   map[string]string // by node
	Cut    []topologies.Link // those between hosts, in the order of the topology
	Proved bool              // no placement of these nodes on these hosts cuts fewer
}

// What a node is taken to use that does not say so under cpu and memory: a router of FRR with its daemons
// idle, as measured.
const (
	usualCores  = 0.02
	usualMemory = 16 << 20
)

// Cut places the nodes of a topology on hosts so that the fewest links are between hosts. A node that
// names a host (topologies.Node.Placement, other than auto) is placed there. Of placements that cut as many links, one on
// fewer hosts is taken; the same question has the same answer. A host that is named and not there, and nodes
// that the hosts have no room for, are a *topologies.MissingError each; of a node that no host can build,
// the error is what each of them lacks.
func Cut(t topologies.Topology, hosts []Host) (Placement, error) {
	g, err := newGraph(t, hosts)
	if err != nil {
		return Placement{}, err
	}
	best := g.improve()
	best, proved := g.search(best, searchWork)
	if best == nil {
		return Placement{}, g.crowded(proved)
	}
	p := Placement{Host: map[string]string{}, Proved: proved}
	for i, h := range best {
		p.Host[t.Nodes[i].Name] = hosts[h].Name
	}
	for _, l := range t.Links {
		if p.Host[l.A.Node] != p.Host[l.B.Node] {
			p.Cut = append(p.Cut, l)
		}
	}
	return p, nil
}

// size is what a node uses, or a host has.
type size struct {
	nodes  int
	cores  float64
	memory int64
}

func (s size) plus(o size) size {
	return size{s.nodes + o.nodes, s.cores + o.cores, s.memory + o.memory}
}

func (s size) minus(o size) size {
	return size{s.nodes - o.nodes, s.cores - o.cores, s.memory - o.memory}
}

// slack is how much more than its cores a host may be given, so that shares that add up to them fit.
const slack = 1e-9

// fits says whether so much is within a bound, of which what is zero bounds nothing.
func (s size) fits(bound size) bool {
	return (bound.nodes == 0 || s.nodes <= bound.nodes) &&
		(bound.cores == 0 || s.cores <= bound.cores+slack) &&
		(bound.memory == 0 || s.memory <= bound.memory)
}

// neighbour is another node that so many links of a node lead to.
type neighbour struct{ node, links int }

// graph is a topology to be cut: nodes, hosts and links are numbers.
type graph struct {
	names  []string
	sizes  []size
	may    [][]bool      // by node and host
	links  [][]neighbour // by node
	bounds []size        // by host
}

func newGraph(t topologies.Topology, hosts []Host) (*graph, error) {
	if len(hosts) == 0 {
		return nil, errors.New("place the nodes of a lab: there is no host")
	}
	g := &graph{}
	var names []string
	for _, h := range hosts {
		if slices.Contains(names, h.Name) {
			return nil, fmt.Errorf("place the nodes of a lab: two hosts are called %q", h.Name)
		}
		names = append(names, h.Name)
		g.bounds = append(g.bounds, size{h.Nodes, h.Cores, h.Memory})
	}
	at := map[string]int{}
	var errs []error
	for i, n := range t.Nodes {
		at[n.Name] = i
		memory, err := n.MemoryBytes()
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
		}
		may, err := candidates(n, hosts)
		errs = append(errs, err)
		g.names = append(g.names, n.Name)
		g.sizes = append(g.sizes, size{1, cmp.Or(n.CPU, usualCores), cmp.Or(memory, usualMemory)})
		g.may = append(g.may, may)
	}
	g.links = make([][]neighbour, len(g.names))
	for _, l := range t.Links {
		a, known := at[l.A.Node]
		b, both := at[l.B.Node]
		if !known || !both {
			errs = append(errs, fmt.Errorf("place the nodes of a lab: the link %s–%s ends at a node that there is not", l.A, l.B))
			continue
		}
		g.link(a, b)
	}
	return g, errors.Join(errs...)
}

// link takes note of a link. One that ends where it begins is never cut.
func (g *graph) link(a, b int) {
	if a == b {
		return
	}
	for _, ends := range [][2]int{{a, b}, {b, a}} {
		list := &g.links[ends[0]]
		i := slices.IndexFunc(*list, func(x neighbour) bool { return x.node == ends[1] })
		if i < 0 {
			i = len(*list)
			*list = append(*list, neighbour{node: ends[1]})
		}
		(*list)[i].links++
	}
}

// between is how many links there are between two nodes.
func (g *graph) between(a, b int) int {
	for _, x := range g.links[a] {
		if x.node == b {
			return x.links
		}
	}
	return 0
}

// named says whether a node names its host.
func named(n topologies.Node) bool {
	return n.Placement != "" && n.Placement != topologies.PlacementAuto
}

// candidates are the hosts that a node can be placed on.
func candidates(n topologies.Node, hosts []Host) ([]bool, error) {
	may := make([]bool, len(hosts))
	var reasons []error
	found := false
	for i, h := range hosts {
		if named(n) && n.Placement != h.Name {
			continue
		}
		if h.Lacks != nil {
			if err := h.Lacks(n); err != nil {
				reasons = append(reasons, fmt.Errorf("host %s: %w", h.Name, err))
				continue
			}
		}
		may[i], found = true, true
	}
	if found {
		return may, nil
	}
	if named(n) && len(reasons) == 0 {
		var names []string
		for _, h := range hosts {
			names = append(names, h.Name)
		}
		return may, &topologies.MissingError{What: "host", Name: fmt.Sprintf("%q, on which node %s is placed,", n.Placement, n.Name), Hint: "there are " + strings.Join(names, ", ")}
	}
	return may, fmt.Errorf("no host can build node %s: %w", n.Name, errors.Join(reasons...))
}

// crowded says that nodes have no room.
func (g *graph) crowded(proved bool) error {
	var want, have size
	boundless := false
	for _, s := range g.sizes {
		want = want.plus(s)
	}
	for _, b := range g.bounds {
		have = have.plus(b)
		boundless = boundless || b == size{}
	}
	hint := fmt.Sprintf("the nodes use %d places, %.2f cores and %d MiB together, the hosts have %d, %.2f and %d MiB where they say",
		want.nodes, want.cores, want.memory>>20, have.nodes, have.cores, have.memory>>20)
	if boundless {
		hint = "what bounds it is which hosts can build which nodes; " + hint
	}
	if !proved {
		hint = "none was found, which may be as nodes are too many to try every way; place some by name. " + hint
	}
	return &topologies.MissingError{What: "room", Name: "for all nodes on their hosts", Hint: hint}
}

// cost is what a placement is judged by: links that are cut, then hosts that are used.
type cost struct{ cut, hosts int }

func (c cost) less(o cost) bool { return c.cut < o.cut || c.cut == o.cut && c.hosts < o.hosts }

// cost of a placement, the host of each node.
func (g *graph) cost(at []int) cost {
	var c cost
	used := make([]bool, len(g.bounds))
	for n, h := range at {
		if !used[h] {
			used[h] = true
			c.hosts++
		}
		for _, x := range g.links[n] {
			if x.node > n && at[x.node] != h {
				c.cut += x.links
			}
		}
	}
	return c
}

// near counts, in a list of all hosts, the links of a node that lead to each, to nodes that are placed (not -1).
func (g *graph) near(n int, at, count []int) []int {
	clear(count)
	for _, x := range g.links[n] {
		if at[x.node] >= 0 {
			count[at[x.node]] += x.links
		}
	}
	return count
}
