package judge_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// What was made on a simulator is no result, whatever else the record says.
func TestSimulatedIsNoResult(t *testing.T) {
	mark := evidence.Event{Kind: evidence.EventMark, Name: drivers.MarkSimulated}
	end := evidence.Event{Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseCollect}
	for _, r := range []evidence.Record{
		{Events: []evidence.Event{mark, end}},
		{Events: []evidence.Event{mark, {Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: "gone"}, end}},
	} {
		if v := judge.Judge(&plan.Plan{Rules: evidence.CurrentRules}, 1, r); v.Verdict != evidence.NotApplicable || len(v.Marks) != 1 {
			t.Errorf("%+v", v)
		}
	}
}
