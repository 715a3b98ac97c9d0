package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/reprise-lab/reprise/harness/stats"
)

func TestCleanRuns(t *testing.T) {
	// The table was computed apart, with the same rule.
	for _, c := range []struct{ k, n, at95, at99 int }{
		{10, 10, 2, 3}, {9, 10, 2, 4}, {5, 10, 7, 12}, {3, 10, 16, 33}, {6, 20, 12, 21}, {15, 50, 10, 16}, {2, 20, 68, 176}, {5, 100, 81, 149}, {0, 10, 0, 0},
	} {
		if a, b := stats.CleanRuns(c.k, c.n, 0.95), stats.CleanRuns(c.k, c.n, 0.99); a != c.at95 || b != c.at99 {
			t.Errorf("%d/%d needs %d and %d clean runs, want %d and %d", c.k, c.n, a, b, c.at95, c.at99)
		}
	}
}

// TestUnfixedCalledFixed sums exactly how often a build that still fails is called fixed
// at "95 %", over every number of hits before.
func TestUnfixedCalledFixed(t *testing.T) {
	for _, n := range []int{10, 20, 50} {
		for _, p := range []float64{0.05, 0.1, 0.3, 0.5} {
			wrong := 0.0
			for k := 1; k <= n; k++ {
				m := stats.CleanRuns(k, n, 0.95)
				wrong += binomial(n, k, p) * math.Pow(1-p, float64(m))
			}
			t.Logf("%d runs before, rate %.2f: an unfixed build is called fixed in %.1f %%", n, p, 100*wrong)
			if wrong > 0.05 {
				t.Errorf("%d runs before, rate %.2f: %.3f", n, p, wrong)
			}
		}
	}
}

func binomial(n, k int, p float64) float64 {
	c := 1.0
	for i := range k {
		c *= float64(n-i) / float64(i+1)
	}
	return c * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
}

func TestFisher(t *testing.T) {
	for _, c := range []struct {
		k1, n1, k2, n2 int
		less, two      float64
	}{
		{5, 16, 0, 16, 0.02169, 0.04338}, // 4368/201376 and twice that
		{3, 10, 0, 16, 0.04615, 0.04615},
		{5, 5, 5, 5, 1, 1},
		{0, 5, 0, 7, 1, 1},
	} {
		less, two := stats.FisherLess(c.k1, c.n1, c.k2, c.n2), stats.FisherTwoSided(c.k1, c.n1, c.k2, c.n2)
		if math.Abs(less-c.less) > 5e-5 || math.Abs(two-c.two) > 5e-5 {
			t.Errorf("%v: %.5f and %.5f", c, less, two)
		}
	}
}

// TestSPRTKeepsItsRisks lets seeded coins decide.
func TestSPRTKeepsItsRisks(t *testing.T) {
	s := stats.SPRT{P0: 0.05, P1: 0.5, Alpha: 0.05, Beta: 0.05}
	for _, truth := range []float64{0.05, 0.5} {
		t.Run(fmt.Sprint(truth), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			wrong, runs := 0, 0
			const rounds = 4000
			for range rounds {
				hits, misses := 0, 0
				for s.Decide(hits, misses) == stats.Continue {
					if runs++; r.Float64() < truth {
						hits++
					} else {
						misses++
					}
				}
				if (s.Decide(hits, misses) == stats.High) != (truth == 0.5) {
					wrong++
				}
			}
			t.Logf("mean runs %.1f, wrong %.3f", float64(runs)/rounds, float64(wrong)/rounds)
			if wrong > rounds*6/100 {
				t.Errorf("%d of %d wrong", wrong, rounds)
			}
		})
	}
	if m := s.Misses(0); s.Decide(0, m) != stats.Low || s.Decide(0, m-1) != stats.Continue {
		t.Errorf("%d misses", m)
	}
}

func TestCleanPairs(t *testing.T) {
	for _, confidence := range []float64{0.95, 0.99} {
		for n := range 60 {
			for k := range n + 2 {
				m := stats.CleanRuns(k, n, confidence)
				if got, want := stats.CleanPairs(k, n, confidence), m > 0 && m <= n; got != want {
					t.Errorf("%d of %d against 0 of %d at %.2f: %v, and %d clean runs are needed", k, n, n, confidence, got, m)
				}
			}
		}
	}
}
