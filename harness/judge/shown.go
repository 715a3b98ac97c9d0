package judge

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// neverShown asks whether what is expected after a stimulus does not hold, and nothing shows that it ever did: what is mistaken in
// it looks the same. A control that the scenario declares is there to show it, for whoever runs that too.
func neverShown(j *judge) ([]any, bool) {
	said, fails := expectationsAre(evidence.False)(j)
	return said, fails && j.plan.Stimulated() && !j.plan.Controlled() && len(j.shownToHold()) == 0
}

// expectationFails asks whether something expected does not hold. Of several that do not, one that is known to have held is said.
func expectationFails(j *judge) ([]any, bool) {
	said, fails := expectationsAre(evidence.False)(j)
	if c, ok := Blamed(j.shownToHold()); fails && ok && j.plan.Rules.Since(evidence.RulesV6) {
		said = []any{c.Name, because(c)}
	}
	return said, fails
}

// shownElsewhere notes what of an expectation that does not hold is for others to show.
func shownElsewhere(j *judge) string {
	if !j.plan.Rules.Since(evidence.RulesV6) || !j.plan.Stimulated() {
		return ""
	}
	shown := j.shownToHold()
	if len(shown) == 0 {
		return "nothing of this trial shows that what is expected ever held: that is for the control to show"
	}
	c, _ := Blamed(shown)
	i := slices.IndexFunc(j.plan.Expect, func(e plan.Check) bool { return e.Ref == c.Ref })
	if i >= 0 && beginsAnew(&j.plan.Expect[i]) && !j.seenToHold(&j.plan.Expect[i]) {
		return fmt.Sprintf("whether %q held before the stimulus is not known: nobody looked", c.Name)
	}
	return ""
}

// shownToHold are what is expected and does not hold, and is known to have held, or to have had no reason not to.
func (j *judge) shownToHold() (shown []evidence.ConditionVerdict) {
	for i := range j.plan.Expect {
		c := &j.plan.Expect[i]
		if i < len(j.expected) && j.expected[i].Holds == evidence.False && (beginsAnew(c) || j.seenToHold(c)) {
			shown = append(shown, j.expected[i])
		}
	}
	return shown
}

// beginsAnew reports whether a condition is one of lines, frames, packets or deaths of which there must never be any: what broke it
// was seen, and has come since the stimulus.
func beginsAnew(c *plan.Check) bool { return c.Cond.Never > 0 && c.Cond.Probe().Sight().Anew }

// seenToHold reports whether something of the record shows that an expectation can hold: a look that asks the same, of whichever
// condition and at whatever time of the trial, by its own expression; where that follows a value, a condition of the baseline, or
// one that a step waited for, which says the same.
func (j *judge) seenToHold(c *plan.Check) bool {
	asked := map[string]bool{}
	all := j.plan.Checks()
	for i := range all {
		if k := &all[i]; k.Cond.Node == c.Cond.Node && k.Cond.Probe() == c.Cond.Probe() {
			asked[k.Ref], asked[k.Ref+evidence.Before] = true, true
			if !c.Cond.Boolean() && saysTheSame(k, c) && j.held(k.Ref) {
				return true
			}
		}
	}
	if !c.Cond.Boolean() {
		return false
	}
	var before *evidence.Observation
	for i := range j.record.Observations {
		if o := &j.record.Observations[i]; o.Ref == c.Ref+evidence.Before {
			before = o
		}
	}
	return slices.ContainsFunc(j.record.Observations, func(o evidence.Observation) bool {
		if !asked[o.Ref] {
			return false
		}
		s := Evaluate(c, j.plan.Rules, o, before)
		return s.Err == "" && s.Value == (c.Cond.Never == 0)
	})
}

// saysTheSame reports whether two conditions that look at the same follow their value alike.
func saysTheSame(k, c *plan.Check) bool {
	follows := func(c scenarios.Condition) string {
		return fmt.Sprint(c.Changes != nil, c.Unchanged > 0, c.Rate, c.Template)
	}
	return k.Cond.Predicate() == c.Cond.Predicate() && follows(k.Cond) == follows(c.Cond)
}

// held reports whether a condition of the trial was true.
func (j *judge) held(ref string) bool {
	return slices.ContainsFunc(j.v.Conditions, func(v evidence.ConditionVerdict) bool { return v.Ref == ref && v.Holds == evidence.True })
}
