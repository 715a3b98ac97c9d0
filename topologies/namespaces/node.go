package namespaces

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/procs"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// spaces are the namespaces that a node has of its own, beside that of its mounts. There is
// none of its time: a process with threads cannot enter one, and nothing is set in it.
const spaces = unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP

// node is one that runs.
type node struct {
	name string
	spec *nodeSpec

	turn sync.Mutex // of what makes and restarts it
	mu   sync.Mutex
	life *life    // nil: there is none yet
	root *os.File // its mounts, which outlive its processes
	over *os.File // what it has written over its image; with root

	home  string     // where on a disk it keeps what it writes; empty: in memory
	group *nodeGroup // nil: none was delegated; as root and home, set by turns
}

// life is what of a node a restart makes anew.
type life struct {
	spec   *nodeSpec
	group  *nodeGroup    // of the node
	home   string        // of the node
	number int           // among all lives of the lab, as its owner numbers them
	handle *os.File      // a pidfd of its first process
	proc   *os.File      // its /proc
	tube   *os.File      // to its first process
	ended  chan struct{} // closed when the first process has, with all others
	exit   int

	entered atomic.Bool // by a thread of the supervisor, for a command or a file
}

// begin starts a node: with new files, or where it has lived before, with its old ones. Its life has a
// number.
func (s *supervisor) begin(n *node, number int) (*life, error) {
	program, err := s.program(n.spec.Calls)
	if err != nil {
		return nil, err
	}
	l := &life{number: number, spec: n.spec, group: n.group, ended: make(chan struct{})}
	b := birth{supervisor: s, node: n, first: n.root == nil, program: int(program.Fd()), few: max(s.few, int(program.Fd())+1)}
	if !b.first {
		b.few = max(b.few, int(n.root.Fd())+1)
	}
	var files []*os.File
	err = wiring.OnThread(func() error { return b.make() })
	if err == nil {
		files, err = s.passed()
	}
	if err == nil { // it makes no others until it is asked to
		if err = n.group.begin(b.pid); err != nil {
			closeAll(files)
		}
	}
	if err != nil {
		if b.pid > 0 {
			err = errors.Join(err, unix.Kill(b.pid, unix.SIGKILL))
		}
		return nil, err
	}
	l.tube, l.handle, l.proc, l.home = files[0], files[1], files[2], n.home
	if b.first {
		n.root, n.over = files[3], files[4]
	}
	s.mu.Lock()
	s.lives[l.number] = l
	s.mu.Unlock()
	n.mu.Lock()
	n.life = l
	n.mu.Unlock()
	go s.attend(n, l)
	return l, nil
}

// birth makes a node on a thread that becomes one of it. Descriptors are the thread's own: it has
// few, so that the node's first process has few to close, however many nodes there are. What the
// supervisor is to have of them is passed to it.
type birth struct {
	*supervisor
	node    *node
	few     int  // the thread has no descriptors from this one on but its own
	first   bool // it has no files yet
	over    int  // what it writes over its image, where it is the first
	program int  // of its first process
	pid     int  // of its first process
}

