package infer

import (
	"net/netip"
)

// Likeness is how much a lab's node is the customer's. The zero value is invalid.
type Likeness string

// Likenesses.
const (
	Exact      Likeness = "exact"      // the same software and version
	Near       Likeness = "near"       // the same software, of another version, or of files that are not whole
	Substitute Likeness = "substitute" // other software; Equal and Differs say what of it is equal
	NotShown   Likeness = "not shown"  // nothing is known that a lab could show
)

// Network is what is known of a network.
type Network struct {
	Nodes   []Node   `json:"nodes"`
	Links   []Link   `json:"links"`
	LAGs    []LAG    `json:"lags,omitempty"`
	Pairs   []Pair   `json:"pairs,omitempty"` // of MLAG and virtual IST
	Subnets []Subnet `json:"subnets,omitempty"`
	// Contradictions are what two devices say against each other.
	Contradictions []string `json:"contradictions,omitempty"`
	// Unknown is what could not be known.
	Unknown []string `json:"unknown,omitempty"`
}

// Node is one device.
type Node struct {
	Name       string          `json:"name"`
	Platform   string          `json:"platform,omitempty"`
	Version    string          `json:"version,omitempty"`
	Model      string          `json:"model,omitempty"`
	Serial     string          `json:"serial,omitempty"`
	Units      []string        `json:"units,omitempty"`
	Interfaces []Interface     `json:"interfaces,omitempty"`
	VLANs      []VLAN          `json:"vlans,omitempty"`
	RouterID   string          `json:"router-id,omitempty"`
	AS         string          `json:"as,omitempty"`
	BGP        []Peer          `json:"bgp,omitempty"`
	OSPF       []Area          `json:"ospf,omitempty"`
	VRRP       []VirtualRouter `json:"vrrp,omitempty"`

	Likeness Likeness `json:"likeness"`
	// Speaker is what stands for a substitute: frr, bird or ovs.
	Speaker string   `json:"speaker,omitempty"`
	Image   string   `json:"image,omitempty"`
	Equal   []string `json:"equal,omitempty"`
	Differs []string `json:"differs,omitempty"`
	// TakenOut are lines of the configuration that a lab does not get.
	TakenOut []string `json:"taken-out,omitempty"`
	// Config is the configuration for the lab; written to a file of its own.
	Config string `json:"-"`
	// Ports are the lab's names of the interfaces, by those of the device.
	Ports map[string]string `json:"ports,omitempty"`

	// Sent is the configuration as it was sent, with its secrets; it is for who replaces them.
	Sent string `json:"-"`

	device   string                    // as its files call it
	lacks    []string                  // what of its files did not come
	tags     map[string]*switched      // ports that are switched, by key
	lacp     map[string]bool           // aggregates with LACP, by key
	cabled   map[string][]netip.Prefix // addresses that the lab's cable has, by the port
	ospf     []string                  // what OSPF does besides networks and areas
	ifaces   map[string]int            // of Interfaces, by key
	standing map[string]*standing      // of interfaces, by key
	vlans    map[int]int               // of VLANs, by ID
	own      []netip.Addr              // of interfaces, as its configuration says beside virtual routers
	has      map[[2]string]bool
	spelt    map[string]string // names of interfaces and ports, by key
	left     leaver            // lines of the configuration that nothing reads
}

// Has reports whether the device has a port or an interface of that name, however its files spell it.
func (n *Node) Has(port string) bool {
	_, ok := n.spelt[key(port)]
	return ok
}

// Interface is one with an address, or a VLAN's or an aggregate's.
type Interface struct {
	Name      string         `json:"name"`
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	// Ports are those that it stands for, of a VLAN or an aggregate.
	Ports      []string `json:"ports,omitempty"`
	Management bool     `json:"management,omitempty"`
}

// VLAN is one of a device.
type VLAN struct {
	ID   int    `json:"id"`
	Name string `json:"name,omitempty"`
}

// Peer is a neighbour of BGP.
type Peer struct {
	Address string `json:"address"`
	AS      string `json:"as"`
}

// Area is where OSPF runs: on a network, or on an interface.
type Area struct {
	Network   string `json:"network,omitempty"`
	Interface string `json:"interface,omitempty"`
	Area      string `json:"area"`
}

// Endpoint is a port of a node, as the node calls it.
type Endpoint struct {
	Node string `json:"node"`
	Port string `json:"port"`
}

func (e Endpoint) String() string { return e.Node + ":" + e.Port }

// Sides says who tells of a link.
type Sides string

// Sides.
const (
	Both    Sides = "both"   // both ends name the other
	One     Sides = "one"    // one end names the other
	SameNet Sides = "subnet" // both ends are in one network, and nobody else
)

// Link is a cable.
type Link struct {
	A     Endpoint `json:"a"`
	B     Endpoint `json:"b"`
	Sides Sides    `json:"sides"`
	// By is what tells of it: lldp, edp, cdp, ospf, isis, bgp, or a network.
	By []string `json:"by"`
}

// LAG is an aggregate of ports of one device.
type LAG struct {
	Node    string   `json:"node"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
	LACP    bool     `json:"lacp,omitempty"` // as the configuration has it
	// Lab is what the lab's switch calls it; empty where it has none.
	Lab string `json:"lab,omitempty"`
}

// Pair are two devices that are one to a third.
type Pair struct {
	Node string `json:"node"`
	Kind string `json:"kind"` // mlag or virtual-ist
	// Peer is what the device calls the other, or its address; Other the device that has it.
	Peer  string `json:"peer"`
	Other string `json:"other,omitempty"`
}

// Subnet is a network and who is in it.
type Subnet struct {
	Prefix  netip.Prefix `json:"prefix"`
	Members []Endpoint   `json:"members"`
}

// Of is the node of a device, by the name that its files give it, with or without its domain; nil where there
// is none.
func (n *Network) Of(device string) *Node {
	for i := range n.Nodes {
		if node := &n.Nodes[i]; node.Name == device || hostOf(node.device) == hostOf(device) {
			return node
		}
	}
	return nil
}
