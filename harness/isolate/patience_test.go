package isolate_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/isolate"
)

// slowLab is an oracle whose baselines take time, and do not come where a line is missing
// that they need.
type slowLab struct {
	units   []isolate.Unit
	needed  []int // by the failure
	needs   []int // by the baseline
	timers  []int // lines that make it quick
	factor  float64
	window  time.Duration
	patient bool // waits for the whole window whatever it is told
	rand    *rand.Rand
	gaveUp  int
}

func (s *slowLab) Vet(context.Context, isolate.Candidate) error { return nil }

func (s *slowLab) Try(_ context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	var out []isolate.Result
	gone := func(u int) bool { return !c.Kept[u] }
	for range n {
		limit := s.window
		if c.Patience > 0 && !s.patient {
			limit = min(limit, c.Patience)
		}
		// Times have a long tail, and the failure shows where they are long.
		long := math.Exp(s.rand.NormFloat64() * 0.4)
		took := time.Duration(long * float64(3*time.Second))
		if slices.ContainsFunc(s.timers, gone) {
			took = time.Duration(float64(took) * s.factor)
		}
		if slices.ContainsFunc(s.needs, gone) || took > limit {
			gaveUp := limit < s.window
			if gaveUp {
				s.gaveUp++
			}
			out = append(out, isolate.Result{Outcome: isolate.Invalid, Took: 3*time.Second + limit, GaveUp: gaveUp})
			continue
		}
		o := isolate.Miss
		if !c.Control && !slices.ContainsFunc(s.needed, gone) && (long > 1.2 || s.rand.Float64() < 0.6) {
			o = isolate.Hit
		}
		out = append(out, isolate.Result{Outcome: o, Took: 3*time.Second + took + 10*time.Second, Baseline: took})
	}
	return out, nil
}

// TestReducePatience: runs that give up early lose neither the failure nor a part that
// could go, though the failure shows where baselines are slow, and without some lines
// they take fourteen times as long as any that was measured.
func TestReducePatience(t *testing.T) {
	const seeds = 30
	type sum struct {
		kept, timers, needs, lines int
		took                       time.Duration
	}
	reduce := func(patient bool) (s sum, gaveUp int) {
		for seed := range uint64(seeds) {
			r := rand.New(rand.NewPCG(seed, 11))
			units, needed := tree(r, 6, 12, 5, 2, 2, 2)
			var all []int
			for i, u := range units {
				if u.Kind == isolate.Line && !slices.Contains(needed, i) {
					all = append(all, i)
				}
			}
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			lab := &slowLab{units: units, needed: needed, needs: all[:20], timers: all[20:24], factor: 14, window: 120 * time.Second, patient: patient, rand: r}
			red, err := isolate.Reduce(t.Context(), units, lab, isolate.ReduceOptions{ControlRuns: 5})
			if err != nil {
				t.Fatal(err)
			}
			left := lines(units, red.Kept)
			count := func(set []int) (n int) {
				for _, u := range set {
					if slices.Contains(left, u) {
						n++
					}
				}
				return n
			}
			if count(needed) == len(needed) {
				s.kept++
			}
			s.timers += count(lab.timers)
			s.needs += count(lab.needs)
			s.lines += len(left)
			for _, l := range red.Levels {
				s.took += time.Duration(l.Seconds * float64(time.Second))
			}
			gaveUp += lab.gaveUp
		}
		return s, gaveUp
	}
	whole, _ := reduce(true)
	learned, gaveUp := reduce(false)
	t.Logf("whole window: failure kept in %d of %d, %d of %d slow lines left, %d lines, %s", whole.kept, seeds, whole.timers, 4*seeds, whole.lines, (whole.took / seeds).Round(time.Minute))
	t.Logf("learned:      failure kept in %d of %d, %d of %d slow lines left, %d lines, %s; %d runs gave up", learned.kept, seeds, learned.timers, 4*seeds, learned.lines, (learned.took / seeds).Round(time.Minute), gaveUp)
	if learned.kept != seeds || learned.timers > whole.timers+2 || learned.needs != 20*seeds || learned.lines > whole.lines*11/10 {
		t.Errorf("something was lost: %+v, with the whole window %+v", learned, whole)
	}
	if gaveUp == 0 || learned.took > whole.took*3/4 {
		t.Errorf("nothing was saved: %s of %s, %d runs gave up", learned.took, whole.took, gaveUp)
	}
}
