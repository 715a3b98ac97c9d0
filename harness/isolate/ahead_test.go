package isolate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/stats"
)

// timedLabs are labs whose runs take time. What a run comes to is a function of the candidate and of the
// number of the run, so that it is the same whichever lab it is in and whenever it begins.
type timedLabs struct {
	units     []isolate.Unit
	needed    []int        // by the failure
	timers    []int        // lines without which baselines take long
	broken    []int        // lines without which no baseline comes
	refused   map[int]bool // units without which there is no candidate
	without   map[int]bool // versions that cannot be run
	firstBad  int          // of versions
	p, q      float64
	seed      uint64
	hit, miss time.Duration // that a run takes, with the baseline
	long      float64       // share of runs that take ten times as long
	fails     float64       // share of runs that cannot be carried out the first time

	takes map[int]time.Duration // by the number of the run

	mu     sync.Mutex
	inside map[int]bool
	most   int // runs side by side
	runs   int // that were begun
	tried  map[string]int
}

func (l *timedLabs) Vet(ctx context.Context, c isolate.Candidate) error {
	for u := range l.refused {
		if !c.Kept[u] {
			return fmt.Errorf("no case without %s", l.units[u].ID)
		}
	}
	for u := range l.without {
		if c.Kept[u] {
			return fmt.Errorf("no %s", l.units[u].ID)
		}
	}
	return ctx.Err()
}

var errOnce = errors.New("it cannot be carried out this time")

// chances gives shares that are a function of a run.
func (l *timedLabs) chances(c isolate.Candidate, nth int) *rand.Rand {
	h := fnv.New64()
	fmt.Fprint(h, c.Key(l.units), nth)
	return rand.New(rand.NewPCG(l.seed, h.Sum64()))
}

func (l *timedLabs) Run(ctx context.Context, lab int, c isolate.Candidate, nth int) (isolate.Result, error) {
	r := l.chances(c, nth)
	l.mu.Lock()
	if l.inside == nil {
		l.inside, l.tried = map[int]bool{}, map[string]int{}
	}
	if l.inside[lab] {
		panic(fmt.Sprint("two runs in lab ", lab))
	}
	l.inside[lab] = true
	l.runs++
	l.most = max(l.most, len(l.inside))
	name := fmt.Sprint(c.Key(l.units), nth)
	l.tried[name]++
	first := l.tried[name] == 1
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.inside, lab)
		l.mu.Unlock()
	}()
	gone := func(u int) bool { return !c.Kept[u] }
	baseline := time.Duration(math.Exp(r.NormFloat64()*0.3) * float64(l.hit) / 10)
	if slices.ContainsFunc(l.timers, gone) {
		baseline *= 10
	}
	out := isolate.Result{Outcome: isolate.Miss, Took: l.miss + baseline, Baseline: baseline, Where: fmt.Sprint(c.Key(l.units), "/", nth)}
	p := l.q
	if !c.Control && !slices.ContainsFunc(l.needed, gone) && (l.firstBad == 0 || slices.Index(c.Kept, true) >= l.firstBad) {
		p = l.p
	}
	if r.Float64() < p {
		out.Outcome, out.Took = isolate.Hit, l.hit+baseline
	}
	if r.Float64() < l.long {
		out.Took *= 10
	}
	if took := l.takes[nth]; took > 0 {
		out.Took = took
	}
	window := 20 * l.hit
	switch {
	case slices.ContainsFunc(l.broken, gone) || c.Patience > 0 && baseline > c.Patience:
		if c.Patience > 0 {
			window = min(c.Patience, window)
		}
		out = isolate.Result{Outcome: isolate.Invalid, Reason: "no baseline", Took: window, GaveUp: c.Patience > 0}
	case r.Float64() < 0.02:
		out.Outcome, out.Reason = isolate.Other, "another"
	}
	if first && r.Float64() < l.fails && c.Size() < len(l.units) {
		return isolate.Result{}, errOnce
	}
	timer := time.NewTimer(out.Took)
	defer timer.Stop()
	select {
	case <-timer.C:
		return out, nil
	case <-ctx.Done():
		return isolate.Result{}, context.Cause(ctx)
	}
}

// serial is an oracle of one lab that tries nothing ahead.
type serial struct {
	*timedLabs
	given map[string]int
}

func (s serial) Try(ctx context.Context, c isolate.Candidate, n int) (out []isolate.Result, err error) {
	for range n {
		key := c.Key(s.units)
		r, err := s.Run(ctx, 1, c, s.given[key]+1)
		if err != nil {
			return out, err
		}
		s.given[key]++
		out = append(out, r)
	}
	return out, nil
}

