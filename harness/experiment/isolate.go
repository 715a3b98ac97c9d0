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
	Labs     int // side by side: idle ones try ahead what will likely be asked for
	Measure  int
	Controls int
	Single   bool
	KeepRate float64
	Budget   time.Duration
	// OnResult is told each run; again says that it was read and not run. OnLevel is told when
	// a level is done, OnLeft what is left when parts were taken out. All may be nil.
	OnResult func(e isolate.Entry, again bool)
	// OnReal is told before what is left is tried at speed 1. It may be nil.
	OnReal  func(runs int)
	OnLevel func(result.Level)
	OnLeft  func(left string)
}

// reduce are the options of the reduction itself.
func (o IsolateOptions) reduce() isolate.ReduceOptions {
	return isolate.ReduceOptions{Measure: o.Measure, ControlRuns: o.Controls, Single: o.Single, KeepRate: o.KeepRate, Budget: o.Budget}
}

// Isolate cuts a scenario to what its problem needs, and writes what is left below dir, a
// folder that [CreateSearch] made: result/, result-reliable/ and isolation.json. What an
// earlier call recorded there is not run again.
//
// A search at another speed than 1 has only shown what the problem needs at that speed: what is
// left is tried at speed 1 at last, as often as the scenario was measured, and its control as
// often as that was. The budget is not asked for these runs.
//
// The result holds for what was done, also beside an error.
func Isolate(ctx context.Context, b *Bench, dir evidence.Dir, c *PartsCutter, o IsolateOptions) (out result.Isolation, err error) {
	unlock, err := lock(dir)
	if err != nil {
		return out, err
	}
	defer unlock()
	whole, err := c.Plan(isolate.Whole(c.Parts.Units))
	if err != nil {
		return out, &OptionsError{err}
	}
	if err := (&runsHeld{dir: dir, clock: whole.Clock}).begun(); err != nil {
		return out, &OptionsError{err}
	}
	out.Clock, out.OneRun = whole.Clock, o.Single
	s := &isolation{bench: b, dir: dir, o: o, out: &out}
	red, err := s.reduce(ctx, c)
	if err == nil && red.Complete && out.Clock.Scaled() {
		out.Real, err = s.inRealTime(ctx, c, red.Kept)
	}
	if b.Close != nil {
		err = errors.Join(err, b.Close(context.WithoutCancel(ctx), nil))
	}
	if red == nil {
		return out, err
	}
	out.Reason = endedBy(ctx, err)
	return out, errors.Join(err, writeIsolation(dir, c, red, &out))
}

// endedBy is why a search ended without its answer; empty where it did not.
func endedBy(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return ""
	case ctx.Err() != nil:
		return "interrupted"
	default:
		return err.Error()
	}
}

// isolation is a reduction in the making.
type isolation struct {
	bench *Bench
	dir   evidence.Dir
	o     IsolateOptions
	out   *result.Isolation
}

// record opens a ledger of the folder for what an oracle says.
func (s *isolation) record(name string, c *PartsCutter, o isolate.Oracle) (*isolate.Recorder, error) {
	rec, err := isolate.NewRecorder(s.dir.File(name), begunWith(s.dir), c.Parts.Units, o)
	if err == nil {
		rec.OnResult = s.told
	}
	return rec, err
}

// told takes note of a run.
func (s *isolation) told(e isolate.Entry, again bool) {
	if e.Outcome == isolate.Other {
		s.out.Side = append(s.out.Side, fmt.Sprintf("%s (runs/%s)", e.Reason, e.Where))
		s.out.Meet(e.Failures, "runs/"+e.Where)
	}
	if s.o.OnResult != nil {
		s.o.OnResult(e, again)
	}
}

// reduce makes the search. It gives no reduction where nothing could be begun.
func (s *isolation) reduce(ctx context.Context, c *PartsCutter) (red *isolate.Reduction, err error) {
	o := s.o.reduce()
	o.OnLevel = s.o.OnLevel
	o.OnChange = func(left isolate.Candidate) {
		if s.o.OnLeft != nil {
			s.o.OnLeft(c.Parts.Describe(left.Kept))
		}
	}
	labs := NewLabOracle(c, s.bench, s.dir.File("runs"), s.o.Labs)
	s.out.Ahead, err = lookAhead(ctx, s.dir, labs, c.Parts.Units, o.Search(c.Parts.Units), func(ahead isolate.Oracle) (err error) {
		rec, err := s.record(searchLedger, c, ahead)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rec.Close()) }()
		red, err = isolate.Reduce(ctx, c.Parts.Units, rec, o)
		return err
	})
	return red, err
}

// inRealTime tries what is left, and its control, at speed 1.
func (s *isolation) inRealTime(ctx context.Context, c *PartsCutter, left isolate.Candidate) (out *result.RealTime, err error) {
	slow := *c
	slow.Options.Speed = 1
	labs := NewLabOracle(&slow, s.bench, s.dir.File("runs"), s.o.Labs)
	defer func() { err = errors.Join(err, labs.Close(context.WithoutCancel(ctx))) }()
	rec, err := s.record(realTimeLedger, &slow, labs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rec.Close()) }()
	if s.o.OnReal != nil {
		s.o.OnReal(s.o.Measure + s.o.Controls)
	}
	return s.o.realTime(ctx, rec, left)
}

// realTime tries what is left, and its control, with an oracle of labs at speed 1.
func (o IsolateOptions) realTime(ctx context.Context, slow isolate.Oracle, left isolate.Candidate) (*result.RealTime, error) {
	left.Patience = 0
	final, err := counted(ctx, slow, left, o.Measure)
	control := result.Count{}
	if err == nil && o.Controls > 0 {
		left.Control = true
		control, err = counted(ctx, slow, left, o.Controls)
	}
	seen := result.NewRealTime(final, control)
	return &seen, err
}

// counted tries a candidate n times.
func counted(ctx context.Context, o isolate.Oracle, c isolate.Candidate, n int) (result.Count, error) {
	results, err := o.Try(ctx, c, n)
	var count result.Count
	for _, r := range results {
		r.Outcome.CountIn(&count)
	}
	return count, err
}

// reduced fills in what a reduction came to.
func reduced(parts *Parts, red *isolate.Reduction, out *result.Isolation) {
	out.Complete = red.Complete
	out.Before, out.After = parts.Describe(isolate.Whole(parts.Units).Kept), parts.Describe(red.Kept.Kept)
	out.Original, out.Control, out.Final, out.Runs, out.Levels = red.Original, red.Control, red.Final, red.Runs(), red.Levels
	if out.Real != nil {
		out.Runs += out.Real.Final.Runs() + out.Real.Control.Runs()
	}
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
}

// writeIsolation writes what a reduction came to, however it ended.
func writeIsolation(dir evidence.Dir, c *PartsCutter, red *isolate.Reduction, out *result.Isolation) error {
	l, parts := c.Loaded, c.Parts
	out.Dir, out.Scenario, out.Title = dir.Path, l.Scenario.ID, l.Scenario.Title
	out.Result, out.Why = dir.File("result"), dir.File("why-needed.md")
	reduced(parts, red, out)
	cut := parts.Cut(red.Kept.Kept)
	out.Unset = len(l.Scenario.Stimulus) > 0
	for i := range l.Scenario.Stimulus {
		out.Unset = out.Unset && cut.Steps[i]
	}
	err := writeScenario(l, out.Result, cut)
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
