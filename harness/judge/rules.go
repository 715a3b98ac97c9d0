package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// A rule decides about facts where it applies and no rule before it does.
type rule[F any] struct {
	name  string
	since evidence.Rules // the first version of the rules that has it; empty for every version
	// when reports whether the rule applies, with the words that complete the reason.
	when    func(F) (said []any, applies bool)
	verdict evidence.Verdict
	reason  string
	// afterDeaths puts the deaths that nobody asked for before the reason, by RulesV2.
	afterDeaths bool
	note        func(F) string // what is said beside the verdict; nil or empty for nothing
}

// first finds the rule that decides; its zero value where none applies.
func first[F any](rules []rule[F], version evidence.Rules, facts F) (rule[F], []any) {
	for _, r := range rules {
		if r.since != "" && !version.Since(r.since) {
			continue
		}
		if said, applies := r.when(facts); applies {
			return r, said
		}
	}
	return rule[F]{}, nil
}

// Names of rules by which an inconclusive trial of a test says that the test failed.
const (
	RulePrepared     = "baseline or stimulus" // did not come about
	RuleOtherFailure = "another failure"      // a process died
	RuleUnexpected   = "expectation"          // is not there, beside a symptom that is not there either
	RuleNeverShown   = "never shown"          // what is expected is not there, and nothing shows that it ever was
)

// Names of rules by which a trial was ended before its time.
const (
	ruleInterrupted = "interrupted" // from outside, or because its own time ran out
	ruleBrokenOff   = "broken off"  // the program was killed
)

// CutShort reports whether a trial was ended by what has nothing to do with it: whoever waited for it went
// away. One whose own time ran out was not, and one in which something failed before tells of that.
func CutShort(v evidence.TrialVerdict) bool {
	if len(v.OtherFailures) > 0 {
		return false
	}
	return v.Rule == ruleBrokenOff || v.Rule == ruleInterrupted && !strings.HasSuffix(v.Reason, context.DeadlineExceeded.Error())
}

// trialRules decide a trial: what can make it say nothing, in the order it can happen, and
// only then what the symptom says. The last applies to every trial.
func trialRules() []rule[*judge] {
	return []rule[*judge]{
		{
			name: "simulated", when: simulated, verdict: evidence.NotApplicable,
			reason: "made on a simulator, which has no data plane: it shows that the scenario runs, and nothing of the problem",
		},
		{name: "record damaged", when: damaged, verdict: evidence.Inconclusive, reason: "the record is not whole: %s"},
		{name: "ability missing", when: happened(evidence.EventMissing), verdict: evidence.NotApplicable, reason: "%s"},
		{name: ruleInterrupted, when: failed(evidence.EventCut), verdict: evidence.Inconclusive, reason: "the trial was interrupted: %s"},
		{name: "lab broke", when: failed(evidence.EventLab), verdict: evidence.Inconclusive, reason: "the lab broke: %s"},
		{name: "not started", when: notStarted, verdict: evidence.Inconclusive, reason: "%s did not start: %s", afterDeaths: true},
		{name: ruleBrokenOff, when: brokenOff, verdict: evidence.Inconclusive, reason: "the trial was broken off"},
		{name: "another clock", when: failed(evidence.EventClock), verdict: evidence.Inconclusive, reason: "%s"},
		{name: "too slow", when: tooSlow, verdict: evidence.Inconclusive, reason: "this machine is too slow for the speed of the lab's clocks: %s"},
		{name: "began late", when: beganLate, verdict: evidence.Inconclusive, reason: "the stimulus was not carried out as declared: %s"},
		{name: "asked death in the way", when: inTheWay, verdict: evidence.Inconclusive, reason: "%s; because of that, %s"},
		{name: RulePrepared, when: unexplained, verdict: evidence.Inconclusive, reason: "%s", afterDeaths: true},
		{name: RuleOtherFailure, when: otherFailure, verdict: evidence.Inconclusive, reason: "another failure: %s"},
		{name: "never looked at", when: neverSeen, verdict: evidence.Inconclusive, reason: "the record is not whole: it has nothing of the %s"},
		{name: RuleUnexpected, when: besideSymptom(expectationsAre(evidence.False)), verdict: evidence.Inconclusive, reason: "another failure: %q does not hold: %s"},
		{name: "as expected", when: withoutSymptom(expectationsAre(evidence.True)), verdict: evidence.NotReproduced, reason: "all that is expected holds"},
		{name: "expectation unknown", when: expectationsAre(evidence.Unknown), verdict: evidence.Inconclusive, reason: "%q is unknown: %s"},
		{
			name: RuleNeverShown, since: evidence.RulesV6, when: neverShown, verdict: evidence.Inconclusive,
			reason: "%q does not hold: %s; and nothing shows that it ever did: what can never come about looks the same. " +
				"Let the baseline show it, or declare a control in which it holds",
		},
		{name: "expectation false", when: expectationFails, verdict: evidence.Reproduced, reason: "%q does not hold: %s", note: shownElsewhere},
		{name: "symptom false", when: symptomIs(evidence.False), verdict: evidence.NotReproduced, reason: "%q: %s"},
		{name: "symptom unknown", when: symptomIs(evidence.Unknown), verdict: evidence.Inconclusive, reason: "%q is unknown: %s"},
		{
			name: "there before", since: evidence.RulesV2, when: thereBefore, verdict: evidence.Inconclusive, note: consequence,
			reason: "every symptom was there before the stimulus already, so nobody knows what the stimulus does; " +
				"say what only the failing network shows, or may-hold-before: true where that is meant",
		},
		// Only RulesV1 come as far as this with it.
		{name: "there before, noted", when: thereBefore, verdict: evidence.Reproduced, note: alreadyThere},
		{name: "symptom true", when: always[*judge], verdict: evidence.Reproduced, note: beside(consequence, unknownBefore)},
	}
}

