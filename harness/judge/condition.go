package judge

import (
	"fmt"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// phase decides the conditions of one phase from its observations. Conditions of a phase that
// never began are left out.
func (j *judge) phase(phase evidence.Phase, checks []plan.Check) []evidence.ConditionVerdict {
	start, end, begun := j.span(phase)
	if !begun {
		return nil
	}
	var out []evidence.ConditionVerdict
	for i := range checks {
		out = append(out, j.condition(&checks[i], start, end))
	}
	j.v.Conditions = append(j.v.Conditions, out...)
	return out
}

// waits decides the wait-for steps, and what faults are armed and disarmed by, for the reader; the step's own event carries the outcome.
func (j *judge) waits() {
	for _, step := range plan.Each(j.plan.Stimulus, j.plan.Workaround) {
		if step.LeftOut {
			continue
		}
		for _, e := range j.record.Events {
			switch {
			case e.Ref != step.Ref:
			case e.Kind == evidence.EventStep && step.Check != nil:
				j.v.Conditions = append(j.v.Conditions, j.condition(step.Check, e.At-e.Took, e.At))
			case e.Kind == evidence.EventStep && step.Arm != nil:
				j.watched(step.Arm, e.At-e.Took)
			case tookForce(e) && step.Disarm != nil:
				j.watched(step.Disarm, e.At)
			}
		}
	}
}

// watched decides a condition that is looked at beside other steps, from a moment until it was decided
// there, else to the end of the record.
func (j *judge) watched(c *plan.Check, start time.Duration) {
	var end time.Duration
	for _, e := range j.record.Events {
		end = max(end, e.At)
		if e.Kind == evidence.EventDecided && e.Ref == c.Ref {
			end = e.At
			break
		}
	}
	j.v.Conditions = append(j.v.Conditions, j.condition(c, start, end))
}

// tookForce reports whether a fault did, by an event.
func tookForce(e evidence.Event) bool {
	return e.Kind == evidence.EventFault && e.Outcome == evidence.OK
}

func (j *judge) condition(c *plan.Check, start, end time.Duration) evidence.ConditionVerdict {
	w := NewWindow(c.Cond, start, j.plan.Rules)
	var before, last *evidence.Observation
	for i := range j.record.Observations {
		switch o := &j.record.Observations[i]; o.Ref {
		case c.Ref + evidence.Before:
			before = o
		case c.Ref:
			known := w.observations
			if w.Observe(Evaluate(c, j.plan.Rules, *o, before)); w.observations > known {
				last = o
			}
		}
	}
	w.Expire(end)
	return evidence.ConditionVerdict{Ref: c.Ref, Name: c.Cond.Name, Holds: w.Truth, Why: w.Why, Saw: saidBy(last), At: w.at, Looks: w.observations}
}

// saidBy gives in one line what an observation saw; empty when it had no answer, for which its
// condition's Why gives the reason.
func saidBy(o *evidence.Observation) string {
	if o == nil || o.Error != "" && (o.Text == "" || o.Probe == evidence.ProbeFrame) {
		return ""
	}
	if o.Probe == evidence.ProbeFrame && o.Error == "" {
		return framesWords(o.Text)
	}
	if o.Probe == string(scenarios.ProbeTraffic) {
		return saidByFlow(o.Text)
	}
	text := evidence.Bounded(strings.Join(strings.Fields(o.Text), " "), maxSaw)
	switch {
	case o.Exit > 0 && text == "":
		return fmt.Sprintf("status %d and no output", o.Exit)
	case o.Exit > 0:
		return fmt.Sprintf("status %d: %s", o.Exit, text)
	case text == "":
		return "no output"
	default:
		return text
	}
}

// maxSaw bounds what a verdict repeats of an observation, in bytes; the observation itself is in the record.
const maxSaw = 240

// because tells why a condition is what it is, and what was seen last.
func because(c evidence.ConditionVerdict) string {
	if c.Saw == "" {
		return c.Why
	}
	return c.Why + "; seen last: " + c.Saw
}

// span finds when the conditions of a phase began to be looked at, and when that ended: of the workaround, after its
// steps, where the record tells ([evidence.PhaseExpect]). One that was broken off ends with the record.
func (j *judge) span(phase evidence.Phase) (start, end time.Duration, begun bool) {
	var last time.Duration
	over := false
	for _, e := range j.record.Events {
		last = max(last, e.At)
		switch {
		case e.Phase != phase:
		case e.Kind == evidence.EventPhase && (!over || e.Name == evidence.PhaseExpect):
			start, begun, over = e.At, true, false
		case e.Kind == evidence.EventPhaseEnd && !over:
			end, over = e.At, true
		}
	}
	if !over {
		end = last
	}
	return start, end, begun
}

// together is what conditions come to, all of which must hold; unknown where they were never looked at.
func together(checks []plan.Check, decided []evidence.ConditionVerdict) evidence.Truth {
	if len(decided) < len(checks) {
		return evidence.Unknown
	}
	return evidence.And(Truths(decided)...)
}

// Truths lists what was decided of each condition.
func Truths(cs []evidence.ConditionVerdict) []evidence.Truth {
	out := make([]evidence.Truth, len(cs))
	for i, c := range cs {
		out[i] = c.Holds
	}
	return out
}

// Blamed is the condition that decided a phase whose conditions are not all true: the one
// that was false first, for it ended the others' looking; else the first that nobody knows of.
func Blamed(cs []evidence.ConditionVerdict) (found evidence.ConditionVerdict, ok bool) {
	for _, truth := range []evidence.Truth{evidence.False, evidence.Unknown} {
		for _, c := range cs {
			if c.Holds == truth && (!ok || c.At < found.At) {
				found, ok = c, true
			}
		}
		if ok {
			return found, true
		}
	}
	return found, false
}