// drawn is a search and its labs, as rapid drew them.
type drawn struct {
	labs   *timedLabs
	search func(ctx context.Context, o isolate.Oracle) (any, error)
}

func (d drawn) ahead(number int) *isolate.Ahead {
	return isolate.NewAhead(d.labs, number, d.labs.units, func(ctx context.Context, o isolate.Oracle) { _, _ = d.search(ctx, o) })
}

// alone carries the search out without trying anything ahead.
func (d drawn) alone(t *testing.T, path string) any {
	t.Helper()
	rec, err := isolate.NewRecorder(path, "", d.labs.units, serial{d.labs, map[string]int{}})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close() //nolint:errcheck // it is read afterwards
	out, err := d.search(t.Context(), rec)
	return []any{out, fmt.Sprint(err)}
}

func drawReduction(t *rapid.T) drawn {
	seed := rapid.Uint64().Draw(t, "seed")
	r := rand.New(rand.NewPCG(seed, 7))
	units, needed := tree(r, rapid.IntRange(2, 4).Draw(t, "nodes"), rapid.IntRange(1, 3).Draw(t, "stanzas"), rapid.IntRange(1, 4).Draw(t, "lines"), 2, 1, 1)
	l := &timedLabs{
		units: units, needed: needed, seed: seed, p: rapid.SampledFrom([]float64{1, 0.9, 0.5}).Draw(t, "p"), q: rapid.SampledFrom([]float64{0, 0.02}).Draw(t, "q"),
		hit: time.Second, miss: rapid.SampledFrom([]time.Duration{time.Second, 3 * time.Second, 300 * time.Millisecond}).Draw(t, "miss"), refused: map[int]bool{},
	}
	for range rapid.IntRange(0, 4).Draw(t, "odd units") {
		switch u := r.IntN(len(units)); r.IntN(3) {
		case 0:
			l.timers = append(l.timers, u)
		case 1:
			l.broken = append(l.broken, u)
		default:
			l.refused[u] = true
		}
	}
	opt := isolate.ReduceOptions{
		Measure: rapid.IntRange(1, 12).Draw(t, "measure"), ControlRuns: rapid.IntRange(0, 6).Draw(t, "controls"), Single: rapid.Bool().Draw(t, "single"),
		Guard: rapid.SampledFrom([]int{-1, 0, 3}).Draw(t, "guard"),
	}
	if rapid.Bool().Draw(t, "bounded") {
		opt.Budget, l.long = time.Duration(rapid.IntRange(1, 400).Draw(t, "budget"))*997*time.Millisecond, 0.1
	}
	return drawn{l, func(ctx context.Context, o isolate.Oracle) (any, error) { return isolate.Reduce(ctx, units, o, opt) }}
}

func drawBisection(t *rapid.T) drawn {
	seed := rapid.Uint64().Draw(t, "seed")
	versions := line(rapid.IntRange(2, 20).Draw(t, "versions"))
	units := isolate.VersionUnits(versions)
	l := &timedLabs{
		units: units, seed: seed, p: rapid.SampledFrom([]float64{1, 0.5, 0.2}).Draw(t, "p"), q: rapid.SampledFrom([]float64{0, 0.02}).Draw(t, "q"),
		hit: time.Second, miss: 2 * time.Second, without: map[int]bool{},
	}
	r := rand.New(rand.NewPCG(seed, 3))
	for range rapid.IntRange(0, 3).Draw(t, "odd versions") {
		l.without[r.IntN(len(units))] = true
	}
	l.firstBad = 1 + r.IntN(len(units))
	opt := isolate.BisectOptions{Confidence: rapid.SampledFrom([]float64{0.9, 0.99}).Draw(t, "confidence"), OneSided: rapid.Bool().Draw(t, "one-sided"), Cap: 120}
	return drawn{l, func(ctx context.Context, o isolate.Oracle) (any, error) { return isolate.Bisect(ctx, versions, o, opt) }}
}

