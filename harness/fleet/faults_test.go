package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// uncounted collects what counts for nothing.
type uncounted struct {
	mu   sync.Mutex
	list []string
}

func (u *uncounted) add(s fleet.Sealed, why string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.list = append(u.list, s.ID+": "+why)
	return nil
}

func (u *uncounted) all() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string(nil), u.list...)
}

// TestDeadWorker: the trial of a worker whose plug is pulled begins on another within twice the renewal.
func TestDeadWorker(t *testing.T) {
	const renewal = time.Second
	s := startServer(t, server.Options{Renewal: renewal})
	began := make(chan time.Time, 1)
	dies := newExecutor("dies", 1)
	dies.begin = func(ctx context.Context, _ fleet.Task) error {
		began <- time.Now()
		<-ctx.Done()
		return ctx.Err()
	}
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, dies, fleet.WorkerOptions{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	<-began
	lives := newExecutor("lives", 1)
	lives.begin = func(context.Context, fleet.Task) error {
		began <- time.Now()
		return nil
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, lives, fleet.WorkerOptions{})
	eventually(t, "the second worker is there", func() bool { return len(c.Workers()) == 2 })
	select {
	case <-began:
		t.Fatal("the trial of a living worker was given to another")
	case <-time.After(3 * renewal): // it renews
	}
	died := time.Now()
	w.kill()
	if took := (<-began).Sub(died); took > 2*renewal {
		t.Errorf("the trial began elsewhere after %s, more than twice the renewal of %s", took, renewal)
	}
	sealed, err := c.Await(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Host != "lives" || sealed.Attempt < 2 {
		t.Errorf("executed by %s in attempt %d", sealed.Host, sealed.Attempt)
	}
}

// TestLateResult: a worker that was cut off while another executed its trial sends its result later: that counts for nothing.
func TestLateResult(t *testing.T) {
	s := startServer(t, server.Options{})
	p := startProxy(t, s.Addr())
	var u uncounted
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Uncounted: u.add})
	began, finish := make(chan struct{}, 9), make(chan struct{})
	slow := newExecutor("cut off", 1)
	slow.begin = func(context.Context, fleet.Task) error {
		began <- struct{}{}
		<-finish
		return nil
	}
	startWorker(t, fleet.Access{URL: p.through(s.URL(fleet.RoleWorker))}, slow, fleet.WorkerOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	<-began
	p.cut.Store(true)
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("other", 1), fleet.WorkerOptions{})
	sealed, err := c.Await(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Host != "other" {
		t.Fatalf("executed by %s", sealed.Host)
	}
	close(finish)
	p.cut.Store(false)
	p.breakAll()
	eventually(t, "the late result is told", func() bool { return len(u.all()) > 0 })
	if got, want := u.all(), []string{"1: the task has a result already"}; !cmp.Equal(got, want) {
		t.Errorf("uncounted %q, want %q", got, want)
	}
	if again, err := c.Await(t.Context(), "1"); err != nil || again.SHA256 != sealed.SHA256 {
		t.Errorf("the result changed: %v", err)
	}
	if err := c.Keep(t.Context(), sealed); err != nil {
		t.Fatal(err)
	}
}

// TestUploadCut: a connection that breaks in the middle of a record costs neither the trial nor the record.
func TestUploadCut(t *testing.T) {
	s := startServer(t, server.Options{})
	p := startProxy(t, s.Addr())
	e := newExecutor("host", 1)
	e.size = 6 << 20
	e.begin = func(context.Context, fleet.Task) error {
		p.limit.Store(2 << 20)
		return nil
	}
	startWorker(t, fleet.Access{URL: p.through(s.URL(fleet.RoleWorker))}, e, fleet.WorkerOptions{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	plan := []byte("plan")
	if diff := cmp.Diff(local(plan, 2, e.size), series(t, c, plan, 2, 1)); diff != "" {
		t.Errorf("(-local +fleet):\n%s", diff)
	}
	if p.limit.Load() >= 0 {
		t.Error("the connection was not broken")
	}
	status, err := fleet.ReadStatus(t.Context(), dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}))
	if err != nil {
		t.Fatal(err)
	}
	if status.Bytes > 64<<10 {
		t.Errorf("%d bytes are left on the server after everything was kept", status.Bytes)
	}
}

// TestDiskFull: a host that cannot execute says why and rests, and another executes.
func TestDiskFull(t *testing.T) {
	s := startServer(t, server.Options{})
	var u uncounted
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Uncounted: u.add})
	var full atomic.Bool
	full.Store(true)
	sick := newExecutor("sick", 1)
	sick.begin = func(context.Context, fleet.Task) error {
		if full.Load() {
			return &os.PathError{Op: "write", Path: "timeline.ndjson", Err: syscall.ENOSPC}
		}
		return nil
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, sick, fleet.WorkerOptions{Rest: 2 * time.Second})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the worker says that it ails", func() bool {
		w := c.Workers()
		return len(w) == 1 && strings.Contains(w[0].Ailing, "no space left on device")
	})
	status, err := fleet.ReadStatus(t.Context(), dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}))
	if err != nil {
		t.Fatal(err)
	}
	if idle := strings.Join(status.Workers[0].Idle, "\n"); !strings.Contains(idle, "it rests") || !strings.Contains(idle, "no space left") {
		t.Errorf("the status says of the worker: %q", idle)
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("well", 1), fleet.WorkerOptions{})
	sealed, err := c.Await(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Host != "well" {
		t.Errorf("executed by %s", sealed.Host)
	}
	eventually(t, "the failed attempt is told", func() bool { return len(u.all()) == 1 })
	if got := u.all()[0]; !strings.Contains(got, "the host could not execute it: write timeline.ndjson: no space left on device") {
		t.Errorf("uncounted %q", got)
	}
}

