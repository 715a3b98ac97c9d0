package server

import (
	"context"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// How often it is looked for records that nobody will ask for, and how long that may take.
const (
	sweepEvery = 10 * time.Minute
	sweepTime  = 5 * time.Minute
)

// sweep has records forgotten that nobody will ask for.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	sweeper := fleet.NewSweeper(s.conn, s.state.isRemoved)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.nats.JetStreamEnabled() {
			continue
		}
		bounded, stop := context.WithTimeout(ctx, sweepTime)
		forgotten, err := sweeper.Sweep(bounded, time.Now())
		stop()
		if forgotten > 0 {
			s.o.Log.Info("records that no result names are forgotten", "messages", forgotten)
		}
		if err != nil && ctx.Err() == nil {
			s.o.Log.Debug("records that no result names are looked for again", "err", err)
		}
	}
}

// isRemoved reports whether a key was removed from the fleet.
func (s *state) isRemoved(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.Removed, key)
}
