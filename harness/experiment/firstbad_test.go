package experiment_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
)

// row makes a matrix of one test, in which the versions of frr as dut come to these verdicts against one peer. The
// versions are not in their order, as a suite may have them, and 10.0 comes after 9.1.
func row(t *testing.T, verdicts map[string]result.CellVerdict) *result.Matrix {
	t.Helper()
	m := resulttest.Matrix(1, 1)
	m.Subjects, m.Cells = nil, nil
	m.Subjects = append(m.Subjects, result.Subject{Name: "bird@2.0", Platform: "bird", Version: "2.0"})
	for _, v := range []string{"10.0", "9.1", "8.4.4", "10.3", "9.0"} {
		verdict, ok := verdicts[v]
		if !ok {
			continue
		}
		m.Subjects = append(m.Subjects, result.Subject{Name: "frr@" + v, Platform: "frr", Version: v})
		c := result.Cell{Test: "test-00", Subjects: map[string]string{"dut": "frr@" + v, "peer": "bird@2.0"}}
		m.Cells = append(m.Cells, c)
		resulttest.Set(t, m, c.Key(), verdict)
	}
	return m
}

func TestFirstBad(t *testing.T) {
	type v = map[string]result.CellVerdict
	at := func(version string) string { return "test-00[dut=frr@" + version + ",peer=bird@2.0]" }
	base := result.FirstBad{Test: "test-00", Role: "dut", Platform: "frr", Others: map[string]string{"peer": "bird@2.0"}, Verdict: result.Fail}
	with := func(change func(*result.FirstBad)) *result.FirstBad {
		f := base
		change(&f)
		return &f
	}
	for _, tt := range []struct {
		name     string
		verdicts v
		want     *result.FirstBad
	}{
		{"every version works", v{"8.4.4": result.Pass, "9.0": result.PassWithNote, "10.0": result.Pass}, nil},
		{"one version alone", v{"9.0": result.Fail}, nil},
		{"nothing is known", v{"9.0": result.NotTested, "10.0": result.Blocked}, nil},
		{"it came in", v{"8.4.4": result.Pass, "9.0": result.Pass, "9.1": result.Fail, "10.0": result.Fail}, with(func(f *result.FirstBad) {
			f.Good, f.Bad, f.Cell = "9.0", "9.1", at("9.1")
		})},
		{"by number, not by letter", v{"9.1": result.Pass, "10.0": result.Fail}, with(func(f *result.FirstBad) {
			f.Good, f.Bad, f.Cell = "9.1", "10.0", at("10.0")
		})},
		{"it came and went", v{"8.4.4": result.PassWithNote, "9.0": result.Fail, "9.1": result.NotTested, "10.0": result.Fail, "10.3": result.Pass}, with(func(f *result.FirstBad) {
			f.Good, f.Bad, f.Fixed, f.Cell = "8.4.4", "9.0", "10.3", at("9.0")
		})},
		{"it came back", v{"8.4.4": result.Fail, "9.0": result.Fail, "9.1": result.Pass, "10.0": result.NotTested, "10.3": result.Flaky}, with(func(f *result.FirstBad) {
			f.Bad, f.Fixed, f.BadAgain, f.Cell = "8.4.4", "9.1", "10.3", at("8.4.4")
		})},
		{"somewhere between", v{"8.4.4": result.Pass, "9.0": result.CellUnknown, "9.1": result.NotApplicable, "10.0": result.Flaky}, with(func(f *result.FirstBad) {
			f.Good, f.Bad, f.Unknown, f.Verdict, f.Cell = "8.4.4", "10.0", []string{"9.0", "9.1"}, result.Flaky, at("10.0")
		})},
		{"always", v{"8.4.4": result.Fail, "9.0": result.Fail}, with(func(f *result.FirstBad) { f.Bad, f.Cell = "8.4.4", at("8.4.4") })},
		{"nothing good before", v{"8.4.4": result.Blocked, "9.0": result.Fail, "9.1": result.Pass}, with(func(f *result.FirstBad) {
			f.Bad, f.Unknown, f.Fixed, f.Cell = "9.0", []string{"8.4.4"}, "9.1", at("9.0")
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, unordered := experiment.FirstBad(row(t, tt.verdicts))
			var want []result.FirstBad
			if tt.want != nil {
				want = append(want, *tt.want)
			}
			if d := cmp.Diff(want, rows); d != "" || len(unordered) > 0 {
				t.Errorf("(-want +got)\n%s%q", d, unordered)
			}
		})
	}
}

// What came back comes before what came in, and that before what went away.
func TestFirstBadOrder(t *testing.T) {
	m := row(t, map[string]result.CellVerdict{"8.4.4": result.Pass, "9.0": result.Fail, "9.1": result.Fail})
	for test, verdicts := range map[string][3]result.CellVerdict{ // of 8.4.4, 9.0, 9.1
		"test-01": {result.Fail, result.Pass, result.Pass}, "test-02": {result.Fail, result.Pass, result.Fail},
	} {
		for i, v := range []string{"8.4.4", "9.0", "9.1"} {
			m.Cells = append(m.Cells, result.Cell{Test: test, Subjects: map[string]string{"dut": "frr@" + v, "peer": "bird@2.0"}, Verdict: verdicts[i]})
		}
	}
	var got []string
	rows, _ := experiment.FirstBad(m)
	for _, f := range rows {
		got = append(got, f.Test)
	}
	if !slices.Equal(got, []string{"test-02", "test-00", "test-01"}) {
		t.Errorf("the rows are of %q", got)
	}
}

// A version that has no place among the others is named, and decides nothing.
func TestFirstBadUnordered(t *testing.T) {
	m := row(t, map[string]result.CellVerdict{"8.4.4": result.Pass, "9.0": result.Fail, "9.1": result.Pass})
	for i := range m.Subjects {
		if m.Subjects[i].Name == "frr@8.4.4" {
			m.Subjects[i].Version = "testing"
		}
	}
	rows, unordered := experiment.FirstBad(m)
	if !slices.Equal(unordered, []string{"frr@8.4.4"}) || len(rows) != 1 || rows[0].Good != "" || rows[0].Bad != "9.0" || rows[0].Fixed != "9.1" {
		t.Errorf("%+v, unordered %q", rows, unordered)
	}
}

// Rows are those of each role; the first bad version of those that fail anew is told, and of no other.
func TestDiffMatrices(t *testing.T) {
	old, m := resulttest.Matrix(3, 2), resulttest.Matrix(3, 2)
	resulttest.Set(t, m, "test-00[dut=frr@9.1,peer=bird@8.1]", result.Fail)
	for _, side := range []*result.Matrix{old, m} {
		resulttest.Set(t, side, "test-01[dut=frr@9.1,peer=bird@8.1]", result.Fail)
	}
	d, err := experiment.DiffMatrices(old, m)
	if err != nil {
		t.Fatal(err)
	}
	key := "test-00[dut=frr@9.1,peer=bird@8.1]"
	want := []result.FirstBad{
		{Test: "test-00", Role: "dut", Platform: "frr", Others: map[string]string{"peer": "bird@8.1"}, Verdict: result.Fail, Good: "8.5", Bad: "9.1", Cell: key},
		{Test: "test-00", Role: "peer", Platform: "bird", Others: map[string]string{"dut": "frr@9.1"}, Verdict: result.Fail, Bad: "8.1", Fixed: "8.5", Cell: key},
	}
	if diff := cmp.Diff(want, d.FirstBad); diff != "" {
		t.Error(diff)
	}
	if len(d.NewlyFailing) != 1 || d.Same() != 62 {
		t.Errorf("%d newly failing, %d the same", len(d.NewlyFailing), d.Same())
	}
	r, err := experiment.ReportMatrix(m, old)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.FirstBad) != 4 || len(r.Problems) != 2 || r.Diff == nil || r.Counts[result.Fail] != 2 {
		t.Errorf("the report has %d rows, %d problems, %v", len(r.FirstBad), len(r.Problems), r.Counts)
	}
	m.Suite = "bgp"
	if _, err := experiment.ReportMatrix(m, old); err == nil {
		t.Error("two suites are compared")
	}
}
