package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// CellSays is what one trial says of the cell that it was made for. The zero value is invalid.
type CellSays string

// What a trial says of its cell.
const (
	SaysPassed  CellSays = "passed"
	SaysFailed  CellSays = "failed"
	SaysNothing CellSays = "nothing"        // it is not counted, and made once more
	SaysNeither CellSays = "not-applicable" // no trial of the cell could say anything else
)

// CellSaysOf is what a trial says of its cell, by the table of scenarios/suites/README.md, section 3. For a
// test it is a failure, and not inconclusive, that the set-up never came about, that a process
// died and that something expected is not there beside a symptom that is not there either, or was never seen to be: the matrix
// has others in which it is.
func CellSaysOf(v evidence.TrialVerdict) CellSays {
	switch v.Verdict { //nolint:exhaustive // of what is inconclusive the rule says more
	case evidence.NotReproduced:
		return SaysPassed
	case evidence.Reproduced:
		return SaysFailed
	case evidence.NotApplicable:
		return SaysNeither
	}
	switch v.Rule {
	case judge.RuleOtherFailure, judge.RuleUnexpected, judge.RuleNeverShown:
		return SaysFailed
	case judge.RulePrepared:
		// A step that was refused says nothing, unless what refused it had died.
		if len(v.Failed()) > 0 || slices.ContainsFunc(v.Conditions, setupFailed) {
			return SaysFailed
		}
	}
	return SaysNothing
}

// setupFailed reports whether a condition is one of the set-up, or one that a step waited for, that did not
// come about in its window.
func setupFailed(c evidence.ConditionVerdict) bool {
	waited := strings.HasPrefix(c.Ref, "stimulus[") && strings.HasSuffix(c.Ref, ".wait-for")
	return c.Holds == evidence.False && (waited || strings.HasPrefix(c.Ref, "baseline["))
}

// cellTally is what the trials of a cell came to so far.
type cellTally struct {
	passed, failed, void int
	neither              bool
	why                  map[CellSays]string // what the first trial that said so gave as its reason

	failure evidence.TrialVerdict // of the first that failed
}

func (t *cellTally) add(v evidence.TrialVerdict) {
	says := CellSaysOf(v)
	if _, known := t.why[says]; !known {
		if t.why == nil {
			t.why = map[CellSays]string{}
		}
		t.why[says] = v.Reason
	}
	switch says {
	case SaysPassed:
		t.passed++
	case SaysFailed:
		if t.failed++; t.failure.Trial == 0 {
			t.failure = v
		}
	case SaysNeither:
		t.neither = true
	default:
		t.void++
	}
}

func (t *cellTally) valid() int { return t.passed + t.failed }

// enough reports whether a cell has as many trials as it gets: so many that say something, and more where
// one failed, so that what always fails is told from what sometimes does. Trials that say nothing are made
// again, until they are more than one beyond those that do.
func (t *cellTally) enough(o MatrixOptions) bool {
	return t.neither || t.valid() >= o.wanted(t.failed > 0) || t.void > t.valid()+1
}

// wanted is the number of valid trials that a cell gets.
func (o MatrixOptions) wanted(failed bool) int {
	if failed {
		return o.Repeats + o.RepeatFailing
	}
	return o.Repeats
}

// verdict is what a cell comes to by its trials, with what is known and said beside it. One that passed in
// fewer trials than it was to get is inconclusive: others might have failed. A failure stays one, and says of how
// few trials it is.
func (t *cellTally) verdict(c *MatrixCell, o MatrixOptions) (v result.CellVerdict, reason string) {
	want := o.wanted(t.failed > 0)
	said := fmt.Sprintf("%d of %d trials said something", t.valid(), want)
	other := cmp.Or(t.why[SaysNothing], t.why[SaysNeither])
	v, reason = t.whole(c)
	switch {
	case t.valid() == 0 || t.valid() >= want:
		return v, reason
	case t.failed == 0:
		return result.CellUnknown, said + " (it passed); else: " + other
	default:
		return v, reason + "; " + said + "; else: " + other
	}
}

// whole is what a cell comes to where its trials are as many as it gets.
func (t *cellTally) whole(c *MatrixCell) (v result.CellVerdict, reason string) {
	switch {
	case t.valid() == 0 && t.neither:
		return result.NotApplicable, t.why[SaysNeither]
	case t.valid() == 0:
		return result.CellUnknown, t.why[SaysNothing]
	case t.passed == 0:
		return result.Fail, t.why[SaysFailed]
	case t.failed > 0:
		return result.Flaky, fmt.Sprintf("%d of %d passed; else: %s", t.passed, t.valid(), t.why[SaysFailed])
	default:
		return passed(c)
	}
}

// passed is what a cell comes to that passed in every valid trial.
func passed(c *MatrixCell) (result.CellVerdict, string) {
	notes := slices.Clone(c.Notes)
	if d := c.Cell.Deviation; d != nil && d.Expect != result.Pass && d.Expect != result.PassWithNote {
		notes = append(notes, fmt.Sprintf("it passes against the known deviation %s: %s", d.ID, d.Reason))
	}
	if len(notes) == 0 {
		return result.Pass, ""
	}
	return result.PassWithNote, strings.Join(notes, "; ")
}

// settle fills in a cell by its trials.
func (t *cellTally) settle(of *MatrixCell, c *result.Cell, o MatrixOptions) {
	c.Verdict, c.Reason = t.verdict(of, o)
	c.Deviation = of.knownOf(c.Reason)
	if of.Outdated != "" && (c.Verdict == result.Fail || c.Verdict == result.Flaky) {
		c.Reason += "; " + of.Outdated
	}
	c.Passed, c.Valid, c.Trials = t.passed, t.valid(), t.valid()+t.void
	if t.neither {
		c.Trials++
	}
	c.Wilson = [2]float64{}
	if c.Valid > 0 {
		c.Wilson = stats.Wilson(c.Passed, c.Valid)
	}
}
