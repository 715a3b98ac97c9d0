package judge

import (
	"slices"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

const (
	alreadyWords = "every symptom was there before the stimulus already"
	unknownWords = `whether "symptom[0]" was there before the stimulus already is not known: `
)

// moves is that a value changes.
var moves = scenarios.Condition{Node: "r1", Run: "show count", Expect: "text", Changes: &scenarios.Changes{AtLeast: 1, Within: sec}, Every: sec / 2}

// ruleCases are the cases of [TestEveryRule].
var ruleCases = []struct {
	rule, name string
	change     func(*trialCase)
	want       evidence.Verdict
	reason     string // a part of it; from its beginning after ^
	note       string
}{
	{"symptom true", "as it should be", func(*trialCase) {}, evidence.Reproduced, "", ""},
	{"symptom false", "it stays up", func(c *trialCase) {
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.NotReproduced, `"symptom[0]": it was not so in 1s (3 looks); seen last: up`, ""},
	{"symptom unknown", "the last look has no answer", func(c *trialCase) {
		c.again("symptom[0]", 4, "up", "up", "")
	}, evidence.Inconclusive, `"symptom[0]" is unknown: the last look had no answer: session lost`, ""},
	{"symptom unknown", "nobody looked", func(c *trialCase) {
		c.again("symptom[0]", 4)
	}, evidence.Inconclusive, "nobody looked", ""},
	{"symptom false", "one is false and another unknown", func(c *trialCase) {
		c.plan.Symptom = append(c.plan.Symptom, check(c.t, "symptom[1]", shows("down")))
		c.looks("symptom[1]", 4, "up", "up", "up")
		c.again("symptom[0]", 4, "")
	}, evidence.NotReproduced, `"symptom[1]"`, ""},

	{"symptom true", "and what is expected is there too", func(c *trialCase) {
		c.expects("up", "up", "up", "up")
	}, evidence.Reproduced, "", ""},
	{"expectation", "neither the symptom nor what is expected", func(c *trialCase) {
		c.again("symptom[0]", 4, "up", "up", "up")
		c.expects("up", "down", "down", "down")
	}, evidence.Inconclusive, `another failure: "expect[0]" does not hold: it was not so in 1s`, ""},
	{"symptom false", "no symptom, and what is expected", func(c *trialCase) {
		c.again("symptom[0]", 4, "up", "up", "up")
		c.expects("up", "down", "up")
	}, evidence.NotReproduced, `"symptom[0]": it was not so`, ""},
	{"expectation unknown", "no symptom, and nobody knows whether what is expected is there", func(c *trialCase) {
		c.again("symptom[0]", 4, "up", "up", "up")
		c.expects("up", "down", "down", "")
	}, evidence.Inconclusive, `"expect[0]" is unknown: the last look had no answer`, ""},
	{"as expected", "without a symptom", func(c *trialCase) {
		c.onlyExpects("up", "down", "up")
	}, evidence.NotReproduced, "all that is expected holds", ""},
	{"expectation false", "without a symptom", func(c *trialCase) {
		c.onlyExpects("up", "down", "down", "down")
	}, evidence.Reproduced, `"expect[0]" does not hold: it was not so in 1s (3 looks); seen last: down`, ""},
	{"expectation unknown", "without a symptom", func(c *trialCase) {
		c.onlyExpects("up", "down", "down", "")
	}, evidence.Inconclusive, `"expect[0]" is unknown: the last look had no answer`, ""},
	{"expectation false", "it is false, whatever is unknown beside it", func(c *trialCase) {
		c.onlyExpects("up", "down", "down", "")
		c.plan.Expect = append(c.plan.Expect, check(c.t, "expect[1]", shows("up")))
		c.looks("expect[1]", 4, "down", "down", "down")
	}, evidence.Reproduced, `"expect[1]"`, ""},
	{RuleNeverShown, "it was not there before the stimulus either", func(c *trialCase) {
		c.onlyExpects("down", "down", "down", "down")
		c.baselineOf("show other")
	}, evidence.Inconclusive, `"expect[0]" does not hold: it was not so in 1s (3 looks); seen last: down; and nothing shows that it ever did`, ""},
	{RuleNeverShown, "the look before the stimulus had no answer", func(c *trialCase) {
		c.onlyExpects("", "down", "down", "down")
		c.baselineOf("show other")
	}, evidence.Inconclusive, "Let the baseline show it, or declare a control in which it holds", ""},
	{RuleNeverShown, "what must never be was there before the stimulus", func(c *trialCase) {
		c.onlyExpects("down", "down")
		c.expectsNever("down")
		c.baselineOf("show other")
	}, evidence.Inconclusive, `"expect[0]" does not hold`, ""},
	{RuleNeverShown, "a value that must move, and no baseline in which it does", func(c *trialCase) {
		c.onlyExpects("1", "1", "1", "1")
		c.plan.Expect = []plan.Check{check(c.t, "expect[0]", moves)}
	}, evidence.Inconclusive, `"expect[0]" does not hold`, ""},
	{"expectation false", "a value that moved in the baseline, and moves no more", func(c *trialCase) {
		c.onlyExpects("1", "1", "1", "1")
		c.plan.Expect = []plan.Check{check(c.t, "expect[0]", moves)}
		c.plan.Baseline = []plan.Check{check(c.t, "baseline[0]", moves)}
		c.again("baseline[0]", 1, "1", "2")
	}, evidence.Reproduced, `"expect[0]" does not hold`, ""},
	{"expectation false", "the look before the stimulus shows it", func(c *trialCase) {
		c.onlyExpects("up", "down", "down", "down")
		c.baselineOf("show other")
	}, evidence.Reproduced, `"expect[0]" does not hold`, ""},
	{"expectation false", "the baseline asks the same otherwise", func(c *trialCase) {
		c.onlyExpects("", "down", "down", "down")
		c.plan.Baseline[0].Cond.Expect = "len(text) > 0"
	}, evidence.Reproduced, `"expect[0]" does not hold`, ""},
	{"expectation false", "a step waited for it", func(c *trialCase) {
		c.onlyExpects("", "down", "down", "down")
		c.baselineOf("show other")
		c.waitsFor(evidence.OK, "up", "flapped")
	}, evidence.Reproduced, `"expect[0]" does not hold`, ""},
	{"expectation false", "of two it is the one that was there that is told", func(c *trialCase) {
		c.onlyExpects("up", "down", "down", "down")
		c.baselineOf("show other")
		c.plan.Expect = slices.Insert(c.plan.Expect, 0, check(c.t, "expect[1]", scenarios.Condition{Node: "r1", Run: "show more", Expect: `text == "up"`, Eventually: sec, Every: sec / 2}))
		c.looks("expect[1]", 4, "down", "down", "down")
	}, evidence.Reproduced, `^"expect[0]"`, ""},
	{"expectation false", "a control is to show it", func(c *trialCase) {
		c.onlyExpects("down", "down", "down", "down")
		c.baselineOf("show other")
		c.plan.Loaded = &scenarios.Loaded{Scenario: scenarios.Scenario{Control: &scenarios.Control{Without: []string{"stimulus.0"}}}}
	}, evidence.Reproduced, `"expect[0]" does not hold`, "nothing of this trial shows that what is expected ever held: that is for the control to show"},
	{"expectation false", "without a stimulus", func(c *trialCase) {
		c.onlyExpects("down", "down", "down", "down")
		c.baselineOf("show other")
		c.plan.Stimulus[0].LeftOut = true
	}, evidence.Reproduced, `"expect[0]" does not hold`, ""},
	{"expectation false", "by RulesV5, which asked for nothing more", func(c *trialCase) {
		c.onlyExpects("down", "down", "down", "down")
		c.baselineOf("show other")
		c.plan.Rules = evidence.RulesV5
	}, evidence.Reproduced, `"expect[0]" does not hold`, ""},
	{"expectation false", "a line that must never come", func(c *trialCase) {
		c.onlyExpects("", "panic")
		c.plan.Expect = []plan.Check{check(c.t, "expect[0]", scenarios.Condition{Node: "r1", Log: "panic", Never: sec, Every: sec / 2})}
		c.Observations[len(c.Observations)-1].Count = 1
	}, evidence.Reproduced, `"expect[0]" does not hold`, `whether "expect[0]" held before the stimulus is not known: nobody looked`},
	{"another failure", "and all that is expected", func(c *trialCase) {
		c.onlyExpects("up", "up")
		c.add(evidence.PhaseSymptom, diedToo)
	}, evidence.Inconclusive, "another failure: r2: zebra died", ""},

	{"simulated", "and much else went wrong", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventMark, Name: MarkSimulated})
		c.add(evidence.PhaseStimulus, evidence.Event{Kind: evidence.EventMissing, Detail: "no netem"})
		c.add(evidence.PhaseStimulus, evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: "gone"})
	}, evidence.NotApplicable, "made on a simulator", ""},
	{"record damaged", "an observation is missing, and what would be told without it is not", func(c *trialCase) {
		c.Lacks = "observation 3 stands where 2 was written"
		c.add(evidence.PhaseSymptom, diedToo)
	}, evidence.Inconclusive, "the record is not whole: observation 3 stands where 2 was written", ""},
	{"never looked at", "the symptom's phase is not in the record", func(c *trialCase) {
		c.without(evidence.PhaseSymptom)
	}, evidence.Inconclusive, "the record is not whole: it has nothing of the symptom", ""},
	{"never looked at", "nor is what is expected", func(c *trialCase) {
		c.onlyExpects("up", "up")
		c.without(evidence.PhaseSymptom)
	}, evidence.Inconclusive, "the record is not whole: it has nothing of the symptom", ""},
	{"baseline or stimulus", "the baseline's phase is not in the record", func(c *trialCase) {
		c.without(evidence.PhaseBaseline)
	}, evidence.Inconclusive, "the record is not whole: it has nothing of the baseline", ""},
	{"symptom true", "another mark", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventMark, Name: "licence"})
	}, evidence.Reproduced, "", ""},
	{"ability missing", "which is no failure, and goes before one", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventCut, Outcome: evidence.Failed, Detail: "Ctrl-C"})
		c.add(evidence.PhaseStimulus, evidence.Event{Kind: evidence.EventMissing, Detail: "no netem"})
	}, evidence.NotApplicable, "no netem", ""},
	{"interrupted", "before the lab broke by that", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: "gone"})
		c.add(evidence.PhaseStimulus, evidence.Event{Kind: evidence.EventCut, Outcome: evidence.Failed, Detail: "Ctrl-C"})
	}, evidence.Inconclusive, "the trial was interrupted: Ctrl-C", ""},
	{"lab broke", "before a node could start", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventBoot, Lane: "r2", Outcome: evidence.Failed, Detail: "no answer"})
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: "the container ended"})
	}, evidence.Inconclusive, "the lab broke: the container ended", ""},
	{"symptom true", "the lab says something that is no failure", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventLab, Outcome: evidence.OK, Detail: "built"})
	}, evidence.Reproduced, "", ""},
	{"not started", "the configuration is refused", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventBoot, Lane: "r2", Outcome: evidence.Refused, Detail: "line 3"})
		c.cutFrom(evidence.PhaseDeploy)
	}, evidence.Inconclusive, "r2 did not start: line 3", ""},
	{"not started", "and something died", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, diedToo)
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventBoot, Lane: "r2", Outcome: evidence.Failed, Detail: "gone"})
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT); and r2 did not start: gone", ""},
	{"not started", "and something died, by the first rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV1
		c.add(evidence.PhaseDeploy, diedToo)
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventBoot, Lane: "r2", Outcome: evidence.Failed, Detail: "gone"})
	}, evidence.Inconclusive, "^r2 did not start: gone", ""},
	{"broken off", "after the symptom", func(c *trialCase) {
		c.cutFrom(evidence.PhaseCollect)
	}, evidence.Inconclusive, "the trial was broken off", ""},
	{"broken off", "before the stimulus, which then is not blamed", func(c *trialCase) {
		c.cutFrom(evidence.PhaseBaseline)
	}, evidence.Inconclusive, "the trial was broken off", ""},

	{"too slow", "the latest of those that came late", func(c *trialCase) {
		c.add(evidence.PhaseSymptom, evidence.Event{Kind: evidence.EventLate, Took: time.Second, Detail: "ospfd waited"})
		c.add(evidence.PhaseBaseline, evidence.Event{Kind: evidence.EventLate, Took: 2 * time.Second, Detail: "zebra waited"})
	}, evidence.Inconclusive, "too slow for the speed of the lab's clocks: zebra waited", ""},
	{"began late", "a repetition of the stimulus", func(c *trialCase) {
		c.add(evidence.PhaseStimulus, evidence.Event{Kind: evidence.EventLate, Ref: "stimulus[0]#2", Took: time.Second, Detail: "the second began late"})
	}, evidence.Inconclusive, "not carried out as declared: the second began late", ""},
	{"symptom true", "a repetition of the workaround that began late", func(c *trialCase) {
		c.Events = append(c.Events, evidence.Event{Kind: evidence.EventLate, Phase: evidence.PhaseWorkaround, Ref: "workaround.steps[0]#2", Took: time.Second})
	}, evidence.Reproduced, "", ""},
	{"another clock", "a daemon that a step started keeps real time", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventClock, Detail: "the lab's clocks show something"})
		c.add(evidence.PhaseCollect, evidence.Event{Kind: evidence.EventClock, Outcome: evidence.Failed, Detail: "r1: bgpd keeps real time"})
	}, evidence.Inconclusive, "r1: bgpd keeps real time", ""},
	{"symptom true", "late before anybody looked, and after", func(c *trialCase) {
		c.add(evidence.PhaseDeploy, evidence.Event{Kind: evidence.EventLate, Took: time.Second, Detail: "ospfd waited"})
		c.add(evidence.PhaseCollect, evidence.Event{Kind: evidence.EventLate, Took: time.Second, Detail: "ospfd waited"})
	}, evidence.Reproduced, "", ""},

	{"baseline or stimulus", "the baseline, before the stimulus", func(c *trialCase) {
		c.again("baseline[0]", 1, "down", "down", "down")
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "timeout" })
	}, evidence.Inconclusive, `the baseline "baseline[0]" did not hold: it was not so in 1s (3 looks); seen last: down`, ""},
	{"baseline or stimulus", "the baseline is unknown", func(c *trialCase) {
		c.again("baseline[0]", 1, "down", "down", "")
	}, evidence.Inconclusive, `the baseline "baseline[0]" did not hold: the last look had no answer`, ""},
	{"baseline or stimulus", "something died too", func(c *trialCase) {
		c.add(evidence.PhaseSymptom, diedToo)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "timeout" })
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT); and stimulus[0] (break it) did not work: timeout", ""},
	{"baseline or stimulus", "something died too, by the first rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV1
		c.add(evidence.PhaseSymptom, diedToo)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "timeout" })
	}, evidence.Inconclusive, "^stimulus[0] (break it) did not work: timeout", ""},

	{"not reached", "a step without an event", func(c *trialCase) {
		c.plan.Stimulus = append(c.plan.Stimulus, plan.Step{Ref: "stimulus[1]", Step: scenarios.Step{Node: "r1", Run: "x"}})
	}, evidence.Inconclusive, "the trial was broken off before stimulus[1]", ""},
	{"symptom true", "a step without an event that the control leaves out", func(c *trialCase) {
		c.plan.Stimulus = append(c.plan.Stimulus, plan.Step{Ref: "stimulus[1]", LeftOut: true})
	}, evidence.Reproduced, "", ""},
	{"refused", "by the device", func(c *trialCase) {
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Refused, "% Unknown" })
	}, evidence.Inconclusive, "stimulus[0] (break it) was refused: % Unknown", ""},
	{"did not work", "the session was lost", func(c *trialCase) {
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "session lost" })
	}, evidence.Inconclusive, "stimulus[0] (break it) did not work: session lost", ""},
	{"waited in vain", "it never came", func(c *trialCase) {
		c.waitsFor(evidence.Failed, "up", "up", "up")
	}, evidence.Inconclusive, "stimulus[0] (wait for flapped) waited in vain: it was not so in 1s (3 looks); seen last: up", ""},
	{"did not work", "it came, and the step failed otherwise", func(c *trialCase) {
		c.waitsFor(evidence.Failed, "up", "flapped")
	}, evidence.Inconclusive, "stimulus[0] (wait for flapped) did not work: not in time", ""},
	{"symptom true", "it came", func(c *trialCase) {
		c.waitsFor(evidence.OK, "up", "flapped")
	}, evidence.Reproduced, "", ""},
	{"did not work later on", "a fault in the background", func(c *trialCase) {
		c.plan.Stimulus[0].Step.Background = true
		c.add(evidence.PhaseSymptom, evidence.Event{Kind: evidence.EventFault, Ref: "stimulus[0]", Name: "flap", Outcome: evidence.Failed, Detail: "no such link"})
	}, evidence.Inconclusive, "stimulus[0] (flap) did not work: no such link", ""},
	{"symptom true", "the same of a step in the foreground, whose outcome counts", func(c *trialCase) {
		c.add(evidence.PhaseSymptom, evidence.Event{Kind: evidence.EventFault, Ref: "stimulus[0]", Name: "flap", Outcome: evidence.Failed, Detail: "no such link"})
	}, evidence.Reproduced, "", ""},

	{"fault never armed", "what it waits for never came", func(c *trialCase) {
		c.plan.Stimulus[0].Step = scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDrop, Arm: &scenarios.Condition{Name: "Full", Node: "r1", Run: "x"}}
		c.add(evidence.PhaseSymptom, evidence.Event{Kind: evidence.EventFault, Ref: "stimulus[0]", Name: "drop", Outcome: evidence.Failed, Detail: `"Full" is false`})
	}, evidence.Inconclusive, `the fault stimulus[0] (drop) never took force: "Full" is false`, ""},
	{"fault never armed", "the symptom was decided first", func(c *trialCase) {
		c.plan.Stimulus[0].Step = scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDrop, Arm: &scenarios.Condition{Step: "later"}}
		c.add(evidence.PhaseCollect, evidence.Event{Kind: evidence.EventFault, Ref: "stimulus[0]", Name: "drop", Outcome: evidence.OK})
		c.add(evidence.PhaseCollect, evidence.Event{Kind: evidence.EventHeal, Ref: "stimulus[0]", Name: "drop", Outcome: evidence.OK, Count: 1})
	}, evidence.Inconclusive, "the fault stimulus[0] (drop) never took force: the trial was over, or its symptom decided, before step later begins", ""},
	{"did not work later on", "a fault that was to end as something is seen", func(c *trialCase) {
		c.plan.Stimulus[0].Step = scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDown, Disarm: &scenarios.Condition{Name: "Full", Node: "r1", Run: "x"}}
		c.add(evidence.PhaseSymptom, evidence.Event{Kind: evidence.EventFault, Ref: "stimulus[0]", Name: "down", Outcome: evidence.Failed, Detail: `"Full" is false`})
	}, evidence.Inconclusive, `stimulus[0] (down) did not work: "Full" is false`, ""},
	{"symptom true", "the same after the symptom was decided", func(c *trialCase) {
		c.plan.Stimulus[0].Step = scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDown, Disarm: &scenarios.Condition{Name: "Full", Node: "r1", Run: "x"}}
		c.add(evidence.PhaseCollect, evidence.Event{Kind: evidence.EventFault, Ref: "stimulus[0]", Name: "down", Outcome: evidence.Failed, Detail: `"Full" is false`})
	}, evidence.Reproduced, "", ""},

	{"symptom true", "a drop that acted", func(c *trialCase) {
		c.beneath(scenarios.Step{}, &evidence.Event{Outcome: evidence.OK, Count: 1})
	}, evidence.Reproduced, "", ""},
	{"fault missed", "a drop that met nothing", func(c *trialCase) {
		c.beneath(scenarios.Step{}, &evidence.Event{Outcome: evidence.OK, Count: 0})
	}, evidence.Inconclusive, "the fault stimulus[0] did not fire", ""},
	{"fault fired otherwise", "a fault that acts on more than its step expects", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(1)}, &evidence.Event{Name: "drop", Outcome: evidence.OK, Count: 2})
	}, evidence.Inconclusive, "the fault stimulus[0] (drop) fired 2 times, and was to fire once", ""},
	{"fault fired otherwise", "a fault that acts on nothing, and was to", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(3)}, &evidence.Event{Name: "drop", Outcome: evidence.OK})
	}, evidence.Inconclusive, "the fault stimulus[0] (drop) fired 0 times, and was to fire 3 times", ""},
	{"fault fired otherwise", "a fault that acts after the symptom was decided alone", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(1)}, &evidence.Event{Name: "drop", Outcome: evidence.OK, Count: 1})
		c.tally(evidence.Event{Name: "drop", Outcome: evidence.OK})
	}, evidence.Inconclusive, "the fault stimulus[0] (drop) fired 0 times, and was to fire once", ""},
	{"fault missed", "a drop that meets its first frame after the symptom was decided", func(c *trialCase) {
		c.beneath(scenarios.Step{}, &evidence.Event{Outcome: evidence.OK, Count: 1})
		c.tally(evidence.Event{Outcome: evidence.OK})
	}, evidence.Inconclusive, "the fault stimulus[0] did not fire", ""},
	{"symptom true", "a fault that goes on after the symptom was decided", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(1)}, &evidence.Event{Outcome: evidence.OK, Count: 4})
		c.tally(evidence.Event{Outcome: evidence.OK, Count: 1})
	}, evidence.Reproduced, "", ""},
	{"fault uncounted", "nobody could count when the symptom was decided", func(c *trialCase) {
		c.beneath(scenarios.Step{}, &evidence.Event{Outcome: evidence.OK, Count: 1})
		c.tally(evidence.Event{Outcome: evidence.Failed, Detail: "frames were lost"})
	}, evidence.Inconclusive, "nobody knows what the fault stimulus[0] did: frames were lost", ""},
	{"fault untold", "a fault that is to act and was never taken back", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(0)}, nil)
	}, evidence.Inconclusive, "nobody knows whether the fault stimulus[0] fired", ""},
	{"symptom true", "a fault that acts as often as expected", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(2)}, &evidence.Event{Outcome: evidence.OK, Count: 2})
	}, evidence.Reproduced, "", ""},
	{"symptom true", "a fault that is to act on nothing", func(c *trialCase) {
		c.beneath(scenarios.Step{Expect: fires(0)}, &evidence.Event{Outcome: evidence.OK, Count: 0})
	}, evidence.Reproduced, "", ""},
	{"symptom true", "a drop that may miss", func(c *trialCase) {
		c.beneath(scenarios.Step{MayMiss: true}, &evidence.Event{Outcome: evidence.OK, Count: 0})
	}, evidence.Reproduced, "", ""},
	{"symptom true", "another fault is not counted", func(c *trialCase) {
		c.plan.Stimulus[0].Step = scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDown}
	}, evidence.Reproduced, "", ""},
	{"fault uncounted", "its witness is gone", func(c *trialCase) {
		c.beneath(scenarios.Step{MayMiss: true}, &evidence.Event{Outcome: evidence.Failed, Count: 3, Detail: "the counter is gone"})
	}, evidence.Inconclusive, "nobody knows what the fault stimulus[0] did: the counter is gone", ""},
	{"fault uncounted", "by the second rules too", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV2
		c.beneath(scenarios.Step{}, &evidence.Event{Outcome: evidence.Failed, Count: 3, Detail: "the counter is gone"})
	}, evidence.Inconclusive, "nobody knows what the fault stimulus[0] did: the counter is gone", ""},
	{"symptom true", "its witness is gone, by the first rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV1
		c.beneath(scenarios.Step{}, &evidence.Event{Outcome: evidence.Failed, Count: 3, Detail: "the counter is gone"})
	}, evidence.Reproduced, "", ""},
	{"fault untold", "it was never taken back", func(c *trialCase) {
		c.beneath(scenarios.Step{MayMiss: true}, nil)
	}, evidence.Inconclusive, "nobody knows whether the fault stimulus[0] fired", ""},
	{"fault untold", "by the first rules, where it must fire", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV1
		c.beneath(scenarios.Step{}, nil)
	}, evidence.Inconclusive, "nobody knows whether the fault stimulus[0] fired", ""},
	{"symptom true", "by the first rules, where it may miss", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV1
		c.beneath(scenarios.Step{MayMiss: true}, nil)
	}, evidence.Reproduced, "", ""},

	{"another failure", "and the symptom is there", func(c *trialCase) {
		c.add(evidence.PhaseSymptom, diedToo)
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT)", ""},
	{"another failure", "and the symptom is not", func(c *trialCase) {
		c.add(evidence.PhaseSymptom, diedToo)
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT)", ""},
	{"another failure", "which is not what the symptom asks for", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.add(evidence.PhaseSymptom, died)
		c.add(evidence.PhaseSymptom, diedToo)
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT)", ""},
	{"another failure", "what the symptom asks for, before the stimulus", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.add(evidence.PhaseBaseline, died)
	}, evidence.Inconclusive, "another failure: r1: bgpd died before the stimulus already (SIGSEGV)", ""},
	{"another failure", "on another node", func(c *trialCase) {
		c.asksFor("zebra", oneDeath)
		c.add(evidence.PhaseSymptom, diedToo)
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT)", ""},
	{"symptom true", "a death that a step brought about is noted", func(c *trialCase) {
		e := diedToo
		e.Ref = "stimulus[0]"
		c.add(evidence.PhaseStimulus, e)
	}, evidence.Reproduced, "", "r2: zebra died (SIGABRT)"},

	{"symptom true", "the death that the symptom asks for", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.add(evidence.PhaseSymptom, died)
	}, evidence.Reproduced, "", ""},
	{"symptom true", "seen at the last look only", func(c *trialCase) {
		c.asksFor("any", oneDeath)
		c.add(evidence.PhaseCollect, died)
	}, evidence.Reproduced, "", ""},
	{"symptom true", "of a process of that daemon's own", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		e := died
		e.Name = "bgpd bgp_io"
		c.add(evidence.PhaseStimulus, e)
	}, evidence.Reproduced, "", ""},
	{"another failure", "of a process of that daemon's own, by the first rules", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.plan.Rules = evidence.RulesV1
		e := died
		e.Name = "bgpd bgp_io"
		c.add(evidence.PhaseStimulus, e)
	}, evidence.Inconclusive, "another failure: r1: bgpd bgp_io died", ""},
	{"symptom true", "at the start, where the stimulus only waits", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.plan.Stimulus[0].Step = scenarios.Step{Hold: sec}
		c.add(evidence.PhaseDeploy, died)
	}, evidence.Reproduced, "", ""},
	{"another failure", "at the start, where the stimulus only waits, by the first rules", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.plan.Rules = evidence.RulesV1
		c.plan.Stimulus[0].Step = scenarios.Step{Hold: sec}
		c.add(evidence.PhaseDeploy, died)
	}, evidence.Inconclusive, "before the stimulus already", ""},
	{"symptom true", "at the start, where that is meant", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.plan.Symptom[0].Cond.MayHoldBefore = true
		c.add(evidence.PhaseDeploy, died)
	}, evidence.Reproduced, "", ""},
	{"symptom true", "because of it the step did not work", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.add(evidence.PhaseStimulus, died)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "no answer" })
	}, evidence.Reproduced, "", "r1: bgpd died (SIGSEGV); because of that, stimulus[0] (break it) did not work: no answer"},
	{"baseline or stimulus", "because of it the step did not work, by the first rules", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.plan.Rules = evidence.RulesV1
		c.add(evidence.PhaseStimulus, died)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "no answer" })
	}, evidence.Inconclusive, "stimulus[0] (break it) did not work: no answer", ""},
	{"asked death in the way", "of another symptom", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.plan.Symptom = append(c.plan.Symptom, check(c.t, "symptom[1]", shows("down")))
		c.looks("symptom[1]", 4, "")
		c.add(evidence.PhaseStimulus, died)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "no answer" })
	}, evidence.Inconclusive, "r1: bgpd died (SIGSEGV); because of that, stimulus[0] (break it) did not work: no answer", ""},
	{"asked death in the way", "nobody came as far as the symptom", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.add(evidence.PhaseStimulus, died)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "no answer" })
		c.Events = append(c.Events[:9:9], c.Events[11:]...) // no phase of the symptom
	}, evidence.Inconclusive, "because of that", ""},
	{"baseline or stimulus", "it died, and another did too", func(c *trialCase) {
		c.asksFor("bgpd", oneDeath)
		c.add(evidence.PhaseStimulus, died)
		c.add(evidence.PhaseStimulus, diedToo)
		c.step(func(e *evidence.Event) { e.Outcome, e.Detail = evidence.Failed, "no answer" })
	}, evidence.Inconclusive, "another failure: r2: zebra died (SIGABRT); and stimulus[0]", ""},

	{"there before", "in every symptom", func(c *trialCase) {
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"there before", "by the second rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV2
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"there before, noted", "by the first", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV1
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Reproduced, "", alreadyWords + "; make sure that a healthy network differs"},
	{"symptom true", "not in another symptom", func(c *trialCase) {
		c.plan.Symptom = append(c.plan.Symptom, check(c.t, "symptom[1]", shows("down")))
		c.looks("symptom[1]", 4, "down")
		c.looks("symptom[1]"+evidence.Before, 2.9, "up")
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Reproduced, "", ""},
	{"there before", "in every symptom that must not be", func(c *trialCase) {
		c.plan.Symptom = append(c.plan.Symptom, check(c.t, "symptom[1]", shows("down")))
		c.plan.Symptom[1].Cond.MayHoldBefore = true
		c.looks("symptom[1]", 4, "down")
		c.looks("symptom[1]"+evidence.Before, 2.9, "up")
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "there before, which is meant", func(c *trialCase) {
		c.plan.Symptom[0].Cond.MayHoldBefore = true
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Reproduced, "", ""},
	{"symptom true", "there before, without a stimulus", func(c *trialCase) {
		c.plan.Stimulus[0].LeftOut = true
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
	}, evidence.Reproduced, "", ""},
	{"symptom true", "nobody looked before", func(c *trialCase) {
		c.again("symptom[0]"+evidence.Before, 2.9)
	}, evidence.Reproduced, "", unknownWords + "nobody looked"},
	{"symptom true", "what changes again and again", func(c *trialCase) {
		cond := scenarios.Condition{Node: "r1", Run: "show state", Expect: "text", Changes: &scenarios.Changes{AtLeast: 1, Within: sec}, Every: sec / 2}
		c.plan.Symptom[0] = check(c.t, "symptom[0]", cond)
		c.again("symptom[0]", 4, "up", "down")
	}, evidence.Reproduced, "", unknownWords + "nobody watched it then"},
	{"symptom true", "what changes again and again, and was looked at once before", func(c *trialCase) {
		cond := scenarios.Condition{Node: "r1", Run: "show state", Expect: `text == "down"`, Changes: &scenarios.Changes{AtLeast: 1, Within: sec}, Every: sec / 2}
		c.plan.Symptom[0] = check(c.t, "symptom[0]", cond)
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
		c.again("symptom[0]", 4, "up", "down")
	}, evidence.Reproduced, "", unknownWords + "nobody watched it then"},
	{"symptom true", "what changes again and again, by the fourth rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV4
		c.changes("up", "down", "up")
	}, evidence.Reproduced, "", ""},
	{"there before", "what changes again and again, and did before", func(c *trialCase) {
		c.changes("up", "down", "up")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "what changes again and again, and did not before", func(c *trialCase) {
		c.changes("up", "up", "up")
	}, evidence.Reproduced, "", ""},
	{"symptom true", "what changes again and again, and nobody knows of before", func(c *trialCase) {
		c.changes("up", "", "up")
	}, evidence.Reproduced, "", unknownWords + "a look had no answer: session lost"},
	{"there before", "what does not change, and did not before", func(c *trialCase) {
		c.moves(scenarios.Condition{Unchanged: sec})
		c.watched(1.5, "up", "up", "up")
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "what does not change, and did before", func(c *trialCase) {
		c.moves(scenarios.Condition{Unchanged: sec})
		c.watched(1.5, "up", "down")
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.Reproduced, "", ""},
	{"there before", "a line that is logged again and again", func(c *trialCase) {
		c.lines("2", 0, 2)
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "a line that is logged again and again, by the fourth rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV4
		c.lines("2", 0, 2)
	}, evidence.Reproduced, "", ""},
	{"symptom true", "a line that was logged before the watching alone", func(c *trialCase) {
		c.again("symptom[0]"+evidence.Before, 1) // as since the trial began
		c.lines("7", 0, 0, 0)
	}, evidence.Reproduced, "", ""},
	{"there before", "a line that is logged once after it was false, as it was before", func(c *trialCase) {
		c.lines("2", 0, 2)
		c.plan.Symptom[0].Cond.AfterFalse = true
		c.again("symptom[0]", 4, "", "")
		for i := range c.Observations {
			if o := &c.Observations[i]; o.Ref == "symptom[0]" {
				o.Error, o.Count = "", int(o.At/(4*time.Second+1))
			}
		}
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "a line that came after longer than it was looked for", func(c *trialCase) {
		c.lines("2", 0, 0, 0)
		c.plan.Symptom[0].Cond.Eventually = 100 * sec
		c.plan.Symptom[0].Cond.Every = 40 * sec
		for i := range c.Events {
			if e := &c.Events[i]; e.At >= 6*time.Second { // the symptom's end, and what follows
				e.At += 80 * time.Second
			}
		}
		c.again("symptom[0]", 4)
		c.Observations = append(c.Observations,
			evidence.Observation{Ref: "symptom[0]", At: 4 * time.Second, Exit: drivers.NoExit},
			evidence.Observation{Ref: "symptom[0]", At: 44 * time.Second, Exit: drivers.NoExit, Count: 1})
		c.watchedFrom(-28)
	}, evidence.Reproduced, "", unknownWords + "it showed after 40s, and was looked for in the last 30s before the stimulus alone"},
	{"symptom true", "a look that is not there at the flow's beginning", func(c *trialCase) {
		c.flow(scenarios.StartStimulus)
	}, evidence.Reproduced, "", unknownWords + "the flow video begins with the stimulus"},
	{"there before", "another than before, as it was before already", func(c *trialCase) {
		cond := scenarios.Condition{Node: "r1", Run: "show state", Expect: "text != before.text", Eventually: sec, Every: sec / 2}
		c.plan.Symptom[0] = check(c.t, "symptom[0]", cond)
		c.watched(2, "17", "18")
		c.again("symptom[0]", 4, "down")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "another than before, where two looks were the same", func(c *trialCase) {
		cond := scenarios.Condition{Node: "r1", Run: "show state", Expect: "text != before.text", Eventually: sec, Every: sec / 2}
		c.plan.Symptom[0] = check(c.t, "symptom[0]", cond)
		c.watched(2, "up", "up", "up")
		c.again("symptom[0]", 4, "down")
	}, evidence.Reproduced, "", ""},
	{"symptom true", "another than before", func(c *trialCase) {
		cond := scenarios.Condition{Node: "r1", Run: "show state", Expect: "text != before.text", Eventually: sec, Every: sec / 2}
		c.plan.Symptom[0] = check(c.t, "symptom[0]", cond)
	}, evidence.Reproduced, "", unknownWords + "nobody watched it then"},
	{"symptom true", "what comes back", func(c *trialCase) {
		c.plan.Symptom[0].Cond.AfterFalse = true
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
		c.again("symptom[0]", 4, "up", "down")
	}, evidence.Reproduced, "", ""},
	{"there before", "what never is, was not so then either", func(c *trialCase) {
		c.plan.Symptom[0].Cond.Eventually, c.plan.Symptom[0].Cond.Never = 0, sec
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.Inconclusive, alreadyWords, ""},
	{"symptom true", "what never is, was so then", func(c *trialCase) {
		c.plan.Symptom[0].Cond.Eventually, c.plan.Symptom[0].Cond.Never = 0, sec
		c.again("symptom[0]"+evidence.Before, 2.9, "down")
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.Reproduced, "", ""},
	{"symptom true", "what never is, was not so then either, by the second rules", func(c *trialCase) {
		c.plan.Rules = evidence.RulesV2
		c.plan.Symptom[0].Cond.Eventually, c.plan.Symptom[0].Cond.Never = 0, sec
		c.again("symptom[0]", 4, "up", "up", "up")
	}, evidence.Reproduced, "", ""},

	{"symptom true", "what the workaround must bring about holds", func(c *trialCase) {
		c.relieved("down", "up")
	}, evidence.Reproduced, "", "workaround: what it must bring about held after it; whether it is the reason, trials without it tell (reprise verify-fix --workaround)"},
	{"symptom true", "the workaround does not help", func(c *trialCase) {
		c.relieved("down", "down", "down")
	}, evidence.Reproduced, "", "workaround: it does not help"},
	{"symptom true", "nobody knows whether the workaround helps", func(c *trialCase) {
		c.relieved("down", "down", "")
	}, evidence.Reproduced, "", "workaround: whether it helps is unknown"},
	{"symptom true", "what the workaround must bring about holds once its steps are over", func(c *trialCase) {
		c.relievedAfter(evidence.PhaseExpect, "down", "up")
	}, evidence.Reproduced, "", "workaround: what it must bring about held after it; whether it is the reason, trials without it tell (reprise verify-fix --workaround)"},
	{"symptom true", "the workaround does not help once its steps are over", func(c *trialCase) {
		c.relievedAfter(evidence.PhaseExpect, "down", "down", "down")
	}, evidence.Reproduced, "", "workaround: it does not help"},
	{"symptom true", "a record of before that has not when the workaround's steps were over", func(c *trialCase) {
		c.relievedAfter("", "down", "up")
	}, evidence.Reproduced, "", "workaround: whether it helps is unknown"},
}

// moves has the trial's symptom be how the state moves.
func (c *trialCase) moves(cond scenarios.Condition) {
	c.t.Helper()
	cond.Node, cond.Run, cond.Expect, cond.Every = "r1", "show state", "text", sec/2
	p, err := scenarios.CompilePredicate(cond.Expect, false)
	if err != nil {
		c.t.Fatal(err)
	}
	c.plan.Symptom[0] = plan.Check{Ref: "symptom[0]", Cond: cond, Predicate: p}
	c.plan.Symptom[0].Cond.Name = "symptom[0]"
}

// watched has the symptom be watched before the stimulus, to its beginning, with what was seen.
func (c *trialCase) watched(from float64, texts ...string) {
	c.again("symptom[0]"+evidence.Before, from, texts...)
	c.watchedFrom(from)
}

// watchedFrom adds that the symptom was watched until the stimulus.
func (c *trialCase) watchedFrom(from float64) {
	c.add(evidence.PhaseBaseline, evidence.Event{Kind: evidence.EventDecided, Ref: "symptom[0]" + evidence.Before})
	for i := range c.Events {
		if e := &c.Events[i]; e.Ref == "symptom[0]"+evidence.Before {
			e.Took = e.At - time.Duration(from*float64(time.Second))
		}
	}
}

// changes has the trial's symptom be that the state changes, and what was seen of it before the stimulus.
func (c *trialCase) changes(before ...string) {
	c.t.Helper()
	c.moves(scenarios.Condition{Changes: &scenarios.Changes{AtLeast: 1, Within: sec}})
	c.watched(1.5, before...)
	c.again("symptom[0]", 4, "up", "down")
}

// lines has the trial's symptom be a line of a log, of which there were so many since the stimulus, and since it was watched before it.
func (c *trialCase) lines(since string, before ...int) {
	c.t.Helper()
	c.plan.Symptom[0] = check(c.t, "symptom[0]", scenarios.Condition{Node: "r1", Log: "bad", Eventually: sec, Every: sec / 2})
	c.again("symptom[0]", 4, since)
	c.watched(1.5, make([]string, len(before))...)
	k := 0
	for i := range c.Observations {
		switch o := &c.Observations[i]; o.Ref {
		case "symptom[0]":
			o.Count = len(since)
		case "symptom[0]" + evidence.Before:
			o.Error, o.Count = "", before[k]
			k++
		}
	}
}

// flow has the trial's symptom be what came of a flow that begins at a moment.
func (c *trialCase) flow(begins scenarios.FlowStart) {
	c.t.Helper()
	c.plan.Loaded = &scenarios.Loaded{Scenario: scenarios.Scenario{Traffic: map[string]scenarios.Flow{"video": {Start: begins}}}}
	cond := scenarios.Condition{Traffic: &scenarios.FlowLook{Flow: "video"}, Expect: "lost > 0", Eventually: sec, Every: sec / 2}
	p, err := cond.Compile()
	if err != nil {
		c.t.Fatal(err)
	}
	cond.Name = "symptom[0]"
	c.plan.Symptom[0] = plan.Check{Ref: "symptom[0]", Cond: cond, Predicate: p}
	c.again("symptom[0]"+evidence.Before, 2.9)
	c.again("symptom[0]", 4, `{"flow": "video", "sent": 4, "received": 1, "lost": 3}`)
}

// relievedAfter is relieved by a workaround whose steps take longer than what must hold then has.
func (c *trialCase) relievedAfter(name string, texts ...string) {
	c.t.Helper()
	c.plan.Relief = []plan.Check{check(c.t, "workaround.expect[0]", shows("up"))}
	for _, e := range []evidence.Event{
		{At: 7 * time.Second, Kind: evidence.EventPhase},
		{At: 15 * time.Second, Kind: evidence.EventPhaseEnd},
		{At: 15 * time.Second, Kind: evidence.EventPhase, Name: name},
		{At: 17 * time.Second, Kind: evidence.EventPhaseEnd},
	} {
		e.Phase = evidence.PhaseWorkaround
		c.Events = append(c.Events, e)
	}
	c.looks("workaround.expect[0]", 15, texts...)
}

// relieved adds the phase of a workaround, with what was seen in it.
func (c *trialCase) relieved(texts ...string) {
	c.t.Helper()
	c.plan.Relief = []plan.Check{check(c.t, "workaround.expect[0]", shows("up"))}
	c.Events = append(c.Events,
		evidence.Event{At: 7 * time.Second, Kind: evidence.EventPhase, Phase: evidence.PhaseWorkaround},
		evidence.Event{At: 9 * time.Second, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseWorkaround})
	c.looks("workaround.expect[0]", 7, texts...)
}

func fires(n int) *scenarios.FaultExpect { return &scenarios.FaultExpect{Fired: &n} }
