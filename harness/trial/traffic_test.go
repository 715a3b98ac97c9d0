package trial_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// told is a flow of which the same is always read.
type told struct {
	reading topologies.FlowReading
	from    []time.Time
	stopped int
}

func (f *told) Read(from time.Time) topologies.FlowReading {
	f.from = append(f.from, from)
	r := f.reading
	r.From, r.To = from, time.Now()
	for i := range r.Outages {
		r.Outages[i].Begin = from.Add(time.Millisecond)
	}
	return r
}

func (f *told) Stop() topologies.FlowSeries {
	f.stopped++
	return topologies.FlowSeries{Begin: time.Now().Add(-time.Second), Span: 10 * time.Millisecond, Sent: []uint32{1, 2}, Received: []uint32{0, 3}}
}

// withFlow is a scenario with a flow, whose symptom is an expression over it. That it holds before the stimulus already is no matter.
func withFlow(expect string) string {
	return deadly(breaks, "{name: lost, traffic: video, expect: '"+expect+"', eventually: 200ms, may-hold-before: true, every: 10ms}") +
		"\ntraffic: {video: {from: r1, to: r2, dst: 10.0.0.2, rate: 500/s, dscp: 46}}\n"
}

// TestTraffic: a verdict rests on what is known of a flow, live and from the record.
func TestTraffic(t *testing.T) {
	long := topologies.Outage{Length: 6 * time.Second, Least: 6 * time.Second, Most: 6 * time.Second}
	lost := topologies.FlowReading{Sent: 100, Received: 40, Lost: 50, Pending: 10, Timed: 40, P99: time.Millisecond, Gap: long.Length, GapLeast: long.Least, GapMost: long.Most, Outages: []topologies.Outage{long}}
	with := func(change func(*topologies.FlowReading)) topologies.FlowReading {
		r := lost
		change(&r)
		return r
	}
	for _, tt := range []struct {
		name, expect string
		reading      topologies.FlowReading
		open         error
		want         evidence.Verdict
		reason       string // part of it
	}{
		{"a gap", "gap > 5s and gaps[0].start < 2ms and latency.p99 == 1ms", lost, nil, evidence.Reproduced, ""},
		{"another gap", "gap > 7s", lost, nil, evidence.NotReproduced, "gap 6000 ms at +0.001 s"},
		{"loss is of what is due", "loss > 0.55 and loss < 0.56 and lost == 50 and count == 40", lost, nil, evidence.Reproduced, ""},
		{"bounds that decide", "gap > 5s", with(func(r *topologies.FlowReading) { r.GapLeast = 5500 * time.Millisecond }), nil, evidence.Reproduced, ""},
		{"bounds that do not", "gap > 5s", with(func(r *topologies.FlowReading) { r.GapLeast = 4500 * time.Millisecond }), nil, evidence.Inconclusive, "known only to be between 4.5 and 6"},
		{"bounds within an interval", "gap == 6s", with(func(r *topologies.FlowReading) { r.GapLeast -= 2 * time.Millisecond }), nil, evidence.Reproduced, ""},
		{"never a packet: no gap", "gap > 5s", topologies.FlowReading{Sent: 100, Lost: 100, Silent: true}, nil, evidence.Inconclusive, "no packet of the flow has ever come"},
		{"never a packet: all lost", "loss == 1", topologies.FlowReading{Sent: 100, Lost: 100, Silent: true}, nil, evidence.Reproduced, ""},
		{"nothing due yet", "loss == 0", topologies.FlowReading{Sent: 3, Pending: 3}, nil, evidence.Inconclusive, "has come, or is overdue"},
		{"no latency", "latency.max > 0", topologies.FlowReading{Sent: 3, Pending: 3}, nil, evidence.Inconclusive, "that was sent since has come"},
		{"no room for what came", "gap > 5s or lost > 1", with(func(r *topologies.FlowReading) { r.Lossless = "no room for 7" }), nil, evidence.Inconclusive, "no room for 7"},
		{"and what was sent is known", "sent == 100", with(func(r *topologies.FlowReading) { r.Lossless = "no room for 7" }), nil, evidence.Reproduced, ""},
		{"an end is gone", "gap > 5s", topologies.FlowReading{Broken: "r2 was started anew"}, nil, evidence.Inconclusive, "r2 was started anew"},
		{"it never began", "gap > 5s", lost, errors.New("no such address"), evidence.Inconclusive, "no such address"},
		{"it cannot be", "gap > 5s", lost, &topologies.MissingError{What: "sender of traffic", Name: "at r2"}, evidence.NotApplicable, "sender of traffic at r2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				flow := &told{reading: tt.reading}
				var spec topologies.FlowSpec
				w.provider.TrafficFn = func(s topologies.FlowSpec) (topologies.Flow, error) {
					spec = s
					return flow, tt.open
				}
				v := w.trial(t, t.Context(), planOf(t, withFlow(tt.expect), plan.Options{}))
				said := v.Reason
				for _, c := range v.Conditions {
					said += "\n" + c.Why + " " + c.Saw
				}
				if v.Verdict != tt.want || !strings.Contains(said, tt.reason) {
					t.Errorf("%s: %s", v.Verdict, said)
				}
				if spec.From != "r1" || spec.Interval != 2*time.Millisecond || spec.Size != 200 || spec.DSCP != 46 {
					t.Errorf("%+v", spec)
				}
				if tt.open == nil && flow.stopped != 1 {
					t.Errorf("stopped %d times", flow.stopped)
				}
			})
		})
	}
}

