package judge

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// AskedDeath returns, in words, the recorded death that the plan's symptom asks for.
func AskedDeath(p *plan.Plan, r evidence.Record) (words string, ok bool) {
	return (&judge{plan: p, record: r}).askedDeath()
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
		j.v.Failures = append(j.v.Failures, e.Failed())
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
	return e.Outcome != evidence.Doubtful && slices.ContainsFunc(j.plan.Symptom, func(c plan.Check) bool {
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
