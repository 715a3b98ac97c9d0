// Package pooltest holds every pool of trials to the same contract: what an experiment may rely on,
// wherever its trials are executed.
//
// Labs are in memory (package harnesstest), so that what is tried is the pool.
package pooltest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// Scenario is what the trials execute. Its problem shows in each trial that comes so far.
const Scenario = `reprise: v1
id: session-is-cleared
title: A session that was cleared stays down
topology:
  name: one
  topology: {nodes: {r1: {kind: linux, image: "daemon:1"}}}
nodes: {r1: {role: dut, platform: memory}}
baseline:
  - {name: the daemon answers, node: r1, run: show version, expect: 'text matches "ready"', eventually: 1s}
stimulus: [{node: r1, run: clear session}]
symptom:
  - {name: the session is down, node: r1, run: show session, expect: 'text matches "down"', eventually: 100ms, may-hold-before: true}
trials: {count: 1, reset: redeploy}
`

// World is where the labs in memory are.
type World struct {
	Provider *harnesstest.Provider
	Platform *harnesstest.Platform

	mu      sync.Mutex
	built   int
	Broken  bool          // no lab can be built
	Unready bool          // the baseline never holds
	Hold    chan struct{} // a lab is built when this is closed; nil: at once
	asked   chan struct{} // has an element for each lab that was asked for while they are held
}

// Env is the environment of the world's labs.
func (w *World) Env() trial.Environment {
	return trial.Environment{Provider: w.Provider, Registry: w.Platform.Registry()}
}

// Built is the number of labs that were built.
func (w *World) Built() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.built
}

// NewWorld makes one.
func NewWorld() *World {
	w := &World{asked: make(chan struct{}, 16)}
	w.Provider = &harnesstest.Provider{ReserveFn: func(ctx context.Context, _ topologies.Topology, _ topologies.Options) error {
		if w.Hold != nil {
			w.asked <- struct{}{}
			select {
			case <-w.Hold:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.Broken {
			return errors.New("no room")
		}
		w.built++
		return nil
	}}
	w.Platform = &harnesstest.Platform{Name: "memory", RunFn: func(_, line string) (drivers.Exchange, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch {
		case w.Unready:
			return drivers.Exchange{Output: "starting"}, nil
		case line == "show session":
			return drivers.Exchange{Output: "down"}, nil
		default:
			return drivers.Exchange{Output: "ready"}, nil
		}
	}}
	return w
}

// Plan is the scenario's.
func Plan(tb testing.TB, w *World) *plan.Plan {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(Scenario), 0o600); err != nil {
		tb.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{Platforms: w.Env().Registry.Platforms()})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := plan.New(l, plan.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Run holds a pool to the contract. open gives one whose trials are executed in labs of the world;
// each test has its own, and a pool that is opened twice in a test is one that goes on after the first
// was broken off.
func Run(t *testing.T, open func(t *testing.T, w *World) experiment.Pool) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *bench){
		"trials are numbered, recorded and judged as their record says": recorded,
		"trials run side by side":                                sideBySide,
		"a lab that breaks is no error":                          breaks,
		"patience with a baseline ends":                          patience,
		"a cancelled trial ends, and the series is whole":        cancelled,
		"a series is opened again":                               reopened,
		"a series of which nothing more is asked is what it was": untouched,
		"an altered ledger is not gone on with":                  altered,
		"a closed series goes on with fresh labs":                goesOn,
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWorld()
			test(t, &bench{World: w, parent: t.TempDir(), open: func() experiment.Pool { return open(t, w) }})
		})
	}
}

type bench struct {
	*World
	parent string
	open   func() experiment.Pool
}

