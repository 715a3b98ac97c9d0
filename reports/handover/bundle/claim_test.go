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

// Where a scenario says what must come, the failures of two trials are the same where the same did not come.
func TestClaimOfExpectations(t *testing.T) {
	dir := reportstest.Make(t, reportstest.Info("20260301T101500Z-ospf-mtu-0001", 3),
		reportstest.Trial{Verdict: evidence.Reproduced}, reportstest.Trial{Verdict: evidence.Reproduced}, reportstest.Trial{Verdict: evidence.Reproduced})
	for n, missing := range []string{"expect[0]", "expect[1]", "expect[0]"} {
		file := evidence.Dir{Path: dir}.Trial(n + 1).File("verdict.json")
		var v evidence.TrialVerdict
		if err := evidence.ReadJSON(file, &v); err != nil {
			t.Fatal(err)
		}
		v.Conditions = nil
		for _, ref := range []string{"expect[0]", "expect[1]"} {
			c := evidence.ConditionVerdict{Ref: ref, Name: ref, Holds: evidence.True}
			if ref == missing {
				c.Holds = evidence.False
			}
			v.Conditions = append(v.Conditions, c)
		}
		if err := evidence.WriteJSON(file, v); err != nil {
			t.Fatal(err)
		}
	}
	r, err := bundle.ClaimOf(dir)
	if err != nil || len(r.Failures) != 2 || r.Failures[0].Trials != 2 || r.Failures[1].Symptoms[0] != "expect[1] expect[1]: " {
		t.Errorf("%+v, %v", r.Failures, err)
	}
}
