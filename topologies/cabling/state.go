package cabling

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// looksAtOnce is how many nodes are looked at at once.
const looksAtOnce = 10

// Life is what a provider sees of a node outside its network.
type Life struct {
	Gone    bool     // there is nothing to look at
	Paused  bool     // nothing in it answers
	Changes []string // what is not as the lab left it
}

// seen is what there is of a node.
type seen struct {
	view    *wiring.View // nil: nothing could be looked at
	changes []topologies.Change
}

// Changes says what of nodes' networks, cables, the members of segments, and what drops frames by
// our order is no longer as the lab left it. A node that has ended is not for this to tell.
func (c *Cabling) Changes(ctx context.Context, life func(ctx context.Context, node string) (Life, error)) ([]topologies.Change, error) {
	c.wires.Lock()
	defer c.wires.Unlock()
	nodes := make([]seen, len(c.Topology.Nodes))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, n := range c.Topology.Nodes {
		group.Go(func() error {
			life, err := life(gctx, n.Name)
			if err == nil {
				nodes[i], err = c.see(gctx, c.nodes[n.Name], life)
			}
			if err != nil {
				err = fmt.Errorf("look at node %s: %w", n.Name, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var changes []topologies.Change
	views := map[string]*wiring.View{}
	for i, n := range c.Topology.Nodes {
		views[n.Name] = nodes[i].view
		changes = append(changes, nodes[i].changes...)
	}
	for _, link := range c.Topology.Links {
		cable := wiring.Cable{Link: link, A: c.plug(link.A, link.B), B: c.plug(link.B, link.A)}
		changes = append(changes, cable.Changes(views[link.A.Node], views[link.B.Node])...)
	}
	return changes, nil
}

// see looks at a node by itself.
func (c *Cabling) see(ctx context.Context, n *node, life Life) (seen, error) {
	var s seen
	change := func(what string) {
		s.changes = append(s.changes, topologies.Change{What: what, Ends: []topologies.Endpoint{{Node: n.Name}}})
	}
	for _, what := range life.Changes {
		change(what)
	}
	if life.Gone {
		return s, nil
	}
	_, pid := c.Site.Network(n.Name)
	r, err := c.apply(ctx, n.Name, wiring.Op{Kind: wiring.Look, A: wiring.Port{PID: pid, Segment: c.segmentOf(n.Name)}, Leaving: c.leaving(n)})
	if wiring.Gone(err) {
		return seen{}, nil // it has just ended
	}
	if err != nil {
		return seen{}, err
	}
	s.view = &r.View
	n.mu.Lock()
	space := n.space
	n.mu.Unlock()
	if r.View.Space != space {
		change(fmt.Sprintf("node %s is in another network namespace", n.Name))
	}
	if n.Kind != topologies.KindOVSBridge || life.Paused {
		return s, nil
	}
	h, err := c.Site.Host(n.Name)
	if err != nil {
		return seen{}, err
	}
	ports, over, err := wiring.SwitchPorts(ctx, h, n.segment)
	if err != nil {
		return seen{}, err
	}
	if over != "" {
		change(fmt.Sprintf("%s of the segment %s has ended", over, n.Name))
		return s, nil
	}
	s.changes = append(s.changes, wiring.PortChanges(n.segment, n.Name, n.interfaces, ports)...)
	return s, nil
}

// leaving names the interfaces of a node at which frames are dropped as they leave.
func (c *Cabling) leaving(n *node) []string {
	var list []string
	for e, d := range c.drops {
		if link, ok := c.Topology.Link(e.Node, e.Interface); ok && d.egress != 0 && link.B.Node == n.Name {
			list = append(list, link.B.Interface)
		}
	}
	return list
}

// plug is one end of a cable, with what the lab has set there.
func (c *Cabling) plug(e, far topologies.Endpoint) wiring.Plug {
	p := wiring.Plug{Endpoint: e, Index: c.index(e), Egress: c.drops[far].egress, Down: c.down(e), Segment: c.segmentOf(e.Node)}
	if !c.within(far.Node) { // a machine's own way out is not among the cables
		p.Drop = c.drops[e].program
	}
	return p
}
