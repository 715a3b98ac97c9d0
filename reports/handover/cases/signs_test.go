package cases_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestCheckSigns: what the logs of an attached run say together is evidence of the analysis, and a known bad sign in them
// wants a word of what it means here.
func TestCheckSigns(t *testing.T) {
	f := open(t, whole)
	run := f.Case.Runs[0].Dir
	dir := evidence.Dir{Path: f.Abs(run)}
	logged := func(text string) cases.Duty {
		t.Helper()
		if err := evidence.WriteFile(dir.Trial(1).File("logs", "r1", "bird.log"), []byte(text)); err != nil {
			t.Fatal(err)
		}
		reportstest.Reseal(t, dir)
		if err := logs.Annotate(dir); err != nil {
			t.Fatal(err)
		}
		return find(t, cases.Check(f, platforms()), cases.DutyAnalysis)
	}
	file := run + "/" + evidence.LogFindingsFile
	if d := logged("2026-03-01 10:15:01.000 <INFO> Started\n"); d.Met != cases.Yes || !slices.Contains(d.Evidence, file) {
		t.Errorf("without a bad sign: %+v", d)
	}
	d := logged("2026-03-01 10:15:01.000 <BUG> Assertion 'c->state == CS_UP' failed at nest/proto.c:99\n")
	if d.Met != cases.No || !slices.Contains(d.Missing, file) || !strings.Contains(d.Why, "BIRD found a fault in itself, or ended") || !strings.Contains(d.Do, "--finding "+file+"=") {
		t.Errorf("with a bad sign: %+v", d)
	}
	relative, err := filepath.Rel(f.Path, f.Abs(file))
	if err != nil {
		t.Fatal(err)
	}
	of := f.Case.Analysis
	for as, want := range map[string]cases.Met{file: cases.Yes, run: cases.Yes, relative: cases.Yes, run + "x/" + evidence.LogFindingsFile: cases.No} {
		f.Case.Analysis = append(slices.Clip(of), cases.Finding{Of: as, Says: "it is the assertion of the report"})
		if d := find(t, cases.Check(f, platforms()), cases.DutyAnalysis); d.Met != want {
			t.Errorf("with a finding of %s: %+v", as, d)
		} else if named := slices.Sorted(slices.Values(d.Evidence)); len(slices.Compact(named)) != len(d.Evidence) {
			t.Errorf("with a finding of %s a file is named twice: %q", as, d.Evidence)
		}
	}
}

// TestCheckUntold: where what the logs of a run say together was damaged, the run still counts, and whether there is a
// bad sign in its logs is not known until somebody says what they say.
func TestCheckUntold(t *testing.T) {
	f := open(t, whole)
	run := f.Case.Runs[0].Dir
	file := run + "/" + evidence.LogFindingsFile
	for _, damaged := range []string{"", "{\"checks\": [{\"id\":", "not of this format", `{"checks": "none"}`} {
		if err := evidence.WriteFile(f.Abs(file), []byte(damaged)); err != nil {
			t.Fatal(err)
		}
		if err := f.Attachable(run); err != nil {
			t.Errorf("%q: attached again: %v", damaged, err)
		}
		list := cases.Check(f, platforms())
		for _, id := range []string{cases.DutyDuplicate, cases.DutyLab} {
			if d := find(t, list, id); d.Met != cases.Yes {
				t.Errorf("%q: %+v", damaged, d)
			}
		}
		if d := find(t, list, cases.DutyAnalysis); d.Met != cases.No || !slices.Equal(d.Missing, []string{file}) || !strings.Contains(d.Why, "is not known") || !strings.Contains(d.Why, "reprise logs check "+run) || slices.Contains(d.Evidence, file) {
			t.Errorf("%q: %+v", damaged, d)
		}
	}
	f.Case.Analysis = append(f.Case.Analysis, cases.Finding{Of: file, Says: "nothing beside the neighbour"})
	if d := find(t, cases.Check(f, platforms()), cases.DutyAnalysis); d.Met != cases.Yes {
		t.Errorf("with a finding: %+v", d)
	}
}
