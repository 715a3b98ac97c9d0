package namespaces

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/procs"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// Verb is the argument that a program which uses this provider is started with to be the
// supervisor of a lab; it then calls Serve with the arguments behind it.
const Verb = "__namespaces"

// Descriptors that a supervisor inherits, behind that of package userns.
const (
	fdBoot = 4 + iota
	fdControl
	fdWiring
	fdOwner
	fdNote // where boot.Files says something; the door of a lab that is kept is behind it, or in its place
)

// supervisor holds the nodes of a lab. It is the first process of its own namespace of
// processes: when it ends, however that comes about, everything of the lab ends with it.
type supervisor struct {
	boot boot
	proc int        // its own /proc
	uses []*os.File // keep images from being removed

	few     int        // descriptors below this one were there before any node
	hatches [2]int     // through which threads with descriptors of their own pass some
	hatch   sync.Mutex // held from where something is passed until it is taken

	// networks is held by who has the kernel change networks. It does so one after the other for the whole
	// machine, and who writes a setting does not wait for that but tries again and again, on a processor.
	networks sync.Mutex

	mu       sync.Mutex
	nodes    map[string]*node
	lives    map[int]*life          // that go on, by their numbers
	awaited  map[int]chan struct{}  // closed when a life that was asked for has begun, or will not
	homes    int                    // on disk, so far
	commands map[commandID]*command // by their requests, from then until they are reaped and forgotten
	programs map[string]*os.File    // of nodes' first processes, by their rights
	grounds  map[int]ground         // by the number of a tree

	voice   sync.Mutex
	control *net.UnixConn
}

// Serve is the supervisor of a lab; it returns its exit status when the lab has ended. The
// arguments are for people who list processes.
func Serve([]string) int {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// garbage is how much of its memory, in percent, a supervisor may leave uncollected: what it has
// is small, and building a lab makes much of it.
const garbage = 800

// busy is how many threads of a supervisor run at once, for each processor: most of what they do is
// the kernel's work, which waits for its locks in between, and a thread that waits there keeps its place.
const busy = 4

func serve() error {
	debug.SetGCPercent(garbage)
	runtime.GOMAXPROCS(busy * runtime.NumCPU())
	if err := userns.Enter(); err != nil {
		return err
	}
	for fd := fdBoot; fd <= fdOwner; fd++ {
		unix.CloseOnExec(fd)
	}
	s := &supervisor{nodes: map[string]*node{}, lives: map[int]*life{}, awaited: map[int]chan struct{}{}, commands: map[commandID]*command{}, programs: map[string]*os.File{}, grounds: map[int]ground{}}
	bootFile := os.NewFile(fdBoot, "boot")
	if err := json.NewDecoder(bootFile).Decode(&s.boot); err != nil {
		return fmt.Errorf("read what lab to build: %w", err)
	}
	_ = bootFile.Close() // read only
	fdDoor := fdNote
	if s.boot.Files != "" {
		unix.CloseOnExec(fdNote) // and held until this process ends
		fdDoor++
	}
	if s.boot.Keep {
		unix.CloseOnExec(fdDoor)
	}
	if n := descriptorsPerNode * s.boot.Nodes; n > descriptorsAtFirst {
		go makeRoom(descriptorsOfItsOwn + n)
	}
	if !s.boot.Keep {
		go endWith(fdOwner) // not as a file of package os, which closes those that nobody speaks of
	}
	if err := s.settle(); err != nil {
		return err
	}
	control, err := unixConn(os.NewFile(fdControl, "control"))
	if err != nil {
		return err
	}
	s.control = control
	owner := newTenure(control)
	s.wire(owner, []*os.File{os.NewFile(fdWiring, "wiring")})
	if s.few, err = descriptors(); err != nil {
		return err
	}
	go s.keepBounds()
	gone := make(chan struct{})
	if s.boot.Keep {
		if err := s.openDoor(uintptr(fdDoor), gone); err != nil {
			return err
		}
	}
	if err := s.listen(owner); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
		return err
	}
	s.forgetAll()
	if s.boot.Keep {
		owner.end()
		close(gone)
		expiry := time.NewTimer(time.Until(s.boot.Expires))
		<-expiry.C
	}
	return nil
}

