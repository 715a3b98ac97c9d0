package fleet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// serveVariable has the test program be a server: DIR HOST:PORT RENEWAL.
const serveVariable = "REPRISE_TEST_FLEET_SERVER"

func TestMain(m *testing.M) {
	if what := os.Getenv(serveVariable); what != "" {
		if err := serve(strings.Fields(what)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if what := os.Getenv(workersVariable); what != "" {
		if err := work(strings.Fields(what)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// serve runs a server until its standard input ends, as it does when the test dies. For each line of that it says how many messages came and went.
func serve(args []string) error {
	renewal, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	s, err := server.Start(context.Background(), server.Options{Dir: args[0], Listen: args[1], Renewal: renewal})
	if err != nil {
		return err
	}
	fmt.Println(s.URL(fleet.RoleWorker), s.URL(fleet.RoleCoordinator))
	asked := bufio.NewScanner(os.Stdin)
	for asked.Scan() {
		in, out, err := s.Messages()
		if err != nil {
			return err
		}
		fmt.Println(in, out)
	}
	return errors.Join(asked.Err(), s.Close())
}

// process is a server in a process of its own, which can be killed.
type process struct {
	cmd                 *exec.Cmd
	stdin               io.WriteCloser
	stdout              *bufio.Reader
	worker, coordinator string // URLs
}

func startProcess(tb testing.TB, dir, listen string, renewal time.Duration) *process {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	p := &process{cmd: exec.CommandContext(context.WithoutCancel(tb.Context()), self)}
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s", serveVariable, dir, listen, renewal))
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.stdin, p.stdout = in, bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		p.kill()
		tb.Fatalf("the server does not start: %v", err)
	}
	fields := strings.Fields(line)
	p.worker, p.coordinator = fields[0], fields[1]
	return p
}

// messages is how many came to the server and went from it so far.
func (p *process) messages(tb testing.TB) (n int64) {
	tb.Helper()
	var in, out int64
	_, err := io.WriteString(p.stdin, "\n")
	if err == nil {
		_, err = fmt.Fscan(p.stdout, &in, &out)
	}
	if err == nil {
		_, err = p.stdout.ReadString('\n')
	}
	if err != nil {
		tb.Fatal(err)
	}
	return in + out
}

// kill is SIGKILL: nothing is written any more.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	_ = p.stdin.Close()
}

// book is the coordinator's disk: it outlives its process.
type book struct {
	mu        sync.Mutex
	seals     map[string]string // trial → seal
	results   map[string]string
	uncounted map[string]int // reason → lines
	twice     []string
	counted   atomic.Int64
}

func (b *book) has(id string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	seal, ok := b.seals[id]
	return seal, ok
}

func (b *book) count(s fleet.Sealed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.seals[s.ID]; ok {
		b.twice = append(b.twice, s.ID)
	}
	b.seals[s.ID] = s.SHA256
	b.results[s.ID] = fmt.Sprintf("%s %x", s.Summary, s.Record)
	b.counted.Add(1)
}

func (b *book) note(_ fleet.Sealed, why string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	why, _, _ = strings.Cut(why, ":")
	b.uncounted[why]++
	return nil
}

// storm is a fleet and what befalls it.
type storm struct {
	t       *testing.T
	rnd     *rand.Rand
	renewal time.Duration
	trials  int
	plan    []byte
	book    *book

	dir, listen, id string
	server          *process
	front           *proxy // of the coordinator
	workers         []*stormWorker
	executed        atomic.Int64

	mu    sync.Mutex
	conn  *fleet.Conn // the coordinator's, of this life
	lives atomic.Int64
	wg    sync.WaitGroup
}

type stormWorker struct {
	*worker
	proxy *proxy
	id    string
	full  atomic.Int64 // executions that find the disk full
}

// TestFaultStorm: whatever is killed, cut, doubled, stepped or filled up, every trial is counted exactly once, and what it comes to
// is what it comes to undisturbed. REPRISE_STORM=FAULTS/TRIALS chooses how much of it (1000/10000 takes about 17 minutes),
// REPRISE_STORM_SEED repeats one.
func TestFaultStorm(t *testing.T) {
	faults, trials := 16, 800
	if text := os.Getenv("REPRISE_STORM"); text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d", &faults, &trials); err != nil {
			t.Fatalf("REPRISE_STORM=%s: %v", text, err)
		}
	} else if testing.Short() {
		faults, trials = 8, 300
	}
	seed := rand.Uint64()
	if text := os.Getenv("REPRISE_STORM_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("REPRISE_STORM=%d/%d REPRISE_STORM_SEED=%d", faults, trials, seed)
	s := &storm{
		t: t, rnd: rand.New(rand.NewPCG(seed, 0)), renewal: 100 * time.Millisecond, trials: trials, plan: []byte("a plan in a storm"),
		book: &book{seals: map[string]string{}, results: map[string]string{}, uncounted: map[string]int{}},
		dir:  t.TempDir(), id: filepath.Join(t.TempDir(), "identity"),
	}
	s.begin()
	defer s.end()
	start := time.Now()
	done := make(chan struct{})
	s.wg.Go(func() { defer close(done); s.coordinate() })
	kinds := s.faults()
	names := slices.Sorted(maps.Keys(kinds))
	befell := map[string]int{}
	for n := 1; n <= faults; n++ {
		due := int64(n) * int64(trials) / int64(faults+1)
		s.await(done, func() bool { return s.book.counted.Load() >= due })
		name := names[s.rnd.IntN(len(names))]
		befell[name]++
		kinds[name]()
	}
	s.await(done, func() bool { return false })
	s.check()
	t.Logf("%d trials counted in %s, %d executions, %d lives of the coordinator; faults: %v; lines that count for nothing: %v",
		trials, time.Since(start).Round(time.Millisecond), s.executed.Load(), s.lives.Load(), befell, s.book.uncounted)
}

// await waits until the trials are done or a condition holds, and fails when nothing is counted for long.
func (s *storm) await(done chan struct{}, holds func() bool) {
	s.t.Helper()
	last, since := s.book.counted.Load(), time.Now()
	for !holds() {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
		if n := s.book.counted.Load(); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) > time.Minute {
			s.describe()
			s.t.Fatalf("nothing was counted for a minute, after %d of %d trials", last, s.trials)
		}
	}
}

// describe says what the fleet looks like when it does nothing.
func (s *storm) describe() {
	for _, w := range s.workers {
		log := w.Log()
		for _, l := range log[max(0, len(log)-5):] {
			s.t.Logf("%s %s", l.At.Format("15:04:05.000"), l.Text)
		}
	}
	c, err := fleet.Dial(s.t.Context(), fleet.Access{URL: s.server.coordinator, Identity: s.id})
	if err != nil {
		s.t.Log(err)
		return
	}
	defer c.Close()
	status, err := fleet.ReadStatus(s.t.Context(), c)
	s.t.Logf("%+v %v", status, err)
	stacks := make([]byte, 1<<20)
	s.t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
}

func (s *storm) begin() {
	s.server = startProcess(s.t, s.dir, "127.0.0.1:0", s.renewal)
	u, err := url.Parse(s.server.worker)
	if err != nil {
		s.t.Fatal(err)
	}
	s.listen = u.Host
	s.front = startProxy(s.t, s.listen)
	for i := range 4 {
		w := &stormWorker{proxy: startProxy(s.t, s.listen), id: filepath.Join(s.t.TempDir(), "identity")}
		s.workers = append(s.workers, w)
		s.startWorker(i)
	}
}

func (s *storm) end() {
	for _, w := range s.workers {
		w.kill()
	}
	s.server.kill()
}

func (s *storm) startWorker(i int) {
	w := s.workers[i]
	e := newExecutor(fmt.Sprintf("host%d", i), 2)
	e.begin = func(ctx context.Context, _ fleet.Task) error {
		s.executed.Add(1)
		if w.full.Add(-1) >= 0 {
			return &os.PathError{Op: "write", Path: "timeline.ndjson", Err: syscall.ENOSPC}
		}
		select {
		case <-time.After(time.Duration(rand.IntN(8)) * time.Millisecond):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if i == 0 {
		e.size = 300 << 10 // in chunks
	}
	for {
		c, err := fleet.Dial(s.t.Context(), fleet.Access{URL: w.proxy.through(s.server.worker), Identity: w.id, Patience: time.Second})
		if err == nil {
			ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
			w.worker = &worker{
				Worker: fleet.NewWorker(c, e, fleet.WorkerOptions{Rest: 2 * s.renewal}),
				conn:   c, stop: cancel, done: make(chan error, 1),
			}
			go func(w *worker) { w.done <- w.Run(ctx) }(w.worker)
			return
		}
		<-time.After(s.renewal)
	}
}

// coordinate is a coordinator that is started again as often as it is killed.
func (s *storm) coordinate() {
	for s.book.counted.Load() < int64(s.trials) && !s.t.Failed() {
		s.lives.Add(1)
		if err := s.live(); err != nil && s.book.counted.Load() < int64(s.trials) && !killed(err) {
			s.t.Errorf("the coordinator: %v", err)
		}
	}
}

// killed is what ends whoever's connection was closed.
func killed(err error) bool {
	return errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, fleet.ErrClosed)
}

// live is one life of the coordinator.
func (s *storm) live() error {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	conn, err := fleet.Dial(ctx, fleet.Access{URL: s.front.through(s.server.coordinator), Identity: s.id, Patience: time.Second})
	if err != nil { // as it may be while the network is cut
		<-time.After(s.renewal)
		return nil
	}
	defer conn.Close()
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	c, err := fleet.Join(ctx, conn, "storm", fleet.CoordinatorOptions{
		Counted: s.book.has, Uncounted: s.book.note, Failures: 1000,
		Refused: func(worker, id string, err error) {
			s.t.Errorf("the result of task %s by %s was refused: %v", id, worker, err)
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	var wg sync.WaitGroup
	errs := make(chan error, s.trials)
	window := make(chan struct{}, 24)
	for n := 1; n <= s.trials; n++ {
		id := fmt.Sprint(n)
		if _, counted := s.book.has(id); counted {
			continue
		}
		window <- struct{}{}
		wg.Go(func() {
			defer func() { <-window }()
			err := c.Submit(ctx, fleet.Task{ID: id, Trial: n, Payload: s.plan}, fleet.Needs{Kind: "container"})
			var sealed fleet.Sealed
			if err == nil {
				sealed, err = c.Await(ctx, id)
			}
			if err != nil {
				cancel() // this life is over
				errs <- err
				return
			}
			s.book.count(sealed)
			if err := c.Keep(ctx, sealed); err != nil {
				errs <- err
			}
		})
		if ctx.Err() != nil {
			break
		}
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

// faults are what may befall.
func (s *storm) faults() map[string]func() {
	some := func() *stormWorker { return s.workers[s.rnd.IntN(len(s.workers))] }
	between := func(least, most float64) time.Duration {
		return time.Duration((least + s.rnd.Float64()*(most-least)) * float64(s.renewal))
	}
	cut := func(p *proxy, d time.Duration) {
		p.cut.Store(true)
		time.AfterFunc(d, func() { p.cut.Store(false); p.breakAll() })
	}
	return map[string]func(){
		"worker killed": func() {
			i := s.rnd.IntN(len(s.workers))
			s.workers[i].kill()
			if err := <-s.workers[i].done; err != nil && !killed(err) {
				s.t.Logf("a worker whose plug was pulled: %v", err)
			}
			s.startWorker(i)
		},
		"coordinator killed": func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.conn != nil {
				s.conn.Close()
			}
		},
		"server killed": func() {
			s.server.kill()
			<-time.After(between(0, 5))
			s.server = startProcess(s.t, s.dir, s.listen, s.renewal)
		},
		"worker's network cut":      func() { cut(some().proxy, between(1, 12)) },
		"coordinator's network cut": func() { cut(s.front, between(1, 12)) },
		"connection broken":         func() { some().proxy.breakAll() },
		"upload cut": func() {
			w := s.workers[0]
			w.proxy.limit.Store(int64(s.rnd.IntN(600 << 10)))
		},
		"result twice": s.double,
		"clock leaps": func() {
			pair, err := fleet.Identity(s.id)
			if err != nil {
				s.t.Fatal(err)
			}
			leap(s.t, s.listen, pair)
		},
		"disk full": func() { some().full.Store(int64(1 + s.rnd.IntN(3))) },
	}
}

// double stores the next result once more, as a network that repeats itself would.
func (s *storm) double() {
	c, err := fleet.Dial(s.t.Context(), fleet.Access{URL: s.server.coordinator, Identity: s.id, Patience: time.Second})
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	key := c.PublicKey()
	pair, err := fleet.Identity(s.id)
	if err != nil {
		s.t.Error(err)
		return
	}
	nc, err := nats.Connect("tls://"+s.listen, nats.Nkey(key, pair.Sign), nats.Secure(anyCertificate()), nats.TLSHandshakeFirst())
	if err != nil {
		s.t.Error(err)
		return
	}
	defer nc.Close()
	results, err := nc.SubscribeSync("reprise.result.storm.>")
	if err != nil {
		s.t.Error(err)
		return
	}
	m, err := results.NextMsg(5 * time.Second)
	if err != nil {
		return // the trials are over
	}
	if _, err := nc.Request(m.Subject, m.Data, 5*time.Second); err != nil {
		s.t.Log(err)
	}
}

// check holds the book against what an undisturbed run comes to.
func (s *storm) check() {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if len(s.book.twice) > 0 {
		s.t.Errorf("counted more than once: %v", s.book.twice)
	}
	for n := 1; n <= s.trials; n++ {
		small, large := outcome(s.plan, n, 0), outcome(s.plan, n, 300<<10)
		got := s.book.results[fmt.Sprint(n)]
		if got != fmt.Sprintf("%s %x", small.Summary, small.Record) && got != fmt.Sprintf("%s %x", large.Summary, large.Record) {
			s.t.Errorf("trial %d came to %.80q", n, got)
		}
	}
}
