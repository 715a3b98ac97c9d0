package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// earlierHeld decides whether every symptom was true already before the stimulus, where there is one: the stimulus then
// has not brought it about. False without a stimulus; the reason says why nobody knows.
func (j *judge) earlierHeld() (all evidence.Truth, why string) {
	asked := j.plan.AskedBefore()
	if len(asked) == 0 {
		return evidence.False, ""
	}
	all = evidence.True
	for _, c := range asked {
		truth, reason := j.heldBefore(c)
		if all = evidence.And(all, truth); truth == evidence.Unknown && why == "" {
			why = fmt.Sprintf("whether %q was there before the stimulus already is not known: %s", c.Cond.Name, reason)
		}
	}
	if all != evidence.Unknown {
		why = ""
	}
	return all, why
}

// heldBefore decides whether a symptom was true before the stimulus: in one look where that tells, or in a
// window of its own, by RulesV5. Before those there were no windows, and what nobody knew was not so.
func (j *judge) heldBefore(c *plan.Check) (evidence.Truth, string) {
	var looks []evidence.Observation
	for _, o := range j.record.Observations {
		if o.Ref == c.Ref+evidence.Before {
			looks = append(looks, o)
		}
	}
	if !j.plan.Rules.Since(evidence.RulesV5) {
		return onceBeforeV4(c, j.plan.Rules, looks), ""
	}
	cond, watched := c.Before()
	if !watched {
		if since := j.healthySince(); len(looks) > 1 {
			last := len(looks) - 1
			looks = append(slices.DeleteFunc(looks[:last:last], func(o evidence.Observation) bool { return o.At < since }), looks[last])
		}
		return OnceBefore(c, j.plan.Rules, looks)
	}
	k := slices.IndexFunc(j.record.Events, func(e evidence.Event) bool { return e.Kind == evidence.EventDecided && e.Ref == c.Ref+evidence.Before })
	if k < 0 {
		return j.unwatchedBefore(c, looks)
	}
	e := j.record.Events[k]
	return j.watchedBefore(c, cond, slices.DeleteFunc(looks, func(o evidence.Observation) bool { return o.At < e.At-e.Took }), e)
}

// watchedBefore decides a symptom that was watched before the stimulus. That it was not there counts for as long as it was watched.
func (j *judge) watchedBefore(c *plan.Check, cond scenarios.Condition, looks []evidence.Observation, decided evidence.Event) (evidence.Truth, string) {
	w := NewWindow(cond, decided.At-decided.Took, j.plan.Rules)
	for _, o := range looks {
		w.Observe(Evaluate(c, j.plan.Rules, o, &looks[0]))
	}
	w.Expire(decided.At)
	if w.Truth != evidence.False || cond.Length() == c.Cond.Length() {
		return w.Truth, w.Why
	}
	start, _, _ := j.span(evidence.PhaseSymptom)
	for _, v := range j.symptom {
		if took := v.At - start; v.Ref == c.Ref && took > cond.Length() {
			return evidence.Unknown, fmt.Sprintf("it showed after %s, and was looked for in the last %s before the stimulus alone", took.Round(time.Millisecond), cond.Length())
		}
	}
	return w.Truth, w.Why
}

// unwatchedBefore decides a symptom that was not watched before the stimulus, as by older programs: one look tells where it saw that
// it was so.
func (j *judge) unwatchedBefore(c *plan.Check, looks []evidence.Observation) (evidence.Truth, string) {
	if why := j.plan.UnseenBefore(c); why != "" {
		return evidence.Unknown, why
	}
	if len(looks) > 0 && c.Cond.Boolean() {
		if truth, _ := OnceBefore(c, j.plan.Rules, looks); truth == evidence.True {
			return truth, ""
		}
	}
	return evidence.Unknown, "nobody watched it then"
}

// OnceBefore decides of a symptom by single looks whether it was true before the stimulus, and says why nobody knows. What never
// is so was not so then either, where it was not; what must be false first, and deaths and steps, begin with the stimulus.
func OnceBefore(c *plan.Check, rules evidence.Rules, looks []evidence.Observation) (evidence.Truth, string) {
	kind, never := c.Cond.Probe().Kind(), c.Cond.Never > 0
	switch {
	case c.Cond.AfterFalse, kind == scenarios.ProbeStep, kind == scenarios.ProbeCore && !never:
		return evidence.False, ""
	case len(looks) == 0:
		return evidence.Unknown, "nobody looked"
	}
	s := Evaluate(c, rules, looks[len(looks)-1], &looks[0])
	for k := len(looks) - 2; s.Err != "" && k >= 0 && rules.Since(evidence.RulesV6); k-- {
		s = Evaluate(c, rules, looks[k], &looks[0])
	}
	switch {
	case rules.Since(evidence.RulesV6) && c.ShowsInPassing() && cameBefore(c, rules, looks):
		return evidence.True, ""
	case s.Err != "":
		return evidence.Unknown, s.Err
	case s.Value == !never:
		return evidence.True, ""
	default:
		return evidence.False, ""
	}
}

// cameBefore reports whether a symptom came to be so between looks before the stimulus. That it was so first, and then no more, may be
// the network's coming up.
func cameBefore(c *plan.Check, rules evidence.Rules, looks []evidence.Observation) bool {
	var since []Reading
	for _, o := range looks {
		if s := Evaluate(c, rules, o, &looks[0]); len(since) > 0 || s.Err == "" && s.Value == false {
			since = append(since, s)
		}
	}
	if len(since) == 0 {
		return false
	}
	cond, begin := c.Cond, since[0].At
	length := scenarios.Duration(since[len(since)-1].End - begin + c.Cond.Interval())
	if cond.Eventually > 0 {
		cond.Eventually = length
	} else {
		cond.Within = length
	}
	w := NewWindow(cond, begin, rules)
	for _, s := range since {
		w.Observe(s)
	}
	return w.Truth == evidence.True
}

// healthySince is when the last look ended at which something of the baseline did not hold.
func (j *judge) healthySince() (since time.Duration) {
	for i := range j.plan.Baseline {
		c := &j.plan.Baseline[i]
		if !c.Cond.Boolean() {
			continue
		}
		for _, o := range j.record.Observations {
			if o.Ref != c.Ref {
				continue
			}
			if s := Evaluate(c, j.plan.Rules, o, nil); s.Err != "" || s.Value != (c.Cond.Never == 0) {
				since = max(since, o.At+o.Took)
			}
		}
	}
	return since
}

// onceBeforeV4 is OnceBefore by RulesV4. By RulesV3 it counted that what never is so was not so then either.
func onceBeforeV4(c *plan.Check, rules evidence.Rules, looks []evidence.Observation) evidence.Truth {
	never := c.Cond.Never > 0
	if never && !rules.Since(evidence.RulesV3) || !c.Cond.Boolean() || c.Cond.AfterFalse || len(looks) == 0 {
		return evidence.False
	}
	if Evaluate(c, rules, looks[0], nil).Value == !never {
		return evidence.True
	}
	return evidence.False
}

// unknownBefore notes that nobody knows whether every symptom was there before the stimulus.
func unknownBefore(j *judge) string {
	_, why := j.earlierHeld()
	return why
}

// beside joins what is said beside a verdict.
func beside(notes ...func(*judge) string) func(*judge) string {
	return func(j *judge) string {
		var said []string
		for _, n := range notes {
			if words := n(j); words != "" {
				said = append(said, words)
			}
		}
		return strings.Join(said, "; ")
	}
}
