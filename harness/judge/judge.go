package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// Judge decides a trial from its record alone, by the plan's rules.
func Judge(p *plan.Plan, number int, r evidence.Record) evidence.TrialVerdict {
	j := &judge{plan: p, record: r, v: evidence.TrialVerdict{Reprise: evidence.Format, Rules: p.Rules, Trial: number}}
	j.decide()
	return j.v
}

// AskedDeath returns, in words, the recorded death that the plan's symptom asks for.
func AskedDeath(p *plan.Plan, r evidence.Record) (words string, ok bool) {
	return (&judge{plan: p, record: r}).askedDeath()
}

type judge struct {
	plan   *plan.Plan
	record evidence.Record
	v      evidence.TrialVerdict
}

// decide goes through what can make a trial say nothing, in the order it can happen,
// and only then asks the symptom.
func (j *judge) decide() {
	j.otherFailures()
	baseline := j.phase(evidence.PhaseBaseline, j.plan.Baseline)
	j.waits()
	symptom := j.phase(evidence.PhaseSymptom, j.plan.Symptom)
	relief := j.phase(evidence.PhaseWorkaround, j.plan.Relief)
	if len(j.plan.Relief) > 0 && len(relief) > 0 {
		j.v.Notes = append(j.v.Notes, "workaround: "+workaroundWord(evidence.And(Truths(relief)...)))
	}
	j.marks()
	if slices.Contains(j.v.Marks, MarkSimulated) {
		j.is(evidence.NotApplicable, "made on a simulator, which has no data plane: it shows that the scenario runs, and nothing of the problem")
		return
	}
	if e, ok := j.event(evidence.EventMissing); ok {
		j.is(evidence.NotApplicable, "%s", e.Detail)
		return
	}
	if e, ok := j.event(evidence.EventCut); ok {
		j.is(evidence.Inconclusive, "the trial was interrupted: %s", e.Detail)
		return
	}
	if e, ok := j.event(evidence.EventLab); ok {
		j.is(evidence.Inconclusive, "the lab broke: %s", e.Detail)
		return
	}
	if reason := j.bootFailure(); reason != "" {
		j.is(evidence.Inconclusive, "%s", j.afterDeath(reason))
		return
	}
	if !j.complete() {
		j.is(evidence.Inconclusive, "the trial was broken off")
		return
	}
	failure := j.stimulusFailure()
	if c, ok := Blamed(baseline); ok {
		failure = fmt.Sprintf("the baseline %q did not hold: %s", c.Name, because(c))
	}
	switch died, asked := j.askedDeath(); {
	case failure == "":
		j.bySymptom(symptom)
	case asked && len(j.v.OtherFailures) == 0 && len(symptom) > 0 && evidence.And(Truths(symptom)...) == evidence.True:
		// The death that the symptom asks for is why the rest did not work.
		j.holds()
		j.v.Notes = append(j.v.Notes, fmt.Sprintf("%s; because of that, %s", died, failure))
	case asked && len(j.v.OtherFailures) == 0:
		j.is(evidence.Inconclusive, "%s; because of that, %s", died, failure)
	default:
		j.is(evidence.Inconclusive, "%s", j.afterDeath(failure))
	}
}

// afterDeath says a failure after the deaths that nobody asked for, which come first.
func (j *judge) afterDeath(failure string) string {
	if len(j.v.OtherFailures) == 0 || j.plan.Rules == evidence.RulesV1 {
		return failure
	}
	return fmt.Sprintf("another failure: %s; and %s", strings.Join(j.v.OtherFailures, "; "), failure)
}

// askedDeath finds the death that the symptom asks for, in words. By the first rules there
// is none: a stimulus or a baseline that failed was all that counted.
func (j *judge) askedDeath() (string, bool) {
	if j.plan.Rules == evidence.RulesV1 {
		return "", false
	}
	for _, e := range j.record.Events {
		if e.Kind == evidence.EventDeath && j.declared(e) {
			return diedWords(e), true
		}
	}
	return "", false
}

func diedWords(e evidence.Event) string {
	return fmt.Sprintf("%s: %s died (%s)", e.Lane, e.Name, e.Detail)
}

// MarkSimulated is the mark of evidence that was made on a simulator.
const MarkSimulated = drivers.MarkSimulated

// marks gathers what must be said wherever this evidence goes.
func (j *judge) marks() {
	for _, e := range j.record.Events {
		if e.Kind == evidence.EventMark && !slices.Contains(j.v.Marks, e.Name) {
			j.v.Marks = append(j.v.Marks, e.Name)
		}
	}
	slices.Sort(j.v.Marks)
}

// complete reports whether the record has its end: the last look at what died and whether
// the lab still stands is part of what a verdict rests on.
func (j *judge) complete() bool {
	return slices.ContainsFunc(j.record.Events, func(e evidence.Event) bool {
		return e.Kind == evidence.EventPhaseEnd && e.Phase == evidence.PhaseCollect
	})
}

