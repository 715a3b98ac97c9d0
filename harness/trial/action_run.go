package trial

import (
	"context"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// run gives a node's command line a command.
func run(ctx context.Context, a *actor, step plan.Step, s scenarios.RunStep) error {
	return a.onNode(ctx, step, func(ctx context.Context, n *labNode) error {
		line, err := a.lab.place(n, s.Run)
		if err == nil {
			err = n.lasting(line)
		}
		if err != nil {
			return err
		}
		before := n.absent(ctx, scenarios.CommandLine, line)
		x, err := n.run(ctx, line, a.longest(step))
		n.changed()
		a.sent(x.Started)
		if err == nil && tells(x) {
			if err := ended(s.Exit, x, n.unfound(ctx, scenarios.CommandLine, line, before)); err != nil {
				return err
			}
		} else if err = rejection(x, err); err != nil {
			return sent(err)
		}
		// Some platforms do not say otherwise that nothing of it was done.
		if words := n.refused(line, scenarios.CommandLine, x.Output); words != "" && s.Exit == nil {
			return sent(&RejectedError{Line: line, Words: words})
		}
		return nil
	})
}
