package html_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// A flow is shown with its numbers and over time; what is not known of it is told.
func TestTraffic(t *testing.T) {
	page := func(change func(*reportstest.Trial)) string {
		tr := reportstest.Flowing()
		change(&tr)
		return string(reportstest.Render(t, reportstest.Make(t, reportstest.Info("20260301T141500Z-flow-5f6a", 1), tr), html.Write))
	}
	for _, tt := range []struct {
		name   string
		change func(*reportstest.Trial)
		has    []string
		not    []string
	}{
		{
			"whole", func(*reportstest.Trial) {},
			[]string{"<h4>Traffic</h4>", "1000 (25.00 %)", "980 to 1020 ms", "2.000 s", "2.5 ms", "7 reordered", `<svg class="flow"`, "r1:eth1 the interface bounces", ">gap 980 to 1020 ms<", ">stimulus<", `<path class="came" data-area=""`},
			nil,
		},
		{"no series", func(tr *reportstest.Trial) { tr.Series = "no" }, []string{"1000 (25.00 %)", "traffic/video.json:"}, []string{`<svg class="flow"`}},
		{
			"a series that does not fit", func(tr *reportstest.Trial) {
				tr.Series = evidence.FlowSeries{Span: time.Second, Sent: []uint32{1}, Received: []uint32{1, 2}}
			}, []string{"1000 (25.00 %)"}, []string{`<svg class="flow"`},
		},
		{"outside", func(tr *reportstest.Trial) { tr.Flow.File = "../../../run.json" }, []string{"traffic/run.json: "}, []string{`<svg class="flow"`}},
		{"never sent", func(tr *reportstest.Trial) { tr.Flow.Reading, tr.Text = nil, "not sent: no such address" }, []string{"not sent: no such address"}, []string{"1000 (25.00 %)"}},
		{"uncounted", func(tr *reportstest.Trial) { tr.Flow.Reading.Uncounted = "the kernel had no room" }, []string{"the kernel had no room", "2.5 ms"}, []string{"1000 (25.00 %)"}},
		{"hostile", func(tr *reportstest.Trial) { tr.Flow.Name, tr.Flow.What = reportstest.Payload, reportstest.Payload }, []string{"&lt;x7&gt;"}, []string{"<x7>"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := page(tt.change)
			for _, part := range tt.has {
				if !strings.Contains(got, part) {
					t.Errorf("the page has no %q", part)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(got, part) {
					t.Errorf("the page has %q", part)
				}
			}
		})
	}
}
