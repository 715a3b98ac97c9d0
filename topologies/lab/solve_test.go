package lab_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// number gives an int below n, from whatever source of chance.
type number func(n int) int

// instance is a lab of some devices with some cables, and a request for nodes and links.
func instance(draw number, devices, cables, nodes, links int) (*lab.Inventory, lab.Request) {
	inv := &lab.Inventory{Name: "x"}
	speeds := []lab.Speed{1e9, 1e10}
	for i := range devices {
		d := lab.Device{Name: fmt.Sprintf("d%d", i), Platform: []string{"exos", "voss"}[draw(2)], Kind: topologies.KindVM}
		if draw(3) == 0 {
			d.Capabilities = []string{"poe"}
		}
		inv.Devices = append(inv.Devices, d)
	}
	for i := range cables {
		end := func() lab.End {
			return lab.End{Device: inv.Devices[draw(devices)].Name, Port: fmt.Sprintf("%d-%d", i, draw(1000))}
		}
		inv.Cables = append(inv.Cables, lab.Cable{A: end(), B: end(), Speed: speeds[draw(2)]})
	}
	var r lab.Request
	for i := range nodes {
		w := lab.Want{Node: fmt.Sprintf("n%d", i), Platform: []string{"", "exos", "voss"}[draw(3)]}
		if draw(4) == 0 {
			w.Capabilities = []string{"poe"}
		}
		if draw(5) == 0 {
			w.Speed = speeds[draw(2)]
		}
		r.Nodes = append(r.Nodes, w)
	}
	for i := range links {
		end := func(s string) topologies.Endpoint {
			return topologies.Endpoint{Node: r.Nodes[draw(nodes)].Node, Interface: fmt.Sprintf("%s%d", s, i)}
		}
		r.Links = append(r.Links, topologies.Link{A: end("a"), B: end("b")})
	}
	return inv, r
}

// verify says what is wrong with an answer.
func verify(inv *lab.Inventory, r lab.Request, a lab.Assignment) error {
	used := map[string]bool{}
	for _, w := range r.Nodes {
		d, ok := inv.Device(a.Devices[w.Node])
		if !ok || used[d.Name] || !fits(d, w) {
			return fmt.Errorf("node %s on device %q", w.Node, d.Name)
		}
		used[d.Name] = true
	}
	for _, l := range r.Links {
		x := lab.End{Device: a.Devices[l.A.Node], Port: a.Ports[l.A.Node][l.A.Interface]}
		y := lab.End{Device: a.Devices[l.B.Node], Port: a.Ports[l.B.Node][l.B.Interface]}
		i := slices.IndexFunc(inv.Cables, func(c lab.Cable) bool { return c.A == x && c.B == y || c.A == y && c.B == x })
		if i < 0 || used[inv.Cables[i].String()] || !quick(r, l, inv.Cables[i]) {
			return fmt.Errorf("link %s – %s on %s – %s", l.A, l.B, x, y)
		}
		used[inv.Cables[i].String()] = true
	}
	return nil
}

func fits(d lab.Device, w lab.Want) bool {
	return (w.Platform == "" || w.Platform == d.Platform) && (w.Capabilities == nil || slices.Equal(w.Capabilities, d.Capabilities))
}

func quick(r lab.Request, l topologies.Link, c lab.Cable) bool {
	for _, w := range r.Nodes {
		if (w.Node == l.A.Node || w.Node == l.B.Node) && w.Speed != 0 && w.Speed != c.Speed {
			return false
		}
	}
	return true
}

// brute says whether there is an answer, by trying every device for every node and every
// cable for every link.
func brute(inv *lab.Inventory, r lab.Request) bool {
	chosen, used := map[string]string{}, map[int]bool{}
	var link func(i int) bool
	link = func(i int) bool {
		if i == len(r.Links) {
			return true
		}
		l := r.Links[i]
		for c, cable := range inv.Cables {
			x, y := chosen[l.A.Node], chosen[l.B.Node]
			joins := cable.A.Device == x && cable.B.Device == y || cable.A.Device == y && cable.B.Device == x
			if used[c] || !joins || !quick(r, l, cable) {
				continue
			}
			used[c] = true
			if link(i + 1) {
				return true
			}
			used[c] = false
		}
		return false
	}
	var node func(i int, taken map[string]bool) bool
	node = func(i int, taken map[string]bool) bool {
		if i == len(r.Nodes) {
			clear(used)
			return link(0)
		}
		for _, d := range inv.Devices {
			if taken[d.Name] || !fits(d, r.Nodes[i]) {
				continue
			}
			taken[d.Name], chosen[r.Nodes[i].Node] = true, d.Name
			if node(i+1, taken) {
				return true
			}
			delete(taken, d.Name)
		}
		return false
	}
	return node(0, map[string]bool{})
}

