package diagram

import (
	"cmp"
	"math"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
)

type point struct{ x, y float64 }

func stable(row []int, weight map[int]float64) {
	slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(weight[a], weight[b]) })
}

// Measures of the drawing, in its own units: pixels at full size.
const (
	boxHeight = 44.0
	minWidth  = 84.0
	charName  = 8.2 // width of a letter of a name
	charSmall = 6.4 // and of a small one
	labelRoom = 22.0
	margin    = 18.0
	rowApart  = 16.0 // between parallel links in a row
	bulge     = 7.0  // what parallel links spread in their middle
)

// sizes are the measures that depend on the topology.
type sizes struct {
	box, height float64 // of a node's box
	label       float64 // the widest interface name
	chain       []int   // the nodes in order when they stand in one row
	most        int     // links between the same two nodes
}

// of is the height of a node's box.
func (s sizes) of(n evidence.NodeInfo) float64 {
	if n.Segment {
		return s.height - 12
	}
	return s.height
}

// measure sizes the boxes for their words and for the links that end side by side.
func (g *graph) measure() sizes {
	s := sizes{box: minWidth, most: 1, chain: g.path(5)}
	for _, n := range g.nodes {
		s.box = max(s.box, charName*width(short(n.Name, maxName))+26, charSmall*width(short(second(n), maxSecond))+22)
	}
	for _, e := range g.edges {
		s.most = max(s.most, e.of)
		s.label = max(s.label, charSmall*width(short(e.ifa, maxLabel)), charSmall*width(short(e.ifb, maxLabel)))
	}
	s.height = max(boxHeight, rowApart*float64(s.most)+8)
	if s.chain == nil && s.most > 1 {
		s.box = max(s.box, (s.label+8)*float64(s.most)+8)
		s.height = min(s.height, 2*boxHeight)
	}
	return s
}

// apart is how far links that run side by side stand from each other so that their
// names do not meet, by the direction across them.
func (s sizes) apart(across point) float64 {
	return min((s.label+8)/max(math.Abs(across.x), 1e-6), rowApart/max(math.Abs(across.y), 1e-6))
}

func width(s string) float64 { return float64(len([]rune(s))) }

// place gives each node the middle of its box.
func (g *graph) place(s sizes) []point {
	at := make([]point, len(g.nodes))
	if s.chain != nil {
		for i, n := range s.chain {
			at[n] = point{float64(i) * (s.box + 2*s.label + 2*labelRoom + 18), 0}
		}
		return at
	}
	stepX, stepY := s.box+s.label+3*labelRoom, s.height+2*labelRoom+34
	if rows := g.layers(); rows != nil {
		for r, row := range rows {
			for i, n := range row {
				at[n] = point{(float64(i) - float64(len(row)-1)/2) * stepX, float64(r) * stepY}
			}
		}
		return at
	}
	ring := g.around()
	if hub := g.hub(); hub >= 0 {
		ring = slices.DeleteFunc(ring, func(n int) bool { return n == hub })
		stepX, stepY = stepX*1.1, stepY*1.2
	}
	for i, p := range ellipse(len(ring), stepX, stepY) {
		at[ring[i]] = p
	}
	return at
}

// around gives an order for a ring: a walk that follows links where it can.
func (g *graph) around() []int {
	seen := make([]bool, len(g.nodes))
	var out []int
	for start := range g.nodes {
		for n := start; n >= 0 && !seen[n]; {
			seen[n] = true
			out = append(out, n)
			next := -1
			for _, m := range g.adj[n] {
				if !seen[m] && (next < 0 || len(g.adj[m]) < len(g.adj[next])) {
					next = m
				}
			}
			n = next
		}
	}
	return out
}

// ellipse places n points so that neighbours are a step apart: stepX where they stand
// side by side, stepY where one is above the other. The first is at the top.
func ellipse(n int, stepX, stepY float64) []point {
	const samples = 720
	on := func(i int, size float64) point {
		a := 2*math.Pi*float64(i)/samples - math.Pi/2
		return point{size * stepX * math.Cos(a), size * stepY * 1.15 * math.Sin(a)}
	}
	length := make([]float64, samples+1)
	for i := range samples {
		p, q := on(i, 1), on(i+1, 1)
		length[i+1] = length[i] + max(math.Abs(p.x-q.x)/stepX, math.Abs(p.y-q.y)/stepY)
	}
	size := max(float64(n)/length[samples], 0.9)
	out := make([]point, n)
	for i := range n {
		want := length[samples] * float64(i) / float64(n)
		j, _ := slices.BinarySearch(length, want)
		p := on(j, size)
		out[i] = point{math.Round(p.x), math.Round(p.y)}
	}
	return out
}

// border is where the way from a point within the box around middle towards to leaves it.
func border(middle, from, to point, w, h float64) point {
	dx, dy := to.x-from.x, to.y-from.y
	t := 1.0
	if dx != 0 {
		t = min(t, (middle.x+math.Copysign(w/2, dx)-from.x)/dx)
	}
	if dy != 0 {
		t = min(t, (middle.y+math.Copysign(h/2, dy)-from.y)/dy)
	}
	t = max(t, 0)
	return point{from.x + dx*t, from.y + dy*t}
}
