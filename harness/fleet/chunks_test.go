package fleet_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestSubmittedAtTheSameTime: a plan of many chunks arrives whole, also when two coordinators of one identity, each in several
// goroutines, store it at the same time.
func TestSubmittedAtTheSameTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := startServer(t, server.Options{Renewal: 5 * time.Second})
	plan := make([]byte, 6<<20)
	if _, err := rand.Read(plan); err != nil {
		t.Fatal(err)
	}
	pair := seed(t)
	var both []*fleet.Coordinator
	for _, work := range []string{"one", "two"} {
		c := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair}) // a process of its own
		both = append(both, join(t, c, work, fleet.CoordinatorOptions{Failures: 2}))
	}
	var wg sync.WaitGroup
	for _, c := range both {
		for n := 1; n <= 3; n++ {
			wg.Go(func() {
				if err := c.Submit(ctx, fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: plan}, fleet.Needs{}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{Rest: 10 * time.Millisecond})
	for i, c := range both {
		for n := 1; n <= 3; n++ {
			got, err := c.Await(ctx, fmt.Sprint(n))
			if err != nil {
				t.Fatalf("coordinator %d, task %d: %v", i+1, n, err)
			}
			if want := outcome(plan, n, 0); !bytes.Equal(got.Record, want.Record) {
				t.Errorf("coordinator %d, task %d: another plan was executed", i+1, n)
			}
		}
	}
}

// TestManyOfOnePlan: of many tasks of one new plan that are submitted at the same time, one has the server asked for the plan, and the
// others wait for that: each costs its own messages and no more.
func TestManyOfOnePlan(t *testing.T) {
	const tasks = 200
	s := startServer(t, server.Options{Renewal: time.Minute})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	before := messagesOf(t, s)
	var wg sync.WaitGroup
	for n := 1; n <= tasks; n++ {
		wg.Go(func() {
			if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	each := float64(messagesOf(t, s)-before) / tasks
	t.Logf("%.1f messages for a task", each)
	if each > 4 {
		t.Errorf("a task of a plan that is there costs %.1f messages", each)
	}
}

func messagesOf(t *testing.T, s *server.Server) int64 {
	t.Helper()
	in, out, err := s.Messages()
	if err != nil {
		t.Fatal(err)
	}
	return in + out
}

// TestShippedAtTheSameTime: of several goroutines that ship one image one reads it, and the others wait until it is there.
func TestShippedAtTheSameTime(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	image := bytes.Repeat([]byte("layer "), 200_000)
	digest := digestOf(image)
	opened := make(chan struct{}, 9)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := c.Ship(t.Context(), digest, func() (io.ReadCloser, error) {
				opened <- struct{}{}
				return io.NopCloser(bytes.NewReader(image)), nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(opened); n != 1 {
		t.Errorf("the image was read %d times", n)
	}
}
