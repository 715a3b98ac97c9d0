package interop

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/reports"
)

func TestMatrixReportOptions(t *testing.T) {
	type asked = clitest.Asked[matrixReportOptions]
	clitest.Options(t, newMatrixReport, []asked{
		{Args: []string{"d"}, Want: matrixReportOptions{dir: "d", format: "html"}},
		{Args: []string{"d", "-f", "csv", "-o", "x.csv", "--old", "e"}, Want: matrixReportOptions{dir: "d", format: "csv", output: "x.csv", old: "e"}},
		{Args: []string{"d", "--format", "summary", "--out", "-"}, Want: matrixReportOptions{dir: "d", format: "summary", output: "-"}},
		{Args: []string{"d", "--format", "pdf"}, Err: "--format pdf: want one of html, md, csv, junit, json, badge, summary"},
		{Args: nil, Err: "accepts 1 arg(s), received 0"},
	})
}

func TestMatrixDiffOptions(t *testing.T) {
	type asked = clitest.Asked[matrixDiffOptions]
	clitest.Options(t, newMatrixDiff, []asked{
		{Args: []string{"a", "b"}, Want: matrixDiffOptions{old: "a", new: "b", format: "text"}},
		{Args: []string{"a", "b", "--format", "md"}, Want: matrixDiffOptions{old: "a", new: "b", format: "md"}},
		{Args: []string{"a", "b", "--format", "html"}, Err: "--format html: want text or md"},
		{Args: []string{"a"}, Err: "accepts 2 arg(s), received 1"},
	})
}

// app is one whose output is kept.
func app(asJSON bool) (*cli.App, *bytes.Buffer) {
	var out bytes.Buffer
	return &cli.App{Out: &out, Err: io.Discard, JSON: asJSON}, &out
}

// A page is written beside its matrix, or elsewhere with links that lead back; everything else goes to standard output.
func TestMatrixReport(t *testing.T) {
	m := resulttest.Matrix(3, 10)
	dir := resulttest.Write(t, m)
	run := resulttest.Of(t, m, "test-03[dut=frr@9.1,peer=bird@8.1]").Run
	if err := os.MkdirAll(filepath.Join(dir, run), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, run, reports.RunPage), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(filepath.Dir(dir), "pages", "ospf.html")
	for _, tt := range []struct{ output, file, link string }{
		{"", filepath.Join(dir, "report.html"), `"` + run + "/report.html"},
		{elsewhere, elsewhere, `"../` + m.ID + "/" + run + "/report.html"},
	} {
		a, out := app(false)
		if err := runMatrixReport(t.Context(), &matrixReportOptions{App: a, dir: dir, format: "html", output: tt.output}); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(tt.file)
		if err != nil || !strings.Contains(strings.ReplaceAll(string(page), `\/`, "/"), tt.link) {
			t.Errorf("%s: no link %s, %v", tt.file, tt.link, err)
		}
		if out.String() != tt.file+"\n" {
			t.Errorf("it says %q", out)
		}
	}
	for format, begin := range map[string]string{"md": "# OSPFv2", "csv": "cell,test", "junit": "<?xml", "json": "{", "badge": "<svg", "summary": "**ospfv2**"} {
		a, out := app(false)
		if err := runMatrixReport(t.Context(), &matrixReportOptions{App: a, dir: dir, format: format}); err != nil || !strings.HasPrefix(out.String(), begin) {
			t.Errorf("%s begins with %.20q, %v", format, out, err)
		}
	}
	a, out := app(true)
	if err := runMatrixReport(t.Context(), &matrixReportOptions{App: a, dir: dir, format: "html", output: "-"}); err != nil || !strings.HasPrefix(out.String(), "{") {
		t.Errorf("--json prints %.20q, %v", out, err)
	}
}

// What is no matrix, or of another suite, is wrong input, and nothing is written.
func TestMatrixInput(t *testing.T) {
	good := resulttest.Write(t, resulttest.Matrix(2, 1))
	other := resulttest.Matrix(2, 1)
	other.Suite = "bgp"
	wrong := resulttest.Matrix(2, 1)
	wrong.Cells[0].Verdict = "passed"
	for name, tt := range map[string]struct{ dir, want string }{
		"no folder":        {filepath.Join(t.TempDir(), "x"), "open matrix"},
		"an empty folder":  {t.TempDir(), "name the folder that matrix run made"},
		"a cut file":       {resulttest.WriteText(t, []byte(`{"reprise":"matrix/v1","id":"x`)), "it ends in the middle"},
		"a wrong word":     {resulttest.Write(t, wrong), `the verdict "passed" is none of`},
		"of another suite": {resulttest.Write(t, other), "only runs of one suite have the same cells"},
	} {
		for _, run := range []func(*cli.App) error{
			func(a *cli.App) error {
				return runMatrixReport(t.Context(), &matrixReportOptions{App: a, dir: good, old: tt.dir, format: "md"})
			},
			func(a *cli.App) error {
				return runMatrixDiff(t.Context(), &matrixDiffOptions{App: a, old: tt.dir, new: good, format: "text"})
			},
			func(a *cli.App) error {
				return runMatrixDiff(t.Context(), &matrixDiffOptions{App: a, old: good, new: tt.dir, format: "text"})
			},
		} {
			a, out := app(false)
			if err := run(a); cli.ExitCode(err) != cli.ExitInput || !strings.Contains(err.Error(), tt.want) || out.Len() > 0 {
				t.Errorf("%s: %v, and %q", name, err, out)
			}
		}
	}
}

