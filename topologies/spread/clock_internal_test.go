package spread

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// TestFollowed: times of another host are told by where its clock was when they were taken, and a clock that is set is told, once,
// where drift is not.
func TestFollowed(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	measured := func(after, ahead time.Duration) offset {
		at := begin.Add(after)
		return offset{ahead: ahead, within: time.Millisecond, clocks: topologies.MachineClocks{At: at, Real: at.Round(0).Add(ahead)}}
	}
	f := &followed{}
	if f.aheadAt(begin) != 0 || f.told("right").Measured != 0 {
		t.Errorf("of a clock that was not measured: %+v", f.told("right"))
	}
	// 50 ppm for an hour: 180 ms, which is far beyond what a clock that was set may be off by.
	for minute := range 61 {
		f.add("right", measured(time.Duration(minute)*time.Minute, time.Second+time.Duration(minute)*3*time.Millisecond))
	}
	if set := f.wasSet(); len(set) > 0 {
		t.Errorf("drift is called %q", set)
	}
	for at, want := range map[time.Duration]time.Duration{
		-time.Minute: time.Second, 0: time.Second, 30 * time.Minute: 1090 * time.Millisecond, 90 * time.Second: 1004500 * time.Microsecond, 2 * time.Hour: 1180 * time.Millisecond,
	} {
		if got := f.aheadAt(begin.Round(0).Add(at + want)); (got - want).Abs() > 10*time.Microsecond {
			t.Errorf("after %s it is %s ahead, want %s", at, got, want)
		}
	}
	if c := f.told("right"); c.Drift != 180*time.Millisecond || c.Over != time.Hour || c.Measured != 61 || c.Ahead != 1180*time.Millisecond {
		t.Errorf("told: %+v", c)
	}
	f.add("right", measured(time.Hour+time.Minute, 1300*time.Millisecond))
	if set := f.wasSet(); len(set) != 1 || set[0] != "the clock of host right, or of this one, was set by 120ms" {
		t.Errorf("a clock that was set: %q", set)
	}
	f.add("right", measured(time.Hour+2*time.Minute, 1303*time.Millisecond))
	if set := f.wasSet(); len(set) > 0 {
		t.Errorf("it is told again: %q", set)
	}
	for i := range 2 * mostOffsets {
		f.add("right", measured(2*time.Hour+time.Duration(i)*time.Second, 1303*time.Millisecond))
	}
	if len(f.list) > mostOffsets || f.first().ahead != time.Second || f.told("right").Measured != 63+2*mostOffsets {
		t.Errorf("%d are kept of %d; the first is %s", len(f.list), f.count, f.first().ahead)
	}
}
