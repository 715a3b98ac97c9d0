package containers_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

func TestHelper(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	p, err := containers.New(containers.Options{Helper: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-helper"})
	r1 := host(t, r, "r1")
	if err := ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Error(err)
	}
	a := inject(t, r, topologies.Fault{
		Kind: topologies.FaultDrop, Match: topologies.FrameMatch{DstPort: 9},
		Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"},
	})
	run(t, r1, "bash", "-c", udp, "bash", "10.0.0.2", "9", "7")
	if n := fired(t, a); n != 7 {
		t.Errorf("dropped %d, want 7", n)
	}
	cancelled(t, r1)
	if err := r.(topologies.NodeRestarter).RestartNode(t.Context(), "r2"); err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	topologiestest.Captured(t, r)
	if err := r.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := leftovers(t, c, "test-helper"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// An ordinary user of the engine's group builds a lab, with a copy of this binary that
// the user may run.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	group, err := user.LookupGroup("docker")
	if err != nil {
		livetest.Missing(t, "the engine's group", err)
	}
	gid, err := strconv.ParseUint(group.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "reprise-user-") //nolint:usetesting // another user must reach it
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "program")
	if err := copyProgram(exe); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "__own", encode(t, topologies.Options{Run: "test-user"}))
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{uint32(gid)}}}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	own(t, cmd)
	if left := leftovers(t, c, "test-user"); len(left) != 3 {
		t.Errorf("the lab is %v; want two nodes and the helper", left)
	}
	if _, err := p.Attach(t.Context(), pair("eth1", "eth1"), "test-user", 1); !errors.Is(err, topologies.ErrNoLab) {
		t.Errorf("another user's lab: %v", err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left := leftovers(t, c, "test-user"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func copyProgram(to string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := os.Open(exe)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
