package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// What can never match, never hold, or ends nothing, is told where it stands; what only looks like it is not.
func TestValidateAsWritten(t *testing.T) {
	t.Parallel()
	const run, step = `run: show x, expect: 'text contains "x"', eventually: 2s`, "{node: f, configure: [x]}"
	second := func(a, b string) string {
		return strings.Replace(valid, "{name: s, node: f, "+run+"}", "{name: s, node: f, "+a+"}, {name: s2, node: f, "+b+"}", 1)
	}
	first := func(a string) string { return strings.Replace(valid, run, a, 1) }
	fault := func(signal string) string {
		return strings.Replace(valid, step, "{node: l, fault: kill, process: keepalived, signal: "+signal+"}", 1)
	}
	for _, tt := range []struct {
		name, text, want string
	}{
		{"backspace in a log", first(`log: "\bDown\b", eventually: 2s`), `control character '\b'`},
		{"backspace in an expression", first(`run: x, expect: 'text matches "\bDown"', eventually: 2s`), `control character '\b'`},
		{"a word's end", first(`log: '\bDown\b', eventually: 2s`), ""},
		{"a group of a pasted line", first(`log: 'neighbor 10.0.0.2(r2) Down', eventually: 2s`), `where the text is meant: 'neighbor 10\.0\.0\.2\(r2\) Down'`},
		{"a list of a pasted line", first(`log: '[EC 33554] Down', eventually: 2s`), "[EC 33554] is no text in a regular expression"},
		{"in an expression", first(`run: x, expect: 'text matches "peer(r2) Down"', eventually: 2s`), "(r2) is no text"},
		{"quoted", first(`log: 'neighbor 10\.0\.0\.2\(r2\) \[EC 33554\] Down', eventually: 2s`), ""},
		{"a choice", first(`log: 'neighbor (Up|Down)', eventually: 2s`), ""},
		{"lists, and a repeated group", first(`log: 'eth[0-9a-f] [[:space:]] [Dd]own( again)?', eventually: 2s`), ""},
		{"only an empty line", first(`log: '$^', eventually: 2s`), "only an empty line can match"},
		{"every answer has an end", first(`run: x, expect: 'text matches "$"', eventually: 2s`), "is always true"},
		{"true while nothing is logged", first(`log: Down, expect: count == 0, eventually: 2s`), "the first look decides"},
		{"none for a time", first(`log: Down, expect: count == 0, within: 2s, consistently: 2s`), ""},
		{"becomes, and never is", second(`log: Down, eventually: 2s`, `log: Down, never: 3s`), "symptom[0] and symptom[1] can never hold together"},
		{"becomes later than it never is", second(`log: Down, eventually: 5s`, `log: Down, never: 3s`), ""},
		{"never so, and never otherwise", second(`exec: x, exit: [0, 1], expect: exit == 0, never: 3s`, `exec: x, exit: [0, 1], expect: exit != 0, never: 3s`), "can never hold together"},
		{"of two looks", second(`log: Down, eventually: 2s`, `log: Up, never: 3s`), ""},
		{"a signal that ends nothing", fault("SIGURG"), "SIGURG ends no process by itself"},
		{"a signal that ends", fault("SIGTERM"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.text == valid {
				t.Fatal("nothing was replaced")
			}
			l, err := scenarios.Load(write(t, tt.text), scenarios.Options{Describe: describe})
			said := fmt.Sprint(err)
			if l != nil {
				said += fmt.Sprint(l.Warnings)
			}
			if tt.want != "" && !strings.Contains(said, tt.want) {
				t.Errorf("%q, want %q", said, tt.want)
			}
			for _, word := range []string{"control character", "is no text", "only an empty line", "the first look decides", "never hold together", "by itself"} {
				if tt.want == "" && strings.Contains(said, word) {
					t.Errorf("%q of what is meant", said)
				}
			}
		})
	}
}
