package reproduce

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// runFleet is runPlan by the workers of a fleet.
func runFleet(ctx context.Context, p *plan.Plan, o *runOptions) (Outcome, error) {
	b, err := o.OpenTestbed(ctx, o.dir, o.lab, p)
	if err != nil {
		return Outcome{}, err
	}
	series, err := b.Pool.Series(ctx, p, o.dir, b.Env, b.Tool)
	if err != nil {
		return Outcome{}, errors.Join(cli.AsRecordError(&experiment.RecordError{Err: err}), b.Provider.Close())
	}
	dir := series.Dir()
	o.Progress("%s", cli.Heading(p))
	o.Progress("%s in %s of the fleet, about %s; evidence in %s", cli.Plural(p.Trials, "trial"), cli.Plural(p.Labs, "lab"), cli.Estimate(p), dir.Path)
	runErr := allTrials(ctx, series, p, func(lab int, v evidence.TrialVerdict, took time.Duration) {
		b.Tried(experiment.Tried{Side: string(p.Variant), Clock: p.Clock, Lab: lab, Verdict: v, Took: took})
	})
	runErr = errors.Join(runErr, series.Close(context.WithoutCancel(ctx)), b.Close(context.WithoutCancel(ctx), []string{dir.ID()}), b.Provider.Close())
	out, err := finishRun(o.App, dir, false)
	if ctx.Err() != nil {
		return out, errors.Join(cli.WithCode(cli.ExitInterrupted, fmt.Errorf("interrupted; what was recorded is in %s", dir.Path)), err)
	}
	return out, errors.Join(cli.AsRecordError(runErr), err)
}

// allTrials makes the trials of a plan, as many side by side as it has labs. The first error ends all.
func allTrials(ctx context.Context, series experiment.Series, p *plan.Plan, tell func(lab int, v evidence.TrialVerdict, took time.Duration)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	left := make(chan struct{}, p.Trials)
	for range p.Trials {
		left <- struct{}{}
	}
	close(left)
	errs := make([]error, p.Labs)
	var labs experiment.SideBySide
	end := labs.BeginAll(p.Labs)
	var wg sync.WaitGroup
	for i := range p.Labs {
		wg.Go(func() {
			defer end[i]()
			for range left {
				begin := time.Now()
				a, err := labs.TryWithin(ctx, series, i+1, 0)
				if err != nil {
					errs[i] = err
					cancel()
					return
				}
				tell(i+1, a.Verdict, time.Since(begin))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// lacksInFleet is lacks for the workers of a fleet, and where nodes will be.
func lacksInFleet(ctx context.Context, a *cli.App, p *plan.Plan, f cli.LabFlags) (lacking string, on cli.Placed, err error) {
	b, err := a.OpenUnchecked(ctx, "", f, p)
	if err == nil {
		on, err = b.Placed(ctx, p), b.Check(ctx, p)
		err = errors.Join(err, b.Provider.Close())
	}
	if _, missing := errors.AsType[*topologies.MissingError](err); missing {
		lacking, err = err.Error(), nil
	}
	return lacking, on, err
}
