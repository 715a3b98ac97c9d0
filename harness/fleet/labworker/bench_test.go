package labworker_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

const scenario = `
reprise: v1
id: fixture
title: A fixture
topology:
  nodes: {r1: {image: none}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {platform: fake}, r2: {platform: fake, config: r2.conf}}
baseline: [{name: up, node: r1, run: show state, expect: 'text contains "up"', eventually: 200ms, every: 10ms}]
stimulus: [{node: r1, configure: [break it]}]
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', within: 100ms, consistently: 50ms, every: 10ms}]
trials: {reset: config}
`

// world is a machine with labs in memory.
type world struct {
	provider harnesstest.Provider
	platform harnesstest.Platform
	broken   atomic.Bool
	images   map[string]string // digests; nil: images are not described
	mu       sync.Mutex
	reserved []topologies.Options
	opened   []labworker.Order
	closed   atomic.Int64
}

func newWorld() *world {
	w := &world{}
	w.provider.ReserveFn = func(_ context.Context, _ topologies.Topology, o topologies.Options) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reserved = append(w.reserved, o)
		return nil
	}
	w.platform = harnesstest.Platform{
		Name: "fake",
		RunFn: func(string, string) (drivers.Exchange, error) {
			<-time.After(time.Millisecond)
			if w.broken.Load() {
				return drivers.Exchange{Output: "state is down"}, nil
			}
			return drivers.Exchange{Output: "state is up"}, nil
		},
		ConfigureFn: func(string, string) (string, error) { w.broken.Store(true); return "", nil },
		BootFn:      func(string) error { w.broken.Store(false); return nil },
		ResetFn:     func(string) error { w.broken.Store(false); return nil },
	}
	return w
}

// Open implements labworker.Opener.
func (w *world) Open(_ context.Context, p *plan.Plan, o labworker.Order, _ map[string]string) (labworker.Provider, error) {
	if err := p.Loaded.Permit(p.Topology); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = append(w.opened, o)
	if w.images != nil {
		return describing{closing{&w.provider, w}}, nil
	}
	return closing{&w.provider, w}, nil
}

// describing knows images.
type describing struct{ closing }

func (d describing) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	if digest, there := d.w.images[ref]; there {
		return topologies.ImageInfo{Ref: ref, Digest: digest}, nil
	}
	return topologies.ImageInfo{}, &topologies.MissingError{What: "image", Name: ref}
}

type closing struct {
	*harnesstest.Provider
	w *world
}

func (c closing) Close() error { c.w.closed.Add(1); return nil }

func (w *world) bench(t *testing.T, s labworker.Settings) *labworker.Bench {
	t.Helper()
	s.Labs, s.Registry, s.Name = w, w.platform.Registry(), "host-1"
	if s.Dir == "" {
		s.Dir = t.TempDir()
	}
	b, err := labworker.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// runOf makes a run directory as who wants trials does.
func runOf(t *testing.T, text string) evidence.Dir {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "scenario.yaml")
	if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "r2.conf"), []byte("hostname r2\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(l, plan.Options{Trials: 5})
	if err != nil {
		t.Fatal(err)
	}
	run, err := trial.CreateRun(t.Context(), p, t.TempDir(), &harnesstest.Provider{}, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func payloadOf(t *testing.T, run evidence.Dir) []byte {
	t.Helper()
	data, err := labworker.Payload(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// left lists the files below a folder.
func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestTry: a trial that is executed elsewhere gives a record from which who asked for it judges the
// same, in the place of that number.
func TestTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, run, state := newWorld(), runOf(t, scenario), t.TempDir()
		b := w.bench(t, labworker.Settings{Dir: state})
		var said []string
		result, record, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, run), Trial: 3}, func(p trial.Progress) {
			if p.Trial != 3 {
				t.Errorf("told of trial %d", p.Trial)
			}
			said = append(said, string(p.Phase))
		})
		if err != nil {
			t.Fatal(err)
		}
		e := result.Entry
		if e.Trial != 3 || e.Lab != 1 || !e.Cold || e.Verdict != evidence.Reproduced || result.Baseline <= 0 || result.Provider != "memory" || len(said) == 0 {
			t.Errorf("%+v, told %q", result, said)
		}
		if err := labworker.UnpackRecord(t.Context(), record, run.Trial(3), e.Digest); err != nil {
			t.Fatal(err)
		}
		var on evidence.TrialHost
		if err := evidence.ReadJSON(run.Trial(3).File(evidence.HostFile), &on); err != nil || on.Provider != "memory" || on.Host.Kernel == "" || on.Host.Name != "" {
			t.Errorf("executed on %+v, %v", on, err)
		}
		p, _, _, err := plan.OpenRun(run.Path)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := judge.Rejudge(p, run); err != nil || len(again.Altered) > 0 {
			t.Errorf("judged again: %v, %v", again.Altered, err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if names := left(t, state); len(names) > 0 || w.provider.Up() > 0 || w.closed.Load() != 1 {
			t.Errorf("%d labs are up, %d providers were closed, and %q stay", w.provider.Up(), w.closed.Load(), names)
		}
	})
}

