package experiment_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// memoryCase goes down when its session is cleared, and r2 and the first step have no part in it.
const memoryCase = `
reprise: v1
id: memory
title: The session does not come back
topology: {nodes: {r1: {image: "daemon:1"}, r2: {image: other}}}
nodes: {r1: {role: dut, platform: memory}, r2: {platform: memory}}
baseline: [{name: up, node: r1, run: show, expect: 'text == "up"', eventually: 5s, every: 20ms}]
stimulus: [{node: r2, run: nothing}, {node: r1, run: clear}]
symptom: [{name: down, node: r1, run: show, expect: 'text == "down"', eventually: 120ms, every: 40ms}]
workaround: {steps: [{node: r1, run: repair}], expect: [{name: up, same-as: baseline, eventually: 120ms}]}
control: {set: {r1.image: healthy}}
trials: {reset: redeploy}
`

// memory is a lab of which a test says on which images clearing the session breaks it.
type memory struct {
	breaks func(image string) bool
	after  time.Duration            // in real time, until it is broken
	heals  time.Duration            // in real time, until it is not any more; 0 is never
	check  func(image string) error // why the lab of an image cannot be built
	reset  func() error

	provider *harnesstest.Provider
	mu       sync.Mutex
	labs     int // that were built
	image    string
	state    string
	breaksAt time.Time // zero: it does not
}

// bench is a bench in the lab.
func (m *memory) bench(t *testing.T) *experiment.Bench {
	t.Helper()
	m.state = "up"
	m.provider = &harnesstest.Provider{
		CheckFn: func(_ context.Context, top topologies.Topology) error {
			if m.check == nil {
				return nil
			}
			return m.check(top.Nodes[0].Image)
		},
		ReserveFn: func(_ context.Context, top topologies.Topology, _ topologies.Options) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.labs++
			m.image, m.state, m.breaksAt = top.Nodes[0].Image, "up", time.Time{}
			return nil
		},
	}
	platform := &harnesstest.Platform{
		Name: "memory",
		RunFn: func(_, line string) (drivers.Exchange, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			switch {
			case line == "clear" && m.breaks(m.image):
				m.breaksAt = time.Now().Add(m.after)
			case line == "repair":
				m.state, m.breaksAt = "up", time.Time{}
			}
			if since := time.Since(m.breaksAt); !m.breaksAt.IsZero() && since >= 0 {
				m.state = "down"
				if m.heals > 0 && since >= m.heals {
					m.state = "up"
				}
			}
			return drivers.Exchange{Output: m.state}, nil
		},
		ResetFn: func(string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.state, m.breaksAt = "up", time.Time{}
			if m.reset != nil {
				return m.reset()
			}
			return nil
		},
	}
	t.Cleanup(func() {
		if n := m.provider.Up(); n != 0 {
			t.Errorf("%d labs are still up", n)
		}
	})
	return &experiment.Bench{Env: trial.Environment{Provider: m.provider, Registry: platform.Registry()}, Parent: t.TempDir(), Tool: evidence.Tool{Name: "test"}}
}