// On small labs the solver finds an answer exactly when there is one, the answer is right,
// and it is the same the second time.
func TestSolveAgainstBruteForce(t *testing.T) {
	found, none := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		draw := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		inv, r := instance(draw, 2+draw(4), draw(12), 1+draw(4), draw(5))
		a, err := lab.Solve(inv, r)
		if want := brute(inv, r); want != (err == nil) {
			t.Fatalf("an answer exists: %v; got %v\n%+v\n%+v", want, err, inv, r)
		}
		if err != nil {
			none++
			if e, ok := errors.AsType[*lab.NoFitError](err); !ok || e.GaveUp || !strings.Contains(e.Error(), "\n") {
				t.Fatalf("no explanation: %v", err)
			}
			return
		}
		found++
		if err := verify(inv, r, a); err != nil {
			t.Fatalf("%v\n%+v\n%+v\n%+v", err, a, inv, r)
		}
		again, err := lab.Solve(inv, r)
		if diff := cmp.Diff(a, again); err != nil || diff != "" {
			t.Fatalf("another answer: %v %s", err, diff)
		}
	})
	t.Logf("%d with an answer, %d without", found, none)
}

// A lab of 200 devices and 1,000 cables answers for 8 nodes in a moment, also when the
// answer is no.
func TestSolveIsFast(t *testing.T) {
	slowest, found, gaveUp := time.Duration(0), 0, 0
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		inv, r := instance(rnd.IntN, 200, 1000, 8, 7+int(seed)%6)
		began := time.Now()
		_, err := lab.Solve(inv, r)
		slowest = max(slowest, time.Since(began))
		if err == nil {
			found++
		} else if e, ok := errors.AsType[*lab.NoFitError](err); !ok {
			t.Fatal(err)
		} else if e.GaveUp {
			gaveUp++
		}
	}
	t.Logf("slowest of 60: %s; %d with an answer, %d given up", slowest, found, gaveUp)
	if slowest > 10*time.Second || gaveUp > 0 {
		t.Errorf("too slow, or given up")
	}
}

// Symmetric requests must not be tried in every order.
func TestSolveSymmetric(t *testing.T) {
	inv := &lab.Inventory{Name: "x"}
	var r lab.Request
	for i := range 12 {
		inv.Devices = append(inv.Devices, lab.Device{Name: fmt.Sprintf("d%d", i)})
		r.Nodes = append(r.Nodes, lab.Want{Node: fmt.Sprintf("n%d", i)})
	}
	r.Nodes = append(r.Nodes, lab.Want{Node: "one-too-many"})
	_, err := lab.Solve(inv, r)
	if e, ok := errors.AsType[*lab.NoFitError](err); !ok || e.GaveUp || !strings.Contains(err.Error(), "not all of them together") {
		t.Errorf("got %v", err)
	}
}

// A device of which only the line of releases is known is not taken for one before a release of that line.
func TestSolveLineOfReleases(t *testing.T) {
	for _, tt := range []struct {
		platform, version string
		fits              bool
	}{
		{"exos", "32.7", false},
		{"exos", "32.6", true},
		{"exos", "32.7.1.9", true},
		{"frr", "10.0", true},
	} {
		inv := &lab.Inventory{Name: "x", Devices: []lab.Device{{Name: "d", Platform: tt.platform, Version: tt.version}}}
		_, err := lab.Solve(inv, lab.Request{Nodes: []lab.Want{{Node: "n", Version: "<32.7.2"}}})
		if _, none := errors.AsType[*lab.NoFitError](err); none == tt.fits || !none && err != nil {
			t.Errorf("%s %s: %v", tt.platform, tt.version, err)
		}
	}
}

