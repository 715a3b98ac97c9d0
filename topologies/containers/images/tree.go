package images

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// treeReader reads the tree that mmdebstrap writes. Its end is only an end when the
// program ended well; otherwise the reader fails, so that no half tree is imported.
type treeReader struct {
	ctx    context.Context //nolint:containedctx // of the program that writes
	stdout *bufio.Reader
	cmd    *exec.Cmd
	log    *buildLog
	once   sync.Once
	err    error
}

func (t *treeReader) Read(p []byte) (int, error) {
	n, err := t.stdout.Read(p)
	if errors.Is(err, io.EOF) {
		if failed := t.finish(); failed != nil {
			return n, failed
		}
	}
	return n, err
}

// finish drains what is left, waits for the program and tells how it ended.
func (t *treeReader) finish() error {
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
