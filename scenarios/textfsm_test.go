package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestTemplatesAreBounded: neither a template nor a text takes more than its bounds, and what
// they give else is what the library gives.
func TestTemplatesAreBounded(t *testing.T) {
	line := strings.Repeat("abcdefgh ", 100) + "\n"
	text := strings.Repeat(line, 1<<20/len(line))
	many := strings.Repeat("x\n", 500_000)
	rules := func(n int, rule string) string { return strings.Repeat("  "+rule+"\n", n) }
	for _, tt := range []struct{ name, template, text string }{
		{"a large repetition", "Value A (" + strings.Repeat("x{900}", 40) + ")\n\nStart\n  ^${A} -> Record\n", "x\n"},
		{"a value written out often", "Value A (" + strings.Repeat("x", 10_000) + ")\n\nStart\n  ^" + strings.Repeat("${A}", 500) + "\n", "x\n"},
		{"many rules", "Value A (x)\n\nStart\n" + rules(2000, "^y${A} -> Continue"), text},
		{"much to look for", "Value A (x)\n\nStart\n" + rules(290, "^.*a.*b.*c.*d.*e.*f.*g.*x${A} -> Continue"), text},
		{"a long template", "Value A (x)\n\nStart\n" + rules(9000, "^$A"), "x\n"},
		{"many rows of each line", "Value A (x)\n\nStart\n" + rules(250, "^${A} -> Continue.Record"), many},
		{"rows without end", "Value A (x)\n\nStart\n  ^${A} -> Record\n", many},
		{"rows that are looked through", "Value A (x)\nValue Fillup B (y*)\n\nStart\n  ^${A}${B} -> Record\n", many},
		{"a long text", "Value A (x)\n\nStart\n  ^${A} -> Record\n", strings.Repeat("y\n", 2<<20)},
		{"a long line", "Value A (x)\n\nStart\n  ^${A} -> Record\n", strings.Repeat("y", 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := cpuTime(t)
			fsm, err := scenarios.ParseTemplate(tt.template)
			if err == nil {
				_, err = scenarios.ReadTable(fsm, tt.text, true)
			}
			if err == nil {
				t.Error("it is taken")
			}
			if took := cpuTime(t) - start; took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	fsm, err := scenarios.ParseTemplate("Value Filldown VR (\\S+)\nValue List PORT (\\d+)\n\nStart\n  ^vr ${VR}\n  ^port ${PORT} -> Continue\n  ^port \\d+ last -> Record\n  ^end -> End\n")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a text leaves nothing behind
		rows, err := scenarios.ReadTable(fsm, "vr A\nport 1\nport 2 last\nport 3 last\nend\nport 4 last\n", true)
		want := []map[string]any{{"VR": "A", "PORT": []string{"1", "2"}}, {"VR": "A", "PORT": []string{"3"}}}
		if diff := cmp.Diff(want, rows); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if _, err := scenarios.ReadTable(fsm, "no table at all", true); err != nil {
		t.Error(err)
	}
}
