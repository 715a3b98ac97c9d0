package vm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// What had left before a queue was there is known when two looks agree; under load, but for what they differ by.
// One frame more has gone past the queue.
func TestSettle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		looks []uint64 // the last goes on
		want  most
	}{
		{"quiet", []uint64{7}, most{sent: 7}},
		{"in the device", []uint64{3, 7}, most{sent: 7}},
		{"two low ones", []uint64{7, 5, 5, 7, 7}, most{sent: 7}},
		{"under load", []uint64{4, 5, 7, 6, 7, 5, 7, 6, 7, 6, 5}, most{sent: 7, unsure: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := -1
			got, err := settle(t.Context(), func() (uint64, error) {
				i = min(i+1, len(tt.looks)-1)
				return tt.looks[i], nil
			})
			if got != tt.want || err != nil {
				t.Errorf("%+v, want %+v, %v", got, tt.want, err)
			}
			e, bound := topologies.Endpoint{Node: "n1", Interface: "eth1"}, tt.want.sent+tt.want.unsure
			if got.past(bound, e) != nil || got.past(bound+1, e) == nil {
				t.Errorf("of %d and one more frame: %v, %v", bound, got.past(bound, e), got.past(bound+1, e))
			}
		})
	}
	no := errors.New("no answer")
	if _, err := settle(t.Context(), func() (uint64, error) { return 0, no }); !errors.Is(err, no) {
		t.Errorf("a guest that does not answer: %v", err)
	}
}

// A delay that could not be taken back in time is refused, and not found out when it is.
func TestNetemLongest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		delay, jitter time.Duration
		refused       bool
	}{{netemMost, 0, false}, {netemMost - time.Second, time.Second, false}, {netemMost, time.Millisecond, true}, {time.Minute, 0, true}} {
		f := topologies.Fault{Kind: topologies.FaultDelay, Frames: topologies.FrameFault{Delay: tt.delay, Jitter: tt.jitter, Unorder: true}}
		_, err := netemWords(f)
		if _, missing := errors.AsType[*topologies.MissingError](err); missing != tt.refused {
			t.Errorf("%v and %v of jitter: %v", tt.delay, tt.jitter, err)
		}
	}
}

// What netem does as other labs do it is asked for in its words, and the rest refused.
func TestNetemWords(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	fault := func(kind topologies.FaultKind, share float64, f topologies.FrameFault) topologies.Fault {
		return topologies.Fault{Kind: kind, Probability: share, Frames: f}
	}
	for _, tt := range []struct {
		name  string
		fault topologies.Fault
		want  string // empty: refused
	}{
		{"drop", fault(topologies.FaultDrop, 0, topologies.FrameFault{}), "loss 100%"},
		{"drop of a share", fault(topologies.FaultDrop, 0.25, topologies.FrameFault{}), "loss 25%"},
		{"delay", fault(topologies.FaultDelay, 0, topologies.FrameFault{Delay: 20 * ms}), "delay 20000us"},
		{"jitter", fault(topologies.FaultDelay, 1, topologies.FrameFault{Delay: 20 * ms, Jitter: 5 * ms, Unorder: true}), "delay 20000us 5000us"},
		{"jitter in order", fault(topologies.FaultDelay, 0, topologies.FrameFault{Delay: 20 * ms, Jitter: 5 * ms}), "delay 20000us 5000us rate 1tbit"},
		{"delay of a share", fault(topologies.FaultDelay, 0.75, topologies.FrameFault{Delay: 20 * ms, Unorder: true}), "delay 20000us reorder 25%"},
		{"delay of a share in order", fault(topologies.FaultDelay, 0.75, topologies.FrameFault{Delay: 20 * ms}), ""},
		{"jitter that overflows", fault(topologies.FaultDelay, 0, topologies.FrameFault{Delay: 3 * time.Second, Jitter: netemJitter + 1, Unorder: true}), ""},
		{"duplicate", fault(topologies.FaultDuplicate, 0, topologies.FrameFault{}), "duplicate 100%"},
		{"duplicate of a share", fault(topologies.FaultDuplicate, 0.5, topologies.FrameFault{}), ""},
		{"number", fault(topologies.FaultDuplicate, 0, topologies.FrameFault{Nth: 2}), ""},
		{"corrupt", fault(topologies.FaultCorrupt, 0, topologies.FrameFault{Offset: 60, XOR: 1}), ""},
		{"rate", fault(topologies.FaultRate, 0, topologies.FrameFault{Rate: 1000, Queue: 3000}), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			words, err := netemWords(tt.fault)
			if _, missing := errors.AsType[*topologies.MissingError](err); strings.Join(words, " ") != tt.want || missing != (tt.want == "") {
				t.Errorf("%q, %v, want %q", words, err, tt.want)
			}
		})
	}
}

// What a queue counts is what the fault did: doubled frames are one each, and what overtook the others was let pass.
func TestNetemCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind  topologies.FaultKind
		share float64
		q     qdisc
		want  topologies.Acted
	}{
		{topologies.FaultDrop, 0, qdisc{Packets: 5, Drops: 3}, topologies.Acted{Matched: 8, Hit: 3, Passed: 5}},
		{topologies.FaultDelay, 0.5, qdisc{Packets: 5, Qlen: 2, Requeues: 3}, topologies.Acted{Matched: 7, Hit: 4, Passed: 3}},
		{topologies.FaultDuplicate, 0, qdisc{Packets: 9, Qlen: 1}, topologies.Acted{Matched: 5, Hit: 5}},
		// What a busy device sent back to the queue was not let pass for that.
		{topologies.FaultDelay, 0, qdisc{Packets: 5, Qlen: 2, Requeues: 3}, topologies.Acted{Matched: 7, Hit: 7}},
		{topologies.FaultDuplicate, 1, qdisc{Packets: 9, Qlen: 1, Requeues: 6}, topologies.Acted{Matched: 5, Hit: 5}},
		{topologies.FaultDelay, 0.5, qdisc{Packets: 5, Requeues: 8}, topologies.Acted{Matched: 5, Passed: 5}},
	} {
		a := &netem{fault: topologies.Fault{Kind: tt.kind, Probability: tt.share}}
		a.add(tt.q, false)
		if got := a.acted; got.Matched != tt.want.Matched || got.Hit != tt.want.Hit || got.Passed != tt.want.Passed {
			t.Errorf("%s: %+v, want %+v", tt.kind, got, tt.want)
		}
	}
}

// An answer that tells of a guest's clock was given after it was asked for and before it came: what is known of the clock holds as far as
// that agrees, so that a late one tells no less than others, until somebody sets the clock.
func TestCompareClocks(t *testing.T) {
	t.Parallel()
	l := &lab{ahead: map[string]time.Duration{}}
	now := time.Now()
	for _, tt := range []struct{ told, took, want time.Duration }{
		{300 * time.Millisecond, 10 * time.Millisecond, 300 * time.Millisecond},
		{100 * time.Millisecond, time.Second, 300 * time.Millisecond},
		{-4 * time.Second, 5 * time.Second, 300 * time.Millisecond},
		{310 * time.Millisecond, time.Second, 310 * time.Millisecond},
		{-2 * time.Second, time.Second, -time.Second},
		{time.Second, 0, time.Second},
	} {
		if l.compare("n1", now.Add(tt.told), now.Add(-tt.took), now); l.ahead["n1"] != tt.want {
			t.Errorf("an answer that is %v ahead and took %v: %v, want %v", tt.told, tt.took, l.ahead["n1"], tt.want)
		}
	}
}
