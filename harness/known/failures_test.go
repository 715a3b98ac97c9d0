package known_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// TestFailuresOfARun: a run is matched by what its failures are called, each once, and not by the
// sentences of a record from before they had names.
func TestFailuresOfARun(t *testing.T) {
	crash := []evidence.Failure{{Title: "zebra: assertion (rn) failed in f()", Kind: evidence.FailureAssert, Process: "zebra", Node: "r2", Alt: []string{"zebra: SIGABRT"}}}
	s := known.Subject{}
	if err := s.AddRun(reportstest.Make(t, reportstest.Info("20260301-101500-ospf-mtu-0f0f", 3),
		reportstest.Trial{Verdict: evidence.Inconclusive, Other: []string{"r2: zebra died (SIGABRT, pid 7)"}, Failures: crash},
		reportstest.Trial{Verdict: evidence.Inconclusive, Other: []string{"r2: zebra died (SIGABRT, pid 9)"}, Failures: crash},
		reportstest.Trial{Verdict: evidence.Inconclusive, Other: []string{"r2: zebra died (SIGSEGV, pid 9)"}},
	)); err != nil {
		t.Fatal(err)
	}
	var said []known.Saying
	for _, x := range s.Text {
		if x.Where == "failure of r2" {
			said = append(said, x)
		}
	}
	want := []known.Saying{{Where: "failure of r2", Text: "zebra: assertion (rn) failed in f()", Weight: 1}, {Where: "failure of r2", Text: "zebra: SIGABRT", Weight: 0.5}}
	if d := cmp.Diff(want, said); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
