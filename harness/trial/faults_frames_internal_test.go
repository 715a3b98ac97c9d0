package trial

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies"
)

// A fault's times and rates are the lab's.
func TestFaultsInRealTime(t *testing.T) {
	f := topologies.FrameFault{Delay: 200 * time.Millisecond, Jitter: 100 * time.Millisecond, Rate: 8000, Queue: 500, Nth: 2}
	if diff := cmp.Diff(f, inRealTime(f, evidence.Clock{})); diff != "" {
		t.Errorf("in real time: %s", diff)
	}
	want := topologies.FrameFault{Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Rate: 80000, Queue: 500, Nth: 2}
	if diff := cmp.Diff(want, inRealTime(f, evidence.Clock{Speed: 10})); diff != "" {
		t.Errorf("at speed 10: %s", diff)
	}
}
