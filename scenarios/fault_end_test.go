package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// An up ends one fault: the one that it names, or the only one that can be meant.
func TestEnds(t *testing.T) {
	const a, b = `  - {name: a, link: "r1:eth1", fault: drop}` + "\n", `  - {name: b, link: "r1:eth1", fault: drop, direction: out, for: 1m, background: true}` + "\n"
	for steps, want := range map[string]string{
		a + `  - {link: "r1:eth1", fault: up}`:                                                             "",
		a + b + `  - {link: "r1:eth1", fault: up, ends: b}`:                                                "",
		a + b + `  - {link: "r1:eth1", fault: up, ends: stimulus.0}`:                                       "",
		a + b + "  - {link: \"r1:eth1\", fault: up, ends: b}\n  - {link: \"r1:eth1\", fault: up}":          "",
		a + b + `  - {link: "r1:eth1", fault: up}`:                                                         "14:5: 2 faults are on r1:eth1 by then, and which of them ends is not said (ends: a, ends: b)",
		a + `  - {link: "r1:eth1", fault: up, ends: aa}`:                                                   `13:40: no step has the name "aa" (did you mean "a"?)`,
		a + `  - {link: "r2:eth1", fault: up, ends: a}`:                                                    `the fault "a" is on r1:eth1`,
		`  - {name: a, link: "r1:eth1", fault: flap}` + "\n" + `  - {link: "r1:eth1", fault: up, ends: a}`: `"a" is no fault that could be ended`,
		a + `  - {link: "r1:eth1", fault: down, ends: a}`:                                                  "ends has no meaning here (it belongs to up)",
	} {
		_, err := scenarios.Load(write(t, strings.TrimPrefix(groupsHead, "\n")+steps+"\n"), scenarios.Options{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", steps, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", steps, err, want)
		}
	}
}

// What an up can never end is refused where it stands.
func TestEndsNothing(t *testing.T) {
	const (
		a, b   = `{name: a, link: "r1:eth1", fault: drop}` + "\n  - ", `{name: b, link: "r1:eth1", fault: drop, direction: out}` + "\n  - "
		up, of = `{link: "r1:eth1", fault: up}`, `{link: "r1:eth1", fault: up, ends: `
		next   = "\n  - "
		none   = "no fault is in force on r1:eth1 by then (up ends a fault of an earlier step that does not wait for its end)"
	)
	saysOf(t, map[string]string{
		up: "12:30: " + none,
		up + next + `{link: "r1:eth1", fault: down}`:                                        "12:30: " + none,
		a + up + next + up:                                                                  "14:30: " + none,
		a + `{link: "r2:eth1", fault: up}`:                                                  "no fault is in force on r2:eth1 by then",
		`{link: "r1:eth1", fault: down, for: 1s}` + next + up:                               none,
		`{link: "r1:eth1", fault: flap, background: true}` + next + up:                      none,
		`{link: "r1:eth1", fault: down, for: 1s, background: true}` + next + up:             "",
		`{steps: [{link: "r1:eth1", fault: down}, {hold: 1s, why: a}]}` + next + up:         "",
		b + of + "a}" + next + `{name: a, link: "r1:eth1", fault: drop}`:                    `13:40: the fault "a" is not in force by then (end it once`,
		a + of + "a}" + next + of + "a}":                                                    `14:40: the fault "a" is not in force by then`,
		a + a + of + "a}":                                                                   `14:40: 2 steps have the name "a", and which of them ends is not said (give each a name of its own)`,
		`{name: a, link: "r1:eth1", fault: drop, for: 1s}` + next + of + "a}":               `13:40: the fault "a" is not in force by then`,
		a + b + of + "stimulus.0}" + next + up:                                              "",
		a + b + of + "stimulus.1}" + next + of + "a}":                                       "",
		`{name: a, link: "r1:eth1", fault: drop}` + "\nworkaround: {steps: [" + of + "a}]}": "",
	})
}
