package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
)

// barren trials of a point, and it tells nothing: its frame does not come.
const barren = 4

// SweepPoint is one value of what a sweep varies, and the plan that has it.
type SweepPoint struct {
	Nth  int
	Plan *plan.Plan
}

// SweepOptions are the choices of a sweep.
type SweepOptions struct {
	Fault, Words string     // the step that is varied, and what it does
	Rule         StopRule   // of each point
	Control      *plan.Plan // nil: none
	Controls     int        // its trials, which come first
}

// Sweep measures a scenario with a fault that acts on another frame at each point, one after the
// other, until each rate is told from none, and writes sweep.json into dir, beside the points' runs.
// Where the control shows the symptom too, no point could tell anything, and none is tried; after a point
// without a valid trial none is either, for a frame that did not come has no successors.
//
// A sweep at another speed than 1 has only shown what a frame does at that speed: its control is tried
// at speed 1 too, before any point, and each frame that triggers the problem at speed 1 at last. Only
// one that does there is an answer.
//
// What an earlier call measured in dir to its end is not measured again; a point that was broken off is
// measured anew.
//
// The result is that of the points that were tried, also beside an error; when ctx is cancelled the
// error is ctx's.
func Sweep(ctx context.Context, b *Bench, dir evidence.Dir, points []SweepPoint, o SweepOptions) (result.Sweep, error) {
	unlock, err := lock(dir)
	if err != nil {
		return result.Sweep{}, err
	}
	defer unlock()
	out := result.Sweep{Reprise: evidence.Format, Dir: dir.Path, Fault: o.Fault, Words: o.Words, Left: len(points)}
	if len(points) > 0 {
		out.Clock = points[0].Plan.Clock
	}
	inner := *b
	inner.Parent = dir.Path
	var runs []string
	inner.Close = func(_ context.Context, ids []string) error {
		runs = append(runs, ids...)
		return nil
	}
	o.Rule.Barren = barren
	s := &sweeping{bench: &inner, dir: dir, file: dir.File("measured.json"), o: o, out: &out}
	err = s.run(ctx, points)
	if _, refused := errors.AsType[*OptionsError](err); refused {
		return result.Sweep{}, err
	}
	if b.Close != nil {
		err = errors.Join(err, b.Close(context.WithoutCancel(ctx), runs))
	}
	out.Outcome, out.Answer = sweepAnswer(out)
	if ctx.Err() != nil {
		out.Outcome, out.Answer, err = result.Inconclusive, "interrupted: "+out.Answer, errors.Join(ctx.Err(), err)
	}
	return out, errors.Join(err, evidence.WriteJSON(dir.File("sweep.json"), out))
}

// measured is measured.json: what a sweep has measured to its end, for who goes on with it.
type measured struct {
	measuredAt
	Begun string     `json:"begun,omitempty"`    // the SHA-256 of the options that it was begun with
	Real  measuredAt `json:"real-time,omitzero"` // at speed 1, of a sweep at another
}

// measuredAt is what was measured at one speed.
type measuredAt struct {
	Control       *result.Proportion  `json:"control"` // null: not yet, or there is none
	ControlTrials int                 `json:"control-trials"`
	Points        []result.SweepPoint `json:"points"` // in the order of the sweep
}

// readMeasured reads what an earlier call measured; nothing where none did.
func readMeasured(file string, points []SweepPoint) (m measured, err error) {
	if err := evidence.ReadJSON(file, &m); errors.Is(err, fs.ErrNotExist) {
		return measured{}, nil
	} else if err != nil {
		return m, fmt.Errorf("read what was measured: %w", err)
	}
	for i, p := range m.Points {
		if i >= len(points) || p.Nth != points[i].Nth {
			return m, fmt.Errorf("%s is of another sweep: it has frame %d in place %d", file, p.Nth, i+1)
		}
	}
	return m, nil
}

// sweeping is a sweep in the making.
type sweeping struct {
	bench *Bench
	dir   evidence.Dir
	file  string // measured.json
	done  measured
	o     SweepOptions
	out   *result.Sweep
}

