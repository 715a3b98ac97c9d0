package experiment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
)

// Sides are what is compared.
type Sides struct {
	Old, New *plan.Plan
	// Of reads a trial as a sample: [SampleOf] for builds, [ReliefOf] for a workaround.
	Of   func(evidence.TrialVerdict, evidence.Record) Sample
	What string // is new
	// Relief says that a hit is a problem that stayed, of [ReliefOf].
	Relief bool
	// SameBuilds says that both sides are meant to run the same images.
	SameBuilds bool
}

// theWorkaround is what a comparison of one calls what is new.
const theWorkaround = "the workaround"

// Workaround compares the plan with itself without the workaround's steps.
func Workaround(p *plan.Plan) Sides {
	return Sides{Old: p.WithoutWorkaround(), New: p, Of: ReliefOf, What: theWorkaround, Relief: true, SameBuilds: true}
}

// sample reads a trial, with how long its symptom took to show where builds are compared: with a workaround what counts as a hit
// is watched for from the symptom on.
func (s Sides) sample(v evidence.TrialVerdict, r evidence.Record) Sample {
	out := s.Of(v, r)
	if out.Kind == Hit && !s.SameBuilds {
		out.Showed = showedOf(s.Old, v, r)
	}
	return out
}

// ranTheSame reports whether the nodes of two runs all had the same images, by their digests. Where images of other
// names are compared, theirs have to be known; a node whose image has the same name on both sides may have none.
func ranTheSame(old, updated evidence.Dir) (bool, error) {
	_, a, err := evidence.OpenDir(old.Path)
	if err != nil {
		return false, err
	}
	_, b, err := evidence.OpenDir(updated.Path)
	if err != nil {
		return false, err
	}
	before, now := nodesOf(a), nodesOf(b)
	named := func(n evidence.NodeInfo) bool { return before[n.Name].Image != n.Image }
	anyNamed := slices.ContainsFunc(slices.Collect(maps.Values(now)), named)
	for name, n := range now {
		digest, unknown := before[name].Digest, before[name].Digest == "" || n.Digest == ""
		if unknown && (named(n) || !anyNamed) || !unknown && digest != n.Digest {
			return false, nil
		}
	}
	return len(before) == len(now), nil
}

// nodesOf are the nodes of a run that have a build, by name.
func nodesOf(info evidence.RunInfo) map[string]evidence.NodeInfo {
	of := map[string]evidence.NodeInfo{}
	for _, n := range info.Nodes {
		if !n.Segment {
			of[n.Name] = n
		}
	}
	return of
}

// CompareOptions are the choices of a comparison.
type CompareOptions struct {
	Confidence float64 // 0.95 or 0.99
	Before     int     // valid trials of the old side within which the problem must show
	MaxTrials  int     // of each side, at most
}

// Undecided is the comparison of a scenario that nothing was tried of yet.
func Undecided(scenario, title, what string, confidence float64) result.Comparison {
	return result.Comparison{Reprise: evidence.Format, Scenario: scenario, Title: title, What: what, Ruling: result.Undecided, Confidence: confidence}
}

