package containers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// lab is a reservation.
type lab struct {
	provider *Provider
	maker    *testcontainers.DockerProvider
	engine   client.APIClient
	topology topologies.Topology
	options  topologies.Options
	labels   map[string]string
	nodes    map[string]*node // fixed once made
	order    []*node
	helper   helper

	cables *cabling.Cabling // nil: the lab is a part of one, and is not wired yet
	wirer  wiring.Wirer     // set before any node is ready

	watch watch

	private string // folder of passwords and of the helper's socket; empty: there are none

	// lock keeps others from a lab that this process did not build, until it is closed; nil where it did.
	lock *net.UnixListener

	release sync.Mutex
	ids     map[string]bool // containers to remove; guarded by release
	unwatch func()          // ends the watch over the disk; guarded by release
}

var (
	_ topologies.Reservation   = (*lab)(nil)
	_ topologies.NodeWatcher   = (*lab)(nil)
	_ topologies.NodeRestarter = (*lab)(nil)
	_ topologies.Enterer       = (*lab)(nil)
	_ topologies.Faulter       = (*lab)(nil)
	_ topologies.Cleaner       = (*lab)(nil)
	_ topologies.Capturer      = (*lab)(nil)
	_ topologies.Trafficker    = (*lab)(nil)
	_ topologies.Accessor      = (*lab)(nil)
	_ topologies.Consoler      = (*lab)(nil)
	_ topologies.PortMapper    = (*lab)(nil)

	_ topologies.ProcessWatcher = (*lab)(nil)
)

// node is a planned node and its container.
type node struct {
	planned
	container string // name
	id        string // set before ready is closed
	ready     chan struct{}

	mu  sync.Mutex
	pid int // of the container's init; changes with a restart
	// overgrown says that the node was ended because it had written too much.
	overgrown string
}

func (n *node) process() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pid
}

func newLab(p *Provider, maker *testcontainers.DockerProvider, c client.APIClient, t topologies.Topology, o topologies.Options, nodes []planned) *lab {
	l := &lab{provider: p, maker: maker, engine: c, topology: t, options: o, nodes: map[string]*node{}, ids: map[string]bool{}}
	for _, pl := range nodes {
		n := &node{planned: pl, container: l.ID() + "-" + containerName(pl.Name), ready: make(chan struct{})}
		l.nodes[pl.Name] = n
		l.order = append(l.order, n)
	}
	return l
}

// containerName makes a text fit for a container's name.
func containerName(s string) string {
	return regexp.MustCompile(`[^a-zA-Z0-9_.-]`).ReplaceAllString(s, "_")
}

// ID implements topologies.Reservation.
func (l *lab) ID() string { return labID(l.options.Run, strconv.Itoa(l.options.Lab)) }

func labID(run, lab string) string { return "reprise-" + containerName(run) + "-" + lab }

func (l *lab) node(name string) (*node, error) {
	n, ok := l.nodes[name]
	if !ok {
		return nil, fmt.Errorf("lab %s has no node %s", l.ID(), name)
	}
	return n, nil
}

// Host implements topologies.Reservation.
func (l *lab) Host(name string) (topologies.Host, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	return &host{lab: l, node: n}, nil
}

// Enter implements topologies.Enterer.
func (l *lab) Enter(name string) []string {
	n, err := l.node(name)
	if err != nil {
		return nil
	}
	return []string{"docker", "exec", "-it", n.container, "bash"}
}

// NodeState implements topologies.NodeWatcher.
func (l *lab) NodeState(ctx context.Context, name string) (topologies.NodeState, error) {
	n, err := l.node(name)
	if err != nil {
		return topologies.NodeState{}, err
	}
	i, err := l.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return topologies.NodeState{Detail: "the container is gone"}, nil
	}
	if err != nil {
		return topologies.NodeState{}, fmt.Errorf("inspect node %s: %w", name, err)
	}
	st := i.Container.State
	s := topologies.NodeState{Running: st.Running, Exit: st.ExitCode, OOM: st.OOMKilled, Detail: st.Error}
	s.OOM = s.OOM || s.Running && outOfMemory(n.process())
	if s.OOM && !n.limits.own {
		s.Limit = fmt.Sprintf("it ran out of the %s of memory that a node gets (memory: in the topology gives it more); a process of it was ended for that", units.BytesSize(float64(n.limits.memory)))
	}
	n.mu.Lock()
	if n.overgrown != "" {
		s.Detail = n.overgrown
	}
	n.mu.Unlock()
	if s.Detail == "" && !s.Running {
		s.Detail = fmt.Sprintf("%s at %s", st.Status, st.FinishedAt)
	}
	return s, nil
}

// own registers a container for removal.
func (l *lab) own(id string) {
	l.release.Lock()
	defer l.release.Unlock()
	l.ids[id] = true
}

// Release implements topologies.Reservation. Cables and faults end with the
// namespaces, so removing the containers removes all, in parallel. Those that another process
// has made stay.
func (l *lab) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	l.release.Lock()
	defer l.release.Unlock()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs []error
	for _, id := range slices.Collect(maps.Keys(l.ids)) {
		wg.Go(func() {
			err := remove(ctx, l.engine, id)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			delete(l.ids, id)
		})
	}
	wg.Wait()
	if l.unwatch != nil {
		l.unwatch()
		l.unwatch = nil
	}
	if err := l.watch.close(); err != nil {
		errs = append(errs, err)
	}
	if err := l.helper.close(); err != nil {
		errs = append(errs, err)
	}
	if l.private != "" {
		errs = append(errs, os.RemoveAll(l.private))
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
		l.lock = nil
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) > 0 {
		return fmt.Errorf("release lab %s: %w", l.ID(), errors.Join(errs...))
	}
	return nil
}
