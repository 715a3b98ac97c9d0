package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	stopGrace = 20 * time.Second // for a tool to clean up when cancelled
	lockEvery = 200 * time.Millisecond
	lastLines = 12 // of a tool, kept for the error
	shortLine = 100
)

// run runs a tool to its end and tells log of its telling lines; log may be nil.
func run(ctx context.Context, log func(string), suite, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // arguments are a fixed recipe
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	said := &toolLog{suite: suite, log: log}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %w\n%s", name, err, strings.Join(said.last, "\n"))
	}
	return nil
}

// toolLog keeps the last lines of a tool, and passes mmdebstrap's own on.
type toolLog struct {
	suite string
	log   func(string)

	mu      sync.Mutex
	partial []byte
	last    []string
}

func (l *toolLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		line, rest, found := bytes.Cut(l.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		text := strings.TrimRight(string(line), "\r")
		l.partial = rest
		if l.last = append(l.last, text); len(l.last) > lastLines {
			l.last = l.last[1:]
		}
		if note, ok := strings.CutPrefix(text, "I: "); ok && l.log != nil && len(note) < shortLine && !strings.Contains(note, "hook") {
			l.log(l.suite + ": " + note)
		}
	}
}

// lock takes the lock file for this process alone, and waits for it until ctx ends.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // which ends the lock
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("take the lock: %w", err), f.Close())
		}
		if first {
			waiting()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}
