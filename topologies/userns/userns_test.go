package userns_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// The test binary also plays the program in the namespace.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "__inside" {
		if err := inside(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inside tells who it is and what it may.
func inside() error {
	if err := userns.Enter(); err != nil {
		return err
	}
	if err := userns.BecomeRoot(); err != nil {
		return err
	}
	fmt.Println("user", os.Getuid(), os.Getgid())
	if err := unix.Mount("none", "/tmp", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := os.WriteFile("/tmp/x", nil, 0o600); err != nil {
		return err
	}
	if err := os.Chown("/tmp/x", 100, 100); err == nil {
		fmt.Println("has users")
	}
	f, err := os.OpenFile("/proc/sys/kernel/core_pattern", os.O_WRONLY, 0)
	if err == nil {
		_ = f.Close()
		fmt.Println("writes the machine's settings")
	}
	return nil
}

func TestStart(t *testing.T) {
	t.Parallel()
	m, err := userns.Find()
	if err != nil {
		livetest.Missing(t, "user namespaces", err)
	}
	var out, said bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "__inside")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := m.Start(cmd); err != nil {
		livetest.Missing(t, "user namespaces", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err, said.String())
	}
	want := "user 0 0\nhas users\n"
	if m.Single {
		want = "user 0 0\n"
	}
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if strings.Contains(out.String(), "settings") {
		t.Error("root of the namespace is root of the machine")
	}
}