// make turns this thread into one of a node that is about to be, and starts its first process.
func (b *birth) make() error {
	spec := b.node.spec
	if err := unix.CloseRange(uint(b.few), math.MaxUint32, unix.CLOSE_RANGE_UNSHARE); err != nil {
		return fmt.Errorf("begin node %s: %w", b.node.name, err)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make a socket: %w", err)
	}
	if err := b.prepare(); err != nil {
		return err
	}
	// Those of the network are written by the node's own /proc: in that of the supervisor, the
	// kernel looks for one among those of all nodes.
	network, others := map[string]string{}, map[string]string{}
	for key, value := range spec.Sysctls {
		if strings.HasPrefix(key, "net.") {
			network[key] = value
		} else {
			others[key] = value
		}
	}
	if err := setSysctls(b.proc, others); err != nil {
		return err
	}
	if err := confine(spec.Caps); err != nil {
		return err
	}
	if err := b.startInit(pair[0], pair[1]); err != nil {
		return err
	}
	if b.first {
		err = pivot(nodeDir + "/root")
	} else {
		err = errors.Join(takeOver("/proc"), os.Remove(beside))
	}
	proc := -1
	if err == nil {
		proc, err = unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	if err == nil {
		err = b.network(proc, network)
	}
	if err == nil {
		err = b.hand(pair[0], proc)
	}
	if err != nil {
		return fmt.Errorf("finish node %s: %w", b.node.name, err)
	}
	return nil
}

// hand passes to the supervisor what it holds of a node: the socket of its first process, that
// process, its /proc, and where they are new its mounts and what it writes.
func (b *birth) hand(tube, proc int) error {
	handle, err := unix.PidfdOpen(b.pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return err
	}
	fds := []int{tube, handle, proc}
	if b.first {
		mounts, err := unix.Openat(b.proc, "thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		fds = append(fds, mounts, b.over)
	}
	if err := unix.SetNonblock(tube, true); err != nil {
		return err
	}
	b.hatch.Lock() // until passed
	if err := unix.Sendmsg(b.hatches[0], []byte{0}, unix.UnixRights(fds...), nil, 0); err != nil {
		b.hatch.Unlock()
		return err
	}
	return nil
}

// passed takes what a thread has passed.
func (s *supervisor) passed() ([]*os.File, error) {
	defer s.hatch.Unlock()
	beside := make([]byte, unix.CmsgSpace(4*maxFiles))
	_, n, _, _, err := unix.Recvmsg(s.hatches[1], make([]byte, 1), beside, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("take a node from its thread: %w", err)
	}
	return filesOf(beside[:n])
}

// prepare does what can be done before the node has a process.
func (b *birth) prepare() error {
	s, n := b.supervisor, b.node
	g := s.ground(n.spec.Tree)
	if b.first {
		if err := unix.Unshare(unix.CLONE_NEWNS | spaces); err != nil {
			return fmt.Errorf("make namespaces: %w", err)
		}
		if n.spec.OnDisk {
			if err := s.findHome(n); err != nil {
				return err
			}
		}
		err := nodeRoot(n, g, s.boot.Single)
		if n.home != "" && errors.Is(err, unix.EINVAL) {
			err = uncarried(s.boot.Files, err)
		}
		if err == nil { // no path leads there from the root that it will have
			b.over, err = unix.Open(upper(n), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		}
		if err != nil {
			return err
		}
	} else {
		if err := unix.Unshare(unix.CLONE_FS | spaces); err != nil {
			return fmt.Errorf("make namespaces: %w", err)
		}
		if err := unix.Setns(int(n.root.Fd()), unix.CLONE_NEWNS); err != nil {
			return fmt.Errorf("enter the node's files: %w", err)
		}
		if err := renewRoot(n.spec, g, s.boot.Single); err != nil {
			return err
		}
	}
	if err := unix.Sethostname([]byte(n.name)); err != nil {
		return fmt.Errorf("name the node: %w", err)
	}
	return nil
}

// network gives this thread's network its settings, and brings up what it is born with.
func (b *birth) network(proc int, settings map[string]string) error {
	b.networks.Lock()
	defer b.networks.Unlock()
	return errors.Join(bringUp("lo"), setSysctls(proc, settings))
}

// findHome makes a folder on disk for what a node writes.
func (s *supervisor) findHome(n *node) error {
	s.mu.Lock()
	s.homes++
	n.home = filepath.Join(filesDir, "0", strconv.Itoa(s.homes))
	s.mu.Unlock()
	if err := unix.Mkdir(n.home, 0o700); err != nil {
		return fmt.Errorf("keep the files of %s on disk: %w", n.name, err)
	}
	return nil
}

// leaveHome removes what the node has kept on a disk.
func (n *node) leaveHome() error {
	home := n.home
	n.home = ""
	if home == "" {
		return nil
	}
	if err := os.RemoveAll(home); err != nil {
		return fmt.Errorf("remove the files of %s: %w", n.name, err)
	}
	return nil
}

// ground gives what the nodes of a tree begin with.
func (s *supervisor) ground(tree int) ground {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grounds[tree]
	if !ok {
		g = groundOf(tree)
		s.grounds[tree] = g
	}
	return g
}

// startInit starts the node's first process, at the far end of a socket, and waits until it has a
// /proc.
func (b *birth) startInit(near, far int) (err error) {
	// The program is found by the supervisor's /proc, since the node has none yet; the process
	// leaves that at once.
	if err := unix.Fchdir(b.proc); err != nil {
		return fmt.Errorf("start the node's first process: %w", err)
	}
	target := beside
	if b.first {
		target = nodeDir + "/root/proc"
	}
	// Of its descriptors, those in Files alone keep their places until it is executed.
	b.pid, err = syscall.ForkExec("self/fd/1", initArguments(target), &syscall.ProcAttr{ //nolint:gosec // our own program
		Env: []string{}, Files: []uintptr{uintptr(far), uintptr(b.program)}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("start the node's first process: %w", err)
	}
	_ = unix.Close(far) // so that its end is seen
	return ready(near)
}

// program gives the first process of nodes with these rights.
func (s *supervisor) program(rights []string) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.Join(rights, ",")
	if f := s.programs[key]; f != nil {
		return f, nil
	}
	f, err := initProgram(filter(rights))
	if err == nil {
		s.programs[key] = f
	}
	return f, err
}

// bringUp brings an interface of this thread's network up.
func bringUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	defer unix.Close(fd) //nolint:errcheck // it was only asked
	req, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	return nil
}

// attend listens to a node's first process until it has ended.
func (s *supervisor) attend(n *node, l *life) {
	buffer := make([]byte, 64)
	for {
		size, err := l.tube.Read(buffer)
		if err != nil || size == 0 {
			break
		}
		if r, ok := readReport(buffer[:size]); ok && r.code != cldExited && procs.Raised(r.status) {
			s.tell(answer{Node: n.name, Inside: r.pid, Name: nameIn(l.proc, r.pid), Signal: r.status, Core: r.code == cldDumped})
		}
		if _, err := l.tube.Write([]byte{0}); err != nil {
			break
		}
	}
	l.exit = await(l.handle, true)
	if over := l.group.killedFor(l.spec); over != "" {
		s.tell(answer{Node: n.name, Life: l.number, Over: over, OOM: true})
	}
	s.mu.Lock()
	delete(s.lives, l.number)
	s.mu.Unlock()
	n.mu.Lock()
	close(l.ended)
	n.mu.Unlock()
	l.close()
	s.tell(answer{Node: n.name, Gone: true, Exit: l.exit, Life: l.number})
}

// Codes of siginfo_t for SIGCHLD.
const (
	cldExited = 1
	cldDumped = 3
)

// nameIn is what the kernel calls a process of a node that has ended and is not reaped.
func nameIn(proc *os.File, pid int) string {
	fd, err := unix.Openat(int(proc.Fd()), strconv.Itoa(pid)+"/comm", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd) //nolint:errcheck // read only
	b := make([]byte, 64)
	size, err := unix.Read(fd, b)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b[:size]))
}

