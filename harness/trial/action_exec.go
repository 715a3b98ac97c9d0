package trial

import (
	"context"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// execute gives the shell beneath a node's platform a command.
func execute(ctx context.Context, a *actor, step plan.Step, s scenarios.ExecStep) error {
	return a.onNode(ctx, step, func(ctx context.Context, n *labNode) error {
		x, err := n.shell(ctx, s.Exec, a.longest(step))
		a.sent(x.Started)
		if err != nil {
			return sent(err)
		}
		kernels{a.lab, a.rec}.said(ctx, n.Name, x.Output)
		return ended(s.Exit, x)
	})
}
