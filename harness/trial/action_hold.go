package trial

import (
	"context"
	"time"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// hold waits.
func hold(ctx context.Context, a *actor, step plan.Step, s scenarios.HoldStep) error {
	begin := a.rec.now()
	a.lab.pause(ctx, a.rec, time.Duration(s.Hold))
	if ctx.Err() == nil {
		a.faults.late.overran(step.Lane(), step.Title(), a.rec.now()-begin, time.Duration(s.Hold))
	}
	return context.Cause(ctx)
}

// pause waits for a time of the lab, unless this is a rehearsal.
func (l *Lab) pause(ctx context.Context, rec *recorder, d time.Duration) {
	if !l.env.Rehearse {
		rec.wait(ctx, d)
	}
}