func always[F any](F) ([]any, bool) { return nil, true }

func simulated(j *judge) ([]any, bool) { return nil, slices.Contains(j.v.Marks, MarkSimulated) }

// damaged asks whether something of the record is known to be missing.
func damaged(j *judge) ([]any, bool) { return []any{j.record.Lacks}, j.record.Lacks != "" }

// neverSeen asks whether a trial that came as far as that has no phase in which its conditions were looked at.
func neverSeen(j *judge) ([]any, bool) {
	return []any{evidence.PhaseSymptom}, len(j.symptom) < len(j.plan.Symptom) || len(j.expected) < len(j.plan.Expect)
}

// happened asks for an event of a kind.
func happened(kind evidence.EventKind) func(*judge) ([]any, bool) {
	return eventWhere(func(e evidence.Event) bool { return e.Kind == kind })
}

// failed asks for an event of a kind whose outcome is a failure.
func failed(kind evidence.EventKind) func(*judge) ([]any, bool) {
	return eventWhere(func(e evidence.Event) bool { return e.Kind == kind && e.Outcome == evidence.Failed })
}

// eventWhere asks for an event; its detail is what is said.
func eventWhere(is func(evidence.Event) bool) func(*judge) ([]any, bool) {
	return func(j *judge) ([]any, bool) {
		i := slices.IndexFunc(j.record.Events, is)
		if i < 0 {
			return nil, false
		}
		return []any{j.record.Events[i].Detail}, true
	}
}

// tooSlow asks whether a process came late while something was looked at or done. The latest is
// said.
func tooSlow(j *judge) ([]any, bool) {
	return j.latest(func(e evidence.Event) bool {
		return e.Ref == "" && e.Phase != evidence.PhaseDeploy && e.Phase != evidence.PhaseCollect
	})
}

// beganLate asks whether a repetition of a step of the stimulus began late. The latest is said.
func beganLate(j *judge) ([]any, bool) {
	return j.latest(func(e evidence.Event) bool { return e.Ref != "" && e.Phase == evidence.PhaseStimulus })
}

// latest finds what came latest, of the events about that which are asked for.
func (j *judge) latest(asked func(evidence.Event) bool) ([]any, bool) {
	var worst evidence.Event
	for _, e := range j.record.Events {
		if e.Kind == evidence.EventLate && asked(e) && e.Took > worst.Took {
			worst = e
		}
	}
	return []any{worst.Detail}, worst.Took > 0
}