// TestUnfit: a task that is not for a host is another's, and the host goes on with what is for it, without a rest.
func TestUnfit(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	strict := newExecutor("strict", 1)
	refused := make(chan struct{}, 10)
	strict.begin = func(_ context.Context, task fleet.Task) error {
		if task.Trial == 1 {
			refused <- struct{}{}
			return &fleet.UnfitError{Err: errors.New("it asks for the engine")}
		}
		return nil
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, strict, fleet.WorkerOptions{Rest: time.Hour})
	submit := func(n int) {
		t.Helper()
		if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	submit(1)
	<-refused
	submit(2)
	if sealed, err := c.Await(t.Context(), "2"); err != nil || sealed.Host != "strict" {
		t.Fatalf("%s, %v", sealed.Host, err)
	}
	if w := c.Workers(); len(w) != 1 || w[0].Ailing != "" {
		t.Errorf("%+v", w)
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("open", 1), fleet.WorkerOptions{})
	if sealed, err := c.Await(t.Context(), "1"); err != nil || sealed.Host != "open" {
		t.Errorf("%s, %v", sealed.Host, err)
	}
}

// TestNobodyCanExecute: a task that fails on every host is given up with all reasons.
func TestNobodyCanExecute(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Failures: 3})
	sick := newExecutor("sick", 1)
	sick.begin = func(context.Context, fleet.Task) error { return errors.New("no engine") }
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, sick, fleet.WorkerOptions{Rest: 10 * time.Millisecond})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Await(t.Context(), "1")
	var failed *fleet.FailedError
	if !errors.As(err, &failed) || !cmp.Equal(failed.Reasons, []string{"sick: no engine", "sick: no engine", "sick: no engine"}) {
		t.Fatalf("Await: %v", err)
	}
	eventually(t, "nobody executes it any more", func() bool {
		before := sick.executions(1)
		<-time.After(3 * renewal)
		return sick.executions(1) == before
	})
}

