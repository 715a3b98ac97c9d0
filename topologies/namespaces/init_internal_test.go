package namespaces

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestInit starts the first process of a node, without a node: it is the parent of orphans
// where it is told so by what starts it, tells of them and reaps them.
func TestInit(t *testing.T) {
	t.Parallel()
	program, err := initProgram(filter(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = program.Close() }()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	near, far := os.NewFile(uintptr(ends[0]), "near"), os.NewFile(uintptr(ends[1]), "far")
	defer func() { _ = near.Close() }()
	// The shell leaves two children to who it becomes.
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `(exit 7) & sh -c 'kill -SEGV $$' & exec /proc/self/fd/3 /nonexistent / proc`)
	cmd.Stdin, cmd.ExtraFiles = far, []*os.File{program}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	_ = far.Close()
	if err := ready(int(near.Fd())); !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EPERM) {
		t.Errorf("it says: %v", err)
	}
	got := map[string]bool{}
	for range 2 {
		b := make([]byte, 64)
		n, err := near.Read(b)
		r, ok := readReport(b[:n])
		if err != nil || !ok || r.pid <= 0 {
			t.Fatalf("got %d bytes, %+v, %v", n, r, err)
		}
		if r.code == 3 { // CLD_DUMPED: whether there is a core depends on the machine
			r.code = 2
		}
		got[fmt.Sprint(r.code, r.status)] = true
		if _, err := near.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
	}
	if !got["1 7"] || !got["2 11"] {
		t.Errorf("got %v", got)
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid))
	if err != nil || string(name) != "init\n" {
		t.Errorf("it is called %q, %v", name, err)
	}
}
