package reportstest

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Fast makes a run at speed 10: a hit, and a miss.
func Fast(tb testing.TB) string {
	tb.Helper()
	info := Info("20260301T151500Z-ospf-mtu-6a7b", 2)
	info.Clock.Speed = 10
	info.RealTime = []string{"r1:eth1: down for 1s is 100ms of real time, and the kernel may take 1s to tell of a carrier (link watch)"}
	return Make(tb, info, Trial{Verdict: evidence.Reproduced}, Trial{Verdict: evidence.NotReproduced, Reason: "no"})
}
