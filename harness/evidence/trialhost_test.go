package evidence_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// TestMachines: where nodes were is told once for each placement that there was, with what the last trial with it measured; a
// worker's own word of one machine is none, and a file that is damaged is told beside the rest.
func TestMachines(t *testing.T) {
	t.Parallel()
	dir := evidence.Dir{Path: t.TempDir()}
	way := evidence.Way{A: "r1:eth1", B: "r2:eth1", From: "left", To: "right", Over: "UDP", Least: 20 * time.Microsecond, Median: 85400 * time.Nanosecond, Most: 2 * time.Millisecond, Measured: 7, Frames: 40}
	lossy := way
	lossy.Measured, lossy.Lost = 9, 2
	apart := map[string]string{"r1": "left", "r2": "right", "r3": "left"}
	for i, h := range []evidence.TrialHost{
		{Provider: "spread", Nodes: apart, Ways: []evidence.Way{way}},
		{Provider: "spread", Nodes: map[string]string{"r1": "left", "r2": "left"}, Unknown: "the connection to host left is gone"},
		{Provider: "spread", Nodes: apart, Ways: []evidence.Way{lossy}, Clocks: []evidence.HostClock{{
			Host: "right", Ahead: -1500 * time.Microsecond, Within: 40 * time.Microsecond, Drift: 12 * time.Microsecond, Over: 61 * time.Second, Measured: 4,
		}}},
		{Provider: "namespaces", Host: evidence.HostInfo{OS: "Debian"}},
	} {
		trial := dir.Trial(i + 1)
		if err := os.MkdirAll(trial.Path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := evidence.WriteJSON(trial.File(evidence.HostFile), h); err != nil {
			t.Fatal(err)
		}
		if want := []string{"r1@left,r2@right,r3@left", "r1@left,r2@left", "r1@left,r2@right,r3@left", ""}[i]; h.Machines() != want {
			t.Errorf("trial %d was on %q, want %q", i+1, h.Machines(), want)
		}
	}
	if err := os.MkdirAll(dir.Trial(5).Path, 0o755); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"left has r1, r3; right has r2",
		"r1:eth1–r2:eth1 goes from left to right over UDP: frames take 85µs (20µs to 2ms in 9 measurements), 2 of 40 lost",
		"the clock of right is -1.5ms ahead, to within 40µs: 12µs more than 1m1s before (4 measurements)",
		"left has r1, r2", "how long frames were on their way is not known of all: the connection to host left is gone",
	}
	lines, err := dir.Machines()
	if diff := cmp.Diff(want, lines); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := os.WriteFile(dir.Trial(5).File(evidence.HostFile), []byte(`{"nodes": {"r1": `), 0o600); err != nil {
		t.Fatal(err)
	}
	if lines, err = dir.Machines(); err == nil || len(lines) != len(want) {
		t.Errorf("with a damaged file: %q, %v", lines, err)
	}
}
