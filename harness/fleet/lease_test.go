package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// executed has tasks of a work executed, and leaves their results where they are.
func executed(t *testing.T, s *server.Server, c *fleet.Coordinator, tasks int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 4), fleet.WorkerOptions{})
	for n := 1; n <= tasks; n++ {
		if err := c.Submit(ctx, fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= tasks; n++ {
		if _, err := c.Await(ctx, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEndedGivesNothing: a coordinator that was closed gives out no result, though it has them.
func TestEndedGivesNothing(t *testing.T) {
	const tasks = 20
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	executed(t, s, c, tasks)
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= tasks; n++ {
		if _, err := c.Await(t.Context(), fmt.Sprint(n)); !errors.Is(err, fleet.ErrClosed) {
			t.Errorf("Await of task %d: %v", n, err)
		}
	}
}

// TestCutOffGivesNothing: a coordinator that is cut off for longer than its lease gives out no result, until it holds the work
// again; when another has had it meanwhile, even if that one has ended long ago, it is lost.
func TestCutOffGivesNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other bool // takes the work meanwhile, and closes
	}{
		{"nobody took it", false},
		{"another had it", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, server.Options{})
			p := startProxy(t, s.Addr())
			c := join(t, dial(t, fleet.Access{URL: p.through(s.URL(fleet.RoleCoordinator))}), "work", fleet.CoordinatorOptions{})
			executed(t, s, c, 1)
			p.cut.Store(true)
			direct := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
			held := func() bool {
				status, err := fleet.ReadStatus(t.Context(), direct)
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range status.Works {
					if w.Held {
						return true
					}
				}
				return false
			}
			if tt.other {
				if err := join(t, direct, "work", fleet.CoordinatorOptions{}).Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the lease has run out", func() bool { return !held() })
			short, cancel := context.WithTimeout(t.Context(), renewal)
			defer cancel()
			if _, err := c.Await(short, "1"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Await while nobody knows who holds the work: %v", err)
			}
			if err := c.Holds(); err == nil {
				t.Error("it says that it holds the work")
			}
			<-time.After(4 * renewal) // and what the other wrote is gone
			p.cut.Store(false)
			p.breakAll()
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			_, err := c.Await(ctx, "1")
			if lost := errors.Is(err, fleet.ErrLost); lost != tt.other || !tt.other && err != nil {
				t.Errorf("Await when it is back: %v", err)
			}
			if err := c.Holds(); errors.Is(err, fleet.ErrLost) != tt.other {
				t.Errorf("it holds the work: %v", err)
			}
		})
	}
}

// TestServerCountsAnew: the life of a work that follows one that a server lost its disk under has its tasks executed, also
// those that the last life cancelled.
func TestServerCountsAnew(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		t.Run(fmt.Sprintf("cancelled %v", cancelled), func(t *testing.T) { serverCountsAnew(t, cancelled) })
	}
}

func serverCountsAnew(t *testing.T, cancelled bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	dir := t.TempDir()
	s := startServer(t, server.Options{Dir: dir})
	pair := seed(t)
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair})
	for range 8 { // lives grow
		if err := join(t, conn, "work", fleet.CoordinatorOptions{}).Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	addr := s.Addr()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "jetstream")); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, server.Options{Dir: dir, Listen: addr})
	eventually(t, "the work is held again", func() bool {
		status, err := fleet.ReadStatus(ctx, s.Conn())
		return err == nil && len(status.Works) == 1 && status.Works[0].Held
	})
	if cancelled {
		if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		if err := c.Cancel(ctx, "1"); err != nil {
			t.Fatal(err)
		}
		conn.Close() // killed
		conn = dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair})
	} else if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	c = join(t, conn, "work", fleet.CoordinatorOptions{})
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{})
	if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(ctx, "1"); err != nil {
		t.Error(err)
	}
}

// TestReplacedTaskEnds: what runs under a task's name from an earlier life's message ends when another task has the name.
func TestReplacedTaskEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := startServer(t, server.Options{})
	pair := seed(t)
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair})
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	e := newExecutor("host", 1)
	began := make(chan struct{}, 9)
	e.begin = func(ctx context.Context, task fleet.Task) error {
		began <- struct{}{}
		if string(task.Payload) == "plan A" {
			<-ctx.Done()
		}
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan A")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	<-began
	conn.Close() // killed
	c = join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair}), "work", fleet.CoordinatorOptions{})
	if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan B")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(ctx, "1"); err != nil {
		t.Error(err)
	}
}

// TestCloseAfterTheEnd: whoever ends because its context ended gives the work back all the same: its queue is empty and the next
// need not wait for the lease to run out. The same holds for a Join that is given up half way.
func TestCloseAfterTheEnd(t *testing.T) {
	const renewal = 2 * time.Second // a lease lives three times that
	s := startServer(t, server.Options{Renewal: renewal})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	next := func(t *testing.T, work string) {
		t.Helper()
		waiting := make(chan fleet.Holder, 9)
		join(t, conn, work, fleet.CoordinatorOptions{Waiting: func(h fleet.Holder) { waiting <- h }})
		if len(waiting) > 0 {
			t.Errorf("the next one had to wait for %+v", <-waiting)
		}
	}
	t.Run("close", func(t *testing.T) {
		c := join(t, conn, "closed", fleet.CoordinatorOptions{})
		if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Close(ended); err != nil {
			t.Fatal(err)
		}
		status, err := fleet.ReadStatus(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range status.Works {
			if w.Held || w.Queued > 0 {
				t.Errorf("work %s is held %v with %d tasks queued", w.Work, w.Held, w.Queued)
			}
		}
		next(t, "closed")
	})
	t.Run("join", func(t *testing.T) {
		// However far Join is when its context ends.
		for step := range 40 {
			work := fmt.Sprint("joined", step)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(step)*100*time.Microsecond)
			c, err := fleet.Join(ctx, conn, work, fleet.CoordinatorOptions{})
			cancel()
			if err == nil {
				err = c.Close(t.Context())
			}
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Join that is given up: %v", err)
			}
			next(t, work)
		}
	})
}
