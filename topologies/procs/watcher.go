package procs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// End is the end of a process by a signal that a fault raises, or for want of memory; or of one that another process had sent a signal;
// or of one that whoever had started it was not there to end any more, by a signal that ends processes.
type End struct {
	PID    int `json:"pid,omitempty"` // as the container numbers it; 0 where it could not be learnt
	Parent int `json:"parent,omitempty"`
	// Name is what the kernel calls it; empty when it ended sooner after executing its program
	// than it could be asked. By is then the name of what executed it.
	Name   string `json:"name,omitempty"`
	By     string `json:"by,omitempty"`
	Signal int    `json:"signal"`
	Core   bool   `json:"core,omitempty"` // the kernel wrote a core file, or gave it to the machine's program for them
	OOM    bool   `json:"oom,omitempty"`
	Dir    string `json:"dir,omitempty"`     // its working directory inside, where it could be learnt
	NoDump string `json:"no-dump,omitempty"` // why the kernel would write no core file, where it could be learnt
	// Sent is the last signal that another process, and not its parent, sent it shortly before; 0: none is known. Sender tells in words
	// which, and SenderPID its number in the container; 0: it is outside.
	Sent      int    `json:"sent,omitempty"`
	Sender    string `json:"sender,omitempty"`
	SenderPID int    `json:"sender-pid,omitempty"`
	// Orphan says that its parent had ended before it.
	Orphan bool      `json:"orphan,omitempty"`
	At     time.Time `json:"at"`
}

// Bounds of what is kept.
const (
	maxEnds  = 2_000 // of one container
	maxQueue = 1 << 16
	// dumpTimeout bounds the wait for a process that is dumping core.
	dumpTimeout = 10 * time.Second
)

// Watcher follows the processes of containers. It is safe for use by several goroutines.
type Watcher struct {
	conn   *connector
	queue  chan event
	ended  chan struct{} // closed when nothing is read any more
	reader error         // why; set before ended is closed

	mu         sync.Mutex
	changed    *sync.Cond // of anything below
	containers map[string]*container
	spaces     bool             // some of them are known by their namespaces
	engines    bool             // and some by their engine's ids
	processes  map[int]*process // of containers, by their number on the machine
	gone       map[int]bool     // ended by a signal, of which each of their threads tells
	lost       time.Time        // when events were last lost; zero: never
	marked     uint64           // the highest of the marks that were met
	killed     uint64           // processes that the kernel has killed for want of memory, since it booted

	signals *signals          // nil: nobody hears of signals
	deaf    string            // why not every signal is heard; empty: each is
	sent    map[int][]sending // by the number on the machine of whom they were sent
	past    map[int]*process  // that have ended, by that number
	lately  []int             // their numbers, in that order
}

type container struct {
	seen  bool // a process of it was seen
	began time.Time
	ends  []End
	over  bool // more ended than are kept
}

// process is one that runs in a container, or one that may be about to.
type process struct {
	container string
	end       End
	parent    int  // on the machine; 0: it was there when it was met
	born      bool // within the container
	dumping   bool
	// beneath: its container is told by its ancestors alone. It descends of what started the
	// container's first process, as an engine's commands do, and was not met inside.
	beneath bool
	outside bool // of one beneath: when it was last looked at, it was somewhere else
}

// Open begins to listen.
func Open() (*Watcher, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	w := &Watcher{
		conn: conn, queue: make(chan event, maxQueue), ended: make(chan struct{}),
		containers: map[string]*container{}, processes: map[int]*process{}, gone: map[int]bool{}, sent: map[int][]sending{}, past: map[int]*process{},
	}
	if w.signals, err = openSignals(); err != nil {
		w.signals, w.deaf = nil, err.Error()
	}
	w.changed = sync.NewCond(&w.mu)
	w.killed, _ = oomKills()
	go func() {
		w.reader = conn.read(func(e event) { w.queue <- e })
		close(w.queue)
	}()
	go func() {
		for e := range w.queue {
			w.take(e)
		}
		close(w.ended)
		w.changed.Broadcast()
	}()
	return w, nil
}

// Close ends listening.
func (w *Watcher) Close() error {
	err := w.conn.file.Close()
	<-w.ended
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signals != nil {
		err = errors.Join(err, w.signals.close())
		w.signals, w.deaf = nil, "nobody listens any more"
	}
	return err
}

// Watch begins to keep what becomes of the processes of containers. It is told before a
// container starts, so that nothing is missed; processes that are there already are found.
// An id is one of a container engine's, or a namespace of processes as /proc names it: see
// [Space].
func (w *Watcher) Watch(ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := len(w.containers)
	for _, id := range ids {
		if w.containers[id] == nil {
			w.containers[id] = &container{began: time.Now()}
		}
		w.spaces, w.engines = w.spaces || isSpace(id), w.engines || !isSpace(id)
	}
	if len(w.containers) == known {
		return
	}
	for _, pid := range processNumbers() {
		w.adopt(pid)
	}
}

