package wiring

import (
	"context"
	"errors"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/procs"
	"github.com/reprise-lab/reprise/topologies/traffic"
)

// Kind names an operation.
type Kind string

// The operations.
const (
	Connect    Kind = "connect"    // make the cable A–B; both ends come up, unless Down keeps them
	Disconnect Kind = "disconnect" // remove the cable at A; it may be gone already
	State      Kind = "state"      // shut A's interface, or bring it up
	MakeBridge Kind = "bridge"     // make the segment in A's namespace
	Drop       Kind = "drop"       // have what arrives at A and any of Filters matches be dropped, and nothing else
	Count      Kind = "count"      // frames that were dropped so by the filter called Name
	Reserve    Kind = "reserve"    // keep Places interface indexes free for cables in A's namespace
	Lay        Kind = "lay"        // make everything of Lot at once
	Look       Kind = "look"       // what is in A's namespace; Guards only where A is of a segment that has them
	Kill       Kind = "kill"       // end the process group that A.PID leads
	Watch      Kind = "watch"      // see how the processes of Container end, from now on; of a Serve only
	Ends       Kind = "ends"       // how they ended so far; of a Serve only
	HandTap    Kind = "tap"        // open Tap in A's namespace, and hand it to who listens at To
	Divert     Kind = "divert"     // have what leaves B for A, and any of Filters matches, be handed to their groups instead
	Diverted   Kind = "diverted"   // what became so of the filter called Name
	HandSocket Kind = "socket"     // likewise Socket
	Hold       Kind = "hold"       // hold A's namespace until Free; Ends, which are in it, go down when its processes have ended
	Move       Kind = "move"       // take the end of the cable A–B that has the index From in the namespace Held to A; it is down then
	Free       Kind = "free"       // let go of the namespace Held, with the ends that are still in it
	Own        Kind = "own"        // what is at A that a lab does not put there
)

// Op is one operation.
type Op struct {
	Kind    Kind     `json:"kind"`
	A       Port     `json:"a"`
	B       Port     `json:"b,omitzero"`        // Connect; Move: its Index alone; Drop, Count: the far end of A's cable, unset where there is none
	MTU     int      `json:"mtu,omitempty"`     // Connect, Move; 0 means 1500
	Down    bool     `json:"down,omitempty"`    // Connect: the ends stay down until State brings them up
	Up      bool     `json:"up,omitempty"`      // State
	Filters []Filter `json:"filters,omitempty"` // Drop
	Name    string   `json:"name,omitempty"`    // Count; HandTap, HandSocket: of what is handed over, for who takes it
	// By is what drops. For Drop, empty means the first that the kernel allows; for Count, and to
	// take filters away, it is the one that Drop answered.
	By      topologies.DropBy `json:"by,omitempty"`
	Leaving []string          `json:"leaving,omitempty"` // Look: interfaces at whose far ends frames are dropped that leave them
	Bridge  Segment           `json:"bridge,omitzero"`   // MakeBridge
	Places  int               `json:"places,omitempty"`  // Reserve
	Lot     *Lot              `json:"lot,omitempty"`     // Lay
	Ends    []Port            `json:"ends,omitempty"`    // Hold
	Held    int               `json:"held,omitempty"`    // Move, Free: what Hold answered
	From    int               `json:"from,omitempty"`    // Move

	Container string `json:"container,omitempty"` // Watch, Ends: the engine's id

	Tap    capture.Tap    `json:"tap,omitzero"`    // HandTap
	Socket traffic.Socket `json:"socket,omitzero"` // HandSocket
	To     string         `json:"to,omitempty"`    // HandTap, HandSocket: path of a socket
}

// Lot is all of a lab whose namespaces are new: nothing has run there, and no interfaces are in
// them but those that the kernel makes; or whose cables have places by Reserve. Who lays it is in a
// namespace of its own, which nobody else uses, or is told to go into one.
type Lot struct {
	Places map[int]int     `json:"places"`           // by the process of each namespace: how many cables end there
	Width  int             `json:"width,omitempty"`  // indexes of each place, of which the cable takes the first: 1 (also as 0) or 2
	Firsts map[int]int     `json:"firsts,omitempty"` // of those whose cables have places: the first index
	Bridge map[int]Segment `json:"bridge,omitempty"` // that are to be made
	Cables []LotCable      `json:"cables"`
	Apart  bool            `json:"apart,omitempty"` // others use the namespace of who lays it
}

// LotCable is a cable of a lot. The index of each port is its place among the cables of its
// namespace, from 0.
type LotCable struct {
	A   Port `json:"a"`
	B   Port `json:"b"`
	MTU int  `json:"mtu,omitempty"`
}

