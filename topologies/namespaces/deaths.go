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

// watch sees how the processes of a lab's nodes end, in this process: a supervisor is in
// namespaces to which the kernel tells nothing.
type watch struct {
	mu     sync.Mutex
	own    *procs.Watcher
	failed error // why nobody watches
}

func (w *watch) begin() {
	own, err := procs.Open()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.own, w.failed = own, err
}

func (w *watch) add(spaces ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.own != nil {
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
	return own.Close()
}

// Ends implements topologies.ProcessWatcher. Where the kernel does not tell this process, the
// node's first process still tells of those that it reaps; what others reap goes by unseen.
func (l *lab) Ends(ctx context.Context, name string) (ends []topologies.ProcessEnd, missed time.Time, why string, err error) {
	n, err := l.node(name)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	n.mu.Lock()
	spaces, orphans := slices.Clone(n.lives), slices.Clone(n.deaths)
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