// steady is a flow of a packet every two milliseconds, of which all come at once.
type steady struct{}

func (steady) Read(from time.Time) topologies.FlowReading {
	n := uint64(max(time.Since(from), 0) / (2 * time.Millisecond))
	return topologies.FlowReading{From: from, To: time.Now(), Sent: n, Received: n, Timed: n}
}

func (steady) Stop() topologies.FlowSeries { return topologies.FlowSeries{} }

// burst is a flow of a packet every two milliseconds that is over after so many, of which all come at once but for
// those of a time since a moment.
type burst struct {
	begun       time.Time
	count       int
	late        time.Duration // until its first packet is sent
	lost        int           // of the packets that are sent since a moment, at most
	duplicating bool
}

func (b burst) Read(from time.Time) topologies.FlowReading {
	const interval = 2 * time.Millisecond
	r := topologies.FlowReading{From: from, To: time.Now(), Begun: b.begun}
	for i := range b.count {
		at := b.begun.Add(b.late + time.Duration(i)*interval)
		if at.After(r.To) {
			return b.with(r, interval)
		}
		if !at.Before(from) {
			r.Sent++
		}
	}
	r.Over = b.begun.Add(b.late + time.Duration(b.count)*interval)
	return b.with(r, interval)
}

func (b burst) with(r topologies.FlowReading, interval time.Duration) topologies.FlowReading {
	r.Lost = min(r.Sent, uint64(b.lost))
	r.Received = r.Sent - r.Lost
	r.Timed, r.P99, r.Max = r.Received, time.Millisecond, time.Millisecond
	r.Gap = time.Duration(r.Lost) * interval
	r.GapLeast, r.GapMost = r.Gap, r.Gap
	r.Silent = r.Sent == 0
	if b.duplicating {
		r.Duplicated = r.Received
	}
	return r
}

func (burst) Stop() topologies.FlowSeries { return topologies.FlowSeries{} }

