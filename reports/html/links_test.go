package html_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// Every link of a matrix's report into the report of a run leads to something that is there: to the frame where a
// look of the run shows it, else to its trial, else to the trials.
func TestMatrixLinks(t *testing.T) {
	m := resulttest.Matrix(10, 5)
	c := resulttest.Of(t, m, failing)
	c.Decisive = nil
	want := []string{"frame-1-r2-eth1.pcapng-130", "trial-1", "trial-1", "trials"}
	for _, f := range []struct {
		capture string
		frame   int
	}{{"trials/0001/captures/r2-eth1.pcapng", 130}, {"trials/0001/captures/r2-eth1.pcapng", 9999}, {"trials/0001/captures/dut-eth1.pcapng", 44}, {"trials/0007/captures/r2-eth1.pcapng", 130}} {
		c.Decisive = append(c.Decisive, result.Decisive{Capture: f.capture, Frame: f.frame, Words: "a frame"})
	}
	dir := resulttest.Write(t, m)
	run := filepath.Join(dir, c.Run)
	if err := os.CopyFS(run, os.DirFS(reportstest.Frames(t))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, reports.RunPage), reportstest.Render(t, run, html.Write), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := experiment.ReportMatrix(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := reports.NewMatrix(r, dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := html.Matrix(&b, v); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, link := range regexp.MustCompile(`"[^"]*/report\.html[^"]*"`).FindAllString(b.String(), -1) {
		var text string
		if err := json.Unmarshal([]byte(link), &text); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(filepath.Join(dir, u.Path))
		if err != nil || u.Fragment != "" && !strings.Contains(string(page), ` id="`+u.Fragment+`"`) {
			t.Errorf("%s leads nowhere: %v", text, err)
		}
		if u.Fragment != "" && !strings.HasPrefix(u.Fragment, "states-") {
			got = append(got, u.Fragment)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("frames lead to %q, want %q", got, want)
	}
}
