package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/fleettest"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// slowOffer is an executor whose second answer to what it offers never comes.
type slowOffer struct {
	*executor
	asked chan struct{}
}

func (e *slowOffer) Offer(ctx context.Context) (fleet.Offer, error) {
	select {
	case e.asked <- struct{}{}:
		return e.executor.Offer(ctx)
	default:
		<-ctx.Done()
		return fleet.Offer{}, ctx.Err()
	}
}

// TestSlowOffer: a worker whose executor takes its time to say what there is stays in the roster and executes.
func TestSlowOffer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	e := &slowOffer{newExecutor("host", 1), make(chan struct{}, 1)}
	e.begin = func(_ context.Context, task fleet.Task) error {
		if e.executions(task.Trial) == 1 {
			return errors.New("once") // after it the executor is asked
		}
		return nil
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{Rest: time.Millisecond})
	if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(ctx, "1"); err != nil {
		t.Error(err)
	}
	if n := len(c.Workers()); n != 1 {
		t.Errorf("%d workers are there", n)
	}
}

// TestJoined: a worker that says that it is there is found by who asks from then on.
func TestJoined(t *testing.T) {
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	joined := make(chan struct{})
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{Joined: func() { close(joined) }})
	<-joined
	if status, err := fleet.ReadStatus(t.Context(), conn); err != nil || len(status.Workers) != 1 || status.Workers[0].Name != "host" {
		t.Errorf("%+v, %v", status.Workers, err)
	}
}

// TestSlowPlan: a plan that cannot be read yet delays its own tasks alone.
func TestSlowPlan(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := startServer(t, server.Options{Renewal: 30 * time.Second}) // nobody looks after the streams meanwhile
	pair := seed(t)
	key, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Signer: pair}), "work", fleet.CoordinatorOptions{})
	e := newExecutor("host", 2)
	release := make(chan struct{})
	e.begin = func(ctx context.Context, task fleet.Task) error {
		if task.Trial > 2 {
			return nil
		}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	submit := func(n int, plan string) {
		t.Helper()
		if err := c.Submit(ctx, fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte(plan)}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	submit(1, "known")
	submit(2, "known")
	eventually(t, "both slots are busy", func() bool { return e.executions(1) == 1 && e.executions(2) == 1 })
	submit(3, "unknown")
	submit(4, "known")
	nc, err := nats.Connect("tls://"+s.Addr(), nats.Nkey(key, pair.Sign), nats.Secure(anyCertificate()), nats.TLSHandshakeFirst())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(ctx, "REPRISE_PLANS"); err != nil { // reading waits until it is there again
		t.Fatal(err)
	}
	close(release)
	if _, err := c.Await(ctx, "4"); err != nil {
		t.Errorf("a task whose plan the worker knows: %v", err)
	}
	if e.executions(3) != 0 {
		t.Error("the other was executed: its plan did not have to be waited for")
	}
}

// TestRefusedResult: a result that the server will never take is a failure to execute, not one more execution at once.
func TestRefusedResult(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), MaxPayload: 32 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(within) {
		t.Fatal("the server does not answer")
	}
	access := fleet.Access{URL: s.ClientURL()}
	c := join(t, dial(t, access), "work", fleet.CoordinatorOptions{Failures: 2})
	e := &largeSummary{newExecutor("host", 1)}
	const rest = 10 * time.Millisecond
	startWorker(t, access, e, fleet.WorkerOptions{Rest: rest})
	begun := time.Now()
	if err := c.Submit(ctx, fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Await(ctx, "1")
	var failed *fleet.FailedError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "maximum payload exceeded") {
		t.Errorf("Await: %v", err)
	}
	// The worker may try again before it hears that the task is over, but rests twice as long after each failure.
	n := e.executions(1)
	if least := time.Duration(1<<(n-1)-1) * rest; time.Since(begun) < least {
		t.Errorf("it was executed %d times within %s: rests between take %s", n, time.Since(begun), least)
	}
}

// largeSummary is an executor whose summaries are larger than what small servers take.
type largeSummary struct{ *executor }

func (e *largeSummary) Execute(ctx context.Context, t fleet.Task, progress func(string)) (fleet.Outcome, error) {
	o, err := e.executor.Execute(ctx, t, progress)
	o.Summary = []byte(`"` + strings.Repeat("x", 64<<10) + `"`)
	return o, err
}

// TestServerAwayIsTold: a connection that breaks is told of, and that it is there again; one that is closed is not.
func TestServerAwayIsTold(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	p := startProxy(t, s.Addr())
	var h fleettest.Heard
	c, err := fleet.Dial(t.Context(), fleet.Access{URL: p.through(s.URL(fleet.RoleCoordinator)), Log: slog.New(&h)})
	if err != nil {
		t.Fatal(err)
	}
	p.breakAll()
	const lost, back = "the connection to the fleet's server is lost", "the fleet's server is connected again"
	eventually(t, "both are told", func() bool { return strings.Contains(h.All(), lost) && strings.Contains(h.All(), back) })
	told := h.All()
	c.Close()
	<-time.After(renewal)
	if h.All() != told {
		t.Errorf("after it was closed: %s", h.All())
	}
}

// TestNoFleetYet: a worker of a server that is no fleet's says what it waits for, and is drained as any other.
func TestNoFleetYet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		stores bool
		want   string
	}{
		{"not set up", true, "waiting: no fleet was set up on this server"},
		{"without JetStream", false, "waiting: this server stores nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var h fleettest.Heard
			w := startWorker(t, fleet.Access{URL: fleettest.OtherServer(t, tt.stores), Log: slog.New(&h)}, newExecutor("host", 1), fleet.WorkerOptions{})
			eventually(t, "it says what it waits for", func() bool { return strings.Contains(h.All(), tt.want) })
			w.Drain()
			select {
			case err := <-w.done:
				w.done <- err
				if err != nil {
					t.Errorf("a drained worker returns %v", err)
				}
			case <-time.After(within):
				t.Error("it goes on waiting")
			}
		})
	}
}
