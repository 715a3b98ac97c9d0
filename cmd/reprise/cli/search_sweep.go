package cli

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/scenarios"
)

// SweepChoices are those of one sweep. They are kept beside it, for --resume.
type SweepChoices struct {
	Nth         string   `json:"nth"`
	Fault       string   `json:"fault,omitempty"`
	SPRT        string   `json:"sprt"`
	MaxTrials   int      `json:"max-trials"`
	ControlRuns int      `json:"control-runs"`
	Set         []string `json:"set,omitempty"`
	Reset       string   `json:"reset,omitempty"`
	Speed       Speed    `json:"speed,omitempty"`
	Lab         LabFlags `json:"lab,omitzero"`
	Scenario    string   `json:"scenario"` // within input/
}

// Check tells what of the choices no sweep can have.
func (c *SweepChoices) Check() error {
	_, err := Ordinals(c.Nth)
	if err == nil {
		_, _, err = ParseSPRT(c.SPRT)
	}
	if err == nil && (c.MaxTrials < 1 || c.MaxTrials > MaxCount || c.ControlRuns < 0 || c.ControlRuns > MaxCount) {
		err = InputError("--max-trials takes 1 to %d, --control-trials 0 to %d", MaxCount, MaxCount)
	}
	return err
}

// maxPoints bounds the frames of a sweep.
const maxPoints = 1000

// Ordinals reads --nth: numbers and ranges with commas between.
func Ordinals(text string) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, is := strings.Cut(strings.TrimSpace(part), "..")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && is {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 1 || to < from || len(list)+to-from >= maxPoints {
			return nil, InputError("--nth %s: want frames from 1 on, as 1..20 or 2,5,9, and %d at most", text, maxPoints)
		}
		for n := from; n <= to; n++ {
			list = append(list, n)
		}
	}
	return list, nil
}

// StepRef names a step of the stimulus.
func StepRef(n int) string { return fmt.Sprintf("stimulus.%d", n) }

// Step finds the step that is varied.
func (c *SweepChoices) Step(l *scenarios.Loaded) (int, error) {
	named := c.Fault
	var on []int
	for i, s := range l.Scenario.Stimulus {
		if s.Fault.OnFrames() {
			on = append(on, i)
		}
	}
	switch {
	case len(on) == 0:
		return 0, InputError("%s has no fault on frames in its stimulus: reprise fault list %s", l.Scenario.ID, l.Scenario.ID)
	case named == "" && len(on) == 1:
		return on[0], nil
	case named == "":
		return 0, InputError("%s has %d faults on frames: say with --fault which (reprise fault list %s)", l.Scenario.ID, len(on), l.Scenario.ID)
	}
	for _, i := range on {
		if named == StepRef(i) || named == l.Scenario.Stimulus[i].Name {
			return i, nil
		}
	}
	return 0, InputError("--fault %s: there is no such fault on frames (reprise fault list %s)", named, l.Scenario.ID)
}

// Points are the frames of a sweep, each with its plan, and how it is swept: its rule, and the control, where there is one.
func (c *SweepChoices) Points(l *scenarios.Loaded, set map[string]string, step int) (points []experiment.SweepPoint, o experiment.SweepOptions, err error) {
	nths, err := Ordinals(c.Nth)
	if err != nil {
		return nil, o, err
	}
	p0, p1, err := ParseSPRT(c.SPRT)
	if err != nil {
		return nil, o, err
	}
	o.Fault, o.Controls = StepRef(step), c.ControlRuns
	o.Rule = experiment.StopRule{SPRT: &stats.SPRT{P0: p0, P1: p1, Alpha: 0.05, Beta: 0.05}, Cap: c.MaxTrials}
	reset, err := ParseReset(c.Reset)
	if err != nil {
		return nil, o, err
	}
	how := plan.Options{Trials: c.MaxTrials, Labs: 1, Reset: reset, Speed: float64(c.Speed)}
	for _, nth := range nths {
		one := how
		one.Set = maps.Clone(set)
		if one.Set == nil {
			one.Set = map[string]string{}
		}
		one.Set[StepRef(step)+".nth"] = strconv.Itoa(nth)
		p, err := plan.New(l, one)
		if err != nil {
			return nil, o, WithCode(ExitInput, err)
		}
		points = append(points, experiment.SweepPoint{Nth: nth, Plan: p})
	}
	if l.Scenario.Control == nil || c.ControlRuns == 0 {
		return points, o, nil
	}
	how.Variant, how.Set, how.Trials = evidence.VariantControl, set, c.ControlRuns
	if o.Control, err = plan.New(l, how); err != nil {
		return nil, o, WithCode(ExitInput, err)
	}
	return points, o, nil
}
