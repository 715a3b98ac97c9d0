package html

import (
	"math"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// The picture shows the frames that a fault acted on, at the lab's time and until it was taken back, and a
// label that has room on neither side stands below.
func TestHitsInThePicture(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(1000, int64(s*1e9)) }
	step := func(kind evidence.EventKind, second float64, hit ...float64) evidence.Event {
		e := evidence.Event{Kind: kind, Lane: "r1:eth1", Ref: "stimulus[0]", Name: "every other hello", At: time.Duration(2 * second * 1e9), Time: at(second)}
		if kind != evidence.EventFault {
			e.Frames = &evidence.FaultFrames{}
		}
		for _, s := range hit {
			e.Frames.First = append(e.Frames.First, evidence.Hit{To: "r1:eth1", Time: at(s)})
		}
		return e
	}
	d := &reports.Detail{End: 20 * time.Second, Events: []evidence.Event{
		step(evidence.EventFault, 1), step(evidence.EventTally, 4, 2), step(evidence.EventHeal, 5, 2, 3), step(evidence.EventFault, 6), step(evidence.EventHeal, 9, 8),
	}}
	p := plot{d.End, evidence.Clock{Speed: 2}}
	for i, want := range map[int][]float64{0: {laneLeft + plotWidth*4/20, laneLeft + plotWidth*6/20}, 3: {laneLeft + plotWidth*16/20}} {
		m := p.mark(d, i)
		if len(m.ticks) != len(want) {
			t.Fatalf("%d frames in the bar of event %d", len(m.ticks), i)
		}
		for n, x := range want {
			if math.Abs(m.ticks[n].at-x) > 0.01 {
				t.Errorf("event %d: frame %d at %.1f, want %.1f", i, n, m.ticks[n].at, x)
			}
		}
	}
	many := d.Events[4]
	many.Frames = &evidence.FaultFrames{First: make([]evidence.Hit, 1_000_000)}
	d.Events[4] = many
	if n := len(p.mark(d, 3).ticks); n != maxTicks {
		t.Errorf("a stranger's million frames are %d", n)
	}
	whole := &mark{from: laneLeft, to: laneLeft + plotWidth, label: "a long time"}
	after := &mark{from: laneLeft + 30, to: laneLeft + 40, label: "short"}
	l := &lane{marks: []*mark{whole, after}}
	if l.stack(); !whole.under || whole.row != 0 || after.row != 2 || l.rows != 3 {
		t.Errorf("%+v %+v in %d rows", whole, after, l.rows)
	}
}

// The table of events tells which frames a fault acted on, the first of them.
func TestHits(t *testing.T) {
	f := &evidence.FaultFrames{Matched: 9, Hit: 6, Passed: 3, Healed: 2, Seed: 7, By: []string{"xdp", "wire"}, Late: 1234 * time.Microsecond}
	f.First = []evidence.Hit{{To: "r1:eth1", Ordinal: 1, Time: time.Unix(0, 5000).UTC(), Length: 134, Digest: "d4b60e6852e9299c"}}
	const one = "6 of 9 frames; no. 1 to r1:eth1 at 00:00:00.000005, 134 bytes, SHA-256 d4b60e6852e9299c…; 2 let go at the end; up to 1ms late; seed 7; by xdp, then wire"
	if got := hits(f); got != one {
		t.Errorf("%q, want %q", got, one)
	}
	f.First = append(f.First, make([]evidence.Hit, maxHits)...)
	f.Healed, f.Seed, f.Late, f.By = 0, 0, 0, nil
	const end = "… (all in timeline.ndjson)"
	if got := hits(f); got[len(got)-len(end):] != end {
		t.Errorf("%q", got)
	}
}