func (s *sweeping) run(ctx context.Context, points []SweepPoint) (err error) {
	if s.done, err = readMeasured(s.file, points); err != nil {
		return err
	}
	if err := newSweepHeld(s.dir, points, s.o).begun(s.done); err != nil {
		return &OptionsError{err}
	}
	s.done.Begun = begunWith(s.dir)
	if s.o.Control != nil && s.o.Controls > 0 {
		if clean, err := s.control(ctx, s.o.Control, &s.done.measuredAt, &s.out.Control); err != nil || !clean {
			return err
		}
		if s.out.Clock.Scaled() {
			slow, err := s.o.Control.WithSpeed(1)
			if err != nil {
				return err
			}
			s.out.Real = &result.SweepReal{}
			if clean, err := s.control(ctx, slow, &s.done.Real, &s.out.Real.Control); err != nil || !clean {
				return err
			}
		}
	}
	for i, p := range points {
		at, err := s.point(ctx, p, &s.done.measuredAt, &s.out.Points)
		if at.Dir != "" {
			s.out.Left = len(points) - i - 1
		}
		if err != nil {
			return err
		}
		if at.Effect == result.EffectUnknown {
			break
		}
	}
	return s.inRealTime(ctx, points)
}

// inRealTime tries at speed 1 what triggers the problem at another.
func (s *sweeping) inRealTime(ctx context.Context, points []SweepPoint) error {
	if !s.out.Clock.Scaled() {
		return nil
	}
	for i, p := range s.out.Points {
		if p.Effect != result.EffectTriggers {
			continue
		}
		slow, err := points[i].Plan.WithSpeed(1)
		if err != nil {
			return err
		}
		if s.out.Real == nil {
			s.out.Real = &result.SweepReal{}
		}
		if _, err := s.point(ctx, SweepPoint{Nth: p.Nth, Plan: slow}, &s.done.Real, &s.out.Real.Points); err != nil {
			return err
		}
	}
	return nil
}

// control tries the control at one speed, or takes what was measured there. It is clean where it has
// valid trials, and none of them shows the symptom.
func (s *sweeping) control(ctx context.Context, p *plan.Plan, at *measuredAt, out **result.Proportion) (clean bool, err error) {
	if at.Control == nil {
		r, err := Rate(ctx, s.bench, p, nil, RateOptions{Rule: StopRule{Runs: s.o.Controls}})
		q := result.NewProportion("control", r.Reproduced, r.Valid)
		*out = &q
		if err != nil {
			s.out.Trials += r.Trials
			return false, err
		}
		at.Control, at.ControlTrials = &q, r.Trials
		if q.Valid > 0 { // without, it is measured anew when somebody goes on
			if err := s.keep(); err != nil {
				return false, err
			}
		}
	}
	*out = at.Control
	s.out.Trials += at.ControlTrials
	return at.Control.Reproduced == 0 && at.Control.Valid > 0, nil
}

// point measures a point at one speed, or takes what was measured there. It has a Dir as soon as
// anything was begun, also beside an error.
func (s *sweeping) point(ctx context.Context, p SweepPoint, in *measuredAt, out *[]result.SweepPoint) (at result.SweepPoint, err error) {
	i := slices.IndexFunc(in.Points, func(q result.SweepPoint) bool { return q.Nth == p.Nth })
	if i >= 0 {
		at = in.Points[i]
	} else if at, err = measure(ctx, s.bench, p, s.o.Rule); at.Dir == "" {
		return at, err
	}
	*out = append(*out, at)
	s.out.Trials += at.Trials
	if err == nil && i < 0 && at.Effect != result.EffectUnknown { // which is measured anew when somebody goes on
		in.Points = append(in.Points, at)
		err = s.keep()
	}
	return at, err
}

func (s *sweeping) keep() error { return evidence.WriteJSON(s.file, s.done) }

// measure measures a point. It has a Dir as soon as anything was begun, also beside an error.
func measure(ctx context.Context, b *Bench, p SweepPoint, rule StopRule) (result.SweepPoint, error) {
	r, err := Rate(ctx, b, p.Plan, nil, RateOptions{Rule: rule})
	if r.Dir == "" {
		return result.SweepPoint{}, err
	}
	at, rerr := pointOf(p.Nth, r)
	return at, errors.Join(err, rerr)
}

// pointOf is what a measurement says of its point.
func pointOf(nth int, r result.Rate) (result.SweepPoint, error) {
	p := result.SweepPoint{Nth: nth, Proportion: result.NewProportion("", r.Reproduced, r.Valid), Trials: r.Trials, Effect: result.EffectUndecided, Dir: r.Dir}
	switch {
	case r.Valid == 0:
		p.Effect = result.EffectUnknown
		entries, err := evidence.Dir{Path: r.Dir}.Ledger()
		p.Why = mostOften(entries)
		return p, err
	case r.Stopped == result.StopHigh:
		p.Effect = result.EffectTriggers
	case r.Stopped == result.StopLow:
		p.Effect = result.EffectHarmless
	}
	return p, nil
}

