package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/scenarios"
)

// IsolateOptions are the choices of a reduction; see [isolate.ReduceOptions].
type IsolateOptions struct {
	Labs     int // side by side
	Measure  int
	Controls int
	Single   bool
	KeepRate float64
	Budget   time.Duration
	// OnResult is told each run; again says that it was read and not run. OnLevel is told when
	// a level is done, OnLeft what is left when parts were taken out. All may be nil.
	OnResult func(e isolate.Entry, again bool)
	OnLevel  func(result.Level)
	OnLeft   func(left string)
}

// Isolate cuts a scenario to what its problem needs, and writes what is left below dir, a
// folder that [CreateSearch] made: result/, result-reliable/ and isolation.json. What an
// earlier call recorded there is not run again.
//
// The result holds for what was done, also beside an error.
func Isolate(ctx context.Context, b *Bench, dir evidence.Dir, c *PartsCutter, o IsolateOptions) (out result.Isolation, err error) {
	unlock, err := lock(dir)
	if err != nil {
		return out, err
	}
	defer unlock()
	env := b.Env
	env.Lean = true
	labs := NewLabOracle(c, env, dir.File("runs"), b.Tool, o.Labs)
	defer func() { err = errors.Join(err, labs.Close(context.WithoutCancel(ctx))) }()
	rec, err := isolate.NewRecorder(dir.File("ledger.ndjson"), c.Parts.Units, labs)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, rec.Close()) }()
	rec.OnResult = func(e isolate.Entry, again bool) {
		if e.Outcome == isolate.Other {
			out.Side = append(out.Side, fmt.Sprintf("%s (runs/%s)", e.Reason, e.Where))
			out.Meet(e.Failures, "runs/"+e.Where)
		}
		if o.OnResult != nil {
			o.OnResult(e, again)
		}
	}
	red, err := isolate.Reduce(ctx, c.Parts.Units, rec, isolate.ReduceOptions{
		Measure: o.Measure, ControlRuns: o.Controls, Single: o.Single, KeepRate: o.KeepRate, Batch: o.Labs, Budget: o.Budget,
		OnLevel: o.OnLevel,
		OnChange: func(left isolate.Candidate) {
			if o.OnLeft != nil {
				o.OnLeft(c.Parts.Describe(left.Kept))
			}
		},
	})
	if b.Close != nil {
		err = errors.Join(err, b.Close(context.WithoutCancel(ctx), nil))
	}
	return out, errors.Join(err, writeIsolation(dir, c, red, &out))
}

// writeIsolation writes what a reduction came to, however it ended.
func writeIsolation(dir evidence.Dir, c *PartsCutter, red *isolate.Reduction, out *result.Isolation) error {
	l, parts := c.Loaded, c.Parts
	out.Dir, out.Scenario, out.Title = dir.Path, l.Scenario.ID, l.Scenario.Title
	out.Result, out.Why, out.Complete = dir.File("result"), dir.File("why-needed.md"), red.Complete
	out.Before, out.After = parts.Describe(isolate.Whole(parts.Units).Kept), parts.Describe(red.Kept.Kept)
	out.Original, out.Control, out.Final, out.Runs, out.Levels = red.Original, red.Control, red.Final, red.Runs(), red.Levels
	for i, u := range parts.Units {
		if !red.Kept.Kept[i] {
			continue
		}
		n, ok := red.Needed[i]
		if !ok {
			out.Around = append(out.Around, u.ID)
			continue
		}
		out.Needed = append(out.Needed, result.NeededPart{
			Part: u.ID, Need: n, P: stats.FisherLess(red.Original.Hits, red.Original.Valid(), n.Without.Hits, n.Without.Valid()),
		})
	}
	err := writeScenario(l, out.Result, parts.Cut(red.Kept.Kept))
	if red.Reliable != nil {
		out.Reliable = dir.File("result-reliable")
		err = errors.Join(err, writeScenario(l, out.Reliable, parts.Cut(red.Reliable.Kept)))
	}
	return errors.Join(err, evidence.WriteJSON(dir.File("isolation.json"), out))
}

// writeScenario replaces a folder with the scenario that is left.
func writeScenario(l *scenarios.Loaded, path string, cut scenarios.Cut) error {
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return l.Write(path, cut)
}