// TestTrafficOver: what was not sent can be neither lost nor late. A window in which a flow was over is decided by what was seen
// alone, and by no less than all it may have missed.
func TestTrafficOver(t *testing.T) {
	const long, before, within = 100_000, 5, 50 // packets: always sending; over before the stimulus; over in the window
	for _, tt := range []struct {
		name, expect, window string
		flow                 burst
		want                 evidence.Verdict
		reason               string // part of it
	}{
		{"before the stimulus: gap", "gap > 50ms", "eventually: 200ms", burst{count: before}, evidence.Inconclusive, "nothing was sent since the stimulus: the flow was over"},
		{"lost", "lost > 0", "eventually: 200ms", burst{count: before}, evidence.Inconclusive, "a higher count or none"},
		{"received", "received == 0", "eventually: 200ms", burst{count: before}, evidence.Inconclusive, "the flow was over"},
		{"reordered", "reordered == 0", "eventually: 200ms", burst{count: before}, evidence.Inconclusive, "the flow was over"},
		{"duplicated", "duplicated == 0", "within: 100ms, consistently: 100ms", burst{count: before}, evidence.Inconclusive, "the flow was over"},
		{"latency", "latency.max < 1s", "within: 100ms, consistently: 100ms", burst{count: before}, evidence.Inconclusive, "the flow was over"},
		{"never", "lost > 0 or gap > 50ms", "never: 200ms", burst{count: before}, evidence.Inconclusive, "the flow was over"},
		{"unchanged", "lost", "unchanged: 200ms", burst{count: before}, evidence.Inconclusive, "the flow was over"},
		{"what was sent is known", "sent == 0", "eventually: 200ms", burst{count: before}, evidence.Reproduced, ""},

		{"in the window: no gap", "gap > 50ms", "eventually: 200ms", burst{count: within}, evidence.Inconclusive, "between 0 and 0."},
		{"a gap that there was", "gap > 5ms", "eventually: 200ms", burst{count: within, lost: 10}, evidence.Reproduced, ""},
		{"a gap that there cannot be", "gap > 10s", "eventually: 200ms", burst{count: within}, evidence.NotReproduced, ""},
		{"none lost", "lost == 0", "within: 10ms, consistently: 150ms", burst{count: within}, evidence.Inconclusive, "the flow was over"},
		{"some lost", "lost == 0", "within: 10ms, consistently: 150ms", burst{count: within, lost: 10}, evidence.NotReproduced, ""},
		{"never lost", "lost > 0", "never: 200ms", burst{count: within}, evidence.Inconclusive, "the flow was over"},
		{"seen lost", "lost > 0", "never: 200ms", burst{count: within, lost: 1}, evidence.NotReproduced, ""},
		{"no loss", "loss > 0.1", "eventually: 200ms", burst{count: within}, evidence.Inconclusive, "the flow was over"},
		{"a loss", "loss > 0.1", "eventually: 200ms", burst{count: within, lost: 20}, evidence.Reproduced, ""},
		{"no latency", "latency.max > 5ms", "eventually: 200ms", burst{count: within}, evidence.Inconclusive, "the flow was over"},
		{"a latency", "latency.max == 1ms or latency.max > 500us", "eventually: 200ms", burst{count: within}, evidence.Reproduced, ""},
		{"no gap among them", "any(gaps, .length > 50ms)", "eventually: 200ms", burst{count: within}, evidence.Inconclusive, "the flow was over"},
		{"none twice", "duplicated > 0", "eventually: 200ms", burst{count: within}, evidence.Inconclusive, "the flow was over"},
		{"some twice", "duplicated > 0", "eventually: 200ms", burst{count: within, duplicating: true}, evidence.Reproduced, ""},

		{"it goes on: no gap", "gap > 50ms", "eventually: 200ms", burst{count: long}, evidence.NotReproduced, ""},
		{"never", "lost > 0", "never: 200ms", burst{count: long}, evidence.Reproduced, ""},
		{"throughout", "lost == 0", "within: 50ms, consistently: 100ms", burst{count: long}, evidence.Reproduced, ""},
		{"nothing sent at first", "lost > 0", "never: 200ms", burst{count: long, late: 60 * time.Millisecond}, evidence.Reproduced, ""},
		{"nothing sent at all", "lost == 0", "eventually: 200ms", burst{count: long, late: time.Hour}, evidence.Inconclusive, "nothing was sent yet since the stimulus"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.TrafficFn = func(topologies.FlowSpec) (topologies.Flow, error) {
					tt.flow.begun = time.Now()
					if tt.flow.count == before {
						tt.flow.begun = tt.flow.begun.Add(-time.Second)
					}
					return tt.flow, nil
				}
				yaml := strings.Replace(withFlow(tt.expect), tt.expect+"', eventually: 200ms", tt.expect+"', "+tt.window, 1)
				p := planOf(t, yaml, plan.Options{})
				v := w.trial(t, t.Context(), p)
				said := v.Reason
				for _, c := range v.Conditions {
					said += "\n" + c.Why + " " + c.Saw
				}
				if v.Verdict != tt.want || !strings.Contains(said, tt.reason) {
					t.Errorf("%s: %s\nwant %s: %s", v.Verdict, said, tt.want, tt.reason)
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(v, judge.Judge(p, 1, record)); diff != "" {
					t.Errorf("from the record (-live +again):\n%s", diff)
				}
			})
		})
	}
}

