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
		again := &result.Cell{Verdict: result.Fail, Reason: "never up.", Valid: 3}
		o := result.Opinion{Reference: "tester@1", Cell: result.Cell{Verdict: tt.cell}, Again: again, Sides: []result.OpinionSide{side("dut", a, tt.dut), side("peer", b, tt.peer)}}
		if o.Settle(); o.Judgement != tt.judgement || o.Of != tt.of || !strings.Contains(o.Says, tt.says) {
			t.Errorf("%s: %s of %q: %s", name, o.Judgement, o.Of, o.Says)
		}
	}
	o := result.Opinion{Cell: result.Cell{Verdict: result.Fail}, Sides: []result.OpinionSide{side("dut", a, result.Fail)}}
	if o.Settle(); o.Judgement != "undetermined" {
		t.Errorf("one side alone: %s", o.Says)
	}
}

// Nothing is claimed where the cell does not fail again beside its sides, of too few trials, or of what is known to
// tell nothing of a product.
func TestOpinionUndetermined(t *testing.T) {
	cell := func(v result.CellVerdict, valid int) *result.Cell {
		return &result.Cell{Verdict: v, Reason: "never up", Valid: valid}
	}
	known := func(c *result.Cell, kind string, expect result.CellVerdict) *result.Cell {
		c.Deviation = &result.Deviation{ID: "late", Kind: kind, Expect: expect, Reason: "the image has no daemon."}
		return c
	}
	const undetermined, knows = "undetermined", "so nobody knows yet whose matter it is."
	for name, tt := range map[string]struct {
		again, dut, peer *result.Cell
		judgement, says  string
	}{
		"it fails again":    {cell(result.Fail, 3), cell(result.Pass, 3), cell(result.Fail, 3), "product", "Tried again, the cell fails (0 of 3): never up. With tester@1, a as dut passes"},
		"it passes now":     {cell(result.Pass, 3), cell(result.Pass, 3), cell(result.Pass, 3), undetermined, "Tried again, the cell passes (0 of 3). With"},
		"not tried again":   {nil, cell(result.Pass, 3), cell(result.Fail, 3), undetermined, knows},
		"fails again twice": {cell(result.Fail, 2), cell(result.Pass, 3), cell(result.Fail, 3), undetermined, "the cell fails (0 of 2): never up, which are too few trials: 3 are the least."},
		"one trial passes":  {cell(result.Fail, 3), cell(result.Pass, 1), cell(result.Pass, 3), undetermined, "a as dut passes (0 of 1), which are too few trials"},
		"one trial fails":   {cell(result.Fail, 3), cell(result.Pass, 3), cell(result.Fail, 1), undetermined, "b as peer fails (0 of 1): never up, which are too few trials"},
		"ours": {
			cell(result.Fail, 3), cell(result.Pass, 3), known(cell(result.Fail, 3), "ours", result.Fail), undetermined,
			"b as peer fails (0 of 3): never up, of which the deviation late (ours) is known: the image has no daemon; " + knows,
		},
		"the cell unsupported": {known(cell(result.Fail, 3), "unsupported", result.Fail), cell(result.Pass, 3), cell(result.Pass, 3), undetermined, "the deviation late (unsupported) is known"},
		"specification":        {cell(result.Fail, 3), known(cell(result.Pass, 3), "specification", result.Fail), cell(result.Fail, 3), undetermined, "the deviation late (specification) is known"},
		"only a note":          {cell(result.Fail, 3), known(cell(result.PassWithNote, 3), "specification", result.PassWithNote), cell(result.Fail, 3), "product", "look at b first"},
		"a bug":                {cell(result.Fail, 3), cell(result.Pass, 3), known(cell(result.Fail, 3), "bug", result.Fail), "product", "look at b first"},
	} {
		o := result.Opinion{
			Reference: "tester@1", Cell: *cell(result.Fail, 1), Again: tt.again,
			Sides: []result.OpinionSide{{Role: "dut", Subject: "a", Cell: tt.dut}, {Role: "peer", Subject: "b", Cell: tt.peer}},
		}
		if o.Settle(); o.Judgement != tt.judgement || !strings.Contains(o.Says, tt.says) {
			t.Errorf("%s: %s: %s", name, o.Judgement, o.Says)
		}
	}
	without := result.Opinion{Cell: *cell(result.Fail, 1), Sides: []result.OpinionSide{{Role: "dut", Subject: "a", Why: "the suite has no reference speaker"}}}
	if without.Settle(); without.Says != "a as dut was not tried: the suite has no reference speaker; "+knows {
		t.Errorf("without a reference: %s", without.Says)
	}
	o := result.Opinion{Reference: "tester@1", Changed: []string{"the suite", "the image of a"}}
	if o.Settle(); !strings.HasSuffix(o.Says, " Not as it was when the matrix was run: the suite, the image of a.") {
		t.Error(o.Says)
	}
}
