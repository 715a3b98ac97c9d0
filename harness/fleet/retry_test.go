package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestRetry: what a server did not answer because its connection broke, or because the one of its cluster that would is away, is
// asked again, and what was refused is not; who has given up is told so.
func TestRetry(t *testing.T) {
	s := startServer(t, server.Options{})
	c := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	offline := &jetstream.APIError{Code: 500, ErrorCode: fleet.StreamOffline, Description: "stream is offline"}
	refused := errors.New("refused")
	for _, tt := range []struct {
		name string
		err  error
		asks int
		want error
	}{
		// A question within one that is asked again ends with the connection, a moment before that one does.
		{"the connection came back", fmt.Errorf("read it: %w", context.Canceled), 2, nil},
		{"the stream's server is away", fmt.Errorf("read it: %w", offline), 2, nil},
		{"it is refused", refused, 1, refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asks := 0
			err := fleet.Retry(t.Context(), c, time.Millisecond, func(context.Context) error {
				if asks++; asks == 1 {
					return tt.err
				}
				return nil
			})
			if !errors.Is(err, tt.want) || asks != tt.asks {
				t.Errorf("asked %d times, %v", asks, err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := fleet.Retry(ctx, c, time.Hour, func(context.Context) error {
		cancel()
		return context.Canceled
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("who has given up: %v", err)
	}
}
