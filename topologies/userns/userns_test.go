package userns_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// The test binary also plays the program in the namespace.
func TestMain(m *testing.M) {
	programs := map[string]func() error{"__inside": inside, "__refused": refused, "__nothing": userns.Enter}
	if len(os.Args) > 1 && programs[os.Args[1]] != nil {
		if err := programs[os.Args[1]](); err != nil {
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

// refused forbids namespaces within its own, has that told, and allows them.
func refused() error {
	if err := errors.Join(userns.Enter(), userns.BecomeRoot()); err != nil {
		return err
	}
	if err := unix.Mount("none", "/etc", "tmpfs", 0, ""); err != nil { // which is the machine's
		return fmt.Errorf("mount: %w", err)
	}
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		return err
	}
	one := []userns.Range{{Inside: 0, Outside: 0, Count: 1}}
	start := func() error {
		cmd := exec.Command("/proc/self/exe", "__nothing")
		if err := (userns.Mapping{Users: one, Groups: one, Single: true}).Start(cmd); err != nil {
			return err
		}
		return cmd.Wait()
	}
	fmt.Println("forbidden:", start())
	if err := userns.ThisHost().Fix(context.Background(), func(line string) { fmt.Println(line) }); err != nil {
		return err
	}
	fmt.Println("allowed:", start())
	return nil
}

// What forbids namespaces is told by the error of Start, and Fix allows them at once.
func TestRefused(t *testing.T) {
	t.Parallel()
	m, err := userns.Find()
	must(t, err)
	var out, said bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "__refused")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	cmd.Stdout, cmd.Stderr = &out, &said
	must(t, m.Start(cmd))
	if err := cmd.Wait(); err != nil {
		t.Fatal(err, said.String())
	}
	want := "forbidden: kernel ability user namespaces is missing; user.max_user_namespaces is 0; to allow them: " +
		"as root: sysctl -w user.max_user_namespaces=15000 (fork/exec /proc/self/exe: no space left on device)\n" +
		"setting user.max_user_namespaces to 15000\nallowed: <nil>\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// must ends a test whose step failed; where the kernel makes no namespaces, it is skipped.
func must(t *testing.T, err error) {
	t.Helper()
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok {
		t.Skip(missing) //nolint:forbidigo // the kernel and its settings decide
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	m, err := userns.Find()
	must(t, err)
	var out, said bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "__inside")
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	cmd.Stdout, cmd.Stderr = &out, &said
	must(t, m.Start(cmd))
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
