package placement

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// starts is how many first placements are improved: the first of them is made by hand, as it were, the
// others by chance, the same ones each time.
const starts = 12

// improve gives a good placement by passes of moves and swaps; nil where it finds none that fits.
func (g *graph) improve() []int {
	var best []int
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	for start := range starts {
		at := g.first(start, chance)
		if at == nil {
			continue
		}
		for g.pass(at) {
		}
		if best == nil || g.cost(at).less(g.cost(best)) {
			best = at
		}
	}
	return best
}

// first places every node beside most of its neighbours that are placed: in the order of links, or the
// largest first, or by chance. nil where some have no room then.
func (g *graph) first(start int, chance *rand.Rand) []int {
	order := g.order()
	switch {
	case start == 1:
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(g.sizes[b].memory, g.sizes[a].memory), cmp.Compare(g.sizes[b].cores, g.sizes[a].cores))
		})
	case start > 1:
		chance.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	// Those that have the fewest hosts to go to come first.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(g.ways(a), g.ways(b)) })
	at, used, near := make([]int, len(order)), make([]size, len(g.bounds)), make([]int, len(g.bounds))
	for i := range at {
		at[i] = -1
	}
	for _, n := range order {
		g.near(n, at, near)
		to := -1
		for h := range g.bounds {
			if g.may[n][h] && used[h].plus(g.sizes[n]).fits(g.bounds[h]) &&
				(to < 0 || near[h] > near[to] || near[h] == near[to] && used[to].nodes == 0 && used[h].nodes > 0) {
				to = h
			}
		}
		if to < 0 {
			return nil
		}
		at[n], used[to] = to, used[to].plus(g.sizes[n])
	}
	return at
}

// ways is how many hosts a node may be on.
func (g *graph) ways(n int) (count int) {
	for _, may := range g.may[n] {
		if may {
			count++
		}
	}
	return count
}

// step moves a node to a host, or swaps it with another that is there.
type step struct {
	node, to int
	with     int // -1: it is a move
	gain     int // links that are cut no longer
}

// state is a placement that is being improved.
type state struct {
	*graph
	at     []int
	used   []size  // by host
	nears  [][]int // by node: how many of its links lead to each host
	locked []bool  // nodes that had their step
	cost   cost
}

// pass improves a placement, and says whether it did: every node is moved or swapped once, by what gains
// most or costs least, and the best of the placements that come about is kept.
func (g *graph) pass(at []int) bool {
	s := &state{graph: g, at: at, used: make([]size, len(g.bounds)), locked: make([]bool, len(at)), cost: g.cost(at)}
	for n, h := range at {
		s.used[h] = s.used[h].plus(g.sizes[n])
		s.nears = append(s.nears, g.near(n, at, make([]int, len(g.bounds))))
	}
	begin := s.cost
	best, kept := begin, slices.Clone(at)
	for {
		next, ok := s.next()
		if !ok {
			break
		}
		s.take(next)
		if s.cost.less(best) {
			best = s.cost
			copy(kept, at)
		}
	}
	copy(at, kept)
	return best.less(begin)
}

// next is the step that gains most; ok is false where none is left that fits.
func (s *state) next() (best step, ok bool) {
	consider := func(x step) {
		if !ok || x.gain > best.gain {
			best, ok = x, true
		}
	}
	for n, near := range s.nears {
		for h := range s.bounds {
			if !s.locked[n] && h != s.at[n] && s.may[n][h] && s.used[h].plus(s.sizes[n]).fits(s.bounds[h]) {
				consider(step{node: n, to: h, with: -1, gain: near[h] - near[s.at[n]]})
			}
		}
	}
	if ok && best.gain > 0 {
		return best, true
	}
	// A swap helps where there is no room for a move.
	for a := range s.at {
		if s.locked[a] || !s.abroad(a) {
			continue // it has nothing to gain
		}
		for b := range s.at {
			if x, fits := s.swap(a, b); fits {
				consider(x)
			}
		}
	}
	return best, ok
}

// manyNodes is from how many on a node is swapped with those only that have links to other hosts too.
const manyNodes = 200

// swap is the step that swaps two nodes, if that fits.
func (s *state) swap(a, b int) (x step, fits bool) {
	from, to := s.at[a], s.at[b]
	if s.locked[b] || from == to || !s.may[a][to] || !s.may[b][from] || len(s.at) > manyNodes && !s.abroad(b) {
		return x, false
	}
	if !s.used[from].minus(s.sizes[a]).plus(s.sizes[b]).fits(s.bounds[from]) || !s.used[to].minus(s.sizes[b]).plus(s.sizes[a]).fits(s.bounds[to]) {
		return x, false
	}
	gain := s.nears[a][to] - s.nears[a][from] + s.nears[b][from] - s.nears[b][to] - 2*s.between(a, b)
	return step{node: a, to: to, with: b, gain: gain}, true
}

// abroad says whether a node has links to other hosts than its own.
func (s *state) abroad(n int) bool {
	for h, count := range s.nears[n] {
		if h != s.at[n] && count > 0 {
			return true
		}
	}
	return false
}

// take takes a step.
func (s *state) take(x step) {
	from := s.at[x.node]
	s.move(x.node, x.to)
	if x.with >= 0 {
		s.move(x.with, from)
	}
	s.cost.cut -= x.gain
	s.cost.hosts = 0
	for _, used := range s.used {
		if used.nodes > 0 {
			s.cost.hosts++
		}
	}
}

func (s *state) move(n, to int) {
	from := s.at[n]
	s.used[from], s.used[to] = s.used[from].minus(s.sizes[n]), s.used[to].plus(s.sizes[n])
	s.at[n], s.locked[n] = to, true
	for _, x := range s.links[n] {
		s.nears[x.node][from] -= x.links
		s.nears[x.node][to] += x.links
	}
}
