package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/vm/qmp"
)

const (
	startTimeout = 30 * time.Second // until QEMU answers, with loading a snapshot
	quitTimeout  = 5 * time.Second  // to end when asked
	killTimeout  = 5 * time.Second  // to end when killed
	// saveTimeout bounds writing the memory of a machine to its disk, and reading it.
	saveTimeout = 90 * time.Second
)

// machine is one QEMU that this process started.
type machine struct {
	launch launch
	qmp    *qmp.Client
	ended  chan struct{} // closed when the process has ended
	exit   error         // set before ended is closed
	kill   func() error
	said   *bounded.Last
	// sockets are those of its cables, by name, as it made them.
	sockets map[string]os.FileInfo
}

// start starts QEMU and waits until it answers. Unless kept, it is killed when this process ends.
func start(ctx context.Context, l launch, kept bool) (m *machine, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cmd := exec.Command(emulator, l.argv()...) //nolint:gosec,noctx // our own arguments; it outlives the call
	m = &machine{launch: l, ended: make(chan struct{}), said: bounded.NewLast(maxLastWords)}
	cmd.Dir, cmd.Stderr = l.dir, m.said
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	// A session of its own, so that an interrupt at the terminal leaves the end to Release.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !kept {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	if err := m.run(cmd); err != nil {
		return nil, fmt.Errorf("start qemu: %w", err)
	}
	begun := m // m is nil where an error is returned
	defer func() {
		if err != nil {
			err = errors.Join(err, begun.stop(context.WithoutCancel(ctx)))
		}
	}()
	gone, abandon := context.WithCancel(ctx)
	defer abandon()
	go func() {
		begun.wait(gone)
		abandon()
	}()
	if m.qmp, err = qmp.Dial(gone, l.path(".qmp")); err != nil {
		if errors.Is(err, qmp.ErrClosed) { // it has begun to end, and when it has, it is known why
			ending, cancel := context.WithTimeout(ctx, quitTimeout)
			defer cancel()
			begun.wait(ending)
		}
		if !begun.running() {
			err = begun.death()
		}
		return nil, err
	}
	return m, nil
}

// run starts the process and waits for it on a thread of its own: the signal for the death
// of the parent comes when the thread ends that started it.
func (m *machine) run(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		m.exit = cmd.Wait()
		close(m.ended)
	}()
	if err := <-started; err != nil {
		close(m.ended)
		return err
	}
	m.kill = cmd.Process.Kill
	return nil
}

// running says whether the process is there.
func (m *machine) running() bool {
	select {
	case <-m.ended:
		return false
	default:
		return true
	}
}

// death tells how a process ended that should not have.
func (m *machine) death() error {
	how := "it ended"
	if m.exit != nil {
		how = m.exit.Error()
	}
	if said := m.said.String(); said != "" {
		how += ": " + said
	}
	return fmt.Errorf("qemu is gone: %s", how)
}

// stop ends the machine: asked first, then killed.
func (m *machine) stop(ctx context.Context) error {
	if m.qmp != nil && m.running() {
		quit, cancel := context.WithTimeout(ctx, quitTimeout)
		defer cancel()
		_ = m.qmp.Do(quit, "quit", nil, nil) // the connection may end before the answer
		m.wait(quit)
	}
	var err error
	if m.running() && m.kill != nil {
		if err = m.kill(); errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
		after, cancel := context.WithTimeout(ctx, killTimeout)
		defer cancel()
		m.wait(after)
	}
	if m.qmp != nil {
		err = errors.Join(err, m.qmp.Close())
	}
	if m.running() {
		err = errors.Join(err, errors.New("qemu does not end"))
	}
	return err
}

func (m *machine) wait(ctx context.Context) {
	select {
	case <-m.ended:
	case <-ctx.Done():
	}
}

// monitor carries out a line of the human monitor that prints nothing when it succeeds.
func (m *machine) monitor(ctx context.Context, line string) error {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	out, err := m.qmp.Monitor(ctx, line)
	if err == nil && strings.TrimSpace(out) != "" {
		err = fmt.Errorf("monitor %q: %s", line, strings.TrimSpace(out))
	}
	return err
}

// setLink raises or drops the carrier of a data port.
func (m *machine) setLink(ctx context.Context, port int, up bool) error {
	return m.qmp.Do(ctx, "set_link", map[string]any{"name": deviceID(port), "up": up}, nil)
}

// maxLastWords bounds what is kept of what an emulator says, in bytes.
const maxLastWords = 2000
