package stats_test

import (
	"math"
	"testing"

	"github.com/reprise-lab/reprise/harness/stats"
)

// At the rates that Unseen gives, the chance that Fisher's test tells the two samples apart, summed
// over every number of hits, is the power asked for; between them it is less.
func TestUnseenHasItsPower(t *testing.T) {
	told := func(k, n, m int, p float64) float64 {
		sum := 0.0
		for hits := range m + 1 {
			if stats.FisherTwoSided(k, n, hits, m) < 0.05 {
				sum += binomial(m, hits, p)
			}
		}
		return sum
	}
	for _, c := range []struct{ k, n, m int }{{20, 20, 20}, {0, 20, 20}, {10, 20, 20}, {24, 40, 40}, {5, 10, 7}, {8, 8, 8}} {
		for _, power := range []float64{0.8, 0.9} {
			unseen := stats.Unseen(c.k, c.n, c.m, power)
			t.Logf("%d/%d against %d trials at %.0f %%: %.3f to %.3f", c.k, c.n, c.m, 100*power, unseen[0], unseen[1])
			for i, none := range []float64{0, 1} {
				if rate := unseen[i]; rate != none && math.Abs(told(c.k, c.n, c.m, rate)-power) > 0.01 {
					t.Errorf("%+v: a rate of %.3f is told with %.3f, want %.1f", c, rate, told(c.k, c.n, c.m, rate), power)
				}
			}
			if middle := (unseen[0] + unseen[1]) / 2; told(c.k, c.n, c.m, middle) > power {
				t.Errorf("%+v: a rate of %.3f is told with %.3f", c, middle, told(c.k, c.n, c.m, middle))
			}
		}
	}
	// Nothing is above 20 of 20, nor below none; three trials tell nothing at all.
	for _, c := range []struct {
		k, n, m int
		want    [2]bool // whether something is told below, and above
	}{{20, 20, 20, [2]bool{true, false}}, {0, 20, 20, [2]bool{false, true}}, {2, 3, 3, [2]bool{false, false}}} {
		if got := stats.Unseen(c.k, c.n, c.m, 0.8); (got[0] > 0) != c.want[0] || (got[1] < 1) != c.want[1] {
			t.Errorf("%d/%d against %d: %v", c.k, c.n, c.m, got)
		}
	}
}

// So many clean trials leave a rate of p at most the chance that is not wanted, and one fewer does not.
func TestCleanTrials(t *testing.T) {
	for _, c := range []struct {
		p, confidence float64
		want          int
	}{{0.1786, 0.95, 16}, {0.5550, 0.95, 4}, {0.4782, 0.95, 5}, {0.5, 0.99, 7}, {0, 0.95, 0}, {1, 0.95, 1}} {
		n := stats.CleanTrials(c.p, c.confidence)
		if n != c.want {
			t.Errorf("a rate of %g takes %d clean trials at %g, want %d", c.p, n, c.confidence, c.want)
		}
		if missed := 1 - c.confidence; c.p > 0 && (math.Pow(1-c.p, float64(n)) > missed || n > 1 && math.Pow(1-c.p, float64(n-1)) <= missed) {
			t.Errorf("a rate of %g and %d clean trials", c.p, n)
		}
	}
}
