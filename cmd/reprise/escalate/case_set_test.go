package escalate

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestFindingOfRun: a finding on what the logs of a run say counts as somebody types it, who stands beside the runs, and
// a log of the case is found by its last part as before.
func TestFindingOfRun(t *testing.T) {
	made := reportstest.Make(t, reportstest.Info("20260301T101500Z-ospf-mtu-0001", 1), reportstest.Trial{Verdict: evidence.Reproduced})
	run := evidence.Dir{Path: made}
	if err := evidence.WriteFile(run.Trial(1).File("logs", "r1", "bird.log"), []byte("2026-03-01 10:15:01.000 <BUG> Assertion 'c->state == CS_UP' failed at nest/proto.c:99\n")); err != nil {
		t.Fatal(err)
	}
	if err := logs.Annotate(run); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(filepath.Dir(made)))
	typed, err := filepath.Rel(filepath.Dir(filepath.Dir(made)), run.File(evidence.LogFindingsFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		together bool // with the run
		of       string
		want     string
	}{
		"a file of the run":                   {of: typed, want: run.File(evidence.LogFindingsFile)},
		"a file of the run that is given too": {of: typed, together: true, want: run.File(evidence.LogFindingsFile)},
		"a file of the run, whole":            {of: run.File(evidence.LogFindingsFile), want: run.File(evidence.LogFindingsFile)},
		"a log of the same name":              {of: "logs.json", want: "logs/logs.json"},
		"a log":                               {of: "bird.log", want: "logs/bird.log"},
	} {
		folder := filepath.Join(t.TempDir(), "acme")
		if _, err := cases.Create(folder, cases.Case{ID: "acme", Title: "It fails", Logs: []cases.Log{{File: "logs/logs.json"}, {File: "logs/bird.log"}}}); err != nil {
			t.Fatal(err)
		}
		set := func(o caseSetOptions) {
			t.Helper()
			o.App, o.folder = &cli.App{Out: io.Discard, Err: io.Discard}, folder
			if err := runCaseSet(t.Context(), &o); err != nil {
				t.Fatal(err)
			}
		}
		runs := []string{filepath.Dir(typed)}
		if !c.together {
			set(caseSetOptions{runs: runs})
			runs = nil
		}
		set(caseSetOptions{runs: runs, findings: []string{c.of + "=it is the assertion of the report"}})
		f, err := cases.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Case.Analysis[0].Of; got != c.want {
			t.Errorf("%s: it is kept as of %s, want %s", name, got, c.want)
		}
	}
}
