package topologies

import "context"

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
	Proto     string `yaml:"proto" json:"proto,omitempty" jsonschema_description:"Protocol of IPv4 or IPv6: tcp, udp, icmp, icmp6, ospf, vrrp, or a number."`
	SrcIP     string `yaml:"src-ip" json:"src-ip,omitempty" jsonschema_description:"Address or prefix of the sender."`
	DstIP     string `yaml:"dst-ip" json:"dst-ip,omitempty" jsonschema_description:"Address or prefix of the receiver."`
	SrcPort   int    `yaml:"src-port" json:"src-port,omitempty" jsonschema_description:"Port of the sender, of TCP or UDP."`
	DstPort   int    `yaml:"dst-port" json:"dst-port,omitempty" jsonschema_description:"Port of the receiver, of TCP or UDP."`
}

// Fault is a fault on the link at one endpoint.
type Fault struct {
	Kind      FaultKind
	Endpoint  Endpoint
	Direction Direction  // FaultDrop only; empty means DirectionIn
	Match     FrameMatch // FaultDrop only
	// Probability is the share of matching frames that FaultDrop drops, 0 < p ≤ 1; 0 means 1.
	Probability float64
}

// DropBy is what a lab drops frames with for FaultDrop. Each acts on the same frames.
type DropBy string

// What frames are dropped with. The zero value is the first that the kernel allows.
const (
	// DropByXDP is a program in the kernel where frames arrive. Root of the machine alone may load
	// it. The sender's own packet sockets see what it drops as sent.
	DropByXDP DropBy = "xdp"
	// DropByNFT is rules of nftables at the far end of the cable, as frames leave; root of a
	// namespace may set them. The sender's own packet sockets do not see what they drop, and a
	// packet socket that sends past the queues (PACKET_QDISC_BYPASS) passes them, which Fired tells.
	DropByNFT DropBy = "nftables"
)

// DropsBy lists them.
func DropsBy() []DropBy { return []DropBy{DropByXDP, DropByNFT} }

// DropTeller is an Active that says what it drops frames with; empty where it drops none.
type DropTeller interface{ DropBy() DropBy }

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
