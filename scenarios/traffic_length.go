package scenarios

import (
	"cmp"
	"time"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Lasts is how long the flow sends, from its first packet until the next would be due after its last, where nobody ends it.
func (f Flow) Lasts() time.Duration {
	return time.Duration(cmp.Or(f.Count, mostPackets)) * f.Interval()
}

// flowsLast warns of flows that are over before a window ends that looks at them: of the rest of it they tell nothing.
func (c *checker) flowsLast() {
	var baseline, stimulus, relief time.Duration // at least; with the watching before the stimulus, at most
	for _, b := range c.s.Baseline {
		baseline = max(baseline, time.Duration(max(b.Consistently, b.Never)), b.span())
	}
	for _, s := range c.s.Stimulus {
		stimulus += s.takes()
	}
	look := func(list string, conditions []Condition, before time.Duration, begins FlowStart) {
		for i, cond := range conditions {
			if cond.Traffic == nil {
				continue
			}
			f, known := c.s.Traffic[cond.Traffic.Flow]
			length := f.Lasts()
			if !known || f.Begins() != begins || length >= before+cond.Length() {
				continue
			}
			c.Warnf(yamlpos.Index(list, i), "a higher count, or none, and where it has none a lower rate",
				"the flow %s is over after %s, and the window of %s may end %s after it began: what is not sent cannot be lost, and the rest of the window is then unknown",
				cond.Traffic.Flow, length.Round(time.Millisecond), yamlpos.Index(list, i), before+cond.Length())
		}
	}
	look("baseline", c.s.Baseline, 0, StartBaseline)
	baseline += c.s.longestBefore() // which a flow goes through as well
	for _, list := range []struct {
		name       string
		conditions []Condition
	}{{"symptom", c.s.Symptom}, {"expect", c.s.Expect}} {
		look(list.name, list.conditions, baseline+stimulus, StartBaseline)
		look(list.name, list.conditions, stimulus, StartStimulus)
	}
	if w := c.s.Workaround; w != nil {
		for _, s := range w.Steps {
			relief += s.takes()
		}
		look("workaround.expect", w.Expect, baseline+stimulus+relief, StartBaseline)
		look("workaround.expect", w.Expect, stimulus+relief, StartStimulus)
	}
}

// takes is how long a step takes at least, as it is written: it waits, or puts a fault in force for so long.
func (s Step) takes() time.Duration {
	one := time.Duration(s.Hold)
	if s.Fault != "" {
		one = FaultStep(s).longest()
	}
	if s.Repeat != nil {
		one += time.Duration(s.Repeat.Times-1) * time.Duration(s.Repeat.Every)
	}
	return one
}
