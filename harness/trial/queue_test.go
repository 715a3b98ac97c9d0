package trial_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// queue is a provider whose labs are waited for.
type queue struct {
	topologies.Provider
	wait  time.Duration
	given int // back
}

func (q *queue) Unwrap() topologies.Provider { return q.Provider }

func (q *queue) Queue(ctx context.Context, _ topologies.Topology, _ topologies.Options) (func(), error) {
	select {
	case <-time.After(q.wait):
		return func() { q.given++ }, nil
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}

// TestQueue: waiting for what a lab is made of takes nothing of a trial's time, and one that was not begun for it is not counted.
func TestQueue(t *testing.T) {
	quick := strings.Replace(stuck, "eventually: 200ms", "eventually: 1m", 1)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := planOf(t, quick, plan.Options{Trials: 1})
		q := &queue{Provider: &w.provider, wait: p.Timeout + time.Hour}
		s, err := trial.NewSeries(t.Context(), p, t.TempDir(), trial.Environment{Provider: q, Registry: w.platform.Registry()}, evidence.Tool{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if a, err := s.TryWithin(ctx, 1, 0); err == nil || s.Trials() != 0 {
			t.Errorf("interrupted while it waits: %+v, %v, %d trials", a, err, s.Trials())
		}
		a, err := s.TryWithin(t.Context(), 1, 0)
		if err != nil || a.Verdict.Verdict != evidence.Reproduced || s.Trials() != 1 || q.given != 1 {
			t.Errorf("%+v, %v, %d trials, given back %d times", a, err, s.Trials(), q.given)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
