package topologies

import (
	"context"
	"fmt"
	"time"
)

// Underlay is what is known of the way that a cable takes between two hosts of a lab.
type Underlay struct {
	A    Endpoint `json:"a"`
	B    Endpoint `json:"b"`
	From string   `json:"from"` // host of A
	Host string   `json:"host"` // of B
	Over string   `json:"over"` // what carries the frames
	// The delay of the way is half of the time there and back, in nanoseconds; how that is divided is not known.
	Least    time.Duration `json:"least"`
	Median   time.Duration `json:"median"`
	Most     time.Duration `json:"most"`
	Measured uint64        `json:"measured"` // how often

	Frames     uint64 `json:"frames"` // that went through, either way
	Lost       uint64 `json:"lost,omitempty"`
	Duplicated uint64 `json:"duplicated,omitempty"`
	Reordered  uint64 `json:"reordered,omitempty"`
}

// HostTeller is a lab that is spread over hosts, and tells which node is on which.
type HostTeller interface {
	// Hosts gives the name of each node's host.
	Hosts() map[string]string
}

// Placer is a provider that spreads labs over hosts, and says beforehand where nodes will be.
type Placer interface {
	// Place gives the host of each node, and the links that will go between hosts. The error is that of Check.
	Place(ctx context.Context, t Topology) (host map[string]string, between []Link, err error)
}

// UnderlayTeller is a lab that is spread over hosts, and tells of the ways between them.
type UnderlayTeller interface {
	Underlay(ctx context.Context) ([]Underlay, error)
}

// HostClock is how the clock of one of a lab's hosts stands to that of who has the lab: it is measured when the lab is built, at
// both ends of each trial, and twice a minute between.
type HostClock struct {
	Host     string        `json:"host"`
	Ahead    time.Duration `json:"ahead"`  // of the other one, when it was measured last
	Within   time.Duration `json:"within"` // how wrong times that were told by it may be, with the worst of the measurements
	Drift    time.Duration `json:"drift"`  // how much more it is ahead than when the lab was built
	Over     time.Duration `json:"over"`   // the time of that
	Measured int           `json:"measured"`
}

// String says all of it.
func (c HostClock) String() string {
	text := fmt.Sprintf("%s ahead, to within %s", c.Ahead.Round(time.Microsecond), c.Within.Round(time.Microsecond))
	if c.Measured > 1 {
		text += fmt.Sprintf(", %s more than %s before (%d measurements)", c.Drift.Round(time.Microsecond), c.Over.Round(time.Second), c.Measured)
	}
	return text
}

// NodeClock is the clock by which times are told that are taken at a node.
type NodeClock struct {
	Host     string        // whose clock it is
	Within   time.Duration // how wrong these times may be in this machine's clock, either way
	Measured bool          // without that Within is not known
}

// NodeClockTeller is a lab some of whose nodes are on hosts with clocks of their own. What is seen there (frames, packets of flows, ends of
// processes) is told in the time of who has the lab.
type NodeClockTeller interface {
	// NodeClock gives the clock of a node, and what it is known to since a moment of this machine's clock; false where it is this machine's.
	NodeClock(node string, since time.Time) (NodeClock, bool)
	// Here is the time in this machine's clock at which that of a node shows a time.
	Here(node string, there time.Time) time.Time
}

// HostClockTeller is a lab that is spread over hosts, and tells how their clocks stand to this one's.
type HostClockTeller interface {
	HostClocks() []HostClock
}
