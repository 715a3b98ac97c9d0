package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestFollows loads windows that follow a value.
func TestFollows(t *testing.T) {
	const head = `reprise: v1
id: x
title: X
topology: {nodes: {r1: {image: none}}}
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
control: {set: {r1.image: other}}
symptom:
  - {name: s, node: r1, `
	for cond, want := range map[string]string{
		`exec: x, expect: json.rx, unchanged: 20s`:                                                  "",
		`exec: x, expect: json.rx, rate: {at-least: 100, over: 10s}`:                                "",
		`exec: x, expect: json.rx, rate: {at-most: 0, over: 10s}`:                                   "",
		`exec: x, expect: 'int(split(text, " ")[0])', rate: {at-least: 0.5, at-most: 2, over: 10s}`: "",
		`log: flap, rate: {at-least: 1, over: 10s}`:                                                 "",
		`exec: x, expect: json.rx, unchanged: 20s, never: 1s`:                                       "8:5: symptom[0] has several windows: never, unchanged",
		`exec: x, expect: json.rx, unchanged: 400ms`:                                                "a look every 250ms within 400ms is not enough",
		`exec: x, expect: json.rx, unchanged: 20s, after-false: true`:                               "after-false has no meaning",
		`exec: x, unchanged: 20s`:                                                                   "what to expect",
		`exec: x, expect: exit == 0, rate: {at-least: 1, over: 10s}`:                                "a rate is of a number, and the expression is none",
		`exec: x, expect: text, rate: {at-least: 1, over: 10s}`:                                     "a rate is of a number, and the expression is none",
		`exec: x, expect: 3, unchanged: 20s`:                                                        "the expression looks at nothing: it never moves",
		`exec: x, expect: json.rx, rate: {over: 10s}`:                                               "8:57: rate says not how fast (rate: {at-least: 100, over: 10s}, at-most: 0, or both)",
		`exec: x, expect: json.rx, rate: {at-least: 1}`:                                             "rate says not over which time",
		`exec: x, expect: json.rx, rate: {at-least: 0, over: 10s}`:                                  "0 is no rate that decides anything",
		`exec: x, expect: json.rx, rate: {at-most: NaN, over: 10s}`:                                 "NaN is no rate",
		`exec: x, expect: json.rx, rate: {at-least: 3, at-most: 2, over: 10s}`:                      "no rate is at least 3 and at most 2",
		`exec: x, hangs: 1s, unchanged: 20s`:                                                        "hangs has no meaning together",
	} {
		_, err := scenarios.Load(write(t, head+cond+"}\n"), scenarios.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", cond, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", cond, err, want)
		}
	}
}
