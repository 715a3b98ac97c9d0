package drivertest

import (
	"context"
	"errors"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// Deaths gives the deaths of the daemons that a driver started: all that can be seen on a
// host where nobody watches the other processes.
func Deaths(tb testing.TB, ctx context.Context, w drivers.DeathWatcher) []drivers.Death { //nolint:revive // tb comes first in helpers
	tb.Helper()
	deaths, err := w.Deaths(ctx)
	if unseen := (*drivers.UnseenError)(nil); err != nil && !errors.As(err, &unseen) {
		tb.Fatal(err)
	}
	return deaths
}
