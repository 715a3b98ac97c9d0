package experiment_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

func TestStopRule(t *testing.T) {
	sprt := &stats.SPRT{P0: 0.05, P1: 0.5, Alpha: 0.05, Beta: 0.05}
	for _, tt := range []struct {
		name                 string
		rule                 experiment.StopRule
		hits, misses, trials int
		want                 result.Stop
	}{
		{"runs, not yet", experiment.StopRule{Runs: 3}, 2, 0, 2, result.GoOn},
		{"runs", experiment.StopRule{Runs: 3}, 2, 0, 3, result.StopRuns},
		{"no trial has a width", experiment.StopRule{Width: 1, Cap: 9}, 0, 0, 2, result.GoOn},
		{"width", experiment.StopRule{Width: 0.3, Cap: 99}, 10, 0, 10, result.StopWidth},
		{"width, not yet", experiment.StopRule{Width: 0.3, Cap: 99}, 5, 5, 10, result.GoOn},
		{"width, bound", experiment.StopRule{Width: 0.3, Cap: 10}, 5, 5, 10, result.StopCap},
		{"high", experiment.StopRule{SPRT: sprt, Cap: 99}, 2, 0, 2, result.StopHigh},
		{"low", experiment.StopRule{SPRT: sprt, Cap: 99}, 0, 6, 6, result.StopLow},
		{"undecided", experiment.StopRule{SPRT: sprt, Cap: 6}, 0, 3, 6, result.StopCap},
	} {
		if got := tt.rule.Decide(tt.hits, tt.misses, tt.trials); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// entries makes a ledger of trials whose hits come by the rate given.
func entries(n int, rate func(i int, e *evidence.Entry) float64, r *rand.Rand) []evidence.Entry {
	out := make([]evidence.Entry, n)
	for i := range out {
		e := &out[i]
		*e = evidence.Entry{Trial: i + 1, Lab: 1 + i%2, Cold: i < 2, Started: time.Unix(int64(i), 0), Verdict: evidence.NotReproduced}
		if r.Float64() < rate(i, e) {
			e.Verdict = evidence.Reproduced
		}
	}
	return out
}

func TestDependences(t *testing.T) {
	for _, tt := range []struct {
		name, on string
		rate     func(i int, e *evidence.Entry) float64
	}{
		{"on the lab", "lab", func(_ int, e *evidence.Entry) float64 { return []float64{0.9, 0.1}[e.Lab-1] }},
		{"on the host", "host", func(i int, e *evidence.Entry) float64 {
			e.Host, e.Lab = []string{"left", "right"}[i/2%2], 1+i/4%2
			return map[string]float64{"left": 0.95, "right": 0.05}[e.Host]
		}},
		{"on time", "time", func(i int, _ *evidence.Entry) float64 { return []float64{0.9, 0.1}[i/20] }},
		{"on repeating in place", "repetition", func(i int, e *evidence.Entry) float64 {
			if e.Cold = i%2 == i/2%2; e.Cold {
				return 0.9
			}
			return 0.1
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, others := 0, 0
			const seeds = 400
			for seed := range uint64(seeds) {
				for _, d := range experiment.Dependences(entries(40, tt.rate, rand.New(rand.NewPCG(seed, 1)))) {
					if d.Differs && d.On == tt.on {
						found++
					} else if d.Differs && (tt.on != "host" || d.On != "lab") { // labs are those of one host each
						others++
					}
				}
			}
			t.Logf("found in %d of %d, another one claimed in %d", found, seeds, others)
			if found < seeds*95/100 || others > seeds*5/100 {
				t.Error("it is not told")
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		for _, p := range []float64{0.1, 0.5, 0.9} {
			const seeds = 1000
			wrong := 0
			for seed := range uint64(seeds) {
				for _, d := range experiment.Dependences(entries(40, func(int, *evidence.Entry) float64 { return p }, rand.New(rand.NewPCG(seed, 2)))) {
					if d.Differs {
						wrong++
						break
					}
				}
			}
			t.Logf("rate %.1f: a dependence that is not there is claimed in %.1f %%", p, 100*float64(wrong)/seeds)
			if wrong > seeds*5/100 {
				t.Errorf("%d of %d", wrong, seeds)
			}
		}
	})
	if d := experiment.Dependences(nil); len(d) != 0 {
		t.Errorf("%v of nothing", d)
	}
}

func TestChooseReset(t *testing.T) {
	arm := func(reset string, k, n int, took time.Duration) result.ResetArm {
		return result.ResetArm{Reset: reset, Share: result.NewProportion(reset, k, n), Took: took}
	}
	for _, tt := range []struct {
		name string
		cold result.ResetArm
		want string
	}{
		{"the cheapest that is alike", arm("redeploy", 10, 20, 9*time.Second), "config"},
		{"nothing to compare", arm("redeploy", 0, 20, 9*time.Second), ""},
		{"too few", arm("redeploy", 9, 19, 9*time.Second), ""},
		{"redeploy is the quickest", arm("redeploy", 10, 20, time.Second), "redeploy"},
	} {
		got, arms := experiment.ChooseReset(tt.cold, []result.ResetArm{
			arm("none", 1, 20, time.Second), arm("config", 9, 20, 3*time.Second), arm("daemons", 10, 20, 5*time.Second), arm("daemons", 5, 10, time.Second),
		}, 20)
		if got != tt.want {
			t.Errorf("%s: %q, want %q: %+v", tt.name, got, tt.want, arms)
		}
	}
}
