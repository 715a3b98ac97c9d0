package scenarios_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

const captured = `
reprise: v1
id: x
title: X
topology:
  nodes: {r1: {image: "lab/a:1"}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {platform: linux}}
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
symptom: [{name: down, node: r1, exec: "false", expect: exit == 1, eventually: 1s}]
evidence:
  captures:
`

func TestCaptures(t *testing.T) {
	t.Parallel()
	l, err := scenarios.Load(write(t, captured+`    - "r1:eth1"
    - {endpoint: "r2:eth1", filter: vlan 5 and port 179 or 22, max: 2MB}
`), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list := l.Scenario.Evidence.Captures
	want := []scenarios.Capture{{Endpoint: "r1:eth1"}, {Endpoint: "r2:eth1", Filter: "vlan 5 and port 179 or 22", Max: "2MB"}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	if at := list[1].At(); at != (topologies.Endpoint{Node: "r2", Interface: "eth1"}) || list[0].MaxBytes() != scenarios.DefaultCapture || list[1].MaxBytes() != 2_000_000 {
		t.Errorf("%v %d %d", at, list[0].MaxBytes(), list[1].MaxBytes())
	}
}

func TestCaptureFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`["r1"]`, `:13:15: "r1" is no endpoint`},
		{`["r9:eth1"]`, `:13:15: the topology has no node "r9"`},
		{`["r1:eth9"]`, `no linked interface "eth9"`},
		{`["r1:eth1", {endpoint: "r1:eth1"}]`, "of the same endpoint"},
		{`[{endpoint: "r1:eth1", filter: port bgp}]`, `:13:45: column 6 of the filter: "bgp" is no number of a port`},
		{`[{endpoint: "r1:eth1", max: much}]`, "(100MB)"},
		{`[{endpoint: "r1:eth1", max: 10kB}]`, "10000 bytes is not possible"},
		{`[{endpoint: "r1:eth1", max: 5GiB}]`, "is not possible"},
		{`[{endpoint: "r1:eth1", fliter: arp}]`, "filter"},
		{`[{filter: arp}]`, "is no endpoint"},
		{"[" + strings.Repeat(`"r1:eth1", `, 65) + "]", "65 captures"},
	} {
		_, err := scenarios.Load(write(t, captured+"             "+c.text+"\n"), scenarios.Options{})
		problems, ok := errors.AsType[yamlpos.Problems](err)
		if !ok || !strings.Contains(fmt.Sprint(problems), c.want) {
			t.Errorf("%.80s: %v; want %q", c.text, err, c.want)
		}
	}
}

// TestCaptureCut: a capture goes with its link.
func TestCaptureCut(t *testing.T) {
	t.Parallel()
	text := strings.Replace(captured, `links: [{`, `links: [{endpoints: ["r1:eth2", "r2:eth2"]}, {`, 1) + `    - {endpoint: "r1:eth2"}
    - "r2:eth1"
    - "r2:eth2"
`
	l, err := scenarios.Load(write(t, text), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for links, want := range map[int]int{0: 1, 1: 2} {
		out := t.TempDir()
		if err := l.Write(out, scenarios.Cut{Links: map[int]bool{links: true}}); err != nil {
			t.Fatal(err)
		}
		got, err := scenarios.Load(out, scenarios.Options{})
		if err != nil || len(got.Scenario.Evidence.Captures) != want {
			t.Errorf("without link %d: %v %v", links, got.Scenario.Evidence.Captures, err)
		}
	}
}
