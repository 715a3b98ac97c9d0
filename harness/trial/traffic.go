package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// traffic is the flows of a trial. One that does not run, or of which nothing is known any more, has
// no reading, which leaves open what looks at it.
type traffic struct {
	lab *Lab
	rec *recorder

	mu    sync.Mutex
	runs  map[string]*flowRun
	since time.Time // from when on packets count; zero: those of the last while
	words string    // what began then
}

// flowRun is a flow that runs, or the reason why it does not.
type flowRun struct {
	scenarios.Flow
	name  string
	run   topologies.Flow
	begin time.Duration
	err   error
}

// begin starts the flows that begin now.
func (t *traffic) begin(ctx context.Context, now scenarios.FlowStart) {
	if t.lab.env.Rehearse {
		return
	}
	flows := t.lab.plan.Loaded.Scenario.Traffic
	for _, name := range slices.Sorted(maps.Keys(flows)) {
		if f := flows[name]; f.Begins() == now {
			r := &flowRun{Flow: f, name: name, begin: t.rec.now()}
			t.mu.Lock()
			t.runs[name] = r
			t.open(ctx, r)
			t.mu.Unlock()
		}
	}
}

// open starts a flow. It may be tried again: an address may not be there yet. The caller holds mu.
func (t *traffic) open(ctx context.Context, r *flowRun) {
	lab, able := topologies.As[topologies.Trafficker](t.lab.res)
	if !able {
		r.err = &topologies.MissingError{What: "sender of traffic", Name: "in this lab", Hint: cannotSend(t.lab.kind())}
		return
	}
	r.run, r.err = lab.Traffic(ctx, topologies.FlowSpec{
		Name: r.name, From: r.From, To: r.To, Dst: r.Dst, Src: r.Src, Port: r.Port, Interval: t.rec.clock.Real(r.Interval()),
		Size: r.Bytes(), Count: uint64(r.Count), DSCP: r.DSCP, //nolint:gosec // it is positive
	})
	if r.err != nil {
		r.run = nil
	}
}

// cannotSend says why a kind of lab has no traffic.
func cannotSend(kind topologies.Kind) string {
	switch kind {
	case topologies.KindVM:
		return "machines have networks of their own, in which this program opens no sockets"
	case topologies.KindHardware:
		return "the switches' ports are not this machine's"
	case topologies.KindSimulator:
		return "simulators have no networks"
	default:
		return "this lab has no way to open sockets in its nodes"
	}
}

// tooMuch tells of a flow that is more than this machine is asked to send, at the speed of the plan;
// and of one that a kind of lab cannot send. Empty where there is none.
func tooMuch(p *plan.Plan, kind topologies.Kind) string {
	flows := p.Loaded.Scenario.Traffic
	for _, name := range slices.Sorted(maps.Keys(flows)) {
		if kind == topologies.KindVM || kind == topologies.KindHardware {
			return fmt.Sprintf("traffic %s cannot be sent in a lab of kind %s: %s", name, kind, cannotSend(kind))
		}
		if rate := float64(flows[name].PerSecond()) * p.Clock.Factor(); rate > scenarios.MaxRate {
			return fmt.Sprintf("traffic %s is %.0f packets in a second of this machine%s, more than %d: a lower rate, or a lower speed", name, rate, p.Clock.Beside(), scenarios.MaxRate)
		}
	}
	return ""
}

// counts has packets count that are sent from now on.
func (t *traffic) counts(words string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since, t.words = time.Now(), words
}

