package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

const groupsHead = `
reprise: v1
id: x
title: X
topology:
  nodes: {r1: {image: none}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {platform: frr}, r2: {platform: frr}}
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
symptom: [{name: down, node: r1, exec: "false", expect: exit == 1, eventually: 1s}]
control: {without: [stimulus.0]}
stimulus:
`

// TestGroups loads groups of steps and repetitions: what cannot be is said where it stands, with what
// to write instead.
func TestGroups(t *testing.T) {
	for step, want := range map[string]string{
		`{repeat: {times: 8, every: 2s}, node: r1, exec: "true"}`:                                                "",
		`{repeat: {times: 8, every: 2s}, steps: [{node: r1, exec: "true"}, {hold: 1s, why: a}]}`:                 "",
		`{repeat: {times: 8, every: 2s}, link: "r1:eth1", fault: down, for: 1s}`:                                 "",
		`{repeat: {times: 8, every: 9s}, steps: [{link: "r1:eth1", fault: down}, {link: "r1:eth1", fault: up}]}`: "",
		`{together: [{node: r1, exec: "true"}, {node: r2, run: clear}]}`:                                         "",
		`{repeat: {times: 1001, every: 2s}, node: r1, exec: "true"}`:                                             "12:22: a step cannot be repeated 1001 times (1 to 1000)",
		`{repeat: {times: 8}, node: r1, exec: "true"}`:                                                           "12:14: stimulus[0].repeat says not how far apart the repetitions begin (every: 2s, from one beginning to the next)",
		`{repeat: {times: 8, every: soon}, node: r1, exec: "true"}`:                                              `"soon" is no time span`,
		`{repeat: {times: 1000, every: 1h}, node: r1, exec: "true"}`:                                             "the last repetition would begin after 999h0m0s",
		`{repeat: {times: 8, every: 2s}}`:                                                                        "needs exactly one action, here are 0",
		`{repeat: 8, node: r1, exec: "true"}`:                                                                    "want a mapping with keys such as times, every",
		`{repeat: {times: 2, every: 2s}, hold: 3s, why: a}`:                                                      "12:32: each repetition takes 3s, and the next is to begin after 2s (from one beginning to the next: more than 3s)",
		`{repeat: {times: 2, every: 2s}, link: "r1:eth1", fault: down}`:                                          "a fault that is repeated has to end: down stays until the end of the trial (for: 1s ends each before the next)",
		`{repeat: {times: 1000, every: 1s}, steps: [{repeat: {times: 6, every: 100ms}, node: r1, exec: x}]}`:     "more than 5000 steps",
		`{together: []}`: "needs exactly one action, here are 0",
		`{together: [{node: r1, exec: "true"}], node: r1}`:                     "node has no meaning here",
		`{together: [{node: r1, exec: "true"}], exec: "true"}`:                 "needs exactly one action, here are 2",
		`{together: [{node: r1, exec: "true"}, {node: r3, exec: "true"}]}`:     `the topology has no node "r3"`,
		`{together: [{node: r1, exec: "true"}, {link: "r1:eth1", fault: up}]}`: "whether a fault is there that up could end is not known",
		`{together: [{node: r1, exec: "true"}, {node: r1, fault: restart}]}`:   "r1 restarts while another of stimulus[0].together is for it",
		`{steps: [{hold: 1s}]}`: "12:21: a hold without a why",
	} {
		_, err := scenarios.Load(write(t, strings.TrimPrefix(groupsHead, "\n")+"  - "+step+"\n"), scenarios.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", step, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", step, err, want)
		}
	}
	for step, want := range map[string]string{
		`{together: [{node: r1, exec: "true"}]}`:                                                      "not done together with another",
		`{together: [{steps: [{hold: 1s, why: a}, {node: r1, run: a}]}, {node: r1, configure: [b]}]}`: "for the command line of r1",
	} {
		l, err := scenarios.Load(write(t, groupsHead+"  - "+step+"\n"), scenarios.Options{})
		if err != nil || !strings.Contains(l.Warnings.Error(), want) {
			t.Errorf("%s: %v, warnings %v, want %q", step, err, l.Warnings, want)
		}
	}
}

// How long a trial may take counts every repetition, and of steps that are done together the longest.
func TestGroupsTake(t *testing.T) {
	second := scenarios.Duration(time.Second)
	hold := func(n int) scenarios.Step { return scenarios.Step{Hold: scenarios.Duration(n) * second, Why: "a"} }
	for _, tt := range []struct {
		step scenarios.Step
		want time.Duration
	}{
		{scenarios.Step{Hold: second, Repeat: &scenarios.Repeat{Times: 8, Every: 2 * second}}, 15 * time.Second},
		{scenarios.Step{Hold: 3 * second, Repeat: &scenarios.Repeat{Times: 3, Every: 2 * second}}, 9 * time.Second},
		{scenarios.Step{Steps: []scenarios.Step{hold(1), hold(3)}}, 4 * time.Second},
		{scenarios.Step{Together: []scenarios.Step{hold(1), hold(3)}}, 3 * time.Second},
		{scenarios.Step{Steps: []scenarios.Step{hold(1), hold(3)}, Repeat: &scenarios.Repeat{Times: 2, Every: 10 * second}}, 14 * time.Second},
	} {
		if got := tt.step.Longest(); got != tt.want {
			t.Errorf("%s takes %s, want %s", tt.step.Action().Words(), got, tt.want)
		}
	}
}
