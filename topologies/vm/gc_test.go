package vm_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// own starts a process that reserves one machine, and gives it once it has.
func own(t *testing.T, o topologies.Options) (cmd *exec.Cmd, id string) {
	t.Helper()
	options, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), "/proc/self/exe", "__own", string(options))
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(strings.TrimPrefix(line, "ready "))
}

// alive says whether a machine of a lab is there.
func alive(t *testing.T, id string) bool {
	t.Helper()
	return exec.CommandContext(t.Context(), "pgrep", "-f", "qemu-syste[m].*-name "+id+"-").Run() == nil
}

// A machine ends with its owner, however that ends; what is left of the lab is swept. A
// kept one goes on until somebody removes the run.
func TestKilledOwner(t *testing.T) {
	p := setup(t, vm.Options{})
	for _, tt := range []struct {
		name string
		keep bool
	}{{"a lab", false}, {"a kept lab", true}} {
		t.Run(tt.name, func(t *testing.T) {
			run := "gc-" + strings.ReplaceAll(tt.name, " ", "-")
			cmd, id := own(t, topologies.Options{Run: run, Keep: tt.keep})
			if !alive(t, id) {
				t.Fatal("no machine of ", id)
			}
			t.Cleanup(func() { _, _ = p.RemoveRun(context.WithoutCancel(t.Context()), run) })
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			until := time.Now().Add(5 * time.Second)
			for alive(t, id) && !tt.keep && time.Now().Before(until) {
				<-time.After(20 * time.Millisecond)
			}
			if alive(t, id) != tt.keep {
				t.Errorf("after its owner was killed, a machine is there: %t", !tt.keep)
			}
			removed, err := p.GC(t.Context(), time.Now())
			if err != nil || slices.Contains(removed, id) == tt.keep {
				t.Errorf("GC = %v, %v", removed, err)
			}
			if !tt.keep {
				return
			}
			if removed, err := p.RemoveRun(t.Context(), run); err != nil || !slices.Equal(removed, []string{id}) || alive(t, id) {
				t.Errorf("RemoveRun = %v, %v", removed, err)
			}
		})
	}
}
