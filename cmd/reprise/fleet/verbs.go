// Package fleet has the verbs that make many machines one lab: the server between them, the workers, and what is told of
// both. What they do is in harness/fleet; what a worker executes trials with is opened by cmd/reprise/labs.
package fleet

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command { return []*cobra.Command{newFleet(a), newWorker(a, nil)} }

// newFleet is the group of the verbs of a fleet.
func newFleet(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use:   "fleet",
		Short: "Many machines that execute the trials of one",
		Long: `A fleet is a server, workers that have labs, and whoever wants trials: one process decides (rate, isolate,
matrix run …, with --fleet URL), the workers execute, and the answer is the same as without them.

  reprise fleet serve                     on one machine; it prints two URLs
  reprise worker --join URL               on each machine with labs
  reprise isolate my-case --fleet URL     anywhere

A worker treats every scenario as somebody else's, as confirm does: nothing of its machine is reachable
from a lab but what was named when it was started (--trust). Passwords of devices stay in its lab.yaml.

Any NATS server with JetStream does as well (--fleet nats://HOST:4222); NATS_CREDS, NATS_NKEY, NATS_CA,
NATS_CERT, NATS_KEY, NATS_USER and NATS_PASSWORD say who asks there.`,
	}
	c.AddCommand(newServe(a, nil), newStatus(a, nil), newDrain(a, nil), newRemove(a, nil), newURL(a, nil), newLogs(a, nil))
	return c
}
