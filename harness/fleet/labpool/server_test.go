package labpool_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/server"
	"github.com/reprise-lab/reprise/topologies"
)

// yard is a fleet: a server, and workers whose labs are in a world.
type yard struct {
	server *server.Server
	before func(context.Context) // ends the coordinator before
}

func newYard(t *testing.T) *yard {
	t.Helper()
	return openYard(t, 200*time.Millisecond)
}

func openYard(tb testing.TB, renewal time.Duration) *yard {
	tb.Helper()
	s, err := server.Start(tb.Context(), server.Options{Dir: tb.TempDir(), Listen: "127.0.0.1:0", Advertise: "127.0.0.1", Renewal: renewal})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &yard{server: s}
}

func (y *yard) dial(tb testing.TB, role fleet.Role) *fleet.Conn {
	tb.Helper()
	conn, err := fleet.Dial(tb.Context(), fleet.Access{URL: y.server.URL(role), Name: string(role)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	return conn
}

// work has a worker with three labs in a world join.
func (y *yard) work(t *testing.T, w *pooltest.World, images map[string]string) {
	t.Helper()
	e := newExecutor(t, w)
	e.Describe = offering("left", 3, images)
	y.join(t, e)
}

// offering is what a machine with so many labs says of itself.
func offering(name string, labs int, images map[string]string) func(context.Context) (fleet.Offer, error) {
	return func(context.Context) (fleet.Offer, error) {
		return fleet.Offer{Name: name, Slots: labs, Version: "devel", Cores: 4, Memory: 1 << 30, Kinds: []string{string(topologies.KindContainer)}, Images: images}, nil
	}
}

// join has a worker be in the fleet until the test is over.
func (y *yard) join(tb testing.TB, e fleet.Executor) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	over := make(chan error, 1)
	conn := y.dial(tb, fleet.RoleWorker) // which is closed after the worker has ended
	go func() { over <- fleet.NewWorker(conn, e, fleet.WorkerOptions{}).Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-over; err != nil && !errors.Is(err, context.Canceled) {
			tb.Error(err)
		}
	})
}

// coordinator joins with a pool, after the one before has left.
func (y *yard) coordinator(tb testing.TB, p *labpool.Pool) *fleet.Coordinator {
	tb.Helper()
	if y.before != nil {
		y.before(tb.Context())
	}
	c, err := fleet.Join(tb.Context(), y.dial(tb, fleet.RoleCoordinator), fleet.WorkID(tb.Name()), p.Callbacks())
	if err != nil {
		tb.Fatal(err)
	}
	p.Use(c)
	y.before = func(ctx context.Context) {
		if err := c.Close(ctx); err != nil {
			tb.Error(err)
		}
	}
	return c
}

// TestPoolOverAServer holds the pool to the contract of every pool, with a server and a worker.
func TestPoolOverAServer(t *testing.T) {
	t.Parallel()
	yards := map[*pooltest.World]*yard{}
	pooltest.Run(t, func(t *testing.T, w *pooltest.World) experiment.Pool {
		t.Helper()
		if yards[w] == nil {
			yards[w] = newYard(t)
			yards[w].work(t, w, map[string]string{"daemon:1": "sha256:1"})
		}
		p := labpool.New(labpool.Options{Version: "devel"})
		yards[w].coordinator(t, p)
		return patient{p, w}
	})
}

