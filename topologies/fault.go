package topologies

import (
	"context"
	"slices"
	"time"
)

// FaultKind names a fault that a lab can put on a link.
type FaultKind string

// The faults of a link. Each has an inverse, which Active.Heal applies.
const (
	// FaultDown shuts the interface at the endpoint; the other end loses carrier.
	FaultDown FaultKind = "down"
	// FaultDrop drops frames that match the predicate on the wire: they have left their
	// sender, which learns nothing of it, and nothing at the other end sees them, be it the
	// kernel, a packet socket or a capture.
	FaultDrop FaultKind = "drop"
	// FaultReplug removes the interface pair and creates it again under the same
	// names, as a module that is pulled and put back: both ends get a new interface
	// index. It has taken place when Inject returns; Heal does nothing.
	FaultReplug FaultKind = "replug"
)

// The faults of a link that act on the frames which FaultDrop would drop. What they still hold when
// they are healed goes on then, in its order.
const (
	FaultDelay     FaultKind = "delay"     // they arrive later
	FaultDuplicate FaultKind = "duplicate" // they arrive twice
	FaultCorrupt   FaultKind = "corrupt"   // one byte of them is another
	FaultReorder   FaultKind = "reorder"   // they arrive after some that were sent later
	FaultTruncate  FaultKind = "truncate"  // they are cut off
	FaultRate      FaultKind = "rate"      // they arrive no faster than so many bits a second
	FaultMTU       FaultKind = "mtu"       // those that are longer are lost
	FaultHold      FaultKind = "hold"      // they arrive when the fault is healed
)

// OnFrames says whether a fault acts on frames.
func (k FaultKind) OnFrames() bool {
	return slices.Contains([]FaultKind{FaultDrop, FaultDelay, FaultDuplicate, FaultCorrupt, FaultReorder, FaultTruncate, FaultRate, FaultMTU, FaultHold}, k)
}

// FrameFault says of a fault on frames which of those it acts on that its match and its filter let
// through, and how. Each direction of a cable counts for itself, from when the fault took force.
type FrameFault struct {
	Filter  string // in tcpdump's syntax, beside the match; empty: every frame
	Message string // likewise, of what the match says of messages; see Plain
	Nth     int    // the first frame that is acted on, from 1; 0 means the first
	Count   int    // how many from there; 0 means all
	Every   int    // of those every so manieth, from the first; 0 means every one
	Seed    uint64 // of Probability; 0: by chance

	LSA          string       // a name of LSATypes that a frame has to carry; empty: any or none
	Attribute    string       // a name of PathAttributes, likewise
	Transmission Transmission // which of its message a frame has to be; empty: any

	Delay   time.Duration // FaultDelay
	Jitter  time.Duration // FaultDelay: so much more or less, each as likely
	Unorder bool          // FaultDelay: frames may overtake others
	Offset  int           // FaultCorrupt: of the byte in the frame
	XOR     int           // FaultCorrupt: what is changed of it
	After   int           // FaultReorder: how many frames overtake
	Size    int           // FaultTruncate: bytes that are left of the frame; FaultMTU: bytes of its payload that are carried
	Rate    int64         // FaultRate: bits a second
	Queue   int           // FaultRate: bytes that may wait; more are lost
}

// Picks says whether frames are picked by more than the match and chance.
func (f FrameFault) Picks() bool {
	return f.Filter != "" || f.Message != "" || f.LSA != "" || f.Attribute != "" || f.Transmission != "" || f.Nth != 0 || f.Count != 0 || f.Every != 0 || f.Seed != 0
}

// Transmission says which transmission of its message a frame is, of those since the fault took force.
type Transmission string

// The transmissions. A message is the same as one before by what its protocol compares: an LSA of OSPF by
// type, ID, router, number and checksum, an LSP of IS-IS likewise, data of TCP by its place in the
// stream; any other when its bytes are the same, those aside that IP and OSPF count and authenticate it by.
// A frame with several LSAs is one that is sent again when all of them are, of the type alone that a fault asks for.
const (
	TransmissionFirst Transmission = "first"
	TransmissionAgain Transmission = "again"
)

// Transmissions lists them.
func Transmissions() []Transmission { return []Transmission{TransmissionFirst, TransmissionAgain} }

// InKernel says whether nothing of how frames are picked takes a program of ours that stands on the cable.
func (f FrameFault) InKernel() bool { return f.LSA == "" && f.Attribute == "" && f.Transmission == "" }

