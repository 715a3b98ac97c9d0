package stats_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/stats"
)

// The two risks of the test bound the two answers, each its own: a small risk of High takes
// more hits, a large one of Low fewer misses.
func TestSPRTRisks(t *testing.T) {
	s := stats.SPRT{P0: 0.05, P1: 0.5, Alpha: 0.01, Beta: 0.2}
	for _, tt := range []struct {
		hits, misses int
		want         stats.Decision
	}{
		{1, 0, stats.Continue}, {2, 0, stats.High}, {0, 2, stats.Continue}, {0, 3, stats.Low}, {1, 6, stats.Continue}, {1, 7, stats.Low},
	} {
		if got := s.Decide(tt.hits, tt.misses); got != tt.want {
			t.Errorf("%d hits and %d misses: %s, want %s", tt.hits, tt.misses, got, tt.want)
		}
	}
	for hits, want := range map[int]int{0: 3, 1: 7} {
		if got := s.Misses(hits); got != want {
			t.Errorf("%d misses after %d hits, want %d", got, hits, want)
		}
	}
}
