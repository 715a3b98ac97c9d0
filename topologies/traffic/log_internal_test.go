package traffic

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

const ms = time.Millisecond

// script makes the log of a flow of a packet each millisecond: those that lost names never come, and
// each that comes takes 0.1 ms, but for those that sent and came give another time.
type script struct {
	n           int
	lost        func(int) bool
	sent, came  map[int]time.Duration
	copies      []int
	held        map[int]time.Duration
	since, till time.Duration
}

func (s script) read() topologies.FlowReading {
	l := newLog(topologies.FlowSpec{Interval: ms, Bound: ms})
	type event struct {
		number int
		at     time.Duration
	}
	var arrivals []event
	for i := range s.n {
		at := time.Duration(i+1) * ms
		if d, ok := s.sent[i]; ok {
			at = d
		}
		l.sending(uint64(i), l.begin.Add(at))
		l.went(uint64(i), l.begin.Add(at+s.held[i]), false)
		if s.lost != nil && s.lost(i) {
			continue
		}
		comes := at + ms/10
		if d, ok := s.came[i]; ok {
			comes = d
		}
		arrivals = append(arrivals, event{i, comes})
	}
	for len(arrivals) > 0 {
		first := 0
		for i, a := range arrivals {
			if a.at < arrivals[first].at {
				first = i
			}
		}
		l.came(uint64(arrivals[first].number), l.begin.Add(arrivals[first].at))
		arrivals = append(arrivals[:first:first], arrivals[first+1:]...)
	}
	for _, i := range s.copies {
		l.came(uint64(i), l.begin.Add(s.till))
	}
	l.drained(l.begin.Add(s.till))
	return l.read(l.begin.Add(s.since), l.begin.Add(s.till))
}

func within(from, to int) func(int) bool { return func(i int) bool { return i >= from && i < to } }

// An outage is from when the next packet was due to when one came, whatever was lost or held.
func TestOutages(t *testing.T) {
	late := func(from, to int, until time.Duration) map[int]time.Duration {
		m := map[int]time.Duration{}
		for i := from; i < to; i++ {
			m[i] = until
		}
		return m
	}
	for _, tt := range []struct {
		name                string
		s                   script
		length, least, most time.Duration
		goes                bool
	}{
		{"nothing lost", script{n: 1000}, 0, 0, 0, false},
		{"50 lost", script{n: 1000, lost: within(500, 550)}, 50 * ms, 50 * ms, 50 * ms, false},
		{"one lost is no outage longer than an interval", script{n: 1000, lost: within(500, 501)}, ms, ms, ms, false},
		{"held, and all come at once", script{n: 1000, came: late(500, 580, 581*ms)}, 80*ms - ms/10, 80*ms - ms/10, 80*ms - ms/10, false},
		{"the sender was late, and nothing was lost", script{n: 1000, sent: late(500, 550, 551*ms)}, 0, 0, 50 * ms, false},
		{"the sender was late when it began", script{n: 1000, sent: late(500, 520, 521*ms), lost: within(500, 560)}, 40 * ms, 40 * ms, 60 * ms, false},
		{"the sender was late when it ended", script{n: 1000, sent: late(540, 560, 561*ms), lost: within(500, 540)}, 60 * ms, 40 * ms, 60 * ms, false},
		{"sending took long when it ended", script{n: 1000, lost: within(500, 540), held: map[int]time.Duration{540: 7 * ms}}, 40 * ms, 33 * ms, 40 * ms, false},
		{"it goes on", script{n: 1000, lost: within(500, 1000), till: 2000 * ms}, 499 * ms, 499 * ms, 499 * ms, true},
		{"it began before", script{n: 1000, lost: within(400, 600), since: 500 * ms}, 101*ms + ms/10, 101*ms + ms/10, 101*ms + ms/10, false},
		{"it ended before", script{n: 1000, lost: within(400, 600), since: 700 * ms}, 0, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.s.till == 0 {
				tt.s.till = time.Duration(tt.s.n+1) * ms
			}
			got := tt.s.read()
			if got.Gap != tt.length || got.GapLeast != tt.least || got.GapMost != tt.most {
				t.Errorf("%s, %s to %s", got.Gap, got.GapLeast, got.GapMost)
			}
			switch {
			case tt.length <= ms && len(got.Outages) > 0, tt.length > ms && len(got.Outages) != 1:
				t.Errorf("%+v", got.Outages)
			case tt.length > ms && (got.Outages[0].Length != tt.length || got.Outages[0].Goes != tt.goes):
				t.Errorf("%+v", got.Outages[0])
			}
		})
	}
}

// What was sent since a moment is counted, and nothing else; what may be under way is not lost.
func TestCounts(t *testing.T) {
	got := script{
		n: 2000, lost: within(1000, 1990), since: 901 * ms, till: 2001 * ms,
		came: map[int]time.Duration{910: 915 * ms}, copies: []int{920, 920, 100},
	}.read()
	if got.Sent != 1100 || got.Received != 110 || got.Lost != 500 || got.Pending != 490 || got.Duplicated != 2 || got.Reordered != 1 {
		t.Errorf("%+v", got)
	}
	if near := func(got, want time.Duration) bool { return got >= want*99/100 && got <= want*101/100 }; !near(got.P50, ms/10) || !near(got.P99, ms/10) || got.Max != 4*ms {
		t.Errorf("%s %s %s", got.P50, got.P99, got.Max)
	}
	if silent := (script{n: 100, lost: within(0, 100), till: 2000 * ms}).read(); !silent.Silent || silent.Lost != 100 || len(silent.Outages) != 0 {
		t.Errorf("%+v", silent)
	}
}

// A flow that has sent all is over an interval after its last packet; one that has more to send is not.
func TestOver(t *testing.T) {
	l := newLog(topologies.FlowSpec{Interval: ms, Count: 3})
	for i := range 3 {
		if got := l.read(l.begin, l.begin.Add(time.Second)); !got.Over.IsZero() || got.Begun != l.begin {
			t.Errorf("after %d packets it is over %s, and had begun %s", i, got.Over, got.Begun)
		}
		l.sending(uint64(i), l.begin.Add(time.Duration(10*i+1)*ms))
	}
	if got := l.read(l.begin, l.begin.Add(time.Second)); got.Over != l.begin.Add(22*ms) {
		t.Errorf("over after %s", got.Over.Sub(l.begin))
	}
}
