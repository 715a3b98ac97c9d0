package trial

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// watchBefore watches the symptoms of which one look does not tell whether they were there before the stimulus
// already, just before it and side by side. One that was not there ends it: the trial then shows something new.
func (b *observer) watchBefore(ctx context.Context) {
	p := b.lab.plan
	if b.lab.env.Rehearse || !p.Rules.Since(evidence.RulesV5) {
		return
	}
	var watch []*plan.Check
	for _, c := range p.AskedBefore() {
		_, watched := c.Before()
		if truth, _ := judge.OnceBefore(c, p.Rules, b.looksBefore(c)); !watched && truth == evidence.False {
			return
		}
		if watched && p.UnseenBefore(c) == "" {
			watch = append(watch, c)
		}
	}
	if len(watch) == 0 {
		return
	}
	b.rec.onProgress(Progress{Text: "is the symptom there before the stimulus already?"})
	b.logs.before(ctx)
	b.lab.traffic.counts("the look before the stimulus")
	var stop atomic.Bool
	var wg sync.WaitGroup
	start := b.rec.now()
	b.lab.captures.phases.before(start)
	for _, c := range watch {
		wg.Go(func() {
			if b.watchOneBefore(ctx, c, start, &stop) == evidence.False {
				stop.Store(true)
			}
		})
	}
	wg.Wait()
}

// watchOneBefore watches a symptom before the stimulus. What it compares with is its own first look then.
func (b *observer) watchOneBefore(ctx context.Context, c *plan.Check, start time.Duration, stop *atomic.Bool) evidence.Truth {
	before, _ := c.Before()
	w := judge.NewWindow(before, start, b.lab.plan.Rules)
	var first *evidence.Observation
	b.look(ctx, c, c.Ref+evidence.Before, w, stop, func(o evidence.Observation) judge.Reading {
		if first == nil {
			first = &o
		}
		return judge.Evaluate(c, b.lab.plan.Rules, o, first)
	})
	now := b.rec.now()
	b.rec.event(evidence.Event{
		Kind: evidence.EventDecided, Lane: c.Cond.Node, Ref: c.Ref + evidence.Before, Name: c.Cond.Name + ", before the stimulus",
		At: now, Took: now - start, Detail: string(w.Truth) + ": " + w.Why,
	})
	return w.Truth
}

// looksBefore are the stored observations of a condition before the stimulus, as the judge will find them.
func (b *observer) looksBefore(c *plan.Check) []evidence.Observation {
	var looks []evidence.Observation
	for o, err := range evidence.ReadLines[evidence.Observation](b.rec.dir.File("observations.ndjson")) {
		if err != nil || o.Ref != c.Ref+evidence.Before {
			continue
		}
		if k := slices.IndexFunc(looks, func(l evidence.Observation) bool { return o.Same == l.Seq }); k >= 0 {
			o.Text = looks[k].Text
		}
		looks = append(looks, o)
	}
	return looks
}
