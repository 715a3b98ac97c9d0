package experiment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// forgetful is a pool of series that leave no record of a trial that is cancelled. The second is.
type forgetful struct {
	experiment.Here
	cancel context.CancelFunc
}

func (f forgetful) Series(ctx context.Context, p *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (experiment.Series, error) {
	s, err := f.Here.Series(ctx, p, parent, env, tool)
	return &forgetfulSeries{Series: s, cancel: f.cancel}, err
}

type forgetfulSeries struct {
	experiment.Series
	cancel context.CancelFunc
	tries  int
}

func (f *forgetfulSeries) TryWithin(ctx context.Context, lab int, patience time.Duration) (trial.Attempt, error) {
	if f.tries++; f.tries > 1 {
		f.cancel()
		return trial.Attempt{}, ctx.Err()
	}
	return f.Series.TryWithin(ctx, lab, patience)
}

// told collects the trials that an experiment tells of.
type told struct {
	mu  sync.Mutex
	all []experiment.Tried
}

func (*told) Recording([]experiment.Recording) {}

func (o *told) Tried(t experiment.Tried) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, t)
}

// A trial that was cancelled and has no record is not told of, and counts for nothing.
func TestCancelledWithoutRecord(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, seen := pooltest.NewWorld(), &told{}
	b := &experiment.Bench{Env: w.Env(), Pool: forgetful{cancel: cancel}, Parent: t.TempDir(), Tool: evidence.Tool{Name: "test"}, Observer: seen}
	r, err := experiment.Rate(ctx, b, pooltest.Plan(t, w), nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 3}})
	if !errors.Is(err, context.Canceled) || r.Trials != 1 || r.Inconclusive != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if len(seen.all) != 1 || seen.all[0].Verdict.Verdict != evidence.Reproduced {
		t.Errorf("it told of %+v", seen.all)
	}
}
