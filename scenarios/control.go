package scenarios

import (
	"maps"
	"slices"
	"strconv"
	"strings"
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
	declared := l.Scenario.Nodes[node]
	inLab, _ := l.Topology.Node(node)
	switch {
	case field == "image" && declared.Image != "":
		return declared.Image
	case field == "image":
		return inLab.Image
	case field == "config":
		return declared.Config
	case field == "platform":
		return declared.Platform
	default:
		return ""
	}
}

// words are what a step does, on one line.
func (s Step) words() string {
	what := s.Name
	if what == "" {
		what = s.Action().Words()
	}
	return strings.TrimSpace(s.Lane() + " " + what)
}