// TestBusyWorkerIsWaitedFor: a task is not given up while a worker that has not tried it is busy.
func TestBusyWorkerIsWaitedFor(t *testing.T) {
	s := startServer(t, server.Options{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Failures: 2})
	began, finish := make(chan struct{}, 9), make(chan struct{})
	busy := newExecutor("busy", 1)
	busy.begin = func(context.Context, fleet.Task) error {
		began <- struct{}{}
		<-finish
		return nil
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, busy, fleet.WorkerOptions{})
	submit := func(n int) {
		t.Helper()
		if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	submit(1)
	<-began
	sick := newExecutor("sick", 1)
	sick.begin = func(context.Context, fleet.Task) error { return errors.New("no engine") }
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, sick, fleet.WorkerOptions{Rest: time.Millisecond})
	eventually(t, "both are there", func() bool { return len(c.Workers()) == 2 })
	submit(2)
	eventually(t, "the sick one has failed more often than is allowed", func() bool { return sick.executions(2) > 3 })
	close(finish)
	if _, err := c.Await(t.Context(), "2"); err != nil {
		t.Error(err)
	}
}

// TestCoordinatorResumed: a coordinator that dies between a result and its Keep, and with tasks queued, is followed by one under
// the same identity that counts each trial once, and executes none twice.
func TestCoordinatorResumed(t *testing.T) {
	s := startServer(t, server.Options{Renewal: time.Second})
	id := identity(t)
	e := newExecutor("host", 2)
	release := make(chan struct{})
	e.begin = func(ctx context.Context, task fleet.Task) error {
		if task.Trial > 4 {
			select {
			case <-release:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	plan := []byte("plan")
	first := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Identity: id})
	c := join(t, first, "work", fleet.CoordinatorOptions{})
	const trials = 8
	submit := func(c *fleet.Coordinator, n int) {
		t.Helper()
		if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: plan}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= trials; n++ {
		submit(c, n)
	}
	ledger := map[string]string{} // trial → seal
	for n := 1; n <= 4; n++ {
		sealed, err := c.Await(t.Context(), fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		switch n {
		case 1, 2:
			ledger[sealed.ID] = sealed.SHA256
			if n == 1 { // the second is in the ledger, and the fleet does not know
				if err := c.Keep(t.Context(), sealed); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	waits := make(chan error)
	go func() { _, err := c.Await(t.Context(), "8"); waits <- err }()
	first.Close() // killed: two run, two are queued, two came that nobody counted
	if err := <-waits; !errors.Is(err, fleet.ErrClosed) {
		t.Errorf("who waits for a coordinator whose connection was closed: %v", err)
	}
	close(release)
	var u uncounted
	c = join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Identity: id}), "work", fleet.CoordinatorOptions{
		Uncounted: u.add, Counted: func(id string) (string, bool) { seal, ok := ledger[id]; return seal, ok },
	})
	for n := 3; n <= trials; n++ {
		submit(c, n)
	}
	for n := 3; n <= trials; n++ {
		sealed, err := c.Await(t.Context(), fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Keep(t.Context(), sealed); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= trials; n++ {
		if got := e.executions(n); got != 1 {
			t.Errorf("trial %d was executed %d times", n, got)
		}
	}
	if len(u.all()) > 0 {
		t.Errorf("uncounted: %q", u.all())
	}
}

// TestServerRestarted: a server that ends and starts again on its state, and one that comes back without any, lose no trial.
func TestServerRestarted(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("state lost %v", lost), func(t *testing.T) {
			dir := t.TempDir()
			s := startServer(t, server.Options{Dir: dir})
			addr := s.Addr()
			e := newExecutor("host", 2)
			e.takes = 30 * time.Millisecond
			startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
			c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
			stop := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for e.ran.Load() < 10 {
					select {
					case <-stop:
						return
					case <-time.After(5 * time.Millisecond):
					}
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if lost {
					if err := os.RemoveAll(filepath.Join(dir, "jetstream")); err != nil {
						t.Error(err)
					}
				}
				startServer(t, server.Options{Dir: dir, Listen: addr})
			})
			plan := []byte("plan")
			got := series(t, c, plan, 30, 4)
			close(stop)
			wg.Wait()
			if diff := cmp.Diff(local(plan, 30, 0), got); diff != "" {
				t.Errorf("(-local +fleet):\n%s", diff)
			}
			if err := c.Close(t.Context()); err != nil { // while there is a server
				t.Error(err)
			}
		})
	}
}

// TestSkippedTask: a task that the server holds, and gives to nobody because it takes it for acknowledged, is executed all the same.
func TestSkippedTask(t *testing.T) {
	s := startServer(t, server.Options{})
	id := identity(t)
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Identity: id})
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	needs := fleet.Needs{}
	for n := 1; n <= 3; n++ {
		if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, needs); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := fleet.Identity(id)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("tls://"+s.Addr(), nats.Nkey(conn.PublicKey(), pair.Sign), nats.Secure(anyCertificate()), nats.TLSHandshakeFirst())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	answer, err := nc.Request("$JS.API.CONSUMER.RESET.REPRISE_WORK.needs-"+needs.Key(), []byte(`{"seq":3}`), within)
	if err != nil || strings.Contains(string(answer.Data), "error") {
		t.Fatalf("the consumer is not led past its messages: %s, %v", answer.Data, err)
	}
	e := newExecutor("host", 1)
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for n := 1; n <= 3; n++ {
		if _, err := c.Await(ctx, fmt.Sprint(n)); err != nil {
			t.Errorf("task %d: %v", n, err)
		}
	}
}

