package escalate

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

func TestPrintCellCase(t *testing.T) {
	c := cellCase{Dir: "d", Title: "Not so: it is up", Symptom: []string{"not: it is up, never 5s"}, Control: "up[dut=a@2]", Run: "d/evidence/r", Trial: 2}
	want := "d: Not so: it is up\n  symptom  not: it is up, never 5s\n  control  as in up[dut=a@2]\n  evidence d/evidence/r, trial 2\nnext: reprise run d\n"
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printCellCase(w, c) })); d != "" {
		t.Error(d)
	}
	c.Control = ""
	want = "d: Not so: it is up\n  symptom  not: it is up, never 5s\n  control  none: with no other version of the same platforms the test passed, or it differs in more than the version\n  evidence d/evidence/r, trial 2\nnext: reprise run d\n"
	if d := cmp.Diff(want, clitest.View(func(w io.Writer) { printCellCase(w, c) })); d != "" {
		t.Error(d)
	}
}

// A symptom is told with its window; where what is expected has no opposite, that it is not so is the symptom.
func TestSymptomWords(t *testing.T) {
	up := scenarios.Condition{Name: "it is up", Eventually: 5e9}
	for _, tt := range []struct {
		s    scenarios.Scenario
		want []string
	}{
		{scenarios.Scenario{Symptom: []scenarios.Condition{up}, Expect: []scenarios.Condition{up}}, []string{"it is up, eventually 5s"}},
		{scenarios.Scenario{Expect: []scenarios.Condition{up}}, []string{"that it is not so: it is up, eventually 5s"}},
	} {
		if got := symptomWords(tt.s); !slices.Equal(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// A matrix of a format that is not known is wrong input, and cells that failed are those that are offered.
func TestReadMatrix(t *testing.T) {
	dir := t.TempDir()
	m := result.Matrix{
		Reprise: result.MatrixFormat, ID: "m", Suite: "s", Title: "S", Roles: []string{"dut"}, Labs: 1, Repeats: 3,
		Tests: []result.MatrixTest{{ID: "up", Title: "Up"}, {ID: "on", Title: "On"}, {ID: "off", Title: "Off"}},
		Cells: []result.Cell{
			{Test: "up", Verdict: result.Pass, Passed: 3, Valid: 3, Trials: 3},
			{Test: "on", Verdict: result.Fail, Valid: 3, Trials: 3, Reason: "no"},
			{Test: "off", Verdict: result.Flaky, Passed: 1, Valid: 3, Trials: 3, Reason: "1 of 3"},
		},
	}
	if err := evidence.WriteJSON(filepath.Join(dir, "matrix.json"), m); err != nil {
		t.Fatal(err)
	}
	if got, _ := completeCell(nil, []string{dir}, ""); !slices.Equal(got, []string{"on[]", "off[]"}) {
		t.Errorf("offered are %q", got)
	}
	m.Reprise = "matrix/v9"
	if err := evidence.WriteJSON(filepath.Join(dir, "matrix.json"), m); err != nil {
		t.Fatal(err)
	}
	if _, err := readMatrix(dir); cli.ExitCode(err) != cli.ExitInput || !strings.Contains(err.Error(), `it says "matrix/v9", want "matrix/v1"`) {
		t.Errorf("another format: %v", err)
	}
}
