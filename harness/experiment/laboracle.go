package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// Cutter makes the plan of a candidate: what isolate and bisect differ in.
type Cutter interface {
	// Plan gives the plan of a candidate, or the reason why it can have none.
	Plan(c isolate.Candidate) (*plan.Plan, error)
	// Key names the candidate.
	Key(c isolate.Candidate) string
}

// LabOracle tries candidates in real labs. The labs of the candidates tried last stay up,
// so that asking for one more run costs no new lab where the plan's reset allows it. Each
// candidate has a run directory of its own.
type LabOracle struct {
	cutter Cutter
	in     *Bench
	env    trial.Environment
	parent string
	labs   int

	bench  *trial.ConfigBench
	plans  map[string]*plan.Plan
	series []*keyedSeries // the candidates whose labs are up, the latest last
}

type keyedSeries struct {
	key string
	Series
}

// openCandidates bounds the candidates whose labs are up at once: one and its control.
const openCandidates = 2

// NewLabOracle makes an oracle whose runs are executed where those of a bench are and recorded
// below parent, without the states beside what is judged, with a number of labs side by side for each candidate.
func NewLabOracle(c Cutter, b *Bench, parent string, labs int) *LabOracle {
	env := b.Env
	env.Lean = true
	return &LabOracle{cutter: c, in: b, env: env, parent: parent, labs: max(labs, 1), bench: trial.NewConfigBench(env), plans: map[string]*plan.Plan{}}
}

// Vet tells why a candidate is no valid scenario, or which configuration of it the
// platform's own parser refuses.
func (o *LabOracle) Vet(ctx context.Context, c isolate.Candidate) error {
	p, err := o.plan(c)
	if err != nil {
		return err
	}
	return o.bench.Check(ctx, p)
}

func (o *LabOracle) plan(c isolate.Candidate) (*plan.Plan, error) {
	key := o.cutter.Key(c)
	if p, ok := o.plans[key]; ok {
		return p, nil
	}
	p, err := o.cutter.Plan(c)
	if err != nil {
		return nil, err
	}
	clear(o.plans) // only the latest is asked for again and again
	o.plans[key] = p
	return p, nil
}

// Try runs a candidate n times, as many side by side as there are labs.
func (o *LabOracle) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	began := time.Now()
	s, err := o.open(ctx, c)
	if err != nil {
		return nil, err
	}
	opened := time.Since(began)
	results := make([]isolate.Result, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for lab := range min(o.labs, n) {
		wg.Go(func() {
			for i := lab; i < n; i += o.labs {
				results[i], errs[i] = o.one(ctx, s, lab+1, c.Patience)
			}
		})
	}
	wg.Wait()
	results[0].Took += opened // the labs of another candidate were taken down for these runs
	for i, err := range errs {
		if err != nil {
			return results[:i], err
		}
	}
	return results, nil
}

func (o *LabOracle) one(ctx context.Context, s *keyedSeries, lab int, patience time.Duration) (isolate.Result, error) {
	began := time.Now()
	a, err := s.TryWithin(ctx, lab, patience)
	if err != nil {
		return isolate.Result{}, err
	}
	v := a.Verdict
	return isolate.Result{
		Outcome: OutcomeOf(v), Took: time.Since(began), Reason: v.Reason, Baseline: a.Baseline, GaveUp: a.GaveUp, Failures: v.Failures,
		Where: filepath.Join(filepath.Base(s.Dir().Path), fmt.Sprintf("trials/%04d", v.Trial)),
	}, nil
}

// OutcomeOf is what a trial's verdict means to a search: a failure that no symptom asks
// about is a side find, never a hit.
func OutcomeOf(v evidence.TrialVerdict) isolate.Outcome {
	switch {
	case v.Verdict == evidence.Reproduced:
		return isolate.Hit
	case len(v.OtherFailures) > 0:
		return isolate.Other
	case v.Verdict == evidence.NotReproduced:
		return isolate.Miss
	default:
		return isolate.Invalid
	}
}

// open gives the candidate's series, and takes the labs of the one unused longest down.
func (o *LabOracle) open(ctx context.Context, c isolate.Candidate) (*keyedSeries, error) {
	key := o.cutter.Key(c)
	for i, s := range o.series {
		if s.key == key {
			o.series = append(append(o.series[:i:i], o.series[i+1:]...), s)
			return s, nil
		}
	}
	if len(o.series) >= openCandidates {
		oldest := o.series[0]
		o.series = o.series[1:]
		if err := o.end(ctx, oldest); err != nil {
			return nil, err
		}
	}
	p, err := o.plan(c)
	if err != nil {
		return nil, err
	}
	s, err := o.in.pool().Series(ctx, p, o.parent, o.env, o.in.Tool)
	if err != nil {
		return nil, err
	}
	k := &keyedSeries{key, s}
	o.series = append(o.series, k)
	return k, nil
}

func (o *LabOracle) end(ctx context.Context, s *keyedSeries) error {
	err := s.Close(ctx)
	_, _, serr := s.Summarise()
	return errors.Join(err, serr)
}

// Close takes every lab down.
func (o *LabOracle) Close(ctx context.Context) error {
	var errs []error
	for _, s := range o.series {
		errs = append(errs, o.end(ctx, s))
	}
	o.series = nil
	return errors.Join(append(errs, o.bench.Close(ctx))...)
}

// PartsCutter makes candidates of a scenario's parts.
type PartsCutter struct {
	Loaded    *scenarios.Loaded
	Parts     *Parts
	Options   plan.Options // of each candidate's plan
	Platforms []string
}

// Key names the candidate.
func (p *PartsCutter) Key(c isolate.Candidate) string { return c.Key(p.Parts.Units) }

// Plan writes the candidate into a folder, loads it again, and plans it.
func (p *PartsCutter) Plan(c isolate.Candidate) (*plan.Plan, error) {
	dir, err := scratch.Make("candidate")
	if err != nil {
		return nil, fmt.Errorf("write candidate: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary folder does no harm
	cut := p.Parts.Cut(c.Kept)
	if err := p.Loaded.Write(dir, cut); err != nil {
		return nil, err
	}
	l, err := scenarios.Load(filepath.Join(dir, filepath.FromSlash(p.Loaded.Inputs[0].Path)), scenarios.Options{Platforms: p.Platforms, Trust: p.trust()})
	if err != nil {
		return nil, err
	}
	o := p.Options
	if c.Control {
		o.Variant = evidence.VariantControl
	}
	o.Trials = 1
	if o.Set, err = p.Loaded.SetAfter(o.Set, cut); err != nil {
		return nil, err
	}
	return plan.New(l, o)
}

// trust is what the scenario was allowed, if it is foreign: so is what is cut out of it.
func (p *PartsCutter) trust() []string {
	if p.Loaded.Foreign == nil {
		return nil
	}
	return p.Loaded.Foreign.Trusted
}
