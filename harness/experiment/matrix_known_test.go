package experiment_test

import (
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/harness/result"
)

// A failure is explained by the deviation that says what its reason says, and by none that says something else.
func TestMatrixDeviationSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		says      []string
		id        string
		explained bool
	}{
		{"the second", []string{"the cost is the new one", "it works"}, "second", true},
		{"neither", []string{"the cost is the new one", "another"}, "first", false},
		{"any", []string{"", "it works"}, "first", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &court{answers: answersOf(map[string]func(int) (string, error){"adjacency a@1 a@1": always("no")})}
				s := interopSuite("a@1")
				for i, says := range tt.says {
					id := []string{"first", "second"}[i]
					s.Cells[0].Deviations = append(s.Cells[0].Deviations, result.Deviation{ID: id, Expect: result.Fail, Kind: "bug", Reason: "known", Says: says})
				}
				s.Cells[0].Cell.Deviation = &s.Cells[0].Deviations[0]
				b := c.bench(t)
				m, dir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
				if err != nil {
					t.Fatal(err)
				}
				// Also when somebody goes on with it.
				again, err := goOn(t.Context(), t, b, dir, matrixOptions())
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range []result.Matrix{m, again} {
					cell := m.Cells[0]
					if cell.Verdict != result.Fail || cell.Deviation.ID != tt.id || cell.Explained() != tt.explained || (cell.Known() != nil) != tt.explained {
						t.Errorf("%s by %s, explained %v: %s", cell.Verdict, cell.Deviation.ID, cell.Explained(), cell.Reason)
					}
				}
			})
		})
	}
}
