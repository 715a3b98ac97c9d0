package trial

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// waitFor waits until a condition is decided, which must be true then.
func waitFor(ctx context.Context, a *actor, s plan.Step, _ scenarios.WaitStep) error {
	if truth := a.observer.watch(ctx, s.Check, a.rec.now(), &atomic.Bool{}); truth != evidence.True {
		return fmt.Errorf("%q is %s", s.Check.Cond.Name, truth)
	}
	return nil
}
