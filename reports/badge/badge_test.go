package badge_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/badge"
)

// A badge is green only where everything that is applicable was decided and passes; what is not is told.
func TestMatrix(t *testing.T) {
	const one, other = "test-00[dut=frr@8.1,peer=frr@8.1]", "test-00[dut=frr@8.1,peer=bird@8.1]"
	const red, amber, green, grey = "#a3241b", "#7d5200", "#1d6338", "#4d5660"
	bug := &result.Deviation{ID: "known-one", Expect: result.Fail, Kind: "bug"}
	for name, tt := range map[string]struct {
		change        func(*result.Matrix)
		words, colour string
	}{
		"all pass":              {func(*result.Matrix) {}, "4 pass", green},
		"the rest inapplicable": {func(m *result.Matrix) { resulttest.Set(t, m, one, result.NotApplicable) }, "3 pass", green},
		"hardly tested": {func(m *result.Matrix) {
			for i := range m.Cells[1:] {
				resulttest.Set(t, m, m.Cells[1+i].Key(), result.NotTested)
			}
		}, "1 pass, 3 not tested", grey},
		"blocked and unknown": {func(m *result.Matrix) {
			resulttest.Set(t, m, one, result.Blocked)
			resulttest.Set(t, m, other, result.CellUnknown)
		}, "2 pass, 1 inconclusive, 1 blocked", grey},
		"known to fail": {func(m *result.Matrix) { resulttest.Set(t, m, one, result.Fail).Deviation = bug }, "3 pass, 1 known to fail", amber},
		"fails besides": {func(m *result.Matrix) {
			resulttest.Set(t, m, one, result.Flaky).Deviation = bug
			resulttest.Set(t, m, other, result.Fail)
		}, "2 pass, 1 fail, 1 known to fail", red},
		"flaky":      {func(m *result.Matrix) { resulttest.Set(t, m, one, result.Flaky) }, "3 pass, 1 flaky", amber},
		"broken off": {func(m *result.Matrix) { m.Stopped = "interrupted" }, "4 pass, not whole", grey},
	} {
		m := resulttest.Matrix(1, 1)
		resulttest.Set(t, m, "test-00[dut=bird@8.1,peer=bird@8.1]", result.Pass)
		tt.change(m)
		var b bytes.Buffer
		if err := badge.Matrix(&b, &reports.Matrix{MatrixReport: result.MatrixReport{Matrix: *m}}); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.Contains(got, `<title>ospfv2: `+tt.words+`</title>`) || !strings.Contains(got, `fill="`+tt.colour+`"`) {
			t.Errorf("%s: want %q in %s, got %s", name, tt.words, tt.colour, got)
		}
	}
}
