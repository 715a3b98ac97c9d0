package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
//
// It is an oracle by itself, and the labs of one that tries ahead ([isolate.Labs]).
type LabOracle struct {
	cutter Cutter
	in     *Bench
	env    trial.Environment
	parent string
	labs   int
	bench  *trial.ConfigBench
	beside SideBySide

	mu      sync.Mutex
	plans   map[string]*plan.Plan
	series  []*keyedSeries // the candidates whose labs are up, the latest last
	ending  int            // labs that are being taken down
	changed chan struct{}  // closed when a trial is over or labs are down
}

type keyedSeries struct {
	key string
	Series
	up   map[int]bool // the labs that are built, or about to be
	runs int          // under way
}

// openCandidates bounds the labs that are up at once, for each that may be in use: a candidate's and its
// control's.
const openCandidates = 2

// NewLabOracle makes an oracle whose runs are executed where those of a bench are and recorded
// below parent, without the states beside what is judged, in a number of labs side by side.
func NewLabOracle(c Cutter, b *Bench, parent string, labs int) *LabOracle {
	env := b.Env
	env.Lean = true
	return &LabOracle{
		cutter: c, in: b, env: env, parent: parent, labs: max(labs, 1), bench: trial.NewConfigBench(env), plans: map[string]*plan.Plan{}, changed: make(chan struct{}),
	}
}

// Vet tells why a candidate is no valid scenario, or which configuration of it the
// platform's own parser refuses.
func (o *LabOracle) Vet(ctx context.Context, c isolate.Candidate) error {
	o.mu.Lock()
	p, err := o.plan(c)
	o.mu.Unlock()
	if err != nil {
		return err
	}
	return o.bench.Check(ctx, p)
}

// plan is for who holds the lock.
func (o *LabOracle) plan(c isolate.Candidate) (*plan.Plan, error) {
	key := o.cutter.Key(c)
	if p, ok := o.plans[key]; ok {
		return p, nil
	}
	p, err := o.cutter.Plan(c)
	if err != nil {
		return nil, err
	}
	if len(o.plans) >= 2*o.labs {
		clear(o.plans) // only those that are vetted or run next are asked for again
	}
	o.plans[key] = p
	return p, nil
}

// Try runs a candidate n times, as many side by side as there are labs.
func (o *LabOracle) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	results := make([]isolate.Result, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	end := o.beside.BeginAll(min(o.labs, n))
	for lab := range end {
		wg.Go(func() {
			defer end[lab]()
			for i := lab; i < n; i += o.labs {
				results[i], errs[i] = o.Run(ctx, lab+1, c, i+1)
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return results[:i], err
		}
	}
	return results, nil
}

// Run executes a trial of a candidate in the lab of a number. It takes the labs of another candidate down
// where there are too many.
func (o *LabOracle) Run(ctx context.Context, lab int, c isolate.Candidate, _ int) (isolate.Result, error) {
	began := time.Now()
	s, err := o.enter(ctx, lab, c)
	if err != nil {
		return isolate.Result{}, err
	}
	defer o.leave(s)
	a, err := o.beside.TryWithin(ctx, s, lab, c.Patience)
	v := a.Verdict
	out := isolate.Result{Took: time.Since(began)}
	if v.Trial > 0 {
		out.Where = filepath.Join(filepath.Base(s.Dir().Path), fmt.Sprintf("trials/%04d", v.Trial))
	}
	if err != nil {
		return out, err
	}
	out.Outcome, out.Reason, out.Baseline, out.GaveUp, out.Failures = OutcomeOf(v), v.Reason, a.Baseline, a.GaveUp, v.Failures
	return out, nil
}

// OutcomeOf is what a trial's verdict means to a search: a failure that no symptom asks
// about is a side find, never a hit.
func OutcomeOf(v evidence.TrialVerdict) isolate.Outcome {
	switch {
	case v.Verdict == evidence.Reproduced, neverShown(v):
		return isolate.Hit
	case len(v.OtherFailures) > 0:
		return isolate.Other
	case v.Verdict == evidence.NotReproduced:
		return isolate.Miss
	default:
		return isolate.Invalid
	}
}

// enter gives the candidate's series, for a trial in a lab of that number.
func (o *LabOracle) enter(ctx context.Context, lab int, c isolate.Candidate) (*keyedSeries, error) {
	key := o.cutter.Key(c)
	for {
		o.mu.Lock()
		i := slices.IndexFunc(o.series, func(s *keyedSeries) bool { return s.key == key })
		if i >= 0 && o.series[i].up[lab] || o.up() < openCandidates*o.labs {
			s, err := o.take(ctx, i, lab, c)
			o.mu.Unlock()
			return s, err
		}
		idle := slices.IndexFunc(o.series, func(s *keyedSeries) bool { return s.runs == 0 && s.key != key })
		if idle < 0 { // until another trial is over
			changed := o.changed
			o.mu.Unlock()
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		oldest := o.series[idle]
		o.series = slices.Delete(o.series, idle, idle+1)
		o.ending += len(oldest.up)
		o.mu.Unlock()
		err := o.end(ctx, oldest)
		o.mu.Lock()
		o.ending -= len(oldest.up)
		o.tell()
		o.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
}

// take enters the series of an index, or a new one; it is for who holds the lock.
func (o *LabOracle) take(ctx context.Context, i, lab int, c isolate.Candidate) (*keyedSeries, error) {
	var s *keyedSeries
	if i >= 0 {
		s = o.series[i]
		o.series = slices.Delete(o.series, i, i+1)
	} else {
		p, err := o.plan(c)
		if err != nil {
			return nil, err
		}
		made, err := o.in.pool().Series(ctx, p, o.parent, o.env, o.in.Tool)
		if err != nil {
			return nil, err
		}
		s = &keyedSeries{key: o.cutter.Key(c), Series: made, up: map[int]bool{}}
	}
	s.up[lab] = true
	s.runs++
	o.series = append(o.series, s)
	return s, nil
}

// up counts the labs that are up; it is for who holds the lock.
func (o *LabOracle) up() int {
	n := o.ending
	for _, s := range o.series {
		n += len(s.up)
	}
	return n
}

func (o *LabOracle) leave(s *keyedSeries) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.runs--
	o.tell()
}

// tell wakes who waits for a lab; it is for who holds the lock.
func (o *LabOracle) tell() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *LabOracle) end(ctx context.Context, s *keyedSeries) error {
	err := s.Close(ctx)
	_, _, serr := s.Summarise()
	return errors.Join(err, serr)
}

// Close takes every lab down, when no trial is under way any more.
func (o *LabOracle) Close(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
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
