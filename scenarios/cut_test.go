package scenarios_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

func TestWriteCut(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(`
reprise: v1
id: cut
title: Anchors, faults and holds
topology:
  nodes: {a: {image: "x"}, b: {image: "x"}, c: {image: "x"}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
nodes: {a: {}, b: {}, c: {}}
baseline: [{name: c is well, node: c, exec: &look "echo well", expect: 'exit == 0', eventually: 5s}]
stimulus:
  - {link: "a:eth1", fault: down, for: 8s}
  - {hold: 4s, why: the timer of the device}
  - {repeat: {times: 8, every: 2s}, together: [{node: a, exec: "true"}, {node: c, exec: "true"}, {node: b, exec: "true"}]}
symptom: [{name: a is not, node: a, exec: *look, expect: 'exit != 0', eventually: 5s}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "cut")
	err = l.Write(out, scenarios.Cut{
		Nodes:  map[string]bool{"c": true}, // and the anchor with it
		For:    map[int]scenarios.Duration{0: scenarios.Duration(2 * time.Second)},
		Repeat: map[int]int{2: 3}, Members: map[int]map[int]bool{2: {1: true}},
		Hold: map[int]scenarios.Duration{1: scenarios.Duration(500 * time.Millisecond)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := got.Scenario
	if len(s.Baseline) != 0 || len(got.Topology.Nodes) != 2 || s.Symptom[0].Exec != "echo well" {
		t.Errorf("baseline %v, nodes %v, symptom %q", s.Baseline, got.Topology.Nodes, s.Symptom[0].Exec)
	}
	if s.Stimulus[0].For.String() != "2s" || s.Stimulus[1].Hold.String() != "500ms" {
		t.Errorf("for %s, hold %s", s.Stimulus[0].For, s.Stimulus[1].Hold)
	}
	if g := s.Stimulus[2]; g.Repeat.Times != 3 || len(g.Together) != 2 || g.Together[1].Node != "b" {
		t.Errorf("the group is %+v", g)
	}
}

// A topology that is written inline is cut in either form, and keeps its name, which its hardware addresses come of.
func TestWriteCutOfWhole(t *testing.T) {
	for name, topology := range map[string]string{
		"cut":   `{nodes: {a: {image: x}, b: {image: x}, c: {image: x}}, links: [{endpoints: ["a:eth1", "b:eth1"]}, {endpoints: ["b:eth2", "c:eth1"]}]}`,
		"suite": `{name: suite, topology: {nodes: {a: {image: x}, b: {image: x}, c: {image: x}}, links: [{endpoints: ["a:eth1", "b:eth1"]}, {endpoints: ["b:eth2", "c:eth1"]}]}}`,
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "scenario.yaml")
		if err := os.WriteFile(file, []byte("reprise: v1\nid: cut\ntitle: Forms\ntopology: "+topology+`
nodes: {a: {}, b: {}, c: {}}
stimulus: [{link: "a:eth1", fault: down}]
symptom: [{name: a is not, node: a, exec: "true", expect: 'exit != 0', eventually: 5s}]
`), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := scenarios.Load(file, scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "cut")
		if err := l.Write(out, scenarios.Cut{Nodes: map[string]bool{"c": true}}); err != nil {
			t.Fatal(err)
		}
		got, err := scenarios.Load(out, scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if top := got.Topology; top.Name != name || len(top.Nodes) != 2 || len(top.Links) != 1 {
			t.Errorf("%s: %+v", name, top)
		}
	}
}
