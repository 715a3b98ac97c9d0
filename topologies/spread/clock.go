package spread

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// offset is how much the clock of a host is ahead of this one's at a moment, and how wrong that may be.
type offset struct {
	ahead, within time.Duration
	likely        time.Duration            // that it is wrong by, where the clocks drift as undisciplined ones do
	clocks        topologies.MachineClocks // as they were measured
}

// measures are how often a clock is asked for; the answer that came soonest says most.
const measures = 8

// clock measures the offset of the other host's clock.
func (s *session) clock(ctx context.Context) (best offset, err error) {
	for i := range measures {
		begin := time.Now()
		a, err := ask[clockAnswer](ctx, s, askClock, nothing{})
		if err != nil {
			return best, err
		}
		half := time.Since(begin) / 2
		if i == 0 || half < best.within {
			a.Clocks.At, a.Clocks.Within = begin.Add(half), half
			best = offset{ahead: a.Clocks.Real.Sub(a.Clocks.At.Round(0)), within: half, clocks: a.Clocks}
		}
	}
	return best, nil
}

// followed is the clock of another host as it was measured again and again: it drifts from this one's, by up to a second in six
// hours where nothing disciplines either, and times are told by where it was when they were taken. It is safe for use by several
// goroutines.
//
// A measurement says no more than how long its answer was under way: on a machine that is busy that is a thousand times of what it is
// else, and the clock is where it was. One that says less than the last one, the drift since included, moves the offset no
// further than it has to.
type followed struct {
	mu    sync.Mutex
	list  []offset  // in their order; the first is that of the moment in which the lab was built
	count int       // of all that were measured
	set   []string  // what cannot be drift, and was not told yet
	setAt time.Time // of this clock: the first measurement after that
}

// How a clock is followed.
const (
	followEvery = 30 * time.Second
	mostOffsets = 4096 // of a lab that is up for a day and a half; of older ones every other is forgotten
)

// A clock was set where it went further since it was measured last than measuring it may be wrong by, what NTP slews a clock by at
// most (500 ppm: RFC 5905, MAXFREQ), and a margin.
const (
	stepped = 20 * time.Millisecond
	slewed  = 500e-6
)

// drifts is how much a clock drifts by at most where nothing disciplines it: that of a crystal.
const drifts = 50e-6

// add adds a measurement.
func (f *followed) add(host string, o offset) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o.likely = o.within
	if n := len(f.list); n > 0 {
		last := f.list[n-1]
		passed := o.clocks.At.Sub(last.clocks.At)
		slew := time.Duration(slewed * float64(passed))
		if by := o.ahead - last.ahead; by.Abs() > stepped+o.within+last.within+slew {
			f.setAt = o.clocks.At
			f.set = append(f.set, fmt.Sprintf("the clock of host %s, or of this one, was set by %s", host, by.Round(time.Microsecond)))
		} else {
			o = o.after(last, last.within+slew, last.likely+time.Duration(drifts*float64(passed)))
		}
		if n == mostOffsets {
			kept := f.list[:0]
			for i := 0; i < n; i += 2 {
				kept = append(kept, f.list[i])
			}
			f.list = kept
		}
	}
	f.list, f.count = append(f.list, o), f.count+1
}

// after is a measurement in the light of the one before, which by now may be wrong by within, and is likely to be by no more than likely.
func (o offset) after(last offset, within, likely time.Duration) offset {
	if o.within <= likely {
		return o
	}
	low, high := o.ahead-o.within, o.ahead+o.within
	o.ahead, o.likely = min(max(last.ahead, low), high), likely
	low, high = max(low, last.ahead-within), min(high, last.ahead+within)
	o.within = max(high-o.ahead, o.ahead-low, 0)
	o.clocks.Real = o.clocks.At.Round(0).Add(o.ahead)
	return o
}

// wasSet tells, once, that the clock was set.
func (f *followed) wasSet() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	set := f.set
	f.set = nil
	return set
}

// best is the measurement that says most at a moment: how long its answer was under way, and how far the clock may have drifted
// since, which is what its clocks are known to within by then.
func (f *followed) best(now time.Time) (best offset) {
	f.mu.Lock()
	defer f.mu.Unlock()
	least := time.Duration(math.MaxInt64)
	for _, o := range f.list {
		if o.clocks.At.Before(f.setAt) {
			continue
		}
		if wrong := o.clocks.Within + time.Duration(drifts*float64(now.Sub(o.clocks.At).Abs())); wrong <= least {
			best, least = o, wrong
			best.clocks.Within = wrong
		}
	}
	return best
}

// aheadAt is how much the clock is ahead of this one's when it shows a time: between two measurements it drifts evenly.
func (f *followed) aheadAt(there time.Time) time.Duration {
	return f.aheadBy(there, func(o offset) time.Time { return o.clocks.Real })
}

// aheadWhen is the same of the moment in which this one's clock shows a time.
func (f *followed) aheadWhen(here time.Time) time.Duration {
	return f.aheadBy(here, func(o offset) time.Time { return o.clocks.At })
}

// aheadBy is how much the clock is ahead at a time that is told as those of measurements are by a function.
func (f *followed) aheadBy(at time.Time, told func(offset) time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var before *offset
	for i := len(f.list) - 1; i >= 0; i-- {
		if !told(f.list[i]).Round(0).After(at.Round(0)) {
			before = &f.list[i]
			if i == len(f.list)-1 {
				return before.ahead
			}
			after := f.list[i+1]
			span := told(after).Round(0).Sub(told(*before).Round(0))
			if span <= 0 {
				return after.ahead
			}
			share := float64(at.Round(0).Sub(told(*before).Round(0))) / float64(span)
			return before.ahead + time.Duration(share*float64(after.ahead-before.ahead))
		}
	}
	if len(f.list) == 0 {
		return 0
	}
	return f.list[0].ahead
}

// within is how wrong times since a moment may be that are told by the measurements: each is gone by until the next one, and by then
// the clock has gone as much further as one is slewed by at most; since the last it may have been set by what is taken for drift. known is false where there is none.
func (f *followed) within(since, now time.Time) (most time.Duration, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, o := range f.list {
		until, set := now, stepped // by so much it may have been set since, and nobody has measured it
		if i+1 < len(f.list) {
			until, set = f.list[i+1].clocks.At, 0
		}
		wrong := o.within + set + time.Duration(slewed*float64(until.Sub(o.clocks.At)))
		if !until.Add(wrong).Before(since) { // what is told just before may have come after
			most = max(most, wrong)
		}
	}
	return most, len(f.list) > 0
}

// told says all of it.
func (f *followed) told(host string) topologies.HostClock {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := topologies.HostClock{Host: host, Measured: f.count}
	if len(f.list) == 0 {
		return c
	}
	last := f.list[len(f.list)-1]
	c.Ahead = last.ahead
	for _, o := range f.list {
		c.Within = max(c.Within, o.within)
	}
	c.Drift, c.Over = last.ahead-f.list[0].ahead, last.clocks.At.Sub(f.list[0].clocks.At)
	return c
}