// Forget lets go of containers that are gone, and of what became of their processes.
func (w *Watcher) Forget(ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		delete(w.containers, id)
	}
	for pid, p := range w.processes {
		if w.containers[p.container] == nil {
			delete(w.processes, pid)
		}
	}
}

// Ends gives the ends of a container's processes so far, oldest first, including those of
// processes that were dumping core when it was asked. missed is the last moment at which
// one may have gone by unseen, and zero where none has; why says it.
func (w *Watcher) Ends(ctx context.Context, id string) (ends []End, missed time.Time, why string, err error) {
	if err := w.CatchUp(ctx); err != nil {
		return nil, time.Time{}, "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.containers[id]
	if c == nil {
		return nil, time.Time{}, "", fmt.Errorf("container %s is not watched", id)
	}
	deadline := time.Now().Add(dumpTimeout)
	for waits := true; waits && w.dumps(id); {
		waits = w.wait(ctx, deadline)
	}
	switch {
	case !c.seen:
		return nil, time.Time{}, "", errors.New("the kernel told of no process of this container: its control group does not name it, or /proc hides it")
	case c.over:
		missed, why = time.Now(), fmt.Sprintf("more than %d processes died", maxEnds)
	case w.dumps(id):
		missed, why = time.Now(), "a process has been dumping core for too long"
	case w.lost.After(c.began):
		missed, why = w.lost, "the kernel's events of processes came faster than they could be read, and some were lost"
	}
	return slices.Clone(c.ends), missed, why, nil
}

// dumps reports whether a process of a container is dumping core. The caller holds mu.
func (w *Watcher) dumps(id string) bool {
	for _, p := range w.processes {
		if p.dumping && p.container == id {
			return true
		}
	}
	return false
}

// wait waits for a change; false at the deadline, at the end of ctx, or when nothing is
// read any more. The caller holds mu.
func (w *Watcher) wait(ctx context.Context, deadline time.Time) bool {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changed.Broadcast()
	})
	defer stop()
	select {
	case <-w.ended:
		return false
	default:
	}
	if ctx.Err() != nil {
		return false
	}
	w.changed.Wait()
	return true
}

// markTimeout bounds the time in which everything that has happened is read.
const markTimeout = 10 * time.Second

// A mark is the name of a thread of this process for a moment: markName and a number.
const markName = "rp-"

// lastMark numbers the marks of all watchers of this process, each of which meets those of all.
var lastMark atomic.Uint64 //nolint:gochecknoglobals // names of threads are the process's

// CatchUp returns when every event that the kernel has sent so far was taken: it makes an
// event of its own and waits for that, or for one that was made later.
func (w *Watcher) CatchUp(ctx context.Context) error {
	number := lastMark.Add(1)
	if err := setName(fmt.Sprint(markName, number)); err != nil {
		return fmt.Errorf("mark the kernel's events of processes: %w", err)
	}
	deadline := time.Now().Add(markTimeout)
	w.mu.Lock()
	defer w.mu.Unlock()
	lost := w.lost
	for w.marked < number {
		if w.lost.After(lost) { // with our mark, perhaps
			return nil
		}
		if w.wait(ctx, deadline) {
			continue
		}
		select {
		case <-w.ended:
			return fmt.Errorf("the kernel's events of processes ended: %w", w.reader)
		default:
		}
		return errors.Join(errors.New("the kernel's events of processes are not read in time"), ctx.Err())
	}
	return nil
}

// met notes a mark. The caller holds mu.
func (w *Watcher) met(name string) bool {
	digits, ok := strings.CutPrefix(name, markName)
	number, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil {
		return false
	}
	w.marked = max(w.marked, number)
	return true
}

// setName gives a thread a name for a moment, of which the kernel tells.
func setName(name string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before [16]byte
	if err := prctlName(unix.PR_GET_NAME, &before); err != nil {
		return err
	}
	var b [16]byte
	copy(b[:15], name)
	return errors.Join(prctlName(unix.PR_SET_NAME, &b), prctlName(unix.PR_SET_NAME, &before))
}

