package namespaces

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// inNumbers marks the process that may give numbers of processes again: it has its own.
const inNumbers = "REPRISE_TEST_NUMBERS"

// group starts a process that leads a group and waits for its end.
func group(t *testing.T, script string) (cmd *exec.Cmd, held *os.File) {
	t.Helper()
	cmd = exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	held, err := openPid(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
	return cmd, held
}

// reuse starts a process that leads a group and has the number of one that is gone.
func reuse(t *testing.T, pid int) *exec.Cmd {
	t.Helper()
	for range 100 {
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sleep", "100")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		})
		if cmd.Process.Pid == pid {
			return cmd
		}
	}
	t.Fatalf("number %d is not given again", pid)
	return nil
}

// The group of a command is ended when the command has been reaped, and nobody who has got its
// number since.
func TestReusedNumber(t *testing.T) {
	if os.Getenv(inNumbers) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestReusedNumber$", "-test.v")
		cmd.Env = append(os.Environ(), inNumbers+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, unix.EPERM) {
			livetest.Missing(t, "root, for numbers of processes of its own", err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := mountAll(mounting{target: "/", flags: unix.MS_REC | unix.MS_PRIVATE}, mounting{source: "proc", target: "/proc", kind: "proc"}); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(int, *os.File) error{"by its handle": killGroup, "as older kernels do": killGroupOf} {
		t.Run(name, func(t *testing.T) {
			gone, held := group(t, "true")
			if err := gone.Wait(); err != nil {
				t.Fatal(err)
			}
			other := reuse(t, gone.Process.Pid)
			if err := end(gone.Process.Pid, held); err != nil && !errors.Is(err, unix.ESRCH) {
				t.Error(err)
			}
			// Of two signals, one that cannot be caught is what it ends by.
			_ = other.Process.Signal(unix.SIGTERM)
			_ = other.Wait() // by a signal
			if status, ok := other.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != unix.SIGTERM {
				t.Errorf("another process of the number was ended: %v", other.ProcessState)
			}

			// The group holds the end of a pipe open for as long as anything is in it.
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close() //nolint:errcheck // read only
			leader := exec.Command("sh", "-c", "sleep 100 & :")
			leader.SysProcAttr, leader.ExtraFiles = &syscall.SysProcAttr{Setsid: true}, []*os.File{w}
			if err := leader.Start(); err != nil {
				t.Fatal(err)
			}
			held, err = openPid(leader.Process.Pid)
			if err := errors.Join(err, leader.Wait(), w.Close()); err != nil {
				t.Fatal(err)
			}
			defer held.Close() //nolint:errcheck // it was only held
			if err := end(leader.Process.Pid, held); err != nil {
				t.Error(err)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
}

// Whoever has got the number of a node's first process that has ended is not taken for the node.
func TestNumberOfAnother(t *testing.T) {
	t.Parallel()
	gone, held := group(t, "true")
	life := &member{life: 8, held: 7, here: os.Getpid(), pidfd: held} // its number is this process's by now; another life was asked for
	l := &lab{order: []*member{life}, nodes: map[string]*member{"r1": life}}
	if err := gone.Wait(); err != nil {
		t.Fatal(err)
	}
	if ns, err := l.network(7); !errors.Is(err, unix.ESRCH) {
		t.Errorf("got %v, %v", ns, err)
	}
	if pid := l.Process("r1"); pid != 0 {
		t.Errorf("a node that has ended is wired as process %d", pid)
	}
	alive, err := openPid(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close() //nolint:errcheck // it was only held
	life.pidfd = alive
	if pid := l.Process("r1"); pid != os.Getpid() {
		t.Errorf("a node that runs is wired as process %d", pid)
	}
	ns, err := l.network(7)
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Close(); err != nil {
		t.Error(err)
	}
	if ns, err := l.network(8); !errors.Is(err, unix.ESRCH) {
		t.Errorf("what is to come is taken for what is: %v, %v", ns, err)
	}
	for name, f := range map[string]func(int) error{
		"lab":        func(life int) error { _, err := l.network(life); return err },
		"supervisor": func(life int) error { _, err := (&supervisor{}).network(life); return err },
	} {
		if err := f(9); !errors.Is(err, unix.ESRCH) {
			t.Errorf("%s: of no life: %v", name, err)
		}
	}
}

// A descriptor that was closed meanwhile is not used, whatever has got its number.
func TestClosedMeanwhile(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err := errors.Join(err, w.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	err = hold(r, func(fd int) error { return fmt.Errorf("descriptor %d was used", fd) })
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	s := &supervisor{lives: map[int]*life{1: {proc: r}}}
	if _, err := s.network(1); !errors.Is(err, unix.ESRCH) {
		t.Errorf("got %v", err)
	}
}

// Who asks for the network of a life that was asked for waits until it is known whether it begins.
func TestAwaited(t *testing.T) {
	t.Parallel()
	s := &supervisor{lives: map[int]*life{}, awaited: map[int]chan struct{}{}}
	for life, begins := range map[int]*life{1: {}, 2: nil} {
		s.await(life)
		asks, answered := make(chan struct{}), make(chan error, 1)
		go func() {
			close(asks)
			_, err := s.network(life)
			answered <- err
		}()
		<-asks
		if begins != nil {
			var err error
			if begins.proc, err = os.Open("/proc"); err != nil {
				t.Fatal(err)
			}
			defer begins.proc.Close() //nolint:errcheck // read only
			s.mu.Lock()
			s.lives[life] = begins
			s.mu.Unlock()
		}
		s.decided(life)
		if err := <-answered; errors.Is(err, unix.ESRCH) != (begins == nil) {
			t.Errorf("life %d, which begins: %v: %v", life, begins != nil, err)
		}
	}
}
