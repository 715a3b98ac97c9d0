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
	sockets Sockets
	mtu     int
	over    chan struct{}
	pulse   pulse
	reader  *reader
	asked   *sockets

	gate    sync.Mutex // shut as long as nothing is to be taken
	mu      sync.Mutex
	now     time.Time // that it was taken
	due     time.Time // when the frame in hand was to go on; zero where nobody was to send it
	faults  []*Fault  // in the order in which frames pass them
	waiting queue
	number  uint64 // of the next that waits
	timer   *time.Timer
	ended   bool

	writer *writer
	oldest time.Time // when the first of what the writer holds was to go on
	spent  []*item   // whose frames the writer may hold
	free   []*item

	next    uint32 // number of the next frame that the kernel hands over
	come    uint64 // frames that it handed over
	missing uint64 // frames that it could not hand over, and pokes, which take numbers too
	guessed uint64 // trains of TCP that were cut by guess, or not, as they are signed
	unsent  uint64 // frames that did not go back into the cable
	failure error  // why, of the first
	dark    bool   // the far end of the cable goes down, or is
	sent    []sent
	all     uint64 // frames that did
}

// sent counts what was sent of the frames that a predicate matches.
type sent struct {
	id    string
	match func([]byte) bool
	count uint64
}

// Sockets are those of a wire: of [OpenLog], at a group, [OpenSend], [OpenPoke] and [OpenAsk].
type Sockets struct {
	In, Out, Poke, Ask *os.File
	Group              uint16
}

// Close closes those that are there.
func (s Sockets) Close() error {
	var errs []error
	for _, f := range []*os.File{s.In, s.Out, s.Poke, s.Ask} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Start has frames come and go through sockets, which it takes over.
func Start(s Sockets, mtu int) (*Wire, error) {
	var err error
	if s.In, err = waitable(s.In); err != nil {
		return nil, errors.Join(fmt.Errorf("take the socket of a wire over: %w", err), s.Close())
	}
	reader, err := newReader(s.In, s.Poke, s.Group)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take the socket of a wire over: %w", err), s.Close())
	}
	w := &Wire{sockets: s, mtu: mtu, over: make(chan struct{}), reader: reader, writer: newWriter(s.Out.Fd()), asked: newSockets(s.Ask)}
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

// lock takes the wire, and with it what its faults count: once for many frames.
func (w *Wire) lock() {
	w.mu.Lock()
	w.now = time.Now()
	for _, f := range w.faults {
		f.mu.Lock()
	}
}

// unlock lets go of it. What was to be sent is.
func (w *Wire) unlock() {
	w.flush()
	for _, f := range w.faults {
		f.mu.Unlock()
	}
	w.mu.Unlock()
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
	w.lock()
	defer w.unlock()
	if i := slices.Index(w.faults, f); i >= 0 {
		w.letGo(f, i, w.now)
		w.faults = slices.Delete(w.faults, i, i+1)
		f.mu.Unlock()
	}
}

// letGo sends what a fault holds on.
func (w *Wire) letGo(f *Fault, place int, now time.Time) {
	held := w.held(f)
	f.acted.Healed += uint64(len(held))
	for _, x := range held {
		w.pass(x.data, place+1, now)
		w.spend(x)
	}
}

// held takes what a fault holds from it, in the order in which it would go on.
func (w *Wire) held(f *Fault) (list []*item) {
	w.waiting = slices.DeleteFunc(w.waiting, func(x *item) bool {
		if x.fault == f {
			list = append(list, x)
		}
		return x.fault == f
	})
	heap.Init(&w.waiting)
	slices.SortFunc(list, (*item).compare)
	list = append(list, f.held...)
	f.held, f.queue, f.last = nil, 0, time.Time{}
	return list
}

// State is how it stands with a wire.
type State struct {
	Come    uint64 // frames that the kernel handed over
	Missing uint64 // frames that it could not hand over, with the pokes among them
	Guessed uint64 // trains of TCP that were cut to what the link carries, or not, as they are signed: nobody knows their segments
	Unsent  uint64 // frames that did not go back into the cable
	Sent    uint64 // frames that did, of those that a fault's match lets through
	All     uint64 // frames that did
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
	s := State{Come: w.come, Missing: w.missing, Guessed: w.guessed, Unsent: w.unsent, All: w.all}
	if i := slices.IndexFunc(w.sent, func(s sent) bool { return s.id == id }); i >= 0 {
		s.Sent = w.sent[i].count
	}
	return s, w.failure
}

// Hush has it poke no more, or again: without the rules that hand frames over, a poke would be a frame on the
// cable. None is on its way when it returns.
func (w *Wire) Hush(quiet bool) { w.reader.poke.hush(quiet) }

// Shut has what is handed over wait until [Wire.Let].
func (w *Wire) Shut() { w.gate.Lock() }

// Let ends a Shut.
func (w *Wire) Let() { w.gate.Unlock() }

// Dark says that the far end of the cable goes down: what the kernel does not take from now on is not for
// want of room.
func (w *Wire) Dark() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dark = true
}

