package scenarios

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// ControlChanges says line by line what the declared control changes in the scenario: the
// values that it replaces, and the steps that it leaves out. Without a control it is empty.
func (l *Loaded) ControlChanges() []string {
	control := l.Scenario.Control
	if control == nil {
		return nil
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(control.Set)) {
		line := key + " is " + control.Set[key]
		if was := l.value(key); was != "" {
			line += " instead of " + was
		}
		if strings.Contains(key, ".env.") { // it may be a secret
			line = key + " has another value"
		}
		list = append(list, line)
	}
	for _, ref := range control.Without {
		line := "without " + ref
		if n, err := strconv.Atoi(strings.TrimPrefix(ref, "stimulus.")); err == nil && n >= 0 && n < len(l.Scenario.Stimulus) {
			line += ": " + l.Scenario.Stimulus[n].words()
		}
		list = append(list, line)
	}
	return list
}

// value gives what a key of set stands for in the scenario as it is, empty where nothing is
// written.
func (l *Loaded) value(key string) string {
	node, field, _ := strings.Cut(key, ".")
	if l.SetsStep(key) {
		return l.stepValue(key)
	}
	declared := l.Scenario.Nodes[node]
	inLab, _ := l.Topology.Node(node)
	switch {
	case field == "image" && declared.Image != "":
		return declared.Image
	case field == "image":
		return inLab.Image
	case field == "config":
		return declared.Config
	case field == "placement" && declared.Placement != "":
		return declared.Placement
	case field == "placement":
		return inLab.Placement
	case field == "platform":
		return declared.Platform
	case strings.HasPrefix(field, "files."):
		return declared.Files[strings.TrimPrefix(field, "files.")]
	case strings.HasPrefix(field, "sysctls."):
		return inLab.Sysctls[strings.TrimPrefix(field, "sysctls.")]
	default:
		return ""
	}
}

// stepValue gives the plain value of a step that a key of set stands for, empty where there is none.
func (l *Loaded) stepValue(key string) string {
	root, err := parseRoot(l.Inputs[0].Data)
	n, rest, unknown := l.stepOf(key)
	if err != nil || unknown != nil {
		return ""
	}
	at := child(root, "stimulus").Content[n]
	for word := range strings.SplitSeq(rest, ".") {
		if k, err := strconv.Atoi(word); err == nil && at.Kind == yaml.SequenceNode && k >= 0 && k < len(at.Content) {
			at = at.Content[k]
		} else if at = child(at, word); at == nil {
			return ""
		}
	}
	return at.Value
}

// words are what a step does, on one line.
func (s Step) words() string {
	what := s.Name
	if what == "" {
		what = s.Action().Words()
	}
	what = strings.TrimSpace(s.Lane() + " " + what)
	if s.Repeat != nil {
		what += ", " + s.Repeat.String()
	}
	return what
}
