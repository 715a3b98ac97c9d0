package trial

import (
	"context"

	"github.com/reprise-lab/reprise/scenarios"
)

// observeRun asks the node's command line.
func observeRun(ctx context.Context, b *observer, q question, p scenarios.RunProbe) error {
	line, err := b.lab.place(q.node, p.Command)
	if err != nil {
		return err
	}
	return q.ask(ctx, scenarios.CommandLine, line)
}
