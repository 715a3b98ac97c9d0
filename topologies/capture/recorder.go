package capture

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Recorder writes the file of a capture whose frames another machine has taken. It is safe for use by
// several goroutines.
type Recorder struct {
	c *Capture

	mu      sync.Mutex
	stopped bool
}

// Record begins the file. Of the options, the tap tells the file's filter alone.
func Record(o Options) (*Recorder, error) {
	if o.Max <= 0 {
		o.Max = DefaultMax
	}
	r := &Recorder{c: &Capture{options: o, summary: Summary{Begin: time.Now()}}}
	var err error
	if r.c.spool, err = openSpool(o.Path, o.header(), o.Max); err != nil {
		return nil, err
	}
	return r, nil
}

// Mark puts a text on the first frame from a moment on.
func (r *Recorder) Mark(at time.Time, text string) { r.c.Mark(at, text) }

// Put writes a frame, with its tags.
func (r *Recorder) Put(x topologies.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil
	}
	f := frame{at: x.At, data: x.Data, whole: x.Length, kind: kindOf(x)}
	if err := r.c.put(&f); err != nil {
		return fmt.Errorf("capture at %s: %w", r.c.options.Name, err)
	}
	return nil
}

// kindOf is that of the kernel, as far as a frame says. Whom it was for who took it knew better.
func kindOf(x topologies.Frame) byte {
	switch {
	case x.Way == topologies.WayOut:
		return outgoing
	case len(x.Data) == 0:
		return forOthers
	case string(x.Data[:min(len(x.Data), macLength)]) == strings.Repeat("\xff", macLength):
		return broadcast
	case x.Data[0]&1 != 0:
		return multicast
	default:
		return forUs
	}
}

// macLength is that of a hardware address, in bytes.
const macLength = 6

// Written gives what the file holds by now, where others can read it; there, dropped and anew are those
// that the other machine tells.
func (r *Recorder) Written(there topologies.Captured) (topologies.Captured, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if !r.stopped {
		err = r.c.spool.flush()
	}
	return r.held(there), err
}

func (r *Recorder) held(there topologies.Captured) topologies.Captured {
	gone := r.c.spool.gone
	return topologies.Captured{Frames: r.c.summary.Frames - gone, Bytes: r.c.summary.Bytes, Dropped: there.Dropped, Discarded: gone, Anew: there.Anew}
}

// Stop ends the file. It may be called again.
func (r *Recorder) Stop(there topologies.Captured) (topologies.Captured, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return r.held(there), nil
	}
	r.stopped = true
	s := &r.c.summary
	s.End, s.Dropped, s.Anew = time.Now(), there.Dropped, there.Anew
	rest := strings.Join(r.c.due(s.End.Add(time.Hour)), "\n")
	var err error
	s.Bytes, err = r.c.spool.finish(statistics(*s, rest))
	if err != nil {
		err = fmt.Errorf("capture at %s: %w", r.c.options.Name, err)
	}
	return r.held(there), err
}