func loadMemory(t *testing.T, text string) *scenarios.Loaded {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func planMemory(t *testing.T, l *scenarios.Loaded, o plan.Options) *plan.Plan {
	t.Helper()
	p, err := plan.New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func search(t *testing.T, b *experiment.Bench, l *scenarios.Loaded) evidence.Dir {
	t.Helper()
	dir, err := experiment.CreateSearch(b.Parent, l, map[string]int{"labs": 1})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// since breaks the session on the images from a number on.
func since(first int) func(string) bool {
	return func(image string) bool {
		n := 0
		_, err := fmt.Sscanf(image, "daemon:%d", &n)
		return err == nil && n >= first
	}
}

func versions(n int) (list []experiment.Version) {
	for i := range n {
		list = append(list, experiment.Version{Image: fmt.Sprintf("daemon:%d", i+1)})
	}
	return list
}

// Between versions the one is found that the problem came in with, one that cannot be run is
// passed over, and what is recorded already is not run again.
func TestBisect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(4), check: func(image string) error {
			if image == "daemon:2" {
				return errors.New("no such image")
			}
			return nil
		}}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		dir := search(t, b, l)
		closed := 0
		b.Close = func(context.Context, []string) error { closed++; return nil }
		var passed []string
		var last experiment.BisectStep
		ends := 0
		o := experiment.BisectOptions{
			Versions: versions(6), Nodes: []string{"r1"}, Confidence: 0.9, MaxTrials: 40, Measure: 2,
			OnPassed: func(image string, why error) { passed = append(passed, image+": "+why.Error()) },
			OnEnd:    func(string, isolate.Result) { ends++ },
			OnStep:   func(s experiment.BisectStep) { last = s },
		}
		out, err := experiment.Bisect(t.Context(), b, dir, l, o)
		if err != nil || !out.Found || out.First != "daemon:4" || out.Bad.Hits < 2 || out.Good.Misses < 2 || out.Dir != dir.Path || closed != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		if !slices.Equal(passed, []string{"daemon:2: no such image"}) || out.Versions[1].Passed != "no such image" || out.Versions[0].Passed != "" {
			t.Errorf("passed over %q, %q", passed, out.Versions[1].Passed)
		}
		if ends != 4 || last.Run == 0 || !strings.HasPrefix(last.Likeliest, "daemon:4 ") {
			t.Errorf("%d runs of the ends, at last %+v", ends, last)
		}
		var stored result.Bisection
		if err := evidence.ReadJSON(dir.File("bisection.json"), &stored); err != nil || stored.First != "daemon:4" {
			t.Errorf("%+v, %v", stored, err)
		}
		labs := m.labs
		if again, err := experiment.Bisect(t.Context(), b, dir, l, o); err != nil || again.First != "daemon:4" || m.labs != labs {
			t.Errorf("again %s in %d more labs, %v", again.First, m.labs-labs, err)
		}
		held, err := os.OpenFile(dir.File("lock"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close() //nolint:errcheck // the test ends
		if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		if _, err := experiment.Bisect(t.Context(), b, dir, l, o); !errors.Is(err, experiment.ErrInUse) {
			t.Errorf("while another is at it: %v", err)
		}
	})
}

// What was found by a fast clock is tried at speed 1 on both sides, next to what could be run; what does not differ there is no answer.
// What was recorded is not run again.
func TestBisectInRealTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		m             *memory
		fixed         bool
		first         string
		final, beside result.Count
		with, without string
		done          bool
	}{
		{name: "there too", m: &memory{breaks: since(4)}, first: "daemon:4", final: result.Count{Hits: 2}, beside: result.Count{Misses: 2}, with: "daemon:4", without: "daemon:2", done: true},
		{
			name: "gone", m: &memory{breaks: func(image string) bool { return image < "daemon:4" }}, fixed: true, first: "daemon:4",
			final: result.Count{Hits: 2}, beside: result.Count{Misses: 2}, with: "daemon:2", without: "daemon:4", done: true,
		},
		{name: "not in real time", m: &memory{breaks: since(4), after: 2 * time.Millisecond, heals: 10 * time.Millisecond}, first: "daemon:4", final: result.Count{Misses: 2}, beside: result.Count{Misses: 2}, with: "daemon:4", without: "daemon:2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.m.check = func(image string) error {
					if image == "daemon:3" {
						return errors.New("no such image")
					}
					return nil
				}
				b := tt.m.bench(t)
				l := loadMemory(t, realMemory)
				dir := search(t, b, l)
				told := ""
				o := experiment.BisectOptions{
					Versions: versions(6), Nodes: []string{"r1"}, Confidence: 0.6, MaxTrials: 60, Measure: 2, Speed: 10, Fixed: tt.fixed,
					OnReal: func(with, without string, runs int) { told = fmt.Sprintf("%s %s %d", with, without, runs) },
				}
				out, err := experiment.Bisect(t.Context(), b, dir, l, o)
				if err != nil || !out.Found || !slices.Contains(out.Range, tt.first) || out.Done() != tt.done || out.Real == nil || out.Real.Final != tt.final || out.Real.Control != tt.beside {
					t.Fatalf("%+v, real time %+v, %v", out, out.Real, err)
				}
				if want := fmt.Sprintf("%s %s 2", tt.with, tt.without); told != want {
					t.Errorf("told of %s, want %s", told, want)
				}
				labs := tt.m.labs
				if again, err := experiment.Bisect(t.Context(), b, dir, l, o); err != nil || again.Done() != tt.done || again.Runs != out.Runs || tt.m.labs != labs {
					t.Errorf("again %+v in %d more labs, %v", again, tt.m.labs-labs, err)
				}
			})
		})
	}
}

