package scenarios

import (
	"strconv"

	"go.yaml.in/yaml/v4"
)

// frames gives a fault on frames, in a group or not, the nth and the count of the cut. What the fault
// is expected to act on follows its count where it is as many, or as many in each direction.
func (w *cutter) frames(step *yaml.Node, s Step, at Part) {
	if n, ok := w.cut.Nth[at]; ok {
		set(step, "nth", strconv.Itoa(n))
	}
	n, ok := w.cut.Count[at]
	if !ok {
		return
	}
	set(step, "count", strconv.Itoa(n))
	if e := s.Expect; e != nil && e.Fired != nil && s.Count > 0 && *e.Fired%s.Count == 0 {
		set(child(step, "expect"), "fired", strconv.Itoa(*e.Fired/s.Count*n))
	}
}

// armed has a fault take force at its step, or stay, as the cut says.
func (w *cutter) armed(step *yaml.Node, at Part) {
	drop(step, func(key string) bool { return key == "arm" && w.cut.Arm[at] || key == "disarm" && w.cut.Disarm[at] })
}

// framesOf is frames for a step and the members that it has.
func (w *cutter) framesOf(step *yaml.Node, i int) {
	s := w.l.Scenario.Stimulus[i]
	w.frames(step, s, Part{i, WholeStep})
	w.armed(step, Part{i, WholeStep})
	members := child(step, string(s.Action().Kind()))
	for j, member := range s.Members() {
		w.frames(members.Content[j], member, Part{i, j})
		w.armed(members.Content[j], Part{i, j})
	}
}