func (j *judge) bySymptom(symptom []evidence.ConditionVerdict) {
	switch {
	case len(j.v.OtherFailures) > 0:
		j.is(evidence.Inconclusive, "another failure: %s", strings.Join(j.v.OtherFailures, "; "))
	default:
		switch evidence.And(Truths(symptom)...) {
		case evidence.True:
			j.holds()
		case evidence.False:
			c, _ := Blamed(symptom)
			j.is(evidence.NotReproduced, "%q: %s", c.Name, because(c))
		default:
			c, _ := Blamed(symptom)
			j.is(evidence.Inconclusive, "%q is unknown: %s", c.Name, because(c))
		}
	}
}

// holds decides a trial in which every symptom is true. What was there before the stimulus
// was not brought about by it, and is no reproduction unless the scenario means just that.
func (j *judge) holds() {
	switch there := j.thereBefore(); {
	case !there:
		j.is(evidence.Reproduced, "")
	case j.plan.Rules == evidence.RulesV1:
		j.is(evidence.Reproduced, "")
		j.v.Notes = append(j.v.Notes, "every symptom was there before the stimulus already; make sure that a healthy network differs")
	default:
		j.is(evidence.Inconclusive, "every symptom was there before the stimulus already, so nobody knows what the stimulus does; "+
			"say what only the failing network shows, or may-hold-before: true where that is meant")
	}
}

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

// heldBefore reports whether the look before the stimulus saw what the symptom says. What never
// is so was not so then either, where it was not: by RulesV3 that counts.
func (j *judge) heldBefore(c *plan.Check) bool {
	never := c.Cond.Never > 0
	if never && !j.plan.Rules.Since(evidence.RulesV3) || c.Cond.Changes != nil || c.Cond.AfterFalse {
		return false
	}
	k := slices.IndexFunc(j.record.Observations, func(o evidence.Observation) bool { return o.Ref == c.Ref+evidence.Before })
	return k >= 0 && Evaluate(c, j.plan.Rules, j.record.Observations[k], nil).Value == !never
}

func (j *judge) is(v evidence.Verdict, format string, args ...any) {
	j.v.Verdict, j.v.Reason = v, fmt.Sprintf(format, args...)
}

func (j *judge) event(kind evidence.EventKind) (evidence.Event, bool) {
	for _, e := range j.record.Events {
		if e.Kind == kind && (e.Outcome == evidence.Failed || kind == evidence.EventMissing) {
			return e, true
		}
	}
	return evidence.Event{}, false
}

func (j *judge) bootFailure() string {
	for _, e := range j.record.Events {
		if e.Kind == evidence.EventBoot && e.Outcome != evidence.OK {
			return fmt.Sprintf("%s did not start: %s", e.Lane, e.Detail)
		}
	}
	return ""
}

