package bundle_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func TestCompareRates(t *testing.T) {
	claim := func(hits, of, trials int) bundle.Claim {
		return bundle.Claim{Runs: []bundle.RunClaim{{Variant: evidence.VariantMain, Rate: &evidence.Rate{Reproduced: hits, Valid: of}, Trials: make([]bundle.TrialClaim, trials)}}}
	}
	for _, tt := range []struct {
		name   string
		a, b   bundle.Claim
		none   bool
		differ bool
	}{
		{"alike", claim(5, 10, 10), claim(6, 10, 10), false, false},
		{"they differ", claim(0, 10, 10), claim(10, 10, 10), false, true},
		{"one has no run", bundle.Claim{}, claim(1, 10, 10), true, false},
		{"one has no valid trial", claim(0, 0, 3), claim(1, 10, 10), true, false},
		{"more hits than trials", claim(11, 10, 10), claim(1, 10, 10), true, false},
		{"fewer than none", claim(-1, 10, 10), claim(1, 10, 10), true, false},
		{"more than it lists", claim(1, 1<<40, 10), claim(1, 10, 10), true, false},
	} {
		got := bundle.CompareRates(tt.a, tt.b)
		if (got == nil) != tt.none || got != nil && got.Differ != tt.differ {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	fast := claim(2, 2, 2)
	fast.Runs[0].Clock.Speed = 10
	if got := bundle.CompareRates(fast, claim(2, 3, 3)); got.A != "2/2 at speed 10" || got.B != "2/3" {
		t.Errorf("in words %s and %s", got.A, got.B)
	}
	if got := bundle.CompareRates(claim(1, 2, 2), claim(2, 3, 3)); got.A != "1/2" || got.B != "2/3" {
		t.Errorf("in words %s and %s", got.A, got.B)
	}
}
