package scenarios_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// Requirements that a scenario names are found beside it, or among those that come with the program, and are what is
// expected where the problem does not say it.
func TestSpec(t *testing.T) {
	const own = "document: Our design\nrequirements: [{id: 2-mtu, section: \"2\", level: SHOULD, text: Both ends have one MTU}]\n"
	for name, tt := range map[string]struct {
		spec     string
		own      string
		recorded bool
		says     string
		expected string
		problem  string // what is said of it
		cites    []string
	}{
		"shipped":         {spec: "[rfc1122/3.2.2.6-echo]", expected: "A host answers echo requests that are sent to its own address (MUST)", cites: []string{"RFC 1122 section 3.2.2.6"}},
		"own":             {spec: "[design/2-mtu, rfc4443/4.2-echo]", own: own, expected: "Both ends have one MTU (SHOULD); A node answers", cites: []string{"Our design section 2", "RFC 4443 section 4.2"}},
		"cited already":   {spec: "[rfc1122/3.2.2.6-echo]", problem: `{references: ["RFC 1122 section 3.2.2.6 (MUST): echo"]}`, cites: []string{"RFC 1122 section 3.2.2.6 (MUST): echo"}},
		"cited nearby":    {spec: "[rfc1122/3.2.2.6-echo]", problem: "{references: [RFC 1122 section 3.2.2.60]}", cites: []string{"RFC 1122 section 3.2.2.60", "RFC 1122 section 3.2.2.6"}},
		"misspelt":        {spec: "[rfc1122/3.2.2.6-ehco]", says: `no requirement rfc1122/3.2.2.6-ehco (did you mean "rfc1122/3.2.2.6-echo"?)`},
		"no file":         {spec: "[rfc1123/1-x]", says: `no requirement rfc1123/1-x (did you mean "rfc1122"?)`},
		"no name":         {spec: "[rfc1122]", says: "write FILE/REQUIREMENT"},
		"outside":         {spec: "[../../etc/passwd]", says: "no requirement ../../etc/passwd"},
		"damaged":         {spec: "[design/2-mtu]", own: strings.Replace(own, "SHOULD", "WISH", 1), says: `"WISH" is no level`},
		"of a record":     {spec: "[rfc9999/1-gone]", recorded: true},
		"cut in a record": {spec: "[design/2-mtu]", own: "document: [", recorded: true, says: "design.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			more := "spec: " + tt.spec + "\n"
			if tt.problem != "" {
				more += "problem: " + tt.problem + "\n"
			}
			file := write(t, strings.Replace(valid, "title:", more+"title:", 1))
			if tt.own != "" {
				if err := os.WriteFile(filepath.Join(filepath.Dir(file), "design.yaml"), []byte(tt.own), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l, err := scenarios.Load(file, scenarios.Options{Recorded: tt.recorded})
			if (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want %q", err, tt.says)
			}
			if err != nil {
				return
			}
			if p := l.Scenario.Problem; !strings.HasPrefix(p.Expected, tt.expected) || len(tt.cites) > 0 && !slices.Equal(p.References, tt.cites) {
				t.Errorf("expected %q, cites %q", p.Expected, p.References)
			}
			if _, kept := l.Input("design.yaml"); kept != (tt.own != "") {
				t.Error("its own requirements are not kept with it")
			}
		})
	}
}

// A workaround is tried where a symptom is there; beside what is expected it would be where nothing fails.
func TestWorkaroundBesideExpect(t *testing.T) {
	text := strings.Replace(valid, "symptom:", "workaround: {steps: [{node: r1, exec: x}], expect: [{name: y, node: r1, exec: x, expect: exit == 0, eventually: 1s}]}\nexpect:", 1)
	if _, err := scenarios.Load(write(t, text), scenarios.Options{}); err == nil || !strings.Contains(err.Error(), "has no meaning beside what is expected") {
		t.Errorf("got %v", err)
	}
}
