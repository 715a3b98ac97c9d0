package redact_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/jsonreport"
	"github.com/reprise-lab/reprise/reports/junit"
	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestHostInReports: the lab machine's name is hidden where the reports of a run show it,
// and only there: it is a word elsewhere.
func TestHostInReports(t *testing.T) {
	run := reportstest.Whole(t) // on the machine "lab"
	before := map[string][]byte{}
	for file, write := range map[string]func(io.Writer, *reports.Run) error{"report.html": html.Write, "report.md": markdown.Write, "report.json": jsonreport.Write} {
		before[file] = reportstest.Render(t, run, write)
		if err := os.WriteFile(filepath.Join(run, file), before[file], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(before["report.html"], []byte("(lab)")) {
		t.Fatal("the page does not show the machine as this test thinks")
	}
	dst := filepath.Join(t.TempDir(), "out")
	r := newRedactor(t, redact.Options{})
	result, err := r.Dir(t.Context(), run, dst)
	if err != nil {
		t.Fatal(err)
	}
	for file, was := range before {
		got, err := os.ReadFile(filepath.Join(dst, file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(got), "(lab)") || strings.Contains(string(got), `"name": "lab"`) || bytes.Count(got, []byte("lab")) < bytes.Count(was, []byte("lab"))-1 {
			t.Errorf("%s still shows the machine, or lost more than that", file)
		}
		if file == "report.html" && !bytes.Contains(got, []byte("("+r.Name("lab")+")</span>")) {
			t.Errorf("%s does not show the machine's other name", file)
		}
		if _, back, err := result.Map.Restore(file, got); err != nil || !bytes.Equal(back, was) {
			t.Errorf("%s does not come back: %v", file, err)
		}
	}
}

// TestReportsAreRenderedAgain: a report in a redacted run shows that run and nothing else,
// whatever stood in it: what was written there by hand is in no record, and nobody could find
// it. A page of that name beside no run is a text.
func TestReportsAreRenderedAgain(t *testing.T) {
	run := reportstest.Whole(t)
	pages := map[string]func(io.Writer, *reports.Run) error{"report.html": html.Write, "report.md": markdown.Write, "junit.xml": junit.Write, "report.json": jsonreport.Write}
	src, dst := t.TempDir(), filepath.Join(t.TempDir(), "out")
	if err := os.CopyFS(filepath.Join(src, "runs/good"), os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	for file := range pages {
		if err := os.WriteFile(filepath.Join(src, "runs/good", file), []byte("the customer's own word: Quagmire-77"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(src, "report.html"), []byte("no run is here"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRedactor(t, redact.Options{Names: []string{"ospf"}}) // which is in the run's id and title
	if _, err := r.Dir(t.Context(), src, dst); err != nil {
		t.Fatal(err)
	}
	for file, write := range pages {
		got, err := os.ReadFile(filepath.Join(dst, "runs/good", file))
		if err != nil {
			t.Fatal(err)
		}
		if want := reportstest.Render(t, filepath.Join(dst, "runs/good"), write); !bytes.Equal(got, want) || bytes.Contains(got, []byte("Quagmire")) {
			t.Errorf("%s is not the redacted run's", file)
		}
		if hits := r.Gate().Data(file, got); len(hits) > 0 {
			t.Errorf("%s: %v", file, hits)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dst, "report.html")); err != nil || string(got) != "no run is here" {
		t.Errorf("a page of no run became %q, %v", got, err)
	}
}
