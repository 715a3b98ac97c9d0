package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	err = sweep(ctx, &inner, dir.File("measured.json"), &out, points, o)
	if b.Close != nil {
		err = errors.Join(err, b.Close(context.WithoutCancel(ctx), runs))
	}
	out.Outcome, out.Answer = sweepAnswer(out)
	if ctx.Err() != nil {
		out.Outcome, out.Answer, err = result.Inconclusive, "interrupted: "+out.Answer, errors.Join(ctx.Err(), err)
	}
	out.Answer = out.Clock.Before() + out.Answer
	return out, errors.Join(err, evidence.WriteJSON(dir.File("sweep.json"), out))
}

// measured is measured.json: what a sweep has measured to its end, for who goes on with it.
type measured struct {
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

func sweep(ctx context.Context, b *Bench, file string, out *result.Sweep, points []SweepPoint, o SweepOptions) error {
	o.Rule.Barren = barren
	m, err := readMeasured(file, points)
	if err != nil {
		return err
	}
	if o.Control != nil && o.Controls > 0 {
		if m.Control == nil {
			r, err := Rate(ctx, b, o.Control, nil, RateOptions{Rule: StopRule{Runs: o.Controls}})
			q := result.NewProportion("control", r.Reproduced, r.Valid)
			out.Control, out.Trials = &q, r.Trials
			if err != nil {
				return err
			}
			m.Control, m.ControlTrials = &q, r.Trials
			if q.Valid > 0 { // without, it is measured anew when somebody goes on
				if err := evidence.WriteJSON(file, m); err != nil {
					return err
				}
			}
		}
		out.Control, out.Trials = m.Control, m.ControlTrials
		if m.Control.Reproduced > 0 || m.Control.Valid == 0 {
			return nil
		}
	}
	for i := range points {
		again := i < len(m.Points)
		var at result.SweepPoint
		if again {
			at = m.Points[i]
		} else if at, err = measure(ctx, b, points[i], o.Rule); at.Dir == "" {
			return err
		}
		out.Points, out.Left, out.Trials = append(out.Points, at), len(points)-i-1, out.Trials+at.Trials
		if err == nil && !again && at.Effect != result.EffectUnknown { // which is measured anew when somebody goes on
			m.Points = append(m.Points, at)
			err = evidence.WriteJSON(file, m)
		}
		if err != nil || at.Effect == result.EffectUnknown {
			return err
		}
	}
	return nil
}

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
	found := map[result.Effect][]string{}
	for _, p := range s.Points {
		found[p.Effect] = append(found[p.Effect], fmt.Sprint(p.Nth))
	}
	list := func(e result.Effect) string { return strings.Join(found[e], ", ") }
	decided := len(found[result.EffectTriggers]) + len(found[result.EffectHarmless])
	var answer string
	outcome := result.Inconclusive
	switch q := s.Control; {
	case q != nil && q.Reproduced > 0:
		return outcome, fmt.Sprintf("the control shows the symptom too, in %s: no frame can be told from another", q)
	case q != nil && q.Valid == 0:
		return outcome, "the control gave no valid trial"
	case len(found[result.EffectTriggers]) > 0:
		outcome = result.Yes
		answer = fmt.Sprintf("it takes frame %s of the %d that were decided", list(result.EffectTriggers), decided)
	case decided > 0 && len(found[result.EffectUndecided])+s.Left == 0 && len(found[result.EffectUnknown]) == 0:
		return result.No, fmt.Sprintf("none of the %d frames triggers it", decided)
	default:
		answer = fmt.Sprintf("none of the %d frames that were decided triggers it", decided)
	}
	if undecided := list(result.EffectUndecided); undecided != "" {
		answer += "; undecided: " + undecided
	}
	if unknown := list(result.EffectUnknown); unknown != "" {
		answer += "; no valid trial with frame " + unknown
	}
	return outcome, answer
}
