package topologies

import (
	"context"
	"time"
)

// Access is how the command line of a node is reached that has no Host beneath it. It is
// the same type as drivers.Access, field by field (see there for the contract of each).
type Access struct {
	Transport string // ssh, telnet or console
	Address   string // host:port
	User      string
	Password  string // reference: env:NAME, file:PATH; never a value
	Key       string // reference: file:PATH, agent
	Enable    string // reference

	Console        string // raw, telnet or ssh
	ServerUser     string
	ServerPassword string // reference

	KnownHosts string
	AcceptNew  bool
	Legacy     bool
}

// Accessor is a lab with nodes that are reached over a network or a console. For a node
// that has a Host instead, ok is false.
type Accessor interface {
	Access(node string) (a Access, ok bool)
}

// Consoler is a lab whose nodes have a second way in, for when the first is down.
type Consoler interface {
	Console(node string) (a Access, ok bool)
}

// PortMapper is a lab that chose the ports: scenarios name the interfaces of their
// topology, and the switch has names of its own ("p1" is 1:5). A node without a mapping
// gives nil.
type PortMapper interface {
	Ports(node string) map[string]string
}

// Device is the piece of equipment that a lab chose for a node.
type Device struct {
	Name     string `json:"name"` // in the inventory
	Platform string `json:"platform"`
	Model    string `json:"model,omitempty"`
	Serial   string `json:"serial,omitempty"` // what the device must say it is
	// Version is the condition that the request puts on the software (">=32.7 <33"), empty for any.
	Version string `json:"version,omitempty"`
	// Marks are what must be said wherever evidence of this device goes ("simulated", "licence").
	Marks []string `json:"marks,omitempty"`
}

// RestorePoint is what brings a device back to what it was before it was touched.
type RestorePoint struct {
	Checkpoint string    `json:"checkpoint"`        // name of the configuration saved on the device
	Selected   string    `json:"selected"`          // configuration that the device starts with by itself
	Unsaved    bool      `json:"unsaved,omitempty"` // which was never saved
	Config     []byte    `json:"-"`                 // the whole running configuration as text, kept beside the entry
	SHA256     string    `json:"sha256"`            // of Config, hexadecimal
	Version    string    `json:"version"`
	Serial     string    `json:"serial"`
	Taken      time.Time `json:"taken"`
}

// RestoreJournal is a lab of devices that were there before it and stay after it: what is done
// to them has to be undone, by whoever is left to do so. The harness calls Keep after the
// identity was checked and before the first line of configuration, and Restored when the
// device has its configuration back, compared line by line. Release ends the leases of
// devices with no open entry, and of those alone.
type RestoreJournal interface {
	Device(node string) (Device, error)
	// Keep writes the restore point; when it returns nil, it has reached the disk.
	Keep(ctx context.Context, node string, w RestorePoint) error
	// Kept gives the open entry of a node's device.
	Kept(node string) (w RestorePoint, ok bool, err error)
	// Restored ends the entry.
	Restored(ctx context.Context, node string) error
	// Quarantine names a device that could not be brought back: it is given to nobody.
	Quarantine(ctx context.Context, node, reason string) error
}

// Loser is a lab whose devices can be taken away while they are used. Once Lost is closed,
// nothing of the lab may be touched any more, not even to bring it back: that is then the
// business of who took it. Err says what happened.
type Loser interface {
	Lost() <-chan struct{}
	Err() error
}

// How says how a node was brought back.
type How string

// The restore points.
const (
	BySnapshot How = "snapshot" // in place, memory and disk
	ByBoot     How = "boot"     // from a fresh disk
)

// Resetter is a lab that can bring a node back to what it was when the lab was reserved:
// disk, memory and interfaces. Sessions with the node end. Faults on its links stay in force.
type Resetter interface {
	// Reset returns how it was done; why says, of a node that was booted, what kept it from
	// its snapshot.
	Reset(ctx context.Context, node string) (how How, why string, err error)
}

// AllResetter is a Resetter that has less work with all nodes at once than with one after the other.
type AllResetter interface {
	// ResetAll is Reset for every node.
	ResetAll(ctx context.Context) (how How, why string, err error)
}

// ResetTeller is a provider that tells, before anything is built, whether the lab of a topology will be a [Resetter].
type ResetTeller interface {
	Resets(t Topology) bool
}

// Kind of lab, as scenarios name them under fidelity.
type Kind string

// Kinds of lab, weakest first.
const (
	KindSimulator Kind = "simulator" // command lines without a data plane: proves nothing
	KindContainer Kind = "container"
	KindVM        Kind = "vm"
	KindHardware  Kind = "hardware"
)

// Kinder is a provider that tells what kind of lab a topology becomes. One that does not
// say builds containers.
type Kinder interface {
	Kind(t Topology) Kind
}

// BuiltKinder is a lab that tells what kind it became.
type BuiltKinder interface {
	Kind() Kind
}