// Close ends it when what was handed over has gone through it, and what its faults hold goes on. The
// rules that hand frames over are gone.
func (w *Wire) Close() error {
	return w.end(func(f *Fault, place int) { w.letGo(f, place, w.now) })
}

// Cut ends it for a cable that is gone, with what its faults hold.
func (w *Wire) Cut() error {
	return w.end(func(f *Fault, _ int) {
		f.acted.Lost += uint64(len(w.held(f)))
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
	err := w.sockets.In.Close()
	w.sockets.In = nil
	<-w.over
	w.lock()
	for i, f := range w.faults {
		last(f, i)
	}
	w.timer.Stop()
	w.unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
	return errors.Join(err, w.sockets.Close())
}

// drainTimeout bounds the wait for what was handed over to be read.
const drainTimeout = 2 * time.Second

// drain waits until nothing is left to read, nor gathered: without the rules, nobody pokes.
func (w *Wire) drain() {
	var quiet time.Duration
	if w.reader.gather.Load() {
		quiet = 2 * gatherTime * time.Second / 100
	}
	last := time.Now()
	until(drainTimeout, func() bool {
		var n int
		_ = w.reader.raw.Control(func(fd uintptr) { // it is open
			n, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) //nolint:gosec // descriptors are small
		})
		if n != 0 {
			last = time.Now()
		}
		return n == 0 && time.Since(last) >= quiet
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

func (w *Wire) run() {
	defer close(w.over)
	r := w.reader
	for {
		n, err := r.next()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			continue // the numbers of the frames tell how many are missing
		case errors.Is(err, io.EOF):
			return
		}
		w.gate.Lock()
		due := w.pulse.since(time.Now())
		w.lock()
		w.due = due
		before := w.come
		for i := 0; i < n && err == nil; i++ {
			err = each(r.message(i), w.take)
		}
		if err != nil {
			w.fail(fmt.Errorf("read frames: %w", err))
		}
		w.due = time.Time{}
		frames := int(w.come - before) //nolint:gosec // a few
		w.unlock()
		w.gate.Unlock()
		if err != nil {
			return
		}
		r.read(n, frames)
	}
}

// fail keeps the first failure. The caller holds mu.
func (w *Wire) fail(err error) {
	if w.failure == nil {
		w.failure = err
	}
}

// take takes a frame that the kernel handed over, and that is good until the next flush. The caller
// holds mu.
func (w *Wire) take(h handed) {
	w.missing += uint64(h.number - w.next)
	w.next = h.number + 1
	if h.poke {
		return
	}
	w.come++
	train, guessed := plain(h.frame, w.mtu, w.asked.segment)
	if guessed {
		w.guessed++
	}
	if train == nil {
		w.pass(h.frame, 0, w.now)
	}
	for _, b := range train {
		w.pass(b, 0, w.now)
	}
}

// pass takes a frame past the faults from a place on. It may be altered, and is good until the next
// flush: who keeps it longer keeps a copy. The caller holds mu.
func (w *Wire) pass(b []byte, place int, now time.Time) {
	for i := place; i < len(w.faults); i++ {
		f := w.faults[i]
		matches := f.matches(b)
		if f.sent != nil && f.sent.full {
			w.fail(fmt.Errorf("more than %d messages came, and no transmissions are told apart any more", maxSent))
		}
		if !matches {
			continue
		}
		if !f.picks(b, now) {
			if f.kind == topologies.FaultReorder && len(f.held) > 0 {
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
		f.held = slices.Delete(f.held, 0, 1)
		f.hit(x.data, x.ordinal, now)
		w.pass(x.data, place+1, now)
		w.spend(x)
	}
}

// act does to a frame what a fault does; what goes on at once is returned.
func (w *Wire) act(f *Fault, place int, b []byte, now time.Time) []byte {
	switch f.kind {
	case topologies.FaultDuplicate:
		x := w.keep(b)
		w.pass(x.data, place+1, now)
		w.spend(x)
		return b
	case topologies.FaultCorrupt:
		b[f.spec.Offset] ^= byte(f.spec.XOR & 0xff)
		return b
	case topologies.FaultTruncate:
		return b[:f.spec.Size]
	case topologies.FaultHold, topologies.FaultReorder:
		x := w.keep(b)
		x.after, x.ordinal = f.spec.After, f.acted.Matched
		f.held = append(f.held, x)
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
