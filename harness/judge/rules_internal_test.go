package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// trialCase is a trial that shows what its symptom asks for, made of seconds: the state is up
// until the stimulus at 3 s, and down from then on. A case changes what it is about.
type trialCase struct {
	t    *testing.T
	plan plan.Plan
	evidence.Record
}

// check compiles a condition.
func check(t *testing.T, ref string, c scenarios.Condition) plan.Check {
	t.Helper()
	p, err := scenarios.CompilePredicate(c.Predicate(), c.Changes == nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Name = ref
	return plan.Check{Ref: ref, Cond: c, Predicate: p}
}

func shows(text string) scenarios.Condition {
	return scenarios.Condition{Node: "r1", Run: "show state", Expect: fmt.Sprintf("text == %q", text), Eventually: sec, Every: sec / 2}
}

func newTrial(t *testing.T) *trialCase {
	t.Helper()
	c := &trialCase{t: t, plan: plan.Plan{
		Rules:    evidence.CurrentRules,
		Baseline: []plan.Check{check(t, "baseline[0]", shows("up"))},
		Stimulus: []plan.Step{{Ref: "stimulus[0]", Step: scenarios.Step{Node: "r1", Run: "break it"}}},
		Symptom:  []plan.Check{check(t, "symptom[0]", shows("down"))},
	}}
	for _, e := range []evidence.Event{
		{At: 0, Kind: evidence.EventPhase, Phase: evidence.PhaseDeploy},
		{At: 1, Kind: evidence.EventBoot, Phase: evidence.PhaseDeploy, Lane: "r1", Outcome: evidence.OK},
		{At: 1, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseDeploy},
		{At: 1, Kind: evidence.EventPhase, Phase: evidence.PhaseBaseline},
		{At: 3, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseBaseline},
		{At: 3, Kind: evidence.EventPhase, Phase: evidence.PhaseStimulus},
		{At: 4, Kind: evidence.EventStep, Phase: evidence.PhaseStimulus, Ref: "stimulus[0]", Name: "break it", Outcome: evidence.OK},
		{At: 4, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseStimulus},
		{At: 4, Kind: evidence.EventPhase, Phase: evidence.PhaseSymptom},
		{At: 6, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseSymptom},
		{At: 6, Kind: evidence.EventPhase, Phase: evidence.PhaseCollect},
		{At: 7, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseCollect},
	} {
		e.At *= time.Second
		c.Events = append(c.Events, e)
	}
	c.looks("baseline[0]", 1, "up")
	c.looks("symptom[0]"+evidence.Before, 2.9, "up")
	c.looks("symptom[0]", 4, "down")
	return c
}

// looks adds looks that each took nothing, half a second apart; an empty text is no answer.
func (c *trialCase) looks(ref string, at float64, texts ...string) {
	for i, text := range texts {
		o := evidence.Observation{Ref: ref, At: time.Duration((at + float64(i)/2) * float64(time.Second)), Text: text, Exit: drivers.NoExit}
		if text == "" {
			o.Error = "session lost"
		}
		c.Observations = append(c.Observations, o)
	}
}

// again replaces the looks of a condition.
func (c *trialCase) again(ref string, at float64, texts ...string) {
	c.Observations = slices.DeleteFunc(c.Observations, func(o evidence.Observation) bool { return o.Ref == ref })
	c.looks(ref, at, texts...)
}

// expects adds what a network that works shows, and what was seen of it before and after the stimulus.
func (c *trialCase) expects(before string, after ...string) {
	c.t.Helper()
	c.plan.Expect = []plan.Check{check(c.t, "expect[0]", shows("up"))}
	c.looks("expect[0]"+evidence.Before, 2.9, before)
	c.looks("expect[0]", 4, after...)
}

// onlyExpects is expects without a symptom.
func (c *trialCase) onlyExpects(before string, after ...string) {
	c.t.Helper()
	c.plan.Symptom = nil
	c.expects(before, after...)
}

// baselineOf has the baseline look at something else.
func (c *trialCase) baselineOf(run string) { c.plan.Baseline[0].Cond.Run = run }

// expectsNever has what is expected be that something is never shown.
func (c *trialCase) expectsNever(text string) {
	c.t.Helper()
	never := shows(text)
	never.Eventually, never.Never = 0, sec
	c.plan.Expect = []plan.Check{check(c.t, "expect[0]", never)}
}

// add puts an event at the end of a phase.
func (c *trialCase) add(phase evidence.Phase, e evidence.Event) {
	i := slices.IndexFunc(c.Events, func(o evidence.Event) bool { return o.Kind == evidence.EventPhaseEnd && o.Phase == phase })
	e.Phase, e.At = phase, c.Events[i].At
	c.Events = slices.Insert(c.Events, i, e)
}

// step changes the event of the first step.
func (c *trialCase) step(change func(*evidence.Event)) {
	i := slices.IndexFunc(c.Events, func(e evidence.Event) bool { return e.Kind == evidence.EventStep })
	change(&c.Events[i])
}

// cutFrom drops the events from the end of a phase on.
func (c *trialCase) cutFrom(phase evidence.Phase) {
	i := slices.IndexFunc(c.Events, func(e evidence.Event) bool { return e.Kind == evidence.EventPhaseEnd && e.Phase == phase })
	c.Events = c.Events[:i]
}

// without takes the events of a phase out of the record.
func (c *trialCase) without(phase evidence.Phase) {
	c.Events = slices.DeleteFunc(c.Events, func(e evidence.Event) bool { return e.Phase == phase })
}

// asksFor has the trial's symptom be the death of a process, and what the look at it says.
func (c *trialCase) asksFor(process, text string) {
	c.t.Helper()
	c.plan.Symptom = []plan.Check{check(c.t, "symptom[0]", scenarios.Condition{Node: "r1", Core: process, Expect: "count > 0", Eventually: sec, Every: sec / 2})}
	c.again("symptom[0]", 4, text)
	for i := range c.Observations {
		if o := &c.Observations[i]; o.Ref == "symptom[0]" {
			o.Count = strings.Count(text, "{")
		}
	}
	c.again("symptom[0]"+evidence.Before, 2.9, "[]")
}

// beneath makes the first step a drop on a link, and adds what was counted when it was taken back.
func (c *trialCase) beneath(step scenarios.Step, heal *evidence.Event) {
	step.Fault, step.Link = scenarios.FaultDrop, "r1:eth1"
	c.plan.Stimulus[0].Step = step
	if heal != nil {
		heal.Kind, heal.Ref = evidence.EventHeal, "stimulus[0]"
		c.add(evidence.PhaseSymptom, *heal)
	}
}

// tally adds what the fault of the first step had done when the symptom was decided.
func (c *trialCase) tally(e evidence.Event) {
	e.Kind, e.Ref = evidence.EventTally, "stimulus[0]"
	c.add(evidence.PhaseSymptom, e)
}

// waitsFor has the first step wait for the state, with what was seen meanwhile.
func (c *trialCase) waitsFor(outcome evidence.Outcome, texts ...string) {
	c.t.Helper()
	w := check(c.t, "stimulus[0].wait-for", shows("flapped"))
	c.plan.Stimulus[0] = plan.Step{Ref: "stimulus[0]", Step: scenarios.Step{WaitFor: &w.Cond}, Check: &w}
	c.step(func(e *evidence.Event) {
		e.Name, e.Outcome, e.Detail, e.Took = "wait for flapped", outcome, "not in time", time.Second
	})
	c.looks(w.Ref, 3, texts...)
}

var (
	died    = evidence.Event{Kind: evidence.EventDeath, Lane: "r1", Name: "bgpd", Detail: "SIGSEGV"}
	diedToo = evidence.Event{Kind: evidence.EventDeath, Lane: "r2", Name: "zebra", Detail: "SIGABRT"}
)

const oneDeath = `[{"process": "bgpd"}]`

// Every rule of a trial and of a step decides at least one case here, which names it, and
// each case is decided by the rule that it names: what comes before it does not apply, and
// what comes after it would say something else.
func TestEveryRule(t *testing.T) {
	asked := map[string]bool{}
	for _, tt := range ruleCases {
		t.Run(tt.rule+": "+tt.name, func(t *testing.T) {
			c := newTrial(t)
			tt.change(c)
			v := Judge(&c.plan, 1, c.Record)
			words, begins := strings.CutPrefix(tt.reason, "^")
			if v.Verdict != tt.want || !strings.Contains(v.Reason, words) || begins && !strings.HasPrefix(v.Reason, words) || words == "" && v.Reason != "" {
				t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
			}
			if got := strings.Join(v.Notes, " | "); got != tt.note {
				t.Errorf("noted %q, want %q", got, tt.note)
			}
			if got := decidedBy(&c.plan, c.Record); !slices.Contains(got, tt.rule) {
				t.Errorf("decided by %q", got)
			}
		})
		asked[tt.rule] = true
	}
	for _, r := range trialRules() {
		if !asked[r.name] {
			t.Errorf("no case asks for %q", r.name)
		}
	}
	for _, r := range stepRules() {
		if !asked[r.name] {
			t.Errorf("no case asks for %q of a step", r.name)
		}
	}
}

// decidedBy names the rule of the trial, and that of the step behind it.
func decidedBy(p *plan.Plan, r evidence.Record) []string {
	j := &judge{plan: p, record: r}
	j.gather()
	decided, _ := first(trialRules(), p.Rules, j)
	names := []string{decided.name}
	for _, s := range p.Stimulus {
		if r, _ := first(stepRules(), p.Rules, j.stepDone(s)); r.name != "" && !s.LeftOut {
			return append(names, r.name)
		}
	}
	return names
}

// Names are how rules are spoken of: none is given twice.
func TestRuleNames(t *testing.T) {
	seen := map[string]bool{}
	name := func(n string) {
		if n == "" || seen[n] {
			t.Errorf("rule %q", n)
		}
		seen[n] = true
	}
	for _, r := range trialRules() {
		name(r.name)
	}
	for _, r := range stepRules() {
		name(r.name)
	}
	clear(seen)
	for _, r := range runRules() {
		name(r.name)
	}
}
