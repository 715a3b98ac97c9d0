package scenarios

import (
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// placedStep is a step that acts or waits by itself, with its place in the file: stimulus[1].steps[0].
type placedStep struct {
	Step
	where string
}

// placed lists what a step at a place stands for, as Each does.
func placed(where string, s Step) []placedStep {
	members := s.Members()
	if len(members) == 0 {
		return []placedStep{{s, where}}
	}
	return placedEach(where+"."+string(s.Action().Kind()), members)
}

func placedEach(list string, steps []Step) []placedStep {
	var all []placedStep
	for i, s := range steps {
		all = append(all, placed(yamlpos.Index(list, i), s)...)
	}
	return all
}

// listOf is the list that a step stands in by its place.
func listOf(where string) string { return where[:strings.LastIndexByte(where, '[')] }

// outlasts reports whether the fault of a step may be in force while the next step is carried out: until
// the end of the trial, or in the background.
func (s Step) outlasts() bool {
	switch {
	case s.Fault == "" || s.Fault == FaultUp:
		return false
	case s.Background, s.Armed():
		return true
	default:
		return s.Fault != FaultFlap && s.For == 0 && slices.Contains(s.Fault.row().keys, "for")
	}
}

// lasts is how long the fault of a step is in force, nothing where it stays.
func (s Step) lasts() time.Duration {
	s.Background = false
	return FaultStep(s).longest()
}

// standsAlone reports whether a fault cannot be in force twice on the same link or node: the end of one
// is that of both.
func (f Fault) standsAlone() bool { return f != "" && !f.OnFrames() }

// inForceAfter are the faults that may be in force when all of several steps have been carried out, one
// after the other. ending is told of each up what it could end then, of which it ends the first.
func inForceAfter(steps []placedStep, ending func(up placedStep, could []placedStep)) []placedStep {
	var open []placedStep
	for _, s := range steps {
		if s.outlasts() {
			open = append(open, s)
		}
		if s.Fault != FaultUp {
			continue
		}
		var could []placedStep
		for _, f := range open {
			if f.endable() && f.Link == s.Link && (s.Ends == "" || s.Ends == f.Name || s.Ends == f.number()) {
				could = append(could, f)
			}
		}
		ending(s, could[:min(len(could), 2)])
		if len(could) > 0 {
			open = slices.DeleteFunc(open, func(f placedStep) bool { return f.where == could[0].where })
		}
	}
	return open
}

// number is the place of a step of the stimulus as ends and control.without have it, stimulus.0, empty
// for a member of a group, which has none.
func (s placedStep) number() string { return stepNumber(s.where) }

// stepNumber is number of a place.
func stepNumber(where string) string {
	n, ok := strings.CutPrefix(strings.TrimSuffix(where, "]"), "stimulus[")
	if !ok || strings.ContainsAny(n, "[]") {
		return ""
	}
	return "stimulus." + n
}

// repeatedFaults checks that what a repeated step does to the lab ends before it does so again.
func (c *checker) repeatedFaults(where string, s Step) {
	c.armedIn(where, s)
	every := time.Duration(s.Repeat.Every)
	for _, f := range inForceAfter(placed(where, s), func(placedStep, []placedStep) {}) {
		switch last := f.lasts(); {
		case f.Armed(): // which was said
		case !f.Background:
			c.Faultf(f.where+".fault", "for: 1s ends each before the next", "a fault that is repeated has to end: %s stays until the end of the trial", f.Fault)
		case last > every && f.Fault.standsAlone():
			c.refuse(f.where+".for", "at most "+every.String()+", or a longer every", "%s is in force for %s, and again after %s: the end of the first would be that of both", f.Action().Title(), last, every)
		}
	}
}
