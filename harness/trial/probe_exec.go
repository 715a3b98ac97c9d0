package trial

import (
	"context"

	"github.com/reprise-lab/reprise/scenarios"
)

// observeExec asks the shell beneath the platform.
func observeExec(ctx context.Context, _ *observer, q question, p scenarios.ExecProbe) error {
	return q.ask(ctx, scenarios.Shell, p.Command)
}
