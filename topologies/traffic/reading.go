package traffic

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// grace is how long a packet may be under way before it is lost, at least; it may come still, and is
// received then.
const grace = 500 * time.Millisecond

// mostOutages bounds those that a reading names.
const mostOutages = 20

// unsure is how long the sending of a packet may take for its latency to be known.
const unsure = 200 * time.Microsecond

// read tells what is known by now of the packets that were sent from a moment on.
func (l *log) read(from, now time.Time) topologies.FlowReading {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := topologies.FlowReading{From: from, To: now, Begun: l.begin, Over: l.over(), Silent: len(l.order) == 0}
	if l.broken != nil {
		r.Broken = l.broken.Error()
		return r
	}
	cut, until := l.since(from), min(l.since(now), max(l.quiet, 1))
	l.count(&r, l.first(cut), until-l.patience())
	if l.lostAt >= cut {
		r.Lossless = fmt.Sprintf("the kernel had no room for %d packets that had come", l.lost)
	}
	l.outages(&r, cut, until)
	return r
}

// over is when the packet would have been due that follows the last of a flow that has sent all; zero while it goes on.
func (l *log) over() time.Time {
	if n := len(l.packets); n > 0 && uint64(n) >= l.most {
		return l.begin.Add(time.Duration(l.packets[n-1].sent) + l.spec.Interval)
	}
	return time.Time{}
}

// patience is how long a packet may be under way before it is overdue.
func (l *log) patience() int64 { return max(int64(grace), 2*l.latency) }

// count counts the packets from one on; those sent before a moment are overdue.
func (l *log) count(r *topologies.FlowReading, first int, overdue int64) {
	var h histogram
	for _, p := range l.packets[first:] {
		r.Sent++
		switch {
		case p.copies > 0:
			r.Received++
			r.Duplicated += uint64(p.copies - 1)
		case p.sent < overdue:
			r.Lost++
		default:
			r.Pending++
		}
		r.Refused += flag(p, refused)
		r.Reordered += flag(p, reordered)
		r.Late += flag(p, late)
		if p.copies > 0 && p.held < uint32(unsure) {
			h.add(p.came - p.sent)
		}
	}
	r.Latest = time.Duration(l.latest)
	r.Timed, r.Max = h.n, time.Duration(h.max)
	r.P50, r.P95, r.P99 = h.share(0.50), h.share(0.95), h.share(0.99)
}

func flag(p packet, f uint8) uint64 {
	if p.flags&f != 0 {
		return 1
	}
	return 0
}

// outages finds the times since a moment in which nothing came that was due.
func (l *log) outages(r *topologies.FlowReading, cut, now int64) {
	shortest := max(l.spec.Interval, time.Millisecond)
	add := func(o topologies.Outage) {
		r.GapLeast, r.Gap, r.GapMost = max(r.GapLeast, o.Least), max(r.Gap, o.Length), max(r.GapMost, o.Most)
		if o.Length > shortest {
			r.Outages = append(r.Outages, o)
		}
	}
	for i := max(l.arrived(cut), 1); i < len(l.order); i++ {
		add(l.between(l.order[i-1].number, int64(l.order[i].highest), l.order[i].number, cut))
	}
	if len(l.order) > 0 {
		add(l.going(l.order[len(l.order)-1].number, l.highest, cut, now))
	}
	slices.SortFunc(r.Outages, func(a, b topologies.Outage) int { return cmp.Compare(b.Length, a.Length) })
	r.Outages = r.Outages[:min(len(r.Outages), mostOutages)]
}

// arrived is the place of the first packet that came at a moment or after.
func (l *log) arrived(at int64) int {
	i, _ := slices.BinarySearchFunc(l.order, at, func(a arrival, at int64) int {
		if l.packets[a.number].came < at {
			return -1
		}
		return 1
	})
	return i
}

// dueAfter is when the packet was due that follows the highest of those that came, of which one came
// last; and how much earlier it may have been due, had it been sent in time. ok is false where none
// was sent.
func (l *log) dueAfter(last uint32, highest int64) (due, early int64, ok bool) {
	next := int(highest) + 1
	if next >= len(l.packets) {
		return 0, 0, false
	}
	step := l.packets[next].sent - l.packets[highest].sent
	return l.packets[last].came + step, max(step-int64(l.spec.Interval), 0), true
}

// between is the time from when a packet was due after one that came to when the next came, as far
// as it is since a moment.
func (l *log) between(last uint32, highest int64, next uint32, cut int64) topologies.Outage {
	due, early, ok := l.dueAfter(last, highest)
	if !ok {
		return topologies.Outage{}
	}
	p := l.packets[next]
	tardy := int64(p.held)
	if next > 0 { // had the one before been sent later, it might have come
		tardy += max(p.sent-l.packets[next-1].sent-int64(l.spec.Interval), 0)
	}
	return l.outage(due, early, p.came, tardy, cut)
}

// outage is the time from one moment to another, of which the first may be earlier and the second too.
func (l *log) outage(begin, early, end, tardy, cut int64) topologies.Outage {
	length := func(begin, end int64) time.Duration { return time.Duration(max(end-max(begin, cut), 0)) }
	return topologies.Outage{
		Begin: l.begin.Add(time.Duration(max(begin, cut))), Length: length(begin, end),
		Least: length(begin, end-tardy), Most: length(begin-early, end),
	}
}

// going is the outage that goes on: from when a packet was due after the last that came to when the
// last was sent that is overdue.
func (l *log) going(last uint32, highest, cut, now int64) topologies.Outage {
	due, early, ok := l.dueAfter(last, highest)
	overdue := l.first(now-2*l.latency-int64(20*time.Millisecond)) - 1
	if !ok || overdue <= int(highest) {
		return topologies.Outage{}
	}
	o := l.outage(due, early, l.packets[overdue].sent+l.packets[last].came-l.packets[highest].sent, 0, cut)
	o.Goes = true
	return o
}

// histogram holds latencies to within 1 %.
type histogram struct {
	counts [64 * 128]uint64
	n      uint64
	max    int64
}

// place is a latency's: its highest bit, and the seven below.
func place(v int64) int {
	v = max(v, 1)
	high := bits.Len64(uint64(v)) - 1
	if high < 7 {
		return int(v)
	}
	return high*128 + int(v>>(high-7))&127
}

// valueAt is the greatest latency of a place.
func valueAt(place int) int64 {
	if place < 128 {
		return int64(place)
	}
	high := place / 128
	return (int64(128+place%128)+1)<<(high-7) - 1
}

func (h *histogram) add(v int64) {
	h.counts[place(v)]++
	h.n++
	h.max = max(h.max, v)
}

// share is the latency that a share of all does not exceed.
func (h *histogram) share(part float64) time.Duration {
	want := uint64(part*float64(h.n) + 0.999999)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; n > 0 && seen >= want {
			return time.Duration(min(valueAt(i), h.max))
		}
	}
	return 0
}
