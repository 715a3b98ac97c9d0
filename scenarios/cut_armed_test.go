package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// A scenario that is cut keeps the names of the steps that arm and disarm its faults, and a fault without what
// it is armed by takes force at its step.
func TestCutArmed(t *testing.T) {
	l, err := scenarios.Load(write(t, strings.Replace(strings.TrimPrefix(groupsHead, "\n"), "control: {without: [stimulus.0]}\n", "", 1)+`
  - {node: r1, exec: gone}
  - {link: "r1:eth1", fault: drop, arm: {step: stimulus.2}, disarm: {step: last}}
  - {node: r1, exec: stays}
  - {steps: [{link: "r1:eth1", fault: drop, arm: {node: r1, run: s, expect: 'text contains "x"', eventually: 5s}}, {node: r1, exec: x}]}
  - {name: last, node: r1, exec: last}
`), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	inner := scenarios.Part{Step: 3, Member: 0}
	if err := l.Write(out, scenarios.Cut{Steps: map[int]bool{0: true}, Arm: map[scenarios.Part]bool{inner: true}, Disarm: map[scenarios.Part]bool{{Step: 1, Member: scenarios.WholeStep}: true}}); err != nil {
		t.Fatal(err)
	}
	got, err := scenarios.Load(out, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Scenario.Stimulus; s[0].Arm == nil || s[0].Arm.Step != "stimulus.1" || s[0].Disarm != nil || s[2].Steps[0].Arm != nil {
		t.Errorf("the faults are %+v and %+v", s[0], s[2].Steps[0])
	}
	if err := l.Write(t.TempDir(), scenarios.Cut{Steps: map[int]bool{4: true}}); err == nil || !strings.Contains(err.Error(), "last is left out, and a step that names it is not") {
		t.Errorf("without what ends the fault: %v", err)
	}
}
