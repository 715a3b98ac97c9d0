package placement_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/placement"
)

// lab makes a topology of links as "a-b a-c"; nodes are in the order of their first link.
func lab(links string) topologies.Topology {
	t := topologies.Topology{Name: "lab"}
	for i, link := range strings.Fields(links) {
		a, b, _ := strings.Cut(link, "-")
		for _, name := range []string{a, b} {
			if _, known := t.Node(name); !known {
				t.Nodes = append(t.Nodes, topologies.Node{Name: name})
			}
		}
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: a, Interface: fmt.Sprintf("e%d", i)}, B: topologies.Endpoint{Node: b, Interface: fmt.Sprintf("e%d", i)},
		})
	}
	return t
}

func cut(p placement.Placement) (names []string) {
	for _, l := range p.Cut {
		names = append(names, l.A.Node+"-"+l.B.Node)
	}
	return names
}

// Two dense halves are cut at the links between them, and stay on one host that has room for both.
func TestCut(t *testing.T) {
	halves := "a-b a-c b-c c-d d-e d-f e-f"
	no := func(names string, why string) func(topologies.Node) error {
		return func(n topologies.Node) error {
			if strings.Contains(names, n.Name) {
				return errors.New(why)
			}
			return nil
		}
	}
	tests := []struct {
		name   string
		links  string
		hosts  []placement.Host
		change func(*topologies.Topology)
		want   []string          // links that are cut
		at     map[string]string // of some nodes
	}{
		{name: "one host has room", links: halves, hosts: []placement.Host{{Name: "x", Nodes: 3}, {Name: "y", Nodes: 6}}, at: map[string]string{"a": "y", "f": "y"}},
		{
			name: "one named, one anywhere", links: "a-b", hosts: []placement.Host{{Name: "x", Nodes: 1}, {Name: "y"}},
			change: func(t *topologies.Topology) {
				t.Nodes[0].Placement, t.Nodes[1].Placement = "x", topologies.PlacementAuto
			},
			want: []string{"a-b"}, at: map[string]string{"a": "x", "b": "y"},
		},
		{name: "halves", links: halves, hosts: []placement.Host{{Name: "x", Nodes: 3}, {Name: "y", Nodes: 3}}, want: []string{"c-d"}},
		{
			name: "by memory", links: halves, hosts: []placement.Host{{Name: "x", Memory: 1 << 30}, {Name: "y", Memory: 2 << 30}},
			change: func(t *topologies.Topology) { t.Nodes[5].Memory = "2040MiB" }, want: []string{"d-f", "e-f"}, at: map[string]string{"f": "y", "a": "x", "e": "x"},
		},
		{
			name: "by cores", links: halves, hosts: []placement.Host{{Name: "x", Cores: 2}, {Name: "y", Cores: 1}},
			change: func(t *topologies.Topology) { t.Nodes[0].CPU, t.Nodes[1].CPU = 1.5, 0.9 }, want: []string{"a-b", "b-c"}, at: map[string]string{"a": "x", "b": "y"},
		},
		{
			name: "placed by name", links: halves, hosts: []placement.Host{{Name: "x"}, {Name: "y"}},
			change: func(t *topologies.Topology) { t.Nodes[0].Placement, t.Nodes[5].Placement = "x", "y" }, want: []string{"c-d"}, at: map[string]string{"a": "x", "f": "y"},
		},
		{
			name: "what a host lacks", links: halves, hosts: []placement.Host{{Name: "x", Lacks: no("f", "no KVM")}, {Name: "y", Nodes: 2}},
			want: []string{"d-f", "e-f"}, at: map[string]string{"f": "y", "e": "x"},
		},
		{name: "no links at all", links: "a-a b-b", hosts: []placement.Host{{Name: "x", Nodes: 1}, {Name: "y", Nodes: 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := lab(tt.links)
			if tt.change != nil {
				tt.change(&top)
			}
			p, err := placement.Cut(top, tt.hosts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, cut(p)); diff != "" || !p.Proved {
				t.Errorf("proved %v, cut links:\n%s", p.Proved, diff)
			}
			for node, host := range tt.at {
				if p.Host[node] != host {
					t.Errorf("%s is on %s, want %s", node, p.Host[node], host)
				}
			}
			if len(p.Host) != len(top.Nodes) {
				t.Errorf("placed are %v", p.Host)
			}
		})
	}
}

// What cannot be placed is told by what there is.
func TestNoPlace(t *testing.T) {
	tests := []struct {
		name  string
		hosts []placement.Host
		place string // of a
		want  []string
	}{
		{name: "no such host", hosts: []placement.Host{{Name: "x"}, {Name: "y"}}, place: "z", want: []string{`"z"`, "node a", "x, y"}},
		{
			name: "no host can", hosts: []placement.Host{{Name: "x", Lacks: func(topologies.Node) error { return errors.New("no image") }}},
			want: []string{"node a", "node b", "host x: no image"},
		},
		{name: "not where it is placed", hosts: []placement.Host{{Name: "x"}, {Name: "y", Lacks: func(topologies.Node) error { return errors.New("no image") }}}, place: "y", want: []string{"node a", "host y: no image"}},
		{name: "no room", hosts: []placement.Host{{Name: "x", Nodes: 1}}, want: []string{"room", "2 places"}},
		{name: "two of a name", hosts: []placement.Host{{Name: "x"}, {Name: "x"}}, want: []string{"two hosts", `"x"`}},
		{name: "none", want: []string{"no host"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := lab("a-b")
			top.Nodes[0].Placement = tt.place
			_, err := placement.Cut(top, tt.hosts)
			if err == nil {
				t.Fatal("it is placed")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v; want %q", err, want)
				}
			}
		})
	}
	var missing *topologies.MissingError
	if _, err := placement.Cut(lab("a-b"), []placement.Host{{Name: "x", Nodes: 1}}); !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
}

