package judge

import (
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// thereBefore reports whether every symptom was true already before the stimulus, where there
// is one: the stimulus then has not brought it about.
func (j *judge) thereBefore() bool {
	if !slices.ContainsFunc(j.plan.Stimulus, func(s plan.Step) bool { return !s.LeftOut }) {
		return false
	}
	asked := false
	for i := range j.plan.Symptom {
		c := &j.plan.Symptom[i]
		if c.Cond.MayHoldBefore {
			continue // it is the others that the stimulus must bring about
		}
		asked = true
		if !j.heldBefore(c) {
			return false
		}
	}
	return asked
}

// heldBefore reports whether the observation before the stimulus saw what the symptom says. What never
// is so was not so then either, where it was not: by RulesV3 that counts.
func (j *judge) heldBefore(c *plan.Check) bool {
	never := c.Cond.Never > 0
	if never && !j.plan.Rules.Since(evidence.RulesV3) || !c.Cond.Boolean() || c.Cond.AfterFalse {
		return false
	}
	k := slices.IndexFunc(j.record.Observations, func(o evidence.Observation) bool { return o.Ref == c.Ref+evidence.Before })
	return k >= 0 && Evaluate(c, j.plan.Rules, j.record.Observations[k], nil).Value == !never
}
