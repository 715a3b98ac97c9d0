package html_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestFailed: the page of a run without an answer begins with what failed, what was seen
// there last, bounded, and opens at it.
func TestFailed(t *testing.T) {
	info := reportstest.Info("20260301T141500Z-stuck-5f6a", 2)
	dir := reportstest.Make(t, info,
		reportstest.Trial{Verdict: evidence.NotReproduced, Reason: "it is Full"},
		reportstest.Trial{Verdict: evidence.Inconclusive, Reason: "nobody knows", Text: strings.Repeat("Neighbor ID  State\n", 400)},
	)
	few := evidence.RunVerdict{Reprise: evidence.Format, Verdict: evidence.Inconclusive, Expected: info.Expected, Planned: 2, NotReproduced: 1, Inconclusive: 1, Reason: "1 of 2 planned trials were valid"}
	if err := evidence.WriteJSON(filepath.Join(dir, "verdict.json"), few); err != nil {
		t.Fatal(err)
	}
	page := string(reportstest.Render(t, dir, html.Write))
	result, rest, _ := strings.Cut(page, `<section id="scope"`)
	for _, want := range []string{`What failed, in <a href="#trial-2">trial 2</a>`, "unknown", "Seen last,", "Neighbor ID"} {
		if !strings.Contains(result, want) {
			t.Errorf("the result does not say %q", want)
		}
	}
	if n := strings.Count(result, "Neighbor ID"); n > 12 {
		t.Errorf("%d lines of what was seen", n)
	}
	if !strings.Contains(rest, `id="trial-2" open>`) || strings.Contains(rest, `id="trial-1" open>`) {
		t.Error("the page does not open at the trial that failed")
	}
	if whole := string(reportstest.Render(t, reportstest.Whole(t), html.Write)); strings.Contains(whole, "What failed, in") {
		t.Error("a run with an answer has a failure")
	}
}
