package lab_test

import (
	"fmt"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/version"
)

func ExampleSolve() {
	inv, err := lab.Load("testdata/lab.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := lab.Solve(inv, lab.Request{
		Nodes: []lab.Want{{Node: "dut", Platform: "exos", Version: ">=33"}, {Node: "peer", Platform: "exos"}},
		Links: []topologies.Link{{A: topologies.Endpoint{Node: "dut", Interface: "p1"}, B: topologies.Endpoint{Node: "peer", Interface: "p1"}}},
	})
	fmt.Println(a.Devices["dut"], a.Ports["dut"]["p1"], "–", a.Devices["peer"], a.Ports["peer"]["p1"], err)
	// Output: sw1 1 – sw2 1:1 <nil>
}

func ExampleRange() {
	r, err := lab.ParseRange(">=16.2.5-Patch1-5 <33")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"16.2.5.4-patch1-31", "v1541b3-patch1-12", "32.7.1.9", "33.1.1.14"} {
		v, err := version.Parse(text)
		fmt.Println(v, r.Holds(v), err)
	}
	// Output:
	// 16.2.5.4-patch1-31 true <nil>
	// v1541b3-patch1-12 false <nil>
	// 32.7.1.9 true <nil>
	// 33.1.1.14 false <nil>
}