// TestAheadComesToTheSame: whatever is tried ahead, in however many labs, the ledger and the result are
// those of a search that tries nothing ahead; also where runs that were tried ahead cannot be carried out, and
// where the search is broken off at any moment and goes on.
func TestAheadComesToTheSame(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rapid.T) drawn{"reduce": drawReduction, "bisect": drawBisection} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			saved, gone := 0, 0
			rapid.Check(t, func(rt *rapid.T) {
				d := draw(rt)
				number := rapid.SampledFrom([]int{1, 3, 4}).Draw(rt, "labs")
				cuts := rapid.SliceOfN(rapid.IntRange(1, 60_000), 0, 6).Draw(rt, "broken off after ms")
				fails := rapid.SampledFrom([]float64{0, 0, 0.05}).Draw(rt, "share that fails once")
				var wrong string
				synctest.Test(t, func(t *testing.T) {
					dir := t.TempDir()
					want := d.alone(t, filepath.Join(dir, "alone"))
					d.labs.fails, d.labs.tried = fails, map[string]int{}
					var got any
					for pieces := 0; got == nil; pieces++ {
						a := d.ahead(number)
						a.OnSpent = func(s isolate.Spent) {
							if s.Why == "" {
								saved++
							} else {
								gone++
							}
						}
						rec, err := isolate.NewRecorder(filepath.Join(dir, "pieces"), "", d.labs.units, a)
						if err != nil {
							t.Fatal(err)
						}
						ctx, cancel := context.WithCancel(t.Context())
						if pieces < len(cuts) {
							ctx, cancel = context.WithTimeout(t.Context(), time.Duration(cuts[pieces])*time.Millisecond)
						}
						out, err := d.search(ctx, rec)
						if ctx.Err() == nil && !errors.Is(err, errOnce) {
							got = []any{out, fmt.Sprint(err)}
						}
						cancel()
						a.Close()
						if err := rec.Close(); err != nil {
							t.Fatal(err)
						}
						if len(d.labs.inside) > 0 {
							t.Fatal("runs are under way after the end")
						}
					}
					one, err := os.ReadFile(filepath.Join(dir, "alone"))
					two, err2 := os.ReadFile(filepath.Join(dir, "pieces"))
					if err := errors.Join(err, err2); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(one, two) {
						wrong = "the ledgers differ:\n" + cmp.Diff(string(one), string(two))
					} else if !reflect.DeepEqual(want, got) {
						wrong = fmt.Sprintf("%+v\n%+v", want, got)
					}
				})
				if d.labs.most > number {
					wrong = fmt.Sprintf("%d runs side by side in %d labs", d.labs.most, number)
				}
				if wrong != "" {
					rt.Fatal(wrong)
				}
			})
			t.Logf("%d runs that were tried ahead were asked for, %d were thrown away", saved, gone)
			if saved == 0 || gone == 0 {
				t.Error("nothing was tried ahead")
			}
		})
	}
}

// fork is a search of three candidates: after the first it asks for the second where that hit, and else for
// the third.
func fork(ctx context.Context, o isolate.Oracle) ([]isolate.Result, error) {
	units := forkUnits()
	ask := func(i int) ([]isolate.Result, error) {
		c := isolate.Whole(units)
		c.Kept[i] = false
		c.Outlook.Hit = 0.9
		return o.Try(ctx, c, 1)
	}
	first, err := ask(0)
	if err != nil {
		return first, err
	}
	next := 2
	if first[0].Outcome == isolate.Hit {
		next = 1
	}
	more, err := ask(next)
	return append(first, more...), err
}

func forkUnits() []isolate.Unit {
	return []isolate.Unit{{ID: "first", Parent: -1}, {ID: "second", Parent: -1}, {ID: "third", Parent: -1}}
}

// forkLabs tell a test which candidate runs: the index of what it lacks.
type forkLabs func(ctx context.Context, candidate int) (isolate.Result, error)

func (forkLabs) Vet(context.Context, isolate.Candidate) error { return nil }

func (f forkLabs) Run(ctx context.Context, _ int, c isolate.Candidate, _ int) (isolate.Result, error) {
	return f(ctx, slices.Index(c.Kept, false))
}

// What the search does not come to is broken off at once, and what it asks for instead begins at once, though
// what was broken off takes its time to end.
func TestAheadBreaksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		began, broken := map[int]time.Duration{}, time.Duration(0)
		labs := forkLabs(func(ctx context.Context, candidate int) (isolate.Result, error) {
			mu.Lock()
			began[candidate] = time.Since(start)
			mu.Unlock()
			if candidate == 1 {
				<-ctx.Done()
				broken = time.Since(start)
				<-time.After(time.Minute)
				return isolate.Result{Where: "there"}, context.Cause(ctx)
			}
			<-time.After(2 * time.Second)
			return isolate.Result{Outcome: isolate.Miss, Took: 2 * time.Second}, nil
		})
		a := isolate.NewAhead(labs, 2, forkUnits(), func(ctx context.Context, o isolate.Oracle) { _, _ = fork(ctx, o) })
		var spent []isolate.Spent
		a.OnSpent = func(s isolate.Spent) { spent = append(spent, s) }
		out, err := fork(t.Context(), a)
		if err != nil || len(out) != 2 || time.Since(start) != 4*time.Second {
			t.Fatalf("%+v, %v, after %s", out, err, time.Since(start))
		}
		a.Close()
		if began[1] != 0 || broken != 2*time.Second || began[2] != 2*time.Second {
			t.Errorf("the likely one began at %s and was broken off at %s, the other began at %s", began[1], broken, began[2])
		}
		if len(spent) != 1 || spent[0].Why == "" || spent[0].Where != "there" || spent[0].Took != 62*time.Second || spent[0].Gained != 0 {
			t.Errorf("%+v", spent)
		}
	})
}

