package wire

import (
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// Wire is one way of a cable. It is safe for use by several goroutines.
type Wire struct {
	in, out *os.File
	mtu     int
	over    chan struct{}
	pulse   pulse

	mu      sync.Mutex
	due     time.Time // when the frame in hand was to go on; zero where nobody was to send it
	faults  []*Fault  // in the order in which frames pass them
	waiting queue
	number  uint64 // of the next that waits
	timer   *time.Timer
	ended   bool

	next    uint32 // number of the next frame that the kernel hands over
	come    uint64 // frames that it handed over
	missing uint64 // frames that it could not hand over
	unsent  uint64 // frames that did not go back into the cable
	failure error  // why, of the first
	sent    []sent
}

// sent counts what was sent of the frames that a predicate matches.
type sent struct {
	id    string
	match func([]byte) bool
	count uint64
}

// Start has frames come and go, through sockets of [OpenLog] and [OpenSend], which it takes over.
func Start(in, out *os.File, mtu int) (*Wire, error) {
	in, err := waitable(in)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take the socket of a wire over: %w", err), out.Close())
	}
	w := &Wire{in: in, out: out, mtu: mtu, over: make(chan struct{})}
	w.timer = time.AfterFunc(time.Hour, w.release)
	w.pulse.tick(time.Now())
	go w.pulse.feel(w.over)
	go w.run()
	return w, nil
}

// waitable is a socket that came from anywhere, so that closing it ends a read.
func waitable(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "wire"), nil
}

// Add has a fault act on what the others leave. What it matches counts as sent under a name.
func (w *Wire) Add(id string, f *Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(w.faults, f) {
		return
	}
	w.faults = append(w.faults, f)
	w.sent = append(w.sent, sent{id: id, match: f.match})
}

// Remove ends a fault: what it holds goes on.
func (w *Wire) Remove(f *Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.faults, f); i >= 0 {
		w.letGo(f, i, time.Now())
		w.faults = slices.Delete(w.faults, i, i+1)
	}
}

// letGo sends what a fault holds on.
func (w *Wire) letGo(f *Fault, place int, now time.Time) {
	held := w.held(f)
	f.note(func(a *topologies.Acted) { a.Healed += uint64(len(held)) })
	for _, b := range held {
		w.pass(b, place+1, now)
	}
}

// held takes what a fault holds from it, in the order in which it would go on.
func (w *Wire) held(f *Fault) (list [][]byte) {
	var own []item
	w.waiting = slices.DeleteFunc(w.waiting, func(x item) bool {
		if x.fault == f {
			own = append(own, x)
		}
		return x.fault == f
	})
	heap.Init(&w.waiting)
	slices.SortFunc(own, item.compare)
	for _, x := range own {
		list = append(list, x.data)
	}
	for _, x := range f.held {
		list = append(list, x.data)
	}
	f.held, f.queue, f.last = nil, 0, time.Time{}
	return list
}

// State is how it stands with a wire.
type State struct {
	Come    uint64 // frames that the kernel handed over
	Missing uint64 // frames that it could not hand over
	Unsent  uint64 // frames that did not go back into the cable
	Sent    uint64 // frames that did, of those that a fault's match lets through
}

// State tells it for the fault of a name, when so many frames were handed over, or a while has passed.
// The error is why frames did not go back into the cable.
func (w *Wire) State(id string, handed uint64) (s State, err error) {
	until(drainTimeout, func() bool {
		s, err = w.state(id)
		return s.Come+s.Missing >= handed
	})
	return s, err
}

func (w *Wire) state(id string) (State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := State{Come: w.come, Missing: w.missing, Unsent: w.unsent}
	if i := slices.IndexFunc(w.sent, func(s sent) bool { return s.id == id }); i >= 0 {
		s.Sent = w.sent[i].count
	}
	return s, w.failure
}

// Close ends it when what was handed over has gone through it, and what its faults hold goes on. The
// rules that hand frames over are gone.
func (w *Wire) Close() error {
	return w.end(func(f *Fault, place int) { w.letGo(f, place, time.Now()) })
}

// Cut ends it for a cable that is gone, with what its faults hold.
func (w *Wire) Cut() error {
	return w.end(func(f *Fault, _ int) {
		held := w.held(f)
		f.note(func(a *topologies.Acted) { a.Lost += uint64(len(held)) })
	})
}

func (w *Wire) end(last func(f *Fault, place int)) error {
	w.mu.Lock()
	ended := w.ended
	w.ended = true
	w.mu.Unlock()
	if ended {
		return nil
	}
	w.drain()
	err := w.in.Close()
	<-w.over
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, f := range w.faults {
		last(f, i)
	}
	w.faults = nil
	w.timer.Stop()
	return errors.Join(err, w.out.Close())
}

// drainTimeout bounds the wait for what was handed over to be read.
const drainTimeout = 2 * time.Second

// drain waits until nothing is left to read.
func (w *Wire) drain() {
	raw, err := w.in.SyscallConn()
	if err != nil {
		return
	}
	until(drainTimeout, func() bool {
		var n int
		_ = raw.Control(func(fd uintptr) { // it is open
			n, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) //nolint:gosec // descriptors are small
		})
		return n == 0
	})
}

// until looks time and again whether something is so, at most for so long.
func until(timeout time.Duration, so func() bool) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(timeout); !so() && time.Now().Before(end); {
		<-ticker.C
	}
}

// maxMessage is the largest message with a frame, in bytes.
const maxMessage = 1 << 17

