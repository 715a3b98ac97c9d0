package trial

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// configure gives a node configuration lines. One that is refused ends it.
func configure(ctx context.Context, a *actor, step plan.Step, s scenarios.ConfigureStep) error {
	return a.onNode(ctx, step, func(ctx context.Context, n *labNode) error {
		lines, err := a.lab.placeAll(n, s.Configure)
		if err == nil {
			err = n.lasting(lines...)
		}
		if err != nil {
			return err
		}
		c, ok := drivers.As[drivers.Configurer](n.driver)
		if !ok {
			return fmt.Errorf("%s (%s): configure: %w", n.Name, n.Platform, drivers.ErrUnsupported)
		}
		xs, err := c.Configure(ctx, lines)
		if len(xs) > 0 {
			a.sent(xs[0].Started)
		}
		for _, x := range xs {
			if rejected := rejection(x, nil); rejected != nil {
				return rejected
			}
			if words := judge.NotRun(x.Output, ""); words != "" {
				return &RejectedError{Line: x.Command, Words: words}
			}
		}
		return err
	})
}
