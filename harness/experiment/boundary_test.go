package experiment_test

import (
	"math"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// A rule stops when what it asks for is reached, not a trial later, and says how many trials it
// can ask for.
func TestStopRuleBoundaries(t *testing.T) {
	w := stats.Wilson(5, 10)
	exact := experiment.StopRule{Width: w[1] - w[0], Cap: 99}
	if got := exact.Decide(5, 5, 12); got != result.StopWidth {
		t.Errorf("an interval as wide as asked for: %q", got)
	}
	if got := exact.Decide(5, 4, 12); got != result.GoOn {
		t.Errorf("a wider one: %q", got)
	}
	for _, tt := range []struct {
		rule experiment.StopRule
		want int
	}{{experiment.StopRule{Runs: 3, Cap: 9}, 3}, {experiment.StopRule{Width: 0.1, Cap: 9}, 9}} {
		if got := tt.rule.Limit(); got != tt.want {
			t.Errorf("%+v asks for up to %d", tt.rule, got)
		}
	}
	for confidence, want := range map[float64]int{0.95: 3, 0.99: 5} {
		if got := experiment.PairsNeeded(confidence); got != want || !stats.CleanPairs(got, got, confidence) || stats.CleanPairs(got-1, got-1, confidence) {
			t.Errorf("%d pairs at %.2f", got, confidence)
		}
	}
}

// Only valid trials are compared: halves of time are halves of them. Three labs are each held
// against the rest, and what that finds by itself is taken into account, as is the number of
// tests.
func TestDependencesCountValidTrials(t *testing.T) {
	var list []evidence.Entry
	add := func(lab, k, n, void int) {
		for i := range n + void {
			e := evidence.Entry{Lab: lab, Started: time.Unix(int64(len(list)), 0), Verdict: evidence.NotReproduced}
			switch {
			case i >= n:
				e.Verdict = evidence.Inconclusive
			case i < k:
				e.Verdict = evidence.Reproduced
			}
			list = append(list, e)
		}
	}
	add(1, 9, 10, 7)
	add(2, 1, 10, 0)
	add(3, 1, 10, 0)
	tests := experiment.Dependences(list)
	if len(tests) != 2 || tests[0].On != "lab" || tests[1].On != "time" {
		t.Fatalf("%+v", tests)
	}
	want := 3 * stats.FisherTwoSided(9, 10, 2, 20)
	if lab := tests[0]; len(lab.Groups) != 3 || math.Abs(lab.P-want) > 1e-12 || !lab.Differs {
		t.Errorf("%+v, want p = %g", lab, want)
	}
	if time := tests[1]; time.Groups[0].Valid != 15 || time.Groups[1].Valid != 15 {
		t.Errorf("%+v", time)
	}
	for _, d := range tests {
		if d.Level != 0.025 {
			t.Errorf("%s is held against %g", d.On, d.Level)
		}
	}
}

// A reset whose hits differ by chance is as good as a fresh lab; one of too few trials is not
// known to be.
func TestChooseResetBoundaries(t *testing.T) {
	arm := func(k, n int, took time.Duration) result.ResetArm {
		return result.ResetArm{Reset: "config", Share: result.NewProportion("config", k, n), Took: took}
	}
	cold := arm(10, 20, 9*time.Second)
	cold.Reset = "redeploy"
	for _, tt := range []struct {
		k, n int
		took time.Duration
		want string
	}{
		{6, 20, time.Second, "config"},
		{2, 20, time.Second, "redeploy"},
		{10, 19, time.Second, "redeploy"},
		{10, 20, 9 * time.Second, "redeploy"},
	} {
		if got, arms := experiment.ChooseReset(cold, []result.ResetArm{arm(tt.k, tt.n, tt.took)}, 20); got != tt.want {
			t.Errorf("%d of %d in %s: %s, %+v", tt.k, tt.n, tt.took, got, arms)
		}
	}
}
