package failures_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/failures"
)

// TestParse: a table that could only fail later, at a death, is refused where it is read.
func TestParse(t *testing.T) {
	for name, tt := range map[string]struct{ table, want string }{
		"an unknown key":        {`- {kind: crash, see: x, title: y, tilte: z}`, "tilte"},
		"an unknown kind":       {`- {kind: crush, see: x, title: y}`, `there is no kind "crush"`},
		"no kind":               {`- {see: x, title: y}`, `there is no kind ""`},
		"no title":              {`- {kind: crash, see: x}`, "see and title are needed"},
		"no pattern":            {`- {kind: crash, title: x}`, "see and title are needed"},
		"a broken pattern":      {`- {kind: crash, see: '(', title: y}`, "rule 1: see: "},
		"a broken exception":    {`- {kind: crash, see: x, not: '(', title: y}`, "rule 1: not: "},
		"a word of no group":    {`- {kind: crash, see: '(?P<a>x)', title: '{b}'}`, `no group "b"`},
		"another in alt":        {"- {kind: crash, see: x, title: y}\n- {kind: crash, see: x, title: y, alt: ['{b}']}", `rule 2: see has no group "b"`},
		"words that are always": {`- {kind: crash, see: x, title: '{process} {signal}'}`, ""},
	} {
		r, err := failures.Parse([]byte(tt.table))
		if tt.want == "" && (err != nil || r.Len() != 1) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || r != nil) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestName: the first rule that fits names a death, what a device says is bounded and has no
// control characters, and without a rule the way in which it ended is its name.
func TestName(t *testing.T) {
	rules, err := failures.Parse([]byte(`
- {kind: assert, see: 'assert (?P<what>.*)', title: '{process}: assert {what}', alt: ['{process}: assert']}
- {kind: crash, see: 'in (?P<function>\w+)', not: 'in main', of: [SIGSEGV], title: '{process}: {signal} in {function}'}
`))
	if err != nil {
		t.Fatal(err)
	}
	segv := drivers.Death{Process: "bgpd", PID: 7, Signal: "SIGSEGV", Exit: 139}
	crash := drivers.Failure{Title: "bgpd: SIGSEGV", Kind: drivers.FailureCrash}
	for name, tt := range map[string]struct {
		rules *failures.Rules
		death drivers.Death
		said  string
		want  drivers.Failure
	}{
		"by a rule":         {rules, segv, "x\nassert a  == b\nin f", drivers.Failure{Title: "bgpd: assert a == b", Kind: drivers.FailureAssert, Alt: []string{"bgpd: assert", "bgpd: SIGSEGV"}}},
		"the next line":     {rules, segv, "in main\nin f\nin g", drivers.Failure{Title: "bgpd: SIGSEGV in f", Kind: drivers.FailureCrash, Alt: []string{"bgpd: SIGSEGV"}}},
		"of another signal": {rules, drivers.Death{Process: "bgpd", Signal: "SIGTERM"}, "in f", drivers.Failure{Title: "bgpd: SIGTERM", Kind: drivers.FailureSignal}},
		"by none":           {rules, segv, "nothing", crash},
		"no rules":          {nil, segv, "assert x", crash},
		"hostile":           {rules, segv, "assert \x1b[2J\x07" + strings.Repeat("x", 500), drivers.Failure{Title: "bgpd: assert [2J" + strings.Repeat("x", 76) + "…", Kind: drivers.FailureAssert, Alt: []string{"bgpd: assert", "bgpd: SIGSEGV"}}},
		"a name of before":  {nil, drivers.Death{Process: "bgpd", Signal: "SIGSEGV", Failure: drivers.Failure{Title: "old"}}, "", crash},
		"want of memory":    {nil, drivers.Death{Process: "bgpd", Signal: "SIGKILL", OOM: true}, "", drivers.Failure{Title: "bgpd: killed because memory ran out", Kind: drivers.FailureMemory}},
		"an exit":           {nil, drivers.Death{Process: "bgpd", Exit: 1}, "", drivers.Failure{Title: "bgpd: exit status 1", Kind: drivers.FailureExit}},
		"a core":            {nil, drivers.Death{Process: "core.7.gz", Signal: drivers.CoreSignal}, "", drivers.Failure{Title: "a core file", Kind: drivers.FailureCore}},
	} {
		if d := cmp.Diff(tt.want, tt.rules.Name(tt.death, tt.said)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
