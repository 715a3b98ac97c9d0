package namespaces_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// Two hundred labs of one owner stand at once, each with its own cables, and all go.
func TestTwoHundredLabs(t *testing.T) {
	livetest.Long(t, "two hundred labs")
	p := open(t)
	const labs, run = 200, "test-many"
	made := make([]topologies.Reservation, labs)
	start := time.Now()
	var group errgroup.Group
	for i := range labs {
		group.Go(func() (err error) {
			made[i], err = p.Reserve(t.Context(), subject().Ring(2), topologies.Options{Run: run, Lab: i + 1})
			return err
		})
	}
	err := group.Wait()
	t.Logf("%d labs are up after %v", labs, time.Since(start))
	if err == nil {
		if list := supervisors(t, run); len(list) != labs {
			t.Errorf("%d supervisors", len(list))
		}
		for i, r := range made {
			group.Go(func() error {
				h, err := r.Host("n1")
				if err == nil {
					err = topologiestest.Ping(t.Context(), h, "10.0.0.2")
				}
				if err != nil {
					return fmt.Errorf("lab %d: %w", i+1, err)
				}
				return nil
			})
		}
		err = group.Wait()
		t.Logf("each has carried a frame after %v", time.Since(start))
	}
	for _, r := range made {
		if r != nil {
			err = errors.Join(err, r.Release(t.Context()))
		}
	}
	t.Logf("all are down after %v", time.Since(start))
	if err != nil {
		t.Error(err)
	}
	if list := supervisors(t, run); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}