// leap does to a server what its clock does when it leaps ahead: whatever lives for a time is over at once, leases, offers and announced
// needs, and every task that workers have is given to others.
func leap(tb testing.TB, addr string, pair nkeys.KeyPair) {
	tb.Helper()
	key, err := pair.PublicKey()
	if err != nil {
		tb.Fatal(err)
	}
	nc, err := nats.Connect("tls://"+addr, nats.Nkey(key, pair.Sign), nats.Secure(anyCertificate()), nats.TLSHandshakeFirst())
	if err != nil {
		tb.Log(err) // the server is away
		return
	}
	defer nc.Close()
	for _, stream := range []string{"KV_reprise-works", "KV_reprise-roster", "KV_reprise-needs"} {
		if _, err := nc.Request("$JS.API.STREAM.PURGE."+stream, nil, within); err != nil {
			tb.Log(err)
		}
	}
	needs := fleet.Needs{Kind: "container"}
	if _, err := nc.Request("$JS.API.CONSUMER.RESET.REPRISE_WORK.needs-"+needs.Key(), []byte(`{"seq":1}`), within); err != nil {
		tb.Log(err)
	}
}

// TestClockLeaps: when the server's clock leaps ahead, the coordinator keeps its work, the workers come again, and nothing is counted
// twice or lost.
func TestClockLeaps(t *testing.T) {
	s := startServer(t, server.Options{})
	id := identity(t)
	e := newExecutor("host", 2)
	e.takes = 20 * time.Millisecond
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Identity: id}), "work", fleet.CoordinatorOptions{})
	pair, err := fleet.Identity(id)
	if err != nil {
		t.Fatal(err)
	}
	var leaps atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, due := range []int64{10, 30} {
			for e.ran.Load() < due {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
			}
			leap(t, s.Addr(), pair)
			leaps.Add(1)
		}
	})
	plan := []byte("plan")
	got := series(t, c, plan, 60, 4)
	close(stop)
	wg.Wait()
	if diff := cmp.Diff(local(plan, 60, 0), got); diff != "" {
		t.Errorf("(-local +fleet):\n%s", diff)
	}
	if leaps.Load() == 0 {
		t.Error("the clock did not leap")
	}
	// Who comes now still finds the work held.
	ctx, cancel := context.WithTimeout(t.Context(), 5*renewal)
	defer cancel()
	eventually(t, "the lease is there again", func() bool {
		status, err := fleet.ReadStatus(t.Context(), dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}))
		return err == nil && len(status.Works) == 1 && status.Works[0].Held
	})
	if _, err := fleet.Join(ctx, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second coordinator after the leaps: %v", err)
	}
}

