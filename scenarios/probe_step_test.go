package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestStepProbe loads conditions about how long a step took.
func TestStepProbe(t *testing.T) {
	const head = `reprise: v1
id: x
title: X
topology: {nodes: {r1: {image: none}}}
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
control: {set: {r1.image: other}}
stimulus:
  - {name: loading, node: r1, exec: load, timeout: 5m}
  - {name: twice, node: r1, exec: load}
  - steps: [{name: twice, node: r1, exec: load}, {name: within, node: r1, exec: load}]
symptom:
  - {name: s, eventually: 1s, `
	for cond, want := range map[string]string{
		`step: loading, expect: took > 120`:           "",
		`step: within, expect: took > 120`:            "",
		`step: loadin, expect: took > 120`:            `12:37: no step has the name "loadin" (did you mean "loading"?)`,
		`step: other, expect: took > 120`:             `give the step this name: {name: other, …}`,
		`step: twice, expect: took > 120`:             `several steps have the name "twice"`,
		`step: loading`:                               "write expect: took > 120",
		`step: loading, expect: took < 0`:             "is never true",
		`step: loading, expect: json.x == 1`:          "how long a step took is no JSON",
		`step: loading, expect: exit == 1`:            "there is no exit status to look at",
		`step: loading, node: r1, expect: took > 120`: "a step is looked at on no node",
		`step: loading, hangs: 1s`:                    "hangs has no meaning here",
	} {
		l, err := scenarios.Load(write(t, head+cond+"}\n"), scenarios.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", cond, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", cond, err, want)
		case want == "" && l.Scenario.Stimulus[0].Longest().String() != "5m0s":
			t.Errorf("loading takes %s", l.Scenario.Stimulus[0].Longest())
		}
	}
	_, err := scenarios.Load(write(t, strings.Replace(head, `node: r1, exec: "true", expect: exit == 0`, "step: loading, expect: took > 1", 1)+"step: loading, expect: took > 1}\n"), scenarios.Options{})
	if err == nil || !strings.Contains(err.Error(), "no step is carried out before the baseline holds") {
		t.Error(err)
	}
}

// What is known to have taken at least so long decides no more than follows from that.
func TestTookAtLeast(t *testing.T) {
	for source, want := range map[string]any{
		"took > 120": true, "took >= 300": true, "120 < took": true, "300 <= took": true, "took < 300": false, "took <= 299.5": false, "200 > took": false,
		"not (took < 200)": true, "took > 120 and took > 200": true, "took > 120 and took < 200": false,
		"took > 300": "at least", "took < 301": "at least", "took <= 300": "at least", "took == 300": "at least", "took != 300": "at least", "took in [300]": "at least",
		"took": "at least", "took * 2 > 10": "at least", "int(took) > 10": "at least", "301 > took": "at least", "took > 400 or took < 200": "at least",
	} {
		got := eval(t, source, scenarios.View{Took: 300, AtLeast: true}, nil)
		text, isText := got.(string)
		if words, unknown := want.(string); got != want && (!unknown || !isText || !strings.Contains(text, words)) {
			t.Errorf("%s: %v, want %v", source, got, want)
		}
	}
}