// Acted is what a fault on frames did.
type Acted struct {
	Matched uint64   `json:"matched"`          // frames that its match and its filter let through
	Hit     uint64   `json:"hit"`              // of those, the ones that it acted on
	Passed  uint64   `json:"passed"`           // and those that it let pass
	Full    uint64   `json:"full,omitempty"`   // lost because the queue of FaultRate was full
	Healed  uint64   `json:"healed,omitempty"` // let go when the fault was healed
	Lost    uint64   `json:"lost,omitempty"`   // held when their cable was laid anew
	Seed    uint64   `json:"seed,omitempty"`   // by which frames were picked
	By      []DropBy `json:"by,omitempty"`     // what did it, one after the other
	// Late is how much later than it was to a frame went on, at most. One that was read after this program
	// did not run may have come when it began not to.
	Late time.Duration `json:"late,omitempty"`
	Hits []Hit         `json:"hits,omitempty"` // the first MaxHits
}

// Join adds what was done on another way, or later.
func (a Acted) Join(x Acted) Acted {
	a.Matched, a.Hit, a.Passed = a.Matched+x.Matched, a.Hit+x.Hit, a.Passed+x.Passed
	a.Full, a.Healed, a.Lost = a.Full+x.Full, a.Healed+x.Healed, a.Lost+x.Lost
	a.Seed, a.Late = x.Seed, max(a.Late, x.Late)
	a.Hits = slices.Concat(a.Hits, x.Hits)
	slices.SortStableFunc(a.Hits, func(x, y Hit) int { return x.Time.Compare(y.Time) })
	a.Hits = a.Hits[:min(len(a.Hits), MaxHits)]
	return a
}

// MaxHits bounds how many frames a fault tells of.
const MaxHits = 100

// Hit is a frame that a fault acted on.
type Hit struct {
	To      string    `json:"to"`      // the endpoint that it was on its way to
	Ordinal uint64    `json:"ordinal"` // among the frames that matched on that way
	Time    time.Time `json:"time"`
	Length  int       `json:"length"`            // in bytes, as it came
	Digest  string    `json:"digest"`            // begin of the SHA-256, as it came
	Summary string    `json:"summary,omitempty"` // what it was, decoded, in a line
}

// Direction says which frames FaultDrop drops, seen from its endpoint.
type Direction string

// The directions. The zero value is DirectionIn.
const (
	DirectionIn   Direction = "in"   // frames that would arrive at the endpoint
	DirectionOut  Direction = "out"  // frames that the endpoint sends
	DirectionBoth Direction = "both" // both
)

// FrameMatch is a predicate over one Ethernet frame: every field that is set must
// hold. The zero value matches every frame. Fields of IP are looked for behind up to two
// VLAN tags; EtherType is that of the payload, or of the tag in front of it.
type FrameMatch struct {
	SrcMAC    string `yaml:"src-mac" json:"src-mac,omitempty" jsonschema_description:"Hardware address of the sender."`
	DstMAC    string `yaml:"dst-mac" json:"dst-mac,omitempty" jsonschema_description:"Hardware address of the receiver."`
	EtherType string `yaml:"ethertype" json:"ethertype,omitempty" jsonschema_description:"ip, ip6, arp, lldp, or a number such as 0x88cc."`
	Proto     string `yaml:"proto" json:"proto,omitempty" jsonschema_description:"Protocol of IPv4 or IPv6: tcp, udp, icmp, icmp6, ospf, vrrp, or a number; with a type also bgp, isis, lacp, lldp, stp, bfd, arp, dhcp."`
	Type      string `yaml:"type" json:"type,omitempty" jsonschema_description:"Message of the protocol, such as ls-update of ospf. It is found in IPv4 and IPv6 behind VLAN tags; of BGP, at the begin of a segment."`
	SrcIP     string `yaml:"src-ip" json:"src-ip,omitempty" jsonschema_description:"Address or prefix of the sender."`
	DstIP     string `yaml:"dst-ip" json:"dst-ip,omitempty" jsonschema_description:"Address or prefix of the receiver."`
	SrcPort   int    `yaml:"src-port" json:"src-port,omitempty" jsonschema_description:"Port of the sender, of TCP or UDP."`
	LSA       string `yaml:"lsa" json:"lsa,omitempty" jsonschema_description:"With type ls-update or ls-ack of ospf: a type of LSA that is in the message: router, network, summary, asbr-summary, external, nssa, opaque-link, opaque-area, opaque-as; of OSPFv3 also link and intra-area-prefix, where summary is inter-area-prefix and asbr-summary inter-area-router."`
	Attribute string `yaml:"attribute" json:"attribute,omitempty" jsonschema_description:"With type update of bgp: a path attribute that is in the message, such as med, local-pref or communities, as far as it is in the segment that the message begins in."`
	DstPort   int    `yaml:"dst-port" json:"dst-port,omitempty" jsonschema_description:"Port of the receiver, of TCP or UDP."`
}

