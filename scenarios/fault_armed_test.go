package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestArmed loads faults that take force and end beside other steps: what cannot be is said where it stands.
func TestArmed(t *testing.T) {
	const (
		on    = `{link: "r1:eth1", fault: drop, `
		ready = `arm: {node: r1, run: s, expect: 'text contains "x"', eventually: 5s}`
		done  = `disarm: {node: r1, log: x, eventually: 5s}`
		later = "\n  - {name: later, node: r2, exec: x}"
		last  = "\n  - {name: last, node: r2, exec: x}"
	)
	saysOf(t, map[string]string{
		on + ready + "}":               "",
		on + ready + ", " + done + "}": "",
		on + `disarm: {frame: {at: "r1:eth1", filter: arp}, eventually: 5s}}`: "",
		on + ready + ", for: 5s}": "",
		on + "arm: {step: later}, disarm: {step: last}}" + later + last:                                         "",
		on + "arm: {step: stimulus.1}, disarm: {step: last}}" + later + last:                                    "",
		on + "disarm: {step: relief}}\nworkaround: {steps: [{name: relief, node: r1, exec: x}]}":                "",
		on + "arm: {step: later, expect: took > 1, eventually: 5s}}" + later:                                    "",
		`{node: r1, fault: pause, process: ospfd, ` + ready + ", " + done + "}":                                 "",
		`{link: "r1:eth1", fault: flap, ` + ready + "}":                                                         "",
		`{link: "r1:eth1", fault: flap, ` + done + "}":                                                          "disarm has no meaning here (it belongs to a fault that can be taken back)",
		`{node: r1, fault: restart, ` + ready + "}":                                                             "arm has no meaning here (it belongs to faults, restart and up aside)",
		`{node: r1, exec: x, ` + ready + "}":                                                                    "arm has no meaning here",
		on + ready + ", background: true, for: 1s}":                                                             "background has no meaning here",
		on + done + ", for: 5s}":                                                                                "the fault ends after 5s, and by disarm: which of them is not said (leave out for, or disarm)",
		on + "arm: {node: r1, run: s, expect: 'text contains \"x\"'}}":                                          "stimulus[0].arm has no window: it would wait for ever",
		on + "arm: {node: r9, run: s, expect: 'text contains \"x\"', eventually: 5s}}":                          `the topology has no node "r9"`,
		on + "arm: {eventually: 5s}}":                                                                           "stimulus[0].arm needs exactly one probe, here are 0",
		on + "arm: {step: lat}}" + later:                                                                        `12:48: no step has the name "lat" (did you mean "later"?)`,
		on + "arm: {step: later, node: r1}}" + later:                                                            "a step is waited for on no node",
		on + "arm: {step: later}}" + later + later:                                                              `2 steps have the name "later", and which of them is meant is not said`,
		on + "arm: {step: last}, disarm: {step: later}}" + later + last:                                         "the fault ends at later, before it takes force at last (a step after last)",
		`{name: first, node: r1, exec: x}` + "\n  - " + on + "disarm: {step: first}}":                           `"first" begins before the fault's own step, or holds it (a later step)`,
		`{name: g, steps: [` + on + "disarm: {step: g}}]}":                                                      `"g" begins before the fault's own step, or holds it`,
		`{together: [` + on + "disarm: {step: b}}, {name: b, node: r1, exec: x}]}":                              `"b" begins at the same time as the fault's own step (a step after the group)`,
		`{together: [` + on + "disarm: {step: b}}, {node: r1, exec: y}]}\n  - {name: b, node: r1, exec: x}":     "",
		on + "arm: {step: relief}}\nworkaround: {steps: [{name: relief, node: r1, exec: x}]}":                   `"relief" is a step of the workaround`,
		`{node: r1, exec: x}` + "\nworkaround: {steps: [" + on + done + "}]}":                                   "a fault of a workaround takes force at its step",
		`{repeat: {times: 2, every: 9s}, steps: [` + on + done + "}]}":                                          "when the second drop is armed is not said (put the fault before the step that is repeated)",
		`{name: a, link: "r1:eth1", fault: drop, ` + done + "}\n  - " + `{link: "r1:eth1", fault: up, ends: a}`: `"a" is no fault that could be ended (a fault of a link that stays until it is taken back; one with arm or disarm ends by disarm: {step: NAME})`,
		`{link: "r1:eth1", fault: drop, ` + done + "}\n  - " + `{link: "r1:eth1", fault: up}`:                   "no fault is in force on r1:eth1 by then",
		`{name: first, node: r1, exec: x}` + "\n  - " + on + "arm: {step: later}}" + later:                      "",
		`{name: first, node: r1, exec: x}` + "\n  - " + on + "arm: {step: first}}":                              `"first" begins before`,
	})
	_, err := scenarios.Load(write(t, strings.Replace(strings.TrimPrefix(groupsHead, "\n"), "stimulus.0", "stimulus.1", 1)+"  - "+on+"arm: {step: later}}"+later+"\n"), scenarios.Options{})
	if want := `the control leaves out "later", and then nothing says when this fault is to arm (have the control leave out both)`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
