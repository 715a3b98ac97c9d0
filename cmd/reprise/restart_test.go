package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestRestartedNeighbour: a restart of a node takes nothing from its neighbour, whose interface keeps the address that the
// scenario gave it, and what was made over it its own. What is looked for is not there: a harness that lays the neighbour's
// interface anew finds it.
func TestRestartedNeighbour(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "a lab of namespaces")
	needSpaces(t)
	for what, address := range map[string]string{"its own": "10.0.0.1", "over it": "10.0.1.1"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, restartScenario, address), 0o600); err != nil {
				t.Fatal(err)
			}
			v := conclusive(t, realTries, func() evidence.RunVerdict { return runAtSpeed(t, "namespaces", file, "1", nil) })
			if v.Verdict != evidence.NotReproduced {
				t.Errorf("%s: %s", v.Verdict, v.Reason)
			}
		})
	}
}

const restartScenario = `reprise: v1
id: restart
title: A neighbour that nobody has touched
topology:
  nodes: {a: {kind: linux, image: "reprise/debian:bookworm"}, b: {kind: linux, image: "reprise/debian:bookworm"}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
nodes:
  a:
    role: dut
    platform: linux
    config: |
      ip addr add 10.0.0.1/24 dev eth1
      ip link add link eth1 name over type macvlan mode bridge
      ip addr add 10.0.1.1/24 dev over
      ip link set over up
  b: {role: peer, platform: linux, config: "ip addr add 10.0.0.2/24 dev eth1\nip addr add 10.0.1.2/24 dev eth1\n"}
baseline:
  - {name: they reach each other, node: a, reach: {ping: 10.0.0.2}, eventually: 10s}
  - {name: so do those over them, node: b, reach: {ping: 10.0.1.1}, eventually: 10s}
stimulus: [{node: b, fault: restart}]
symptom: [{name: b does not reach a, node: b, reach: {ping: %s}, expect: count == 0, within: 5s, consistently: 5s}]
control: {without: [stimulus.0]}
`
