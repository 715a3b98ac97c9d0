package placement

import (
	"cmp"
	"slices"
)

// searchWork bounds the search for the best placement, in nodes that were looked at: it takes about a second.
const searchWork = 10_000_000

// search looks for a placement that costs less than the one given, or for any where that is nil. proved
// says that it tried, or could rule out, every way; else the best that it found is given.
func (g *graph) search(known []int, work int) (best []int, proved bool) {
	s := &searcher{graph: g, best: known, at: make([]int, len(g.names)), used: make([]size, len(g.bounds)), work: work, scratch: make([]int, len(g.bounds))}
	if known != nil {
		s.cost = g.cost(known)
	}
	for i := range s.at {
		s.at[i] = -1
	}
	s.order = g.order()
	s.place(0, 0, 0)
	return s.best, s.work > 0
}

// searcher is a branch-and-bound over the nodes in an order.
type searcher struct {
	*graph
	order []int
	at    []int // by node; -1: not placed yet
	used  []size
	best  []int
	cost  cost // of best
	work  int  // that may still be done

	scratch []int // of unavoidable
}

// order is that in which nodes are placed: each has most links to those before it, so that what they cut
// is known early.
func (g *graph) order() []int {
	order := make([]int, 0, len(g.names))
	placed := make([]bool, len(g.names))
	weight := make([]int, len(g.names)) // links to those that are placed
	degree := make([]int, len(g.names))
	for n, links := range g.links {
		for _, x := range links {
			degree[n] += x.links
		}
	}
	for range g.names {
		next := -1
		for n := range g.names {
			if !placed[n] && (next < 0 || weight[n] > weight[next] || weight[n] == weight[next] && degree[n] > degree[next]) {
				next = n
			}
		}
		placed[next] = true
		order = append(order, next)
		for _, x := range g.links[next] {
			weight[x.node] += x.links
		}
	}
	return order
}

// place tries every host for the node at a place of the order, where so many links are cut by now and so
// many hosts used.
func (s *searcher) place(i, cut, hosts int) {
	if s.work -= len(s.order) - i + 1; s.work <= 0 {
		return
	}
	if s.best != nil && !(cost{cut + s.unavoidable(i), max(hosts, 1)}).less(s.cost) {
		return
	}
	if i == len(s.order) {
		s.best, s.cost = slices.Clone(s.at), cost{cut, hosts}
		return
	}
	n := s.order[i]
	near := s.near(n, s.at, make([]int, len(s.bounds)))
	all := 0
	for _, count := range near {
		all += count
	}
	ways := make([]int, 0, len(near))
	for h := range near {
		if s.may[n][h] && s.used[h].plus(s.sizes[n]).fits(s.bounds[h]) && !s.sameAsBefore(h) {
			ways = append(ways, h)
		}
	}
	slices.SortStableFunc(ways, func(a, b int) int { return cmp.Compare(near[b], near[a]) })
	for _, h := range ways {
		more := 0
		if s.used[h].nodes == 0 {
			more = 1
		}
		s.at[n], s.used[h] = h, s.used[h].plus(s.sizes[n])
		s.place(i+1, cut+all-near[h], hosts+more)
		s.at[n], s.used[h] = -1, s.used[h].minus(s.sizes[n])
		if s.work <= 0 {
			return
		}
	}
}

// sameAsBefore says that a host is empty, and one before it too that is no different: what can be done
// with either is tried with that one.
func (s *searcher) sameAsBefore(h int) bool {
	if s.used[h].nodes > 0 {
		return false
	}
	for other := range h {
		if s.used[other].nodes == 0 && s.bounds[other] == s.bounds[h] && s.alike(other, h) {
			return true
		}
	}
	return false
}

// alike says that the same nodes can be built on two hosts.
func (g *graph) alike(a, b int) bool {
	return !slices.ContainsFunc(g.may, func(may []bool) bool { return may[a] != may[b] })
}

// unavoidable is how many links at least are cut between nodes that are placed and those from a place of
// the order on: each of these goes to one host.
func (s *searcher) unavoidable(from int) int {
	sum := 0
	for _, n := range s.order[from:] {
		near := s.near(n, s.at, s.scratch)
		all, most := 0, 0
		for h, count := range near {
			all += count
			if s.may[n][h] {
				most = max(most, count)
			}
		}
		sum += all - most
	}
	return sum
}
