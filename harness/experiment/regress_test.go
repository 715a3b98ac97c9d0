package experiment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

func TestBuildsFor(t *testing.T) {
	for _, tt := range []struct {
		name     string
		fidelity []scenarios.Fidelity
		images   map[string]string
		use      map[string]string
		lacking  []string
		skip     string
	}{
		{"every node", nil, map[string]string{"r1": "x", "r2": "y"}, map[string]string{"r1": "x", "r2": "y"}, nil, ""},
		{"some are lacking", nil, map[string]string{"r1": "x", "s2": "y", "s1": "y"}, map[string]string{"r1": "x"}, []string{"s1", "s2"}, ""},
		{"none", nil, map[string]string{"s1": "y"}, map[string]string{}, []string{"s1"}, "it has no node s1 (it has r1, r2)"},
		{"containers can show it", []scenarios.Fidelity{scenarios.FidelityVM, scenarios.FidelityContainer}, map[string]string{"r1": "x"}, map[string]string{"r1": "x"}, nil, ""},
		{"machines only", []scenarios.Fidelity{scenarios.FidelityVM}, map[string]string{"r1": "x"}, map[string]string{"r1": "x"}, nil, "labs of kind [vm] only can show it, and builds are tried in containers"},
	} {
		l := &scenarios.Loaded{
			Scenario: scenarios.Scenario{Fidelity: tt.fidelity},
			Topology: topologies.Topology{Nodes: []topologies.Node{{Name: "r1"}, {Name: "r2"}}},
		}
		use, lacking, skip := experiment.BuildsFor(l, tt.images)
		if d := cmp.Diff(tt.use, use) + cmp.Diff(tt.lacking, lacking, cmpopts.EquateEmpty()); d != "" || skip != tt.skip {
			t.Errorf("%s: %s, skipped %q", tt.name, d, skip)
		}
	}
}
