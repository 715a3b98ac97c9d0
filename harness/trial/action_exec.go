package trial

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// execute gives the shell beneath a node's platform a command.
func execute(ctx context.Context, a *actor, step plan.Step, s scenarios.ExecStep) error {
	return a.onNode(ctx, step, func(ctx context.Context, n *labNode) error {
		before := n.absent(ctx, scenarios.Shell, s.Exec)
		x, err := n.shell(ctx, s.Exec, a.longest(step))
		n.changed()
		a.sent(x.Started)
		if err != nil {
			return sent(err)
		}
		kernels{a.lab, a.rec}.said(ctx, n.Name, x.Output)
		if err := ended(s.Exit, x, n.unfound(ctx, scenarios.Shell, s.Exec, before)); err != nil {
			return err
		}
		// A program that asks a daemon may end with status 0 whatever the daemon says.
		if words := n.refused(s.Exec, scenarios.Shell, x.Output); words != "" && s.Exit == nil {
			return sent(fmt.Errorf("%w; where that is meant, write exit: 0", &RejectedError{Line: s.Exec, Words: words}))
		}
		return nil
	})
}
