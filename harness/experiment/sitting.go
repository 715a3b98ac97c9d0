package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// Bench is where an experiment's trials are executed and recorded.
type Bench struct {
	// Env has the provider of labs and the drivers. Its Dir is filled in for each series.
	Env trial.Environment
	// Pool executes the trials; nil is [Here].
	Pool   Pool
	Parent string // folder for run directories
	Tool   evidence.Tool
	// Observer is told of what happens; nil tells nobody.
	Observer Observer
	// Close gives back what an experiment had beyond its labs, when these are down. It is
	// told the ids of the runs that were made.
	Close func(ctx context.Context, runs []string) error
	// Resume are the sides of the same experiment that was broken off: it goes on in their directories, and
	// asks again only for trials that they have not counted. Empty begins anew.
	Resume []Recording
	// Report renders a run that is over. Nil renders nothing.
	Report func(evidence.Dir) error
}

// Observer is told how an experiment goes, from several goroutines at once.
type Observer interface {
	// Recording names the sides of the experiment whose run directories are there now.
	Recording(sides []Recording)
	// Tried is told of each trial that is over.
	Tried(Tried)
}

// Recording is one side of an experiment, and where its evidence goes.
type Recording struct{ Side, Dir string }

// Tried is one trial that is over, and how the experiment stands since.
type Tried struct {
	Side    string
	Clock   evidence.Clock // of the lab
	Lab     int
	Verdict evidence.TrialVerdict
	Took    time.Duration
	Status  string
}

// Check reports whether the labs of the plans can be built here. Nothing is started and
// nothing written.
func (b *Bench) Check(ctx context.Context, plans ...*plan.Plan) error {
	for _, p := range plans {
		if err := b.Env.Provider.Check(ctx, p.Topology); err != nil {
			return err
		}
	}
	return nil
}

// sitting is several series whose trials alternate, so that what they are compared for is
// the only thing that differs.
type sitting struct {
	bench  *Bench
	series []Series
	sides  []Recording
	held   []*os.File // directories that are locked
	labs   SideBySide
}

// record makes the run directory of one side, or goes on in the one it has. Nobody else works in it
// until the end.
func (s *sitting) record(ctx context.Context, side string, p *plan.Plan) (series Series, err error) {
	if i := slices.IndexFunc(s.bench.Resume, func(r Recording) bool { return r.Side == side }); i >= 0 {
		dir := evidence.Dir{Path: s.bench.Resume[i].Dir}
		if err := s.hold(dir); err != nil {
			return nil, err
		}
		if err := trial.SameLab(ctx, p, dir, s.bench.Env.Provider); err != nil {
			return nil, &OptionsError{err}
		}
		if err := wholeSoFar(dir); err != nil {
			return nil, &OptionsError{err}
		}
		series, err = s.bench.pool().Reopen(ctx, p, dir, s.bench.Env)
	} else if len(s.bench.Resume) > 0 {
		return nil, &OptionsError{fmt.Errorf("what was broken off has no side %q", side)}
	} else {
		series, err = s.bench.pool().Series(ctx, p, s.bench.Parent, s.bench.Env, s.bench.Tool)
		if err == nil {
			err = s.hold(series.Dir())
		}
	}
	if err != nil {
		return nil, &RecordError{err}
	}
	s.series = append(s.series, series)
	s.sides = append(s.sides, Recording{side, series.Dir().Path})
	return series, nil
}

// wholeSoFar reports, as an error, what of a run is not as its ledger tells: what is gone on with is what was counted. A run that
// was ended between the verdict and the line of a trial is none such.
func wholeSoFar(dir evidence.Dir) error {
	err := dir.CheckLedger()
	if _, cut := errors.AsType[*evidence.BrokenOffError](err); err == nil || cut {
		return nil
	}
	return fmt.Errorf("go on in %s: %w", dir.Path, err)
}

// hold keeps other processes out of a run directory until the end.
func (s *sitting) hold(dir evidence.Dir) error {
	f, err := os.Open(dir.Path)
	if err != nil {
		return fmt.Errorf("lock the run: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written to it
		return fmt.Errorf("%s: %w", dir.Path, ErrInUse)
	}
	s.held = append(s.held, f)
	return nil
}

// answerable is how many trials of a series that was opened again will be answered from its ledger.
func answerable(series Series) (n int, err error) {
	entries, err := series.Dir().Ledger()
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		v, _, err := series.Dir().Trial(e.Trial).Verdict()
		if err != nil {
			return 0, err
		}
		if !judge.CutShort(v) {
			n++
		}
	}
	return n, nil
}

// RecordError says that no run directory could be made.
type RecordError struct{ Err error }

func (e *RecordError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// begun tells the observer where the evidence goes.
func (s *sitting) begun() {
	if s.bench.Observer != nil {
		s.bench.Observer.Recording(s.sides)
	}
}

// try makes one trial in a lab. count takes its verdict and says how the experiment stands
// since; it is not called where the trial could not be recorded.
func (s *sitting) try(ctx context.Context, side string, series Series, lab int, count func(evidence.TrialVerdict) (status string, err error)) error {
	start := time.Now()
	a, err := s.labs.TryWithin(ctx, series, lab, 0)
	v := a.Verdict
	switch none, ok := errors.AsType[*trial.RoomError](err); {
	case ok && ctx.Err() == nil:
		return fmt.Errorf("%s: %w", side, none)
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("trial %d (%s): %w", v.Trial, side, err)
	}
	if v.Trial == 0 {
		return nil // it was cancelled, and there is no record of it
	}
	status, err := count(v)
	if err != nil {
		return err
	}
	if s.bench.Observer != nil {
		s.bench.Observer.Tried(Tried{Side: side, Clock: series.Plan().Clock, Lab: lab, Verdict: v, Took: time.Since(start), Status: status})
	}
	return nil
}

// end takes every lab down, judges each series as a run and has it rendered.
func (s *sitting) end(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	var runs []string
	for _, series := range s.series {
		errs = append(errs, series.Close(ctx))
		runs = append(runs, series.Dir().ID())
	}
	if s.bench.Close != nil {
		errs = append(errs, s.bench.Close(ctx, runs))
	}
	for _, series := range s.series {
		if series.Trials() == 0 {
			continue
		}
		_, _, err := series.Summarise()
		errs = append(errs, err)
		if s.bench.Report != nil {
			errs = append(errs, s.bench.Report(series.Dir()))
		}
	}
	for _, f := range s.held {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// inLabs is inLabs, where a lab is at work as long as there is more for it.
func (s *sitting) inLabs(ctx context.Context, labs int, work func(ctx context.Context, lab int) (more bool, err error)) error {
	end := s.labs.BeginAll(labs)
	return inLabs(ctx, labs, func(ctx context.Context, lab int) (bool, error) {
		more, err := work(ctx, lab)
		if !more || err != nil {
			end[lab-1]()
		}
		return more, err
	})
}

// inLabs runs work side by side, once per lab, until each says that there is no more. The
// first error ends all.
func inLabs(ctx context.Context, labs int, work func(ctx context.Context, lab int) (more bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, labs)
	var wg sync.WaitGroup
	for i := range labs {
		wg.Go(func() {
			for more := true; more && ctx.Err() == nil; {
				if more, errs[i] = work(ctx, i+1); errs[i] != nil {
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func isHit(v evidence.TrialVerdict) bool { return v.Verdict == evidence.Reproduced }

func isValid(v evidence.TrialVerdict) bool { return isHit(v) || v.Verdict == evidence.NotReproduced }
