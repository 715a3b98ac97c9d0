package scenarios

import (
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// When a step's fault takes force and ends, beside the steps that follow: with arm, not before a
// condition holds or a later step begins; with disarm, until another does.

// Armed reports whether the step's fault takes force, or ends, beside the steps that follow.
func (s Step) Armed() bool { return s.Arm != nil || s.Disarm != nil }

// AtStep is the step that arm or disarm name, as StepNamed finds it; ok is false for a condition that is
// looked at, one that says how long a step takes among them.
func (c Condition) AtStep() (name string, ok bool) {
	return c.Step, c.Step != "" && c.Expect == "" && c.Length() == 0
}

// Moment is when arm or disarm take place, for people: "X is seen", "step Y begins".
func (c Condition) Moment() string {
	if name, ok := c.AtStep(); ok {
		return "step " + name + " begins"
	}
	if c.Name == "" {
		return c.Describe() + " is seen"
	}
	return strconv.Quote(c.Name) + " is seen"
}

// armedWords say from when and until when a fault is in force.
func (s FaultStep) armedWords() []string {
	var words []string
	if s.Arm != nil {
		words = append(words, "from when "+s.Arm.Moment())
	}
	if s.Disarm != nil {
		words = append(words, "until "+s.Disarm.Moment())
	}
	return words
}

// checkArmed checks when a fault takes force and ends.
func (s FaultStep) checkArmed(c *checker, where string) {
	if !Step(s).Armed() {
		return
	}
	if !strings.HasPrefix(where, "stimulus") {
		c.refuse(where, "put the fault into the stimulus", "a fault of a workaround takes force at its step, and ends by for or up")
		return
	}
	if s.Disarm != nil && s.For > 0 {
		c.refuse(where+".for", "leave out for, or disarm", "the fault ends after %s, and by disarm: which of them is not said", s.For)
	}
	for _, at := range []struct {
		key  string
		cond *Condition
	}{{"arm", s.Arm}, {"disarm", s.Disarm}} {
		if at.cond != nil {
			c.moment(where, at.key, *at.cond)
		}
	}
	if s.Arm == nil || s.Disarm == nil {
		return
	}
	from, armed := s.Arm.AtStep()
	until, disarmed := s.Disarm.AtStep()
	if armed && disarmed && !c.laterThan(from, until) {
		c.refuse(where+".disarm.step", "a step after "+from, "the fault ends at %s, before it takes force at %s", until, from)
	}
}

// moment checks when a fault at a place takes force, or ends.
func (c *checker) moment(where, key string, cond Condition) {
	at := where + "." + key
	name, ok := cond.AtStep()
	if !ok {
		if cond.Name == "" {
			cond.Name = at
		}
		c.condition(at, cond)
		return
	}
	if cond.Node != "" {
		c.Faultf(at+".node", "leave it out", "a step is waited for on no node")
	}
	_, place, found := c.s.StepNamed(name)
	top, _, _ := strings.Cut(place, ".")
	switch {
	case !found:
		c.Faultf(at+".step", yamlpos.Suggest(name, c.stepNames()), "no step has the name %q", name)
	case c.namedBy(name) > 1:
		c.refuse(at+".step", "give each a name of its own", "%d steps have the name %q, and which of them is meant is not said", c.namedBy(name), name)
	case key == "arm" && !strings.HasPrefix(place, "stimulus"):
		c.refuse(at+".step", "a later step of the stimulus", "%q is a step of the workaround, which is carried out when the symptom is decided", name)
	case besides(where, place):
		c.refuse(at+".step", "a step after the group", "%q begins at the same time as the fault's own step", name)
	case !c.after(where, place):
		c.refuse(at+".step", "a later step", "%q begins before the fault's own step, or holds it", name)
	case c.s.Control != nil && slices.Contains(c.s.Control.Without, stepNumber(top)) && !strings.HasPrefix(where, top):
		c.refuse(at+".step", "have the control leave out both", "the control leaves out %q, and then nothing says when this fault is to %s", name, key)
	}
}

// stepNames are the names of all steps.
func (c *checker) stepNames() []string {
	steps := c.s.Stimulus
	if c.s.Workaround != nil {
		steps = append(slices.Clone(steps), c.s.Workaround.Steps...)
	}
	var names []string
	for _, s := range withGroups(steps) {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// after reports whether a step at a place begins after the one at another.
func (c *checker) after(where, place string) bool {
	var places []string
	var walk func(list string, steps []Step)
	walk = func(list string, steps []Step) {
		for i, s := range steps {
			at := yamlpos.Index(list, i)
			places = append(places, at)
			walk(at+"."+string(s.Action().Kind()), s.Members())
		}
	}
	walk("stimulus", c.s.Stimulus)
	if c.s.Workaround != nil {
		walk("workaround.steps", c.s.Workaround.Steps)
	}
	return slices.Index(places, where) < slices.Index(places, place)
}

// laterThan reports whether the second of two steps, by their names, begins after the first.
func (c *checker) laterThan(first, second string) bool {
	_, from, ok := c.s.StepNamed(first)
	_, until, known := c.s.StepNamed(second)
	return !ok || !known || c.after(from, until) // else it was told
}

// besides reports whether two steps are carried out side by side, by their places.
func besides(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return strings.HasPrefix(x[i], string(ActTogether)+"[") && strings.HasPrefix(y[i], string(ActTogether)+"[")
		}
	}
	return false
}

// armedIn checks that no fault of a step that is repeated is one that takes force or ends beside others.
func (c *checker) armedIn(where string, s Step) {
	for _, f := range placed(where, s) {
		if f.Armed() {
			c.refuse(f.where, "put the fault before the step that is repeated", "a fault that is repeated takes force at its step, and ends by for or up: when the second %s is armed is not said", f.Fault)
		}
	}
}