// TestNoHost: a run whose trials are executed elsewhere says nothing of the machine that asks for them.
func TestNoHost(t *testing.T) {
	t.Parallel()
	if got := trial.Host(t.Context(), &labpool.Provider{}); got != evidence.FleetHost() {
		t.Errorf("it is said to run on %+v", got)
	}
	if got := trial.Host(t.Context(), &harnesstest.Provider{}); got.Kernel == "" || got.CPUs < 1 {
		t.Errorf("this machine is %+v", got)
	}
}

// TestLabStays: trials of one plan share a lab, whose name holds the worker's; it goes when another plan
// comes, or when nothing does for a while.
func TestLabStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.bench(t, labworker.Settings{Idle: time.Minute})
		one, other := runOf(t, scenario), runOf(t, strings.Replace(scenario, "id: fixture", "id: other", 1))
		try := func(run evidence.Dir, n int, cold bool) {
			t.Helper()
			result, _, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, run), Trial: n}, nil)
			if err != nil || result.Entry.Verdict != evidence.Reproduced || result.Entry.Cold != cold {
				t.Fatalf("%+v, %v", result.Entry, err)
			}
		}
		try(one, 1, true)
		<-time.After(59 * time.Second)
		try(one, 7, false)
		if len(w.reserved) != 1 || w.reserved[0].Run != one.ID()+"-host-1" {
			t.Errorf("reserved: %+v", w.reserved)
		}
		try(other, 1, true)
		if w.provider.Up() != 1 || w.closed.Load() != 1 {
			t.Errorf("%d labs are up after another plan", w.provider.Up())
		}
		<-time.After(61 * time.Second)
		synctest.Wait()
		if w.provider.Up() != 0 || w.closed.Load() != 2 {
			t.Errorf("%d labs are up after a minute without work", w.provider.Up())
		}
		try(other, 2, true)
		if err := b.Close(t.Context()); err != nil || w.provider.Up() != 0 {
			t.Errorf("%d labs are up, %v", w.provider.Up(), err)
		}
	})
}

// TestSideBySide: two slots execute two trials at once, in labs of different numbers, and a third waits.
func TestSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.bench(t, labworker.Settings{Slots: 2})
		payload := payloadOf(t, runOf(t, strings.Replace(scenario, "stimulus: [", "stimulus: [{hold: 10s, why: so that they meet}, ", 1)))
		type answer struct {
			result labworker.Result
			err    error
		}
		answers := make(chan answer)
		start := time.Now()
		for n := range 3 {
			go func() {
				result, _, err := b.Try(t.Context(), labworker.Order{Payload: payload, Trial: n + 1}, nil)
				answers <- answer{result, err}
			}()
		}
		labs := map[int]int{}
		for range 3 {
			a := <-answers
			if a.err != nil || a.result.Entry.Verdict != evidence.Reproduced && a.result.Entry.Verdict != evidence.Inconclusive {
				t.Fatalf("%+v, %v", a.result.Entry, a.err)
			}
			labs[a.result.Entry.Lab]++
		}
		if took := time.Since(start); took < 20*time.Second || took > 30*time.Second || len(labs) != 2 {
			t.Errorf("three trials of ten seconds took %s in labs %v", took, labs)
		}
		if err := b.Close(t.Context()); err != nil || w.provider.Up() != 0 {
			t.Errorf("%d labs are up, %v", w.provider.Up(), err)
		}
	})
}

