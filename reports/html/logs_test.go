package html_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestLogs: what the logs of a run say is in its page, with links to the lines; one that leads out of the run is no link,
// and a file that cannot be read is said to be missing.
func TestLogs(t *testing.T) {
	dir := reportstest.Whole(t)
	place := func(file string) result.LogPlace {
		return result.LogPlace{File: file, Line: 12, Text: "<b>Hold Timer Expired</b>"}
	}
	found := result.LogFindings{Reprise: result.LogFindingsFormat, Checks: []result.LogCheck{
		{Rule: "a", Title: "a known sign", Means: "it is bad", Status: "fail", Count: 3, Example: place("trials/0001/logs/r1/bgpd.log")},
		{Rule: "b", Title: "another sign", Status: "warn", Count: 1, Example: place("../../../etc/passwd")},
		{Rule: "c", Title: "what is not there", Status: "pass"},
		{Rule: "d", Title: "what nobody knows", Status: "unknown"},
	}, Diff: &result.LogDiff{Failing: 9, Clean: 9, Why: "they are enough", Ranked: []result.LogRank{
		{Rank: 1, Kind: "more", Q: 0.012, Failing: 9, Node: "r2", Template: "sent to <ip> <*>", Example: place("trials/0002/logs/r2/bgpd.log")},
	}}}
	if err := evidence.WriteJSON(filepath.Join(dir, "logs.json"), found); err != nil {
		t.Fatal(err)
	}
	page := string(reportstest.Render(t, dir, html.Write))
	for _, want := range []string{
		"Of 4 known bad signs 2 were found, 1 were not, and of 1 no log tells.", `<a href="trials/0001/logs/r1/bgpd.log"><code>trials/0001/logs/r1/bgpd.log:12</code></a>`,
		`<a href="trials/0002/logs/r2/bgpd.log">`, "sent to &lt;ip&gt; &lt;*&gt;", "Failing trials (9) against clean ones (9): they are enough.", "0.012", "<code>../../../etc/passwd:12</code>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{`href="../`, "<b>Hold", "what nobody knows", "what is not there"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "logs.json"), []byte(`{"checks": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	if page := string(reportstest.Render(t, dir, html.Write)); strings.Contains(page, "What the logs say") || !strings.Contains(page, "logs.json cannot be read") {
		t.Error("a damaged file is not told")
	}
}
