package bundle_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// A claim rests on a run in real time where there is one that says anything, however many trials
// another speed has.
func TestMainInRealTime(t *testing.T) {
	run := func(id string, speed float64, verdicts ...evidence.Verdict) bundle.RunClaim {
		r := bundle.RunClaim{ID: id, Variant: evidence.VariantMain, Clock: evidence.Clock{Speed: speed}}
		for _, v := range verdicts {
			r.Trials = append(r.Trials, bundle.TrialClaim{Verdict: v})
		}
		return r
	}
	const hit, miss, void = evidence.Reproduced, evidence.NotReproduced, evidence.Inconclusive
	for _, tt := range []struct {
		name string
		runs []bundle.RunClaim
		want string
	}{
		{"the most trials", []bundle.RunClaim{run("a", 0, hit), run("b", 0, hit, miss)}, "b"},
		{"real time first", []bundle.RunClaim{run("a", 10, hit, hit), run("b", 0, hit), run("c", 20, hit, hit, hit)}, "b"},
		{"whatever the order", []bundle.RunClaim{run("b", 0, hit), run("a", 10, hit, hit)}, "b"},
		{"a run that says nothing", []bundle.RunClaim{run("a", 0, void), run("b", 10, hit)}, "b"},
		{"another speed only", []bundle.RunClaim{run("a", 10, hit), run("b", 5, hit, hit)}, "b"},
	} {
		c := bundle.Claim{Runs: tt.runs}
		if got := c.Main(); got.ID != tt.want {
			t.Errorf("%s: it rests on %s, want %s", tt.name, got.ID, tt.want)
		}
	}
}

// The speed of a run stands in its claim, beside its rate.
func TestClaimOfFastRun(t *testing.T) {
	info := reportstest.Info("20260301T101500Z-ospf-mtu-0001", 1)
	info.Clock.Speed = 10
	r, err := bundle.ClaimOf(reportstest.Make(t, info, reportstest.Trial{Verdict: evidence.Reproduced}))
	if err != nil || r.Clock.Speed != 10 || !strings.HasSuffix(r.RateText(), " Clopper-Pearson at speed 10") {
		t.Errorf("%+v: %s, %v", r.Clock, r.RateText(), err)
	}
}
