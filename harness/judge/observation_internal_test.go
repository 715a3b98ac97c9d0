package judge

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// A ping that an older program recorded as unanswered, and that was never sent, is unknown by
// the rules of today.
func TestRecordedPing(t *testing.T) {
	cond := scenarios.Condition{Node: "r1", Reach: &scenarios.Reach{Ping: "nowhere"}, Expect: "count == 0"}
	p, err := scenarios.CompilePredicate(cond.Predicate(), true)
	if err != nil {
		t.Fatal(err)
	}
	c := &plan.Check{Cond: cond, Predicate: p}
	o := evidence.Observation{Text: "ping: nowhere: Name or service not known\n", Exit: 2}
	if s := Evaluate(c, evidence.RulesV2, o, nil); s.Err == "" {
		t.Errorf("by today's rules it is %v", s.Value)
	}
	if s := Evaluate(c, evidence.RulesV1, o, nil); s.Err != "" || s.Value != true {
		t.Errorf("by those of its time it is %v, %s", s.Value, s.Err)
	}
}
