package recipe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	stopGrace    = 20 * time.Second // for mmdebstrap to take its tree away when cancelled
	stderrLines  = 12               // of mmdebstrap, kept for the error
	progressTail = 100
)

// Tree is a root file system as a tar stream that is being made. Its end is only an end
// when what makes it ended well; otherwise Read fails, so that no half tree is kept.
type Tree struct {
	Versions map[string]string // of all packages in it

	ctx    context.Context //nolint:containedctx // of the program that writes
	stdout *bufio.Reader
	cmd    *exec.Cmd
	log    *buildLog
	tmp    string
	once   sync.Once
	err    error
}

// Make begins to make a suite's tree: it returns when all packages are installed. mirror may
// be empty: the distribution's own. progress receives one line at a time. Whoever got a tree
// closes it, which also takes away what mmdebstrap worked in. What this machine lacks for it
// is a *topologies.MissingError.
func Make(ctx context.Context, s Suite, mirror string, progress func(string)) (_ *Tree, err error) {
	if err := makeable(s.name); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "reprise-image-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	t := &Tree{ctx: ctx, tmp: tmp}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, fmt.Errorf("open the temporary folder: %w", err)
	}
	listed := make(chan map[string]string, 1)
	if err := t.start(s, mirror, progress, listed); err != nil {
		return nil, err
	}
	if _, err := t.stdout.Peek(1); err != nil { // the tree begins after the last hook
		if err := t.finish(); err != nil {
			return nil, err
		}
		return nil, errors.New("mmdebstrap wrote no tree")
	}
	select {
	case t.Versions = <-listed:
		return t, nil
	case <-ctx.Done():
		return nil, t.finish()
	}
}

// makeable says what is missing on this machine to make a tree.
func makeable(suiteName string) error {
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return &topologies.MissingError{
			What: "tool", Name: "mmdebstrap",
			Hint: "run as root: apt-get install mmdebstrap; or bring the image from another machine: docker save " + SuiteRef(suiteName) + " | docker load",
		}
	}
	if os.Geteuid() == 0 {
		return nil
	}
	if _, err := exec.LookPath("newuidmap"); err != nil {
		return &topologies.MissingError{
			What: "privilege", Name: "root",
			Hint: "run: sudo reprise images build " + suiteName + "; or as root: apt-get install uidmap",
		}
	}
	return nil
}

func (t *Tree) start(s Suite, mirror string, progress func(string), listed chan<- map[string]string) error {
	t.cmd = exec.CommandContext(t.ctx, "mmdebstrap", s.arguments(mirror)...) //nolint:gosec // arguments are a fixed recipe
	t.cmd.Env = append(os.Environ(), "TMPDIR="+t.tmp, "LC_ALL=C.UTF-8")
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	t.cmd.Cancel = func() error { return syscall.Kill(-t.cmd.Process.Pid, syscall.SIGTERM) }
	t.cmd.WaitDelay = stopGrace
	stdout, err := t.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("connect to mmdebstrap: %w", err)
	}
	t.stdout = bufio.NewReaderSize(stdout, 1<<20)
	t.log = &buildLog{suite: s.name, progress: progress, listed: listed, versions: map[string]string{}}
	t.cmd.Stderr = t.log
	if err := t.cmd.Start(); err != nil {
		return fmt.Errorf("start mmdebstrap: %w", err)
	}
	return nil
}

func (t *Tree) Read(p []byte) (int, error) {
	n, err := t.stdout.Read(p)
	if errors.Is(err, io.EOF) {
		if failed := t.finish(); failed != nil {
			return n, failed
		}
	}
	return n, err
}

// Close ends the making, and returns why it did not end well.
func (t *Tree) Close() error { return errors.Join(t.finish(), os.RemoveAll(t.tmp)) }

// finish drains what is left, waits for the program and tells how it ended.
func (t *Tree) finish() error {
	t.once.Do(func() {
		_, _ = io.Copy(io.Discard, t.stdout) // so that the program can end
		err := t.cmd.Wait()
		switch {
		case t.ctx.Err() != nil:
			t.err = t.ctx.Err() // what the program says of its own end is of no use
		case err != nil:
			t.err = fmt.Errorf("mmdebstrap: %w\n%s", err, t.log.tail())
		}
	})
	return t.err
}

// buildLog takes mmdebstrap's messages: it passes the telling ones on as progress,
// collects the package versions and keeps the last lines for an error.
type buildLog struct {
	suite    string
	progress func(string)
	listed   chan<- map[string]string

	mu       sync.Mutex
	partial  string
	last     []string
	versions map[string]string
}

func (l *buildLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial += string(p)
	for {
		line, rest, found := strings.Cut(l.partial, "\n")
		if !found {
			return len(p), nil
		}
		l.partial = rest
		l.take(strings.TrimRight(line, "\r"))
	}
}

func (l *buildLog) take(line string) {
	if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "reprise-package" {
		l.versions[fields[1]] = fields[2]
		return
	}
	if line == packagesEnd {
		l.listed <- l.versions
		return
	}
	if l.last = append(l.last, line); len(l.last) > stderrLines {
		l.last = l.last[1:]
	}
	if text, ok := strings.CutPrefix(line, "I: "); ok && len(text) < progressTail && !strings.Contains(text, "hook") {
		l.progress(l.suite + ": " + text)
	}
}

// tail gives the last lines of the log.
func (l *buildLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}
