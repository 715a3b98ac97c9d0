package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// saysOf loads a scenario with each stimulus, and holds what is said against what is wanted: nothing, or
// a fault that has it.
func saysOf(t *testing.T, wants map[string]string) {
	t.Helper()
	for stimulus, want := range wants {
		_, err := scenarios.Load(write(t, strings.TrimPrefix(groupsHead, "\n")+"  - "+stimulus+"\n"), scenarios.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", stimulus, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", stimulus, err, want)
		}
	}
}

// A fault that is repeated ends before it comes again, wherever in the group it stands.
func TestRepeatedFaultsEnd(t *testing.T) {
	const open = "a fault that is repeated has to end: "
	saysOf(t, map[string]string{
		`{repeat: {times: 2, every: 9s}, steps: [{link: "r1:eth1", fault: down}, {hold: 1s, why: a}]}`:                                        "12:70: " + open + "down stays until the end of the trial (for: 1s",
		`{repeat: {times: 2, every: 9s}, steps: [{link: "r1:eth1", fault: drop}, {link: "r2:eth1", fault: up}]}`:                              open + "drop stays",
		`{repeat: {times: 2, every: 9s}, steps: [{steps: [{name: a, link: "r1:eth1", fault: drop}]}, {link: "r1:eth1", fault: up, ends: a}]}`: "",
		`{repeat: {times: 2, every: 9s}, together: [{node: r1, fault: pause, process: ospfd}, {node: r2, exec: "true"}]}`:                     open + "pause stays",

		`{repeat: {times: 3, every: 2s}, node: r1, fault: pause, process: ospfd, for: 10s, background: true}`:                                                    "12:82: pause ospfd is in force for 10s, and again after 2s: the end of the first would be that of both (at most 2s, or a longer every)",
		`{repeat: {times: 3, every: 2s}, node: r1, fault: pause, process: ospfd, for: 2s, background: true}`:                                                     "",
		`{repeat: {times: 3, every: 2s}, link: "r1:eth1", fault: drop, for: 10s, background: true}`:                                                              "",
		`{repeat: {times: 3, every: 2s}, link: "r1:eth1", fault: flap, times: 3, background: true}`:                                                              "flap is in force for 6s, and again after 2s",
		`{repeat: {times: 3, every: 2s}, steps: [{link: "r1:eth1", fault: down, for: 10s, background: true}, {node: r1, exec: "true"}]}`:                         "down is in force for 10s, and again after 2s",
		`{repeat: {times: 3, every: 2s}, steps: [{link: "r1:eth1", fault: down, for: 10s, background: true}, {hold: 1s, why: a}, {link: "r1:eth1", fault: up}]}`: "",
	})
}

// What is done side by side is looked at one level down too.
func TestTogetherWithin(t *testing.T) {
	const restart, up = "r1 restarts while another of stimulus[0].together is for it", "whether a fault is there that up could end is not known"
	saysOf(t, map[string]string{
		`{together: [{node: r1, run: a}, {node: r1, configure: [b]}]}`:                                                                            "12:16: two of stimulus[0].together begin with the command line of r1, and cannot at the same time (a session takes one",
		`{together: [{steps: [{node: r1, run: a}, {node: r1, run: b}]}, {node: r2, run: a}]}`:                                                     "",
		`{together: [{steps: [{node: r1, fault: restart}]}, {node: r1, exec: x}]}`:                                                                "12:44: " + restart,
		`{together: [{steps: [{node: r1, exec: x}, {node: r1, fault: restart}]}, {node: r2, exec: x}]}`:                                           "",
		`{together: [{steps: [{link: "r1:eth1", fault: up}]}, {node: r1, exec: x}]}`:                                                              "12:51: " + up,
		`{together: [{steps: [{link: "r1:eth1", fault: down}, {link: "r1:eth1", fault: up}]}, {node: r1, exec: x}]}`:                              "",
		`{together: [{steps: [{link: "r1:eth1", fault: down}, {link: "r1:eth1", fault: up}]}, {link: "r1:eth1", fault: drop}]}`:                   up,
		`{together: [{steps: [{name: a, link: "r1:eth1", fault: down}, {link: "r1:eth1", fault: up, ends: a}]}, {link: "r1:eth1", fault: drop}]}`: "",
	})
}
