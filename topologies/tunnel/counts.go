package tunnel

import (
	"context"
	"slices"
	"time"
)

// Counts is what is known of a cable at one end: what was sent from here, and what came of it at the other
// end as that has told; and what came here.
type Counts struct {
	Sent, Arrived uint64 // frames from here, and those of them that came at the other end
	Received      uint64 // frames that came here, each once
	Lost          uint64 // either way: on the way, or on their way still
	Duplicated    uint64 // either way: copies beyond the first, which go on no more
	Reordered     uint64 // either way: frames that came after one that was sent after them
	Unsent        uint64 // at this end: longer than [MaxFrame], or refused by the kernel; one is counted where it reads no more
	Refused       error  // why the last of those was
	Unread        uint64 // at this end: that the kernel had no room for until they were read
	Delay         Delay
	Silent        time.Duration // since something of the other end came
}

// Delay is that of the way between two hosts: half of the time there and back.
type Delay struct {
	Measured            uint64 // how often
	Least, Median, Most time.Duration
}

// delays are what was measured: all of the extremes, and the last of the rest.
type delays struct {
	count       uint64
	least, most time.Duration
	last        [256]time.Duration
}

func (d *delays) add(round time.Duration) {
	half := round / 2
	if d.count == 0 || half < d.least {
		d.least = half
	}
	d.most = max(d.most, half)
	d.last[d.count%uint64(len(d.last))] = half
	d.count++
}

func (d *delays) delay() Delay {
	list := slices.Clone(d.last[:min(d.count, uint64(len(d.last)))])
	if len(list) == 0 {
		return Delay{}
	}
	slices.Sort(list)
	return Delay{Measured: d.count, Least: d.least, Median: list[len(list)/2], Most: d.most}
}

// Counts gives what is known by now.
func (c *Cable) Counts() Counts {
	c.plugged.RLock()
	unread := c.lost.Load()
	if c.plug != nil {
		_, overflow := c.plug.counts()
		unread += overflow
	}
	c.plugged.RUnlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.other
	return Counts{
		Sent: c.frames, Arrived: o.Distinct, Received: c.come.distinct,
		Lost:       c.come.upTo() - c.come.distinct + o.High - o.Distinct,
		Duplicated: c.come.duplicated + o.Duplicated, Reordered: c.come.reordered + o.Reordered,
		Unsent: c.unsent, Refused: c.refused, Unread: unread, Delay: c.delay.delay(), Silent: time.Since(c.last),
	}
}

// Stall is the worst that was seen of a way since that was asked last: a lab whose frames wait so long is not the
// lab that a trial is about.
type Stall struct {
	Silent time.Duration // nothing came, beyond the time in which the other end says something by itself
	Round  time.Duration // there and back, of what is answered at once
}

// Stall gives it, and begins anew.
func (c *Cable) Stall() Stall {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stall
	s.Silent = max(s.Silent, time.Since(c.last)-probeEvery)
	c.stall = Stall{}
	return s
}

// overtaken is how long a frame may be overtaken by those after it before it is taken to be lost.
const overtaken = 100 * time.Millisecond

// Settled gives what is known of the cable when all that has come at either end until now has come at the
// other, or is lost. That it has not by the end of ctx, as the other end does not answer or has no room for what
// waits, is the error.
func (c *Cable) Settled(ctx context.Context) (Counts, error) {
	deadline := time.Now().Add(overtaken)
	for {
		if err := c.flush(ctx); err != nil {
			return c.Counts(), err
		}
		c.mu.Lock()
		c.drain++
		number := c.drain
		c.mu.Unlock()
		c.wake()
		if err := c.await(ctx, "what was sent has come at the other end", func() bool { return c.other.Drained >= number }); err != nil {
			return c.Counts(), err
		}
		if n := c.Counts(); n.Lost == 0 || time.Now().After(deadline) {
			return n, nil
		}
	}
}
