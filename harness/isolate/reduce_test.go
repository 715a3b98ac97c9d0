package isolate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/isolate"
)

func TestReduceTree(t *testing.T) {
	small := [6]int{12, 15, 6, 3, 2, 2}
	for _, c := range []struct {
		name             string
		p, q             float64
		opt              isolate.ReduceOptions
		change           func(*simulated, []int)
		seeds            int
		maxMedian, exact int
		kept             int
	}{
		{name: "p 0.5 q 0.01", p: 0.5, q: 0.01, seeds: 40, maxMedian: 700, exact: 38, kept: 40},
		{name: "p 1, one run decides", p: 1, q: 0, opt: isolate.ReduceOptions{Single: true, Measure: 1}, seeds: 40, maxMedian: 95, exact: 40, kept: 40},
		{name: "p 1", p: 1, q: 0, seeds: 40, maxMedian: 400, exact: 40, kept: 40},
		{name: "p 0.2 q 0.01", p: 0.2, q: 0.01, opt: isolate.ReduceOptions{Measure: 40}, seeds: 20, maxMedian: 3000, exact: 15, kept: 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := reduceSeeds(t, c.seeds, c.opt, c.p, c.q, small, c.change)
			t.Logf("1,080 lines: median %d runs (most %d), exact in %d of %d, failure kept in %d", s.median(), s.runs[len(s.runs)-1], s.exact, c.seeds, s.kept)
			if s.median() > c.maxMedian || s.exact < c.exact || s.kept < c.kept {
				t.Errorf("want median <= %d, exact >= %d, kept %d; sizes %v", c.maxMedian, c.exact, c.kept, s.sizes)
			}
		})
	}
}

// TestReduceHardLabs breaks what the method assumes: one culprit set, runs that all say
// something, labs that are alike. The figures are printed; the failure must stay.
func TestReduceHardLabs(t *testing.T) {
	small := [6]int{6, 12, 5, 2, 2, 2}
	for _, c := range []struct {
		name   string
		change func(*simulated, []int)
		opt    isolate.ReduceOptions
		exact  int
	}{
		{"two culprit sets", func(s *simulated, needed []int) {
			other := slices.Clone(needed)
			for i := range other {
				other[i] = (other[i] + 13) % len(s.units)
			}
			s.culprits = append(s.culprits, other)
		}, isolate.ReduceOptions{}, 0},
		{"30 % of candidates invalid", func(s *simulated, _ []int) { s.invalid = 0.3 }, isolate.ReduceOptions{}, 0},
		{"hosts that differ threefold", func(s *simulated, _ []int) { s.hosts = []float64{1.5, 0.5} }, isolate.ReduceOptions{}, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := reduceSeeds(t, 20, c.opt, 0.5, 0.01, small, c.change)
			t.Logf("360 lines: median %d runs (most %d), exact in %d of 20, failure kept in %d, lines left %v", s.median(), s.runs[len(s.runs)-1], s.exact, s.kept, s.sizes)
			if s.kept < 20 || s.exact < c.exact {
				t.Errorf("want exact %d, kept 20", c.exact)
			}
		})
	}
}

// TestReduceDrift has six lines that are not needed, but each makes the failure rarer
// when it goes: unguarded, the result would hardly ever show it.
func TestReduceDrift(t *testing.T) {
	for _, guard := range []int{-1, 0} {
		runs, rate := 0, 0.0
		for seed := range 20 {
			r := rand.New(rand.NewPCG(uint64(seed), 5))
			units, needed := tree(r, 6, 12, 5, 2, 2, 2)
			s := &simulated{units: units, culprits: [][]int{needed}, p: 0.6, rand: r, drift: map[int]float64{}}
			for len(s.drift) < 6 {
				if u := r.IntN(len(units)); units[u].Kind == isolate.Line && !slices.Contains(needed, u) {
					s.drift[u] = 0.6
				}
			}
			red, err := isolate.Reduce(t.Context(), units, s, isolate.ReduceOptions{Guard: guard})
			if err != nil {
				t.Fatal(err)
			}
			p := 0.6
			for u, f := range s.drift {
				if !red.Kept.Kept[u] {
					p *= f
				}
			}
			if !s.has(red.Kept) {
				t.Errorf("seed %d lost the failure", seed)
			}
			runs, rate = runs+s.runs, rate+p/20
		}
		t.Logf("guard %d: mean %d runs, the result fails at a rate of %.2f (was 0.60)", guard, runs/20, rate)
		if guard == 0 && rate < 0.2 {
			t.Error("the guard let the rate fall")
		}
	}
}

func TestReduceRefusals(t *testing.T) {
	units, needed := tree(rand.New(rand.NewPCG(1, 1)), 3, 3, 3, 1, 1, 1)
	coin := func(p, q float64) *simulated {
		return &simulated{units: units, culprits: [][]int{needed}, p: p, q: q, rand: rand.New(rand.NewPCG(2, 2))}
	}
	if _, err := isolate.Reduce(t.Context(), units, coin(0, 0), isolate.ReduceOptions{}); !errors.Is(err, isolate.ErrNotReproduced) {
		t.Errorf("a case that never fails: %v", err)
	}
	if _, err := isolate.Reduce(t.Context(), units, coin(0.5, 0.4), isolate.ReduceOptions{ControlRuns: 20}); !errors.Is(err, isolate.ErrNotSpecific) {
		t.Errorf("a control that fails as well: %v", err)
	}
}

