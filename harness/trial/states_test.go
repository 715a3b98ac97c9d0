package trial_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// A switch that hangs is asked once. Its logs and the kernel's state are kept, and each
// command that was not asked says so in its place.
func TestHungNodeIsNotAskedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var mu sync.Mutex
		var asked []string // after the switch began to hang
		w.platform.RunFn = func(node, line string) (drivers.Exchange, error) {
			if node == "r1" && w.broken.Load() {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, "run "+line)
				return drivers.Exchange{}, &drivers.OpError{Node: node, Op: "run " + line, Err: drivers.ErrTimeout}
			}
			return drivers.Exchange{Output: "state is up"}, nil
		}
		w.platform.ShellFn = func(node, line string) (drivers.Exchange, error) {
			if node == "r1" && w.broken.Load() {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, "shell "+line)
			}
			return drivers.Exchange{Output: "kernel says"}, nil
		}
		w.platform.LogFn = func(string) string {
			if w.broken.Load() {
				return "the last line\n"
			}
			return ""
		}
		p := planOf(t, stuck+"evidence: {commands: {r1: [show a, '!ip link', show b, '!dmesg']}}\n", plan.Options{Trials: 1})
		dir, err := trial.CreateRun(t.Context(), p, t.TempDir(), &w.provider, evidence.Tool{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		lab := trial.NewLab(p, trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Dir: dir}, 1)
		defer lab.Close(t.Context()) //nolint:errcheck // a lab in memory
		tr, err := lab.Begin(1)
		if err != nil {
			t.Fatal(err)
		}
		tr.Execute(t.Context())
		looks := len(asked)
		v, err := tr.Finish(t.Context())
		if err != nil || v.Verdict != evidence.Inconclusive {
			t.Errorf("%s (%s), %v", v.Verdict, v.Reason, err)
		}
		if got, want := asked[looks:], []string{"shell ip link", "shell dmesg"}; !slices.Equal(got, want) {
			t.Errorf("asked for evidence: %q, want %q", got, want)
		}
		states, _ := filepath.Glob(dir.Trial(1).File("states", "after", "r1", "*.json"))
		if len(states) != 4 {
			t.Fatalf("states: %q", states)
		}
		for _, file := range states {
			data, err := os.ReadFile(file)
			var s evidence.State
			if err == nil {
				err = json.Unmarshal(data, &s)
			}
			kernel := strings.HasPrefix(s.Command, "!")
			if err != nil || kernel != (s.Error == "") || !kernel && !strings.Contains(s.Error, `not asked: r1 gave no answer to "show state"`) {
				t.Errorf("%s: %+v, %v", file, s, err)
			}
		}
		if data, err := os.ReadFile(dir.Trial(1).File("logs", "r1", "log")); err != nil || string(data) != "the last line\n" {
			t.Errorf("log: %q, %v", data, err)
		}
	})
}

// What a fresh lab refuses, it refuses again: further trials tell nothing. A baseline that
// timed out, a command that was refused and a lab in use may fare otherwise the next time.
func TestRefusedByFreshLab(t *testing.T) {
	refuses := func(w *world) {
		w.platform.ConfigureFn = func(_, _ string) (string, error) { return "no such line", nil }
	}
	for _, tt := range []struct {
		name   string
		yaml   string
		change func(*world)
		want   string
	}{
		{"a configuration step", stuck, refuses, "no such line"},
		{"the start", stuck, func(w *world) {
			w.platform.BootFn = func(string) error {
				return &drivers.OpError{Node: "r1", Op: "boot", Err: errors.Join(drivers.ErrRefused, errors.New("line 3 is unknown"))}
			}
		}, "line 3 is unknown"},
		{"the start, without a refusal", stuck, func(w *world) {
			w.platform.BootFn = func(string) error { return &drivers.OpError{Node: "r1", Op: "boot", Err: drivers.ErrTimeout} }
		}, ""},
		{"a command", head + "stimulus: [{node: r1, run: x}]\nsymptom: [{name: down, node: r1, run: s, expect: 'text contains \"down\"', eventually: 50ms, every: 10ms}]\n", func(w *world) {
			run := w.platform.RunFn
			w.platform.RunFn = func(n, l string) (drivers.Exchange, error) {
				if l == "x" {
					return drivers.Exchange{Rejected: "unknown command"}, nil
				}
				return run(n, l)
			}
		}, ""},
		{"a baseline that never holds", strings.Replace(stuck, `contains "up"`, `contains "never"`, 1), func(*world) {}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				tt.change(w)
				p := planOf(t, tt.yaml, plan.Options{Trials: 1})
				dir, err := trial.CreateRun(t.Context(), p, t.TempDir(), &w.provider, evidence.Tool{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				lab := trial.NewLab(p, trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Dir: dir}, 1)
				defer lab.Close(t.Context()) //nolint:errcheck // a lab in memory
				tr, err := lab.Begin(1)
				if err != nil {
					t.Fatal(err)
				}
				tr.Execute(t.Context())
				if v, err := tr.Finish(t.Context()); err != nil || v.Verdict != evidence.Inconclusive {
					t.Errorf("%s (%s), %v", v.Verdict, v.Reason, err)
				}
				if got := lab.Refused(); (got != "") != (tt.want != "") || !strings.Contains(got, tt.want) {
					t.Errorf("refused: %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestStatesBeforeTheWorkaround: what is recorded as the state after is what the symptom showed, and not what a workaround
// made of it.
func TestStatesBeforeTheWorkaround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		run := w.platform.RunFn
		w.platform.RunFn = func(n, l string) (drivers.Exchange, error) {
			if l == "repair" {
				w.broken.Store(false)
			}
			return run(n, l)
		}
		p := planOf(t, stuck+"workaround: {steps: [{node: r1, run: repair}], expect: [{name: up, same-as: baseline}]}\nevidence: {commands: {r1: [show state]}}\n", plan.Options{Trials: 1})
		dir, err := trial.CreateRun(t.Context(), p, t.TempDir(), &w.provider, evidence.Tool{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		lab := trial.NewLab(p, trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Dir: dir}, 1)
		defer lab.Close(t.Context()) //nolint:errcheck // a lab in memory
		tr, err := lab.Begin(1)
		if err != nil {
			t.Fatal(err)
		}
		tr.Execute(t.Context())
		if v, err := tr.Finish(t.Context()); err != nil || v.Verdict != evidence.Reproduced || len(v.Notes) != 1 || !strings.HasPrefix(v.Notes[0], "workaround: what it must bring about held after it") {
			t.Errorf("%s (%s), %q, %v", v.Verdict, v.Reason, v.Notes, err)
		}
		for when, want := range map[string]string{"before": "up", "after": "down"} {
			states, _ := filepath.Glob(dir.Trial(1).File("states", when, "r1", "*.json"))
			if len(states) != 1 {
				t.Fatalf("%s: states %q", when, states)
			}
			var s evidence.State
			if err := evidence.ReadJSON(states[0], &s); err != nil || !strings.Contains(s.Output, want) {
				t.Errorf("%s: %+v, %v; want it to say %s", when, s, err, want)
			}
		}
	})
}
