package scenarios

import "time"

// MostBefore bounds how long a symptom is looked for before the stimulus that only has to show once.
const MostBefore = Duration(30 * time.Second)

// Before gives the condition as a symptom is watched with it before the stimulus, and whether one look does not tell whether it was
// there: what it says is of how a value moves, or of lines, frames and packets since a moment. The window is as long as after the
// stimulus; one that ends with the first look at which it is so is [MostBefore] at most.
func (c Condition) Before() (before Condition, watched bool) {
	p := c.Probe()
	since := p.Kind() == ProbeLog || p.Kind() == ProbeFrame || p.Sight().Flow
	watched = p.Kind() != ProbeStep && (since || !c.Boolean())
	c.Eventually, c.Within = min(c.Eventually, MostBefore), min(c.Within, MostBefore)
	if c.Changes != nil {
		changes := *c.Changes
		changes.Within = min(changes.Within, MostBefore)
		c.Changes = &changes
	}
	return c, watched
}

// longestBefore is how long symptoms are watched before the stimulus, at most.
func (s *Scenario) longestBefore() time.Duration {
	var longest time.Duration
	for _, c := range s.Symptom {
		before, watched := c.Before()
		if !watched || c.MayHoldBefore || len(s.Stimulus) == 0 {
			continue
		}
		if c.Traffic != nil && s.Traffic[c.Traffic.Flow].Begins() == StartStimulus {
			continue // it is not there yet
		}
		longest = max(longest, before.Longest())
	}
	return longest
}
