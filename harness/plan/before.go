package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

// AskedBefore are the symptoms of which a trial asks whether they were there before the stimulus already; none where there is no
// stimulus.
func (p *Plan) AskedBefore() []*Check {
	if !p.Stimulated() {
		return nil
	}
	var asked []*Check
	for i := range p.Symptom {
		if c := &p.Symptom[i]; !c.Cond.MayHoldBefore { // it is the others that the stimulus must bring about
			asked = append(asked, c)
		}
	}
	return asked
}

// Stimulated reports whether the trial has a stimulus, of which nothing or not all is left out.
func (p *Plan) Stimulated() bool {
	return slices.ContainsFunc(p.Stimulus, func(s Step) bool { return !s.LeftOut })
}

// Controlled reports whether the scenario declares a control.
func (p *Plan) Controlled() bool { return p.Loaded != nil && p.Loaded.Scenario.Control != nil }

// Before gives the condition of a symptom as it is watched before the stimulus, and whether one look does not tell
// whether it was there: also where it compares with the look before.
func (c *Check) Before() (before scenarios.Condition, watched bool) {
	before, watched = c.Cond.Before()
	return before, watched || c.Predicate.UsesBefore
}

// mostSilent is how long a look may take that nobody answers, where others go on beside it.
const mostSilent = 2 * time.Second

// ShowsInPassing reports whether a symptom is a state that only has to show once, or for a while: one that comes and goes shows so before the
// stimulus too, and one look may miss it. What takes long to look at is none.
func (c *Check) ShowsInPassing() bool {
	_, watched := c.Before()
	probe := c.Cond.Probe()
	state := probe.Sight().Channel != "" || probe.Kind() == scenarios.ProbeReach
	return state && !watched && !c.Cond.AfterFalse && c.Cond.Hangs == 0 && c.Cond.Never == 0 && probe.Sight().Silent <= mostSilent
}

// UnseenBefore says why a condition cannot be looked at before the stimulus as it is after it; empty where it can.
func (p *Plan) UnseenBefore(c *Check) string {
	probe, ok := c.Cond.Probe().(scenarios.TrafficProbe)
	if !ok {
		return ""
	}
	if f, known := p.Loaded.Scenario.Traffic[probe.Flow]; known && f.Begins() == scenarios.StartStimulus {
		return fmt.Sprintf("the flow %s begins with the stimulus", probe.Flow)
	}
	return ""
}

// longestBefore is how long the symptoms are watched before the stimulus, at most. That one is not there then ends it.
func (p *Plan) longestBefore() time.Duration {
	var longest time.Duration
	for _, c := range p.AskedBefore() {
		if before, watched := c.Before(); watched && p.UnseenBefore(c) == "" {
			longest = max(longest, before.Longest())
		}
	}
	return longest
}
