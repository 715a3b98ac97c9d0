package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// NotHealedError says that a fault could not be taken back.
type NotHealedError struct{ Err error }

func (e *NotHealedError) Error() string { return "take the fault back: " + e.Err.Error() }
func (e *NotHealedError) Unwrap() error { return e.Err }

// TryKept puts a fault on a link of a lab that is up, takes it back after the step's time, or when ctx is cancelled,
// and says what it did. Times are real. Frames are captured at both ends of the link meanwhile, into a folder that is
// there; say is told why an end has no witness. Nothing else of the lab is looked at or changed. The result is written
// beside the captures, also where there is an error: a *[NotHealedError] where the fault may still be in force.
func TryKept(ctx context.Context, res topologies.Reservation, step scenarios.Step, link topologies.Link, dir string, say func(line string)) (result.Tried, error) {
	named := step
	if named.Count == scenarios.AllFrames {
		named.Count = 0 // in words
	}
	out := result.Tried{
		Reprise: evidence.Format, Dir: dir, On: step.Link, Words: named.Action().Words(), Frames: []result.TriedFrame{},
		Outcome: result.Inconclusive, Answer: "nothing was tried",
	}
	faulter, ok := topologies.As[topologies.Faulter](res)
	if !ok {
		return out, &topologies.MissingError{What: "fault", Name: string(step.Fault), Hint: "this kind of lab puts none on its links"}
	}
	w := watchEnds(ctx, res, link, dir, say)
	err := keptFault(ctx, allOrNothing(res, faulter), step, &out)
	seen, werr := w.end(ctx, say)
	arrivals(out.Frames, seen, comes(step.Fault))
	if err == nil {
		out.Outcome, out.Answer = triedAnswer(out, evidence.TrialVerdict{}, false)
	} else {
		out.Answer = err.Error()
	}
	if ctx.Err() != nil {
		out.Answer = "interrupted, and taken back: " + out.Answer
		if _, not := errors.AsType[*NotHealedError](err); not {
			out.Answer = "interrupted, and not taken back: " + err.Error()
		}
	}
	return out, errors.Join(err, werr, evidence.WriteJSON(filepath.Join(dir, "tried.json"), out))
}

// keptFault puts the fault in, once or as often as its link flaps, and takes it back.
func keptFault(ctx context.Context, faulter topologies.Faulter, step scenarios.Step, out *result.Tried) error {
	f, last, times := trial.LinkFault(step, evidence.Clock{}), time.Duration(step.For), 1
	if step.Fault == scenarios.FaultFlap {
		f, last, times = topologies.Fault{Kind: topologies.FaultDown, Endpoint: f.Endpoint}, time.Duration(step.FlapDown()), max(step.Times, 1)
	}
	for i := range times {
		if i > 0 && !passes(ctx, time.Duration(step.FlapUp())) {
			return nil
		}
		if err := keptOnce(ctx, faulter, f, step.Fault, last, out); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// keptOnce puts a fault in for a time, and tells what it did.
func keptOnce(ctx context.Context, faulter topologies.Faulter, f topologies.Fault, kind scenarios.Fault, last time.Duration, out *result.Tried) error {
	active, err := faulter.Inject(ctx, f)
	if err != nil {
		return err
	}
	if out.Began == nil {
		began := time.Now()
		out.Began, out.By = &began, trial.ActsBy(active, kind)
	}
	if teller, ok := topologies.As[topologies.LossTeller](active); ok {
		out.Lost = teller.Lost()
	}
	passes(ctx, last)
	_, err = active.Fired(context.WithoutCancel(ctx))
	if herr := healKept(ctx, active); herr != nil {
		return errors.Join(err, herr)
	}
	ended := time.Now()
	out.Ended = &ended
	if err == nil {
		_, err = active.Fired(context.WithoutCancel(ctx)) // what went wrong at the end is known now
	}
	if err != nil {
		return fmt.Errorf("nobody knows what it did: %w", err)
	}
	if teller, ok := topologies.As[topologies.ActedTeller](active); ok && f.Kind.OnFrames() {
		if acted, known := teller.Acted(); known {
			out.Did = trial.FramesOf(acted, evidence.Clock{})
		}
	}
	if out.Did != nil {
		for _, h := range out.Did.First {
			out.Frames = append(out.Frames, result.TriedFrame{Hit: h})
		}
	}
	return nil
}

// keptFaulter puts faults in, or leaves nothing of them.
type keptFaulter struct {
	topologies.Faulter

	cleaner topologies.Cleaner // nil: none
}

func allOrNothing(res topologies.Reservation, faulter topologies.Faulter) keptFaulter {
	cleaner, _ := topologies.As[topologies.Cleaner](res)
	return keptFaulter{faulter, cleaner}
}

// Inject implements topologies.Faulter. Once it has begun nothing interrupts it: what was asked for may take place all
// the same. The error is a *[NotHealedError] where something may be left in force.
func (k keptFaulter) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	active, err := k.Faulter.Inject(ctx, f)
	if err == nil {
		return active, nil
	}
	if ctx.Err() != nil {
		return nil, &NotHealedError{fmt.Errorf("it may come into force yet: %w", err)}
	}
	if active != nil {
		err = errors.Join(err, healKept(ctx, active))
	}
	if k.cleaner != nil {
		if left := k.cleaner.Clear(ctx, f.Endpoint); left != nil {
			err = errors.Join(err, &NotHealedError{left})
		}
	}
	return nil, err
}

func healKept(ctx context.Context, active topologies.Active) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	if err := active.Heal(ctx); err != nil {
		return &NotHealedError{err}
	}
	return nil
}

