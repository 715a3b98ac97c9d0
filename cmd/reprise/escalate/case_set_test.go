package escalate

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
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
	reportstest.Reseal(t, run)
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

// TestFindingOfNothing: a finding of what is neither a log of the case nor of a run that is attached is refused, and nothing
// of what was asked with it is written. One of a log that is attached with it is kept as of where the case keeps that.
func TestFindingOfNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "acme")
	if _, err := cases.Create(folder, cases.Case{ID: "acme", Title: "It fails", Logs: []cases.Log{{File: "logs/bird.log"}}}); err != nil {
		t.Fatal(err)
	}
	inside, beside := filepath.Join(folder, "tech.txt"), filepath.Join(filepath.Dir(folder), "show.txt")
	for _, file := range []string{inside, beside} {
		if err := evidence.WriteFile(file, []byte("show tech-support\n")); err != nil {
			t.Fatal(err)
		}
	}
	set := func(o caseSetOptions) error {
		o.App, o.folder = &cli.App{Out: io.Discard, Err: io.Discard}, folder
		return runCaseSet(t.Context(), &o)
	}
	for _, of := range []string{"brid.log", inside, beside, "runs/gone/logs.json"} {
		err := set(caseSetOptions{findings: []string{of + "=it dies"}, tried: []string{"a reboot=nothing changed"}})
		if cli.ExitCode(err) != cli.ExitInput || !strings.Contains(err.Error(), "neither a log of the case nor a file of a run") {
			t.Errorf("%s: %v", of, err)
		}
	}
	for _, file := range []string{inside, beside} {
		if err := set(caseSetOptions{logs: []string{file}, findings: []string{file + "=it dies"}}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := cases.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []cases.Finding{{Of: "tech.txt", Says: "it dies"}, {Of: "logs/show.txt", Says: "it dies"}}
	if !slices.Equal(f.Case.Analysis, want) || len(f.Case.Tried) != 0 {
		t.Errorf("kept %+v and what was tried %+v, want %+v", f.Case.Analysis, f.Case.Tried, want)
	}
}

// A scenario that is set brings its id: what is attached afterwards, and with it, is held against that one. Runs that are given
// together are of one scenario, too.
func TestSetScenario(t *testing.T) {
	of := func(id string) string {
		info := reportstest.Info("20260301T101500Z-"+id+"-0001", 1)
		info.Scenario.ID = id
		return reportstest.Make(t, info, reportstest.Trial{Verdict: evidence.Reproduced})
	}
	const other = "frr-ospf-md5-2106"
	own, corpus := of("acme-loop"), of(other)
	for name, tt := range map[string]struct {
		was  string // the case's id of its scenario
		set  caseSetOptions
		id   string
		says string
	}{
		"its id goes along":             {"acme-loop", caseSetOptions{fields: [][2]string{{"scenario", other}}}, other, ""},
		"a run of it, with it":          {"acme-loop", caseSetOptions{fields: [][2]string{{"scenario", other}}, runs: []string{corpus}}, other, ""},
		"a run of the one before":       {"acme-loop", caseSetOptions{fields: [][2]string{{"scenario", other}}, runs: []string{own}}, "acme-loop", "is of the scenario acme-loop, and the case is of " + other},
		"one that cannot be read":       {"acme-loop", caseSetOptions{fields: [][2]string{{"scenario", "no-such"}}}, "", ""},
		"runs of two":                   {"", caseSetOptions{runs: []string{own, corpus}}, "", "is of the scenario " + other + ", and " + own + " is of acme-loop"},
		"something else, which is none": {"acme-loop", caseSetOptions{fields: [][2]string{{"title", "It loops"}}}, "acme-loop", ""},
	} {
		folder := filepath.Join(t.TempDir(), "acme")
		if _, err := cases.Create(folder, cases.Case{ID: "acme", Title: "It fails", ScenarioID: tt.was}); err != nil {
			t.Fatal(err)
		}
		tt.set.App, tt.set.folder = &cli.App{Out: io.Discard, Err: io.Discard}, folder
		err := runCaseSet(t.Context(), &tt.set)
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
		f, err := cases.Open(folder)
		if err != nil || f.Case.ScenarioID != tt.id {
			t.Errorf("%s: the case is of %q: %v", name, f.Case.ScenarioID, err)
		}
	}
}
