package experiment

import (
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// What is not decided is no answer, nor what is decided by a fast clock alone; a control that fires takes all
// of them away.
func TestSweepAnswer(t *testing.T) {
	t.Parallel()
	point := func(nth int, e result.Effect) result.SweepPoint { return result.SweepPoint{Nth: nth, Effect: e} }
	q := func(k, n int) *result.Proportion {
		p := result.NewProportion("control", k, n)
		return &p
	}
	triggers := func(nths ...int) (list []result.SweepPoint) {
		for _, nth := range nths {
			list = append(list, point(nth, result.EffectTriggers))
		}
		return list
	}
	fast := evidence.Clock{Speed: 5}
	tests := []struct {
		name  string
		sweep result.Sweep
		want  result.Outcome
		says  string
	}{
		{"one of them", result.Sweep{Points: []result.SweepPoint{point(1, result.EffectHarmless), point(2, result.EffectTriggers)}}, result.Yes, "it takes frame 2 of the 2 that were decided"},
		{"none of them", result.Sweep{Points: []result.SweepPoint{point(1, result.EffectHarmless), point(2, result.EffectHarmless)}}, result.No, "none of the 2 frames triggers it"},
		{"one is open", result.Sweep{Points: []result.SweepPoint{point(1, result.EffectHarmless), point(2, result.EffectUndecided)}}, result.Inconclusive, "undecided: 2"},
		{"one never came", result.Sweep{Points: []result.SweepPoint{point(1, result.EffectHarmless), point(2, result.EffectUnknown)}, Left: 3}, result.Inconclusive, "no valid trial with frame 2"},
		{"some are left", result.Sweep{Points: []result.SweepPoint{point(1, result.EffectHarmless)}, Left: 1}, result.Inconclusive, "the one frame that was decided is not what triggers it"},
		{"nothing was tried", result.Sweep{Left: 2}, result.Inconclusive, "nothing was decided"},
		{"the control fires", result.Sweep{Points: []result.SweepPoint{point(1, result.EffectTriggers)}, Control: q(1, 5)}, result.Inconclusive, "the control shows the symptom too"},
		{"the control says nothing", result.Sweep{Control: q(0, 0)}, result.Inconclusive, "the control gave no valid trial"},
		{"in real time too", result.Sweep{Clock: fast, Points: triggers(1, 2), Real: &result.SweepReal{Control: q(0, 2), Points: []result.SweepPoint{point(1, result.EffectHarmless), point(2, result.EffectTriggers)}}}, result.Yes, "at speed 5: it takes frame 1, 2 of the 2 that were decided; at speed 1: it takes frame 2; not frame 1"},
		{"not in real time", result.Sweep{Clock: fast, Points: triggers(2), Real: &result.SweepReal{Points: []result.SweepPoint{point(2, result.EffectUndecided)}}}, result.Inconclusive, "at speed 5: it takes frame 2 of the 1 that were decided; at speed 1: undecided: 2"},
		{"not tried in real time", result.Sweep{Clock: fast, Points: triggers(2)}, result.Inconclusive, "; at speed 1: frame 2 was not tried"},
		{"no frame comes in real time", result.Sweep{Clock: fast, Points: triggers(2), Real: &result.SweepReal{Points: []result.SweepPoint{point(2, result.EffectUnknown)}}}, result.Inconclusive, "; at speed 1: no valid trial with frame 2"},
		{"none at another speed", result.Sweep{Clock: fast, Points: []result.SweepPoint{point(1, result.EffectHarmless)}}, result.Inconclusive, "at speed 5: the one frame that was decided is not what triggers it; at speed 1: what does not trigger it was not tried"},
		{"the control fires in real time", result.Sweep{Clock: fast, Points: triggers(2), Control: q(0, 2), Real: &result.SweepReal{Control: q(2, 2)}}, result.Inconclusive, "at speed 1: the control shows the symptom too"},
		{"the control says nothing in real time", result.Sweep{Clock: fast, Control: q(0, 2), Real: &result.SweepReal{Control: q(0, 0)}}, result.Inconclusive, "at speed 1: the control gave no valid trial"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, says := sweepAnswer(tt.sweep); got != tt.want || !strings.Contains(says, tt.says) {
				t.Errorf("got %s, %q; want %s, %q", got, says, tt.want, tt.says)
			}
		})
	}
}

// A point whose trials all said nothing ends soon, and says what most of them did.
func TestBarrenPoint(t *testing.T) {
	t.Parallel()
	rule := StopRule{SPRT: &stats.SPRT{P0: 0.05, P1: 0.5, Alpha: 0.05, Beta: 0.05}, Cap: 100, Barren: 3}
	if got := []result.Stop{rule.Decide(0, 0, 2), rule.Decide(0, 0, 3), rule.Decide(0, 1, 3)}; !slices.Equal(got, []result.Stop{result.GoOn, result.StopCap, result.GoOn}) {
		t.Errorf("got %q", got)
	}
	entries := []evidence.Entry{{Reason: "slow"}, {Reason: "no frame"}, {Reason: "no frame"}}
	if got := mostOften(entries); got != "no frame" {
		t.Errorf("got %q", got)
	}
	if got := mostOften(nil); got != "" {
		t.Errorf("of none: %q", got)
	}
}
