package placement

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawn is any small graph, with hosts that may be too small for it.
func drawn(t *rapid.T) *graph {
	nodes, hosts := rapid.IntRange(1, 7).Draw(t, "nodes"), rapid.IntRange(1, 3).Draw(t, "hosts")
	g := &graph{}
	for range hosts {
		g.bounds = append(g.bounds, size{nodes: rapid.IntRange(0, nodes).Draw(t, "room"), memory: rapid.Int64Range(0, int64(3*nodes)).Draw(t, "memory")})
	}
	for n := range nodes {
		g.names = append(g.names, string(rune('a'+n)))
		g.sizes = append(g.sizes, size{nodes: 1, memory: rapid.Int64Range(1, 4).Draw(t, "size")})
		may := rapid.SliceOfN(rapid.Bool(), hosts, hosts).Draw(t, "may")
		may[rapid.IntRange(0, hosts-1).Draw(t, "surely")] = true
		g.may = append(g.may, may)
	}
	g.links = make([][]neighbour, nodes)
	for range rapid.IntRange(0, 2*nodes).Draw(t, "links") {
		g.link(rapid.IntRange(0, nodes-1).Draw(t, "a"), rapid.IntRange(0, nodes-1).Draw(t, "b"))
	}
	return g
}

// fitsAt says whether a placement is one.
func (g *graph) fitsAt(at []int) bool {
	used := make([]size, len(g.bounds))
	for n, h := range at {
		if !g.may[n][h] {
			return false
		}
		used[h] = used[h].plus(g.sizes[n])
	}
	for h := range used {
		if !used[h].fits(g.bounds[h]) {
			return false
		}
	}
	return true
}

// everyWay tries all placements there are.
func (g *graph) everyWay() (best cost, found bool) {
	at := make([]int, len(g.names))
	for {
		if g.fitsAt(at) {
			if c := g.cost(at); !found || c.less(best) {
				best, found = c, true
			}
		}
		n := 0
		for ; n < len(at); n++ {
			if at[n]++; at[n] < len(g.bounds) {
				break
			}
			at[n] = 0
		}
		if n == len(at) {
			return best, found
		}
	}
}

// The search finds what trying every way finds, with and without a placement that is known; what the
// passes find fits and is no better.
func TestAgainstEveryWay(t *testing.T) {
	exact := 0
	rapid.Check(t, func(t *rapid.T) {
		g := drawn(t)
		want, there := g.everyWay()
		quick := g.improve()
		if quick != nil {
			if !there || !g.fitsAt(quick) || g.cost(quick).less(want) {
				t.Fatalf("the passes give %v, which costs %v; the best is %v", quick, g.cost(quick), want)
			}
			if g.cost(quick) == want {
				exact++
			}
		}
		for _, known := range [][]int{nil, quick} {
			at, proved := g.search(known, searchWork)
			if !proved || (at != nil) != there {
				t.Fatalf("search: %v, proved %v; there is one: %v", at, proved, there)
			}
			if at != nil && (!g.fitsAt(at) || g.cost(at) != want) {
				t.Fatalf("search: %v costs %v, the best %v", at, g.cost(at), want)
			}
		}
	})
	if exact == 0 {
		t.Error("the passes never found the best")
	}
}

// A search that is broken off says so, and gives what was known.
func TestBrokenOff(t *testing.T) {
	g := &graph{names: []string{"a", "b"}, sizes: []size{{nodes: 1}, {nodes: 1}}, may: [][]bool{{true, true}, {true, true}}, links: [][]neighbour{{{1, 1}}, {{0, 1}}}, bounds: []size{{nodes: 1}, {nodes: 1}}}
	known := []int{1, 0}
	if at, proved := g.search(known, 1); proved || !slices.Equal(at, known) {
		t.Errorf("got %v, proved %v", at, proved)
	}
	if at, proved := g.search(known, searchWork); !proved || g.cost(at) != (cost{1, 2}) {
		t.Errorf("got %v, proved %v", at, proved)
	}
}
