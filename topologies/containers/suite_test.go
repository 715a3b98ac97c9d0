package containers_test

import (
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// subject is what the contract of providers is tested with.
func subject() topologiestest.Subject {
	return topologiestest.Subject{
		Image: image, Init: "tini",
		Open: func(tb testing.TB) topologies.Provider {
			tb.Helper()
			p, _ := setup(tb)
			return p
		},
		Left: func(tb testing.TB, run string) []string {
			tb.Helper()
			_, c := setup(tb)
			return leftovers(tb, c, run)
		},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	subject().Suite(t)
}

// What the tests of this package use of the suite, by shorter names.
var (
	reserve    = topologiestest.Reserve
	host       = topologiestest.Host
	run        = topologiestest.Run
	ping       = topologiestest.Ping
	eventually = topologiestest.Eventually
	until      = topologiestest.Until
	inject     = topologiestest.Inject
	fired      = topologiestest.Fired
	heal       = topologiestest.Heal
	cancelled  = topologiestest.Cancelled
	changes    = topologiestest.Changes
	unchanged  = topologiestest.Unchanged
	nodes      = subject().Nodes
	pair       = subject().Pair
	ring       = subject().Ring
	lan        = subject().Lan
)

const udp = topologiestest.UDP