// take follows one event.
func (w *Watcher) take(e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.changed.Broadcast()
	switch {
	case e.lost:
		w.lost = e.at
	case e.what == eventFork:
		delete(w.processes, e.pid) // an older one of this number, whose end was lost
		delete(w.gone, e.pid)
		delete(w.past, e.pid)
		if parent := w.processes[e.parent]; parent != nil {
			p := &process{
				container: parent.container, beneath: parent.beneath, outside: parent.outside, parent: e.parent, born: !parent.beneath,
				end: End{Name: parent.end.Name, By: parent.end.By, Parent: parent.end.PID},
			}
			if st, err := readStatus(e.pid); err == nil {
				p.end.PID = st.inside
			}
			w.processes[e.pid] = p
		}
	case e.what == eventExec:
		w.executed(e.pid)
	case e.what == eventComm:
		if e.pid == os.Getpid() && w.met(e.comm) {
			return
		}
		if p := w.processes[e.pid]; p != nil && e.pid == e.thread {
			p.end.Name = e.comm
		}
	case e.what == eventDump:
		if p := w.adopt(e.pid); p != nil && p.inside() {
			p.dumping = true
			p.saw(e.last)
		}
	case e.what == eventExit:
		w.exit(e)
	}
}

// adopt finds out whether a process is in one of the containers. The caller holds mu.
func (w *Watcher) adopt(pid int) *process {
	known := w.processes[pid]
	if known != nil && !known.beneath {
		return known
	}
	id := w.containerOf(pid)
	if id == "" {
		return known
	}
	p := &process{container: id}
	if known != nil {
		p.parent = known.parent
	}
	w.name(p, pid)
	w.processes[pid] = p
	w.containers[id].seen = true
	return p
}

// startedBy notes what runs a container: the process that started its first one. An engine has
// one for each container, and it starts the container's commands too, of which the short ones
// are gone before they can be looked at. The caller holds mu.
func (w *Watcher) startedBy(pid int, id string) {
	if p := w.processes[pid]; p == nil && pid > 1 {
		w.processes[pid] = &process{container: id, beneath: true, outside: true}
	}
}

// name learns how a process is called and numbered, and whether it is over. The caller holds mu.
func (w *Watcher) name(p *process, pid int) (over bool) {
	st, err := readStatus(pid)
	if err != nil {
		return true
	}
	p.is(st)
	if st.inside == 1 && !p.beneath && !isSpace(p.container) {
		w.startedBy(st.parent, p.container)
	}
	return st.over
}

// inside reports whether the process is in its container, as far as is known: one that was gone
// before anybody could look is where its ancestors were going.
func (p *process) inside() bool { return !p.beneath || !p.outside }

// executed notes that a process runs another program now. The caller holds mu.
func (w *Watcher) executed(pid int) {
	p := w.adopt(pid)
	if p == nil {
		return
	}
	if p.end.Name != "" {
		p.end.Name, p.end.By = "", p.end.Name
	}
	p.outside = !w.name(p, pid) && p.beneath
}

// exit keeps the end of a process. The caller holds mu.
func (w *Watcher) exit(e event) {
	signal := e.code & 0x7f
	w.listen()
	defer func() {
		if e.pid == e.thread {
			delete(w.sent, e.pid)
		}
	}()
	oom := signal == int(unix.SIGKILL) && w.outOfMemory()
	p := w.processes[e.pid]
	if (p == nil || !p.inside()) && !w.gone[e.pid] && (Raised(signal) || oom) {
		p = w.adopt(e.pid)
	}
	if p == nil {
		return
	}
	if p.end.Name == "" && Raised(signal) {
		w.name(p, e.pid)
	}
	if signal != 0 || e.pid == e.thread {
		delete(w.processes, e.pid) // the first thread that tells of a signal tells of the process
		w.leave(e.pid, p)
	}
	if signal != 0 {
		w.gone[e.pid] = true
	}
	by, sent := w.ender(e.pid, p, e.at)
	sent = sent && (signal != 0 || e.pid == e.thread)
	orphan := p.born && w.processes[p.parent] == nil
	if !Raised(signal) && !oom && !sent && (!orphan || !endsByWish(signal)) || !p.inside() {
		return
	}
	c := w.containers[p.container]
	if c == nil { // it was let go of
		return
	}
	if len(c.ends) >= maxEnds {
		c.over = true
		return
	}
	end := p.end
	end.Signal, end.Core, end.OOM, end.Orphan, end.At = signal, e.code&0x80 != 0, oom, orphan, e.at
	if sent {
		w.tell(&end, p, by)
	}
	if end.Core {
		end.NoDump = ""
	}
	c.ends = append(c.ends, end)
}

// outOfMemory reports whether the kernel has killed one more process for want of memory. The
// caller holds mu.
func (w *Watcher) outOfMemory() bool {
	n, err := oomKills()
	if err != nil || n <= w.killed {
		return false
	}
	w.killed++
	return true
}

// Raised reports whether a fault in the program raises the signal: those that dump core, but
// for SIGQUIT, which people send.
func Raised(signal int) bool {
	switch unix.Signal(signal) {
	case unix.SIGSEGV, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGSYS, unix.SIGTRAP, unix.SIGXCPU, unix.SIGXFSZ:
		return true
	default:
		return false
	}
}
