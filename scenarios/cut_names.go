package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Part is what can be cut of the stimulus: a step, or a member of a group there. Both are counted
// from 0; Member is WholeStep for the step itself.
type Part struct{ Step, Member int }

// WholeStep is the member that stands for the step itself.
const WholeStep = -1

// PartNamed finds the smallest part that holds the step of the stimulus that StepNamed finds.
func (s *Scenario) PartNamed(name string) (Part, bool) {
	_, place, ok := s.StepNamed(name)
	for i, step := range s.Stimulus {
		at := yamlpos.Index("stimulus", i)
		if !ok || place != at && !strings.HasPrefix(place, at+".") {
			continue
		}
		for j := range step.Members() {
			member := yamlpos.Index(at+"."+string(step.Action().Kind()), j)
			if place == member || strings.HasPrefix(place, member+".") {
				return Part{i, j}, true
			}
		}
		return Part{i, WholeStep}, true
	}
	return Part{}, false
}

// leavesOut reports whether a part goes with the cut.
func (c Cut) leavesOut(p Part) bool { return c.Steps[p.Step] || c.Members[p.Step][p.Member] }

// after is the number that an item has when those of gone are left out.
func after(n int, gone map[int]bool) int {
	left := n
	for i := range n {
		if gone[i] {
			left--
		}
	}
	return left
}

// renumbered is a name of a step, which keeps standing for the same step after the cut. It is an
// error where that is left out.
func (w *cutter) renumbered(name string) (string, error) {
	part, ok := w.l.Scenario.PartNamed(name)
	if !ok {
		return name, nil
	}
	if w.cut.leavesOut(part) {
		return "", fmt.Errorf("%s is left out, and a step that names it is not", name)
	}
	if name != stepPrefix+strconv.Itoa(part.Step) || part.Member != WholeStep {
		return name, nil
	}
	return stepPrefix + strconv.Itoa(after(part.Step, w.cut.Steps)), nil
}

// ends gives the ups of a step, and of the group that it is, the names that their faults have after
// the cut, and what is armed or disarmed by a step that of it. What is left out is gone from it already.
func (w *cutter) ends(step *yaml.Node) error {
	if ends := child(step, "ends"); ends != nil {
		name, err := w.renumbered(ends.Value)
		if err != nil {
			return err
		}
		ends.Value = name
	}
	for _, key := range []string{"arm", "disarm"} {
		at := child(child(step, key), "step")
		if at == nil {
			continue
		}
		name, err := w.renumbered(at.Value)
		if err != nil {
			return err
		}
		at.Value = name
	}
	for _, group := range []ActionKind{ActSteps, ActTogether} {
		members := child(step, string(group))
		if members == nil {
			continue
		}
		for _, member := range members.Content {
			if err := w.ends(member); err != nil {
				return err
			}
		}
	}
	return nil
}

// setKey is a key of set that stands for a value of a step, as it stands for the same value after the
// cut; ok is false where that is left out. It is an error where it would stand for another.
func (w *cutter) setKey(key string) (now string, ok bool, err error) {
	n, rest, err := w.l.stepOf(key)
	if err != nil || w.cut.Steps[n] {
		return "", false, err
	}
	words := strings.Split(rest, ".")
	if len(words) > 1 {
		if k, err := strconv.Atoi(words[1]); err == nil {
			gone := w.cut.itemsOf(n, words[0])
			if gone[k] {
				return "", false, nil
			}
			words[1] = strconv.Itoa(after(k, gone))
		}
	}
	rest = "." + strings.Join(words, ".")
	if name := w.l.Scenario.Stimulus[n].Name; name != "" && strings.HasPrefix(key, stepPrefix+name+".") {
		return stepPrefix + name + rest, true, nil
	}
	now = strconv.Itoa(after(n, w.cut.Steps)) + rest
	for i, s := range w.l.Scenario.Stimulus {
		if s.Name != "" && !w.cut.Steps[i] && strings.HasPrefix(now, s.Name+".") {
			return "", false, fmt.Errorf("%s would be %s%s, which is step %q", key, stepPrefix, now, s.Name)
		}
	}
	return stepPrefix + now, true, nil
}

// setting is setKey, with the value beside the key, which may itself be the name of a step.
func (w *cutter) setting(key, value string) (now, instead string, ok bool, err error) {
	now, ok, err = w.setKey(key)
	if err == nil && ok && slices.ContainsFunc([]string{".ends", ".arm.step", ".disarm.step"}, func(key string) bool { return strings.HasSuffix(now, key) }) {
		value, err = w.renumbered(value)
	}
	return now, value, ok, err
}

// SetAfter gives values that replace some of the scenario as they do it after a cut: keys that stand for
// a value of a step have its new place, and those whose value is left out go with it.
func (l *Loaded) SetAfter(set map[string]string, c Cut) (map[string]string, error) {
	if len(set) == 0 {
		return set, nil
	}
	w := &cutter{l: l, cut: c}
	out := map[string]string{}
	for key, value := range set {
		now, ok := key, true
		var err error
		if l.SetsStep(key) {
			now, value, ok, err = w.setting(key, value)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			out[now] = value
		}
	}
	return out, nil
}

// itemsOf are the items of a list of a step that the cut leaves out.
func (c Cut) itemsOf(step int, list string) map[int]bool {
	switch ActionKind(list) {
	case ActConfigure:
		return c.StepLines[step]
	case ActSteps, ActTogether:
		return c.Members[step]
	default:
		return nil
	}
}

// stepSets gives the keys of set that stand for values of steps the numbers that these have after the
// cut, and drops those whose value is left out.
func (w *cutter) stepSets(list *yaml.Node) error {
	if list == nil {
		return nil
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(list.Content); i += 2 {
		key, value := list.Content[i], list.Content[i+1]
		if w.l.SetsStep(key.Value) {
			now, instead, ok, err := w.setting(key.Value, value.Value)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			key.Value, value.Value = now, instead
		}
		kept = append(kept, key, value)
	}
	list.Content = kept
	return nil
}
