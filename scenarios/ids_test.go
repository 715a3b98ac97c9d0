package scenarios_test

import (
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

func TestIDs(t *testing.T) {
	of := func(id string) *scenarios.Loaded {
		return &scenarios.Loaded{File: id + ".yaml", Scenario: scenarios.Scenario{ID: id}}
	}
	ids := scenarios.IDs{}
	if p := append(ids.Take(of("a"), "one"), ids.Take(of("b"), "two")...); len(p) != 0 {
		t.Errorf("%v of ids that differ", p)
	}
	p := ids.Take(of("a"), "three")
	if len(p) != 1 || p[0].Message != `the id "a" is taken by one` || p.Faults() == nil {
		t.Errorf("problems %v", p)
	}
}
