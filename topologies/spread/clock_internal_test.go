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
	if len(f.list) > mostOffsets || f.list[0].ahead != time.Second || f.told("right").Measured != 63+2*mostOffsets {
		t.Errorf("%d are kept of %d; the first is %s", len(f.list), f.count, f.list[0].ahead)
	}
}

// TestMeasuredBadly: an answer that was long under way says little, and the offset stays where it was within what it leaves; how wrong that
// may be is told of the worst. A good one after it counts as ever.
func TestMeasuredBadly(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	for _, tt := range []struct {
		name          string
		ahead, within time.Duration // of the second measurement
		want, told    time.Duration // the offset then, and the worst that is told
	}{
		{name: "as good", ahead: 200 * time.Microsecond, within: 40 * time.Microsecond, want: 200 * time.Microsecond, told: 40 * time.Microsecond},
		{name: "as good, for the drift", ahead: 400 * time.Microsecond, within: time.Millisecond, want: 400 * time.Microsecond, told: time.Millisecond},
		{name: "late one way", ahead: 40 * time.Millisecond, within: 40 * time.Millisecond, told: 15040 * time.Microsecond},
		{name: "beside it", ahead: -15 * time.Millisecond, within: 10 * time.Millisecond, want: -5 * time.Millisecond, told: 10040 * time.Microsecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &followed{}
			for i, o := range []offset{{within: 40 * time.Microsecond}, {ahead: tt.ahead, within: tt.within}, {ahead: 100 * time.Microsecond, within: 40 * time.Microsecond}} {
				at := begin.Add(time.Duration(i) * 30 * time.Second)
				o.clocks = topologies.MachineClocks{At: at, Real: at.Round(0).Add(o.ahead)}
				f.add("right", o)
				if i == 1 {
					if c := f.told("right"); c.Ahead != tt.want || c.Within != tt.told {
						t.Errorf("told: %+v, want %s ahead within %s", c, tt.want, tt.told)
					}
				}
			}
			if c := f.told("right"); c.Ahead != 100*time.Microsecond || c.Within != tt.told || len(f.wasSet()) > 0 {
				t.Errorf("told: %+v", c)
			}
		})
	}
}

// TestBothClocks: an offset is looked up by a time of either clock, however far they are apart.
func TestBothClocks(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	for _, apart := range []time.Duration{-time.Hour, 0, time.Hour} {
		f := &followed{}
		for i := range 3 {
			at, ahead := begin.Add(time.Duration(i)*time.Minute), apart+time.Duration(i)*time.Millisecond
			f.add("right", offset{ahead: ahead, within: time.Microsecond, clocks: topologies.MachineClocks{At: at, Real: at.Round(0).Add(ahead)}})
		}
		at, want := begin.Add(90*time.Second), apart+1500*time.Microsecond
		if got := f.aheadWhen(at); (got - want).Abs() > time.Microsecond {
			t.Errorf("%s apart: when this clock shows the time it is %s ahead, want %s", apart, got, want)
		}
		if got := f.aheadAt(at.Round(0).Add(want)); (got - want).Abs() > time.Microsecond {
			t.Errorf("%s apart: when that clock shows the time it is %s ahead, want %s", apart, got, want)
		}
	}
}

// TestFramesInTheirOrder: frames that were taken one after the other are told in that order, also where a measurement comes between them.
func TestFramesInTheirOrder(t *testing.T) {
	t.Parallel()
	begin := time.Now().Round(0)
	ahead := time.Duration(0)
	c := &remoteCapture{here: func(at time.Time) time.Time { return at.Add(-ahead) }}
	first := c.told(begin)
	ahead = 10 * time.Millisecond
	if second := c.told(begin.Add(time.Millisecond)); second.Before(first) {
		t.Errorf("the second frame is told %s before the first", first.Sub(second))
	}
	if third := c.told(begin.Add(20 * time.Millisecond)); third.Sub(first) != 10*time.Millisecond {
		t.Errorf("the third frame is told %s after the first", third.Sub(first))
	}
	if back := c.told(begin); !back.Before(first) {
		t.Errorf("a frame of before is told at %s", back.Sub(first))
	}
}

