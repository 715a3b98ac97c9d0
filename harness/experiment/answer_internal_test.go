package experiment

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/result"
)

// A measurement says yes only where the problem was there, enough trials were valid, and a
// control that was run is clean.
func TestRateAnswer(t *testing.T) {
	clean, fires, void := result.NewProportion("control", 0, 5), result.NewProportion("control", 1, 5), result.NewProportion("control", 0, 0)
	rate := func(k, n, trials int, control *result.Proportion, change func(*result.Rate)) result.Rate {
		r := result.Rate{Rate: evidence.Rate{Reproduced: k, Valid: n}, Trials: trials, Control: control}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, tt := range []struct {
		name string
		rate result.Rate
		want result.Outcome
		says string
	}{
		{"there, and the control is clean", rate(1, 10, 10, &clean, nil), result.Yes, "the control is clean"},
		{"there, without a control", rate(1, 10, 10, nil, nil), result.Yes, "no control was run"},
		{"not there", rate(0, 10, 10, &clean, nil), result.No, "not reproduced in 10 valid trials"},
		{"not there, and something else failed", rate(0, 10, 10, nil, func(r *result.Rate) { r.OtherFailures = []string{"r1: bgpd died"} }), result.Inconclusive, "another failure: r1: bgpd died"},
		{"there, and something else failed", rate(1, 10, 10, nil, func(r *result.Rate) { r.OtherFailures = []string{"r1: bgpd died"} }), result.Yes, ""},
		{"half of them valid", rate(5, 5, 10, &clean, nil), result.Inconclusive, "5 of 10 trials were valid"},
		{"half of them cut short", rate(5, 5, 10, &clean, func(r *result.Rate) { r.Inconclusive, r.CutShort = 5, 5 }), result.Yes, ""},
		{"more than half", rate(5, 6, 11, &clean, nil), result.Yes, ""},
		{"the control fires", rate(5, 10, 10, &fires, nil), result.Inconclusive, "the control shows the symptom too"},
		{"the control says nothing", rate(5, 10, 10, &void, nil), result.Inconclusive, "the control gave no valid trial"},
		{"the bound came first", rate(5, 10, 10, &clean, func(r *result.Rate) { r.Stopped = result.StopCap }), result.Inconclusive, "undecided after 10 trials"},
	} {
		if got, says := rateAnswer(tt.rate); got != tt.want || !strings.Contains(says, tt.says) {
			t.Errorf("%s: %s (%s), want %s (…%s…)", tt.name, got, says, tt.want, tt.says)
		}
	}
}

// A failure that no symptom asks about is a side find, whatever else the trial says but a hit.
func TestOutcomeOf(t *testing.T) {
	died := []string{"r1: bgpd died"}
	for _, tt := range []struct {
		v    evidence.TrialVerdict
		want isolate.Outcome
	}{
		{evidence.TrialVerdict{Verdict: evidence.Reproduced}, isolate.Hit},
		{evidence.TrialVerdict{Verdict: evidence.NotReproduced}, isolate.Miss},
		{evidence.TrialVerdict{Verdict: evidence.NotReproduced, OtherFailures: died}, isolate.Other},
		{evidence.TrialVerdict{Verdict: evidence.Inconclusive, OtherFailures: died}, isolate.Other},
		{evidence.TrialVerdict{Verdict: evidence.Inconclusive}, isolate.Invalid},
		{evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RuleNeverShown}, isolate.Hit},
		{evidence.TrialVerdict{Verdict: evidence.Inconclusive, Rule: judge.RuleNeverShown, OtherFailures: died}, isolate.Other},
		{evidence.TrialVerdict{Verdict: evidence.NotApplicable}, isolate.Invalid},
	} {
		if got := OutcomeOf(tt.v); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.v, got, tt.want)
		}
	}
	for o, want := range map[isolate.Outcome]isolate.Outcome{isolate.Hit: isolate.Miss, isolate.Miss: isolate.Hit, isolate.Other: isolate.Other, isolate.Invalid: isolate.Invalid} {
		if got := flip(o); got != want {
			t.Errorf("%s is %s in the other world", o, got)
		}
	}
}

// As many controls are made as there are trials, up to a bound, unless a number is given.
func TestControlTrials(t *testing.T) {
	for _, tt := range []struct{ controls, mains, want int }{{-1, 5, 5}, {-1, MaxControls + 1, MaxControls}, {0, 5, 0}, {7, 5, 7}} {
		if got := (RateOptions{Controls: tt.controls}).ControlTrials(tt.mains); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}