const (
	descriptorsAtFirst  = 64   // that the kernel has room for (NR_OPEN_DEFAULT of linux/fdtable.h)
	descriptorsOfItsOwn = 1024 // this process has fewer before the first node
	descriptorsPerNode  = 8    // of each, while its cables are laid
)

// makeRoom makes the kernel's table of this process's descriptors large enough for so many. It doubles
// it else whenever it is full, and who needs the next waits each time until no processor looks at the old
// one (expand_fdtable in fs/file.c). Who needs one that there is room for does not wait.
func makeRoom(count int) {
	fd, err := unix.FcntlInt(fdOwner, unix.F_DUPFD_CLOEXEC, count)
	if err == nil {
		_ = unix.Close(fd) // the table stays as it is
	}
}

// descriptors is a number above that of every descriptor of this process, but for that of makeRoom.
func descriptors() (int, error) {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, fmt.Errorf("list descriptors: %w", err)
	}
	most := 0
	for _, entry := range list {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd < descriptorsOfItsOwn {
			most = max(most, fd)
		}
	}
	return most + 1, nil
}

// endWith ends this process, and the lab, when another has ended.
func endWith(pidfd int) {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, -1) //nolint:gosec // a descriptor is small
		if err != nil && !errors.Is(err, unix.EINTR) || n > 0 {
			os.Exit(0)
		}
	}
}

// settle makes this process root of its namespaces, with a root file system of its own.
func (s *supervisor) settle() error {
	for _, tree := range s.boot.Trees {
		use, err := store.Use(tree)
		if err != nil {
			return err
		}
		s.uses = append(s.uses, use)
	}
	trees, err := openAll(s.boot.Trees)
	if err != nil {
		return err
	}
	binds, err := openAll(s.boot.Binds)
	if err != nil {
		return err
	}
	var files []*os.File
	if s.boot.Files != "" {
		if files, err = openAll([]string{s.boot.Files}); err != nil {
			return err
		}
	}
	defer closeAll(slices.Concat(trees, binds, files))
	if err := userns.BecomeRoot(); err != nil {
		return err
	}
	if err := ownRoot(trees, binds, files); err != nil {
		return err
	}
	if err := bringUp("lo"); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: s.boot.Tasks, Max: s.boot.Tasks}); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("bound the lab's processes: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("allow core files: %w", err)
	}
	if s.proc, err = unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open the lab's processes: %w", err)
	}
	if s.hatches, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("make a socket: %w", err)
	}
	return nil
}

// openAll opens files and folders of the machine, not for reading, while this process is
// still the one towards it that started it.
func openAll(paths []string) ([]*os.File, error) {
	var files []*os.File
	for _, path := range paths {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return files, &os.PathError{Op: "open", Path: path, Err: err}
		}
		files = append(files, os.NewFile(uintptr(fd), path))
	}
	return files, nil
}

// tenure is the time in which the owner, or who came through the door, asks a supervisor for things.
type tenure struct {
	control *net.UnixConn
	over    chan struct{}  // closed when nothing more is asked
	work    sync.WaitGroup // what is being carried out
}

func newTenure(control *net.UnixConn) *tenure {
	return &tenure{control: control, over: make(chan struct{})}
}

// end waits until nothing is being carried out any more of what was asked for: it would act beside what the next asks
// for. Commands that were started go on.
func (t *tenure) end() {
	close(t.over)
	t.work.Wait()
}

// listen carries out requests of the owner, or of who came through the door, until he is gone.
func (s *supervisor) listen(t *tenure) error {
	buffer := make([]byte, maxMessage)
	slots := make(chan struct{}, 2*runtime.NumCPU()) // nodes that are made at once
	for {
		var req request
		files, err := receive(t.control, buffer, &req)
		if err != nil {
			return err
		}
		req.from = t.control
		switch req.Op { // before anything is asked of it
		case opSpawn:
			s.expect(req.command(req.ID))
		case opNode, opRestart:
			s.await(req.Life)
		default:
		}
		switch req.Op {
		case opWire:
			s.wire(t, files)
		case opSpawn: // which lasts as long as its command, and is forgotten with who asked
			go s.carryOut(req, files)
		default:
			t.work.Go(func() {
				if req.Op == opNode || req.Op == opRestart {
					slots <- struct{}{}
					defer func() { <-slots }()
				}
				s.carryOut(req, files)
			})
		}
	}
}

