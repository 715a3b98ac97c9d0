package bundle

import (
	"fmt"

	"github.com/reprise-lab/reprise/harness/stats"
)

// RateComparison holds the rates of two claims against each other.
type RateComparison struct {
	A      string  `json:"a"` // hits/trials, and the speed where that is not 1
	B      string  `json:"b"`
	P      float64 `json:"fisher-p"`
	Differ bool    `json:"differ"` // at 5 %
}

// CompareRates tests the rates that two claims rest on, two-sided; nil where one has none, or
// numbers that cannot be.
func CompareRates(a, b Claim) *RateComparison {
	ra, rb := a.Main(), b.Main()
	if ra == nil || rb == nil || ra.Rate == nil || rb.Rate == nil || ra.Rate.Valid == 0 || rb.Rate.Valid == 0 {
		return nil
	}
	for _, r := range []*RunClaim{ra, rb} { // numbers of a stranger, into factorials
		if r.Rate.Reproduced < 0 || r.Rate.Reproduced > r.Rate.Valid || r.Rate.Valid > len(r.Trials) {
			return nil
		}
	}
	p := stats.FisherTwoSided(ra.Rate.Reproduced, ra.Rate.Valid, rb.Rate.Reproduced, rb.Rate.Valid)
	word := func(r *RunClaim) string {
		return fmt.Sprintf("%d/%d%s", r.Rate.Reproduced, r.Rate.Valid, r.Clock.Beside())
	}
	return &RateComparison{A: word(ra), B: word(rb), P: p, Differ: p < 0.05}
}