// read reads a flow. Before the stimulus, and where the probe says so, the packets of the last while
// count.
func (t *traffic) read(ctx context.Context, p scenarios.TrafficProbe) (evidence.FlowReading, error) {
	if t.lab.env.Rehearse {
		return evidence.FlowReading{}, errors.New("a rehearsal sends no traffic")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.runs[p.Flow]
	switch {
	case r == nil:
		return evidence.FlowReading{}, fmt.Errorf("traffic %s has not begun", p.Flow)
	case r.run == nil:
		t.open(ctx, r)
	}
	if r.run == nil {
		return evidence.FlowReading{}, r.err
	}
	from, words := t.since, t.words
	moving := p.Last > 0 || from.IsZero()
	if last := p.Last; moving {
		if last == 0 {
			last = scenarios.DefaultLast
		}
		from, words = time.Now().Add(-t.rec.clock.Real(time.Duration(last))), "the last "+last.String()
	}
	f, err := t.reading(r, from, words, moving)
	if f.Clock = t.lab.clockAt(r.From, from); err != nil || f.Clock == nil || f.Clock.Within <= t.rec.clock.Real(r.Interval()) {
		return f, err
	}
	// What went so much earlier is what was sent since a moment that is so much later.
	before, err := t.reading(r, from.Add(f.Clock.Within), words, moving)
	after, failed := t.reading(r, from.Add(-f.Clock.Within), words, moving)
	f.Earlier, f.Later = &before, &after
	return f, errors.Join(err, failed)
}

// reading reads a flow in the lab's time. moving says that from is so long before now.
func (t *traffic) reading(r *flowRun, from time.Time, words string, moving bool) (evidence.FlowReading, error) {
	got := r.run.Read(from)
	if got.Broken != "" {
		return evidence.FlowReading{}, fmt.Errorf("traffic %s: %s", r.name, got.Broken)
	}
	lab := t.rec.clock.Lab
	f := evidence.FlowReading{
		Flow: r.name, Since: words, From: lab(from.Sub(t.rec.start)), To: lab(got.To.Sub(t.rec.start)),
		Sent: got.Sent, Refused: got.Refused, Received: got.Received, Lost: got.Lost, Pending: got.Pending, Duplicated: got.Duplicated, Reordered: got.Reordered,
		Late: got.Late, Latest: lab(got.Latest).Seconds(), Gaps: []evidence.FlowGap{}, Uncounted: got.Lossless,
	}
	if !got.Begun.IsZero() {
		f.Sending = &evidence.FlowSending{Begin: lab(got.Begun.Sub(t.rec.start)), Interval: r.Interval(), Moving: moving}
	}
	if !got.Begun.IsZero() && !got.Over.IsZero() {
		f.Sending.Over = max(lab(got.Over.Sub(t.rec.start)), 1)
	}
	if due := got.Sent - got.Pending; due > 0 {
		loss := float64(got.Lost) / float64(due)
		f.Loss = &loss
	}
	if got.Timed > 0 {
		f.Latency = &evidence.FlowLatency{P50: lab(got.P50).Seconds(), P95: lab(got.P95).Seconds(), P99: lab(got.P99).Seconds(), Max: lab(got.Max).Seconds()}
	}
	for _, o := range got.Outages {
		f.Gaps = append(f.Gaps, t.gap(r, from, o))
	}
	if !got.Silent {
		longest := t.gap(r, from, topologies.Outage{Begin: from, Length: got.Gap, Least: got.GapLeast, Most: got.GapMost})
		if len(f.Gaps) > 0 {
			longest.Start, longest.Goes = f.Gaps[0].Start, f.Gaps[0].Goes
		}
		f.Gap = &longest
	}
	return f, nil
}

// gap is an outage in the lab's time. What may be more or less by no more than a sending interval is
// known: no flow knows more.
func (t *traffic) gap(r *flowRun, from time.Time, o topologies.Outage) evidence.FlowGap {
	lab := func(d time.Duration) float64 { return t.rec.clock.Lab(d).Seconds() }
	g := evidence.FlowGap{Start: lab(o.Begin.Sub(from)), Length: lab(o.Length), Goes: o.Goes}
	if o.Most-o.Least > max(t.rec.clock.Real(r.Interval()), time.Millisecond) {
		g.Least, g.Most = lab(o.Least), lab(o.Most)
	}
	return g
}

// end ends the flows, and records what became of each. It may be called again.
func (t *traffic) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(t.runs)) {
		t.record(t.runs[name])
	}
	clear(t.runs)
}

func (t *traffic) record(r *flowRun) {
	e := evidence.Event{Kind: evidence.EventCollect, Phase: evidence.PhaseCollect, Name: "traffic " + r.name, Flow: &evidence.Flow{Name: r.name, From: r.From, To: r.To, What: r.String()}}
	if r.run == nil {
		t.rec.done(e, r.begin, fmt.Errorf("not sent: %w", r.err))
		return
	}
	from, words := t.since, t.words
	if from.IsZero() {
		from, words = t.rec.start.Add(t.rec.clock.Real(r.begin)), "its beginning"
	}
	reading, err := t.reading(r, from, words, false)
	series := r.run.Stop()
	if err == nil {
		e.Flow.Reading = &reading
		e.Detail = reading.String()
	}
	e.Flow.File = path.Join("traffic", r.name+".json")
	lab := t.rec.clock.Lab
	failed := evidence.WriteJSON(t.rec.dir.File(filepath.FromSlash(e.Flow.File)), evidence.FlowSeries{
		Flow: r.name, Begin: lab(series.Begin.Sub(t.rec.start)), Span: lab(series.Span), Sent: series.Sent, Received: series.Received,
	})
	t.rec.done(e, r.begin, errors.Join(err, pathless(failed)))
}