// slowVet is labs that take their time to say whether a candidate can be tried.
type slowVet struct{ forkLabs }

func (slowVet) Vet(ctx context.Context, _ isolate.Candidate) error {
	<-time.After(time.Second)
	return ctx.Err()
}

// An idle lab waits for a likely candidate that is being vetted, and does not take an unlikely one meanwhile.
func TestAheadWaitsForTheLikelier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		began := map[int]time.Duration{}
		labs := slowVet{func(ctx context.Context, candidate int) (isolate.Result, error) {
			mu.Lock()
			began[candidate] = time.Since(start)
			mu.Unlock()
			select {
			case <-time.After(2 * time.Second):
				return isolate.Result{Outcome: isolate.Hit, Took: 2 * time.Second}, nil
			case <-ctx.Done():
				return isolate.Result{}, context.Cause(ctx)
			}
		}}
		search := func(ctx context.Context, o isolate.Oracle) ([]isolate.Result, error) {
			return fork(ctx, vetSecond{o})
		}
		a := isolate.NewAhead(labs, 2, forkUnits(), func(ctx context.Context, o isolate.Oracle) { _, _ = search(ctx, o) })
		out, err := search(t.Context(), a)
		a.Close()
		if _, third := began[2]; err != nil || len(out) != 2 || began[1] != time.Second || third || time.Since(start) != 3*time.Second {
			t.Errorf("%+v, %v; began %v, over after %s", out, err, began, time.Since(start))
		}
	})
}

// vetSecond asks whether the second candidate of a fork can be tried, and of no other.
type vetSecond struct{ isolate.Oracle }

func (v vetSecond) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	if !c.Kept[1] {
		if err := v.Vet(ctx, c); err != nil {
			return nil, err
		}
	}
	return v.Oracle.Try(ctx, c, n)
}

// A run that could not be carried out ahead is carried out once more when it is asked for.
func TestAheadTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		tries := map[int]int{}
		labs := forkLabs(func(_ context.Context, candidate int) (isolate.Result, error) {
			mu.Lock()
			tries[candidate]++
			n := tries[candidate]
			mu.Unlock()
			<-time.After(time.Duration(2-candidate) * time.Second)
			if candidate == 1 && n == 1 {
				return isolate.Result{}, errOnce
			}
			return isolate.Result{Outcome: isolate.Hit, Took: time.Second}, nil
		})
		a := isolate.NewAhead(labs, 2, forkUnits(), func(ctx context.Context, o isolate.Oracle) { _, _ = fork(ctx, o) })
		var spent []isolate.Spent
		a.OnSpent = func(s isolate.Spent) { spent = append(spent, s) }
		out, err := fork(t.Context(), a)
		a.Close()
		if err != nil || len(out) != 2 || tries[1] != 2 {
			t.Errorf("%+v, %v; %v", out, err, tries)
		}
		if len(spent) == 0 || !strings.Contains(spent[0].Why, errOnce.Error()) {
			t.Errorf("%+v", spent)
		}
	})
}