// tell sends an answer to who asked, and what happens by itself to who has the lab. What cannot be sent has nobody who
// waits for it.
func (s *supervisor) tell(a answer, files ...*os.File) {
	s.voice.Lock()
	defer s.voice.Unlock()
	to := a.to
	if to == nil {
		to = s.control
	}
	_ = send(to, a, files...) // he is gone
}

func (s *supervisor) carryOut(req request, files []*os.File) {
	if req.Op != opNode { // whose files the node has
		defer closeAll(files)
	}
	a := req.answer()
	if req.Op == opHello {
		s.tell(a)
		return
	}
	if req.Op == opReap || req.Op == opForget {
		s.release(req)
		return
	}
	if req.Op == opSpawn {
		defer s.drop(req.command(req.ID))
	}
	if req.Op == opNode || req.Op == opRestart {
		defer s.decided(req.Life)
	}
	n, err := s.find(req)
	if err != nil {
		a.fail(err)
		s.tell(a)
		return
	}
	switch req.Op {
	case opNode, opRestart:
		s.start(n, req, groupOf(req.Group, files))
	case opSpawn:
		s.run(n, req, files)
	case opMeet:
		s.meet(n, a)
	case opKill:
		a.fail(s.kill(req.command(req.Of)))
		s.tell(a)
	case opWhole:
		whole, err := n.whole()
		a.Whole = whole
		a.fail(err)
		s.tell(a)
	case opOpen, opCreate, opTap, opSocket:
		f, err := s.give(n, req)
		if err != nil {
			a.fail(err)
			s.tell(a)
			return
		}
		s.tell(a, f)
		_ = f.Close() // the owner has its own
	default:
		a.fail(fmt.Errorf("unknown request %q", req.Op))
		s.tell(a)
	}
}

// give opens what the owner asks for.
func (s *supervisor) give(n *node, req request) (*os.File, error) {
	switch req.Op {
	case opTap, opSocket:
		return s.socket(n, req)
	default:
		return s.open(n, req)
	}
}

// find gives the node of a request; of one that makes it, a new one where there is none.
func (s *supervisor) find(req request) (*node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[req.Node]
	if n == nil && req.Op == opNode {
		n = &node{name: req.Node}
		s.nodes[req.Node] = n
	}
	if n == nil {
		return nil, fmt.Errorf("there is no node %s", req.Node)
	}
	return n, nil
}

// start makes a node, with new files, or starts one anew where there is no specification, and
// answers with its first process.
func (s *supervisor) start(n *node, req request, g *nodeGroup) {
	a, spec := req.answer(), req.Spec
	n.turn.Lock()
	defer n.turn.Unlock()
	n.end()
	if spec != nil {
		if n.group != nil {
			n.group.Close()
		}
		n.group = g
		n.spec = spec
		if n.root != nil {
			closeAll([]*os.File{n.root, n.over}) // and with them the files
			n.root, n.over = nil, nil
		}
		if err := n.leaveHome(); err != nil {
			a.fail(err)
			s.tell(a)
			return
		}
	}
	l, err := s.begin(n, req.Life)
	if err != nil {
		a.fail(err)
		s.tell(a)
		return
	}
	err = hold(l.handle, func(int) error {
		s.tell(a, l.handle)
		return nil
	})
	if err != nil {
		a.fail(fmt.Errorf("the first process of node %s has ended", n.name))
		s.tell(a)
	}
}

// await takes note of a life that was asked for, so that whoever asks for something of it waits until it
// has begun.
func (s *supervisor) await(life int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited[life] = make(chan struct{})
}

// decided says that a life has begun, or will not.
func (s *supervisor) decided(life int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.awaited[life])
	delete(s.awaited, life)
}

