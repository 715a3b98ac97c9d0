package wiring

import (
	"context"

	"github.com/reprise-lab/reprise/topologies"
)

// Kind names an operation.
type Kind string

// The operations.
const (
	Connect    Kind = "connect"    // make the cable A–B; both ends come up
	Disconnect Kind = "disconnect" // remove the cable at A; it may be gone already
	State      Kind = "state"      // shut A's interface, or bring it up
	MakeBridge Kind = "bridge"     // make the segment in A's namespace
	Drop       Kind = "drop"       // put a drop rule on A's interface
	Undrop     Kind = "undrop"     // remove it; it may be gone already
	Count      Kind = "count"      // frames that it dropped
	Kill       Kind = "kill"       // end the process group that A.PID leads
)

// Op is one operation.
type Op struct {
	Kind   Kind    `json:"kind"`
	A      Port    `json:"a"`
	B      Port    `json:"b,omitzero"`      // Connect
	MTU    int     `json:"mtu,omitempty"`   // Connect; 0 means 1500
	Up     bool    `json:"up,omitempty"`    // State
	Filter Filter  `json:"filter,omitzero"` // Drop; Undrop and Count use its ID
	Bridge Segment `json:"bridge,omitzero"` // MakeBridge
}

// Port is an interface in the network namespace of a process.
type Port struct {
	PID       int     `json:"pid"`
	Interface string  `json:"interface,omitempty"`
	MAC       string  `json:"mac,omitempty"`
	IPv4      string  `json:"ipv4,omitempty"` // prefix form
	IPv6      string  `json:"ipv6,omitempty"`
	Segment   Segment `json:"segment,omitzero"` // the bridge that the port is a member of
}

// Segment is a kernel bridge that plays a LAN. The zero value is none.
type Segment struct {
	Name string `json:"name,omitempty"`
	// Forward is the mask of link-local groups 01:80:c2:00:00:0X that the LAN passes.
	// Bit 1 (PAUSE) has no effect: the kernel never forwards it.
	Forward uint16 `json:"forward,omitempty"`
}

// Filter is a rule that drops arriving frames.
type Filter struct {
	ID          string                `json:"id"` // names the rule within its namespace
	Match       topologies.FrameMatch `json:"match"`
	Probability float64               `json:"probability,omitempty"` // 0 means 1
}

// Result of an operation. Only Count has one.
type Result struct {
	Count uint64 `json:"count,omitempty"`
}

// Wirer carries operations out. It is safe for use by several goroutines.
type Wirer interface {
	Apply(ctx context.Context, op Op) (Result, error)
	Close() error
}

// Local carries operations out in this process.
type Local struct{}

// Apply implements Wirer.
func (Local) Apply(ctx context.Context, op Op) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return Apply(op)
}

// Close implements Wirer; there is nothing to close.
func (Local) Close() error { return nil }