func TestNoFitExplains(t *testing.T) {
	inv := load(t, "testdata/lab.yaml")
	node := func(name string, labels ...string) topologies.Node {
		n := topologies.Node{Name: name, Kind: "linux", Labels: map[string]string{}}
		for i := 0; i < len(labels); i += 2 {
			n.Labels[labels[i]] = labels[i+1]
		}
		return n
	}
	link := func(a, b string) topologies.Link {
		an, ai, _ := strings.Cut(a, ":")
		bn, bi, _ := strings.Cut(b, ":")
		return topologies.Link{A: topologies.Endpoint{Node: an, Interface: ai}, B: topologies.Endpoint{Node: bn, Interface: bi}}
	}
	tests := []struct {
		name  string
		nodes []topologies.Node
		links []topologies.Link
		want  string // "" when it fits
	}{
		{name: "fits", nodes: []topologies.Node{
			node("a", lab.LabelPlatform, "exos", lab.LabelVersion, ">=33", lab.LabelKind, "hardware"), node("b", lab.LabelPlatform, "exos"),
		}, links: []topologies.Link{link("a:p1", "b:p1"), link("b:p2", "a:p2")}},
		{name: "model and version", nodes: []topologies.Node{
			node("a", lab.LabelPlatform, "exos", lab.LabelModel, "/^5520/", lab.LabelVersion, ">=34", lab.LabelCapabilities, "poe, macsec"),
		}, want: `lab partner-lab-1 has no devices for this topology
a (platform exos, model /^5520/, version >=34, with poe, macsec): no device fits
  sw1: version 33.1.1.14, no macsec
  sw2: version 32.7.1.9, no poe, no macsec
  core: platform voss, model 5420M-48W-4YE, version 8.1.5.0, no poe, no macsec
  sim: version 33.1.1.14, no poe, no macsec`},
		{
			name: "cables", nodes: []topologies.Node{node("a", lab.LabelPlatform, "exos", lab.LabelSpeed, "25G"), node("b", lab.LabelPlatform, "exos")},
			links: []topologies.Link{link("a:p1", "b:p1"), link("a:p2", "b:p2")},
			want: `lab partner-lab-1 has no devices for this topology
no 2 cables of 25G between any device for a and any for b; sw1 and sw2 have 1`,
		},
		{
			name: "device", nodes: []topologies.Node{node("a", lab.LabelPlatform, "voss", lab.LabelDevice, "sw1")},
			want: `lab partner-lab-1 has no devices for this topology
a (device sw1, platform voss): no device fits
  sw1: platform exos`,
		},
		{
			name: "together", nodes: []topologies.Node{node("a", lab.LabelPlatform, "voss"), node("b", lab.LabelPlatform, "voss")},
			want: `lab partner-lab-1 has no devices for this topology
each node and each link would fit by itself, but not all of them together:
  a (platform voss) fits core
  b (platform voss) fits core`,
		},
		{
			name: "label", nodes: []topologies.Node{node("a", "reprise.platfrom", "exos")},
			want: `node a: unknown label reprise.platfrom: did you mean "reprise.platform"?
no platform is given: label it reprise.platform`,
		},
		{
			name: "segment", nodes: []topologies.Node{{Name: "lan", Kind: "bridge"}},
			want: `node lan: kind bridge is a shared segment, and no device of a lab is one`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := lab.RequestFor(topologies.Topology{Name: "t", Nodes: tt.nodes, Links: tt.links}, nil, nil)
			if err == nil {
				var a lab.Assignment
				if a, err = lab.Solve(inv, r); err == nil {
					want := lab.Assignment{Devices: map[string]string{"a": "sw1", "b": "sw2"}, Ports: map[string]map[string]string{
						"a": {"p1": "1", "p2": "2"}, "b": {"p1": "1:1", "p2": "1:2"},
					}}
					if diff := cmp.Diff(want, a); diff != "" {
						t.Error(diff)
					}
				} else if _, ok := errors.AsType[*topologies.MissingError](err); !ok {
					t.Errorf("not a thing that is missing: %v", err)
				}
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// ring is n nodes in a circle, or each linked to each.
func ring(n int, full bool) lab.Request {
	var r lab.Request
	for i := range n {
		r.Nodes = append(r.Nodes, lab.Want{Node: fmt.Sprintf("n%d", i)})
		for j := range i {
			if full || j == i-1 || i == n-1 && j == 0 {
				r.Links = append(r.Links, topologies.Link{
					A: topologies.Endpoint{Node: fmt.Sprintf("n%d", i), Interface: fmt.Sprintf("p%d", j)},
					B: topologies.Endpoint{Node: fmt.Sprintf("n%d", j), Interface: fmt.Sprintf("p%d", i)},
				})
			}
		}
	}
	return r
}

// An odd ring in a lab of leaves and spines has no answer, and every device looks good by itself.
func TestSolveRings(t *testing.T) {
	inv := &lab.Inventory{Name: "x"}
	const spines, leaves = 20, 180
	for i := range spines + leaves {
		inv.Devices = append(inv.Devices, lab.Device{Name: fmt.Sprintf("d%d", i)})
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 1000 {
		a, b := lab.End{Device: fmt.Sprintf("d%d", rnd.IntN(spines)), Port: fmt.Sprint(i)}, lab.End{Device: fmt.Sprintf("d%d", spines+rnd.IntN(leaves)), Port: fmt.Sprint(i)}
		inv.Cables = append(inv.Cables, lab.Cable{A: a, B: b})
	}
	a, err := lab.Solve(inv, ring(8, false))
	if err := errors.Join(err, verify(inv, ring(8, false), a)); err != nil {
		t.Error(err)
	}
	_, err = lab.Solve(inv, ring(7, false))
	if e, ok := errors.AsType[*lab.NoFitError](err); !ok || e.GaveUp {
		t.Errorf("a ring of 7: %v", err)
	}
}

// The search has a bound, and says when it came to it.
func TestSolveGivesUp(t *testing.T) {
	inv := &lab.Inventory{Name: "x"}
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 100 {
		inv.Devices = append(inv.Devices, lab.Device{Name: fmt.Sprintf("d%d", i)})
		for j := range i {
			if rnd.IntN(3) > 0 {
				inv.Cables = append(inv.Cables, lab.Cable{A: lab.End{Device: fmt.Sprintf("d%d", i), Port: fmt.Sprint(j)}, B: lab.End{Device: fmt.Sprintf("d%d", j), Port: fmt.Sprint(i)}})
			}
		}
	}
	began := time.Now()
	_, err := lab.Solve(inv, ring(30, true))
	t.Logf("gave up after %s", time.Since(began))
	if e, ok := errors.AsType[*lab.NoFitError](err); !ok || !e.GaveUp || !strings.Contains(err.Error(), "before the search came to its bound") {
		t.Errorf("got %v", err)
	}
}
