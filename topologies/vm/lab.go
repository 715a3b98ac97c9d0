package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// lab is a reservation.
type lab struct {
	provider *Provider
	topology topologies.Topology
	options  topologies.Options
	accel    Acceleration
	sandbox  bool // QEMU can filter its own system calls
	key      labKey
	dir      string
	nodes    map[string]*node // fixed once made
	order    []*node

	// wires guards the state of the links.
	wires  sync.Mutex
	down   map[int]int // faults in force, by the index of the link
	queues []*netem    // likewise, on frames
	picks  []*picked   // likewise, on those that are picked, in their order
	ending *picked     // is about to be healed
	// helpers are the connections to what carries picks out, by the guest that it is in; nil: that was given up, and what it loaded
	// may be there.
	helpers map[string]*wiring.Client
	ahead   map[string]time.Duration // by how much guests' clocks are before this machine's, as their helpers tell
	counter int                      // of picks, for their names

	release sync.Mutex
}

var (
	_ topologies.Reservation    = (*lab)(nil)
	_ topologies.NodeWatcher    = (*lab)(nil)
	_ topologies.NodeRestarter  = (*lab)(nil)
	_ topologies.ProcessWatcher = (*lab)(nil)
	_ topologies.Enterer        = (*lab)(nil)
	_ topologies.Faulter        = (*lab)(nil)
	_ topologies.Accessor       = (*lab)(nil)
	_ topologies.PortMapper     = (*lab)(nil)
	_ topologies.Resetter       = (*lab)(nil)
)

// node is a planned node and its machine.
type node struct {
	planned
	lab  *lab
	file string // beginning of the names of its files
	keys nodeKeys

	mu        sync.Mutex
	machine   *machine // nil: off
	console   *console // of a guest
	sshAt     string   // host:port; fixed while the machine runs
	consoleAt string   // of a vendor's machine

	connTurn chan struct{} // holds one token while conn is used
	conn     *ssh.Client
	connGone chan struct{} // closed when conn has ended

	deaths deaths // of a guest
}

func (n *node) current() (*machine, *console) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.machine, n.console
}

func newLab(p *Provider, t topologies.Topology, o topologies.Options, nodes []planned, accel Acceleration) (*lab, error) {
	l := &lab{provider: p, topology: t, options: o, accel: accel, nodes: map[string]*node{}, down: map[int]int{}, helpers: map[string]*wiring.Client{}, ahead: map[string]time.Duration{}}
	var err error
	if l.key, err = newLabKey(); err != nil {
		return nil, err
	}
	for i, pl := range nodes {
		n := &node{planned: pl, lab: l, file: "n" + strconv.Itoa(i), connTurn: make(chan struct{}, 1)}
		if n.keys, err = newNodeKeys(l.key); err != nil {
			return nil, err
		}
		l.nodes[pl.Name] = n
		l.order = append(l.order, n)
	}
	w, err := newOwnership(l.ID(), o, time.Now())
	if err != nil {
		return nil, err
	}
	if l.dir, err = claimDir(p.labs(), w); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(l.dir, "key"), l.key.pem, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("keep the key of the lab: %w", err), os.RemoveAll(l.dir))
	}
	return l, nil
}

// ID implements topologies.Reservation.
func (l *lab) ID() string { return "reprise-" + l.options.Run + "-" + strconv.Itoa(l.options.Lab) }

func (l *lab) node(name string) (*node, error) {
	n, ok := l.nodes[name]
	if !ok {
		return nil, fmt.Errorf("lab %s has no node %s", l.ID(), name)
	}
	return n, nil
}

// deploy starts every machine, as many at once as there are processors.
func (l *lab) deploy(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.options.Workers)
	for _, n := range l.order {
		g.Go(func() error {
			if err := n.boot(ctx); err != nil {
				return fmt.Errorf("node %s: %w", n.Name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return l.knownHosts()
}

// knownHosts writes the keys of the guests for ssh(1).
func (l *lab) knownHosts() error {
	var b strings.Builder
	for _, n := range l.order {
		if n.own() {
			b.WriteString(knownhosts.Line([]string{n.sshAt}, n.keys.host) + "\n")
		}
	}
	if err := os.WriteFile(filepath.Join(l.dir, "known_hosts"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("keep the keys of the nodes: %w", err)
	}
	return nil
}

// Host implements topologies.Reservation.
func (l *lab) Host(name string) (topologies.Host, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	if !n.own() {
		return nil, fmt.Errorf("node %s is a vendor's machine: it is reached over its console, and nothing of ours runs in it", name)
	}
	return &host{node: n}, nil
}

// Access implements topologies.Accessor: a vendor's machine is reached over its console.
func (l *lab) Access(name string) (topologies.Access, bool) {
	n, err := l.node(name)
	if err != nil || n.own() {
		return topologies.Access{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return topologies.Access{
		Transport: "console", Console: "raw", Address: n.consoleAt,
		User: n.Env[EnvUser], Password: n.Env[EnvPassword],
	}, true
}

// Names in the env of a vendor's node: who logs in on its console, and a reference to the
// password (env:NAME, file:PATH).
const (
	EnvUser     = "REPRISE_USER"
	EnvPassword = "REPRISE_PASSWORD_REF"
)

// Ports implements topologies.PortMapper.
func (l *lab) Ports(name string) map[string]string {
	n, err := l.node(name)
	if err != nil {
		return nil
	}
	return n.ports()
}

// Enter implements topologies.Enterer.
func (l *lab) Enter(name string) []string {
	n, err := l.node(name)
	if err != nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.own() {
		at, port, err := net.SplitHostPort(n.consoleAt)
		if err != nil {
			return nil
		}
		return []string{"telnet", at, port}
	}
	at, port, err := net.SplitHostPort(n.sshAt)
	if err != nil {
		return nil
	}
	return []string{
		"ssh", "-t", "-i", filepath.Join(l.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile=" + filepath.Join(l.dir, "known_hosts"), "-p", port, loginAccount + "@" + at,
	}
}

// NodeState implements topologies.NodeWatcher. A guest whose kernel has stopped does not run.
func (l *lab) NodeState(_ context.Context, name string) (topologies.NodeState, error) {
	n, err := l.node(name)
	if err != nil {
		return topologies.NodeState{}, err
	}
	m, c := n.current()
	switch {
	case m == nil:
		return topologies.NodeState{Detail: "the machine is off"}, nil
	case !m.running():
		return topologies.NodeState{Exit: 1, Detail: m.death().Error()}, nil
	case c != nil && c.has(trouble()[0]):
		return topologies.NodeState{Exit: 1, Detail: "the kernel of the guest has stopped: " + trouble()[0]}, nil
	default:
		return topologies.NodeState{Running: true}, nil
	}
}

// Release implements topologies.Reservation: the machines end, and the folder goes.
func (l *lab) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	l.release.Lock()
	defer l.release.Unlock()
	errs := make([]error, len(l.order)+1)
	var wg sync.WaitGroup
	for i, n := range l.order {
		wg.Go(func() { errs[i] = n.off(ctx) })
	}
	wg.Wait()
	if errors.Join(errs...) == nil { // a machine that still runs is found by its folder
		errs = append(errs, os.RemoveAll(l.dir))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("release lab %s: %w", l.ID(), err)
	}
	return nil
}