// TestCancel: a cancelled task is not begun, or ends where it runs; its result counts for nothing, and its name is free for the
// next life of the work.
func TestCancel(t *testing.T) {
	s := startServer(t, server.Options{})
	id := identity(t)
	e := newExecutor("host", 1)
	began, ended := make(chan int, 9), make(chan int, 9)
	var hold atomic.Bool
	hold.Store(true)
	e.begin = func(ctx context.Context, task fleet.Task) error {
		began <- task.Trial
		if hold.Load() {
			<-ctx.Done()
		}
		ended <- task.Trial
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator), Identity: id})
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	for n := 1; n <= 2; n++ {
		if err := c.Submit(t.Context(), fleet.Task{ID: fmt.Sprint(n), Trial: n, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	running := <-began
	for _, n := range []int{3 - running, running} {
		if err := c.Cancel(t.Context(), fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Await(t.Context(), fmt.Sprint(n)); !errors.Is(err, fleet.ErrCancelled) {
			t.Errorf("Await of a cancelled task: %v", err)
		}
	}
	start := time.Now()
	if n := <-ended; n != running || time.Since(start) > 5*renewal {
		t.Errorf("task %d ended %s after it was cancelled", n, time.Since(start))
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	hold.Store(false)
	c = join(t, conn, "work", fleet.CoordinatorOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if _, err := c.Await(ctx, "1"); err != nil {
		t.Errorf("a task that was cancelled in the work's last life: %v", err)
	}
}

// TestClosedWorkEnds: closing a coordinator ends what its workers run.
func TestClosedWorkEnds(t *testing.T) {
	s := startServer(t, server.Options{})
	began, ended := make(chan struct{}), make(chan struct{})
	e := newExecutor("host", 1)
	e.begin = func(ctx context.Context, _ fleet.Task) error {
		close(began)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	<-began
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(within):
		t.Error("the task runs on after its work was closed")
	}
}

// TestSecondCoordinator: a second coordinator waits while the first holds the work, is told who does, and takes over when it
// closes or dies.
func TestSecondCoordinator(t *testing.T) {
	const renewal = 500 * time.Millisecond // a lease outlives a busy machine
	s := startServer(t, server.Options{Renewal: renewal})
	for _, dies := range []bool{false, true} {
		t.Run(fmt.Sprintf("first dies %v", dies), func(t *testing.T) {
			work := fmt.Sprintf("work-%v", dies)
			conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
			first := join(t, conn, work, fleet.CoordinatorOptions{Name: "ann@one"})
			waiting := make(chan fleet.Holder, 9)
			joined := make(chan *fleet.Coordinator, 1)
			other := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
			go func() {
				second, err := fleet.Join(t.Context(), other, work, fleet.CoordinatorOptions{Name: "bob@two", Waiting: func(h fleet.Holder) { waiting <- h }})
				if err != nil {
					t.Error(err)
				}
				joined <- second
			}()
			if h := <-waiting; h.Name != "ann@one" || h.Key != conn.PublicKey() || time.Since(h.Since).Abs() > time.Minute {
				t.Errorf("waiting for %+v", h)
			}
			select {
			case <-joined:
				t.Fatal("two coordinators hold one work")
			case <-time.After(5 * renewal): // the first renews
			}
			if dies {
				conn.Close()
			} else if err := first.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			select {
			case second := <-joined:
				if err := second.Close(t.Context()); err != nil {
					t.Error(err)
				}
			case <-time.After(within):
				t.Fatal("the work was not taken over")
			}
		})
	}
}

// TestLeaseLost: a coordinator that was cut off until another took its work over stops, and says why.
func TestLeaseLost(t *testing.T) {
	s := startServer(t, server.Options{})
	p := startProxy(t, s.Addr())
	first := join(t, dial(t, fleet.Access{URL: p.through(s.URL(fleet.RoleCoordinator))}), "work", fleet.CoordinatorOptions{Name: "ann@one"})
	if err := first.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	p.cut.Store(true)
	join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Name: "bob@two"})
	p.cut.Store(false)
	p.breakAll()
	if _, err := first.Await(t.Context(), "1"); !errors.Is(err, fleet.ErrLost) || !strings.Contains(err.Error(), "bob@two") {
		t.Errorf("Await: %v", err)
	}
}
