package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestExpectShown: an expectation after a stimulus that nothing ever shows is warned of: one that can never hold looks like the
// problem.
func TestExpectShown(t *testing.T) {
	const lab = `reprise: v1
id: it
title: t
topology: {nodes: {h1: {kind: linux, image: x}, h2: {kind: linux, image: x}}, links: [{endpoints: ["h1:eth1", "h2:eth1"]}]}
nodes: {h1: {role: dut}, h2: {role: peer}}
`
	const (
		ping     = "{name: ping, node: h1, reach: {ping: 10.0.0.2}, eventually: 3s}"
		stimulus = "stimulus: [{node: h2, exec: \"true\"}]\n"
	)
	for name, tt := range map[string]struct {
		text  string
		warns bool
	}{
		"shown nowhere":     {stimulus + "expect: [" + ping + "]\n", true},
		"in the baseline":   {"baseline: [" + ping + "]\n" + stimulus + "expect: [" + ping + "]\n", false},
		"with a control":    {stimulus + "expect: [" + ping + "]\ncontrol: {without: [stimulus.0]}\n", false},
		"waited for":        {"stimulus: [{wait-for: " + ping + "}, {node: h2, exec: \"true\"}]\nexpect: [" + ping + "]\n", false},
		"without stimulus":  {"expect: [" + ping + "]\n", false},
		"what never is":     {stimulus + "expect: [{name: lost, node: h1, reach: {ping: 10.0.0.2}, expect: count == 0, never: 3s}]\n", false},
		"one of two is not": {"baseline: [" + ping + "]\n" + stimulus + "expect: [" + ping + ", {name: other, node: h1, reach: {ping: 10.0.0.77}, eventually: 3s}]\n", true},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "scenario.yaml"), []byte(lab+tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := scenarios.Load(dir, scenarios.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		warned := l.Warnings != nil && strings.Contains(l.Warnings.Error(), "can come about: what is mistaken in it looks like the problem")
		if warned != tt.warns {
			t.Errorf("%s: %v", name, l.Warnings)
		}
	}
}

// TestHiddenFailure: a command that always succeeds, and whose empty answer decides, is warned of.
func TestHiddenFailure(t *testing.T) {
	for condition, want := range map[string]bool{
		"exec: \"vtysh -c x || true\", expect: 'not (text contains \"Full\")', eventually: 5s":                      true,
		"exec: \"vtysh -c x ||:\", expect: 'not (text contains \"Full\")', eventually: 5s":                          true,
		"exec: \"vtysh -c x || true\", expect: 'text contains \"Full\"', never: 5s":                                 true,
		"exec: \"vtysh -c x || true\", expect: 'text contains \"Full\"', eventually: 5s":                            false,
		"exec: \"vtysh -c x\", expect: 'not (text contains \"Full\")', eventually: 5s":                              false,
		"exec: \"vtysh -c x || true\", expect: 'text contains \"N\" and not (text contains \"F\")', eventually: 5s": false,
	} {
		text := "reprise: v1\nid: x\ntitle: x\ntopology: {nodes: {r1: {image: i}}}\nbaseline: [{name: b, node: r1, exec: b, expect: exit == 0, eventually: 5s}]\n" +
			"stimulus: [{node: r1, exec: s}]\ncontrol: {without: [stimulus.0]}\nsymptom: [{name: s, node: r1, " + condition + "}]\n"
		if got := warnings(t, text); strings.Contains(got, "an empty answer decides") != want {
			t.Errorf("%s: warned %q", condition, got)
		}
	}
}