// TestSealStays: what stays beside a record proves who made it.
func TestSealStays(t *testing.T) {
	t.Parallel()
	w, y, parent := pooltest.NewWorld(), newYard(t), t.TempDir()
	y.work(t, w, map[string]string{"daemon:1": "sha256:1"})
	p := labpool.New(labpool.Options{Version: "devel", Parent: parent})
	y.coordinator(t, p)
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.TryWithin(t.Context(), 1, 0); err != nil {
		t.Fatal(err)
	}
	// The run is over: what its logs say is noted beside the record.
	if err := evidence.WriteFile(s.Dir().Trial(1).File(evidence.LogNotesFile), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if n, err := labpool.CheckSeals(t.Context(), s.Dir()); err != nil || n != 1 {
		t.Errorf("%d seals, %v", n, err)
	}
	damaged := func(file string, change func([]byte) []byte) error {
		t.Helper()
		name := s.Dir().Trial(1).File(file)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := evidence.WriteFile(name, change(slices.Clone(data))); err != nil {
			t.Fatal(err)
		}
		_, err = labpool.CheckSeals(t.Context(), s.Dir())
		if werr := evidence.WriteFile(name, data); werr != nil {
			t.Fatal(werr)
		}
		return err
	}
	more := func(b []byte) []byte { return append(b, '\n') }
	for what, err := range map[string]error{
		"a longer timeline": damaged("timeline.ndjson", more),
		"another verdict":   damaged("verdict.json", more),
		"another signature": damaged("seal.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"signature":"`), []byte(`"signature":"AAAA`), 1)
		}),
		"a cut seal": damaged("seal.json", func(b []byte) []byte { return b[:len(b)/2] }),
	} {
		if err == nil || !strings.Contains(err.Error(), "trial 1") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := evidence.WriteFile(s.Dir().Trial(1).File("added.txt"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := labpool.CheckSeals(t.Context(), s.Dir()); err == nil {
		t.Error("a file that was added is not missed in the seal")
	}
}

// TestProvider: what stands for the labs of a fleet knows who can build them, and says of each why not.
func TestProvider(t *testing.T) {
	t.Parallel()
	w, y := pooltest.NewWorld(), newYard(t)
	p := labpool.New(labpool.Options{Version: "devel"})
	provider := &labpool.Provider{Roster: y.coordinator(t, p), Options: labpool.Options{Version: "devel"}}
	lab := topologies.Topology{Nodes: []topologies.Node{{Name: "r1", Image: "daemon:1"}}}
	nobody, ok := errors.AsType[*labpool.NobodyError](provider.Check(t.Context(), lab))
	if !ok || len(nobody.Refusals) != 0 {
		t.Errorf("without a worker: %v", nobody)
	}
	y.work(t, w, map[string]string{"daemon:1": "sha256:1"})
	for end := time.Now().Add(time.Minute); provider.Slots() == 0 && time.Now().Before(end); {
		<-time.After(10 * time.Millisecond)
	}
	if err := provider.Check(t.Context(), lab); err != nil || provider.Slots() != 3 {
		t.Errorf("%d labs, %v", provider.Slots(), err)
	}
	if info, err := provider.DescribeImage(t.Context(), "daemon:1"); err != nil || info.Digest != "sha256:1" {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := provider.DescribeImage(t.Context(), "daemon:2"); err == nil {
		t.Error("an image of nobody has a digest")
	}
	lab.Nodes[0].Image = "daemon:2"
	err := provider.Check(t.Context(), lab)
	if _, missing := errors.AsType[*topologies.MissingError](err); !missing || err.Error() != "no worker of the fleet can take this:\n  left: it has no image daemon:2, and nobody says where it comes from: build or load it there, or where the trials are given" {
		t.Errorf("%v", err)
	}
	if _, err := provider.Reserve(t.Context(), lab, topologies.Options{}); err == nil {
		t.Error("it builds a lab")
	}
	provider.How = labpool.HowDevices
	if kind := provider.Kind(lab); kind != topologies.KindSimulator {
		t.Errorf("without devices: %s", kind)
	}
}

// spoiler is a coordinator whose first result has a record that was cut.
type spoiler struct {
	*fleet.Coordinator
	spoilt bool
}

func (s *spoiler) Await(ctx context.Context, id string) (fleet.Sealed, error) {
	sealed, err := s.Coordinator.Await(ctx, id)
	if err == nil && !s.spoilt {
		sealed.Record, s.spoilt = sealed.Record[:9], true
	}
	return sealed, err
}

// A trial whose result was thrown away is executed again by the fleet.
func TestSpoiltOverAServer(t *testing.T) {
	t.Parallel()
	y, w, parent := newYard(t), pooltest.NewWorld(), t.TempDir()
	y.work(t, w, map[string]string{"daemon:1": "sha256:1"})
	p := labpool.New(labpool.Options{Version: "devel", Parent: parent})
	c := &spoiler{Coordinator: y.coordinator(t, p)}
	p.Use(c)
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, w.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a, err := s.TryWithin(t.Context(), 1, 0); err != nil || a.Verdict.Verdict != evidence.Reproduced {
			t.Errorf("%+v, %v", a.Verdict, err)
		}
	}
	all, err := s.Dir().Attempts()
	if err != nil || len(all) != 3 || all[0].Uncounted == "" || all[1].Uncounted+all[2].Uncounted != "" || w.Built() != 3 {
		t.Errorf("%+v, %v, %d labs", all, err, w.Built())
	}
}

// TestThrownAway: a trial that a search tried ahead and does not want ends in the lab that is built for it, which goes, and is no line of
// the ledger; what is asked for afterwards is.
func TestThrownAway(t *testing.T) {
	t.Parallel()
	w, y, parent := pooltest.NewWorld(), newYard(t), t.TempDir()
	began, ended := make(chan struct{}), make(chan struct{})
	var ahead atomic.Bool
	build := w.Provider.ReserveFn
	w.Provider.ReserveFn = func(ctx context.Context, on topologies.Topology, o topologies.Options) error {
		if !ahead.Load() {
			return build(ctx, on, o)
		}
		close(began)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}
	y.work(t, w, map[string]string{"daemon:1": "sha256:1"})
	p := labpool.New(labpool.Options{Version: "devel", Parent: parent})
	y.coordinator(t, p)
	defer y.before(context.WithoutCancel(t.Context()))
	env := w.Env()
	env.Provider = &labpool.Provider{Roster: early{}}
	s, err := p.Series(t.Context(), pooltest.Plan(t, w), parent, env, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	asked := func() {
		t.Helper()
		if a, err := s.TryWithin(t.Context(), 1, 0); err != nil || a.Verdict.Verdict != evidence.Reproduced {
			t.Fatalf("%+v, %v", a.Verdict, err)
		}
	}
	asked()
	ahead.Store(true)
	ctx, cancel := context.WithCancelCause(t.Context())
	thrown := make(chan error, 1)
	go func() {
		_, err := s.TryWithin(ctx, 2, 0)
		thrown <- err
	}()
	<-began
	cancel(errors.New("the search went another way"))
	if err := <-thrown; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("its lab is built on after it was thrown away")
	}
	ahead.Store(false)
	asked()
	attempts, err := s.Dir().Attempts()
	if err != nil || len(attempts) != 2 || attempts[0].Uncounted != "" || attempts[1].Uncounted != "" {
		t.Errorf("the ledger says %+v, %v", attempts, err)
	}
	if run, _, err := s.Summarise(); err != nil || run.Planned != 2 {
		t.Errorf("the run is of %d trials, %v", run.Planned, err)
	}
	for deadline := time.Now().Add(10 * time.Second); w.Provider.Up() > 0; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d labs are up", w.Provider.Up())
		}
	}
}
