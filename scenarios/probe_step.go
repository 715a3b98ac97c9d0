package scenarios

import (
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// ProbeStep is the kind of [StepProbe].
const ProbeStep ProbeKind = "step"

// StepProbe is how long a step took, by its name; of one that is repeated, its last repetition.
type StepProbe struct{ Name string }

func stepProbe(c Condition) (Probe, bool) { return StepProbe{c.Step}, c.Step != "" }

// Kind implements Probe.
func (StepProbe) Kind() ProbeKind { return ProbeStep }

// Describe implements Probe.
func (p StepProbe) Describe() string { return "step: " + p.Name }

// Sight implements Probe.
func (StepProbe) Sight() Sight {
	return Sight{Anew: true, NoJSON: "how long a step took"}
}

// check looks for the step: it must be one, and be carried out before the condition is looked at.
func (p StepProbe) check(c *checker, where string, cond Condition) {
	at := where + ".step"
	if cond.Node != "" {
		c.Faultf(where+".node", "leave it out", "a step is looked at on no node")
	}
	if cond.Expect == "" {
		c.Faultf(where, "write expect: took > 120, in seconds of the lab's time", "%s says which step to look at, and not how long it takes", where)
	}
	if cond.Template != "" {
		c.Faultf(where+".template", "look at took", "a step has no text that a template could read")
	}
	if strings.HasPrefix(where, "baseline") {
		c.Faultf(at, "look at it in the symptom", "no step is carried out before the baseline holds")
		return
	}
	var names []string
	steps := c.s.Stimulus
	if c.s.Workaround != nil && strings.HasPrefix(where, "workaround") {
		steps = append(slices.Clone(steps), c.s.Workaround.Steps...)
	}
	for _, s := range withGroups(steps) {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	hint := yamlpos.Suggest(p.Name, names)
	if hint == "" {
		hint = "give the step this name: {name: " + p.Name + ", …}"
	}
	switch count(names, p.Name) {
	case 0:
		c.Faultf(at, hint, "no step has the name %q", p.Name)
	case 1:
	default:
		c.Faultf(at, "give each a name of its own", "several steps have the name %q", p.Name)
	}
}

// withGroups lists steps, groups and what they hold, each once.
func withGroups(steps []Step) []Step {
	var all []Step
	for _, s := range steps {
		all = append(append(all, s), withGroups(s.Members())...)
	}
	return all
}

func count(list []string, word string) int {
	n := 0
	for _, w := range list {
		if w == word {
			n++
		}
	}
	return n
}
