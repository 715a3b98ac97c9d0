package trial_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// TestProgramsThatAreNotThere: a program that a node does not have decides nothing, also where the shell's words for that are
// redirected; live and from the record.
func TestProgramsThatAreNotThere(t *testing.T) {
	step := func(s string) string { return head + "stimulus: [{node: r1, " + s + "}]\n" + isDown }
	for _, tt := range []struct {
		name, yaml string
		status     int
		made       bool // the line makes it
		want       evidence.Verdict
		reason     string
	}{
		{"a step", step(`exec: "nosuch 2>/dev/null; true"`), 0, false, evidence.Inconclusive, "a part of the command was never run: nosuch: not found"},
		{"a step that may fail", step(`exec: "nosuch 2>/dev/null; true", may-fail: true`), 0, false, evidence.Inconclusive, "never run: nosuch"},
		{"a step with any status", step(`exec: "nosuch 2>/dev/null; true", exit: [0, 3]`), 3, false, evidence.Inconclusive, "never run: nosuch"},
		{"a step that names the status", step(`exec: "nosuch 2>/dev/null; true", exit: [0, 127]`), 0, false, evidence.Reproduced, ""},
		{"a step that makes it", step(`exec: "make nosuch; nosuch 2>/dev/null; true"`), 0, true, evidence.Reproduced, ""},
		{"a command line that is the shell's", step(`run: "nosuch 2>/dev/null; true"`), 0, false, evidence.Inconclusive, "never run: nosuch"},
		{"a probe", once(`exec: "nosuch 2>/dev/null || echo 0", expect: 'text contains "0"'`), 0, false, evidence.Inconclusive, "never run: nosuch: not found"},
		{"a probe with statuses", once(`exec: "nosuch 2>&1 | grep -c x", exit: [0, 1], expect: 'text contains "0"'`), 1, false, evidence.Inconclusive, "never run: nosuch"},
		{"a probe that names the status", once(`exec: "nosuch 2>/dev/null || echo 0", exit: [0, 127], expect: 'text contains "0"'`), 0, false, evidence.Reproduced, ""},
		{"a probe that looks at the status", once(`exec: "nosuch 2>/dev/null", expect: 'exit != 0'`), 127, false, evidence.Inconclusive, "could not run the command"},
		{"a probe that asks for the status", once(`exec: "nosuch 2>/dev/null", expect: 'exit == 127'`), 127, false, evidence.Reproduced, ""},
		{"a probe that makes it", once(`exec: "nosuch 2>/dev/null || echo 0", expect: 'text contains "0"'`), 0, true, evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				run, probe := false, strings.Contains(tt.yaml, "symptom: [{name: s,")
				w.platform.AbsentFn = func(_, line string, _ bool) []string {
					if run && tt.made || !strings.Contains(line, "nosuch") {
						return nil
					}
					return []string{"nosuch"}
				}
				shows := w.platform.RunFn
				answer := func(node, line string) (drivers.Exchange, error) {
					if !strings.Contains(line, "nosuch") {
						return shows(node, line)
					}
					run = true
					x := drivers.Exchange{Command: line, Exit: tt.status}
					if probe && !w.broken.Load() { // before the stimulus
						x.Exit, x.Output = 0, "not yet"
						return x, nil
					}
					w.broken.Store(true)
					if tt.status != 127 {
						x.Output = "0\n"
					}
					return x, nil
				}
				w.platform.RunFn, w.platform.ShellFn = answer, answer
				p := planOf(t, tt.yaml, plan.Options{})
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(v, judge.Judge(p, 1, record)); diff != "" {
					t.Errorf("from the record (-live +again):\n%s", diff)
				}
				told := slices.ContainsFunc(record.Observations, func(o evidence.Observation) bool { return o.NotFound == "nosuch" })
				if told != (probe && !tt.made) {
					t.Errorf("the record tells of it: %v", told)
				}
			})
		})
	}
}