func (l *life) close() {
	for _, f := range []*os.File{l.handle, l.proc, l.tube} {
		if f != nil {
			_ = f.Close() // nothing is lost
		}
	}
}

// current gives the life of a node that runs.
func (n *node) current() (*life, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.life == nil {
		return nil, fmt.Errorf("node %s does not run", n.name)
	}
	select {
	case <-n.life.ended:
		return nil, fmt.Errorf("node %s has ended", n.name)
	default:
		return n.life, nil
	}
}

// enter takes this thread into a node that runs.
func (n *node) enter() error {
	l, err := n.current()
	if err != nil {
		return err
	}
	return n.enterLife(l)
}

// enterLife takes this thread into a life of a node.
func (n *node) enterLife(l *life) error {
	l.entered.Store(true)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("enter node %s: %w", n.name, err)
	}
	if err := hold(l.handle, func(fd int) error { return unix.Setns(fd, unix.CLONE_NEWNS|spaces) }); err != nil {
		return fmt.Errorf("enter node %s: %w", n.name, err)
	}
	return os.Chdir("/")
}

// end ends every process of a node and waits until they have.
func (n *node) end() {
	l, err := n.current()
	if err != nil {
		return
	}
	_ = killProcess(l.handle) // nothing forbids it
	<-l.ended
}

// socketPair makes two sockets that are joined; the first is this process's, and polled.
func socketPair(kind int) (near, far *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket: %w", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a socket: %w", err), unix.Close(fds[0]), unix.Close(fds[1]))
	}
	return os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket"), nil
}

// openPid opens a process, for waiting without a thread.
func openPid(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("hold process %d: %w", pid, err)
	}
	return os.NewFile(uintptr(fd), "process"), nil
}

// await waits for the end of a child and gives its exit status, as a shell would. Until it is
// reaped it can still be asked whose it was.
func await(handle *os.File, reap bool) int {
	info, ok := endOf(handle, reap)
	if !ok {
		return -1
	}
	return exitOf(&info)
}

// endOf waits for the end of a child and gives what the kernel tells of it; false where that cannot be asked.
func endOf(handle *os.File, reap bool) (info unix.Siginfo, ok bool) {
	options := unix.WEXITED | unix.WNOHANG
	if !reap {
		options |= unix.WNOWAIT
	}
	raw, err := handle.SyscallConn()
	if err != nil {
		return info, false
	}
	err = raw.Read(func(fd uintptr) bool {
		err := unix.Waitid(unix.P_PIDFD, int(fd), &info, options, nil)
		if errors.Is(err, unix.EINTR) {
			return false
		}
		ok = err == nil && info.Signo != 0
		return err != nil || ok // else not yet
	})
	return info, ok && err == nil
}
