package scenarios

import (
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// StepNamed finds a step by its name, or by its place as control.without has it (stimulus.0). place is
// that in the scenario: stimulus[0], stimulus[1].steps[0]. Of several the first is found.
func (s *Scenario) StepNamed(name string) (step Step, place string, ok bool) {
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "stimulus.")); err == nil && strings.HasPrefix(name, "stimulus.") && n >= 0 && n < len(s.Stimulus) {
		return s.Stimulus[n], yamlpos.Index("stimulus", n), true
	}
	if step, place, ok = stepNamed("stimulus", s.Stimulus, name); ok || s.Workaround == nil {
		return step, place, ok
	}
	return stepNamed("workaround.steps", s.Workaround.Steps, name)
}

func stepNamed(list string, steps []Step, name string) (step Step, place string, ok bool) {
	for i, s := range steps {
		place = yamlpos.Index(list, i)
		if s.Name == name {
			return s, place, true
		}
		if step, place, ok = stepNamed(place+"."+string(s.Action().Kind()), s.Members(), name); ok {
			return step, place, true
		}
	}
	return Step{}, "", false
}

// endable reports whether a step puts a fault on a link that up can end. One that is armed may not be in
// force by then, and has a disarm for its end.
func (s Step) endable() bool {
	return s.Fault.OnLink() && s.Fault != FaultFlap && !s.Armed() && slices.Contains(s.Fault.row().keys, "for")
}

// checkEnd checks which fault an up ends: one that may be in force by then, and no other that could be meant.
func (s FaultStep) checkEnd(c *checker, where string) {
	if s.Fault != FaultUp || strings.HasSuffix(listOf(where), ".together") {
		return // of those side by side that cannot be told, which is said
	}
	meant := c.meantBy(where)
	if s.Ends == "" {
		s.checkEndOfAny(c, where, meant)
		return
	}
	f, _, ok := c.s.StepNamed(s.Ends)
	at := where + ".ends"
	switch {
	case !ok:
		c.Faultf(at, yamlpos.Suggest(s.Ends, c.faultsOn(s.Link)), "no step has the name %q", s.Ends)
	case !f.endable():
		c.Faultf(at, "a fault of a link that stays until it is taken back; one with arm or disarm ends by disarm: {step: NAME}", "%q is no fault that could be ended", s.Ends)
	case f.Link != s.Link:
		c.Faultf(where+".link", f.Link, "the fault %q is on %s", s.Ends, f.Link)
	case c.namedBy(s.Ends) > 1:
		c.refuse(at, "give each a name of its own", "%d steps have the name %q, and which of them ends is not said", c.namedBy(s.Ends), s.Ends)
	case len(meant) == 0:
		c.refuse(at, "end it once, after its step, where that does not wait for its end", "the fault %q is not in force by then", s.Ends)
	}
}

// checkEndOfAny checks an up that names no fault: one is in force on its link, and no second.
func (s FaultStep) checkEndOfAny(c *checker, where string, open []placedStep) {
	switch {
	case len(open) == 0 && c.has(s.Link):
		c.refuse(where+".fault", "up ends a fault of an earlier step that does not wait for its end", "no fault is in force on %s by then", s.Link)
	case len(open) > 1:
		c.refuse(where, "ends: "+open[0].calls()+", ends: "+open[1].calls(), "%d faults are on %s by then, and which of them ends is not said", len(open), s.Link)
	}
}

// has reports whether the topology has a link with this endpoint; where it has not, that was told.
func (c *checker) has(link string) bool {
	node, iface, _ := strings.Cut(link, ":")
	_, ok := c.loaded.Topology.Link(node, iface)
	return ok
}

// calls is what ends can call a step by.
func (s placedStep) calls() string {
	if s.Name != "" {
		return s.Name
	}
	return s.number()
}

// namedBy is how many steps have a name, nothing for a place.
func (c *checker) namedBy(name string) int {
	n := 0
	var count func([]Step)
	count = func(steps []Step) {
		for _, s := range steps {
			if s.Name == name {
				n++
			}
			count(s.Members())
		}
	}
	count(c.s.Stimulus)
	if c.s.Workaround != nil {
		count(c.s.Workaround.Steps)
	}
	return n
}

// meantBy are the faults that may be in force when an up at a place begins, and that it can mean.
func (c *checker) meantBy(where string) []placedStep {
	if c.meant == nil {
		c.meant = map[string][]placedStep{}
		steps := placedEach("stimulus", c.s.Stimulus)
		if c.s.Workaround != nil {
			steps = append(steps, placedEach("workaround.steps", c.s.Workaround.Steps)...)
		}
		inForceAfter(steps, func(up placedStep, could []placedStep) { c.meant[up.where] = could })
	}
	return c.meant[where]
}

// faultsOn names the faults on a link that up can end.
func (c *checker) faultsOn(link string) []string {
	var names []string
	for _, f := range Each(c.s.Stimulus) {
		if f.endable() && f.Link == link && f.Name != "" {
			names = append(names, f.Name)
		}
	}
	return names
}