// series makes one.
func (b *bench) series(t *testing.T) experiment.Series {
	t.Helper()
	s, err := b.open().Series(t.Context(), Plan(t, b.World), b.parent, b.Env(), evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// try makes a trial that has to come to a verdict.
func (b *bench) try(t *testing.T, s experiment.Series, want evidence.Verdict) trial.Attempt {
	t.Helper()
	a, err := s.TryWithin(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if a.Verdict.Verdict != want {
		t.Fatalf("%s (%s), want %s", a.Verdict.Verdict, a.Verdict.Reason, want)
	}
	return a
}

// over closes a series, and holds its directory to what was counted: the numbers of its trials.
func (b *bench) over(t *testing.T, s experiment.Series, trials int) {
	t.Helper()
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if n := b.Provider.Up(); n != 0 {
		t.Errorf("%d labs are still up", n)
	}
	if s.Trials() != trials {
		t.Errorf("it counts %d trials, want %d", s.Trials(), trials)
	}
	if err := s.Dir().CheckLedger(); err != nil {
		t.Error(err)
	}
	entries, err := s.Dir().Ledger()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, e := range entries {
		if seen[e.Trial] {
			t.Errorf("trial %d is counted twice", e.Trial)
		}
		seen[e.Trial] = true
		v, ok, err := s.Dir().Trial(e.Trial).Verdict()
		if err != nil || !ok || v.Verdict != e.Verdict {
			t.Errorf("trial %d: the ledger says %s, its verdict is %s (%v)", e.Trial, e.Verdict, v.Verdict, err)
		}
	}
	if len(seen) != trials {
		t.Errorf("the ledger counts %d trials, want %d", len(seen), trials)
	}
	if _, _, err := s.Summarise(); err != nil {
		t.Error(err)
	}
	p, dir, info, err := plan.OpenRun(s.Dir().Path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Trials != trials {
		t.Errorf("the run has %d trials, want %d", info.Trials, trials)
	}
	if again, err := judge.Rejudge(p, dir); err != nil || len(again.Altered) > 0 {
		t.Errorf("judged again: %v, %v", again.Altered, err)
	}
}

// wait waits until a lab is asked for.
func (b *bench) wait(t *testing.T) {
	t.Helper()
	select {
	case <-b.asked:
	case <-time.After(time.Minute):
		t.Fatal("nobody asks for a lab")
	}
}

func recorded(t *testing.T, b *bench) {
	t.Helper()
	s := b.series(t)
	for n := 1; n <= 3; n++ {
		a := b.try(t, s, evidence.Reproduced)
		if a.Verdict.Trial != n || a.Baseline <= 0 || a.GaveUp {
			t.Errorf("trial %d: %+v", n, a)
		}
		if _, err := s.Dir().Trial(n).Read(); err != nil { // on disk by now
			t.Error(err)
		}
	}
	if b.Built() != 3 {
		t.Errorf("%d labs were built for 3 cold starts", b.Built())
	}
	b.over(t, s, 3)
}

func sideBySide(t *testing.T, b *bench) {
	t.Helper()
	b.Hold = make(chan struct{})
	s := b.series(t)
	var mu sync.Mutex
	numbers := map[int]bool{}
	var wg sync.WaitGroup
	for lab := range 3 {
		wg.Go(func() {
			for range 3 {
				a, err := s.TryWithin(t.Context(), lab+1, 0)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				numbers[a.Verdict.Trial] = true
				mu.Unlock()
			}
		})
	}
	for range 3 { // before one can end
		b.wait(t)
	}
	close(b.Hold)
	wg.Wait()
	if len(numbers) != 9 {
		t.Errorf("numbers %v", numbers)
	}
	b.over(t, s, 9)
}

func breaks(t *testing.T, b *bench) {
	t.Helper()
	b.Broken = true
	s := b.series(t)
	if a := b.try(t, s, evidence.Inconclusive); !strings.Contains(a.Verdict.Reason, "no room") {
		t.Errorf("the reason is %q", a.Verdict.Reason)
	}
	b.mu.Lock()
	b.Broken = false
	b.mu.Unlock()
	b.try(t, s, evidence.Reproduced)
	b.over(t, s, 2)
}

func patience(t *testing.T, b *bench) {
	t.Helper()
	b.Unready = true
	s := b.series(t)
	a, err := s.TryWithin(t.Context(), 1, 50*time.Millisecond)
	if err != nil || a.Verdict.Verdict != evidence.Inconclusive || !a.GaveUp || a.Baseline != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	b.over(t, s, 1)
}

func cancelled(t *testing.T, b *bench) {
	t.Helper()
	b.Hold = make(chan struct{})
	s := b.series(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.TryWithin(ctx, 1, 0)
		done <- err
	}()
	b.wait(t)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if err := s.Close(context.WithoutCancel(ctx)); err != nil {
		t.Error(err)
	}
	if n := b.Provider.Up(); n != 0 {
		t.Errorf("%d labs are still up", n)
	}
	entries, err := s.Dir().Ledger()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Verdict != evidence.Inconclusive {
			t.Errorf("a trial that was broken off is %s", e.Verdict)
		}
	}
	if run, _, err := s.Summarise(); err != nil || run.Planned != len(entries) {
		t.Errorf("the run is of %d trials and has %d, %v", run.Planned, len(entries), err)
	}
}

func untouched(t *testing.T, b *bench) {
	t.Helper()
	s := b.series(t)
	b.try(t, s, evidence.Reproduced)
	b.try(t, s, evidence.Reproduced)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, dir, _, err := plan.OpenRun(s.Dir().Path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.open().Reopen(t.Context(), p, dir, b.Env())
	if err != nil {
		t.Fatal(err)
	}
	if run, _, err := again.Summarise(); err != nil || run.Planned != 2 || run.Reproduced != 2 {
		t.Errorf("%+v, %v", run, err)
	}
}

func reopened(t *testing.T, b *bench) {
	t.Helper()
	s := b.series(t)
	b.try(t, s, evidence.Reproduced)
	b.try(t, s, evidence.Reproduced)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	built := b.Built()
	p, dir, _, err := plan.OpenRun(s.Dir().Path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.open().Reopen(t.Context(), p, dir, b.Env())
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		if a := b.try(t, again, evidence.Reproduced); a.Verdict.Trial != n {
			t.Errorf("trial %d was answered for %d", a.Verdict.Trial, n)
		}
	}
	if b.Built() != built {
		t.Errorf("trials that were counted were executed again")
	}
	if a := b.try(t, again, evidence.Reproduced); a.Verdict.Trial != 3 || b.Built() != built+1 {
		t.Errorf("trial %d, %d labs", a.Verdict.Trial, b.Built()-built)
	}
	b.over(t, again, 3)
}

func altered(t *testing.T, b *bench) {
	t.Helper()
	s := b.series(t)
	b.try(t, s, evidence.Reproduced)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := s.Dir().Trial(1).File("verdict.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(data), `"reproduced"`, `"not-reproduced"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, dir, _, err := plan.OpenRun(s.Dir().Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.open().Reopen(t.Context(), p, dir, b.Env()); err == nil || !strings.Contains(err.Error(), "the ledger says reproduced") {
		t.Errorf("opened again with %v", err)
	}
}

func goesOn(t *testing.T, b *bench) {
	t.Helper()
	s := b.series(t)
	b.try(t, s, evidence.Reproduced)
	for range 2 {
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.try(t, s, evidence.Reproduced)
	b.over(t, s, 2)
}