// Compare tries both sides in turn until it is decided whether the new one is free of the
// problem, and writes verify.json beside both records. See [Comparison] for the rule.
//
// Where the lab's clocks are not real ones the reason says so, for it holds for nothing else.
// The result has the sides' folders as soon as anything was begun, also beside an error; a
// hit of the new side counts whatever cut the rest short.
func Compare(ctx context.Context, b *Bench, s Sides, o CompareOptions) (result.Comparison, error) {
	start := time.Now()
	scenario := s.Old.Loaded.Scenario
	out := Undecided(scenario.ID, scenario.Title, s.What, o.Confidence)
	out.Clock, out.Relief = s.New.Clock, s.Relief
	out.ControlUntried = scenario.Control != nil && s.New.Variant != evidence.VariantControl
	if !s.SameBuilds {
		for _, c := range s.New.Symptom {
			out.Watched = max(out.Watched, c.Cond.Length())
		}
	}
	v := &verification{
		sitting: sitting{bench: b}, of: s.sample, by: map[result.Arm]Series{},
		c: &Comparison{Confidence: o.Confidence, Before: o.Before, MaxTrials: o.MaxTrials, Relief: s.Relief},
	}
	var err error
	for _, side := range []struct {
		arm  result.Arm
		plan *plan.Plan
	}{{result.Old, s.Old}, {result.New, s.New}} {
		if v.by[side.arm], err = v.record(ctx, string(side.arm), side.plan); err != nil {
			return out, errors.Join(err, v.end(ctx))
		}
	}
	v.begun()
	if err = v.answered(ctx); err == nil {
		err = v.inLabs(ctx, s.Old.Labs, v.work)
	}
	err = errors.Join(err, v.end(ctx))
	out.Old, out.New = v.side(result.Old), v.side(result.New)
	showed := v.c.Showed()
	out.Showed, out.ShowedWithin = showed.After, showed.Within
	out.Needed, out.P, out.Took = v.c.Needed(), v.c.P(), time.Since(start)
	ruling, reason := v.c.Ruling()
	switch {
	case ruling == result.NotFixed || ruling == result.Changed:
		out.Ruling, out.Reason = ruling, reason
	case ctx.Err() != nil:
		out.Reason = "interrupted"
	case err != nil:
		out.Reason = err.Error()
	case ruling == "":
		out.Reason = "it was broken off"
	default:
		out.Ruling, out.Reason = ruling, reason
	}
	if out.Ruling == result.Fixed && !s.SameBuilds {
		same, serr := ranTheSame(v.by[result.Old].Dir(), v.by[result.New].Dir())
		if err = errors.Join(err, serr); same || serr != nil {
			out.Ruling, out.Reason = result.Undecided, "both sides ran the same images, so that nothing but chance tells them apart: "+reason
		}
	}
	out.Reason = out.Clock.Before() + out.Reason
	return out, errors.Join(ctx.Err(), err,
		evidence.WriteJSON(filepath.Join(out.Old.Dir, "verify.json"), out), evidence.WriteJSON(filepath.Join(out.New.Dir, "verify.json"), out))
}

// verification is a comparison in the making.
type verification struct {
	sitting
	of func(evidence.TrialVerdict, evidence.Record) Sample
	by map[result.Arm]Series
	mu sync.Mutex
	c  *Comparison
}

func (v *verification) work(ctx context.Context, lab int) (bool, error) {
	v.mu.Lock()
	ticket, more := v.c.Next()
	v.mu.Unlock()
	if !more {
		return false, nil
	}
	err := v.make(ctx, ticket, lab)
	return err == nil, err
}

// answered takes in what both sides have counted before they were broken off.
func (v *verification) answered(ctx context.Context) error {
	if len(v.bench.Resume) == 0 {
		return nil
	}
	for _, arm := range []result.Arm{result.Old, result.New} {
		n, err := answerable(v.by[arm])
		if err != nil {
			return err
		}
		for range n {
			if err := v.make(ctx, v.c.Recorded(arm), 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// make makes the trial of a ticket.
func (v *verification) make(ctx context.Context, ticket Ticket, lab int) error {
	series := v.by[ticket.Arm]
	cut := Sample{Kind: Void, Why: "it was broken off"}
	counted := false
	err := v.try(ctx, string(ticket.Arm), series, lab, func(verdict evidence.TrialVerdict) (string, error) {
		counted = true
		sample, err := cut, error(nil)
		if ctx.Err() == nil {
			sample, err = v.sample(series, verdict)
		}
		return v.add(ticket, sample), err
	})
	if !counted {
		v.add(ticket, cut)
	}
	return err
}

// sample reads what a trial recorded.
func (v *verification) sample(series Series, verdict evidence.TrialVerdict) (Sample, error) {
	record, err := series.Dir().Trial(verdict.Trial).Read()
	if err != nil {
		return Sample{Kind: Void, Why: "its record cannot be read"}, err
	}
	return v.of(verdict, record), nil
}

// add counts a sample and tells how the comparison stands.
func (v *verification) add(t Ticket, s Sample) (status string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.c.Add(t, s)
	words := "old %s; new %s"
	if v.c.Relief {
		words = "still there afterwards: " + words
	}
	return fmt.Sprintf(words, v.c.Tally(result.Old).Share, v.c.Tally(result.New).Share)
}

func (v *verification) side(arm result.Arm) result.Side {
	return result.Side{Tally: v.c.Tally(arm), Dir: v.by[arm].Dir().Path}
}