// TestBestMeasurement: a lab that is used again hours later goes by a measurement of then, unless that says less than the drift since an
// older one, and never by one of before the clock was set.
func TestBestMeasurement(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	f := &followed{}
	add := func(after, ahead, within time.Duration) {
		at := begin.Add(after)
		f.add("right", offset{ahead: ahead, within: within, clocks: topologies.MachineClocks{At: at, Within: within, Real: at.Round(0).Add(ahead)}})
	}
	if best := f.best(begin); best.within != 0 {
		t.Errorf("of none: %+v", best)
	}
	add(0, 0, 40*time.Microsecond)
	add(6*time.Hour, 0, 60*time.Microsecond)
	add(6*time.Hour+time.Minute, 0, 10*time.Millisecond) // 3 ms of drift since the one before

	// 50 ppm beside what it was measured to.
	for _, tt := range []struct{ after, want, within time.Duration }{
		{time.Second, 0, 90 * time.Microsecond},
		{time.Hour, 0, 180*time.Millisecond + 40*time.Microsecond},
		{6*time.Hour + 2*time.Minute, 6 * time.Hour, 6*time.Millisecond + 60*time.Microsecond},
	} {
		got := f.best(begin.Add(tt.after)).clocks
		if at := got.At.Sub(begin); at != tt.want || (got.Within-tt.within).Abs() > time.Microsecond {
			t.Errorf("after %s that of %s within %s, want that of %s within %s", tt.after, at, got.Within, tt.want, tt.within)
		}
	}
	add(6*time.Hour+2*time.Minute, time.Minute, 10*time.Millisecond)
	if got := f.best(begin.Add(6*time.Hour + 2*time.Minute)); got.ahead != time.Minute {
		t.Errorf("a clock that was set is %s ahead", got.ahead)
	}
}

// TestNodeClock: times of a node on another host are as wrong as the measurements may be that were gone by since a moment, and as the
// clock may have been slewed by until the next one; a node of this host has this one's clock, and of a host that was never measured
// nothing is known.
func TestNodeClock(t *testing.T) {
	t.Parallel()
	begin := time.Now().Add(-time.Hour)
	right, left := &remote{session: &session{host: "right"}}, &remote{session: &session{host: "left"}}
	l := &lab{at: map[string]string{"r1": "here", "r2": "right", "r3": "left"}, pieces: map[string]piece{"right": right, "left": left}}
	if c, other := l.NodeClock("r1", begin); other {
		t.Errorf("of this host: %+v", c)
	}
	if c, other := l.NodeClock("r3", begin); !other || c.Measured || c.Host != "left" {
		t.Errorf("of one that was never measured: %+v, %v", c, other)
	}
	add := func(after, within time.Duration) {
		at := begin.Add(after)
		right.clocks.add("right", offset{within: within, clocks: topologies.MachineClocks{At: at, Real: at.Round(0)}})
	}
	add(0, 40*time.Microsecond)
	add(30*time.Second, 40*time.Microsecond)
	add(60*time.Second, 300*time.Millisecond) // on a machine that is busy: it says no more than the one before and the slew since
	add(90*time.Second, 20*time.Microsecond)
	for _, tt := range []struct{ since, now, want time.Duration }{
		{90 * time.Second, 90 * time.Second, 30*time.Millisecond + 40*time.Microsecond},                     // the bad one's, until the good one came
		{90*time.Second + 10*time.Millisecond, 91 * time.Second, 30*time.Millisecond + 40*time.Microsecond}, // so it was told then
		{91 * time.Second, 92 * time.Second, 21*time.Millisecond + 20*time.Microsecond},                     // or it was set, by what would be taken for drift
		{0, 92 * time.Second, 30*time.Millisecond + 40*time.Microsecond},
		{0, time.Hour, 1775*time.Millisecond + 20*time.Microsecond}, // nobody has measured since
	} {
		got, known := right.clocks.within(begin.Add(tt.since), begin.Add(tt.now))
		if (got-tt.want).Abs() > time.Microsecond || !known {
			t.Errorf("from %s to %s: within %s, %t, want %s", tt.since, tt.now, got, known, tt.want)
		}
	}
	if c, other := l.NodeClock("r2", begin.Add(91*time.Second)); !other || !c.Measured || c.Host != "right" || c.Within < 1755*time.Millisecond {
		t.Errorf("of another host: %+v, %v", c, other)
	}
}

// TestMeasuredOnceMore: a lab's epoch is not by what was measured six hours ago.
func TestMeasuredOnceMore(t *testing.T) {
	t.Parallel()
	s, _ := agentOf(t, unbuilt{t})
	r := &remote{session: s}
	long := time.Now().Add(-6 * time.Hour)
	r.clocks.add("right", offset{clocks: topologies.MachineClocks{At: long, Real: long.Round(0)}})
	c, err := (&remoteHost{remote: r}).Clocks(t.Context())
	if err != nil || time.Since(c.At) > time.Hour {
		t.Errorf("%+v, %v", c, err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}
