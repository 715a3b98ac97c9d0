package reports_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestOtherFailures: a failure that several trials had is one, with those trials and what was
// seen of it first; one of a record from before failures had fields is its sentence.
func TestOtherFailures(t *testing.T) {
	crash := []evidence.Failure{{Title: "zebra: SIGSEGV in f()", Kind: evidence.FailureCrash, Process: "zebra", Node: "r2"}}
	r := load(t, reportstest.Make(t, reportstest.Info("20260301-101500-ospf-mtu-0f0f", 3),
		reportstest.Trial{Verdict: evidence.Inconclusive, Other: []string{"r2: zebra died (SIGSEGV, pid 7)"}, Failures: crash},
		reportstest.Trial{Verdict: evidence.Inconclusive, Other: []string{"r1: bgpd died (exit status 1)"}},
		reportstest.Trial{Verdict: evidence.Inconclusive, Other: []string{"r2: zebra died (SIGSEGV, pid 9)"}, Failures: crash},
	))
	r.Verdict = nil // as it is of a run that was broken off
	want := []string{"r2: zebra: SIGSEGV in f(), in trials 1, 3: r2: zebra died (SIGSEGV, pid 7)", "r1: bgpd died (exit status 1)"}
	if d := cmp.Diff(want, r.OtherFailures()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
