package containers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/procs"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// watch sees how the processes of a lab's nodes end: in this process where the kernel lets
// it, else in the wiring helper. It begins before the first node and ends with the lab.
type watch struct {
	mu     sync.Mutex
	own    *procs.Watcher
	helper wiring.Wirer
	failed error // why nobody watches
}

// begin chooses who watches; helps has the helper do it even where this process could.
func (w *watch) begin(wirer wiring.Wirer, helps bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if helps {
		w.helper = wirer
		return
	}
	if w.own, w.failed = procs.Open(); w.failed == nil {
		return
	}
	if _, here := wirer.(wiring.Local); !here {
		w.helper, w.failed = wirer, nil
	}
}

// add begins to watch a container. That it cannot be watched is told to who asks for its
// processes, and keeps nobody else from the lab.
func (w *watch) add(ctx context.Context, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.own != nil:
		w.own.Watch(id)
	case w.helper != nil:
		if _, err := w.helper.Apply(ctx, wiring.Op{Kind: wiring.Watch, Container: id}); err != nil {
			w.helper, w.failed = nil, err
		}
	}
}

func (w *watch) ends(ctx context.Context, id string) (ends []procs.End, missed time.Time, why string, err error) {
	w.mu.Lock()
	own, helper, failed := w.own, w.helper, w.failed
	w.mu.Unlock()
	switch {
	case own != nil:
		return own.Ends(ctx, id)
	case helper != nil:
		r, err := helper.Apply(ctx, wiring.Op{Kind: wiring.Ends, Container: id})
		return r.Ends, r.Missed, r.Why, err
	case failed != nil:
		return nil, time.Time{}, "", failed
	default:
		return nil, time.Time{}, "", errors.New("the lab is not built")
	}
}

func (w *watch) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	own := w.own
	w.own, w.helper, w.failed = nil, nil, errors.New("the lab is released")
	if own == nil {
		return nil
	}
	return own.Close()
}

// Ends implements topologies.ProcessWatcher.
func (l *lab) Ends(ctx context.Context, name string) ([]topologies.ProcessEnd, time.Time, string, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	if n.machine != nil {
		return nil, time.Time{}, "", errors.New("the node is a machine of its own, whose processes its host does not see")
	}
	found, missed, why, err := l.watch.ends(ctx, n.id)
	if err != nil {
		return nil, time.Time{}, "", fmt.Errorf("see how processes of %s end: %w", name, err)
	}
	ends := make([]topologies.ProcessEnd, len(found))
	for i, e := range found {
		ends[i] = topologies.ProcessEnd(e)
	}
	return ends, missed, why, nil
}

// Hears implements topologies.SignalHearer.
func (l *lab) Hears(name string) string {
	l.watch.mu.Lock()
	own := l.watch.own
	l.watch.mu.Unlock()
	switch n, err := l.node(name); {
	case err != nil:
		return err.Error()
	case n.machine != nil:
		return "the node is a machine of its own, whose processes its host does not see"
	case own == nil:
		return "nobody listens to the kernel's events of processes in this process"
	default:
		return own.Hears()
	}
}