// Port is an interface in the network namespace of a process.
type Port struct {
	PID       int     `json:"pid"` // or what else the [Opener] of who carries it out takes
	Interface string  `json:"interface,omitempty"`
	Index     int     `json:"index,omitempty"` // that Connect gives it; 0 means the next
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

// Filter says which of the frames that arrive at an interface are dropped.
type Filter struct {
	ID          string                `json:"id"` // names it on its interface; at most 16 bytes
	Match       topologies.FrameMatch `json:"match"`
	Probability float64               `json:"probability,omitempty"` // Drop; 0 means 1
	Group       uint16                `json:"group,omitempty"`       // Divert: of nfnetlink_log, from 1
	Pick        Pick                  `json:"pick,omitzero"`         // Drop, by a program alone
}

// Pick says which of the frames that a filter matches are dropped; see topologies.FrameFault.
type Pick struct {
	Filters []string       `json:"filters,omitempty"` // in tcpdump's syntax; all have to hold
	Nth     int            `json:"nth,omitempty"`
	Count   int            `json:"count,omitempty"`
	Every   int            `json:"every,omitempty"`
	Lot     topologies.Lot `json:"lot,omitempty"`     // by which the share of Probability is drawn
	Chance  bool           `json:"chance,omitempty"`  // nothing depends on which frames are drawn: others may be
	Matched uint64         `json:"matched,omitempty"` // frames that have matched before the filter was set, as on another cable
	Picked  uint64         `json:"picked,omitempty"`  // and those of them that were dropped
}

// FilterOf is the filter that drops what a fault picks of the frames on their way to an endpoint. seed is that by which they are drawn;
// 0: nothing is left to chance.
func FilterOf(id string, fault topologies.Fault, to topologies.Endpoint, seed uint64) Filter {
	f := Filter{ID: id, Match: fault.Match, Probability: fault.Probability, Pick: Pick{
		Nth: fault.Frames.Nth, Count: fault.Frames.Count, Every: fault.Frames.Every,
	}}
	if seed != 0 {
		f.Pick.Lot, f.Pick.Chance = topologies.NewLot(seed, to), fault.Frames.Seed == 0
	}
	for _, text := range []string{fault.Frames.Filter, fault.Frames.Message} {
		if text != "" {
			f.Pick.Filters = append(f.Pick.Filters, text)
		}
	}
	return f
}

// Result of an operation.
type Result struct {
	Count   uint64            `json:"count,omitempty"`   // of Count; of Diverted, what was handed over
	Arrived uint64            `json:"arrived,omitempty"` // of Diverted: what the filter matches and arrived at the far end
	Past    uint64            `json:"past,omitempty"`    // of Diverted: frames that went past the rules, the wire's own among them, where nobody sees what arrives
	Program int               `json:"program,omitempty"` // of Drop: the kernel's number of what drops; 0 where nothing does
	Egress  int               `json:"egress,omitempty"`  // of Drop: stands for the rules that drop at the far end; 0 where none do
	By      topologies.DropBy `json:"by,omitempty"`      // of Drop
	// Acted is what a program's filter did, of Count; Ended what those did that Drop has taken away, by name.
	Acted *topologies.Acted           `json:"acted,omitempty"`
	Ended map[string]topologies.Acted `json:"ended,omitempty"`
	// Now is when a Serve answered, by its machine's clock, where it tells of frames: their times are of that clock.
	Now   time.Time `json:"now,omitzero"`
	First int       `json:"first,omitempty"` // of Reserve: the first index
	Held  int       `json:"held,omitempty"`  // of Hold
	Own   []string  `json:"own,omitempty"`   // of Own: addresses, and names of what is made over the interface
	View  View      `json:"view,omitzero"`   // of Look; of Reserve, the namespace alone

	// Of Lay, by the process of each namespace: its first index and its inode. The cable at place
	// n has index first + 2n, and the one after it is free.
	Firsts map[int]int    `json:"firsts,omitempty"`
	Spaces map[int]uint64 `json:"spaces,omitempty"`

	// Of Ends; see procs.Watcher.
	Ends   []procs.End `json:"ends,omitempty"`
	Missed time.Time   `json:"missed,omitzero"`
	Why    string      `json:"why,omitempty"`
}

// View is what is in a network namespace.
type View struct {
	Space uint64 `json:"space"` // inode of the namespace
	Links []Link `json:"links,omitempty"`
	// Guards names the interfaces that keep spanning tree frames from their segment.
	Guards []string `json:"guards,omitempty"`
}

// Link is a cable's end or a bridge.
type Link struct {
	Name    string `json:"name"`
	Index   int    `json:"index"`
	Peer    int    `json:"peer,omitempty"`    // index of the cable's other end, where that is
	Master  int    `json:"master,omitempty"`  // index of the bridge that it is a member of
	Program int    `json:"program,omitempty"` // the kernel's number of the XDP program on it
	Egress  int    `json:"egress,omitempty"`  // stands for the rules that drop what leaves it; 0: none, or nobody asked
	MTU     int    `json:"mtu,omitempty"`
	Up      bool   `json:"up,omitempty"`
}

// Wirer carries operations out. It is safe for use by several goroutines.
type Wirer interface {
	Apply(ctx context.Context, op Op) (Result, error)
	Close() error
}

// Local carries operations out in this process, on processes that Open stands for. One of [NewLocal] may also
// be asked to hold networks.
type Local struct {
	Open  Opener
	holds *holds // nil: it holds none
}

// NewLocal gives a Local on processes as the kernel numbers them.
func NewLocal() Local { return Local{holds: &holds{}} }

// Apply implements Wirer.
func (l Local) Apply(ctx context.Context, op Op) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	switch op.Kind {
	case Hold, Move, Free:
		if l.holds == nil {
			return Result{}, errors.New("networks are not held here")
		}
		return l.holds.apply(l.Open, nil, op) //nolint:contextcheck // what is held outlives what asks for it
	default:
		return l.Open.Apply(op)
	}
}

// Close implements Wirer: nothing is held any more.
func (l Local) Close() error {
	if l.holds != nil {
		l.holds.close()
	}
	return nil
}
