package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// Options of a capture.
type Options struct {
	Path     string                 // of the file; empty: nothing is written, and Each alone is told
	Name     string                 // of the interface, in the file
	Describe string                 // what is said of it there
	About    string                 // what is said of the file there
	Tap      Tap                    // that was opened
	Max      int64                  // bytes of the file; 0 means DefaultMax
	Each     func(topologies.Frame) // is told of every frame that was written; nil is not
	Shift    time.Duration          // is added to the times of frames
}

// DefaultMax bounds a file, in bytes.
const DefaultMax = 64 << 20

// Summary is what a capture holds.
type Summary struct {
	Begin, End time.Time
	Frames     uint64 // that were written
	Dropped    uint64 // that the kernel had no room for
	Discarded  uint64 // that were written, and given up for newer ones: the file has Frames - Discarded
	Bytes      int64  // of the file
	Anew       int    // how often the interface was made anew meanwhile
}

// Capture is one that runs. It is safe for use by several goroutines.
type Capture struct {
	options Options
	spool   *spool
	wake    int // an eventfd
	buffer  []byte
	done    chan struct{}
	summary Summary  // of the reader; of all when done is closed
	failure error    // likewise
	waiting []waiter // for frames of the present ring; of the reader

	marked atomic.Int32 // how many marks wait
	mu     sync.Mutex
	marks  []mark         // by time
	taps   []*os.File     // that come after the present one
	asked  []chan Summary // who waits for what has come by now
	last   bool           // nothing more is wanted
	stop   sync.Once
}

// waiter is who waits until so many frames of a ring were read.
type waiter struct {
	until uint64
	tell  chan Summary
}

type mark struct {
	at   time.Time
	text string
}

// maxMarks bounds what is marked and not written yet.
const maxMarks = 10_000

// Start begins to write what comes through a tap, and takes it over.
func Start(tap *os.File, o Options) (*Capture, error) {
	if o.Max <= 0 {
		o.Max = DefaultMax
	}
	c := &Capture{options: o, done: make(chan struct{}), summary: Summary{Begin: time.Now()}}
	r, err := openRing(tap, c.options.Tap)
	if err != nil {
		return nil, err
	}
	if c.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, errors.Join(fmt.Errorf("capture at %s: %w", o.Name, err), r.close())
	}
	if c.spool, err = openSpool(o.Path, o.header(), o.Max); err != nil {
		return nil, errors.Join(err, r.close(), unix.Close(c.wake))
	}
	go c.run(r)
	return c, nil
}

// Mark puts a text on the first frame from a moment on.
func (c *Capture) Mark(at time.Time, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.marks) >= maxMarks {
		return
	}
	i, _ := slices.BinarySearchFunc(c.marks, at, func(m mark, at time.Time) int {
		if m.at.After(at) {
			return 1
		}
		return -1
	})
	c.marks = slices.Insert(c.marks, i, mark{at, text})
	c.marked.Store(int32(len(c.marks))) //nolint:gosec // it is bounded
}

// due takes the marks up to a moment.
func (c *Capture) due(at time.Time) []string {
	if c.marked.Load() == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for len(c.marks) > 0 && !c.marks[0].at.After(at) {
		texts = append(texts, c.marks[0].text)
		c.marks = c.marks[1:]
	}
	c.marked.Store(int32(len(c.marks))) //nolint:gosec // it is bounded
	return texts
}

// Replace goes on with another tap, for an interface that was made anew, and takes it over.
func (c *Capture) Replace(tap *os.File) {
	c.mu.Lock()
	if c.last {
		c.mu.Unlock()
		_ = tap.Close() // nobody wants it
		return
	}
	c.taps = append(c.taps, tap)
	c.mu.Unlock()
	c.rouse()
}

func (c *Capture) rouse() { _, _ = unix.Write(c.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) } // what is full wakes as well

// Sync waits until all that had come when it was called is in the file, and gives what that is. Of a
// capture that has ended it is what Stop gives.
func (c *Capture) Sync(ctx context.Context) (Summary, error) {
	tell := make(chan Summary, 1)
	c.mu.Lock()
	if c.asked = append(c.asked, tell); !c.last { // else nobody listens, and done comes
		c.rouse()
	}
	c.mu.Unlock()
	select {
	case s := <-tell:
		return s, nil
	case <-c.done:
		return c.summary, c.failure
	case <-ctx.Done():
		return Summary{}, fmt.Errorf("capture at %s: wait for its frames: %w", c.options.Name, context.Cause(ctx))
	}
}

