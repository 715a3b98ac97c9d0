package confirm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/confirm"
)

// A run of many machines was made on none in particular, and not on the one that asked for it.
func TestDifferencesOfMachines(t *testing.T) {
	one := evidence.RunInfo{Host: evidence.HostInfo{OS: "Debian", Kernel: "6.1.0", Arch: "amd64", CPUs: 8}}
	many := evidence.RunInfo{Host: evidence.FleetHost()}
	want := []confirm.Difference{{What: "the machine", Claim: "workers of a fleet (each trial's host.json)", Here: "Debian, 6.1.0, amd64", Matters: true}}
	if d := cmp.Diff(want, confirm.Differences(many, one)); d != "" {
		t.Error(d)
	}
	if got := confirm.Differences(many, many); len(got) != 0 {
		t.Errorf("of the same: %+v", got)
	}
}

// The lab's clock matters, and speed 1 is what a run says nothing of.
func TestDifferencesOfClocks(t *testing.T) {
	slow, fast := evidence.RunInfo{}, evidence.RunInfo{Clock: evidence.Clock{Speed: 10}}
	want := []confirm.Difference{{What: "the lab's clock", Claim: "speed 1", Here: "speed 10", Matters: true}}
	if d := cmp.Diff(want, confirm.Differences(slow, fast)); d != "" {
		t.Error(d)
	}
	for _, info := range []evidence.RunInfo{slow, fast} {
		if got := confirm.Differences(info, info); len(got) != 0 {
			t.Errorf("of the same: %+v", got)
		}
	}
}
