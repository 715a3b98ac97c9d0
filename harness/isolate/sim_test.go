package isolate_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/isolate"
)

// simulated is an oracle of coins: a candidate with every unit of one culprit set hits
// with probability p, any other with q.
type simulated struct {
	units    []isolate.Unit
	culprits [][]int
	p, q     float64
	invalid  float64         // share of candidates that say nothing, by their key
	drift    map[int]float64 // factor on p when the unit is absent
	hosts    []float64       // factor on p by host, in turn
	rand     *rand.Rand
	runs     int
	refuse   func(isolate.Candidate) error
}

func (s *simulated) Vet(_ context.Context, c isolate.Candidate) error {
	if s.refuse != nil {
		return s.refuse(c)
	}
	return nil
}

func (s *simulated) has(c isolate.Candidate) bool {
	return slices.ContainsFunc(s.culprits, func(set []int) bool {
		return !slices.ContainsFunc(set, func(u int) bool { return !c.Kept[u] })
	})
}

func (s *simulated) Try(_ context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	var out []isolate.Result
	for range n {
		s.runs++
		p := s.q
		if s.has(c) && !c.Control {
			p = s.p
			for u, f := range s.drift {
				if !c.Kept[u] {
					p *= f
				}
			}
			if len(s.hosts) > 0 {
				p *= s.hosts[s.runs%len(s.hosts)]
			}
		}
		o := isolate.Miss
		if s.rand.Float64() < p {
			o = isolate.Hit
		}
		if s.invalid > 0 && c.Size() < len(s.units) {
			h := fnv.New32()
			fmt.Fprint(h, c.Key(s.units))
			if float64(h.Sum32()%1000) < 1000*s.invalid {
				o = isolate.Invalid
			}
		}
		out = append(out, isolate.Result{Outcome: o, Took: 30 * time.Second})
	}
	return out, nil
}

// tree makes nodes of stanzas of lines; a given number of each, chosen at random, is needed.
func tree(r *rand.Rand, nodes, stanzas, lines, en, es, el int) (units []isolate.Unit, needed []int) {
	pick := func(n, k int) map[int]bool {
		out := map[int]bool{}
		for _, i := range r.Perm(n)[:k] {
			out[i] = true
		}
		return out
	}
	needNodes := pick(nodes, en)
	add := func(u isolate.Unit) int { units = append(units, u); return len(units) - 1 }
	for n := range nodes {
		node := add(isolate.Unit{ID: fmt.Sprint("node ", n), Kind: isolate.Node, Parent: -1, Weight: 1})
		needStanzas := pick(stanzas, es)
		for s := range stanzas {
			stanza := add(isolate.Unit{ID: fmt.Sprint("stanza ", n, ".", s), Kind: isolate.Stanza, Parent: node, Weight: 1})
			needLines := pick(lines, el)
			for l := range lines {
				line := add(isolate.Unit{ID: fmt.Sprint("line ", n, ".", s, ".", l), Kind: isolate.Line, Parent: stanza, Weight: 1})
				if needNodes[n] && needStanzas[s] && needLines[l] {
					needed = append(needed, line)
				}
			}
		}
	}
	return units, needed
}

// lines lists the lines that a result keeps.
func lines(units []isolate.Unit, c isolate.Candidate) (out []int) {
	for i, u := range units {
		if u.Kind == isolate.Line && c.Kept[i] {
			out = append(out, i)
		}
	}
	return out
}

type summary struct {
	runs        []int
	exact, kept int
	sizes       []int
}

func (s *summary) median() int {
	slices.Sort(s.runs)
	return s.runs[len(s.runs)/2]
}

// reduceSeeds reduces a fresh tree for each seed.
func reduceSeeds(t *testing.T, seeds int, opt isolate.ReduceOptions, p, q float64, shape [6]int, change func(*simulated, []int)) summary {
	t.Helper()
	var sum summary
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		units, needed := tree(r, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5])
		s := &simulated{units: units, culprits: [][]int{needed}, p: p, q: q, rand: r}
		if change != nil {
			change(s, needed)
		}
		red, err := isolate.Reduce(t.Context(), units, s, opt)
		if err != nil && !errors.Is(err, isolate.ErrNotSpecific) {
			t.Fatal(err)
		}
		left := lines(units, red.Kept)
		sum.runs = append(sum.runs, s.runs)
		sum.sizes = append(sum.sizes, len(left))
		if s.has(red.Kept) {
			sum.kept++
		}
		if slices.ContainsFunc(s.culprits, func(set []int) bool { return slices.Equal(left, set) }) {
			sum.exact++
		}
	}
	return sum
}
