package fleet_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// heldTask is a worker that begins task 1 and executes it until it is told to end, and its coordinator behind a proxy. Task 0 was
// executed before.
type heldTask struct {
	c            *fleet.Coordinator
	p            *proxy
	began, ended chan struct{}
	uncounted    atomic.Int64
}

func startHeldTask(t *testing.T) *heldTask {
	t.Helper()
	s := startServer(t, server.Options{})
	h := &heldTask{p: startProxy(t, s.Addr()), began: make(chan struct{}), ended: make(chan struct{})}
	e := newExecutor("host", 1)
	e.begin = func(ctx context.Context, task fleet.Task) error {
		if task.Trial == 0 {
			return nil
		}
		close(h.began)
		<-ctx.Done()
		close(h.ended)
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	h.c = join(t, dial(t, fleet.Access{URL: h.p.through(s.URL(fleet.RoleCoordinator))}), "work", fleet.CoordinatorOptions{
		Uncounted: func(fleet.Sealed, string) error { h.uncounted.Add(1); return nil },
	})
	if err := h.c.Submit(t.Context(), fleet.Task{ID: "0", Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.c.Await(t.Context(), "0"); err != nil {
		t.Fatal(err)
	}
	return h
}

// submit gives the task that is held.
func (h *heldTask) submit(ctx context.Context) error {
	return h.c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{})
}

// hear has the coordinator hear the server again.
func (h *heldTask) hear() {
	h.p.deaf.Store(false)
	h.p.cut.Store(false)
	h.p.breakAll()
}

func (h *heldTask) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-h.ended:
	case <-time.After(within):
		t.Error("the task runs on after it was cancelled")
	}
	if n := h.uncounted.Load(); n != 0 {
		t.Errorf("%d results of it came", n)
	}
}

// TestCancelBrokenSubmission: a task whose submission ended before the server confirmed it ends where it runs.
func TestCancelBrokenSubmission(t *testing.T) {
	t.Parallel()
	h := startHeldTask(t)
	h.p.deaf.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	submitted := make(chan error, 1)
	go func() { submitted <- h.submit(ctx) }()
	<-h.began
	cancel()
	if err := <-submitted; !errors.Is(err, context.Canceled) {
		t.Fatalf("a submission that nobody confirmed: %v", err)
	}
	h.hear()
	ctx, cancel = context.WithTimeout(t.Context(), within)
	defer cancel()
	if err := h.c.Cancel(ctx, "1"); err != nil {
		t.Fatal(err)
	}
	h.awaitEnd(t)
	if _, err := h.c.Await(ctx, "1"); !errors.Is(err, fleet.ErrCancelled) {
		t.Errorf("Await of a cancelled task: %v", err)
	}
}

// TestCancelWhileAway: a task that is cancelled while the server cannot be told ends when it can.
func TestCancelWhileAway(t *testing.T) {
	t.Parallel()
	h := startHeldTask(t)
	if err := h.submit(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-h.began
	h.p.cut.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), renewal/2)
	defer cancel()
	if err := h.c.Cancel(ctx, "1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a cancellation of which nobody hears: %v", err)
	}
	h.hear()
	h.awaitEnd(t)
}

// TestCancelToNobody: of the end of a task hears who has it. A coordinator ends each task that may have gone to another worker too, and
// a fleet of a thousand workers would hear of little else.
func TestCancelToNobody(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{Renewal: time.Minute})
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	eventually(t, "it is there", func() bool { return len(c.Workers()) == 1 })
	const tasks = 50
	give := func(do func(id string) error) {
		for i := range tasks {
			if err := do(strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	give(func(id string) error {
		return c.Submit(t.Context(), fleet.Task{ID: id, Payload: []byte("plan")}, fleet.Needs{Kind: "vm"})
	})
	before, err := fleet.Heard(w.conn)
	if err != nil {
		t.Fatal(err)
	}
	give(func(id string) error { return c.Cancel(t.Context(), id) })
	if n, err := fleet.Heard(w.conn); n-before >= tasks || err != nil {
		t.Errorf("a worker hears %d messages while %d tasks end that it does not have; %v", n-before, tasks, err)
	}
}
