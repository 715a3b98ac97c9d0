package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// Judge decides a trial from its record alone, by the plan's rules.
func Judge(p *plan.Plan, number int, r evidence.Record) evidence.TrialVerdict {
	j := &judge{plan: p, record: r, v: evidence.TrialVerdict{Reprise: evidence.Format, Rules: p.Rules, Trial: number}}
	j.gather()
	j.decide()
	return j.v
}

// judge holds what a trial's rules decide on.
type judge struct {
	plan   *plan.Plan
	record evidence.Record
	v      evidence.TrialVerdict

	baseline []evidence.ConditionVerdict // nil where the phase never began
	symptom  []evidence.ConditionVerdict
	expected []evidence.ConditionVerdict // of what a network that works shows
	holds    evidence.Truth              // every symptom together; without one, that something expected is not there
	died     string                      // the death that the symptom asks for, in words; empty without one
	failure  string                      // why baseline or stimulus were not as declared; empty where they were
}

// gather reads the record: deaths, conditions and steps, each decided by itself.
func (j *judge) gather() {
	j.frames()
	j.otherFailures()
	j.baseline = j.phase(evidence.PhaseBaseline, j.plan.Baseline)
	j.waits()
	j.symptom = j.phase(evidence.PhaseSymptom, j.plan.Symptom)
	j.expected = j.phase(evidence.PhaseSymptom, j.plan.Expect)
	if j.holds = together(j.plan.Symptom, j.symptom); len(j.plan.Symptom) == 0 {
		j.holds = evidence.Not(together(j.plan.Expect, j.expected))
	}
	j.relief()
	j.marks()
	j.died, _ = j.askedDeath()
	j.failure = j.firstFailure()
}

// decide gives the trial the verdict of the first rule that applies.
func (j *judge) decide() {
	r, said := first(trialRules(), j.plan.Rules, j)
	j.v.Verdict, j.v.Rule, j.v.Reason = r.verdict, r.name, fmt.Sprintf(r.reason, said...)
	if r.afterDeaths && len(j.v.OtherFailures) > 0 && j.plan.Rules.Since(evidence.RulesV2) {
		j.v.Reason = fmt.Sprintf("another failure: %s; and %s", strings.Join(j.v.OtherFailures, "; "), j.v.Reason)
	}
	if r.note == nil {
		return
	}
	if note := r.note(j); note != "" {
		j.v.Notes = append(j.v.Notes, note)
	}
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

// relief decides what the workaround must bring about, and notes whether it did.
func (j *judge) relief() {
	if relief := j.phase(evidence.PhaseWorkaround, j.plan.Relief); len(relief) > 0 {
		j.v.Notes = append(j.v.Notes, "workaround: "+workaroundWord(evidence.And(Truths(relief)...)))
	}
}

// workaroundWord says what one trial tells of a workaround. That it helps is not in it: the problem may have gone by itself.
func workaroundWord(t evidence.Truth) string {
	switch t {
	case evidence.True:
		return "what it must bring about held after it; whether it is the reason, trials without it tell (reprise verify-fix --workaround)"
	case evidence.False:
		return "it does not help"
	default:
		return "whether it helps is unknown"
	}
}
