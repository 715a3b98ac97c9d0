package isolate

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func TestRunLine(t *testing.T) {
	unit := []isolate.Unit{{ID: "line a:1", Kind: isolate.Line, Parent: -1}}
	main, control := isolate.Whole(unit), isolate.Whole(unit)
	control.Control = true
	for _, tt := range []struct {
		of     isolate.Candidate
		result isolate.Result
		want   string
	}{
		{main, isolate.Result{Outcome: isolate.Hit, Took: time.Second}, "hit, 1s"},
		{main, isolate.Result{Outcome: isolate.Miss, Took: time.Second, Reason: "it is up"}, "miss, 1s"},
		{main, isolate.Result{Outcome: isolate.Invalid, Took: time.Second, Reason: "no baseline", GaveUp: true}, "invalid, 1s: no baseline (given up early: others hold sooner)"},
		{control, isolate.Result{Outcome: isolate.Miss, Took: time.Second, Reason: "it is up"}, "control is healthy, 1s"},
		{control, isolate.Result{Outcome: isolate.Hit, Took: time.Second}, "control fails too, 1s"},
		{control, isolate.Result{Outcome: isolate.Invalid, Took: time.Second, Reason: "no baseline"}, "control invalid, 1s: no baseline"},
	} {
		if got := runLine(isolate.Entry{Candidate: tt.of.Key(unit), Result: tt.result}); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestOfStep: of a scenario that was written for a try nothing is told that nobody wrote.
func TestOfStep(t *testing.T) {
	t.Parallel()
	a, dir := &cli.App{}, t.TempDir()
	l, err := a.LoadQuiet("ospf-lost-ls-update", nil)
	if err == nil {
		err = l.WriteTrying(dir, `{link: "r1:eth1", fault: drop, match: {proto: ospf, type: hello}}`, scenarios.Duration(5*time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
	tried, err := a.LoadQuiet(filepath.Join(dir, "scenario.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(tried.Warnings) == 0 {
		t.Error("nothing is to be left out")
	}
	if got := ofStep(tried, l); len(got) > 0 {
		t.Errorf("told: %v", got)
	}
	tried.Warnings = append(tried.Warnings, yamlpos.Problem{File: "x", Line: 1000, Col: 3, Message: "odd", Warning: true})
	if got := ofStep(tried, l); len(got) != 1 || got[0].String() != "the step: warning: odd" {
		t.Errorf("of the step: %v", got)
	}
}