// Fault is a fault on the link at one endpoint.
type Fault struct {
	Kind      FaultKind
	Endpoint  Endpoint
	Direction Direction  // faults on frames only; empty means DirectionIn
	Match     FrameMatch // faults on frames only
	// Probability is the share of matching frames that are acted on, 0 < p ≤ 1; 0 means 1.
	Probability float64
	Frames      FrameFault // faults on frames only
}

// DropBy is what a lab drops frames with for FaultDrop. Each acts on the same frames.
type DropBy string

// What frames are dropped with. The zero value is the first that the kernel allows.
const (
	// DropByXDP is a program in the kernel (eBPF) where frames arrive, which also picks frames by their number,
	// a filter or a share. Root of the machine alone may load it. The sender's own packet sockets see what it
	// drops as sent, and what they send past the queues is dropped too. Where the node has an XDP program of
	// its own, there is no place for it.
	DropByXDP DropBy = "xdp"
	// DropByTC is the same program at the far end of the cable, as frames leave, before an XDP program of the
	// receiver's. What passes the queues passes it, as with DropByNFT, and is told.
	DropByTC DropBy = "tc"
	// DropByNFT is rules of nftables at the far end of the cable, as frames leave; root of a
	// namespace may set them. The sender's own packet sockets do not see what they drop, and a
	// packet socket that sends past the queues (PACKET_QDISC_BYPASS) passes them, which Fired tells.
	DropByNFT DropBy = "nftables"
	// DropByWire is a program of ours that stands on the cable: rules of nftables at its far end hand it
	// what a fault may act on, and the rest goes the kernel's way. It alone does anything else with frames
	// but drop them, and picks them by what only a program can tell of a message; the others where no program
	// can be loaded.
	DropByWire DropBy = "wire"
	// DropByNetem is the queue of the sending machine's own kernel, in labs of machines alone. It drops and delays
	// all frames of a way, or a share of them, duplicates all of them, and tells of none which it was.
	DropByNetem DropBy = "netem"
)

// DropsBy lists those that a lab of containers or namespaces can be asked for.
func DropsBy() []DropBy { return []DropBy{DropByXDP, DropByTC, DropByNFT, DropByWire} }

// Engines lists what can carry a fault on frames out in labs of containers and namespaces, the first that a lab takes
// first. In labs of machines it is DropByXDP for what drops frames that are picked, DropByNetem, or nothing.
func (f Fault) Engines() []DropBy {
	switch {
	case f.Kind != FaultDrop || !f.Frames.InKernel():
		return []DropBy{DropByWire}
	case f.Frames.Picks():
		return []DropBy{DropByXDP, DropByTC, DropByWire}
	default:
		return DropsBy()
	}
}

// DropTeller is an Active that says what it drops frames with; empty where it drops none.
type DropTeller interface{ DropBy() DropBy }

// ActedTeller is an Active that says in full what it did, in force or healed; ok is false where it
// cannot tell more than Fired.
type ActedTeller interface{ Acted() (a Acted, ok bool) }

// LossTeller is an Active that took something away which Heal does not put back: what it was, and where, for people.
// Of [FaultReplug], that is what stood at the ends of a cable beyond what the lab had given them.
type LossTeller interface{ Lost() []string }

// Faulter is a lab that can put faults on its links. An ability it lacks is a *MissingError.
type Faulter interface {
	Inject(ctx context.Context, f Fault) (Active, error)
}

// Active is a fault that is in force. Heal may be called more than once.
type Active interface {
	// Fired counts the frames that the fault acted on; for FaultDown and FaultReplug it is 1.
	Fired(ctx context.Context) (uint64, error)
	Heal(ctx context.Context) error
}