func notStarted(j *judge) ([]any, bool) {
	i := slices.IndexFunc(j.record.Events, func(e evidence.Event) bool { return e.Kind == evidence.EventBoot && e.Outcome != evidence.OK })
	if i < 0 {
		return nil, false
	}
	return []any{j.record.Events[i].Lane, j.record.Events[i].Detail}, true
}

// brokenOff asks whether the record lacks its end: the last look at what died and whether the
// lab still stands is part of what a verdict rests on.
func brokenOff(j *judge) ([]any, bool) {
	ended := slices.ContainsFunc(j.record.Events, func(e evidence.Event) bool {
		return e.Kind == evidence.EventPhaseEnd && e.Phase == evidence.PhaseCollect
	})
	return nil, !ended
}

// inTheWay asks whether the death that the symptom asks for is why the rest did not work, and
// why not every symptom is known to be true.
func inTheWay(j *judge) ([]any, bool) {
	return []any{j.died, j.failure}, j.failure != "" && j.onlyAskedDeath() && !j.shown()
}

// unexplained asks whether baseline or stimulus failed, and not because of what the symptom asks for.
func unexplained(j *judge) ([]any, bool) {
	return []any{j.failure}, j.failure != "" && (!j.onlyAskedDeath() || !j.shown())
}

// onlyAskedDeath reports whether what the symptom asks for died, and nothing else.
func (j *judge) onlyAskedDeath() bool { return j.died != "" && len(j.v.OtherFailures) == 0 }

// shown reports whether there are symptoms, and all are true.
func (j *judge) shown() bool { return len(j.symptom) > 0 && j.holds == evidence.True }

func otherFailure(j *judge) ([]any, bool) {
	return []any{strings.Join(j.v.OtherFailures, "; ")}, len(j.v.OtherFailures) > 0
}

// symptomIs asks whether the symptoms together are so; the one to blame is said.
func symptomIs(t evidence.Truth) func(*judge) ([]any, bool) {
	return func(j *judge) ([]any, bool) {
		c, _ := Blamed(j.symptom)
		return []any{c.Name, because(c)}, j.holds == t
	}
}

// expectationsAre asks whether what is expected together is so, where that decides: without a
// symptom, or beside one that is not there. The one to blame is said.
func expectationsAre(t evidence.Truth) func(*judge) ([]any, bool) {
	return func(j *judge) ([]any, bool) {
		decides := len(j.plan.Symptom) == 0 || j.holds == evidence.False
		if !decides || len(j.plan.Expect) == 0 || together(j.plan.Expect, j.expected) != t {
			return nil, false
		}
		if t == evidence.True {
			return nil, true
		}
		c, _ := Blamed(j.expected)
		return []any{c.Name, because(c)}, true
	}
}

// besideSymptom asks for more where there is a symptom, withoutSymptom where there is none.
func besideSymptom(when func(*judge) ([]any, bool)) func(*judge) ([]any, bool) {
	return func(j *judge) ([]any, bool) {
		if len(j.plan.Symptom) == 0 {
			return nil, false
		}
		return when(j)
	}
}

func withoutSymptom(when func(*judge) ([]any, bool)) func(*judge) ([]any, bool) {
	return func(j *judge) ([]any, bool) {
		if len(j.plan.Symptom) > 0 {
			return nil, false
		}
		return when(j)
	}
}

// thereBefore asks whether every symptom was true before the stimulus: what was there then was
// not brought about by it.
func thereBefore(j *judge) ([]any, bool) {
	all, _ := j.earlierHeld()
	return nil, all == evidence.True
}

// consequence notes what did not work because of the death that the symptom asks for.
func consequence(j *judge) string {
	if j.failure == "" {
		return ""
	}
	return fmt.Sprintf("%s; because of that, %s", j.died, j.failure)
}

func alreadyThere(*judge) string {
	return "every symptom was there before the stimulus already; make sure that a healthy network differs"
}