// take has those who ask wait for what the kernel has taken by now.
func (c *Capture) take(r *ring) error {
	c.mu.Lock()
	asked := c.asked
	c.asked = nil
	c.mu.Unlock()
	if len(asked) == 0 {
		return nil
	}
	if err := r.count(); err != nil {
		return err
	}
	for _, tell := range asked {
		c.waiting = append(c.waiting, waiter{r.taken, tell})
	}
	return nil
}

// tell answers those whose frames were read; the file has them.
func (c *Capture) tell(r *ring) error {
	if len(c.waiting) == 0 {
		return nil
	}
	if err := c.spool.flush(); err != nil {
		return err
	}
	s := c.summary
	s.Dropped += r.lost
	s.Discarded, s.End = c.spool.gone, time.Now()
	c.waiting = slices.DeleteFunc(c.waiting, func(w waiter) bool {
		there := r.read+r.lost >= w.until
		if there {
			w.tell <- s
		}
		return there
	})
	return nil
}

// Stop ends the capture, with all that had come by then, and the file. It may be called again.
func (c *Capture) Stop() (Summary, error) {
	c.stop.Do(func() {
		c.mu.Lock()
		c.last = true
		c.mu.Unlock()
		c.rouse()
		<-c.done
		_ = unix.Close(c.wake) // nobody waits for it
	})
	<-c.done
	return c.summary, c.failure
}

// orders is what the reader is to do next.
func (c *Capture) orders() (tap *os.File, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.taps) > 0 {
		tap = c.taps[0]
		c.taps = c.taps[1:]
		return tap, false
	}
	return nil, c.last
}

// run reads until there is nothing more to read.
func (c *Capture) run(r *ring) {
	defer close(c.done)
	err := c.read(&r)
	if r != nil {
		c.summary.Dropped += r.lost
		err = errors.Join(err, r.close())
	}
	c.mu.Lock()
	c.last = true
	for _, tap := range c.taps {
		err = errors.Join(err, tap.Close())
	}
	c.taps = nil
	c.mu.Unlock()
	c.summary.End = time.Now()
	c.summary.Discarded = c.spool.gone
	rest := strings.Join(c.due(c.summary.End.Add(time.Hour)), "\n")
	var failed error
	c.summary.Bytes, failed = c.spool.finish(statistics(c.summary, rest))
	if err = errors.Join(err, failed); err != nil {
		c.failure = fmt.Errorf("capture at %s: %w", c.options.Name, err)
	}
}

func (c *Capture) read(r **ring) error {
	for {
		woken, err := (*r).wait(c.wake, -1)
		if err != nil {
			return err
		}
		if err := (*r).each(c.put); err != nil {
			return err
		}
		if err := errors.Join(c.spool.flush(), c.tell(*r)); err != nil {
			return err
		}
		if !woken {
			continue
		}
		_, _ = unix.Read(c.wake, make([]byte, 8)) // it was written to
		if err := errors.Join(c.take(*r), c.tell(*r)); err != nil {
			return err
		}
		for {
			tap, last := c.orders()
			if tap == nil && !last {
				break
			}
			if err := (*r).drain(c.put); err != nil || last {
				return err
			}
			if err := c.tell(*r); err != nil {
				return err
			}
			if err := c.turnTo(r, tap); err != nil {
				return err
			}
		}
	}
}

// turnTo goes on with another tap.
func (c *Capture) turnTo(r **ring, tap *os.File) error {
	c.summary.Dropped += (*r).lost
	err := (*r).close()
	*r = nil
	if err != nil {
		return errors.Join(err, tap.Close())
	}
	next, err := openRing(tap, c.options.Tap)
	if err != nil {
		return err
	}
	*r = next
	c.summary.Anew++
	return nil
}

func (c *Capture) put(f *frame) error {
	f.at = f.at.Add(c.options.Shift)
	c.buffer = packet(c.buffer[:0], f, c.due(f.at))
	c.summary.Frames++
	if err := c.spool.put(c.buffer); err != nil || c.options.Each == nil {
		return err
	}
	c.options.Each(told(f, c.buffer))
	return nil
}
