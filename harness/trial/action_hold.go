package trial

import (
	"context"
	"time"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// hold waits.
func hold(ctx context.Context, a *actor, _ plan.Step, s scenarios.HoldStep) error {
	a.lab.pause(ctx, time.Duration(s.Hold))
	return context.Cause(ctx)
}

// pause waits, unless this is a rehearsal.
func (l *Lab) pause(ctx context.Context, d time.Duration) {
	if !l.env.Rehearse {
		wait(ctx, d)
	}
}
