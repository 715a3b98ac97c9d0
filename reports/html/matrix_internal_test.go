package html

import (
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/reports"
)

// A role that takes no part in a cell has no subject, not the first one.
func TestMatrixDataNoPart(t *testing.T) {
	m := resulttest.Matrix(1, 1)
	m.Roles = append(m.Roles, "witness")
	d := newMatrixData(&reports.Matrix{MatrixReport: result.MatrixReport{Matrix: *m}})
	if got := d.Cells[1].Subjects; !slices.Equal(got, []int{0, 1, -1}) {
		t.Errorf("the subjects are %d", got)
	}
}
