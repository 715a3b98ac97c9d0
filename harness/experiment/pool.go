package experiment

import (
	"context"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// Pool is where the trials of an experiment are executed: in labs of this machine, or of others.
// What decides asks for trials and does not know where they run.
//
// Every implementation is held by the same tests, which package pooltest has.
type Pool interface {
	// Series creates the run directory of a plan below parent. Nothing is built before the first
	// trial. env.Dir is filled in.
	Series(ctx context.Context, p *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (Series, error)
	// Reopen is Series for the run directory that a broken-off experiment left: trials that its
	// ledger has counted are answered from it and not executed again.
	Reopen(ctx context.Context, p *plan.Plan, dir evidence.Dir, env trial.Environment) (Series, error)
}

// Series executes trials of one plan for as long as its caller wants more, and records them in a
// run directory. Its trials are numbered from 1 in the order in which they were asked for.
type Series interface {
	Plan() *plan.Plan
	Dir() evidence.Dir
	// TryWithin executes one trial in the lab of that number, and returns how it was judged: what
	// the record says, which is on disk by then. With patience the baseline is given up after
	// that time of the lab; 0 leaves it to the conditions' windows. It may be called from several goroutines, with
	// a lab number of its own for each.
	//
	// The error is one of the record or of ctx; a lab that broke makes an inconclusive verdict.
	TryWithin(ctx context.Context, lab int, patience time.Duration) (trial.Attempt, error)
	// Trials is the number of trials begun.
	Trials() int
	// Close takes the labs down. The series can go on afterwards with fresh ones.
	Close(ctx context.Context) error
	// Summarise judges the series as a run of as many trials as it had, and writes that into the
	// run directory.
	Summarise() (evidence.RunVerdict, evidence.Rate, error)
}

// Here is the pool of this process: each trial is executed in a lab that it builds itself.
type Here struct{}

// Series implements [Pool].
func (Here) Series(ctx context.Context, p *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (Series, error) {
	return trial.NewSeries(ctx, p, parent, env, tool)
}

// Reopen implements [Pool].
func (Here) Reopen(_ context.Context, p *plan.Plan, dir evidence.Dir, env trial.Environment) (Series, error) {
	return trial.ReopenSeries(p, dir, env)
}

// pool is where the trials of the bench are executed.
func (b *Bench) pool() Pool {
	if b.Pool == nil {
		return Here{}
	}
	return b.Pool
}
