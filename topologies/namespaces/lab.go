package namespaces

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/procs"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// releaseTimeout bounds the end of one lab.
const releaseTimeout = time.Minute

// lab is a reservation.
type lab struct {
	topology topologies.Topology
	options  topologies.Options
	mapping  userns.Mapping
	build    build
	nodes    map[string]*member
	order    []*member
	client   *client          // set before any node is made
	files    *folder          // nil: every node keeps in memory what it writes
	door     bool             // it has made one, for who attaches to it
	groups   *cgroups.Lab     // nil: the supervisor alone bounds the nodes
	cables   *cabling.Cabling // nil: the lab is a part of one, and is not wired yet
	warnings []string         // set before any node is made

	watch watch

	mu     sync.Mutex
	births int // how many lives of nodes were asked for
}

var (
	_ topologies.Reservation    = (*lab)(nil)
	_ topologies.NodeWatcher    = (*lab)(nil)
	_ topologies.NodeRestarter  = (*lab)(nil)
	_ topologies.Resetter       = (*lab)(nil)
	_ topologies.AllResetter    = (*lab)(nil)
	_ topologies.Enterer        = (*lab)(nil)
	_ topologies.Warner         = (*lab)(nil)
	_ topologies.Faulter        = (*lab)(nil)
	_ topologies.Cleaner        = (*lab)(nil)
	_ topologies.Capturer       = (*lab)(nil)
	_ topologies.Trafficker     = (*lab)(nil)
	_ topologies.StateChecker   = (*lab)(nil)
	_ topologies.ProcessWatcher = (*lab)(nil)
)

// member is a planned node and what became of it.
type member struct {
	planned

	mu     sync.Mutex
	life   int      // the last that was asked for, as it is numbered
	held   int      // that of which the following are: the same, once it has begun
	here   int      // its first process, as this process numbers it
	pidfd  *os.File // of the same; as long as it is open, no other namespace of processes gets the number of space
	space  string   // its namespace of processes
	gone   bool     // its first process has ended
	exit   int      // then
	over   string   // what it used too much of, for which it was ended
	killed bool     // for that, and by the kernel
	deaths []topologies.ProcessEnd

	lives  sync.Mutex // held while former is read or added to; before mu
	former formerly
}

func newLab(t topologies.Topology, o topologies.Options, b build) *lab {
	l := &lab{topology: t, options: o, build: b, nodes: map[string]*member{}}
	for _, pl := range b.nodes {
		m := &member{planned: pl}
		l.nodes[pl.Name] = m
		l.order = append(l.order, m)
	}
	return l
}

// ID implements topologies.Reservation.
func (l *lab) ID() string { return labID(l.options.Run, l.options.Lab) }

func labID(run string, lab int) string {
	return "reprise-" + regexp.MustCompile(`[^a-zA-Z0-9_.-]`).ReplaceAllString(run, "_") + "-" + strconv.Itoa(lab)
}

// deploy starts the supervisor and has it make everything.
func (l *lab) deploy(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := l.label()
	if err != nil {
		return err
	}
	if err := l.divide(); err != nil {
		return err
	}
	if err := l.keepFiles(); err != nil {
		return err
	}
	b := boot{
		Lab: l.ID(), Trees: l.build.trees, Binds: l.build.binds, Keep: l.options.Keep, Expires: time.Now().Add(l.options.TTL),
		Tasks: l.tasks(), Nodes: len(l.order), Single: l.mapping.Single,
	}
	var note, door *os.File
	if l.files != nil {
		b.Files, note = l.files.path, l.files.note
	}
	if b.Keep {
		if door, err = makeDoor(l.ID()); err != nil {
			return err
		}
		l.door = true
		defer door.Close() //nolint:errcheck // the supervisor has its own
	}
	if l.client, err = launch(l.mapping, b, text, l.options.Owner, note, door, l.happened); err != nil {
		return err
	}
	if l.cables == nil {
		return l.makeAll(ctx, nil)
	}
	if err := l.makeAll(ctx, l.cables.Lay); err != nil {
		return err
	}
	return l.cables.StartSwitches(ctx)
}

