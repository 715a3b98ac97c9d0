package trial_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// TestFailureKinds: the record has a word for every kind that a driver names.
func TestFailureKinds(t *testing.T) {
	for _, k := range drivers.FailureKinds() {
		var kind evidence.FailureKind
		if err := json.Unmarshal([]byte(`"`+string(k)+`"`), &kind); err != nil || kind == evidence.FailureTold {
			t.Errorf("%s: %v", k, err)
		}
	}
}

// TestFailuresOfATrial: a death is in the verdict under the name that its driver gave it, or by
// how it ended, and a run has what happened twice once, whatever else was said of it.
func TestFailuresOfATrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		pid := 7
		w.platform.DeathsFn = func(node string) ([]drivers.Death, error) {
			if node != "r1" {
				return nil, nil
			}
			return []drivers.Death{
				{Process: "bgpd", PID: pid, Signal: "SIGABRT", Failure: drivers.Failure{Title: "bgpd: assertion (x) failed", Kind: drivers.FailureAssert, Alt: []string{"bgpd: SIGABRT"}}},
				{Process: "zebra", PID: pid + 1, Exit: 1},
			}, nil
		}
		want := []evidence.Failure{
			{Title: "bgpd: assertion (x) failed", Kind: evidence.FailureAssert, Process: "bgpd", Node: "r1", Alt: []string{"bgpd: SIGABRT"}},
			{Title: "zebra: exit status 1", Kind: evidence.FailureExit, Process: "zebra", Node: "r1"},
		}
		var verdicts []evidence.TrialVerdict
		for range 2 {
			v := w.trial(t, t.Context(), planOf(t, deadly(breaks, looks), plan.Options{}))
			if d := cmp.Diff(want, v.Failures); d != "" || len(v.OtherFailures) != len(want) {
				t.Errorf("trial (-want +got): %q\n%s", v.OtherFailures, d)
			}
			verdicts, pid = append(verdicts, v), pid+10
		}
		run, _ := judge.Combine(verdicts, 2, evidence.Reproduced)
		if d := cmp.Diff(want, run.Failures); d != "" || len(run.OtherFailures) != len(want) {
			t.Errorf("run (-want +got): %q\n%s", run.OtherFailures, d)
		}
	})
}
