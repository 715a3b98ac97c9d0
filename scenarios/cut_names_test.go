package scenarios_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
)

// What a control sets, and what an up ends, stands for the same step, member and line after a cut.
func TestCutKeepsNames(t *testing.T) {
	const text = `reprise: v1
id: x
title: X
topology:
  nodes: {a: {image: none}, b: {image: none}}
  links: [{endpoints: ["a:eth1", "b:eth1"]}]
stimulus:
  - {node: a, exec: first}
  - {link: "a:eth1", fault: drop}
  - {node: a, exec: between}
  - {link: "b:eth1", fault: down}
  - {steps: [{node: a, exec: X}, {link: "b:eth1", fault: up, ends: stimulus.3}]}
  - {together: [{node: a, exec: A}, {node: b, exec: B}, {node: b, exec: C}]}
  - {node: a, configure: [one, two, three]}
  - {name: by.name, together: [{node: a, exec: A}, {node: b, exec: B}]}
  - {link: "a:eth1", fault: up, ends: stimulus.1}
symptom: [{name: down, node: a, exec: look, expect: exit == 1, eventually: 1s}]
control:
  without: [stimulus.2]
  set:
    stimulus.5.together.0.exec: changed A
    stimulus.5.together.1.exec: changed B
    stimulus.6.configure.1: changed two
    stimulus.by.name.together.1.exec: changed B
`
	l, err := scenarios.Load(write(t, text), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cut := func(c scenarios.Cut) (*scenarios.Loaded, error) {
		out := t.TempDir()
		if err := l.Write(out, c); err != nil {
			return nil, err
		}
		return scenarios.Load(out, scenarios.Options{})
	}
	got, err := cut(scenarios.Cut{
		Steps:     map[int]bool{0: true},
		Members:   map[int]map[int]bool{4: {0: true}, 5: {0: true}, 7: {0: true}},
		StepLines: map[int]map[int]bool{6: {0: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	control := got.Scenario.Control
	want := map[string]string{
		"stimulus.4.together.0.exec": "changed B", "stimulus.5.configure.0": "changed two", "stimulus.by.name.together.0.exec": "changed B",
	}
	if diff := cmp.Diff(want, control.Set); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"stimulus.1"}, control.Without); diff != "" {
		t.Error(diff)
	}
	steps, err := got.StimulusWith(control.Set)
	if err != nil {
		t.Fatal(err)
	}
	if steps[4].Together[0].Exec != "changed B" || steps[4].Together[1].Exec != "C" || steps[6].Together[0].Exec != "changed B" {
		t.Errorf("the control changes %+v and %+v", steps[4], steps[6])
	}
	if inner, last := steps[3].Steps[0].Ends, steps[7].Ends; inner != "stimulus.2" || last != "stimulus.0" {
		t.Errorf("the ups end %s and %s", inner, last)
	}
	if _, err := cut(scenarios.Cut{Steps: map[int]bool{3: true}}); err == nil {
		t.Error("an up is left whose fault is left out")
	}
}
