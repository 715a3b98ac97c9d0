package containers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// own starts a process that owns a lab and waits until the lab is up.
func own(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("the owner says %q, %v", line, err)
	}
}

func encode(t *testing.T, o topologies.Options) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGC(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := c.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Name:       "test-gc-foreign",
		Config:     &container.Config{Image: image, Labels: map[string]string{"org.reprise.run.of.another": "x"}},
		HostConfig: &container.HostConfig{NetworkMode: "none"},
	})
	t.Cleanup(func() {
		_, _ = c.ContainerRemove(context.WithoutCancel(t.Context()), "test-gc-foreign", client.ContainerRemoveOptions{Force: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []bool{true, false} {
		run := map[bool]string{false: "test-gc-lost", true: "test-gc-kept"}[keep]
		cmd := exec.CommandContext(t.Context(), exe, "__own", encode(t, topologies.Options{Run: run, Keep: keep, Source: "/labs/" + run}))
		if _, err := cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		own(t, cmd)
		if removed, err := p.GC(t.Context(), time.Now()); err != nil || mentions(removed, run) {
			t.Errorf("with its owner alive, %s: removed %v, %v", run, removed, err)
		}
		topologiestest.Taken(t, p, pair("eth1", "eth1"), run)
		topologiestest.Going(t, p, run)
		topologiestest.Built(t, p, run, "/labs/"+run)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
	removed, err := p.GC(t.Context(), time.Now())
	if err != nil || !mentions(removed, "test-gc-lost") || mentions(removed, "test-gc-kept") {
		t.Errorf("removed %v, %v", removed, err)
	}
	if left := leftovers(t, c, "test-gc-lost"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if left := leftovers(t, c, "test-gc-kept"); len(left) != 2 {
		t.Errorf("kept: %v, want both nodes", left)
	}
	t.Cleanup(func() {
		if _, err := p.RemoveRun(context.WithoutCancel(t.Context()), "test-gc-kept"); err != nil {
			t.Error(err)
		}
	})
	topologiestest.Attached(t, p, pair("eth1", "eth1"), "test-gc-kept")
	helping, err := containers.New(containers.Options{Helper: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = helping.Close() })
	topologiestest.Attached(t, helping, pair("eth1", "eth1"), "test-gc-kept")
	if _, err := c.ContainerInspect(t.Context(), foreign.ID, client.ContainerInspectOptions{}); err != nil {
		t.Errorf("a container of somebody else's: %v", err)
	}
}

func mentions(names []string, text string) bool {
	return strings.Contains(strings.Join(names, " "), text)
}
