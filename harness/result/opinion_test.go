package result_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/result"
)

// The side that alone fails with the reference speaker too is the one to look at; whatever else is not known to be so
// is undetermined.
func TestOpinion(t *testing.T) {
	const a, b = "frr@8.4.4", "bird@2.17.6"
	side := func(role, subject string, v result.CellVerdict) result.OpinionSide {
		if v == "" {
			return result.OpinionSide{Role: role, Subject: subject, Why: "the test is not for it"}
		}
		return result.OpinionSide{Role: role, Subject: subject, Cell: &result.Cell{Verdict: v, Reason: "never up", Valid: 3}}
	}
	for name, tt := range map[string]struct {
		cell      result.CellVerdict
		dut, peer result.CellVerdict
		judgement string
		of, says  string
	}{
		"the peer":     {result.Fail, result.Pass, result.Fail, "product", b, "bird@2.17.6 as peer fails (0 of 3): never up; so look at bird@2.17.6 first"},
		"the dut":      {result.Fail, result.Fail, result.PassWithNote, "product", a, "so look at frr@8.4.4 first"},
		"neither":      {result.Fail, result.Pass, result.Pass, "interoperability", "", "each works with a third speaker"},
		"both":         {result.Fail, result.Fail, result.Fail, "undetermined", "", "may be wrong"},
		"flaky":        {result.Fail, result.Flaky, result.Pass, "undetermined", "", "frr@8.4.4 as dut is flaky: never up; bird@2.17.6 as peer passes (0 of 3); so nobody knows"},
		"not tried":    {result.Fail, result.Pass, "", "undetermined", "", "was not tried: the test is not for it"},
		"nobody knows": {result.Fail, result.CellUnknown, result.Fail, "undetermined", "", "is inconclusive"},
		"no failure":   {result.Flaky, result.Pass, result.Fail, "undetermined", "", "the cell itself is flaky"},
	} {
		o := result.Opinion{Reference: "tester@1", Cell: result.Cell{Verdict: tt.cell}, Sides: []result.OpinionSide{side("dut", a, tt.dut), side("peer", b, tt.peer)}}
		if o.Settle(); o.Judgement != tt.judgement || o.Of != tt.of || !strings.Contains(o.Says, tt.says) {
			t.Errorf("%s: %s of %q: %s", name, o.Judgement, o.Of, o.Says)
		}
	}
	o := result.Opinion{Cell: result.Cell{Verdict: result.Fail}, Sides: []result.OpinionSide{side("dut", a, result.Fail)}}
	if o.Settle(); o.Judgement != "undetermined" {
		t.Errorf("one side alone: %s", o.Says)
	}
	if _, ok := o.Offending(); ok {
		t.Error("a message is to blame, and none was seen")
	}
	o.Cell.Decisive = []result.Decisive{{Frame: 1, Complains: true}, {Frame: 2, Complains: true}, {Frame: 3}}
	if d, ok := o.Offending(); !ok || d.Frame != 2 {
		t.Errorf("%+v", d)
	}
}
