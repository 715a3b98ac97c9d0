package harness_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// A switch that hangs is asked once. Its logs and the kernel's state are kept, and each
// command that was not asked says so in its place.
func TestHungNodeIsNotAskedTwice(t *testing.T) {
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
	p := plan(t, stuck+"evidence: {commands: {r1: [show a, '!ip link', show b, '!dmesg']}}\n", harness.PlanOptions{Trials: 1})
	dir, err := harness.CreateRun(t.Context(), p, t.TempDir(), &w.provider, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	lab := harness.NewLab(p, harness.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Dir: dir}, 1)
	defer lab.Close(t.Context()) //nolint:errcheck // a lab in memory
	trial, err := lab.Begin(1)
	if err != nil {
		t.Fatal(err)
	}
	trial.Execute(t.Context())
	looks := len(asked)
	v, err := trial.Finish(t.Context())
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
}
