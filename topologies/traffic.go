package topologies

import (
	"context"
	"time"
)

// FlowSpec says which packets to send: UDP over IPv4 or IPv6, each with a number and the time at which
// it was sent. Times are real ones.
type FlowSpec struct {
	Name     string
	From, To string // nodes
	Dst      string // address of To
	Src      string // address of From; empty: the node chooses
	Port     int    // that To listens at, and From sends to; 0 lets To choose
	Interval time.Duration
	Size     int    // bytes of a packet, with its IP header
	Count    uint64 // packets; 0: until the flow is ended
	DSCP     int
	// Bound is how late a packet may be sent before it counts as late.
	Bound time.Duration
}

// Trafficker is a lab that can have a node send packets to another, and tell what came of them, from
// when Traffic returns on. What it has not got for that is a *MissingError.
type Trafficker interface {
	Traffic(ctx context.Context, s FlowSpec) (Flow, error)
}

// Flow is one that runs. It is safe for use by several goroutines.
type Flow interface {
	// Read tells what has come by now of the packets that were sent from a moment on.
	Read(from time.Time) FlowReading
	// Stop ends the flow and its sockets, and gives how many packets went and came over time. It may
	// be called again.
	Stop() FlowSeries
}

// FlowReading is what has come of packets that were sent from a moment on. Times are real ones.
type FlowReading struct {
	From, To   time.Time // the first moment that counts, and that of the reading
	Begun      time.Time // when the flow began; zero: nobody knows when it was sending
	Over       time.Time // one sending interval after its last packet; zero: it goes on
	Sent       uint64    // packets that went, or for which the node knew no way
	Refused    uint64    // of them, those for which it knew none
	Received   uint64    // each once
	Lost       uint64    // not received, and overdue
	Duplicated uint64    // copies beyond the first
	Reordered  uint64    // that came after one that was sent after them (RFC 4737)
	Pending    uint64    // neither received nor overdue
	Late       uint64    // that were sent late
	Latest     time.Duration
	Timed      uint64 // packets whose latency is known
	P50, P95   time.Duration
	P99, Max   time.Duration // latencies, to within 1 %
	// Gap is the longest outage, and what it is at least and at most: nobody knows of a time in which
	// nothing was sent.
	Gap, GapLeast, GapMost time.Duration
	// Outages are the longest of those that are longer than a sending interval and a millisecond,
	// longest first.
	Outages []Outage
	// Silent says that no packet of the flow has ever come: there is nothing to count an outage from.
	Silent bool
	// Lossless says why it is not known which packets were lost; empty where it is.
	Lossless string
	// Broken says why nothing is known of what was sent and of what came; empty where something is.
	Broken string
}

// Outage is a time in which nothing came: from when the next packet was due to when one came. The
// next is due one sending interval after the last that came: the interval in which it was in fact sent.
type Outage struct {
	Begin  time.Time
	Length time.Duration
	// Least and Most bound what it may have been.
	Least, Most time.Duration
	Goes        bool // it goes on: its length is what of it is over for certain
}

// FlowSeries is how many packets went and came in each of equal spans of time.
type FlowSeries struct {
	Begin    time.Time
	Span     time.Duration
	Sent     []uint32
	Received []uint32 // each packet once, when it came
}
