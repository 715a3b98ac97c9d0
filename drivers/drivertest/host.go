package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// Host runs commands as local processes, each behind a prefix: none for this machine,
// "docker exec …" for a container.
type Host struct {
	Container string   // the engine's id, where there is one
	Prefix    []string // for commands without a terminal
	PrefixTTY []string // for commands on a terminal; the terminal is this machine's
}

func (h Host) argv(argv []string, tty bool) []string {
	if tty {
		return append(append([]string{}, h.PrefixTTY...), argv...)
	}
	return append(append([]string{}, h.Prefix...), argv...)
}

// Open implements drivers.Host.
func (h Host) Open(_ context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	argv = h.argv(argv, tty)
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx,gosec // a test names the command; the process outlives the opening, and Close ends it
	if tty {
		f, err := startOnTerminal(cmd)
		if err != nil {
			return nil, err
		}
		return &process{cmd: cmd, Reader: f, Writer: f, closers: []io.Closer{f}}, nil
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, Reader: out, Writer: in, closers: []io.Closer{in, out}}, nil
}

// startOnTerminal starts a command on a terminal of its own. The terminal's file is one that
// the runtime polls: package pty leaves it blocking, and then Close waits for a Read that may
// never end, as long as anything that the command started has the other end open.
func startOnTerminal(cmd *exec.Cmd) (*os.File, error) {
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 511})
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // a copy of it is used
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

type process struct {
	io.Reader
	io.Writer
	cmd     *exec.Cmd
	closers []io.Closer
	once    sync.Once
}

func (p *process) Close() error {
	p.once.Do(func() {
		for _, c := range p.closers {
			_ = c.Close()
		}
		exited := make(chan struct{})
		go func() { defer close(exited); _ = p.cmd.Wait() }()
		select {
		case <-exited: // end of input was enough
		case <-time.After(200 * time.Millisecond):
			_ = p.cmd.Process.Kill()
			<-exited
		}
	})
	return nil
}

// Exec implements drivers.Host.
func (h Host) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	argv = h.argv(argv, false)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // a test names the command
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// WriteFile implements drivers.Host.
func (h Host) WriteFile(ctx context.Context, name string, data []byte, mode fs.FileMode) error {
	script := fmt.Sprintf(`mkdir -p "$1" && cat > "$2" && chmod %o "$2"`, mode.Perm())
	exit, err := h.Exec(ctx, []string{"sh", "-c", script, "sh", path.Dir(name), name}, bytes.NewReader(data), nil, nil)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d", exit)
	}
	return err
}

// ReadFile implements drivers.Host.
func (h Host) ReadFile(ctx context.Context, name string) (io.ReadCloser, error) {
	var out bytes.Buffer
	exit, err := h.Exec(ctx, []string{"cat", name}, nil, &out, nil)
	if err != nil {
		return nil, err
	}
	if exit != 0 {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(&out), nil
}

// StartContainer starts a throw-away container of a local image and returns a host on
// it; where there is no engine or no such image, livetest.Missing decides.
func StartContainer(tb testing.TB, image string) Host {
	tb.Helper()
	if _, err := exec.LookPath("docker"); err != nil {
		livetest.Missing(tb, "docker", err)
	}
	livetest.Long(tb, "a live test")
	inspect := exec.CommandContext(tb.Context(), "docker", "image", "inspect", image) //nolint:gosec // a test names the image
	if out, err := inspect.CombinedOutput(); err != nil {
		livetest.Missing(tb, "image "+image+": "+strings.TrimSpace(string(out)), err)
	}
	args := []string{
		"run", "-d", "--rm", "--network", "none", "--ulimit", "core=-1",
		"--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_NICE", "--cap-add", "SYS_PTRACE",
		"--tmpfs", "/run:rw,exec,mode=755", "--tmpfs", "/tmp:rw,exec,mode=1777",
	}
	if _, err := os.Stat("/dev/net/tun"); err == nil { // ports of Open vSwitch in user space
		args = append(args, "--device", "/dev/net/tun")
	}
	run := exec.CommandContext(tb.Context(), "docker", append(args, image)...) //nolint:gosec // a test names the command
	out, err := run.CombinedOutput()
	if err != nil {
		tb.Fatalf("start container: %v: %s", err, out)
	}
	id := strings.TrimSpace(string(out))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		remove := exec.CommandContext(ctx, "docker", "rm", "-f", id) //nolint:gosec // the engine gave the id
		if out, err := remove.CombinedOutput(); err != nil {
			tb.Logf("remove container: %v: %s", err, out)
		}
	})
	return Host{Container: id, Prefix: []string{"docker", "exec", "-i", id}, PrefixTTY: []string{"docker", "exec", "-i", "-t", "-e", "TERM=xterm", id}}
}

// Images are the images that live tests run on: those named in REPRISE_TEST_IMAGES
// (separated by commas), else one per Debian suite.
func Images() []string {
	if s := os.Getenv("REPRISE_TEST_IMAGES"); s != "" {
		return strings.Split(s, ",")
	}
	return []string{"reprise/debian:bullseye", "reprise/debian:bookworm", "reprise/debian:trixie"}
}