func (w *Wire) run() {
	defer close(w.over)
	buffer := make([]byte, maxMessage)
	for {
		n, err := w.in.Read(buffer)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			continue // the numbers of the frames tell how many are missing
		case errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF):
			return
		case err == nil:
			due := w.pulse.since(time.Now())
			w.mu.Lock()
			w.due = due
			err = each(buffer[:n], w.take)
			w.due = time.Time{}
			w.mu.Unlock()
		}
		if err != nil {
			w.mu.Lock()
			w.fail(fmt.Errorf("read frames: %w", err))
			w.mu.Unlock()
			return
		}
	}
}

// fail keeps the first failure. The caller holds mu.
func (w *Wire) fail(err error) {
	if w.failure == nil {
		w.failure = err
	}
}

// take takes a frame that the kernel handed over. The caller holds mu.
func (w *Wire) take(number uint32, b []byte) {
	w.missing += uint64(number - w.next)
	w.next = number + 1
	w.come++
	now := time.Now()
	for _, b := range plain(b, w.mtu) {
		w.pass(b, 0, now)
	}
}

// pass takes a frame past the faults from a place on. The caller holds mu.
func (w *Wire) pass(b []byte, place int, now time.Time) {
	for i := place; i < len(w.faults); i++ {
		f := w.faults[i]
		if !f.picks(b, now) {
			if f.kind == topologies.FaultReorder && len(f.held) > 0 && f.matches(b) {
				w.pass(b, i+1, now)
				w.overtaken(f, i, now)
				return
			}
			continue
		}
		if b = w.act(f, i, b, now); b == nil {
			return
		}
	}
	w.send(b)
}

// overtaken counts that a frame has passed those that a fault holds back, and sends on what is due.
func (w *Wire) overtaken(f *Fault, place int, now time.Time) {
	for i := range f.held {
		f.held[i].after--
	}
	for len(f.held) > 0 && f.held[0].after <= 0 {
		x := f.held[0]
		f.held = f.held[1:]
		f.overtaken(x, now)
		w.pass(x.data, place+1, now)
	}
}

// act does to a frame what a fault does; what goes on at once is returned.
func (w *Wire) act(f *Fault, place int, b []byte, now time.Time) []byte {
	switch f.kind {
	case topologies.FaultDuplicate:
		w.pass(slices.Clone(b), place+1, now)
		return b
	case topologies.FaultCorrupt:
		b[f.spec.Offset] ^= byte(f.spec.XOR & 0xff)
		return b
	case topologies.FaultTruncate:
		return b[:f.spec.Size]
	case topologies.FaultHold, topologies.FaultReorder:
		f.held = append(f.held, frame{data: b, after: f.spec.After, ordinal: f.Acted().Matched})
		return nil
	case topologies.FaultRate:
		if f.queue+len(b) > f.spec.Queue {
			f.waited(b, now, now, true)
			return nil
		}
		f.queue += len(b)
		at := f.due(now, len(b))
		f.waited(b, now, at, false)
		w.wait(f, b, now, at)
		return nil
	case topologies.FaultDelay:
		w.wait(f, b, now, f.due(now, len(b)))
		return nil
	default: // drop, and mtu for what is longer
		return nil
	}
}

// send puts a frame back into the cable. The caller holds mu.
func (w *Wire) send(b []byte) {
	if _, err := unix.Write(int(w.out.Fd()), b); err != nil {
		if errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) {
			return // the cable is down: it carries nothing
		}
		w.unsent++
		w.fail(fmt.Errorf("send a frame of %d bytes on: %w", len(b), err))
		return
	}
	w.tellLate()
	for i := range w.sent {
		if w.sent[i].match(b) {
			w.sent[i].count++
		}
	}
}

// tellLate tells the faults how much later than it was to a frame has gone on.
func (w *Wire) tellLate() {
	if w.due.IsZero() {
		return
	}
	late := time.Since(w.due)
	for _, f := range w.faults {
		f.note(func(a *topologies.Acted) { a.Late = max(a.Late, late) })
	}
}

// item is a frame that waits for its time.
type item struct {
	at     time.Time
	late   time.Duration // that it was when it came
	number uint64
	fault  *Fault
	data   []byte
}

func (x item) compare(y item) int {
	if c := x.at.Compare(y.at); c != 0 {
		return c
	}
	if x.number < y.number {
		return -1
	}
	return 1
}

// queue implements heap.Interface.
type queue []item

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(item)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// wait has a frame go on at a time. The caller holds mu.
func (w *Wire) wait(f *Fault, b []byte, now, at time.Time) {
	x := item{at: at, number: w.number, fault: f, data: b}
	if !w.due.IsZero() {
		x.late = max(now.Sub(w.due), 0)
	}
	heap.Push(&w.waiting, x)
	w.number++
	w.timer.Reset(time.Until(w.waiting[0].at))
}

// release sends on what is due.
func (w *Wire) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for now := time.Now(); len(w.waiting) > 0 && !w.waiting[0].at.After(now); now = time.Now() {
		x := heap.Pop(&w.waiting).(item) //nolint:forcetypeassert // it holds nothing else
		if x.fault.kind == topologies.FaultRate {
			x.fault.queue -= len(x.data)
		}
		w.due = x.at.Add(-x.late)
		w.pass(x.data, slices.Index(w.faults, x.fault)+1, now)
	}
	w.due = time.Time{}
	if len(w.waiting) > 0 {
		w.timer.Reset(time.Until(w.waiting[0].at))
	}
}
