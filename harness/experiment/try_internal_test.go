package experiment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

// A frame that was dropped did not come because the next one like it did.
func TestArrivals(t *testing.T) {
	begin := time.Unix(1000, 0)
	at := func(seconds ...int) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, begin.Add(time.Duration(s)*time.Second))
		}
		return times
	}
	after := func(seconds ...int) []time.Duration {
		times := []time.Duration{}
		for _, s := range seconds {
			times = append(times, time.Duration(s)*time.Second)
		}
		return times
	}
	for _, tt := range []struct {
		name  string
		fault scenarios.Fault
		hits  []int // seconds
		came  []int
		want  [][]time.Duration
	}{
		{"dropped", scenarios.FaultDrop, []int{0}, nil, [][]time.Duration{after()}},
		{"dropped, and others like it came", scenarios.FaultDrop, []int{0}, []int{2, 4}, [][]time.Duration{nil}},
		{"one like it came before", scenarios.FaultDrop, []int{3}, []int{1}, [][]time.Duration{after()}},
		{"delayed", scenarios.FaultDelay, []int{0}, []int{1}, [][]time.Duration{after(1)}},
		{"delayed, and others like it came", scenarios.FaultDelay, []int{0}, []int{1, 3}, [][]time.Duration{nil}},
		{"two alike", scenarios.FaultDelay, []int{0, 2}, []int{3}, [][]time.Duration{nil, nil}},
		{"two alike, and none came", scenarios.FaultDrop, []int{0, 2}, nil, [][]time.Duration{after(), after()}},
		{"doubled", scenarios.FaultDuplicate, []int{0}, []int{0, 0}, [][]time.Duration{after(0, 0)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tried []result.TriedFrame
			for _, s := range at(tt.hits...) {
				tried = append(tried, result.TriedFrame{Hit: evidence.Hit{To: "r2:eth1", Digest: "d", Time: s}})
			}
			arrivals(tried, map[string]map[string][]time.Time{"r2:eth1": {"d": at(tt.came...)}}, comes(tt.fault))
			for i, f := range tried {
				if diff := cmp.Diff(tt.want[i], f.Arrived); diff != "" {
					t.Errorf("frame %d: %s", i, diff)
				}
			}
		})
	}
}
