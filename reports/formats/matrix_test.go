package formats_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/formats"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// view prepares a matrix as the verb does.
func view(tb testing.TB, m, old *result.Matrix) *reports.Matrix {
	tb.Helper()
	dir := resulttest.Write(tb, m)
	reports.CleanMatrix(m)
	if old != nil {
		reports.CleanMatrix(old)
	}
	r, err := experiment.ReportMatrix(m, old)
	if err != nil {
		tb.Fatal(err)
	}
	v, err := reports.NewMatrix(r, dir)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func render(tb testing.TB, name string, v *reports.Matrix) []byte {
	tb.Helper()
	for _, f := range formats.Matrix() {
		if f.Name == name {
			var b bytes.Buffer
			if err := f.Write(&b, v); err != nil {
				tb.Fatalf("%s: %v", name, err)
			}
			return b.Bytes()
		}
	}
	tb.Fatalf("no format %s", name)
	return nil
}

// changed is an older run of the small matrix: one cell fails anew in the newer, one was fixed, one may have been.
func changed(tb testing.TB) *result.Matrix {
	tb.Helper()
	old := reportstest.SmallMatrix()
	old.ID = "20261101T101500Z-ospfv2-0a0b"
	resulttest.Set(tb, old, "test-03[dut=frr@9.1,peer=frr@8.1]", result.Pass)
	resulttest.Set(tb, old, "test-09[dut=bird@8.5,peer=bird@8.5]", result.Flaky)
	c := resulttest.Set(tb, old, "test-09[dut=bird@8.1,peer=bird@8.5]", result.Fail)
	c.Valid, c.Trials, c.Digest = 30, 30, "older"
	resulttest.Set(tb, old, "test-05[dut=frr@8.1,peer=bird@8.5]", result.Pass)
	return old
}

func TestMatrix(t *testing.T) {
	for _, f := range formats.Matrix() {
		if f.Name == "html" {
			continue // what a person sees of it is tested in a browser
		}
		t.Run(f.Name, func(t *testing.T) {
			reportstest.Golden(t, "matrix-"+f.File, render(t, f.Name, view(t, reportstest.SmallMatrix(), changed(t))), *update)
		})
	}
}

// A matrix without a run, and one that was broken off, are rendered as what they are.
func TestMatrixBrokenOff(t *testing.T) {
	m := reportstest.SmallMatrix()
	m.Ended, m.Stopped = m.Started.AddDate(-1, 0, 0), "the budget of 20m was spent"
	empty := reportstest.SmallMatrix()
	empty.Cells, empty.Tests, empty.Subjects, empty.Requirements, empty.Counts = nil, nil, nil, nil, nil
	for _, f := range formats.Matrix() {
		if page := render(t, f.Name, view(t, empty, nil)); len(page) == 0 {
			t.Errorf("%s: nothing is said of a matrix without cells", f.Name)
		}
		page := string(render(t, f.Name, view(t, m, nil)))
		if want := map[bool]string{false: "the budget of 20m was spent", true: "not whole"}[f.Name == "badge"]; f.Name != "csv" && !strings.Contains(page, want) {
			t.Errorf("%s does not say why cells were left", f.Name)
		}
	}
}

// Each cell is a line, or a case, of its own: none is left out of what machines read.
func TestMatrixComplete(t *testing.T) {
	m := resulttest.Matrix(5, 10)
	v := view(t, m, nil)
	lines, err := csv.NewReader(bytes.NewReader(render(t, "csv", v))).ReadAll()
	if err != nil || len(lines) != len(m.Cells)+1 {
		t.Errorf("%d lines of CSV of %d cells, %v", len(lines), len(m.Cells), err)
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	if err := xml.Unmarshal(render(t, "junit", v), &suites); err != nil {
		t.Fatal(err)
	}
	c := m.Count()
	if suites.Tests != len(m.Cells) || suites.Failures != c[result.Fail]+c[result.Flaky] || suites.Errors != c[result.CellUnknown] ||
		suites.Skipped != c[result.Blocked]+c[result.NotApplicable]+c[result.NotTested] {
		t.Errorf("JUnit counts %+v of %v", suites, c)
	}
	var back result.MatrixReport
	if err := json.Unmarshal(render(t, "json", v), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v.MatrixReport, back); d != "" {
		t.Errorf("the JSON is another matrix (-want +got):\n%s", d)
	}
}

// What is known of a cell is not told of one that came to something else.
func TestMatrixNotKnown(t *testing.T) {
	m := reportstest.SmallMatrix()
	for i := range m.Cells {
		if c := &m.Cells[i]; c.Deviation != nil {
			c.Deviation = nil
		}
	}
	resulttest.Set(t, m, "test-03[dut=frr@9.1,peer=frr@8.1]", result.CellUnknown).Deviation = &result.Deviation{ID: "known-one", Expect: result.Fail, Kind: "bug", Reason: "it never did"}
	for _, format := range []string{"html", "md", "csv"} {
		if page := string(render(t, format, view(t, m, nil))); strings.Contains(page, "known-one") {
			t.Errorf("%s: an inconclusive cell is explained by why it would fail", format)
		}
	}
}

// No text of a matrix is more than text, in whatever format and place it stands.
func TestMatrixHostile(t *testing.T) {
	old := reportstest.HostileMatrix(t)
	key := old.Cells[0].Key()
	resulttest.Set(t, old, key, result.Pass).Reason = reportstest.Payload
	m := reportstest.HostileMatrix(t)
	resulttest.Set(t, m, key, result.Fail).Reason = reportstest.Payload
	v := view(t, m, old)
	for _, f := range formats.Matrix() {
		page := string(render(t, f.Name, v))
		if strings.ContainsAny(page, "\x1b\x00\u202e") {
			t.Errorf("%s: a terminal would act on it", f.Name)
		}
		for _, bad := range map[string][]string{
			"html": {"<x7>", "</script><x", `href="javascript:`}, "junit": {"<x7>"}, "badge": {"<x7>"},
			"md": {"<x7>", "\n# head", " # head"}, "summary": {"<x7>", "\n# head"},
		}[f.Name] {
			if i := strings.Index(page, bad); i >= 0 && !strings.Contains(page[max(0, i-200):i], "`") {
				t.Errorf("%s: not escaped: …%q…", f.Name, page[max(i-100, 0):min(i+100, len(page))])
			}
		}
	}
	lines, err := csv.NewReader(bytes.NewReader(render(t, "csv", v))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if i := slices.IndexFunc(l, func(s string) bool { return s != "" && strings.ContainsAny(s[:1], "=+-@\t\r\n") }); i >= 0 {
			t.Fatalf("a spreadsheet would compute %q", l[i])
		}
	}
	// A table's rows keep their columns, whatever stands in them.
	columns := 0
	for line := range strings.Lines(string(render(t, "md", v))) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns != 0 && n != columns {
			t.Fatalf("a row of %d columns among those of %d: %q", n, columns, line)
		}
		columns = n
	}
	for _, name := range []string{"junit", "badge"} {
		d := xml.NewDecoder(bytes.NewReader(render(t, name, v)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// Whoever would give results of virtual VOSS away is told of its licence, where any was tried.
func TestMatrixRestricted(t *testing.T) {
	m := reportstest.SmallMatrix()
	m.Subjects[0].Platform = "voss"
	untried := reportstest.SmallMatrix()
	untried.Subjects[0].Platform = "voss"
	for i := range untried.Cells {
		resulttest.Set(t, untried, untried.Cells[i].Key(), result.NotTested).Trials = 0
	}
	for _, format := range []string{"html", "md", "summary"} {
		if page := string(render(t, format, view(t, m, nil))); !strings.Contains(page, "to third parties") {
			t.Errorf("%s does not tell of the licence", format)
		}
		for _, other := range []*result.Matrix{untried, reportstest.SmallMatrix()} {
			if page := string(render(t, format, view(t, other, nil))); strings.Contains(page, "third parties") {
				t.Errorf("%s tells of a licence of nothing that was tried", format)
			}
		}
	}
}

// Commands name the folder in which the matrix is, not the one in which it was made.
func TestMatrixFolder(t *testing.T) {
	m := reportstest.SmallMatrix()
	dir := resulttest.Write(t, m)
	below := filepath.Join(t.TempDir(), "matrices", "kept")
	if err := os.CopyFS(below, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	r, err := experiment.ReportMatrix(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{dir: m.ID, below: "matrices/kept"} {
		v, err := reports.NewMatrix(r, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"html", "md"} {
			if page := string(render(t, format, v)); !strings.Contains(page, "reprise case from-cell "+want+" ") {
				t.Errorf("%s of %s does not name it %s", format, at, want)
			}
		}
	}
}

// Reports of runs are looked for in the folder alone.
func TestMatrixPages(t *testing.T) {
	m := reportstest.SmallMatrix()
	var runs []string
	for i := range m.Cells {
		if m.Cells[i].Run != "" {
			runs = append(runs, m.Cells[i].Run)
		}
	}
	dir := resulttest.Write(t, m)
	outside := t.TempDir()
	// One cell is from the matrix beside it.
	m.Cells[0].From, m.Cells[0].Run = "older", "../older/runs/x"
	for _, page := range []string{filepath.Join(dir, runs[0], reports.RunPage), filepath.Join(outside, reports.RunPage), filepath.Join(dir, "../older/runs/x", reports.RunPage)} {
		if err := os.MkdirAll(filepath.Dir(page), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, runs[1])); err != nil {
		t.Fatal(err)
	}
	v, err := reports.NewMatrix(&result.MatrixReport{Matrix: *m}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]bool{runs[0]: true, "../older/runs/x": true}, v.Pages); d != "" {
		t.Error(d)
	}
}

// Who reads of failing cells is told whether any of them is news, as the exit status tells it.
func TestMatrixExplained(t *testing.T) {
	m := reportstest.SmallMatrix()
	for i := range m.Cells {
		if c := &m.Cells[i]; c.Verdict == result.Flaky {
			resulttest.Set(t, m, c.Key(), result.Pass)
		}
	}
	for _, tc := range []struct {
		name, says string
		change     func(*result.Cell)
	}{
		{"all are known", "Known deviations explain 2 of 2 that fail or are flaky", func(*result.Cell) {}},
		{"one is not", "Known deviations explain 1 of 2 that fail or are flaky, and not `test-03[", func(c *result.Cell) { c.Deviation = nil }},
		{"none fails", "", func(*result.Cell) {
			for _, key := range m.Keys(result.Fail) {
				resulttest.Set(t, m, key, result.Pass)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i := slices.IndexFunc(m.Cells, func(c result.Cell) bool { return c.Verdict == result.Fail })
			tc.change(&m.Cells[i])
			for _, format := range []string{"md", "summary"} {
				page := string(render(t, format, view(t, m, nil)))
				if tc.says != "" && !strings.Contains(page, tc.says) || tc.says == "" && strings.Contains(page, "Known deviations explain") {
					t.Errorf("%s: want %q in\n%s", format, tc.says, page[:min(500, len(page))])
				}
			}
		})
	}
}

// What an earlier matrix tried did not take this one's time.
func TestMatrixTook(t *testing.T) {
	m := reportstest.SmallMatrix()
	const says = ", without the trials of 2 cells, which another matrix made"
	for _, format := range []string{"md", "html"} {
		if page := string(render(t, format, view(t, m, nil))); strings.Contains(page, "another matrix made") {
			t.Errorf("%s tells of what was not taken over", format)
		}
	}
	for i := range 2 {
		m.Cells[i].From, m.Cells[i].Run = "older", "../older/runs/x"
	}
	for _, format := range []string{"md", "html"} {
		if page := string(render(t, format, view(t, m, nil))); !strings.Contains(page, says) {
			t.Errorf("%s does not say %q", format, says)
		}
	}
}

// The summary is short, however much fails.
func TestMatrixSummaryIsShort(t *testing.T) {
	old, m := resulttest.Matrix(10, 25), resulttest.Matrix(10, 25)
	m.Stopped = strings.Repeat("long ", 1000)
	for i := range m.Cells {
		resulttest.Set(t, m, m.Cells[i].Key(), result.Fail).Reason = strings.Repeat("long ", 1000)
		if i > 100 {
			break
		}
	}
	if page := string(render(t, "summary", view(t, m, old))); strings.Count(page, "\n") > 25 || len(page) > 4000 {
		t.Errorf("it has %d lines, %d bytes:\n%s", strings.Count(page, "\n"), len(page), page)
	}
}

// BenchmarkMatrix renders 10 000 cells from the file on, in each format.
func BenchmarkMatrix(b *testing.B) {
	dir := resulttest.Write(b, resulttest.Matrix(5, 100))
	for _, f := range formats.Matrix() {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				m, err := result.ReadMatrix(dir)
				if err != nil {
					b.Fatal(err)
				}
				if len(m.Cells) != 10_000 {
					b.Fatalf("%d cells", len(m.Cells))
				}
				reports.CleanMatrix(m)
				r, err := experiment.ReportMatrix(m, nil)
				if err != nil {
					b.Fatal(err)
				}
				v, err := reports.NewMatrix(r, dir)
				if err != nil {
					b.Fatal(err)
				}
				if err := f.Write(io.Discard, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
