package diagram

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// graph is the topology by index.
type graph struct {
	nodes []evidence.NodeInfo
	edges []edge
	adj   [][]int // neighbours, each once, in order of appearance
}

type edge struct {
	a, b     int
	ifa, ifb string
	mtu      int
	aliasA   string
	aliasB   string
	nth, of  int // among the links between the same two nodes
}

// build indexes the topology. An endpoint of a node that is not listed gets a node of
// that name, so that no link disappears.
func build(nodes []evidence.NodeInfo, links []evidence.LinkInfo) *graph {
	g := &graph{nodes: append([]evidence.NodeInfo(nil), nodes...)}
	index := map[string]int{}
	for i, n := range nodes {
		index[n.Name] = i
	}
	find := func(endpoint string) (int, string) {
		name, ifc, _ := strings.Cut(endpoint, ":")
		i, ok := index[name]
		if !ok {
			i = len(g.nodes)
			index[name] = i
			g.nodes = append(g.nodes, evidence.NodeInfo{Name: name})
		}
		return i, ifc
	}
	between := map[[2]int]int{}
	pair := func(e edge) [2]int { return [2]int{min(e.a, e.b), max(e.a, e.b)} }
	for _, l := range links {
		e := edge{mtu: l.MTU, aliasA: l.AliasA, aliasB: l.AliasB}
		e.a, e.ifa = find(l.A)
		e.b, e.ifb = find(l.B)
		e.nth = between[pair(e)]
		between[pair(e)]++
		g.edges = append(g.edges, e)
	}
	g.adj = make([][]int, len(g.nodes))
	seen := map[[2]int]bool{}
	for i := range g.edges {
		e := &g.edges[i]
		p := pair(*e)
		e.of = between[p]
		if e.a != e.b && !seen[p] {
			seen[p] = true
			g.adj[e.a] = append(g.adj[e.a], e.b)
			g.adj[e.b] = append(g.adj[e.b], e.a)
		}
	}
	return g
}

// path gives the nodes in order when the graph is one chain of at most limit nodes.
func (g *graph) path(limit int) []int {
	if len(g.nodes) == 0 || len(g.nodes) > limit {
		return nil
	}
	start, ends := 0, 0
	for i, neighbours := range slices.Backward(g.adj) {
		if len(neighbours) > 2 {
			return nil
		}
		if len(neighbours) < 2 {
			start = i
			ends++
		}
	}
	if ends == 0 {
		return nil
	}
	out, from, at := []int{start}, -1, start
	for {
		next := -1
		for _, n := range g.adj[at] {
			if n != from {
				next = n
			}
		}
		if next < 0 {
			break
		}
		from, at = at, next
		out = append(out, at)
	}
	if len(out) != len(g.nodes) {
		return nil
	}
	return out
}

// hub is the node that more than half of the others hang on, -1 when there is none.
func (g *graph) hub() int {
	for i := range g.nodes {
		if len(g.nodes) > 4 && 2*len(g.adj[i]) > len(g.nodes) {
			for j := range g.nodes {
				if j != i && len(g.adj[j]) >= len(g.adj[i]) {
					return -1
				}
			}
			return i
		}
	}
	return -1
}

// Bounds of a drawing in rows.
const maxRows, maxRow = 4, 6

// layers puts the nodes in rows by their distance from the best connected ones; nil
// when the result would not read well.
func (g *graph) layers() [][]int {
	most := 0
	for i := range g.adj {
		most = max(most, len(g.adj[i]))
	}
	var roots []int
	independent := true
	for i := range g.adj {
		if len(g.adj[i]) == most {
			for _, r := range roots {
				independent = independent && !slices.Contains(g.adj[i], r)
			}
			roots = append(roots, i)
		}
	}
	if !independent {
		roots = roots[:1]
	}
	row := make([]int, len(g.nodes))
	for i := range row {
		row[i] = -1
	}
	rows := [][]int{nil}
	put := func(n, r int) {
		for len(rows) <= r {
			rows = append(rows, nil)
		}
		row[n] = r
		rows[r] = append(rows[r], n)
	}
	for _, n := range roots {
		put(n, 0)
	}
	spread := func() {
		for r := 0; r < len(rows); r++ {
			for i := 0; i < len(rows[r]); i++ {
				for _, m := range g.adj[rows[r][i]] {
					if row[m] < 0 {
						put(m, r+1)
					}
				}
			}
		}
	}
	spread()
	for n := range g.nodes {
		if row[n] < 0 {
			put(n, 0)
			spread()
		}
	}
	if len(rows) > maxRows {
		return nil
	}
	for sweep := range 4 {
		for r := range rows {
			if sweep%2 == 1 {
				r = len(rows) - 1 - r
			}
			g.order(rows, row, r)
		}
	}
	if !g.readable(rows, row) {
		return nil
	}
	return rows
}

// readable tells that no row is too long and that links within a row join neighbours.
func (g *graph) readable(rows [][]int, row []int) bool {
	at := positions(rows, len(row))
	for _, r := range rows {
		if len(r) > maxRow {
			return false
		}
	}
	for _, e := range g.edges {
		if d := at[e.a] - at[e.b]; e.a != e.b && row[e.a] == row[e.b] && d*d != 1 {
			return false
		}
	}
	return true
}

// order sorts one row by where the neighbours in other rows stand.
func (g *graph) order(rows [][]int, row []int, r int) {
	at := positions(rows, len(row))
	weight := make(map[int]float64, len(rows[r]))
	for _, n := range rows[r] {
		sum, count := 0.0, 0
		for _, m := range g.adj[n] {
			if row[m] != r {
				sum += (float64(at[m]) + 0.5) / float64(len(rows[row[m]]))
				count++
			}
		}
		weight[n] = (float64(at[n]) + 0.5) / float64(len(rows[r]))
		if count > 0 {
			weight[n] = sum / float64(count)
		}
	}
	stable(rows[r], weight)
}

func positions(rows [][]int, n int) []int {
	at := make([]int, n)
	for _, r := range rows {
		for i, n := range r {
			at[n] = i
		}
	}
	return at
}
