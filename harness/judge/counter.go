package judge

import (
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// Counter goes over the frames of a capture once, in the order of the file, and tells after any of them
// what a window shows. The same code counts live and over the file.
type Counter struct {
	began     time.Time
	from      time.Duration
	moved     time.Duration
	direction string
	clock     evidence.Clock
	stamps    stamps

	seen        int // frames of the file
	count       int // of them in the window
	bytes       int
	first, last time.Duration // in the lab's time
	gap         time.Duration
	newest      []numbered // the last MaxFrames, and perhaps some before
}

// numbered is a frame with its number and its time since the window began.
type numbered struct {
	Seen
	number int
	since  time.Duration
}

// NewCounter counts what goes a direction from the beginning of a window on.
func NewCounter(w evidence.FrameWindow, direction string, clock evidence.Clock) *Counter {
	return &Counter{began: w.Began, from: w.From, moved: w.Moved, direction: direction, clock: clock, last: w.From}
}

// Seen is how many frames of the file it has seen.
func (c *Counter) Seen() int { return c.seen }

// See takes the next frame of the file.
func (c *Counter) See(s Seen) {
	c.seen++
	since := s.At.Sub(c.began)
	c.stamps.see(since)
	at := c.clock.Lab(since + c.moved)
	if at < c.from || c.direction != "" && string(s.Way) != c.direction {
		return
	}
	if c.count == 0 {
		c.first = at
	} else {
		c.gap = max(c.gap, at-c.last)
	}
	c.count++
	c.bytes += s.Length
	c.last = at
	if len(c.newest) == 2*evidence.MaxFrames {
		c.newest = append(c.newest[:0], c.newest[evidence.MaxFrames:]...)
	}
	c.newest = append(c.newest, numbered{s, c.seen, at - c.from})
}

// Tell fills in what the window shows of the frames that were seen. Where the head of one is not kept
// that should be told, it is left out, and so are those before. The error is why their times are not
// known.
func (c *Counter) Tell(f *evidence.Frames) error {
	f.Count, f.Bytes = c.count, c.bytes
	if length := seconds(f.Until - c.from); length > 0 {
		rate := float64(c.count) / length
		f.Rate = &rate
	}
	if c.count > 0 {
		first, last := seconds(c.first-c.from), seconds(c.last-c.from)
		f.First, f.Last = &first, &last
	}
	if c.count > 1 {
		gap := seconds(c.gap)
		f.Gap = &gap
	}
	f.Silence = seconds(max(f.Until-c.last, 0))
	if told := c.told(); len(told) == c.count {
		f.Frames = told
	} else {
		f.Newest = told[max(0, len(told)-evidence.NewestFrames):]
	}
	return c.stamps.steady(f.FrameWindow, c.clock)
}

// told are the newest frames whose heads are kept.
func (c *Counter) told() []evidence.Frame {
	newest := c.newest[max(0, len(c.newest)-evidence.MaxFrames):]
	first := len(newest)
	for first > 0 && newest[first-1].Head != nil {
		first--
	}
	told := make([]evidence.Frame, 0, len(newest)-first)
	for _, n := range newest[first:] {
		told = append(told, n.told())
	}
	laidOut := map[[2]string]bool{}
	for i := len(told) - 1; i >= max(0, len(told)-evidence.NewestFrames); i-- {
		f := &told[i]
		if of := [2]string{f.Kind, f.Message}; !laidOut[of] {
			laidOut[of] = true
			for _, field := range frames.Layout(newest[first+i].Head) {
				f.Layout = append(f.Layout, evidence.FrameField(field))
			}
		}
	}
	return told
}
