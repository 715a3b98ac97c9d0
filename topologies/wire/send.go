package wire

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// send puts a frame back into the cable, with others. The caller holds mu.
func (w *Wire) send(b []byte) {
	if !w.due.IsZero() && (w.oldest.IsZero() || w.due.Before(w.oldest)) {
		w.oldest = w.due
	}
	if !w.writer.add(b) {
		w.flush()
	}
}

// flush sends what is to be sent, counts it, and tells the faults how much later than it was to it has
// gone on. The caller holds mu.
func (w *Wire) flush() {
	went := false
	w.writer.flush(func(b []byte, err error) {
		if err != nil {
			w.refused(b, err)
			return
		}
		went = true
		w.all++
		for i := range w.sent {
			if w.sent[i].match(b) {
				w.sent[i].count++
			}
		}
	})
	if went && !w.oldest.IsZero() {
		late := time.Since(w.oldest)
		for _, f := range w.faults {
			f.acted.Late = max(f.acted.Late, late)
		}
	}
	w.oldest = time.Time{}
	w.free = append(w.free, w.spent...)
	w.spent = w.spent[:0]
}

// refused counts a frame that the kernel did not take.
func (w *Wire) refused(b []byte, err error) {
	if errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) || w.dark && errors.Is(err, unix.ENOBUFS) {
		return // the cable is down: it carries nothing
	}
	w.unsent++
	w.fail(fmt.Errorf("send a frame of %d bytes on: %w", len(b), err))
}

// item is a frame that is kept.
type item struct {
	data []byte

	at     time.Time     // when it is to go on
	late   time.Duration // that it was when it came
	number uint64
	fault  *Fault

	after   int    // of reorder, how many frames are still to pass it
	ordinal uint64 // of reorder, among the frames that match
}

func (x *item) compare(y *item) int {
	if c := x.at.Compare(y.at); c != 0 {
		return c
	}
	if x.number < y.number {
		return -1
	}
	return 1
}

// keep keeps a copy of a frame. The caller holds mu.
func (w *Wire) keep(b []byte) *item {
	var x *item
	if last := len(w.free) - 1; last >= 0 {
		x, w.free = w.free[last], w.free[:last]
	} else {
		x = new(item)
	}
	*x = item{data: append(x.data[:0], b...)}
	return x
}

// spend lets go of a copy, when what holds it was sent. The caller holds mu.
func (w *Wire) spend(x *item) { w.spent = append(w.spent, x) }

// queue implements heap.Interface.
type queue []*item

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(*item)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// wait has a frame go on at a time. The caller holds mu.
func (w *Wire) wait(f *Fault, b []byte, now, at time.Time) {
	x := w.keep(b)
	x.at, x.number, x.fault = at, w.number, f
	if !w.due.IsZero() {
		x.late = max(now.Sub(w.due), 0)
	}
	heap.Push(&w.waiting, x)
	w.number++
	if w.waiting[0] == x {
		w.timer.Reset(time.Until(at))
	}
}

// release sends on what is due.
func (w *Wire) release() {
	w.lock()
	defer w.unlock()
	for now := w.now; len(w.waiting) > 0 && !w.waiting[0].at.After(now); now = time.Now() {
		x := heap.Pop(&w.waiting).(*item) //nolint:forcetypeassert // it holds nothing else
		if x.fault.kind == topologies.FaultRate {
			x.fault.queue -= len(x.data)
		}
		w.due = x.at.Add(-x.late)
		w.pass(x.data, slices.Index(w.faults, x.fault)+1, now)
		w.spend(x)
	}
	w.due = time.Time{}
	if len(w.waiting) > 0 {
		w.timer.Reset(time.Until(w.waiting[0].at))
	}
}
