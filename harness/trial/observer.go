package trial

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// observer looks at conditions, and records what it sees.
type observer struct {
	lab    *Lab
	rec    *recorder
	deaths *deathWatch
	logs   *logs
	faults *faults
	since  *armedSince // of a condition that counts from when a fault took force; nil for others
}

// watched are conditions of which one that is false, or stop when it is set, ends the others.
type watched struct {
	checks []plan.Check
	stop   *atomic.Bool
	seen   func(i int, s judge.Reading) // is told of every look; nil tells nobody
}

func watching(checks []plan.Check) watched { return watched{checks: checks, stop: &atomic.Bool{}} }

// watchAll watches the conditions of a phase side by side until each is decided, and
// reports whether all are true. One that is false ends the others of its list: they cannot
// change what follows.
func (b *observer) watchAll(ctx context.Context, phase evidence.Phase, lists ...watched) bool {
	part := ""
	if phase == evidence.PhaseWorkaround {
		part = evidence.PhaseExpect // its steps have begun it
	}
	end := b.rec.beginPart(phase, part)
	start := b.rec.now()
	var wg sync.WaitGroup
	var results []*evidence.Truth
	for _, list := range lists {
		for i := range list.checks {
			holds := new(evidence.Truth)
			results = append(results, holds)
			wg.Go(func() {
				*holds = b.watchTelling(ctx, &list.checks[i], start, list.stop, func(s judge.Reading) {
					if list.seen != nil {
						list.seen(i, s)
					}
				})
				if *holds == evidence.False {
					list.stop.Store(true)
				}
			})
		}
	}
	wg.Wait()
	if phase == evidence.PhaseSymptom {
		b.faults.tally(ctx) // before anything else takes time
	}
	end()
	b.deaths.record(ctx)
	if !(labState{b.lab, b.rec}).check(ctx) {
		return false // nothing that follows can give this trial another verdict
	}
	return b.lab.env.Rehearse || !slices.ContainsFunc(results, func(t *evidence.Truth) bool { return *t != evidence.True })
}

// watch looks at one condition until it is decided, its window ends, or stop is set.
func (b *observer) watch(ctx context.Context, c *plan.Check, start time.Duration, stop *atomic.Bool) evidence.Truth {
	return b.watchTelling(ctx, c, start, stop, func(judge.Reading) {})
}

// watchTelling is watch for who wants to know of each look.
func (b *observer) watchTelling(ctx context.Context, c *plan.Check, start time.Duration, stop *atomic.Bool, seen func(judge.Reading)) evidence.Truth {
	if b.lab.env.Rehearse {
		return b.rehearse(ctx, c)
	}
	w := judge.NewWindow(c.Cond, start, b.lab.plan.Rules)
	before := b.before(c)
	b.look(ctx, c, c.Ref, w, stop, func(o evidence.Observation) judge.Reading {
		s := judge.Evaluate(c, b.lab.plan.Rules, o, before)
		seen(s)
		return s
	})
	b.decided(c, w.Truth, w.Why)
	return w.Truth
}

// look looks at a condition until its window is decided or ends, or stop is set, and decides what is left of it then.
func (b *observer) look(ctx context.Context, c *plan.Check, ref string, w *judge.Window, stop *atomic.Bool, read func(evidence.Observation) judge.Reading) {
	for !w.Decided() && !stop.Load() && ctx.Err() == nil {
		due := b.rec.now() + w.Interval
		o := b.observe(ctx, c, ref, b.rec.clock.Real(max(w.Deadline()-b.rec.now(), 0))+probeTimeout/4)
		w.Observe(read(o))
		if w.Decided() || o.At >= w.Deadline() || w.Covered(o.At+o.Took) {
			break
		}
		b.rec.wait(ctx, min(due, max(w.Deadline(), b.rec.now()))-b.rec.now())
	}
	w.Expire(b.rec.now())
}

// rehearse looks once: that the device answers and the expression has a value is all that
// a rehearsal asks.
func (b *observer) rehearse(ctx context.Context, c *plan.Check) evidence.Truth {
	s := judge.Evaluate(c, b.lab.plan.Rules, b.observe(ctx, c, c.Ref, probeTimeout), b.before(c))
	truth, why := evidence.True, "rehearsed: "+evidence.Short(s.Value)
	if s.Err != "" {
		truth, why = evidence.Unknown, s.Err
	}
	b.decided(c, truth, why)
	return truth
}

func (b *observer) decided(c *plan.Check, truth evidence.Truth, why string) {
	b.rec.event(evidence.Event{Kind: evidence.EventDecided, Lane: c.Cond.Node, Ref: c.Ref, Name: c.Cond.Name, Detail: string(truth) + ": " + why})
}

// observeBefore looks once at every symptom, and at what is expected, before the stimulus: for those that compare with
// it, and to know of a symptom that is there already, where one look tells. What counts from the stimulus on has
// nothing to look at yet; but no such death was there before either where nothing of the kind died since the trial
// began. Lines, frames and packets are watched.
func (b *observer) observeBefore(ctx context.Context) {
	checks := slices.Concat(b.lab.plan.Symptom, b.lab.plan.Expect)
	for i := range checks {
		c := &checks[i]
		_, watched := c.Before()
		if !c.Cond.Probe().Sight().Anew || c.Cond.Never > 0 && (!watched || !b.lab.plan.Rules.Since(evidence.RulesV5)) {
			b.observe(ctx, c, c.Ref+evidence.Before, probeTimeout)
		}
	}
}

// before gives the stored observation before the stimulus, as the judge will find it.
func (b *observer) before(c *plan.Check) *evidence.Observation {
	if !c.Predicate.UsesBefore {
		return nil
	}
	looks := b.looksBefore(c)
	if len(looks) == 0 {
		return nil
	}
	return &looks[len(looks)-1]
}

// observe runs the probe of a condition once and records what it saw.
func (b *observer) observe(ctx context.Context, c *plan.Check, ref string, timeout time.Duration) evidence.Observation {
	o := evidence.Observation{At: b.rec.now(), Ref: ref, Node: c.Cond.Node, Probe: string(c.Cond.Probe().Kind()), Exit: drivers.NoExit}
	if err := b.probe(ctx, question{check: c, seen: &o, timeout: min(timeout, probeTimeout)}); err != nil {
		o.Error = err.Error()
		b.rec.lacks(o.Node, err)
	}
	o.Took = b.rec.now() - o.At
	o.Text, o.Error, o.Refusal = b.rec.redact.Text(o.Text), b.rec.hide(b.rec.redact.Text(o.Error)), b.rec.redact.Text(o.Refusal)
	if o.Hidden != nil {
		o.Hidden.Words = b.rec.redact.Text(o.Hidden.Words)
	}
	if s := judge.Evaluate(c, b.lab.plan.Rules, o, nil); s.Err == "" {
		o.Value = evidence.Short(s.Value)
	}
	b.rec.observation(&o)
	return o
}

func (b *observer) probe(ctx context.Context, q question) (err error) {
	probe, ok := probes()[q.check.Cond.Probe().Kind()]
	if !ok {
		return fmt.Errorf("condition %s has no probe", q.check.Ref)
	}
	if q.check.Cond.Node == "" { // it looks at none
		return probe(ctx, b, q)
	}
	if q.node, err = b.lab.node(q.check.Cond.Node); err != nil {
		return err
	}
	q.seen.Ports = q.node.ports
	return probe(ctx, b, q)
}
