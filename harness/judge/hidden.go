package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// DecidedByNothing reports whether a condition comes to the same by an answer as it would by an empty one, or one that counts
// nothing (0): a command that fails leaves no more.
func DecidedByNothing(c *plan.Check, o evidence.Observation) bool {
	s := Evaluate(c, evidence.CurrentRules, o, nil)
	switch {
	case s.Err != "" && !c.Predicate.UsesBefore: // it decides nothing anyhow
		return false
	case !c.Predicate.Reads() && c.Template == nil:
		return o.Exit != 0
	case strings.Trim(o.Text, "0 \t\r\n") == "", s.Err != "":
		return true
	}
	o.Text = ""
	t := Evaluate(c, evidence.CurrentRules, o, nil)
	return t.Err == "" && fmt.Sprint(s.Value) == fmt.Sprint(t.Value)
}

// hiddenFailure says why an answer is none for a part of the command that failed unseen; empty where none is known to have, or where
// exit names its status.
func hiddenFailure(c *plan.Check, rules evidence.Rules, o evidence.Observation) string {
	h := o.Hidden
	switch {
	case h == nil || !rules.Since(evidence.RulesV6):
		return ""
	case h.Exit == drivers.NoExit:
		return fmt.Sprintf("whether a part of the command failed, which the line hides, is not known: %s", evidence.Bounded(h.Command, 200))
	case h.Words != "" && c.Predicate.Mentions(h.Words) && c.Predicate.Reads():
		return ""
	case h.Words != "":
		return fmt.Sprintf("a part of the command was refused, and the line hides it: %s: %s; where that is an answer, ask for its words themselves",
			evidence.Bounded(h.Command, 200), evidence.Bounded(h.Words, 200))
	case c.Cond.Exit.Allows(h.Exit) && (!h.OfLast || !slices.Contains(c.Cond.Exit, h.Exit)), h.Whole && c.Predicate.Names(h.Exit):
		return ""
	case h.Whole:
		return fmt.Sprintf("the command failed (status %d), and says no by another status: %s; where that is an answer, name it: exit: [0, %d]",
			h.Exit, evidence.Bounded(h.Command, 200), h.Exit)
	case h.OfLast:
		return fmt.Sprintf("a part of the command ended with status %d, and the line hides it: %s; where that is an answer, let the line say so: { %[2]s || true; }",
			h.Exit, evidence.Bounded(h.Command, 200))
	default:
		return fmt.Sprintf("a part of the command ended with status %d, and the line hides it: %s; where that is an answer, name it: exit: [0, %d]",
			h.Exit, evidence.Bounded(h.Command, 200), h.Exit)
	}
}
