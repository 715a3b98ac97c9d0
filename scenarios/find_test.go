package scenarios_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"b/scenario.yaml", "a/deep/scenario.yaml", "a/lab.clab.yml", "c/scenario.yaml/not-a-file", "b/evidence/r/run.json", "b/evidence/r/input/scenario.yaml"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := scenarios.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "a/deep/scenario.yaml"), filepath.Join(dir, "b/scenario.yaml")}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	run := filepath.Join(dir, "b/evidence/r")
	if got, err := scenarios.Find(run); err != nil || !cmp.Equal(got, []string{filepath.Join(run, "input/scenario.yaml")}) {
		t.Errorf("a run that is named has %q, %v", got, err)
	}
	if _, err := scenarios.Find(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there has scenarios")
	}
}

func TestNodesOf(t *testing.T) {
	l := &scenarios.Loaded{
		Scenario: scenarios.Scenario{Nodes: map[string]scenarios.Node{"a": {Role: scenarios.RoleDUT}, "b": {Role: scenarios.RolePeer}, "c": {Role: scenarios.RoleDUT}}},
		Topology: topologies.Topology{Nodes: []topologies.Node{{Name: "c"}, {Name: "b"}, {Name: "a"}, {Name: "segment"}}},
	}
	if d := cmp.Diff([]string{"c", "a"}, l.NodesOf(scenarios.RoleDUT)); d != "" {
		t.Error(d)
	}
}