// stimulusFailure tells why the stimulus did not take place as declared; empty when it did.
func (j *judge) stimulusFailure() string {
	for _, step := range j.plan.Stimulus {
		if step.LeftOut {
			continue
		}
		i := slices.IndexFunc(j.record.Events, func(e evidence.Event) bool {
			return e.Kind == evidence.EventStep && e.Ref == step.Ref
		})
		if i < 0 {
			return fmt.Sprintf("the trial was broken off before %s", step.Ref)
		}
		if e := j.record.Events[i]; e.Outcome != evidence.OK {
			return j.stepFailure(step, e)
		}
		if reason := j.failedInBackground(step); reason != "" {
			return reason
		}
		if step.Action().Effect().Counted && (!step.Step.MayMiss || j.plan.Rules != evidence.RulesV1) {
			if reason := j.didNotFire(step); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// stepFailure says which step did not take place, and what the device, the shell or the lab
// said. One that waited in vain says what it waited for and what was seen last.
func (j *judge) stepFailure(step plan.Step, e evidence.Event) string {
	what := fmt.Sprintf("%s (%s)", step.Ref, e.Name)
	if step.Check != nil {
		k := slices.IndexFunc(j.v.Conditions, func(c evidence.ConditionVerdict) bool { return c.Ref == step.Check.Ref })
		if k >= 0 && j.v.Conditions[k].Holds != evidence.True {
			return fmt.Sprintf("%s waited in vain: %s", what, because(j.v.Conditions[k]))
		}
	}
	switch e.Outcome {
	case evidence.Refused:
		return fmt.Sprintf("%s was refused: %s", what, e.Detail)
	default:
		return fmt.Sprintf("%s did not work: %s", what, e.Detail)
	}
}

// failedInBackground says what went wrong with a fault after its step was done.
func (j *judge) failedInBackground(step plan.Step) string {
	for _, e := range j.record.Events {
		if step.Step.Background && e.Kind == evidence.EventFault && e.Ref == step.Ref && e.Outcome == evidence.Failed {
			return fmt.Sprintf("%s (%s) did not work: %s", step.Ref, e.Name, e.Detail)
		}
	}
	return ""
}

func (j *judge) didNotFire(step plan.Step) string {
	for _, e := range j.record.Events {
		if e.Kind == evidence.EventHeal && e.Ref == step.Ref {
			if e.Outcome == evidence.Failed && j.plan.Rules != evidence.RulesV1 {
				return fmt.Sprintf("nobody knows what the fault %s did: %s", step.Ref, e.Detail)
			}
			if e.Count == 0 && !step.Step.MayMiss {
				return fmt.Sprintf("the fault %s did not fire: no frame met its predicate", step.Ref)
			}
			return ""
		}
	}
	return fmt.Sprintf("nobody knows whether the fault %s fired", step.Ref)
}

// otherFailures are daemons that died without the scenario asking for it.
func (j *judge) otherFailures() {
	for _, e := range j.record.Events {
		if e.Kind != evidence.EventDeath || j.declared(e) {
			continue
		}
		if e.Ref != "" { // a step sent it the signal of a fault
			j.v.Notes = append(j.v.Notes, diedWords(e))
			continue
		}
		words := diedWords(e)
		if j.asked(e) && (e.Phase == evidence.PhaseDeploy || e.Phase == evidence.PhaseBaseline) {
			words = fmt.Sprintf("%s: %s died before the stimulus already (%s)", e.Lane, e.Name, e.Detail)
		}
		j.v.OtherFailures = append(j.v.OtherFailures, words)
	}
}

// asked reports whether a symptom asks for a death, whenever it was.
func (j *judge) asked(e evidence.Event) bool {
	return slices.ContainsFunc(j.plan.Symptom, func(c plan.Check) bool { return j.asks(c, e) })
}

func (j *judge) asks(c plan.Check, e evidence.Event) bool {
	core, ok := c.Cond.Probe().(scenarios.CoreProbe)
	switch {
	case !ok || c.Cond.Node != e.Lane:
		return false
	case j.plan.Rules == evidence.RulesV1:
		return core.Process == scenarios.AnyProcess || core.Process == e.Name
	default:
		return core.Asks(e.Name)
	}
}

// declared reports whether a symptom asks for a death and counts it: one since the stimulus,
// or one of the start too where the stimulus does nothing, or where the scenario says so.
func (j *judge) declared(e evidence.Event) bool {
	return slices.ContainsFunc(j.plan.Symptom, func(c plan.Check) bool {
		switch e.Phase {
		case evidence.PhaseStimulus, evidence.PhaseSymptom, evidence.PhaseCollect:
			return j.asks(c, e)
		case evidence.PhaseDeploy, evidence.PhaseBaseline:
			return j.asks(c, e) && j.plan.Rules != evidence.RulesV1 && (!j.plan.Acts() || c.Cond.MayHoldBefore)
		default:
			return false
		}
	})
}

// phase decides the conditions of one phase from its looks. Conditions of a phase that
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

// waits decides the wait-for steps, for the reader; the step's own event carries the outcome.
func (j *judge) waits() {
	for _, step := range append(slices.Clone(j.plan.Stimulus), j.plan.Workaround...) {
		if step.Check == nil || step.LeftOut {
			continue
		}
		for _, e := range j.record.Events {
			if e.Kind == evidence.EventStep && e.Ref == step.Ref {
				j.v.Conditions = append(j.v.Conditions, j.condition(step.Check, e.At-e.Took, e.At))
			}
		}
	}
}

func (j *judge) condition(c *plan.Check, start, end time.Duration) evidence.ConditionVerdict {
	w := NewWindow(c.Cond, start, j.plan.Rules)
	var before, last *evidence.Observation
	for i := range j.record.Observations {
		switch o := &j.record.Observations[i]; o.Ref {
		case c.Ref + evidence.Before:
			before = o
		case c.Ref:
			looks := w.looks
			if w.Observe(Evaluate(c, j.plan.Rules, *o, before)); w.looks > looks {
				last = o
			}
		}
	}
	w.Expire(end)
	return evidence.ConditionVerdict{Ref: c.Ref, Name: c.Cond.Name, Holds: w.Truth, Why: w.Why, Saw: saidBy(last), At: w.at, Looks: w.looks}
}

// saidBy gives in one line what a look saw; empty when it had no answer, for which its
// condition's Why gives the reason.
func saidBy(o *evidence.Observation) string {
	if o == nil || o.Error != "" && o.Text == "" {
		return ""
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

// maxSaw bounds what a verdict repeats of a look, in bytes; the look itself is in the record.
const maxSaw = 240

// because tells why a condition is what it is, and what was seen last.
func because(c evidence.ConditionVerdict) string {
	if c.Saw == "" {
		return c.Why
	}
	return c.Why + "; seen last: " + c.Saw
}

// span finds when a phase began and ended; one that was broken off ends with the record.
func (j *judge) span(phase evidence.Phase) (start, end time.Duration, begun bool) {
	for _, e := range j.record.Events {
		end = max(end, e.At)
		if e.Phase != phase {
			continue
		}
		if e.Kind == evidence.EventPhase {
			start, begun = e.At, true
		}
		if e.Kind == evidence.EventPhaseEnd {
			return start, e.At, begun
		}
	}
	return start, end, begun
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

func workaroundWord(t evidence.Truth) string {
	switch t {
	case evidence.True:
		return "it helps"
	case evidence.False:
		return "it does not help"
	default:
		return "whether it helps is unknown"
	}
}