// mostOften is the reason that most trials give, the first of several.
func mostOften(entries []evidence.Entry) (why string) {
	count := map[string]int{}
	for _, e := range entries {
		count[e.Reason]++
	}
	for _, e := range entries {
		if count[e.Reason] > count[why] || why == "" {
			why = e.Reason
		}
	}
	return why
}

// sweepAnswer gives what a sweep answers, and that in a sentence.
func sweepAnswer(s result.Sweep) (result.Outcome, string) {
	if r := s.Real; r != nil && r.Control != nil && dirty(r.Control) != "" {
		return result.Inconclusive, "at speed 1: " + dirty(r.Control)
	}
	outcome, answer := answerAt(s)
	if s.Clock.Scaled() && outcome != result.Inconclusive {
		var there string
		outcome, there = realAnswer(s)
		answer += "; at speed 1: " + there
	}
	return outcome, s.Clock.Before() + answer
}

// dirty is why no frame can be told from another beside a control; empty where it is clean.
func dirty(q *result.Proportion) string {
	switch {
	case q.Reproduced > 0:
		return fmt.Sprintf("the control shows the symptom too, in %s: no frame can be told from another", q)
	case q.Valid == 0:
		return "the control gave no valid trial"
	default:
		return ""
	}
}

// answerAt is the answer at the speed of the sweep.
func answerAt(s result.Sweep) (result.Outcome, string) {
	if s.Control != nil && dirty(s.Control) != "" {
		return result.Inconclusive, dirty(s.Control)
	}
	found := framesBy(s.Points)
	decided := len(found[result.EffectTriggers]) + len(found[result.EffectHarmless])
	var answer string
	outcome := result.Inconclusive
	switch {
	case len(found[result.EffectTriggers]) > 0:
		outcome = result.Yes
		answer = fmt.Sprintf("it takes frame %s of the %d that were decided", list(found[result.EffectTriggers]), decided)
	case decided > 0 && len(found[result.EffectUndecided])+s.Left == 0 && len(found[result.EffectUnknown]) == 0:
		return result.No, noneOf(decided, "frames") + " triggers it"
	case decided == 0:
		answer = "nothing was decided"
	default:
		answer = noneOf(decided, "frames that were decided") + " triggers it"
	}
	if undecided := list(found[result.EffectUndecided]); undecided != "" {
		answer += "; undecided: " + undecided
	}
	if unknown := list(found[result.EffectUnknown]); unknown != "" {
		answer += "; no valid trial with frame " + unknown
	}
	return outcome, answer
}

// realAnswer is what the frames that trigger the problem at another speed do at speed 1. Nothing is
// claimed of those that were not tried there.
func realAnswer(s result.Sweep) (result.Outcome, string) {
	var tried []result.SweepPoint
	if s.Real != nil {
		tried = s.Real.Points
	}
	found := framesBy(tried)
	untried := slices.DeleteFunc(framesBy(s.Points)[result.EffectTriggers], func(nth string) bool {
		return slices.ContainsFunc(tried, func(p result.SweepPoint) bool { return fmt.Sprint(p.Nth) == nth })
	})
	var parts []string
	for _, part := range []struct {
		nths  []string
		words string
	}{
		{found[result.EffectTriggers], "it takes frame %s"},
		{found[result.EffectHarmless], "not frame %s"},
		{found[result.EffectUndecided], "undecided: %s"},
		{found[result.EffectUnknown], "no valid trial with frame %s"},
		{untried, "frame %s was not tried"},
	} {
		if len(part.nths) > 0 {
			parts = append(parts, fmt.Sprintf(part.words, list(part.nths)))
		}
	}
	if len(framesBy(s.Points)[result.EffectHarmless]) > 0 {
		parts = append(parts, "what does not trigger it was not tried")
	}
	if len(found[result.EffectTriggers]) > 0 {
		return result.Yes, strings.Join(parts, "; ")
	}
	return result.Inconclusive, strings.Join(parts, "; ")
}

// framesBy are the frames of some points, by what they do.
func framesBy(points []result.SweepPoint) map[result.Effect][]string {
	found := map[result.Effect][]string{}
	for _, p := range points {
		found[p.Effect] = append(found[p.Effect], fmt.Sprint(p.Nth))
	}
	return found
}

func list(nths []string) string { return strings.Join(nths, ", ") }

// noneOf begins a sentence about so many frames, of which none does what follows.
func noneOf(n int, frames string) string {
	if n == 1 {
		return "the one frame that was decided is not what"
	}
	return fmt.Sprintf("none of the %d %s", n, frames)
}
