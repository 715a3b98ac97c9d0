package redact_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
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

// TestWorkersAreHidden: how the workers of a fleet are called is hidden in the ledger, and where the name is no other word in what
// is said of them; their seals, which name them, stay with the owner. The chain is whole, and the names come back.
func TestWorkersAreHidden(t *testing.T) {
	t.Parallel()
	run := evidence.Dir{Path: reportstest.Whole(t)}
	for _, e := range []evidence.Entry{
		{Trial: 1, Verdict: evidence.Inconclusive, Host: "zrh-rack7", Reason: "zrh-rack7 judged it otherwise", Uncounted: "it came a second time"},
		{Trial: 1, Verdict: evidence.Inconclusive, Host: "zrh-rack7+zrh-rack9", Uncounted: "it was on two"},
		{Trial: 1, Verdict: evidence.Inconclusive, Host: "r1@zrh-rack3,r2@right,r3@zrh-rack4", Reason: "the lab broke: host zrh-rack4 is gone", Uncounted: "it was on three"},
		{Trial: 1, Verdict: evidence.Inconclusive, Host: "zrh-rack5+right#0123abcd", Uncounted: "it was on many"},
		{Trial: 1, Verdict: evidence.Inconclusive, Host: "left", Reason: "left of the switch", Uncounted: "it came a third time"},
	} {
		if err := run.AppendLedger(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := evidence.WriteFile(run.Trial(1).File("seal.json"), []byte(`{"signed":{"host":"zrh-rack7"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteJSON(run.Trial(1).File(evidence.HostFile), evidence.TrialHost{Nodes: map[string]string{"r2": "zrh-rack9"}}); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteFile(run.File("input", "placed.yaml"), []byte("nodes:\n  r1: {placement: zrh-rack11}\n  r2: {labels: {reprise.placement: \"zrh-rack12\"}}\n  r3: {placement: auto}\nabout: zrh-rack11 and zrh-rack12\n")); err != nil {
		t.Fatal(err)
	}
	dst := evidence.Dir{Path: filepath.Join(t.TempDir(), "out")}
	result, err := newRedactor(t, redact.Options{}).Dir(t.Context(), run.Path, dst.Path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dst.File("input", "placed.yaml")); err != nil || !bytes.Contains(got, []byte("placement: auto")) {
		t.Errorf("%s, %v", got, err)
	}
	var on evidence.TrialHost
	if err := evidence.ReadJSON(dst.Trial(1).File(evidence.HostFile), &on); err != nil || on.Nodes["r2"] == "" || strings.Contains(on.Nodes["r2"], "zrh") {
		t.Errorf("r2 was on %q: %v", on.Nodes["r2"], err)
	}
	entries, err := dst.Attempts()
	if err != nil || len(entries) < 5 {
		t.Fatalf("%d lines, %v", len(entries), err)
	}
	rack, left := entries[len(entries)-5], entries[len(entries)-1]
	apart, many := entries[len(entries)-3].Host, entries[len(entries)-2].Host
	if !strings.HasPrefix(apart, "r1@") || !strings.Contains(apart, ",r2@") || strings.Contains(apart+many, "right") || strings.Contains(many, "zrh") || !strings.HasSuffix(many, "#0123abcd") {
		t.Errorf("where nodes were: %q, %q", apart, many)
	}
	if strings.Contains(rack.Host+rack.Reason, "zrh") || rack.Host == "" || rack.Reason != rack.Host+" judged it otherwise" {
		t.Errorf("%q: %q", rack.Host, rack.Reason)
	}
	if left.Host == "left" || left.Reason != "left of the switch" {
		t.Errorf("%q: %q", left.Host, left.Reason)
	}
	err = filepath.WalkDir(dst.Path, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, redact.OwnerDir) {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("zrh-rack")) || filepath.Base(path) == "seal.json" {
			t.Errorf("%s shows the worker", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	was, err := os.ReadFile(run.File("ledger.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(dst.File("ledger.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if _, back, err := result.Map.Restore("ledger.ndjson", got); err != nil || !bytes.Contains(back, []byte(`"host":"zrh-rack7"`)) || !bytes.Contains(back, []byte(`"host":"left"`)) {
		t.Errorf("%v: %s\n%s", err, back, was)
	}
}