// TestReduceOneRunOfSometimes: one run decides of nothing that was measured to show only now and then.
func TestReduceOneRunOfSometimes(t *testing.T) {
	units, needed := tree(rand.New(rand.NewPCG(1, 1)), 3, 3, 3, 1, 1, 1)
	s := &simulated{units: units, culprits: [][]int{needed}, p: 0.5, rand: rand.New(rand.NewPCG(2, 2))}
	red, err := isolate.Reduce(t.Context(), units, s, isolate.ReduceOptions{Single: true, Measure: 8, ControlRuns: 5})
	sometimes, ok := errors.AsType[*isolate.SometimesError](err)
	if !ok || sometimes.Measured.Misses == 0 || sometimes.Measured.Hits == 0 || sometimes.Measured.Valid() != 8 {
		t.Fatalf("%v", err)
	}
	if red.Complete || len(red.Needed) > 0 || red.Kept.Size() != isolate.Whole(units).Size() || s.runs != 8 {
		t.Errorf("after %d runs it was cut to %d of %d, %+v", s.runs, red.Kept.Size(), len(units), red.Needed)
	}
}

// TestReduceBudget: the runs together stay within the budget, whatever level it ends in,
// and a run that takes longer than those before is broken off.
func TestReduceBudget(t *testing.T) {
	units, needed := tree(rand.New(rand.NewPCG(1, 1)), 3, 3, 3, 1, 1, 1)
	for _, budget := range []time.Duration{time.Second, 5 * time.Minute, 15*time.Minute + time.Second, 20 * time.Minute} {
		s := &simulated{units: units, culprits: [][]int{needed}, p: 1, rand: rand.New(rand.NewPCG(2, 2))}
		red, err := isolate.Reduce(t.Context(), units, s, isolate.ReduceOptions{Budget: budget})
		spent := 0.0
		for _, l := range red.Levels {
			spent += l.Seconds
		}
		want := budget.Seconds()
		if budget < 30*time.Second {
			want = 30 // nobody knows how long the first takes
		}
		if err != nil || red.Complete || spent > want || spent < want-30 {
			t.Errorf("a budget of %s: %.0f s spent, complete %v, %v", budget, spent, red.Complete, err)
		}
	}
	s := &simulated{units: units, culprits: [][]int{needed}, p: 1, rand: rand.New(rand.NewPCG(2, 2))}
	stuck := &stuckOracle{simulated: s, after: 25}
	red, err := isolate.Reduce(t.Context(), units, stuck, isolate.ReduceOptions{Budget: 25*quick + 15*time.Millisecond})
	if err != nil || red.Complete || stuck.cut != 1 {
		t.Errorf("a run that hangs: complete %v, %d were broken off, %v", red.Complete, stuck.cut, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := isolate.Reduce(ctx, units, &stuckOracle{simulated: s}, isolate.ReduceOptions{Budget: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, and not over its budget: %v", err)
	}
}

const quick = 10 * time.Millisecond

// stuckOracle hangs after a number of runs, until somebody breaks it off.
type stuckOracle struct {
	*simulated
	after, cut int
}

func (s *stuckOracle) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	if s.runs < s.after {
		results, err := s.simulated.Try(ctx, c, n)
		for i := range results {
			results[i].Took = quick
		}
		return results, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, errors.New("nobody breaks it off")
	}
	<-ctx.Done()
	s.cut++
	return nil, ctx.Err()
}

// TestReduceResumes kills a reduction after every so many runs, and goes on: the result
// and the ledger are those of one that was left alone.
func TestReduceResumes(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	units, needed := tree(rand.New(rand.NewPCG(1, 1)), 4, 5, 4, 2, 1, 2)
	// An outcome is a function of the candidate and the number of the run, as the next
	// process knows nothing of this one's coins.
	coins := func() *replayed { return &replayed{units: units, needed: needed, given: map[string]int{}} }
	reduce := func(path string, cut int) (*isolate.Reduction, error) {
		c := coins()
		c.left = cut
		r, err := isolate.NewRecorder(path, "", units, c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		maps.Copy(c.given, r.Written())
		return isolate.Reduce(t.Context(), units, r, isolate.ReduceOptions{})
	}
	want, err := reduce(whole, -1)
	if err != nil {
		t.Fatal(err)
	}
	pieces := filepath.Join(t.TempDir(), "pieces")
	var got *isolate.Reduction
	kills := 0
	for err = errCut; errors.Is(err, errCut); kills++ {
		got, err = reduce(pieces, 7)
		// The next piece begins with a line that was being written.
		f, ferr := os.OpenFile(pieces, os.O_APPEND|os.O_WRONLY, 0)
		if ferr != nil {
			t.Fatal(ferr)
		}
		fmt.Fprint(f, `{"seq":9`)
		_ = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%+v\n%+v", want, got)
	}
	a, _ := os.ReadFile(whole)
	b, _ := os.ReadFile(pieces)
	if !bytes.Equal(a, bytes.TrimSuffix(b, []byte(`{"seq":9`))) {
		t.Error("the ledgers differ")
	}
	t.Logf("killed %d times in %d runs", kills-1, got.Runs())
}

var errCut = errors.New("killed")

type replayed struct {
	units  []isolate.Unit
	needed []int
	given  map[string]int
	left   int
}

func (c *replayed) Vet(context.Context, isolate.Candidate) error { return nil }

func (c *replayed) Try(_ context.Context, cand isolate.Candidate, n int) ([]isolate.Result, error) {
	var out []isolate.Result
	for range n {
		if c.left == 0 {
			return out, errCut
		}
		c.left--
		key := cand.Key(c.units)
		c.given[key]++
		h := fnv.New32()
		fmt.Fprint(h, key, c.given[key])
		o := isolate.Miss
		if !slices.ContainsFunc(c.needed, func(u int) bool { return !cand.Kept[u] }) && h.Sum32()%10 < 6 {
			o = isolate.Hit
		}
		out = append(out, isolate.Result{Outcome: o, Took: time.Second})
	}
	return out, nil
}
