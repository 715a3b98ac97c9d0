package fleet_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// renewal of the fleets in tests.
const renewal = 200 * time.Millisecond

// within bounds what a test waits for.
const within = 20 * time.Second

func startServer(tb testing.TB, o server.Options) *server.Server {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Renewal == 0 {
		o.Renewal = renewal
	}
	s, err := server.Start(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func dial(tb testing.TB, a fleet.Access) *fleet.Conn {
	tb.Helper()
	c, err := fleet.Dial(tb.Context(), a)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// executor simulates trials: what one comes to is a function of the plan and the trial's number.
type executor struct {
	offer fleet.Offer
	takes time.Duration
	size  int // of the record; 0: small

	begin func(ctx context.Context, t fleet.Task) error // before the trial, if it is set
	ran   atomic.Int64
	mu    sync.Mutex
	of    map[int]int // trial → executions
}

func newExecutor(name string, slots int) *executor {
	return &executor{offer: fleet.Offer{Name: name, Slots: slots, Cores: 2, Memory: 4 << 30, Kinds: []string{"container"}, Version: "v1", Abilities: map[string]string{fleet.AbilityParts: ""}}, of: map[int]int{}}
}

func (e *executor) Offer(context.Context) (fleet.Offer, error) { return e.offer, nil }

func (e *executor) Execute(ctx context.Context, t fleet.Task, progress func(string)) (fleet.Outcome, error) {
	e.mu.Lock()
	e.of[t.Trial]++
	e.mu.Unlock()
	progress(fmt.Sprintf("trial %d: baseline", t.Trial))
	if e.begin != nil {
		if err := e.begin(ctx, t); err != nil {
			return fleet.Outcome{}, err
		}
	}
	if e.takes > 0 {
		select {
		case <-time.After(e.takes):
		case <-ctx.Done():
			return fleet.Outcome{}, ctx.Err()
		}
	}
	e.ran.Add(1)
	return outcome(t.Payload, t.Trial, e.size), nil
}

func (e *executor) executions(trial int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.of[trial]
}

// outcome is what a trial of a plan comes to.
func outcome(plan []byte, trial, size int) fleet.Outcome {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", plan, trial))
	verdict := "not-reproduced"
	if sum[0]%3 == 0 {
		verdict = "reproduced"
	}
	record := sum[:]
	for len(record) < size {
		sum = sha256.Sum256(sum[:])
		record = append(record, sum[:]...)
	}
	summary, err := json.Marshal(map[string]any{"trial": trial, "verdict": verdict})
	if err != nil {
		panic(err)
	}
	return fleet.Outcome{Summary: summary, Record: record}
}

// worker runs a worker until the test ends or stop is called, which pulls its plug: its connection breaks, and nothing is given back.
type worker struct {
	*fleet.Worker
	conn *fleet.Conn
	stop context.CancelFunc
	done chan error
}

func startWorker(tb testing.TB, a fleet.Access, e fleet.Executor, o fleet.WorkerOptions) *worker {
	tb.Helper()
	c := dial(tb, a)
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	w := &worker{Worker: fleet.NewWorker(c, e, o), conn: c, stop: cancel, done: make(chan error, 1)}
	go func() { w.done <- w.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-w.done; err != nil && !errors.Is(err, fleet.ErrRemoved) && !errors.Is(err, fleet.ErrClosed) {
			tb.Error(err)
		}
	})
	return w
}

// kill is pulling the worker's plug.
func (w *worker) kill() {
	w.conn.Close()
	w.stop()
}

func seed(tb testing.TB) nkeys.KeyPair {
	tb.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		tb.Fatal(err)
	}
	return pair
}

// series runs trials as a rate does: submitted in a window, counted in their order. It returns what a ledger would hold.
func series(tb testing.TB, c *fleet.Coordinator, plan []byte, trials, window int) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 6*within)
	defer cancel()
	ledger := ""
	for n, submitted := 1, 0; n <= trials; n++ {
		for ; submitted < min(trials, n+window-1); submitted++ {
			t := fleet.Task{ID: fmt.Sprint(submitted + 1), Trial: submitted + 1, Payload: plan}
			if err := c.Submit(ctx, t, fleet.Needs{Kind: "container"}); err != nil {
				tb.Fatal(err)
			}
		}
		s, err := c.Await(ctx, fmt.Sprint(n))
		if err != nil {
			tb.Fatalf("trial %d: %v", n, err)
		}
		ledger += fmt.Sprintf("%s %x\n", s.Summary, sha256.Sum256(s.Record))
		if err := c.Keep(ctx, s); err != nil {
			tb.Fatal(err)
		}
	}
	return ledger
}

func local(plan []byte, trials, size int) string {
	ledger := ""
	for n := 1; n <= trials; n++ {
		o := outcome(plan, n, size)
		ledger += fmt.Sprintf("%s %x\n", o.Summary, sha256.Sum256(o.Record))
	}
	return ledger
}

func join(tb testing.TB, c *fleet.Conn, work string, o fleet.CoordinatorOptions) *fleet.Coordinator {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), within)
	defer cancel()
	coordinator, err := fleet.Join(ctx, c, work, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), within)
		defer cancel()
		if err := coordinator.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, nats.ErrConnectionClosed) {
			tb.Log(err)
		}
	})
	return coordinator
}

// eventually waits for a condition.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(within)
	for !holds() {
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %s", what, within)
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-tb.Context().Done():
			tb.Fatal(tb.Context().Err())
		}
	}
}

// proxy stands between clients and a server, and breaks what passes.
type proxy struct {
	l     net.Listener
	to    string
	cut   atomic.Bool  // nothing passes, and nothing is said
	deaf  atomic.Bool  // what the server says is lost
	limit atomic.Int64 // bytes from clients until the connection breaks; below 0: none

	mu    sync.Mutex
	conns []net.Conn
}

func startProxy(tb testing.TB, to string) *proxy {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{l: l, to: to}
	p.limit.Store(-1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(c)
		}
	}()
	tb.Cleanup(func() { _ = l.Close(); p.breakAll() })
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) pass(client net.Conn) {
	far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.to)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, far)
	p.mu.Unlock()
	copyTo := func(to, from net.Conn, up bool) {
		defer func() { _ = to.Close(); _ = from.Close() }()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			if p.cut.Load() || !up && p.deaf.Load() {
				continue // it is lost, as on a cable that was pulled
			}
			if up && p.limit.Load() >= 0 && p.limit.Add(-int64(n)) < 0 {
				p.limit.Store(-1)
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	go copyTo(far, client, true)
	copyTo(client, far, false)
}

func (p *proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// through is a server's URL by way of the proxy.
func (p *proxy) through(url string) string { return through(url, p.addr()) }

func identity(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "identity")
}

// anyCertificate trusts whoever answers.
func anyCertificate() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// violations are what a server did not allow a client.
type violations struct {
	mu sync.Mutex
	n  int
}

func (v *violations) note(_ *nats.Conn, _ *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		v.mu.Lock()
		v.n++
		v.mu.Unlock()
	}
}

// denied reports whether the server objects to what do sends.
func (v *violations) denied(t *testing.T, nc *nats.Conn, do func() error) bool {
	t.Helper()
	count := func() int { v.mu.Lock(); defer v.mu.Unlock(); return v.n }
	before := count()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	if err := nc.FlushTimeout(within); err != nil { // the server has answered by then
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Second); count() == before && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	return count() > before
}