// TestForeign: whatever comes is somebody else's, and gets by name only what reaches this machine.
func TestForeign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		payload := payloadOf(t, runOf(t, strings.Replace(scenario, "r1: {image: none}", "r1: {image: none, binds: [/etc:/host]}", 1)))
		w := newWorld()
		b := w.bench(t, labworker.Settings{})
		_, _, err := b.Try(t.Context(), labworker.Order{Payload: payload, Trial: 1}, nil)
		refused, isRefused := errors.AsType[*labworker.RefusedError](err)
		asked, isForeign := errors.AsType[*scenarios.ForeignError](err)
		if !isRefused || !isForeign || len(asked.Asks) != 1 || asked.Asks[0].Token != "binds.r1" {
			t.Fatalf("%v (%v)", err, refused)
		}
		if len(w.opened) > 0 || len(w.reserved) > 0 {
			t.Errorf("%d providers were opened, %d labs built", len(w.opened), len(w.reserved))
		}
		trusting := w.bench(t, labworker.Settings{Trust: []string{"binds.r1"}})
		if _, _, err := trusting.Try(t.Context(), labworker.Order{Payload: payload, Trial: 1}, nil); err != nil {
			t.Error(err)
		}
		if err := errors.Join(b.Close(t.Context()), trusting.Close(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// TestOtherImage: a trial is executed with the image that its plan was made with, or not here.
func TestOtherImage(t *testing.T) {
	t.Parallel()
	run := runOf(t, scenario)
	var info evidence.RunInfo
	if err := evidence.ReadJSON(run.File("run.json"), &info); err != nil {
		t.Fatal(err)
	}
	info.Nodes[0].Digest = "sha256:one"
	info.Nodes = append(info.Nodes, evidence.NodeInfo{Name: "r9", Image: "none", Digest: "sha256:nine"}) // which the plan has not
	if err := evidence.WriteJSON(run.File("run.json"), info); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		images map[string]string
		want   string
	}{
		{"the same", map[string]string{"none": "sha256:one"}, ""},
		{"another one", map[string]string{"none": "sha256:two"}, "it is sha256:two on this machine, and sha256:one where the plan was made"},
		{"one of no digest", map[string]string{"none": ""}, "of no known digest on this machine"},
		{"none", map[string]string{}, "image none of node r1"},
		{"devices have no images", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.images = tt.images
				b := w.bench(t, labworker.Settings{})
				_, _, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, run), Trial: 1}, nil)
				if _, refused := errors.AsType[*labworker.RefusedError](err); refused || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				if built := len(w.reserved) > 0; built != (tt.want == "") {
					t.Errorf("labs built: %t", built)
				}
				if err := b.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestCancelled: a trial whose context ends is ended in order; nothing is given out, and nothing stays.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, state := newWorld(), t.TempDir()
		b := w.bench(t, labworker.Settings{Dir: state})
		payload := payloadOf(t, runOf(t, strings.Replace(scenario, "stimulus: [", "stimulus: [{hold: 10m, why: so that it is met}, ", 1)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, record, err := b.Try(ctx, labworker.Order{Payload: payload, Trial: 1}, nil)
		if !errors.Is(err, context.DeadlineExceeded) || record != nil {
			t.Errorf("%v, %d bytes", err, len(record))
		}
		for _, name := range left(t, state) {
			if strings.Contains(name, "trials") || strings.Contains(name, "ledger") {
				t.Errorf("%s stays", name)
			}
		}
		if err := b.Close(t.Context()); err != nil || w.provider.Up() != 0 || len(left(t, state)) > 0 {
			t.Errorf("%d labs are up, %q, %v", w.provider.Up(), left(t, state), err)
		}
	})
}

