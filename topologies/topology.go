package topologies

import (
	"maps"
	"slices"
)

// Kinds that are not a switch but a shared segment (a LAN) in containerlab's
// format. Every other kind is a container whose platform a driver knows.
const (
	KindBridge    = "bridge"
	KindOVSBridge = "ovs-bridge"
	KindLinux     = "linux"
)

// LabelGroupForward is the node label with which a segment of kind bridge says
// which link-local frames (01:80:c2:00:00:0X, IEEE 802.1Q-2018 table 8-1) it
// passes: a mask as the kernel's group_fwd_mask, bit X for address 0X. Without it
// a bridge eats them all, as a real IEEE bridge does.
const LabelGroupForward = "reprise.group-fwd-mask"

// LabelBridgeName is the node label that names the bridge inside a segment's
// container; without it the bridge is br0.
const LabelBridgeName = "reprise.bridge-name"

// LabelPlacement is the node label that names the host of a node where the lab is spread over several. Scenarios have a
// key of their own for it: placement.
const LabelPlacement = "reprise.placement"

// PlacementAuto is the host of a node that may be on any, and whose lab may therefore be on several.
const PlacementAuto = "auto"

// Topology is a resolved lab: inheritance is applied and every link's nodes exist.
type Topology struct {
	Name  string
	Dir   string // folder that relative paths in the file are relative to
	Nodes []Node // in the file's order
	Links []Link // in the file's order
	// Standing are faults that are in force all the time, as the links' file has them. A lab does not put
	// them in by itself: who uses it does, by [Faulter].
	Standing []Fault
}

// Node is one resolved node of a lab.
type Node struct {
	Name          string
	Kind          string
	Type          string
	Image         string
	StartupConfig string // path relative to Topology.Dir, or the text itself when it spans lines
	Exec          []string
	Binds         []string // host:container[:ro]; a relative host part is relative to Topology.Dir
	Env           map[string]string
	Cmd           string
	Entrypoint    string
	Ports         []string
	CapAdd        []string
	Rights        []Right // exceptions, of label LabelRights or from the scenario
	Sysctls       map[string]string
	User          string
	Labels        map[string]string
	Memory        string // as containerlab writes it: 512MB, 1GiB
	CPU           float64
	NetworkMode   string // empty: no engine network at all
	MgmtIPv4      string
	Group         string
	Runtime       Runtime
	Placement     string // host that it runs on where the lab is spread over hosts, of label LabelPlacement or from the scenario; empty: any
}

// Runtime is what builds a node, where the topology says so.
type Runtime string

// Runtimes that are told apart; whatever else a topology names says nothing.
const (
	RuntimeContainers Runtime = "containers"
	RuntimeNamespaces Runtime = "namespaces"
)

// IsSegment says whether the node is a shared LAN rather than a device.
func (n Node) IsSegment() bool { return n.Kind == KindBridge || n.Kind == KindOVSBridge }

// Endpoint is one end of a link: node:interface, with what the extended link form
// may fix beforehand.
type Endpoint struct {
	Node      string `json:"node"`
	Interface string `json:"interface"`
	Alias     string `json:"alias,omitempty"` // what the file calls the interface, where that is a vendor's name
	MAC       string `json:"mac,omitempty"`
	IPv4      string `json:"ipv4,omitempty"` // prefix form, 10.0.0.1/24
	IPv6      string `json:"ipv6,omitempty"`
}

// String gives the form people write: node:interface.
func (e Endpoint) String() string { return e.Node + ":" + e.Interface }

// Link joins two endpoints. MTU 0 means the platform's default (1500).
type Link struct {
	A   Endpoint `json:"a"`
	B   Endpoint `json:"b"`
	MTU int      `json:"mtu,omitempty"`
}

// Node finds a node by name.
func (t Topology) Node(name string) (Node, bool) {
	for _, n := range t.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// Names gives the node names in the file's order.
func (t Topology) Names() []string {
	names := make([]string, 0, len(t.Nodes))
	for _, n := range t.Nodes {
		names = append(names, n.Name)
	}
	return names
}

// Interfaces gives the interfaces that links attach to a node, in link order.
func (t Topology) Interfaces(node string) []string {
	var ifs []string
	for _, l := range t.Links {
		for _, e := range []Endpoint{l.A, l.B} {
			if e.Node == node && !slices.Contains(ifs, e.Interface) {
				ifs = append(ifs, e.Interface)
			}
		}
	}
	return ifs
}

// Link finds the link that has e's node and interface as one end, and returns it
// turned round so that A is that end.
func (t Topology) Link(node, iface string) (Link, bool) {
	for _, l := range t.Links {
		if l.A.Node == node && l.A.Interface == iface {
			return l, true
		}
		if l.B.Node == node && l.B.Interface == iface {
			l.A, l.B = l.B, l.A
			return l, true
		}
	}
	return Link{}, false
}

// Part is a topology of some of t's nodes, with all of its links: those of the part's nodes may
// end at others.
func (t Topology) Part(of func(Node) bool) Topology {
	t.Nodes = slices.DeleteFunc(slices.Clone(t.Nodes), func(n Node) bool { return !of(n) })
	return t
}

// Clone copies t deeply enough that changing a node of the copy leaves t alone.
func (t Topology) Clone() Topology {
	t.Nodes = slices.Clone(t.Nodes)
	for i := range t.Nodes {
		n := &t.Nodes[i]
		n.Env, n.Sysctls, n.Labels = maps.Clone(n.Env), maps.Clone(n.Sysctls), maps.Clone(n.Labels)
		n.Rights = slices.Clone(n.Rights)
	}
	t.Links, t.Standing = slices.Clone(t.Links), slices.Clone(t.Standing)
	return t
}