// A lab of hundreds of nodes is cut well, and that it may be cut better is said.
func TestLarge(t *testing.T) {
	hosts := func(n int) []placement.Host {
		return []placement.Host{{Name: "x", Nodes: n}, {Name: "y", Nodes: n}, {Name: "z", Nodes: n}}
	}
	var ring, grid, cliques []string
	for i := range 300 {
		ring = append(ring, fmt.Sprintf("n%d-n%d", i, (i+1)%300))
	}
	for i := range 12 {
		for j := range 12 {
			if i < 11 {
				grid = append(grid, fmt.Sprintf("n%d.%d-n%d.%d", i, j, i+1, j))
			}
			if j < 11 {
				grid = append(grid, fmt.Sprintf("n%d.%d-n%d.%d", i, j, i, j+1))
			}
		}
	}
	for c := range 12 { // of ten, in a line, and nodes named as if they were dealt out
		for i := range 10 {
			for j := range i {
				cliques = append(cliques, fmt.Sprintf("n%d-n%d", i*12+c, j*12+c))
			}
		}
		if c > 0 {
			cliques = append(cliques, fmt.Sprintf("n%d-n%d", c, c-1))
		}
	}
	for _, tt := range []struct {
		name  string
		links []string
		hosts []placement.Host
		most  int
	}{
		{"ring", ring, hosts(100), 3},
		{"grid", grid, hosts(48), 26}, // 24 is the least that straight cuts need
		{"cliques", cliques, hosts(40), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := placement.Cut(lab(strings.Join(tt.links, " ")), tt.hosts)
			if err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			for _, h := range p.Host {
				count[h]++
			}
			if len(p.Cut) > tt.most {
				t.Errorf("%d links are cut, at most %d need be; %v", len(p.Cut), tt.most, count)
			}
			for _, h := range tt.hosts {
				if count[h.Name] > h.Nodes {
					t.Errorf("%d nodes are on %s, which has room for %d", count[h.Name], h.Name, h.Nodes)
				}
			}
		})
	}
}
