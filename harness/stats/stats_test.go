package stats_test

import (
	"math"
	"testing"

	"github.com/reprise-lab/reprise/harness/stats"
)

// The expected values are those of standard tables (k/n, two digits).
func TestIntervals(t *testing.T) {
	for _, tt := range []struct {
		k, n       int
		wilson, cp [2]float64
	}{
		{0, 0, [2]float64{0, 1}, [2]float64{0, 1}},
		{1, 1, [2]float64{0.21, 1}, [2]float64{0.03, 1}},
		{0, 10, [2]float64{0, 0.28}, [2]float64{0, 0.31}},
		{3, 10, [2]float64{0.11, 0.60}, [2]float64{0.07, 0.65}},
		{9, 10, [2]float64{0.60, 0.98}, [2]float64{0.55, 1.00}},
		{0, 60, [2]float64{0, 0.06}, [2]float64{0, 0.06}},
		{15, 50, [2]float64{0.19, 0.44}, [2]float64{0.18, 0.45}},
	} {
		if got := stats.Wilson(tt.k, tt.n); !near(got, tt.wilson) {
			t.Errorf("Wilson(%d, %d) = %.3f, want %.2f", tt.k, tt.n, got, tt.wilson)
		}
		if got := stats.ClopperPearson(tt.k, tt.n); !near(got, tt.cp) {
			t.Errorf("ClopperPearson(%d, %d) = %.3f, want %.2f", tt.k, tt.n, got, tt.cp)
		}
	}
}

func near(a, b [2]float64) bool {
	return math.Abs(a[0]-b[0]) < 0.0101 && math.Abs(a[1]-b[1]) < 0.0101
}
