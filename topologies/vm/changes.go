package vm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
)

var _ topologies.StateChecker = (*lab)(nil)

// statusTimeout bounds the answer of a machine's monitor.
const statusTimeout = 5 * time.Second

// Changes implements topologies.StateChecker: the sockets that the cables are made of, and
// whether a machine stands still. One whose process has ended is NodeState's to tell.
func (l *lab) Changes(ctx context.Context) ([]topologies.Change, error) {
	l.wires.Lock()
	defer l.wires.Unlock()
	found := make([][]topologies.Change, len(l.order))
	group, gctx := errgroup.WithContext(ctx)
	for i, n := range l.order {
		group.Go(func() (err error) {
			if found[i], err = n.changes(gctx); err != nil {
				err = fmt.Errorf("look at node %s: %w", n.Name, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var changes []topologies.Change
	for _, list := range found {
		changes = append(changes, list...)
	}
	return changes, nil
}

func (n *node) changes(ctx context.Context) ([]topologies.Change, error) {
	m, _ := n.current()
	if m == nil || !m.running() {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var status struct {
		Status string `json:"status"`
	}
	if err := m.qmp.Do(ctx, "query-status", nil, &status); err != nil {
		if !m.running() {
			return nil, nil
		}
		return nil, err
	}
	var changes []topologies.Change
	if status.Status != "running" {
		changes = append(changes, topologies.Change{
			What: fmt.Sprintf("the machine of node %s is not running: %s", n.Name, status.Status), Ends: []topologies.Endpoint{{Node: n.Name}},
		})
	}
	for _, c := range n.nics {
		if c.iface == "" {
			continue
		}
		if name := socketName(c.link, c.end); m.sockets[name] == nil || !os.SameFile(m.sockets[name], n.lab.stat(name)) {
			e := topologies.Endpoint{Node: n.Name, Interface: c.iface}
			changes = append(changes, topologies.Change{What: fmt.Sprintf("the cable at %s is gone: its socket was removed", e), Ends: []topologies.Endpoint{e}})
		}
	}
	return changes, nil
}

// stat gives what is called so in the lab's folder; nil when nothing is.
func (l *lab) stat(name string) os.FileInfo {
	info, err := os.Lstat(filepath.Join(l.dir, name))
	if err != nil {
		return nil
	}
	return info
}

// sockets remembers the sockets that a machine has just made for its cables.
func (n *node) sockets() map[string]os.FileInfo {
	made := map[string]os.FileInfo{}
	for _, c := range n.nics {
		if c.iface != "" {
			name := socketName(c.link, c.end)
			made[name] = n.lab.stat(name)
		}
	}
	return made
}
