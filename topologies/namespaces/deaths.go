package namespaces

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/procs"
)

// maxDeaths bounds what is kept of one node's orphans.
const maxDeaths = 2000

// ears listen to the kernel for all labs of a provider: it tells every listener of every process
// of the machine.
type ears struct {
	mu    sync.Mutex
	labs  int // that listen
	heard *procs.Watcher
}

// lend gives what listens, which the lab gives back.
func (e *ears) lend() (*procs.Watcher, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.labs == 0 {
		w, err := procs.Open()
		if err != nil {
			return nil, err
		}
		e.heard = w
	}
	e.labs++
	return e.heard, nil
}

// take takes it back.
func (e *ears) take() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.labs--; e.labs > 0 {
		return nil
	}
	return e.heard.Close()
}

// watch sees how the processes of a lab's nodes end, in this process: a supervisor is in
// namespaces to which the kernel tells nothing.
type watch struct {
	ears *ears

	mu     sync.Mutex
	own    *procs.Watcher
	spaces []string // of the lab
	failed error    // why nobody watches
}

// begin starts to watch, once for a lab.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.own == nil && w.failed == nil {
		w.own, w.failed = w.ears.lend()
	}
}

func (w *watch) add(spaces ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.own != nil {
		w.spaces = append(w.spaces, spaces...)
		w.own.Watch(spaces...)
	}
}

// catchUp returns when everything that has happened was read.
func (w *watch) catchUp() {
	w.mu.Lock()
	own := w.own
	w.mu.Unlock()
	if own != nil {
		_ = own.CatchUp(context.Background()) // Ends says what goes wrong; it has a bound of its own
	}
}

func (w *watch) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	own := w.own
	w.own, w.failed = nil, errors.New("the lab is released")
	if own == nil {
		return nil
	}
	own.Forget(w.spaces...)
	return w.ears.take()
}

// Ends implements topologies.ProcessWatcher. Where the kernel does not tell this process, the
// node's first process still tells of those that it reaps; what others reap goes by unseen.
func (l *lab) Ends(ctx context.Context, name string) (ends []topologies.ProcessEnd, missed time.Time, why string, err error) {
	n, err := l.node(name)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	n.mu.Lock()
	spaces, orphans := slices.Clone(n.spaces), slices.Clone(n.deaths)
	n.mu.Unlock()
	l.watch.mu.Lock()
	own, failed := l.watch.own, l.watch.failed
	l.watch.mu.Unlock()
	if own == nil {
		if failed == nil {
			failed = errors.New("the lab is not built")
		}
		return orphans, time.Now(), fmt.Sprintf("only processes that nobody waited for are seen: %v", failed), nil
	}
	for _, space := range spaces {
		found, lost, reason, err := own.Ends(ctx, space)
		if err != nil {
			return nil, time.Time{}, "", fmt.Errorf("see how processes of %s end: %w", name, err)
		}
		for _, e := range found {
			ends = append(ends, topologies.ProcessEnd(e))
		}
		if lost.After(missed) {
			missed, why = lost, reason
		}
	}
	return ends, missed, why, nil
}
