package result_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
)

// Of each cell the newest opinion is read, and what is none, or not of what the matrix has, is left out with the reason.
func TestReadOpinions(t *testing.T) {
	m := resulttest.Matrix(2, 4)
	failing := m.Cells[0].Key()
	resulttest.Set(t, m, failing, result.Fail)
	of := func(change func(*result.Opinion)) result.Opinion {
		o := result.Opinion{Reprise: result.MatrixFormat, Matrix: m.ID, Cell: *resulttest.Of(t, m, failing), Reference: "tester@1"}
		for role, subject := range o.Cell.Subjects {
			tried := o.Cell
			tried.Subjects = map[string]string{"dut": "tester@1", "peer": "tester@1", role: subject}
			tried.Verdict, tried.Passed, tried.Reason, tried.Run = result.Pass, 3, "", "runs/"+role
			o.Sides = append(o.Sides, result.OpinionSide{Role: role, Subject: subject, Cell: &tried})
		}
		again := o.Cell
		again.Run = "runs/again"
		o.Again = &again
		o.Settle()
		change(&o)
		return o
	}
	for _, tt := range []struct {
		name   string
		change func(*result.Opinion)
		left   string // a part of why it is left out
	}{
		{"good", func(*result.Opinion) {}, ""},
		{"another format", func(o *result.Opinion) { o.Reprise = "matrix/v9" }, `it says "matrix/v9", want "matrix/v1"`},
		{"another matrix", func(o *result.Opinion) { o.Matrix = "other" }, `it is of the matrix "other"`},
		{"no such cell", func(o *result.Opinion) { o.Cell.Test = "none" }, "the matrix has no cell"},
		{"tried again", func(o *result.Opinion) { o.Cell.Run = "runs/of-before" }, "its cell was tried again since"},
		{"a word", func(o *result.Opinion) { o.Judgement = "guilty" }, `the judgement "guilty" is none of product, interoperability, undetermined`},
		{"a verdict", func(o *result.Opinion) { o.Again = &result.Cell{Verdict: "odd"} }, `the verdict "odd" is none of`},
		{"counts", func(o *result.Opinion) {
			o.Sides = []result.OpinionSide{{Cell: &result.Cell{Verdict: result.Pass, Passed: 2, Valid: 3}}}
		}, "pass cannot be said of 2 passed of 3"},
		{"a way out", func(o *result.Opinion) { o.Again = &result.Cell{Verdict: result.CellUnknown, Run: "../../elsewhere"} }, "leads out of its folder"},
		{"another judgement", func(o *result.Opinion) { o.Judgement, o.Of = result.OfProduct, "frr@8.1" }, "it is stored as product frr@8.1, and what its cells came to gives interoperability"},
		{"another cell", func(o *result.Opinion) { o.Cell.Passed = 1 }, "it has its cell as fail with 1 of 3, and the matrix as fail with 0 of 3"},
		{"many sides", func(o *result.Opinion) { o.Sides = make([]result.OpinionSide, 9) }, "it has 9 sides"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := resulttest.Write(t, m)
			if err := evidence.WriteJSON(filepath.Join(dir, "opinions/20260101T000000Z-x-1/opinion.json"), of(tt.change)); err != nil {
				t.Fatal(err)
			}
			got, left := m.ReadOpinions(dir)
			if tt.left == "" {
				if len(got) != 1 || len(left) != 0 || got[0].Dir != "opinions/20260101T000000Z-x-1" || got[0].Judgement != result.OfInterop || !strings.HasPrefix(got[0].Unheld, "what was tried for it does not lie beside it") {
					t.Errorf("%+v, %v", got, left)
				}
				return
			}
			if len(got) != 0 || len(left) != 1 || !strings.Contains(left[0].Error(), "opinions/20260101T000000Z-x-1") || !strings.Contains(left[0].Error(), tt.left) {
				t.Errorf("%+v, %v", got, left)
			}
		})
	}
	t.Run("the newest", func(t *testing.T) {
		dir := resulttest.Write(t, m)
		elsewhere := t.TempDir()
		for name, says := range map[string]string{"20260101T000000Z-x-1": "old", "20260201T000000Z-x-1": "new"} {
			if err := evidence.WriteJSON(filepath.Join(dir, "opinions", name, "opinion.json"), of(func(o *result.Opinion) { o.Changed, o.Says = []string{says}, "something else" })); err != nil {
				t.Fatal(err)
			}
		}
		if err := evidence.WriteJSON(filepath.Join(elsewhere, "opinion.json"), of(func(o *result.Opinion) { o.Changed = []string{"somebody else's"} })); err != nil {
			t.Fatal(err)
		}
		for name, do := range map[string]func(string) error{
			"20260301T000000Z-x-1": func(at string) error { return os.MkdirAll(at, 0o700) }, // broken off
			"20260302T000000Z-x-1": func(at string) error {
				return evidence.WriteFile(filepath.Join(at, "opinion.json"), []byte(`{"reprise": "mat`))
			},
			"20260303T000000Z-x-1": func(at string) error { return os.Symlink(elsewhere, at) },
		} {
			if err := do(filepath.Join(dir, "opinions", name)); err != nil {
				t.Fatal(err)
			}
		}
		got, left := m.ReadOpinions(dir)
		if len(got) != 1 || !strings.HasSuffix(got[0].Says, "Not as it was when the matrix was run: new.") || len(left) != 2 {
			t.Errorf("%+v, %v", got, left)
		}
	})
	t.Run("held against what was tried", func(t *testing.T) {
		for _, tt := range []struct {
			name   string
			change func(o *result.Opinion)
			left   string
		}{
			{"as it was", func(*result.Opinion) {}, ""},
			{"a side that failed", func(o *result.Opinion) {
				o.Sides[0].Cell.Verdict, o.Sides[0].Cell.Passed = result.Fail, 0
				o.Settle()
			}, "is stored as fail: the ledger has it as pass with 3 of 3 passed"},
			{"another run", func(o *result.Opinion) { o.Again.Run = "runs/other" }, "the ledger has another run"},
			{"a side that was not tried", func(o *result.Opinion) { o.Sides[1].Cell.Test = "none" }, "nothing was tried of its cell none["},
		} {
			dir := resulttest.Write(t, m)
			at := filepath.Join(dir, "opinions/20260101T000000Z-x-1")
			tried := resulttest.Matrix(2, 4)
			tried.Cells = nil
			good := of(func(*result.Opinion) {})
			for _, c := range []*result.Cell{good.Again, good.Sides[0].Cell, good.Sides[1].Cell} {
				tried.Cells = append(tried.Cells, *c)
			}
			tried.Subjects = append(tried.Subjects, result.Subject{Name: "tester@1", Platform: "tester", Version: "1"})
			if err := evidence.WriteJSON(filepath.Join(at, result.MatrixFile), tried); err != nil {
				t.Fatal(err)
			}
			if err := evidence.WriteJSON(filepath.Join(at, "opinion.json"), of(tt.change)); err != nil {
				t.Fatal(err)
			}
			got, left := m.ReadOpinions(dir)
			if tt.left == "" && (len(got) != 1 || len(left) != 0 || !strings.HasPrefix(got[0].Unheld, "no ledger lies beside")) {
				t.Errorf("%s: %+v, %v", tt.name, got, left)
			}
			if tt.left != "" && (len(got) != 0 || len(left) != 1 || !strings.Contains(left[0].Error(), tt.left)) {
				t.Errorf("%s: %+v, %v", tt.name, got, left)
			}
		}
	})
	t.Run("none", func(t *testing.T) {
		got, left := m.ReadOpinions(resulttest.Write(t, m))
		if d := cmp.Diff([]result.KeptOpinion(nil), got); d != "" || left != nil {
			t.Error(d, left)
		}
	})
}
