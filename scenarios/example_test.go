package scenarios_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// inFolder writes a scenario into a folder of its own and gives the file's path.
func inFolder(text string) (file string, remove func()) {
	dir, err := os.MkdirTemp("", "scenario-")
	if err != nil {
		panic(err)
	}
	file = filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return file, func() { _ = os.RemoveAll(dir) }
}

func ExampleLoad() {
	file, remove := inFolder(`
reprise: v1
id: session-lost
title: The session is lost after a clear
topology: {nodes: {r1: {image: "reprise/frr:8.4.4"}}}
nodes: {r1: {role: dut, platform: frr}}
stimulus: [{node: r1, run: clear bgp *}]
symptom: [{name: session is down, node: r1, run: show bgp summary, expect: 'text contains "Active"', within: 20s, consistently: 5s}]
control: {without: [stimulus.0]}
`)
	defer remove()
	loaded, err := scenarios.Load(file, scenarios.Options{Platforms: []string{"frr"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := loaded.Scenario
	fmt.Println(s.Title)
	fmt.Println(s.Stimulus[0].Action().Kind(), "on", s.Stimulus[0].Node)
	fmt.Println(s.Symptom[0].Describe(), "|", s.Symptom[0].Window(), "| every", s.Symptom[0].Interval())
	// Output:
	// The session is lost after a clear
	// run on r1
	// run: show bgp summary | within 20s, consistently 5s | every 250ms
}

// Every fault of a file is there in one pass, with its line and column and what was meant.
func ExampleLoad_faults() {
	file, remove := inFolder(`
reprise: v1
id: session-lost
title: The session is lost
topology: {nodes: {r1: {image: x}}}
symptom: [{name: down, nod: r1, run: show bgp summary, expect: 'text includes "Active"', eventually: 20s}]
`)
	defer remove()
	_, err := scenarios.Load(file, scenarios.Options{})
	problems, _ := errors.AsType[yamlpos.Problems](err)
	for _, p := range problems {
		fmt.Printf("%d:%d: %s\n", p.Line, p.Col, p.Message)
	}
	// Output:
	// 6:11: node is missing: the probe needs to know where to look
	// 6:24: unknown key "nod" under symptom[0]
	// 6:64: unexpected token Identifier("includes"), at column 6 of the expression
}