// passes waits, and reports whether the time has passed before ctx was cancelled.
func passes(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// witness captures what passes one end of a link.
type witness struct {
	at   topologies.Endpoint
	file string
	run  topologies.Capture
}

// witnesses are those of both ends, as far as there are any.
type witnesses []witness

// watchEnds begins to capture at both ends of a link.
func watchEnds(ctx context.Context, res topologies.Reservation, link topologies.Link, dir string, say func(string)) (list witnesses) {
	capturer, ok := topologies.As[topologies.Capturer](res)
	if !ok {
		say("no witness: this kind of lab captures no frames")
		return nil
	}
	folder := filepath.Join(dir, "captures")
	if err := os.Mkdir(folder, 0o700); err != nil {
		say("no witness: " + err.Error())
		return nil
	}
	for i, at := range []topologies.Endpoint{link.A, link.B} {
		at = topologies.Endpoint{Node: at.Node, Interface: at.Interface}
		name := strings.NewReplacer(":", "-", "/", "-").Replace(at.String())
		w := witness{at: at, file: filepath.Join(folder, fmt.Sprintf("%d-%s.pcapng", i+1, name))}
		var err error
		if w.run, err = capturer.Capture(ctx, topologies.CaptureSpec{Endpoint: at, Path: w.file, About: "fault try in a lab that is up", Max: keptCapture}); err != nil {
			say(fmt.Sprintf("no witness at %s: %v", at, err))
			continue
		}
		list = append(list, w)
	}
	return list
}

// keptCapture bounds a witness's file, in bytes.
const keptCapture = 64 << 20

// end ends the captures, and gives when frames arrived at each end that lost none, as witnessed does; say is told of
// the others.
func (list witnesses) end(ctx context.Context, say func(string)) (map[string]map[string][]time.Time, error) {
	all := map[string]map[string][]time.Time{}
	var errs []error
	for _, w := range list {
		_, err := w.run.Sync(context.WithoutCancel(ctx))
		got, serr := w.run.Stop()
		if err = errors.Join(err, serr); err != nil {
			errs = append(errs, fmt.Errorf("capture at %s: %w", w.at, err))
			continue
		}
		if lost := got.Dropped + got.Discarded; lost > 0 {
			say(fmt.Sprintf("no witness at %s: the capture there lost %d frames", w.at, lost))
			continue
		}
		at, err := arrived(w.file)
		if err != nil {
			errs = append(errs, fmt.Errorf("read the capture at %s: %w", w.at, err))
			continue
		}
		all[w.at.String()] = at
	}
	return all, errors.Join(errs...)
}