func TestMatrixDiffStatus(t *testing.T) {
	const key = "test-00[dut=frr@8.1,peer=frr@8.1]"
	silence := func(m *result.Matrix) {
		for i := range m.Cells {
			resulttest.Set(t, m, m.Cells[i].Key(), result.NotTested)
		}
	}
	for name, tt := range map[string]struct {
		old, new func(*result.Matrix)
		want     int
	}{
		"nothing changed":  {want: cli.ExitYes},
		"newly failing":    {new: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Fail) }, want: cli.ExitNo},
		"flaky to failing": {old: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Flaky) }, new: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Fail) }, want: cli.ExitNo},
		"became flaky":     {new: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Flaky) }, want: cli.ExitNo},
		"fixed":            {old: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Fail) }, want: cli.ExitYes},
		"newly tested":     {old: func(m *result.Matrix) { resulttest.Set(t, m, key, result.CellUnknown) }, new: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Fail) }, want: cli.ExitYes},
		"unknown now":      {new: func(m *result.Matrix) { resulttest.Set(t, m, key, result.Blocked) }, want: cli.ExitInconclusive},
		"no longer tested": {new: func(m *result.Matrix) { resulttest.Set(t, m, key, result.NotTested) }, want: cli.ExitInconclusive},
		"gone":             {new: func(m *result.Matrix) { m.Cells = m.Cells[1:] }, want: cli.ExitInconclusive},
		"failing, and unknown elsewhere": {new: func(m *result.Matrix) {
			resulttest.Set(t, m, key, result.Fail)
			resulttest.Set(t, m, "test-00[dut=frr@8.1,peer=bird@8.1]", result.CellUnknown)
		}, want: cli.ExitNo},
		"nothing to compare": {old: silence, want: cli.ExitInconclusive},
		"not one cell":       {new: func(m *result.Matrix) { m.Cells = nil }, want: cli.ExitInconclusive},
	} {
		sides := [2]*result.Matrix{resulttest.Matrix(1, 1), resulttest.Matrix(1, 1)}
		// The cell of both birds is not tested.
		for i, change := range []func(*result.Matrix){tt.old, tt.new} {
			if change != nil {
				change(sides[i])
			}
		}
		a, _ := app(false)
		err := runMatrixDiff(t.Context(), &matrixDiffOptions{App: a, old: resulttest.Write(t, sides[0]), new: resulttest.Write(t, sides[1]), format: "text"})
		if cli.ExitCode(err) != tt.want {
			t.Errorf("%s: exit %d, want %d (%v)", name, cli.ExitCode(err), tt.want, err)
		}
	}
}

func TestPrintMatrixDiff(t *testing.T) {
	d := &result.MatrixDiff{
		Old: "older", New: "newer", SuiteChanged: true, Comparable: 12, Silent: 3, Unchanged: map[result.CellVerdict]int{result.Pass: 9},
		NewlyFailing: []result.CellChange{
			{Key: "a[dut=frr@9.1]", Was: result.Pass, Is: result.Fail, WasPassed: 3, WasValid: 3, Valid: 3, Reason: "no route\x1b[31m\n\tsecond line", Alike: true, Deviation: "known-one"},
		},
		NoLongerTested: []result.CellChange{{Key: "b[dut=frr@9.1]", Was: result.Fail, WasValid: 3, Reason: "no route"}},
		NewlyTested:    []result.CellChange{{Key: "c[dut=frr@9.1]", Is: result.PassWithNote, Passed: 3, Valid: 3}},
		FirstBad:       []result.FirstBad{{Test: "a", Role: "dut", Platform: "frr", Good: "8.4", Bad: "9.1", Unknown: []string{"9.0"}, Fixed: "10.0", BadAgain: "10.3", Cell: "a[dut=frr@9.1]"}},
	}
	want := `- older
+ newer
the suite's files are not the same: a cell may have tested something else

newly failing: 1 cell
  a[dut=frr@9.1]
    fail (0 of 3 passed); it was pass (3 of 3 passed); scenario and packages are the same
    no route
    known: known-one

no longer tested: 1 cell
  b[dut=frr@9.1]
    gone; it was fail (0 of 3 passed)
    no route

newly tested: 1 cell
  c[dut=frr@9.1]
    pass with note (3 of 3 passed); it was not there

first bad version of these rows
  a[dut=frr@9.1], dut: frr 9.1 at the latest (8.4 passed; 9.0 say nothing); 10.0 passes again, 10.3 does not any more

12 cells on both sides, 9 the same, 1 newly failing; 3 say nothing on either
`
	if got := cmp.Diff(want, clitest.View(func(w io.Writer) { printMatrixDiff(w, d) })); got != "" {
		t.Error(got)
	}
	for range 100 {
		d.Fixed = append(d.Fixed, result.CellChange{Key: "k", Was: result.Fail, Is: result.Pass})
	}
	if got := clitest.View(func(w io.Writer) { printMatrixDiff(w, d) }); !strings.Contains(got, "  and 60 more: --format md or --json has them") {
		t.Errorf("what is left out is not told:\n%s", got)
	}
}

// Completion offers the folders below matrices/, each once.
func TestCompleteMatrices(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, id := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join("matrices", id), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("matrices", id, result.MatrixFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		most int
		args []string
		want []string
	}{{1, nil, []string{"matrices/a", "matrices/b"}}, {2, []string{"matrices/a"}, []string{"matrices/b"}}, {1, []string{"x"}, nil}} {
		got, _ := completeMatrices(tt.most)(nil, tt.args, "")
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%q: %s", tt.args, d)
		}
	}
	a, _ := app(false)
	c := newMatrixReport(a, func(context.Context, *matrixReportOptions) error { return nil })
	for _, flag := range []string{"format", "old"} {
		if _, ok := c.GetFlagCompletionFunc(flag); !ok {
			t.Errorf("--%s is not completed", flag)
		}
	}
}
