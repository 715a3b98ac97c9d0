package experiment

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// MaxControls bounds the control's trials where no number is given.
const MaxControls = 20

// RateOptions are the choices of a measurement.
type RateOptions struct {
	Rule StopRule
	// Controls is the number of the control's trials; -1 means as many as of the scenario, at
	// most [MaxControls].
	Controls int
}

// ControlTrials is how many trials of the control stand beside so many of the scenario.
func (o RateOptions) ControlTrials(mains int) int {
	if o.Controls >= 0 {
		return o.Controls
	}
	return min(mains, MaxControls)
}

// Rate repeats the trials of a plan, alternating with those of its control (nil: none), until
// the rule is met, and writes rate.json.
//
// The result is what is on disk; it has a Dir as soon as anything was begun, also beside an
// error. When ctx is cancelled it is that of the trials so far, and the error is ctx's.
func Rate(ctx context.Context, b *Bench, main, control *plan.Plan, o RateOptions) (result.Rate, error) {
	m := &measurement{sitting: sitting{bench: b}, o: o, done: map[int]evidence.Verdict{}}
	if err := m.record(ctx, main, control); err != nil {
		return result.Rate{}, errors.Join(err, m.end(ctx))
	}
	m.begun()
	err := errors.Join(m.inLabs(ctx, main.Labs, m.work), m.end(ctx))
	out, rerr := m.result()
	if rerr != nil {
		return out, errors.Join(ctx.Err(), err, rerr)
	}
	if ctx.Err() != nil {
		out.Outcome, out.Answer, err = result.Inconclusive, "interrupted: "+out.Answer, errors.Join(ctx.Err(), err)
	} else if err != nil {
		out.Outcome, out.Answer = result.Inconclusive, "broken off: "+err.Error()
	}
	return out, errors.Join(err, evidence.WriteJSON(m.main.Dir().File("rate.json"), out))
}

// measurement is a rate in the making.
type measurement struct {
	sitting
	o RateOptions

	mu            sync.Mutex
	main, control Series
	done          map[int]evidence.Verdict // of the scenario's trials, in the order in which they were asked for
	stop          result.Stop
	started       int // trials of the scenario
	controls      int // of the control
	hits, valid   int
	q             [2]int // the control's hits and valid trials
}

func (m *measurement) record(ctx context.Context, main, control *plan.Plan) (err error) {
	if m.main, err = m.sitting.record(ctx, string(main.Variant), main); err == nil && control != nil {
		m.control, err = m.sitting.record(ctx, string(control.Variant), control)
	}
	return err
}

// work makes one trial of the scenario, or of the control when that is behind.
func (m *measurement) work(ctx context.Context, lab int) (bool, error) {
	series, side, n := m.turn()
	if series == nil {
		return false, nil
	}
	return true, m.try(ctx, side, series, lab, func(v evidence.TrialVerdict) (string, error) { return m.count(side, n, v), nil })
}

// turn gives whose trial is next, and the how manieth of it that is.
func (m *measurement) turn() (Series, string, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	over := m.stop != result.GoOn || m.started >= m.o.Rule.Limit()
	if m.control != nil && m.controls < m.o.ControlTrials(m.started) && (over || m.controls < m.started) {
		m.controls++
		return m.control, "control", m.controls
	}
	if over {
		return nil, "", 0
	}
	m.started++
	return m.main, "main", m.started
}

// count takes a trial that is over, and decides on those that were begun first, whatever
// came back first: a hit may take longer than a miss.
func (m *measurement) count(side string, nth int, v evidence.TrialVerdict) (status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, n := &m.hits, &m.valid
	if side == "control" {
		k, n = &m.q[0], &m.q[1]
	}
	if isHit(v) {
		*k++
	}
	if isValid(v) {
		*n++
	}
	if side == "main" {
		m.done[nth] = v.Verdict
		m.decide()
	}
	status = result.NewProportion("", m.hits, m.valid).String()
	if m.q[1] > 0 {
		status += fmt.Sprintf("; control %d/%d", m.q[0], m.q[1])
	}
	return status
}

func (m *measurement) decide() {
	hits, misses := 0, 0
	for n := 1; m.stop == result.GoOn; n++ {
		switch word, over := m.done[n]; {
		case !over:
			return
		case word == evidence.Reproduced:
			hits++
		case word == evidence.NotReproduced:
			misses++
		}
		m.stop = m.o.Rule.Decide(hits, misses, n)
	}
}

// result reads the records back: what is told is what is on disk.
func (m *measurement) result() (result.Rate, error) {
	entries, err := m.main.Dir().Ledger()
	if err != nil {
		return result.Rate{}, err
	}
	k := result.ProportionOf("main", entries)
	out := result.Rate{
		Rate:  evidence.Rate{Reprise: evidence.Format, Reproduced: k.Reproduced, Valid: k.Valid, Wilson: k.Wilson, ClopperPearson: k.ClopperPearson},
		Clock: m.main.Plan().Clock, Dir: m.main.Dir().Path, Report: m.main.Dir().File("report.html"), Trials: len(entries), Stopped: m.stop, Pooled: true,
		Biased: m.o.Rule.Runs == 0, Dependences: Dependences(entries),
	}
	for _, e := range entries {
		switch e.Verdict { //nolint:exhaustive // the others are in the rate
		case evidence.Inconclusive:
			out.Inconclusive++
			v, _, err := m.main.Dir().Trial(e.Trial).Verdict()
			if err != nil {
				return out, err
			}
			if judge.CutShort(v) {
				out.CutShort++
			}
		case evidence.NotApplicable:
			out.NotApplicable++
		}
		out.Failures, out.OtherFailures = evidence.AddFailures(out.Failures, out.OtherFailures, e.Failed(), e.Other)
	}
	for _, d := range out.Dependences {
		out.Pooled = out.Pooled && !d.Differs
	}
	if out.Pooled {
		out.CleanRuns95, out.CleanRuns99 = stats.CleanRuns(k.Reproduced, k.Valid, 0.95), stats.CleanRuns(k.Reproduced, k.Valid, 0.99)
	}
	if m.control != nil {
		entries, err := m.control.Dir().Ledger()
		if err != nil {
			return out, err
		}
		q := result.ProportionOf("control", entries)
		out.Control, out.ControlDir = &q, m.control.Dir().Path
	}
	out.Outcome, out.Answer = rateAnswer(out)
	out.Answer = out.Clock.Before() + out.Answer
	return out, nil
}

// rateAnswer gives what a measurement answers, and that in a sentence.
func rateAnswer(r result.Rate) (result.Outcome, string) {
	switch q := r.Control; {
	case r.Stopped == result.StopCap:
		return result.Inconclusive, fmt.Sprintf("undecided after %d trials, the most that were allowed", r.Trials)
	case r.TooFew():
		return result.Inconclusive, fmt.Sprintf("%d of %d trials were valid, too few", r.Valid, r.Trials-r.CutShort)
	case q != nil && q.Reproduced > 0:
		return result.Inconclusive, fmt.Sprintf("the control shows the symptom too, in %s: the symptom does not tell a healthy network apart", q)
	case q != nil && q.Valid == 0:
		return result.Inconclusive, "the control gave no valid trial"
	case r.Reproduced == 0 && len(r.OtherFailures) > 0:
		return result.Inconclusive, "another failure: " + r.OtherFailures[0]
	case r.Reproduced == 0:
		return result.No, fmt.Sprintf("not reproduced in %d valid trials", r.Valid)
	case q == nil:
		return result.Yes, "reproduced; no control was run"
	default:
		return result.Yes, "reproduced, and the control is clean"
	}
}