// makeAll has the supervisor make every node, as a new one. lay, if there is one, lays their cables, and
// is called as soon as the supervisor knows of all: it waits for each itself.
func (l *lab) makeAll(ctx context.Context, lay func(context.Context) error) error {
	births := make([]*pending, 0, len(l.order))
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		l.watch.begin()
	}()
	defer func() {
		<-listening
		for _, b := range births {
			b.done()
		}
	}()
	for _, n := range l.order {
		b, err := l.askFor(n, request{Op: opNode, Node: n.Name, Spec: &n.spec})
		if err != nil {
			return fmt.Errorf("start node %s: %w", n.Name, err)
		}
		births = append(births, b)
	}
	laying, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	if lay != nil {
		// Whatever comes after this answer comes after the questions for nodes.
		if _, err := l.client.call(ctx, request{Op: opHello}); err != nil {
			return err
		}
		group.Go(func() error { return lay(laying) })
	}
	for i, n := range l.order {
		if err := l.learn(ctx, n, births[i]); err != nil {
			cancel()
			_ = group.Wait() // which says no more than this
			return fmt.Errorf("start node %s: %w", n.Name, err)
		}
	}
	<-listening
	l.watch.add(l.spaces()...) // it takes a while, and nothing that is laid dies
	return group.Wait()
}

// tasks are how many processes and threads a lab may have: those of all nodes, and as many as a
// node makes before it is seen to have too many, so that the others can go on.
func (l *lab) tasks() uint64 {
	sum, most := 0, tasksPerNode
	for _, n := range l.order {
		sum, most = sum+n.spec.Tasks, max(most, n.spec.Tasks)
	}
	return uint64(sum + 2*most)
}

// spaces are the namespaces of processes of all nodes as they are now.
func (l *lab) spaces() []string {
	var list []string
	for _, n := range l.order {
		list = append(list, n.space)
	}
	return list
}

// make has the supervisor make a node, or start it anew, and learns its first process.
func (l *lab) make(ctx context.Context, n *member, req request) error {
	b, err := l.askFor(n, req)
	if err != nil {
		return err
	}
	defer b.done()
	return l.learn(ctx, n, b)
}

// askFor asks the supervisor to make a node, or to start it anew: what it says of it from now on is of
// its new life.
func (l *lab) askFor(n *member, req request) (*pending, error) {
	var beside []*os.File
	if req.Op == opNode {
		var err error
		if req, beside, err = l.grouped(n, req); err != nil {
			return nil, err
		}
		defer closeAll(beside)
	}
	l.mu.Lock()
	l.births++
	req.Life = l.births
	l.mu.Unlock()
	n.mu.Lock()
	n.life, n.gone, n.exit, n.over, n.killed = req.Life, false, 0, "", false
	n.mu.Unlock()
	return l.client.ask(req, beside...)
}

// learn waits until a node is made that was asked for, and learns its first process.
func (l *lab) learn(ctx context.Context, n *member, asked *pending) error {
	r, err := asked.next(ctx)
	if err != nil {
		return err
	}
	if len(r.files) != 1 {
		closeAll(r.files)
		return errors.New("its first process did not come with the answer")
	}
	here, err := numberHere(r.files[0])
	if err != nil {
		return errors.Join(err, r.files[0].Close())
	}
	space, err := procs.Space(here)
	if over, failed := ended(r.files[0]); err == nil && over || failed != nil {
		err = cmp.Or(failed, errors.New("its first process has ended")) // and its number may be another's
	}
	if err != nil {
		return errors.Join(err, r.files[0].Close())
	}
	n.lives.Lock()
	defer n.lives.Unlock()
	l.watch.retire(ctx, n)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pidfd != nil {
		_ = n.pidfd.Close() // of the life before
	}
	n.held, n.here, n.pidfd, n.space = n.life, here, r.files[0], space
	return nil
}

// numberHere tells how this process numbers one that it holds.
func numberHere(pidfd *os.File) (int, error) {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_PID}
	if err := unix.IoctlPidfdInfo(int(pidfd.Fd()), &info); err == nil && info.Pid > 0 {
		return int(info.Pid), nil
	}
	// Kernels before 6.13 tell it nowhere else.
	f, err := os.Open(fmt.Sprintf("/proc/self/fdinfo/%d", pidfd.Fd()))
	if err != nil {
		return 0, fmt.Errorf("look for a node's first process: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Pid:"); ok {
			pid, err := strconv.Atoi(strings.TrimSpace(text))
			if err == nil && pid > 0 {
				return pid, nil
			}
		}
	}
	return 0, errors.New("look for a node's first process: it has ended")
}

