package cabling

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Site is how a provider reaches the networks of its nodes.
type Site interface {
	// Network gives who carries operations out in a node's network, and a process there as he
	// numbers it.
	Network(node string) (wiring.Wirer, int)
	// Dropper is the same for what drops frames: who has the most rights.
	Dropper(node string) (wiring.Wirer, int)
	Host(node string) (topologies.Host, error)
	// Tap opens a tap in a node's network.
	Tap(ctx context.Context, node string, t capture.Tap) (*os.File, error)
	// Socket opens a socket for traffic there.
	Socket(ctx context.Context, node string, s traffic.Socket) (*os.File, error)
}

// Machines are those within nodes. They hold on to the interfaces that their nodes had when they
// were booted, and do not see what becomes of those.
type Machines interface {
	// Within says whether a node holds one.
	Within(node string) bool
	// Gate names the interface at which frames enter the node that the machine sends to another
	// of the node's.
	Gate(iface string) string
	// Carry gives the machine's end of a cable a carrier, or takes it away.
	Carry(ctx context.Context, e topologies.Endpoint, up bool) error
	// Boot waits until the machine of a node that was restarted is up.
	Boot(ctx context.Context, node string) error
}

// Config says whose cables they are.
type Config struct {
	Topology topologies.Topology
	Site     Site
	Machines Machines          // nil: none
	DropBy   topologies.DropBy // see topologies.Options
	Replug   bool              // the same
	Lab      string            // what kind of lab it is, for messages: "a lab of containers"
	// Found says that another process has laid the cables: they stay as they are, but for one that is replugged.
	Found bool
	// Laid hears of a cable that was laid anew, before it carries anything; nil hears nothing. It must ask
	// nothing of the cabling.
	Laid func(ctx context.Context, link topologies.Link) error
}

// Cabling is all the cables of a lab.
type Cabling struct {
	Config
	nodes map[string]*node // fixed

	// wires guards what changes the cables, or what is on them: faults, captures, replugging and
	// restarts.
	wires      sync.Mutex
	faults     []*active                    // in force
	recordings []*recording                 // captures that run
	counter    int                          // of faults, for their names
	programs   map[string]*active           // faults by their names, until they are healed
	drops      map[topologies.Endpoint]drop // what drops frames on their way to an endpoint
	stands     map[topologies.Endpoint]*stand
	groups     int // that wires have listened at
}

// node is what the cabling knows of a node.
type node struct {
	topologies.Node
	interfaces []string // in the order of its cables
	segment    wiring.Segment

	mu    sync.Mutex
	space uint64         // inode of its network namespace
	first int            // of the interface indexes kept for its cables
	laid  map[string]int // how often the cable at an interface was laid anew
	found map[string]int // indexes of cables' ends that another process has laid, and this one lays anew
}

// New makes the cabling of a lab whose links were checked (see wiring.CheckLinks). Nothing is laid
// yet.
func New(c Config) (*Cabling, error) {
	l := &Cabling{Config: c, nodes: map[string]*node{}, programs: map[string]*active{}, drops: map[topologies.Endpoint]drop{}, stands: map[topologies.Endpoint]*stand{}}
	for _, n := range c.Topology.Nodes {
		l.nodes[n.Name] = &node{Node: n, laid: map[string]int{}, found: map[string]int{}}
		if !n.IsSegment() {
			continue
		}
		var err error
		if l.nodes[n.Name].segment, err = wiring.SegmentOf(n); err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
	}
	for _, link := range c.Topology.Links {
		for _, e := range ends(link) {
			l.nodes[e.Node].interfaces = append(l.nodes[e.Node].interfaces, e.Interface) // no two links end at one
		}
	}
	return l, nil
}

func ends(link topologies.Link) []topologies.Endpoint {
	return []topologies.Endpoint{link.A, link.B}
}

// at is an endpoint without what a link may fix of it.
func at(e topologies.Endpoint) topologies.Endpoint {
	return topologies.Endpoint{Node: e.Node, Interface: e.Interface}
}

func (c *Cabling) linksOf(node string) []topologies.Link {
	return slices.DeleteFunc(slices.Clone(c.Topology.Links), func(x topologies.Link) bool { return x.A.Node != node && x.B.Node != node })
}

// apply carries an operation out in a node's network.
func (c *Cabling) apply(ctx context.Context, node string, op wiring.Op) (wiring.Result, error) {
	w, _ := c.Site.Network(node)
	return w.Apply(ctx, op)
}

// port is an endpoint as the wiring knows it.
func (c *Cabling) port(e topologies.Endpoint) wiring.Port {
	_, pid := c.Site.Network(e.Node)
	p := wiring.Port{PID: pid, Interface: e.Interface, Index: c.index(e), MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6, Segment: c.segmentOf(e.Node)}
	if p.MAC == "" {
		p.MAC = wiring.Address(c.Topology.Name, e)
	}
	return p
}

// index is the interface index of a cable's end. With [Config.Replug] each has two places, one behind the
// other, and takes them in turn.
func (c *Cabling) index(e topologies.Endpoint) int {
	n := c.nodes[e.Node]
	n.mu.Lock()
	defer n.mu.Unlock()
	if index, ok := n.found[e.Interface]; ok {
		return index
	}
	at := n.first + c.width()*slices.Index(n.interfaces, e.Interface)
	if c.Replug {
		at += n.laid[e.Interface] % 2
	}
	return at
}

// width is how many indexes each end of a cable has.
func (c *Cabling) width() int {
	if c.Replug {
		return 2
	}
	return 1
}

// segmentOf is the kernel's bridge that a node's interfaces are members of; zero for a device,
// and for a switch in user space.
func (c *Cabling) segmentOf(node string) wiring.Segment {
	if n := c.nodes[node]; n.Kind == topologies.KindBridge {
		return n.segment
	}
	return wiring.Segment{}
}

// within says whether a node holds a machine.
func (c *Cabling) within(node string) bool { return c.Machines != nil && c.Machines.Within(node) }
