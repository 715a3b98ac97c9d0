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

// maxDeaths bounds what is kept of one node's orphans and commands, and of its lives.
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

// formerly is how processes of a node ended before it was made anew or started anew.
type formerly struct {
	ends   []topologies.ProcessEnd
	missed time.Time // the last moment at which one may have gone by unseen, and why
	why    string
}

// retire keeps how the processes of a node's life that is over ended, and lets go of its namespace while the node's
// first process is still held: from then on the kernel gives the number to another namespace, perhaps to that of
// another node. The caller holds lives of the node.
func (w *watch) retire(ctx context.Context, n *member) {
	n.mu.Lock()
	space := n.space
	n.mu.Unlock()
	w.mu.Lock()
	own := w.own
	i := slices.Index(w.spaces, space)
	w.mu.Unlock()
	if own == nil || i < 0 {
		return
	}
	ends, missed, why, err := own.Ends(ctx, space)
	if err != nil {
		missed, why = time.Now(), fmt.Sprintf("how processes ended before the node was started anew: %v", err)
	}
	n.former.add(ends, missed, why)
	own.Forget(space)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spaces = slices.DeleteFunc(w.spaces, func(s string) bool { return s == space })
}

// add adds what is known of one life more. Of too many ends the latest are kept.
func (f *formerly) add(ends []procs.End, missed time.Time, why string) {
	miss := func(at time.Time, why string) {
		if at.After(f.missed) {
			f.missed, f.why = at, why
		}
	}
	miss(missed, why)
	for _, e := range ends {
		f.ends = append(f.ends, topologies.ProcessEnd(e))
	}
	if over := len(f.ends) - maxDeaths; over > 0 {
		miss(f.ends[over-1].At, fmt.Sprintf("more than %d processes died", maxDeaths))
		f.ends = slices.Delete(f.ends, 0, over)
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

// Ends implements topologies.ProcessWatcher. Where the kernel does not tell this process, as it tells nobody in another network than the
// machine's own who may not enter that one, the supervisor still tells of the commands that it has started, and the node's first process of
// those that it reaps; what others reap goes by unseen.
func (l *lab) Ends(ctx context.Context, name string) (ends []topologies.ProcessEnd, missed time.Time, why string, err error) {
	n, err := l.node(name)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	n.lives.Lock()
	defer n.lives.Unlock()
	n.mu.Lock()
	space, seen := n.space, slices.Clone(n.deaths)
	n.mu.Unlock()
	l.watch.mu.Lock()
	own, failed := l.watch.own, l.watch.failed
	l.watch.mu.Unlock()
	if own == nil {
		if failed == nil {
			failed = errors.New("the lab is not built")
		}
		return seen, time.Now(), fmt.Sprintf("only commands and processes that nobody waited for are seen: %v", failed), nil
	}
	found, lost, reason, err := own.Ends(ctx, space)
	if err != nil {
		return nil, time.Time{}, "", fmt.Errorf("see how processes of %s end: %w", name, err)
	}
	all := formerly{slices.Clone(n.former.ends), n.former.missed, n.former.why}
	all.add(found, lost, reason)
	return all.ends, all.missed, all.why, nil
}

// Hears implements topologies.SignalHearer.
func (l *lab) Hears(string) string {
	l.watch.mu.Lock()
	own := l.watch.own
	l.watch.mu.Unlock()
	if own == nil {
		return "nobody listens to the kernel's events of processes"
	}
	return own.Hears()
}
