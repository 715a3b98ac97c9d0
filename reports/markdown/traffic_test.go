package markdown_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// A flow is a row of a table, and no text of it is more than text.
func TestTraffic(t *testing.T) {
	tr := reportstest.Flowing()
	tr.Flow.What = reportstest.Payload
	page := string(reportstest.Render(t, reportstest.Make(t, reportstest.Info("20260301T141500Z-flow-5f6a", 1), tr), markdown.Write))
	const want = "| 4000 | 3000 | 1000 (25.00 %) | 980 to 1020 ms | +2.000 s | 1 ms | 2.5 ms | 250 ms | 7 reordered |"
	if !strings.Contains(page, want) || strings.Contains(page, "<x7>") {
		t.Errorf("%s", page)
	}
}
