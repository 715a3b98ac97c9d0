package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/scenarios"
)

// BuildsFor returns, of the new images of a regression by node, those that a scenario has a
// node for, and the nodes that it lacks. skip is why the scenario says nothing about the new
// build: it has none of the nodes, or no lab in which builds are tried can show it.
func BuildsFor(l *scenarios.Loaded, images map[string]string) (use map[string]string, lacking []string, skip string) {
	have := l.Topology.Names()
	use = maps.Clone(images)
	for _, node := range slices.Sorted(maps.Keys(images)) {
		if !slices.Contains(have, node) {
			lacking = append(lacking, node)
			delete(use, node)
		}
	}
	kinds := l.Scenario.Fidelity
	switch {
	case len(kinds) > 0 && !slices.Contains(kinds, scenarios.FidelityContainer):
		skip = fmt.Sprintf("labs of kind %v only can show it, and builds are tried in containers", kinds)
	case len(use) == 0:
		skip = fmt.Sprintf("it has no node %s (it has %s)", strings.Join(lacking, ", "), strings.Join(have, ", "))
	}
	return use, lacking, skip
}