// TestTrafficOfAnotherMachine: where a flow is on another machine, whose clock is known to within so much only, a reading decides nothing
// that depends on which packets were sent since the stimulus by that clock.
func TestTrafficOfAnotherMachine(t *testing.T) {
	for _, tt := range []struct {
		name, expect string
		within       time.Duration
		want         evidence.Verdict
		reason       string
	}{
		{"known well", "sent > 10 and sent < 50", time.Millisecond, evidence.Reproduced, ""},
		{"more than there are by then", "sent > 10 and sent < 30", 100 * time.Millisecond, evidence.Inconclusive, "the clock of host right is known to within 100ms, and that decides"},
		{"enough in the end", "sent > 10", 100 * time.Millisecond, evidence.Reproduced, ""},
		{"whatever the clock", "sent > 1000", 100 * time.Millisecond, evidence.NotReproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.TrafficFn = func(topologies.FlowSpec) (topologies.Flow, error) { return steady{}, nil }
				w.provider.NodeClockFn = func(node string, _ time.Time) topologies.NodeClock {
					return topologies.NodeClock{Host: "right", Within: tt.within, Measured: node == "r1"}
				}
				p := planOf(t, withFlow(tt.expect), plan.Options{})
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s: %s\nwant %s: %s", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(v, judge.Judge(p, 1, record)); diff != "" {
					t.Errorf("from the record (-live +again):\n%s", diff)
				}
			})
		})
	}
}

// TestTrafficKept: what became of a flow is in the record, with what went and came over time.
func TestTrafficKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		flow := &told{reading: topologies.FlowReading{Sent: 4, Received: 4, Timed: 4, P50: time.Millisecond}}
		w.provider.TrafficFn = func(topologies.FlowSpec) (topologies.Flow, error) { return flow, nil }
		w.trial(t, t.Context(), planOf(t, withFlow("gap > 5s"), plan.Options{}))
		record, err := w.dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		var kept []*evidence.Flow
		for _, e := range record.Events {
			if e.Flow != nil {
				kept = append(kept, e.Flow)
			}
		}
		if len(kept) != 1 || kept[0].Reading == nil || kept[0].Reading.Sent != 4 || kept[0].Reading.Since != "the stimulus" || kept[0].File != "traffic/video.json" {
			t.Fatalf("%+v", kept)
		}
		data, err := os.ReadFile(w.dir.Trial(1).File("traffic", "video.json"))
		if err != nil {
			t.Fatal(err)
		}
		var series evidence.FlowSeries
		if err := json.Unmarshal(data, &series); err != nil || series.Span != 10*time.Millisecond || len(series.Sent) != 2 || series.Received[1] != 3 {
			t.Errorf("%+v %v", series, err)
		}
	})
}

// A lab that cannot send what is asked says so before anything is looked at.
func TestTrafficNotApplicable(t *testing.T) {
	for _, tt := range []struct {
		name   string
		kind   topologies.Kind
		speed  float64
		reason string
	}{
		{"machines", topologies.KindVM, 0, "traffic video cannot be sent in a lab of kind vm"},
		{"switches", topologies.KindHardware, 0, "traffic video cannot be sent in a lab of kind hardware"},
		{"too fast a clock", topologies.KindContainer, 100, "50000 packets in a second of this machine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.BuiltKind = tt.kind
				v := w.trial(t, t.Context(), planOf(t, withFlow("gap > 5s"), plan.Options{Speed: tt.speed}))
				if v.Verdict != evidence.NotApplicable || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s: %s", v.Verdict, v.Reason)
				}
			})
		})
	}
}
