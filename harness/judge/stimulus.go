package judge

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// firstFailure returns why the baseline did not hold, or else why the stimulus did not take
// place as declared; empty where both are as they should be.
func (j *judge) firstFailure() string {
	if len(j.baseline) < len(j.plan.Baseline) {
		return "the record is not whole: it has nothing of the " + string(evidence.PhaseBaseline)
	}
	if c, ok := Blamed(j.baseline); ok {
		return fmt.Sprintf("the baseline %q did not hold: %s", c.Name, because(c))
	}
	for _, step := range plan.Each(j.plan.Stimulus) {
		if step.LeftOut {
			continue
		}
		if r, said := first(stepRules(), j.plan.Rules, j.stepDone(step)); r.name != "" {
			return fmt.Sprintf(r.reason, said...)
		}
	}
	return ""
}

// stepDone is what the record has of a step.
type stepDone struct {
	plan.Step
	rules  evidence.Rules
	event  *evidence.Event            // its outcome; nil where it was never carried out
	after  *evidence.Event            // the failure of its fault later on, in the background
	force  *evidence.Event            // when its fault took force while the symptom could still be caused by it; nil where it did not
	heal   *evidence.Event            // what its fault did, as was counted when it was taken back
	tally  *evidence.Event            // what it had done when the symptom was decided; nil where it was over, or nobody counted
	waited *evidence.ConditionVerdict // what it waited for
}

func (j *judge) stepDone(step plan.Step) stepDone {
	find := func(is func(evidence.Event) bool) *evidence.Event {
		i := slices.IndexFunc(j.record.Events, func(e evidence.Event) bool { return e.Ref == step.Ref && is(e) })
		if i < 0 {
			return nil
		}
		return &j.record.Events[i]
	}
	meanwhile := func(e evidence.Event) bool { // while the symptom could still be caused by it
		return e.Phase == evidence.PhaseStimulus || e.Phase == evidence.PhaseSymptom
	}
	s := stepDone{
		Step: step, rules: j.plan.Rules,
		event: find(func(e evidence.Event) bool { return e.Kind == evidence.EventStep }),
		after: find(func(e evidence.Event) bool {
			return e.Kind == evidence.EventFault && e.Outcome == evidence.Failed && (meanwhile(e) || !step.Step.Armed())
		}),
		force: find(func(e evidence.Event) bool { return tookForce(e) && meanwhile(e) }),
		heal:  find(func(e evidence.Event) bool { return e.Kind == evidence.EventHeal }),
		tally: find(func(e evidence.Event) bool { return e.Kind == evidence.EventTally }),
	}
	if step.Check == nil {
		return s
	}
	if k := slices.IndexFunc(j.v.Conditions, func(c evidence.ConditionVerdict) bool { return c.Ref == step.Check.Ref }); k >= 0 {
		s.waited = &j.v.Conditions[k]
	}
	return s
}

// stepRules say why a step did not take place as declared; none applies where it did. What a
// drop did is known by its count alone.
func stepRules() []rule[stepDone] {
	return []rule[stepDone]{
		{name: "not reached", when: notReached, reason: "the trial was broken off before %s"},
		{name: "waited in vain", when: waitedInVain, reason: "%s (%s) waited in vain: %s"},
		{name: "refused", when: refused, reason: "%s (%s) was refused: %s"},
		{name: "did not work", when: didNotWork, reason: "%s (%s) did not work: %s"},
		{name: "fault never armed", when: neverArmed, reason: "the fault %s (%s) never took force: %s"},
		{name: "did not work later on", when: failedLater, reason: "%s (%s) did not work: %s"},
		{name: "fault uncounted", since: evidence.RulesV2, when: uncounted, reason: "nobody knows what the fault %s did: %s"},
		{name: "fault fired otherwise", when: firedOtherwise, reason: "the fault %s (%s) fired %s, and was to fire %s"},
		{name: "fault missed", when: missed, reason: "the fault %s did not fire: no frame met its predicate"},
		{name: "fault untold", when: untold, reason: "nobody knows whether the fault %s fired"},
	}
}

func notReached(s stepDone) ([]any, bool) { return []any{s.Ref}, s.event == nil }

func waitedInVain(s stepDone) ([]any, bool) {
	if s.event.Outcome == evidence.OK || s.waited == nil || s.waited.Holds == evidence.True {
		return nil, false
	}
	return []any{s.Ref, s.event.Name, because(*s.waited)}, true
}

func refused(s stepDone) ([]any, bool) {
	return []any{s.Ref, s.event.Name, s.event.Detail}, s.event.Outcome == evidence.Refused
}

func didNotWork(s stepDone) ([]any, bool) {
	return []any{s.Ref, s.event.Name, s.event.Detail}, s.event.Outcome != evidence.OK
}

// neverArmed asks whether a fault that was to take force beside other steps has not, by when the symptom
// was decided.
func neverArmed(s stepDone) ([]any, bool) {
	arm := s.Step.Step.Arm
	if arm == nil || s.force != nil {
		return nil, false
	}
	why := fmt.Sprintf("the trial was over, or its symptom decided, before %s", arm.Moment())
	if s.after != nil {
		why = s.after.Detail
	}
	return []any{s.Ref, s.Title(), why}, true
}

func failedLater(s stepDone) ([]any, bool) {
	if !s.Step.Step.Background && !s.Step.Step.Armed() || s.after == nil {
		return nil, false
	}
	return []any{s.Ref, s.after.Name, s.after.Detail}, true
}

func (s stepDone) drops() bool { return s.Step.Action().Effect().Counted }

// counted is what the fault did by when the symptom was decided: what it did later has caused nothing
// that was seen. Records without a tally know the end alone.
func (s stepDone) counted() *evidence.Event {
	if s.tally != nil {
		return s.tally
	}
	return s.heal
}

func uncounted(s stepDone) ([]any, bool) {
	for _, e := range []*evidence.Event{s.tally, s.heal} {
		if s.drops() && e != nil && e.Outcome == evidence.Failed {
			return []any{s.Ref, e.Detail}, true
		}
	}
	return nil, false
}

// firedOtherwise asks whether a fault acted as often as its step expects.
func firedOtherwise(s stepDone) ([]any, bool) {
	want, ok := s.Step.Step.Fires()
	e := s.counted()
	if !ok || e == nil || e.Count == want {
		return nil, false
	}
	return []any{s.Ref, e.Name, often(e.Count), often(want)}, true
}

// often says how many times, for people.
func often(n uint64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func missed(s stepDone) ([]any, bool) {
	_, expected := s.Step.Step.Fires()
	e := s.counted()
	return []any{s.Ref}, s.drops() && e != nil && e.Count == 0 && !s.Step.Step.MayMiss && !expected
}

// untold asks whether nothing was counted. By RulesV1 nobody wanted to know of a fault that
// may miss.
func untold(s stepDone) ([]any, bool) {
	return []any{s.Ref}, s.drops() && s.heal == nil && (!s.Step.Step.MayMiss || s.rules.Since(evidence.RulesV2))
}