// happened takes what the supervisor tells by itself.
func (l *lab) happened(a answer) {
	if a.Ended {
		go l.seen(a.ID)
		return
	}
	n := l.nodes[a.Node]
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.Over != "" {
		if a.Life == n.life {
			n.over, n.killed = a.Over, a.OOM
		}
		return
	}
	if a.Gone {
		if a.Life == n.life {
			n.gone, n.exit = true, a.Exit
		}
		return
	}
	if len(n.deaths) < maxDeaths {
		n.deaths = append(n.deaths, topologies.ProcessEnd{PID: a.Inside, Name: a.Name, Signal: a.Signal, Core: a.Core, At: time.Now()})
	}
}

// seen has a command that has ended be reaped when the kernel's events of it were read: as long
// as it is there, whose it and its children were can be asked, however short it lived.
func (l *lab) seen(command int) {
	l.watch.catchUp()
	l.client.say(request{Op: opReap, Of: command})
}

func (l *lab) node(name string) (*member, error) {
	n, ok := l.nodes[name]
	if !ok {
		return nil, fmt.Errorf("lab %s has no node %s", l.ID(), name)
	}
	return n, nil
}

// Host implements topologies.Reservation.
func (l *lab) Host(name string) (topologies.Host, error) {
	if _, err := l.node(name); err != nil {
		return nil, err
	}
	return &host{lab: l, node: name}, nil
}

// Enter implements topologies.Enterer.
func (l *lab) Enter(name string) []string {
	n, err := l.node(name)
	if err != nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	enter := []string{
		"nsenter", "--target", strconv.Itoa(n.here), "--user", "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd",
		"--setuid", "0", "--setgid", "0",
	}
	if len(n.spec.Env) > 0 {
		enter = append(append(enter, "env"), n.spec.Env...)
	}
	return append(enter, "bash")
}

// Warnings implements topologies.Warner.
func (l *lab) Warnings() []string { return l.warnings }

// NodeState implements topologies.NodeWatcher.
func (l *lab) NodeState(ctx context.Context, name string) (topologies.NodeState, error) {
	n, err := l.node(name)
	if err != nil {
		return topologies.NodeState{}, err
	}
	if err := l.client.failure(); err != nil {
		return topologies.NodeState{Detail: err.Error()}, nil
	}
	n.mu.Lock()
	over, err := ended(n.pidfd)
	n.mu.Unlock()
	if err != nil || !over {
		return topologies.NodeState{Running: err == nil}, err
	}
	// Whatever the supervisor has said of it by now comes before this answer.
	if _, err := l.client.call(ctx, request{Op: opHello}); err != nil {
		return topologies.NodeState{}, fmt.Errorf("ask how node %s ended: %w", name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	s := topologies.NodeState{Exit: 128 + int(unix.SIGKILL), OOM: n.killed, Detail: cmp.Or(n.over, "its first process has ended")}
	if n.gone {
		s.Exit = n.exit
	}
	return s, nil
}

// ended says whether a process that is held has ended.
func ended(pidfd *os.File) (bool, error) {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd.Fd()), Events: unix.POLLIN}}, 0) //nolint:gosec // a descriptor is small
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("look at a node's first process: %w", err)
	}
	return n > 0, nil
}

// Release implements topologies.Reservation. Everything ends with the supervisor, which goes on where this process
// has not started it.
func (l *lab) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	var err error
	if l.client != nil {
		err = errors.Join(l.client.kill(ctx), l.watch.close())
	}
	if l.files != nil {
		err = errors.Join(err, l.files.remove(ctx, l.mapping))
		l.files = nil
	}
	if l.groups != nil {
		err = errors.Join(err, l.groups.Remove())
	}
	if l.door {
		err = errors.Join(err, removeDoor(l.ID()))
	}
	for _, n := range l.order {
		n.mu.Lock()
		if n.pidfd != nil {
			err = errors.Join(err, ignoreClosed(n.pidfd.Close()))
		}
		n.mu.Unlock()
	}
	if err != nil {
		return fmt.Errorf("release lab %s: %w", l.ID(), err)
	}
	return nil
}
