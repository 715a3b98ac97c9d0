package fleet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestOtherTaskOfTheName: neither a result nor a message of what had a task's name in an earlier life, with another plan, other
// options or another trial number, stands for it.
func TestOtherTaskOfTheName(t *testing.T) {
	before := fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan A"), Options: json.RawMessage(`{"lean":false}`)}
	for _, tt := range []struct {
		name string
		task fleet.Task
	}{
		{"plan", fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan B"), Options: before.Options}},
		{"options", fleet.Task{ID: "1", Trial: 1, Payload: before.Payload, Options: json.RawMessage(`{"lean":true}`)}},
		{"trial", fleet.Task{ID: "1", Trial: 2, Payload: before.Payload, Options: before.Options}},
	} {
		for _, executed := range []bool{true, false} {
			name := "queued with another " + tt.name
			if executed {
				name = "executed with another " + tt.name
			}
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				s := startServer(t, server.Options{})
				pair := seed(t)
				first := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair})
				c := join(t, first, "work", fleet.CoordinatorOptions{})
				e := newExecutor("host", 1)
				asked := make(chan fleet.Task, 9)
				e.begin = func(_ context.Context, task fleet.Task) error { asked <- task; return nil }
				if executed {
					startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
				}
				if err := c.Submit(ctx, before, fleet.Needs{}); err != nil {
					t.Fatal(err)
				}
				if executed {
					if _, err := c.Await(ctx, "1"); err != nil {
						t.Fatal(err)
					}
					<-asked
				}
				first.Close() // killed
				var u uncounted
				c = join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair}), "work", fleet.CoordinatorOptions{Uncounted: u.add})
				if err := c.Submit(ctx, tt.task, fleet.Needs{}); err != nil {
					t.Fatal(err)
				}
				if !executed {
					startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
				}
				got, err := c.Await(ctx, "1")
				if err != nil {
					t.Fatal(err)
				}
				if want := outcome(tt.task.Payload, tt.task.Trial, 0); !bytes.Equal(got.Record, want.Record) {
					t.Error("what was asked before answers")
				}
				select {
				case task := <-asked:
					if !bytes.Equal(task.Options, tt.task.Options) || task.Trial != tt.task.Trial || !bytes.Equal(task.Payload, tt.task.Payload) {
						t.Errorf("executed was trial %d of %s with %s", task.Trial, task.Payload, task.Options)
					}
				default:
					t.Error("nothing was executed for it")
				}
				if executed {
					eventually(t, "the result of before is told", func() bool {
						return len(u.all()) == 1 && strings.Contains(u.all()[0], "1: it is of another plan")
					})
				}
			})
		}
	}
}

func digestOf(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }

// TestKeepEndsTheOther: when the result of a worker that was cut off comes first after all, who executes the task again ends.
func TestKeepEndsTheOther(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := startServer(t, server.Options{})
	p := startProxy(t, s.Addr())
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	began, finish, ended := make(chan string, 9), make(chan struct{}), make(chan struct{})
	slow := newExecutor("cut off", 1)
	slow.begin = func(context.Context, fleet.Task) error {
		began <- "cut off"
		<-finish
		return nil
	}
	startWorker(t, fleet.Access{URL: p.through(s.URL(fleet.RoleWorker))}, slow, fleet.WorkerOptions{})
	if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	<-began
	p.cut.Store(true)
	other := newExecutor("other", 1)
	other.begin = func(ctx context.Context, _ fleet.Task) error {
		began <- "other"
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, other, fleet.WorkerOptions{})
	<-began
	close(finish)
	p.cut.Store(false)
	p.breakAll()
	sealed, err := c.Await(ctx, "1")
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Host != "cut off" || sealed.Attempt != 1 {
		t.Fatalf("executed by %s in attempt %d", sealed.Host, sealed.Attempt)
	}
	if err := c.Keep(ctx, sealed); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("the task runs on elsewhere after its result was kept")
	}
}

// TestForgetsItsOwn: what is kept from before a server lost its state takes no other result from it, though numbers come again.
func TestForgetsItsOwn(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	dir := t.TempDir()
	s := startServer(t, server.Options{Dir: dir})
	pair := seed(t)
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair})
	e := newExecutor("host", 1)
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	execute := func(c *fleet.Coordinator, n int) fleet.Sealed {
		t.Helper()
		if err := c.Submit(ctx, fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
		sealed, err := c.Await(ctx, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	one := execute(c, 1)
	addr := s.Addr()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "jetstream")); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, server.Options{Dir: dir, Listen: addr})
	execute(c, 2) // has the number that the first had
	if err := c.Keep(ctx, one); err != nil {
		t.Fatal(err)
	}
	conn.Close() // killed before it kept the second
	c = join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair}), "work", fleet.CoordinatorOptions{})
	execute(c, 2)
	if n := e.executions(2); n != 1 {
		t.Errorf("the second was executed %d times: its result was gone", n)
	}
}

// TestJoinAsResultsGo: who reads what came for an earlier life does not wait for the last of it, which was forgotten before it was sent.
func TestJoinAsResultsGo(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	id := identity(t)
	access := fleet.Access{URL: s.URL(fleet.RoleCoordinator), Identity: id}
	before := join(t, dial(t, access), "work", fleet.CoordinatorOptions{})
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 4), fleet.WorkerOptions{})
	const results = 65 // of which a reader asks for 64 at once
	for n := 1; n <= results; n++ {
		if err := before.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= results; n++ {
		if _, err := before.Await(t.Context(), fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	direct := dial(t, access)
	var once sync.Once
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	c, err := fleet.Join(ctx, dial(t, access), "work", fleet.CoordinatorOptions{Counted: func(string) (string, bool) {
		once.Do(func() {
			if err := fleet.ForgetUnsent(ctx, direct, results-1); err != nil {
				t.Error(err)
			}
		})
		return "", false
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}
