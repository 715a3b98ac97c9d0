package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

// A fault that is tried is all of the stimulus, ends by itself, and is watched at both ends; what is no fault
// of a link is refused.
func TestWriteTrying(t *testing.T) {
	l, err := scenarios.Load(write(t, strings.TrimPrefix(groupsHead, "\n")+`
  - {node: r1, exec: one}
  - {name: lost, link: "r1:eth1", fault: drop, nth: 2, expect: {fired: 1}, arm: {step: last}}
  - {name: last, node: r2, exec: two}
evidence: {captures: ["r1:eth1"]}
workaround: {steps: [{node: r1, exec: x}]}
`), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := l.FaultText(1)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[string]string{
		own: "drop nth 2 for 7s",
		`{link: "r2:eth1", fault: delay, delay: 1s, for: 3s, background: true}`: "delay count 1000000000 by 1s for 3s",
		`{link: "r2:eth1", fault: down}`:                                        "down for 7s",
		`{link: "r1:eth1", fault: flap, times: 2}`:                              "flap 2 times, down 7s, up 1s",
	} {
		dir := t.TempDir()
		if err := l.WriteTrying(dir, step, scenarios.Duration(7*time.Second)); err != nil {
			t.Errorf("%s: %v", step, err)
			continue
		}
		alone, link, err := l.TriedStep(step, scenarios.Duration(7*time.Second))
		if err != nil || alone.Action().Words() != want || alone.Armed() || alone.Expect != nil || link.A.String() != alone.Link {
			t.Errorf("%s is tried in a lab that is up as %+v at %s: %v", step, alone, link.A, err)
		}
		got, err := scenarios.Load(dir, scenarios.Options{})
		if err != nil {
			t.Errorf("%s: %v", step, err)
			continue
		}
		s := got.Scenario
		if len(s.Stimulus) != 1 || s.Stimulus[0].Action().Words() != want || s.Stimulus[0].Armed() || s.Stimulus[0].Expect != nil || s.Workaround != nil || len(s.Evidence.Captures) != 2 || len(s.Baseline) != 1 {
			t.Errorf("%s is tried as %q, with %d captures", step, s.Stimulus[0].Action().Words(), len(s.Evidence.Captures))
		}
	}
	for step, want := range map[string]string{
		`drop`:                         `"drop" is no step`,
		`{link: "r1:eth1", fault: up}`: `fault: "up" is none that a link can be tried with`,
		`{node: r1, fault: pause, process: ospfd}`:          `fault: "pause" is none`,
		`{link: "r1:eth7", fault: drop}`:                    `link: "r1:eth7" is no end of a link`,
		`{link: "r1:eth1", fault: drop, match: {ttl: 1}}`:   `the step: `,
		`{link: "r1:eth1", fault: drop, filter: "tcp prt"}`: `the step: `,
	} {
		if _, _, err := l.TriedStep(step, scenarios.Duration(time.Second)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, in a lab that is up: %v, want %q", step, err, want)
		}
		if err := l.WriteTrying(t.TempDir(), step, scenarios.Duration(time.Second)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", step, err, want)
		}
	}
	if _, err := l.FaultText(3); err == nil {
		t.Error("a step that is not there was found")
	}
}