// TestAheadFavoursNoOutcome: of a candidate that was tried ahead, out of sight, and asked for after all, hits that
// are over long before misses are no more often than their rate is.
func TestAheadFavoursNoOutcome(t *testing.T) {
	t.Parallel()
	const rounds = 400
	coins := rand.New(rand.NewPCG(1, 2))
	hits, again := 0, 0
	search := func(ctx context.Context, o isolate.Oracle) (out []isolate.Result, err error) {
		if out, err = fork(ctx, o); err == nil && out[1].Outcome == isolate.Other { // which nobody expects
			c := isolate.Whole(forkUnits())
			c.Kept[1] = false
			out, err = o.Try(ctx, c, 1)
		}
		return out, err
	}
	for range rounds {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			labs := forkLabs(func(ctx context.Context, candidate int) (isolate.Result, error) {
				out := isolate.Result{Took: 2 * time.Second, Outcome: []isolate.Outcome{isolate.Miss, isolate.Miss, isolate.Other}[candidate]}
				if candidate == 1 {
					tries++
					out.Took = 10 * time.Second
					if coins.IntN(2) == 0 {
						out.Outcome, out.Took = isolate.Hit, time.Second
					}
				}
				select {
				case <-time.After(out.Took):
					return out, nil
				case <-ctx.Done():
					return isolate.Result{}, context.Cause(ctx)
				}
			})
			a := isolate.NewAhead(labs, 2, forkUnits(), func(ctx context.Context, o isolate.Oracle) { _, _ = search(ctx, o) })
			out, err := search(t.Context(), a)
			a.Close()
			if err != nil || len(out) != 1 {
				t.Fatal(out, err)
			}
			if out[0].Outcome == isolate.Hit {
				hits++
			}
			if tries > 1 {
				again++
			}
		})
	}
	w := stats.ClopperPearson(hits, rounds)
	t.Logf("%d of %d hit: [%.2f, %.2f]; in %d the run had been thrown away", hits, rounds, w[0], w[1], again)
	if w[0] > 0.5 || w[1] < 0.5 || again != rounds {
		t.Error("want half of them, of runs that were all tried again")
	}
}

// TestAheadBudget: a run that was over before it was asked for, and took longer than was left, ends the search as
// it would have while it ran.
func TestAheadBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		units, needed := tree(rand.New(rand.NewPCG(1, 1)), 2, 1, 1, 1, 1, 1)
		l := &timedLabs{units: units, needed: needed, p: 1, hit: time.Second, miss: time.Second, takes: map[int]time.Duration{5: 30 * time.Second, 6: 20 * time.Second}}
		opt := isolate.ReduceOptions{Measure: 12, Budget: 50 * time.Second}
		dir := t.TempDir()
		d := drawn{l, func(ctx context.Context, o isolate.Oracle) (any, error) { return isolate.Reduce(ctx, units, o, opt) }}
		want := d.alone(t, filepath.Join(dir, "alone"))
		a := d.ahead(2)
		out, err := d.search(t.Context(), a)
		a.Close()
		if got := []any{out, fmt.Sprint(err)}; !reflect.DeepEqual(want, got) {
			t.Errorf("%+v, %v", got, want)
		}
		if out := out.(*isolate.Reduction); out.Complete || out.Runs() != 5 {
			t.Errorf("%d runs, complete %v", out.Runs(), out.Complete)
		}
	})
}

// TestAheadSpeed: four labs make a search of runs of 2 s at least 2.5 times faster than one, by the clock of
// the simulation.
func TestAheadSpeed(t *testing.T) {
	t.Parallel()
	for _, p := range []float64{1, 0.5} {
		took := map[int]time.Duration{}
		used, thrown := 0, 0
		for _, number := range []int{1, 4} {
			for seed := range uint64(3) {
				synctest.Test(t, func(t *testing.T) {
					l, opt := searchOf2s(seed, p, time.Second)
					a := isolate.NewAhead(l, number, l.units, opt.Search(l.units))
					a.OnSpent = func(s isolate.Spent) {
						if s.Why == "" {
							used++
						} else {
							thrown++
						}
					}
					began := time.Now()
					if _, err := isolate.Reduce(t.Context(), l.units, a, opt); err != nil {
						t.Fatal(err)
					}
					took[number] += time.Since(began)
					a.Close()
				})
			}
		}
		gain := float64(took[1]) / float64(took[4])
		t.Logf("fails at a rate of %.1f: %s in one lab, %s in four: %.2f times faster; %d runs were tried ahead, and %d more thrown away", p, took[1].Round(time.Second), took[4].Round(time.Second), gain, used, thrown)
		if gain < 2.5 {
			t.Error("want 2.5 times")
		}
	}
}

// searchOf2s is a search of runs that take 2 s, or as much shorter as a second is.
func searchOf2s(seed uint64, p float64, second time.Duration) (*timedLabs, isolate.ReduceOptions) {
	r := rand.New(rand.NewPCG(seed, 7))
	units, needed := tree(r, 6, 4, 5, 2, 2, 1)
	l := &timedLabs{units: units, needed: needed, seed: seed, p: p, hit: 18 * second / 10, miss: 18 * second / 10}
	return l, isolate.ReduceOptions{Measure: 10, ControlRuns: 5}
}