// TestCancelledIsTold: a trial that was thrown away is told of as one, in whatever its context ended with.
func TestCancelledIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.bench(t, labworker.Settings{})
		payload := payloadOf(t, runOf(t, strings.Replace(scenario, "stimulus: [", "stimulus: [{hold: 10m, why: so that it is met}, ", 1)))
		var told []string
		e := &labworker.Executor{Bench: b, Tell: func(line string) { told = append(told, line) }}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("nobody wants it"))
		defer cancel()
		if _, err := e.Execute(ctx, fleet.Task{Work: "w", Trial: 1, Payload: payload, Options: []byte("{}")}, func(string) {}); err == nil {
			t.Error("it came to something")
		}
		if got := strings.Join(told, "|"); got != "trial 1 of w: ended: nobody wants it" {
			t.Errorf("told: %s", got)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestLargeRecord: a trial whose record may not be sent is told of without it.
func TestLargeRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		b := w.bench(t, labworker.Settings{Record: 100})
		result, record, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, runOf(t, scenario)), Trial: 1}, nil)
		if err != nil || record != nil || !strings.Contains(result.Lost, "more than 100 bytes packed") {
			t.Errorf("%+v, %d bytes, %v", result, len(record), err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestLargeCore: a crash is told of with its record, whatever the size of the core.
func TestLargeCore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, run, state := newWorld(), runOf(t, scenario), t.TempDir()
		b := w.bench(t, labworker.Settings{Dir: state, Record: 64 << 10})
		w.platform.ConfigureFn = func(string, string) (string, error) {
			w.broken.Store(true)
			core := make([]byte, 1<<20)
			_, _ = rand.Read(core) // so that it cannot be packed smaller
			of := evidence.Dir{Path: filepath.Join(state, "slot-1", run.ID())}.Trial(1)
			return "", errors.Join(evidence.WriteFile(of.File("cores", "r1-bgpd.core"), core), evidence.WriteFile(of.File("captures", "r1-eth1.pcapng"), core[:100]))
		}
		result, record, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, run), Trial: 1}, nil)
		if err != nil || result.Lost != "" || result.Entry.Verdict != evidence.Reproduced {
			t.Fatalf("%+v, %v", result, err)
		}
		if err := labworker.UnpackRecord(t.Context(), record, run.Trial(1), result.Entry.Digest); err != nil {
			t.Fatal(err)
		}
		said, err := os.ReadFile(run.Trial(1).File("not-sent.txt"))
		if err != nil || !strings.Contains(string(said), "more than 65536 bytes packed") || !strings.Contains(string(said), "\ncores/r1-bgpd.core (1048576 bytes)\n") {
			t.Errorf("%q, %v", said, err)
		}
		if _, err := os.Stat(run.Trial(1).File("cores")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("cores: %v", err)
		}
		if _, err := os.Stat(run.Trial(1).File("captures", "r1-eth1.pcapng")); err != nil || strings.Contains(string(said), "captures/") {
			t.Errorf("what there is room for stays: %v, %q", err, said)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestHostilePayload: what is no plan of a run is refused, and nothing is written beside the worker's folder.
func TestHostilePayload(t *testing.T) {
	t.Parallel()
	info := func(change func(*evidence.RunInfo)) func(evidence.Dir) error {
		return func(run evidence.Dir) error {
			var i evidence.RunInfo
			err := evidence.ReadJSON(run.File("run.json"), &i)
			change(&i)
			return errors.Join(err, evidence.WriteJSON(run.File("run.json"), i))
		}
	}
	without := func(elem ...string) func(evidence.Dir) error {
		return func(run evidence.Dir) error { return os.Remove(run.File(elem...)) }
	}
	for _, tt := range []struct {
		name, want string
		change     func(evidence.Dir) error
	}{
		{"a scenario elsewhere", "no file of it", info(func(i *evidence.RunInfo) { i.Scenario.File = "../../etc/passwd" })},
		{"a name elsewhere", "no name of one", info(func(i *evidence.RunInfo) { i.ID = "../../out" })},
		{"a hidden name", "no name of one", info(func(i *evidence.RunInfo) { i.ID = ".out" })},
		{"the name that is in use", "no name of one", info(func(i *evidence.RunInfo) { i.ID = "run" })},
		{"another format", "is not known to this program", info(func(i *evidence.RunInfo) { i.Reprise = "evidence/v9" })},
		{"no scenario", "read the run's scenario", without("input", "scenario.yaml")},
		{"no run", "no run directory", without("run.json")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run, parent := runOf(t, scenario), t.TempDir()
			if err := tt.change(run); err != nil {
				t.Fatal(err)
			}
			b := newWorld().bench(t, labworker.Settings{Dir: filepath.Join(parent, "worker")})
			_, _, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, run), Trial: 1}, nil)
			if _, ok := errors.AsType[*labworker.RefusedError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if names := left(t, parent); len(names) > 0 {
				t.Errorf("%q stay", names)
			}
		})
	}
	t.Run("files beside it", func(t *testing.T) {
		t.Parallel()
		run := runOf(t, scenario)
		all, err := parcel.Pack(t.Context(), run.Path, parcel.Bounds{Files: 10, Size: 1 << 20, Packed: 1 << 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(run.File("foreign.json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		marked, err := parcel.Pack(t.Context(), run.Path, parcel.Bounds{Files: 10, Size: 1 << 20, Packed: 1 << 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := newWorld().bench(t, labworker.Settings{})
		for want, payload := range map[string][]byte{"not asked for": marked, "unexpected EOF": all[:len(all)/2]} {
			if _, _, err := b.Try(t.Context(), labworker.Order{Payload: payload, Trial: 1}, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
	})
}

// TestOtherRecord: a record whose content is not what was judged is not taken, and leaves nothing.
func TestOtherRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, run := newWorld(), runOf(t, scenario)
		b := w.bench(t, labworker.Settings{})
		result, record, err := b.Try(t.Context(), labworker.Order{Payload: payloadOf(t, run), Trial: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := labworker.UnpackRecord(t.Context(), record, run.Trial(1), strings.Repeat("0", 64)); err == nil || !strings.Contains(err.Error(), "was judged") {
			t.Error(err)
		}
		if err := labworker.UnpackRecord(t.Context(), record[:len(record)-9], run.Trial(1), result.Entry.Digest); err == nil {
			t.Error("half a record is taken")
		}
		if list, err := os.ReadDir(run.File("trials")); err != nil || len(list) > 0 {
			t.Errorf("%v stay (%v)", list, err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// engineless opens nothing for a scenario that needs the engine, of which the plan does not tell.
type engineless struct{}

func (engineless) Open(context.Context, *plan.Plan, labworker.Order, map[string]string) (labworker.Provider, error) {
	return nil, &scenarios.ForeignError{File: "scenario.yaml", Asks: []scenarios.Ask{scenarios.AskEngine()}}
}

// TestAsksTooMuch: what this worker was not told to trust a scenario with another one may have been; nothing is wrong with the host.
func TestAsksTooMuch(t *testing.T) {
	t.Parallel()
	w := newWorld()
	b, err := labworker.New(labworker.Settings{Labs: engineless{}, Registry: w.platform.Registry(), Name: "host-1", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	e := &labworker.Executor{Bench: b}
	_, err = e.Execute(t.Context(), fleet.Task{Trial: 1, Payload: payloadOf(t, runOf(t, scenario)), Options: []byte("{}")}, func(string) {})
	if unfit, ok := errors.AsType[*fleet.UnfitError](err); !ok || !strings.Contains(unfit.Error(), "engine") {
		t.Errorf("%v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
