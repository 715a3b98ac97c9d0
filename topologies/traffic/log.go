package traffic

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// packet is what is known of one. Times are nanoseconds since the flow began; 0: it did not happen.
type packet struct {
	sent   int64 // just before
	came   int64
	held   uint32 // how long it took to send it, at most
	copies uint16 // that came
	flags  uint8
}

// arrival is a packet that came.
type arrival struct {
	number  uint32
	highest int32 // number of those that had come before; -1: none
}

const (
	refused   = 1 << iota // the node knew no way
	reordered             // one that was sent later came first
	late                  // it was sent late
)

// log is what a flow has seen.
type log struct {
	spec  topologies.FlowSpec
	begin time.Time
	most  uint64 // packets

	mu      sync.Mutex
	packets []packet
	order   []arrival // as they came, each once
	highest int64     // number of those that came; -1: none
	quiet   int64     // all that came by then is written down
	lost    uint32    // that the kernel had no room for
	lostAt  int64     // when that was last seen to grow
	latest  int64     // the latest that one was sent late
	latency int64     // the longest so far
	broken  error
}

func newLog(s topologies.FlowSpec) *log {
	most := uint64(MaxPackets)
	if s.Count > 0 {
		most = min(most, s.Count)
	}
	return &log{spec: s, begin: time.Now(), most: most, highest: -1}
}

// due is when a packet is to be sent.
func (l *log) due(number uint64) time.Time {
	return l.begin.Add(time.Duration(number) * l.spec.Interval) //nolint:gosec // it is bounded
}

// since is a moment as the log has it: never 0.
func (l *log) since(t time.Time) int64 { return max(int64(t.Sub(l.begin)), 1) }

func (l *log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
}

func (l *log) sending(number uint64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := packet{sent: l.since(at)}
	behind := int64(at.Sub(l.due(number)))
	if behind > max(int64(l.spec.Bound), int64(l.spec.Interval)) {
		p.flags |= late
	}
	l.latest = max(l.latest, behind)
	l.packets = append(l.packets, p)
}

func (l *log) went(number uint64, at time.Time, noWay bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.packets[number]
	p.held = clamp(l.since(at) - p.sent)
	if noWay {
		p.flags |= refused
	}
}

func clamp(n int64) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

func (l *log) came(number uint64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number >= uint64(len(l.packets)) {
		return // of nobody that this process knows
	}
	p := &l.packets[number]
	p.copies = uint16(min(int(p.copies)+1, math.MaxUint16))
	if p.copies > 1 {
		return
	}
	p.came = max(l.since(at), p.sent)
	if int64(number) < l.highest { //nolint:gosec // it is bounded
		p.flags |= reordered
	}
	l.order = append(l.order, arrival{uint32(number), int32(l.highest)}) //nolint:gosec // both are bounded
	l.highest = max(l.highest, int64(number))                            //nolint:gosec // it is bounded
	l.latency = max(l.latency, p.came-p.sent)
}

func (l *log) drained(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quiet = l.since(at)
}

func (l *log) overflowed(lost uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lost > l.lost {
		l.lost, l.lostAt = lost, l.since(time.Now())
	}
}

// Bounds of a flow's series: the least span, and how many there are at most.
const (
	leastSpan = 10 * time.Millisecond
	mostSpans = 3000
)

// series counts what went and came over time.
func (l *log) series() topologies.FlowSeries {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.quiet
	for _, p := range l.packets[max(0, len(l.packets)-1):] {
		end = max(end, p.sent)
	}
	span := leastSpan
	for end/int64(span) >= mostSpans {
		span *= 2
	}
	n := int(end/int64(span)) + 1
	s := topologies.FlowSeries{Begin: l.begin, Span: span, Sent: make([]uint32, n), Received: make([]uint32, n)}
	for _, p := range l.packets {
		s.Sent[p.sent/int64(span)]++
		if p.came > 0 {
			s.Received[min(p.came/int64(span), int64(n-1))]++
		}
	}
	return s
}

// first is the number of the first packet that was sent at a moment or after.
func (l *log) first(at int64) int {
	i, _ := slices.BinarySearchFunc(l.packets, at, func(p packet, at int64) int {
		if p.sent < at {
			return -1
		}
		return 1
	})
	return i
}