// run starts a command, answers, and answers again when it has ended. It returns when the command is
// reaped and forgotten.
func (s *supervisor) run(n *node, req request, files []*os.File) {
	a := req.answer()
	b, master, err := s.spawn(n, req, files)
	if err != nil {
		a.fail(err)
		s.tell(a)
		return
	}
	handle := b.handle
	defer handle.Close() //nolint:errcheck // read only
	closeAll(files)      // so that the ends of pipes are the command's alone
	c := s.started(req.command(req.ID), b)
	if master != nil {
		s.tell(a, master)
		_ = master.Close() // the owner has its own
	} else {
		s.tell(a)
	}
	info, known := endOf(handle, false)
	a.Exit, a.Ended = -1, true
	if known {
		a.Exit = exitOf(&info)
		if signal, core := signalOf(&info); procs.Raised(signal) {
			s.tell(answer{Node: n.name, Inside: b.inside, Name: nameIn(b.proc, b.inside), Signal: signal, Core: core})
		}
	}
	s.mu.Lock()
	c.ended = true
	s.mu.Unlock()
	s.tell(a)
	timer := time.NewTimer(reapTimeout)
	defer timer.Stop()
	select {
	case <-c.reap:
	case <-timer.C:
	}
	_ = await(handle, true) // it has ended
	<-c.forget
}

// command is one that is to be started in a node, or was. It is held until its owner says that
// nothing will be asked of it any more: what it has started may go on when it has ended, and is ended
// with its session.
type command struct {
	begun
	ended  bool          // and not by what happens to its session
	reap   chan struct{} // closed when it may be, once it has ended
	forget chan struct{} // closed when the owner has forgotten it, or is gone
}

// commandID tells commands apart: everybody numbers what he asks for from one.
type commandID struct {
	from   *net.UnixConn // who asked for it
	number int           // of his request
}

// command is one that who asks has asked for by a request of that number.
func (r request) command(number int) commandID { return commandID{r.from, number} }

// begun is a command that was started. It leads a session.
type begun struct {
	pid    int
	inside int      // the same, as its node numbers it
	handle *os.File // a pidfd of it; nil until it is started
	proc   *os.File // its node's /proc
}

// reapTimeout is how long a command that has ended is kept for its owner to look at.
const reapTimeout = 10 * time.Second

// expect takes note of a command that will be started, so that what its owner says of it is heard,
// however late it starts.
func (s *supervisor) expect(id commandID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands[id] = &command{reap: make(chan struct{}), forget: make(chan struct{})}
}

// started takes note of a command that was, and ends it where it is forgotten by now.
func (s *supervisor) started(id commandID, b begun) *command {
	s.mu.Lock()
	c := s.commands[id]
	c.begun = b
	s.mu.Unlock()
	select {
	case <-c.forget:
		_ = b.kill() // nothing forbids it
	default:
	}
	return c
}

func (s *supervisor) drop(id commandID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.commands, id)
}

// release does what an owner has said of a command; of one that could not be started, nothing. It is
// not reaped for being forgotten: it is looked at until its owner says that it may be. One that is
// forgotten while it runs is ended, since nobody else will.
func (s *supervisor) release(req request) {
	s.mu.Lock()
	c := s.commands[req.command(req.Of)]
	var runs begun
	switch {
	case c == nil:
	case req.Op == opReap:
		shut(c.reap)
	case c.ended:
		shut(c.forget)
	default:
		shut(c.forget)
		runs = c.begun
	}
	s.mu.Unlock()
	_ = runs.kill() // nothing forbids it
}

// forgetAll forgets the commands of an owner that is gone. Those that run go on without it.
func (s *supervisor) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		shut(c.forget)
	}
}

// shut closes a channel that may be closed; its callers take turns.
func shut(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// kill ends the session of a command. One that was never started, or is forgotten, has none.
func (s *supervisor) kill(id commandID) error {
	s.mu.Lock()
	var b begun
	if c := s.commands[id]; c != nil {
		b = c.begun
	}
	s.mu.Unlock()
	return b.kill()
}

// kill ends what is left of a command that was started: its group at once, whatever is made there
// meanwhile, and then what else is of its session.
func (b begun) kill() error {
	if b.handle == nil {
		return nil
	}
	err := killGroup(b.pid, b.handle)
	if b.inside > 0 {
		err = errors.Join(err, killSession(b.proc, b.inside, b.handle))
	}
	return err
}
