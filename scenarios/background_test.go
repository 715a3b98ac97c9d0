package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestBackground: only what ends by itself can run beside the next steps.
func TestBackground(t *testing.T) {
	const head = `
reprise: v1
id: x
title: X
topology:
  nodes: {r1: {image: none}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
symptom: [{name: down, node: r1, exec: "false", expect: exit == 1, eventually: 1s}]
control: {without: [stimulus.0]}
stimulus:
`
	for step, want := range map[string]string{
		`{link: "r1:eth1", fault: down, for: 1m, background: true}`:                 "",
		`{link: "r1:eth1", fault: flap, times: 60, background: true}`:               "",
		`{link: "r1:eth1", fault: drop, for: 1m, background: true, may-miss: true}`: "",
		`{node: r1, fault: pause, process: bgpd, for: 1m, background: true}`:        "",
		`{link: "r1:eth1", fault: down, background: true}`:                          "background has no meaning here",
		`{link: "r1:eth1", fault: replug, background: true}`:                        "background has no meaning here",
		`{node: r1, exec: sleep 10, background: true}`:                              "background has no meaning here",
		`{hold: 10s, why: the device throttles, background: true}`:                  "background has no meaning here",
		`{link: "r1:eth1", fault: down, for: 1m, background: sometimes}`:            "want true or false",
	} {
		l, err := scenarios.Load(write(t, head+"  - "+step+"\n"), scenarios.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", step, err)
		case want == "":
			if s := l.Scenario.Stimulus[0]; s.Longest() > 0 || !strings.HasSuffix(s.Action().Words(), "in the background") {
				t.Errorf("%s: the next step waits %s: %s", step, s.Longest(), s.Action().Words())
			}
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, want %q", step, err, want)
		}
	}
	blocking := scenarios.Step{Link: "r1:eth1", Fault: scenarios.FaultDown, For: scenarios.Duration(time.Minute)}
	if blocking.Longest() != time.Minute {
		t.Errorf("the next step waits %s", blocking.Longest())
	}
}