// Where the ends of the list do not differ as they must there is nothing to find, and that is
// said before anything between them is run.
func TestBisectRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		m      *memory
		change func(*experiment.BisectOptions)
		want   error
		says   string
	}{
		{name: "the newest is healthy", m: &memory{breaks: since(9)}, want: isolate.ErrNotReproduced, says: "daemon:3: 0/2 = 0.00"},
		{name: "the oldest is not", m: &memory{breaks: since(1)}, want: isolate.ErrNotSpecific},
		{name: "only one can be run", m: &memory{check: func(image string) error {
			if image == "daemon:1" {
				return nil
			}
			return errors.New("no image")
		}}, says: "fewer than two of the versions can be run: no image\nno image"},
		{name: "no such node", m: &memory{}, change: func(o *experiment.BisectOptions) { o.Nodes = []string{"r9"} }, says: `no node "r9"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tt.m.bench(t)
				l := loadMemory(t, memoryCase)
				o := experiment.BisectOptions{Versions: versions(3), Nodes: []string{"r1"}, Confidence: 0.9, MaxTrials: 20, Measure: 2}
				if tt.change != nil {
					tt.change(&o)
				}
				out, err := experiment.Bisect(t.Context(), b, search(t, b, l), l, o)
				if err == nil || tt.want != nil && (!errors.Is(err, tt.want) || out.Reason != err.Error() || out.Dir == "" || out.Runs != out.Good.Runs()+out.Bad.Runs()) || !strings.Contains(err.Error(), tt.says) || out.Found {
					t.Errorf("%+v, %v", out, err)
				}
				options := (*experiment.OptionsError)(nil)
				if errors.As(err, &options) != (tt.change != nil) {
					t.Errorf("%T", err)
				}
			})
		})
	}
}

// Of a problem that shows without any step of the stimulus it is said that none is left.
func TestIsolateWithoutStimulus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: func(string) bool { return false }}
		b := m.bench(t)
		l := loadMemory(t, strings.Replace(memoryCase, `expect: 'text == "down"',`, `expect: 'text == "up"', may-hold-before: true,`, 1))
		cutter := &experiment.PartsCutter{Loaded: l, Parts: experiment.NewParts(l, b.Env.Registry), Platforms: b.Env.Registry.Platforms()}
		out, err := experiment.Isolate(t.Context(), b, search(t, b, l), cutter, experiment.IsolateOptions{Labs: 1, Measure: 2, Single: true})
		if err != nil || !out.Complete || !out.Unset {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// A scenario is cut to what its problem needs, and what is left is a scenario that shows it.
func TestIsolate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		dir := search(t, b, l)
		cutter := &experiment.PartsCutter{Loaded: l, Parts: experiment.NewParts(l, b.Env.Registry), Platforms: b.Env.Registry.Platforms()}
		var left []string
		runs := 0
		o := experiment.IsolateOptions{
			Labs: 1, Measure: 2, Controls: 1, Single: true,
			OnResult: func(_ isolate.Entry, again bool) {
				if !again {
					runs++
				}
			},
			OnLeft: func(s string) { left = append(left, s) },
		}
		out, err := experiment.Isolate(t.Context(), b, dir, cutter, o)
		if err != nil || !out.Complete || out.Original.Hits < 2 || out.Control.Hits != 0 || len(left) == 0 || runs != out.Runs {
			t.Fatalf("%+v, %d runs, left %q, %v", out, runs, left, err)
		}
		small, err := scenarios.Load(out.Result, scenarios.Options{})
		if err != nil || len(small.Topology.Nodes) != 1 || len(small.Scenario.Stimulus) != 1 || small.Scenario.Stimulus[0].Run != "clear" {
			t.Errorf("left: %+v, %v", small.Scenario.Stimulus, err)
		}
		needed := slices.ContainsFunc(out.Needed, func(n result.NeededPart) bool { return n.Part == "step 1: clear" })
		if !needed || out.Unset || out.Before == out.After || out.Title == "" {
			t.Errorf("needed %+v, %s → %s", out.Needed, out.Before, out.After)
		}
		before := m.labs
		if again, err := experiment.Isolate(t.Context(), b, dir, cutter, o); err != nil || again.After != out.After || m.labs != before {
			t.Errorf("again: %s in %d more labs, %v", again.After, m.labs-before, err)
		}
	})
}

// breaker cancels an experiment after so many trials.
type breaker struct {
	after  int
	cancel context.CancelFunc
}

func (b *breaker) Recording([]experiment.Recording) {}

func (b *breaker) Tried(experiment.Tried) {
	if b.after--; b.after == 0 {
		b.cancel()
	}
}

// A sweep that is broken off goes on after what it had measured to its end, and comes to the same.
func TestSweepGoesOn(t *testing.T) {
	t.Parallel()
	sweep := func(ctx context.Context, b *experiment.Bench, l *scenarios.Loaded, dir evidence.Dir, nths ...int) (result.Sweep, error) {
		var points []experiment.SweepPoint
		for _, n := range nths {
			points = append(points, experiment.SweepPoint{Nth: n, Plan: planMemory(t, l, plan.Options{Trials: 4, Set: map[string]string{"r1.image": fmt.Sprintf("daemon:%d", n)}})})
		}
		return experiment.Sweep(ctx, b, dir, points, experiment.SweepOptions{
			Control: planMemory(t, l, plan.Options{Variant: evidence.VariantControl, Trials: 2}), Controls: 2,
			Rule: experiment.StopRule{SPRT: &stats.SPRT{P0: 0.05, P1: 0.9, Alpha: 0.05, Beta: 0.05}, Cap: 4},
		})
	}
	answer := func(s result.Sweep) string {
		var words []string
		for _, p := range s.Points {
			words = append(words, fmt.Sprintf("%d %s %d/%d", p.Nth, p.Effect, p.Reproduced, p.Valid))
		}
		return fmt.Sprintf("%s: %s; %v; control %s; %d trials, %d left", s.Outcome, s.Answer, words, s.Control, s.Trials, s.Left)
	}
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(3)}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		whole, err := sweep(t.Context(), b, l, search(t, b, l), 1, 2, 3)
		if err != nil || whole.Outcome != result.Yes {
			t.Fatalf("%s, %v", answer(whole), err)
		}
		all := m.labs
		for after := 1; after < whole.Trials; after++ {
			ctx, cancel := context.WithCancel(t.Context())
			b.Observer = &breaker{after: after, cancel: cancel}
			dir := search(t, b, l)
			if broken, err := sweep(ctx, b, l, dir, 1, 2, 3); !errors.Is(err, context.Canceled) || !strings.HasPrefix(broken.Answer, "interrupted: ") {
				t.Errorf("broken off after %d trials: %s, %v", after, answer(broken), err)
			}
			b.Observer = nil
			before := m.labs
			got, err := sweep(t.Context(), b, l, dir, 1, 2, 3)
			if err != nil || answer(got) != answer(whole) {
				t.Errorf("gone on after %d trials: %s, want %s; %v", after, answer(got), answer(whole), err)
			}
			if more := m.labs - before; after > 2 && more >= all {
				t.Errorf("gone on after %d trials: %d labs of %d were built again", after, more, all)
			}
		}
		dir := search(t, b, l)
		if _, err := sweep(t.Context(), b, l, dir, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := sweep(t.Context(), b, l, dir, 2, 3); err == nil || !strings.Contains(err.Error(), "is of another sweep: it has frame 1 in place 1") {
			t.Errorf("another sweep: %v", err)
		}
	})
}

// A sweep by a fast clock tries its control in real time before any frame, and in the end the frames that
// trigger the problem: what does not show it there is no answer. What was recorded is not run again.
func TestSweepInRealTime(t *testing.T) {
	t.Parallel()
	everywhere := func(string) bool { return true }
	for _, tt := range []struct {
		name   string
		m      *memory
		want   result.Outcome
		says   string
		points int
	}{
		{"there too", &memory{breaks: since(2)}, result.Yes, "at speed 10: it takes frame 2 of the 2 that were decided; at speed 1: it takes frame 2; what does not trigger it was not tried", 2},
		{"not in real time", &memory{breaks: since(2), after: 2 * time.Millisecond, heals: 10 * time.Millisecond}, result.Inconclusive, "at speed 10: it takes frame 2 of the 2 that were decided; at speed 1: not frame 2; what does not trigger it was not tried", 2},
		{"the control in real time only", &memory{breaks: everywhere, after: 15 * time.Millisecond}, result.Inconclusive, "at speed 1: the control shows the symptom too, in 2/2 = 1.00, 95% [0.34, 1.00] Wilson: no frame can be told from another", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tt.m.bench(t)
				l := loadMemory(t, realMemory)
				dir := search(t, b, l)
				sweep := func(ctx context.Context) (result.Sweep, error) {
					var points []experiment.SweepPoint
					for n := 1; n <= 2; n++ {
						points = append(points, experiment.SweepPoint{Nth: n, Plan: planMemory(t, l, plan.Options{Trials: 6, Speed: 10, Set: map[string]string{"r1.image": fmt.Sprintf("daemon:%d", n)}})})
					}
					return experiment.Sweep(ctx, b, dir, points, experiment.SweepOptions{
						Control: planMemory(t, l, plan.Options{Variant: evidence.VariantControl, Trials: 2, Speed: 10}), Controls: 2,
						Rule: experiment.StopRule{SPRT: &stats.SPRT{P0: 0.05, P1: 0.9, Alpha: 0.05, Beta: 0.05}, Cap: 6},
					})
				}
				ctx, cancel := context.WithCancel(t.Context())
				b.Observer = &breaker{after: 3, cancel: cancel}
				if broken, err := sweep(ctx); !errors.Is(err, context.Canceled) || broken.Outcome != result.Inconclusive || !strings.HasPrefix(broken.Answer, "interrupted: ") {
					t.Errorf("broken off: %s: %s, %v", broken.Outcome, broken.Answer, err)
				}
				b.Observer = nil
				out, err := sweep(t.Context())
				if err != nil || out.Outcome != tt.want || out.Answer != tt.says || len(out.Points) != tt.points || out.Control.Valid != 2 || out.Real == nil || out.Real.Control.Valid != 2 {
					t.Errorf("%s: %s; %d points, at speed 1 %+v, %v", out.Outcome, out.Answer, len(out.Points), out.Real, err)
				}
				for _, p := range out.Real.Points {
					if _, info, err := evidence.OpenDir(p.Dir); err != nil || info.Clock.Factor() != 1 || p.Nth != 2 {
						t.Errorf("frame %d is at %v, %v", p.Nth, info.Clock, err)
					}
				}
				before := tt.m.labs
				if again, err := sweep(t.Context()); err != nil || again.Answer != out.Answer || again.Trials != out.Trials || tt.m.labs != before {
					t.Errorf("again: %s in %d trials and %d more labs, want %d, %v", again.Answer, again.Trials, tt.m.labs-before, out.Trials, err)
				}
			})
		})
	}
}

// A claim is confirmed by one trial that shows the same failure and a control that does not; a
// lab that breaks again and again ends it.
func TestConfirm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		m            *memory
		trials       int
		exact, same  bool
		hit, control bool
		labs         int
	}{
		{name: "at the first hit", m: &memory{breaks: since(1)}, trials: 3, same: true, hit: true, control: true, labs: 2},
		{name: "as often as asked", m: &memory{breaks: since(1)}, trials: 3, exact: true, same: true, hit: true, control: true, labs: 4},
		{name: "another failure", m: &memory{breaks: since(1)}, trials: 2, labs: 2},
		{name: "not at all", m: &memory{breaks: since(9)}, trials: 2, same: true, labs: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tt.m.bench(t)
				l := loadMemory(t, memoryCase)
				begun := 0
				out, err := experiment.Confirm(t.Context(), b, planMemory(t, l, plan.Options{}), planMemory(t, l, plan.Options{Variant: evidence.VariantControl}), experiment.ConfirmOptions{
					Trials: tt.trials, Exact: tt.exact,
					Same:  func(string) (bool, error) { return tt.same, nil },
					Begun: func(evidence.Dir) error { begun++; return nil },
				})
				if err != nil || out.Hit != tt.hit || (out.Control != "") != tt.control || begun != 1 || tt.m.labs != tt.labs {
					t.Errorf("%+v in %d labs, %v", out, tt.m.labs, err)
				}
			})
		})
	}
	t.Run("nothing can be recorded", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{}
			b := m.bench(t)
			b.Parent = filepath.Join(b.Parent, "file")
			if err := os.WriteFile(b.Parent, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p := planMemory(t, loadMemory(t, memoryCase), plan.Options{})
			record := (*experiment.RecordError)(nil)
			if _, err := experiment.Confirm(t.Context(), b, p, nil, experiment.ConfirmOptions{}); !errors.As(err, &record) {
				t.Errorf("%v", err)
			}
			if _, err := experiment.Resets(t.Context(), b, p, 1); !errors.As(err, &record) {
				t.Errorf("%v", err)
			}
			if _, err := experiment.Speeds(t.Context(), b, p, nil, 1); !errors.As(err, &record) {
				t.Errorf("%v", err)
			}
			if _, _, err := experiment.Rehearse(t.Context(), b, p); !errors.As(err, &record) {
				t.Errorf("%v", err)
			}
			if _, err := experiment.CreateSearch(b.Parent, p.Loaded, nil); !errors.As(err, &record) {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("what fails ends it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{breaks: since(1)}
			b := m.bench(t)
			p := planMemory(t, loadMemory(t, memoryCase), plan.Options{})
			begun := func(evidence.Dir) error { return nil }
			full := errors.New("the disk is full")
			for _, o := range []experiment.ConfirmOptions{
				{Trials: 2, Begun: func(evidence.Dir) error { return full }},
				{Trials: 2, Begun: begun, Same: func(string) (bool, error) { return false, full }},
			} {
				if out, err := experiment.Confirm(t.Context(), b, p, p, o); !errors.Is(err, full) || out.Hit || out.Dir == "" || out.Control != "" {
					t.Errorf("%+v, %v", out, err)
				}
			}
		})
	})
}

// Every way to clean the lab is tried in turn, and the cheapest that changes nothing is told.
func TestResets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		b := m.bench(t)
		observed := &observer{}
		b.Observer = observed
		out, err := experiment.Resets(t.Context(), b, planMemory(t, loadMemory(t, memoryCase), plan.Options{}), 2)
		if err != nil || out.Outcome != result.Yes || out.Cold.Share.Reproduced < 2 || len(out.Arms) != 3 || len(out.Dirs) != 4 {
			t.Fatalf("%+v, %v", out, err)
		}
		for i, reset := range experiment.AllResets()[1:] {
			if arm := out.Arms[i]; arm.Reset != string(reset) || arm.Why == "" || reset != scenarios.ResetNone && (!arm.Usable || arm.Share.Valid < 2) {
				t.Errorf("%+v", arm)
			}
		}
		var stored result.Resets
		if err := evidence.ReadJSON(out.File, &stored); err != nil || stored.Recommended != out.Recommended {
			t.Errorf("%+v, %v", stored, err)
		}
		if len(observed.sides) != 4 || observed.tried < 8 {
			t.Errorf("observed %+v, %d trials", observed.sides, observed.tried)
		}
		healthy := &memory{breaks: since(9)}
		out, err = experiment.Resets(t.Context(), healthy.bench(t), planMemory(t, loadMemory(t, memoryCase), plan.Options{}), 1)
		if err != nil || out.Outcome != result.Inconclusive || !strings.Contains(out.Answer, "nothing to compare") {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

type observer struct {
	mu    sync.Mutex
	sides []experiment.Recording
	tried int
}

func (o *observer) Recording(sides []experiment.Recording) { o.sides = sides }

func (o *observer) Tried(experiment.Tried) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tried++
}

// A rehearsal looks at everything once and tells what went wrong; whether the problem is there
// it does not.
func TestRehearse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(9)}
		b := m.bench(t)
		dir, complaints, err := experiment.Rehearse(t.Context(), b, planMemory(t, loadMemory(t, memoryCase), plan.Options{}))
		if err != nil || len(complaints) != 0 {
			t.Errorf("%q, %v", complaints, err)
		}
		if record, err := dir.Trial(1).Read(); err != nil || len(record.Events) == 0 {
			t.Errorf("%d events, %v", len(record.Events), err)
		}
		bad := planMemory(t, loadMemory(t, strings.Replace(memoryCase, `expect: 'text == "down"'`, `expect: 'json.state == "down"'`, 1)), plan.Options{})
		if _, complaints, err := experiment.Rehearse(t.Context(), b, bad); err != nil || len(complaints) == 0 || !strings.Contains(strings.Join(complaints, "\n"), "not JSON") {
			t.Errorf("%q, %v", complaints, err)
		}
	})
}

// A workaround is compared with the same scenario without its steps.
func TestCompareWorkaround(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		sides := experiment.Workaround(planMemory(t, l, plan.Options{}))
		out, err := experiment.Compare(t.Context(), b, sides, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30})
		if err != nil || out.Ruling != result.Fixed || out.What != "the workaround" || out.Old.Share.Reproduced == 0 || out.New.Share.Reproduced != 0 {
			t.Errorf("%+v, %v", out, err)
		}
		if got, want := out.Limits(), []string{"counted are the trials in which the problem was still there afterwards, of those that showed it: old without the workaround's steps, new with them", "the control was not tried"}; !slices.Equal(got, want) {
			t.Errorf("limits %q, want %q", got, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if out, err := experiment.Compare(ctx, b, sides, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30}); !errors.Is(err, context.Canceled) || out.Ruling != result.Undecided || out.Reason != "interrupted" {
			t.Errorf("interrupted: %+v, %v", out, err)
		}
	})
}

// A new build that is the old one by another name is not called fixed, whatever comes of its trials.
func TestCompareSameBuilds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		l := loadMemory(t, memoryCase)
		main, control := planMemory(t, l, plan.Options{}), planMemory(t, l, plan.Options{Variant: evidence.VariantControl})
		for _, tt := range []struct {
			digest, without string // r1 is daemon:1 or healthy, r2 is other
			want            result.Ruling
		}{
			{"sha256:one", "", result.Undecided},
			{"sha256:one", "other", result.Undecided},
			{"sha256:one", "healthy", result.Fixed},
			{"", "", result.Fixed},
		} {
			b := m.bench(t)
			b.Env.Provider = ofDigest{b.Env.Provider, &tt.digest, tt.without}
			sides := experiment.Sides{Old: main, New: control, Of: experiment.SampleOf}
			out, err := experiment.Compare(t.Context(), b, sides, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30})
			if err != nil || out.Ruling != tt.want || (tt.want == result.Undecided) != strings.HasPrefix(out.Reason, "both sides ran the same images") {
				t.Errorf("images of the digest %q without %q: %s (%s), %v", tt.digest, tt.without, out.Ruling, out.Reason, err)
			}
			if out.Watched != 120*time.Millisecond || out.ControlUntried {
				t.Errorf("the symptom was watched for %s, control not tried: %t", out.Watched, out.ControlUntried)
			}
		}
	})
}

// A build on which the problem would only come too late to be seen is not called fixed: what the old side shows in the second half of
// its time.
func TestCompareLate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		after time.Duration
		want  result.Ruling
		says  string
	}{
		{"at once", 0, result.Fixed, "no hit in 3 trials"},
		{"in the first half", 30 * time.Millisecond, result.Fixed, "no hit in 3 trials"},
		{"in the second half", 70 * time.Millisecond, result.Undecided, `"down" took up to 80ms on the old one and is waited for 120ms: where it took 2 times as long`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &memory{breaks: since(1), after: tt.after}
				l := loadMemory(t, memoryCase)
				sides := experiment.Sides{Old: planMemory(t, l, plan.Options{}), New: planMemory(t, l, plan.Options{Variant: evidence.VariantControl}), Of: experiment.SampleOf}
				out, err := experiment.Compare(t.Context(), m.bench(t), sides, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30})
				if err != nil || out.Ruling != tt.want || !strings.Contains(out.Reason, tt.says) || out.ShowedWithin != 120*time.Millisecond || out.Showed < tt.after {
					t.Errorf("%s after %s of %s: %s, %v", out.Ruling, out.Showed, out.ShowedWithin, out.Reason, err)
				}
				if tt.want != result.Undecided {
					return
				}
				dir := evidence.Dir{Path: out.New.Dir}
				stored("verify.json", func(c *result.Comparison) { c.Ruling = result.Fixed })(t, dir)
				if _, err := experiment.HoldComparison(dir.Path); err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("told as fixed: %v", err)
				}
			})
		})
	}
}

// A list of versions says which come after which; what cannot be is said with its line.
func TestParseVersions(t *testing.T) {
	list, err := experiment.ParseVersions("# oldest first\na:1\n\na:2 prior 2.5\na:3 after a:1,a:2\n")
	want := []experiment.Version{{Image: "a:1"}, {Image: "a:2", Prior: 2.5}, {Image: "a:3", After: []string{"a:1", "a:2"}}}
	if diff := cmp.Diff(want, list); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	for text, says := range map[string]string{
		"a\n":               "holds 1 versions",
		"a\na\n":            "line 2: a is there twice",
		"a\nb after\n":      `line 2: nothing after "after"`,
		"a\nb after c\n":    "b is after c, which is in no line above",
		"a\nb prior 0\n":    "prior 0: want a number above 0",
		"a\nb prior much\n": "prior much",
		"a\nb since a\n":    `"since": want`,
	} {
		if _, err := experiment.ParseVersions(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want …%s…", text, err, says)
		}
	}
}
