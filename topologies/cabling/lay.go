package cabling

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Lay keeps places for cables, makes segments and lays every cable at once, in networks that are
// all new and of one wirer, whose own nobody else uses: or about to be, where he waits for them.
func (c *Cabling) Lay(ctx context.Context) error {
	return c.lay(ctx, &wiring.Lot{}, func(string) bool { return false })
}

// LayRest lays every cable at once, where one wirer reaches all networks, whose own others use too. Those
// that are not prepared by now are new.
func (c *Cabling) LayRest(ctx context.Context, prepared func(node string) bool) error {
	return c.lay(ctx, &wiring.Lot{Apart: true}, prepared)
}

func (c *Cabling) lay(ctx context.Context, lot *wiring.Lot, prepared func(node string) bool) error {
	if len(c.nodes) == 0 {
		return nil
	}
	lot.Width = c.width()
	lot.Places, lot.Firsts, lot.Bridge = map[int]int{}, map[int]int{}, map[int]wiring.Segment{}
	places := map[topologies.Endpoint]int{}
	pids := map[string]int{}
	var wirer wiring.Wirer
	for name, n := range c.nodes {
		wirer, pids[name] = c.Site.Network(name)
		lot.Places[pids[name]] = len(n.interfaces)
		if prepared(name) {
			lot.Firsts[pids[name]] = n.first
		} else if seg := c.segmentOf(name); seg.Name != "" {
			lot.Bridge[pids[name]] = seg
		}
		for i, iface := range n.interfaces {
			places[topologies.Endpoint{Node: name, Interface: iface}] = i
		}
	}
	for _, link := range c.Topology.Links {
		cable := wiring.LotCable{A: c.port(link.A), B: c.port(link.B), MTU: link.MTU}
		cable.A.Index, cable.B.Index = places[at(link.A)], places[at(link.B)]
		lot.Cables = append(lot.Cables, cable)
	}
	r, err := wirer.Apply(ctx, wiring.Op{Kind: wiring.Lay, Lot: lot})
	if err != nil {
		return fmt.Errorf("lay the cables: %w", err)
	}
	for name, n := range c.nodes {
		n.mu.Lock()
		n.first, n.space = r.Firsts[pids[name]], r.Spaces[pids[name]]
		n.mu.Unlock()
	}
	return nil
}

// Prepare keeps interface indexes for the cables of a node whose network is new, in the order of
// the topology, and makes the bridge of a segment. The kernel's order of a node's interfaces is
// then the same in every lab, whichever cable is laid first and however often.
func (c *Cabling) Prepare(ctx context.Context, name string) error {
	n := c.nodes[name]
	_, pid := c.Site.Network(name)
	r, err := c.apply(ctx, name, wiring.Op{Kind: wiring.Reserve, A: wiring.Port{PID: pid}, Places: c.width() * len(n.interfaces)})
	if err != nil {
		return fmt.Errorf("node %s: %w", name, err)
	}
	n.mu.Lock()
	n.first, n.space = r.First, r.View.Space
	n.mu.Unlock()
	seg := c.segmentOf(name)
	if seg.Name == "" {
		return nil
	}
	if _, err := c.apply(ctx, name, wiring.Op{Kind: wiring.MakeBridge, A: wiring.Port{PID: pid}, Bridge: seg}); err != nil {
		return fmt.Errorf("node %s: %w", name, err)
	}
	return nil
}

// Connect lays a cable between nodes that are prepared.
func (c *Cabling) Connect(ctx context.Context, link topologies.Link) error {
	return c.connect(ctx, link, false)
}

// connect is Connect, whose ends may stay down.
func (c *Cabling) connect(ctx context.Context, link topologies.Link, down bool) error {
	op := wiring.Op{Kind: wiring.Connect, A: c.port(link.A), B: c.port(link.B), MTU: link.MTU, Down: down}
	if _, err := c.apply(ctx, link.A.Node, op); err != nil {
		return fmt.Errorf("lay the cable %s–%s: %w", link.A, link.B, err)
	}
	return nil
}

// relay lays a cable anew, after one that may be gone with its network, and puts the faults and
// captures on it back in force before it carries anything. The caller holds wires.
func (c *Cabling) relay(ctx context.Context, link topologies.Link) error {
	c.bank(ctx, link, ends(link))
	for _, e := range ends(link) {
		if _, err := c.apply(ctx, e.Node, wiring.Op{Kind: wiring.Disconnect, A: c.port(e)}); err != nil {
			return fmt.Errorf("pull the cable %s–%s: %w", link.A, link.B, err)
		}
	}
	for _, e := range ends(link) {
		n := c.nodes[e.Node]
		n.mu.Lock()
		n.laid[e.Interface]++
		n.mu.Unlock()
	}
	held := c.Laid != nil || c.recorded(link) || c.faulted(link)
	if err := c.connect(ctx, link, held); err != nil || !held {
		return err
	}
	c.record(ctx, ends(link))
	if c.Laid != nil {
		if err := c.Laid(ctx, link); err != nil {
			return fmt.Errorf("lay the cable %s–%s: %w", link.A, link.B, err)
		}
	}
	if err := c.filterEnds(ctx, link); err != nil {
		return err
	}
	return c.raise(ctx, ends(link))
}

// faulted says whether a fault is on a cable. The caller holds wires.
func (c *Cabling) faulted(link topologies.Link) bool {
	return slices.ContainsFunc(c.faults, func(f *active) bool { return f.on(link) })
}

// filterEnds puts the faults on a cable back in force. The caller holds wires.
func (c *Cabling) filterEnds(ctx context.Context, link topologies.Link) error {
	for _, e := range ends(link) {
		if c.leavesMachine(e) {
			continue // which has to boot first
		}
		if err := c.filter(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// raise brings ends of cables up that no fault holds down. The caller holds wires.
func (c *Cabling) raise(ctx context.Context, which []topologies.Endpoint) error {
	for _, e := range which {
		if c.down(e) {
			continue
		}
		if err := c.setState(ctx, e, true); err != nil {
			return err
		}
	}
	return nil
}

// Faulty says whether a fault is in force.
func (c *Cabling) Faulty() bool {
	c.wires.Lock()
	defer c.wires.Unlock()
	return len(c.faults) > 0
}

// Renew has renew make the networks of all nodes anew, which calls lay when they may be asked for: that
// lays all cables in them as [Cabling.Lay] does. No fault is in force, and no node holds a machine. It is
// not broken off halfway.
func (c *Cabling) Renew(ctx context.Context, limit time.Duration, renew func(ctx context.Context, lay func(context.Context) error) error) error {
	c.wires.Lock()
	defer c.wires.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	err := renew(ctx, func(ctx context.Context) error {
		for _, n := range c.nodes {
			n.mu.Lock()
			clear(n.laid)
			n.mu.Unlock()
		}
		return c.Lay(ctx)
	})
	if err != nil {
		return err
	}
	return c.StartSwitches(ctx)
}

// keeps refuses what would take the interface of a machine's node away: the machine holds on to
// the one it booted with. restarting is the node whose own interfaces come anew. Nor is a cable that another process
// has laid laid anew for a node's sake.
func (c *Cabling) keeps(link topologies.Link, restarting string) error {
	if c.Found && restarting != "" {
		return &topologies.MissingError{
			What: "fault", Name: fmt.Sprintf("that lays the cable %s–%s anew", link.A, link.B),
			Hint: "the lab was built by another process, and what it laid stays; take the cable down and up instead (fault: down)",
		}
	}
	for _, e := range ends(link) {
		if c.within(e.Node) && e.Node != restarting {
			return &topologies.MissingError{
				What: "fault", Name: "that lays the cable at " + e.String() + " anew",
				Hint: "the machine within that container keeps the interface it booted with; take the cable down and up instead (fault: down)",
			}
		}
	}
	return nil
}

// StartSwitches starts the switches of the segments that have one.
func (c *Cabling) StartSwitches(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for name, n := range c.nodes {
		if n.Kind == topologies.KindOVSBridge {
			group.Go(func() error { return c.startSwitch(ctx, name) })
		}
	}
	return group.Wait()
}

func (c *Cabling) startSwitch(ctx context.Context, name string) error {
	h, err := c.Site.Host(name)
	if err == nil {
		err = wiring.StartSwitch(ctx, h, c.nodes[name].segment, c.nodes[name].interfaces)
	}
	if err != nil {
		return fmt.Errorf("start the switch of node %s: %w", name, err)
	}
	return nil
}

// replugSwitch has the switches at a link's ends take up the new cable. The switch of the node
// named starting is not running yet.
func (c *Cabling) replugSwitch(ctx context.Context, link topologies.Link, starting string) error {
	for _, e := range ends(link) {
		n := c.nodes[e.Node]
		if n.Kind != topologies.KindOVSBridge || n.Name == starting {
			continue
		}
		h, err := c.Site.Host(n.Name)
		if err == nil {
			err = wiring.ReplugPort(ctx, h, n.segment, e.Interface)
		}
		if err != nil {
			return fmt.Errorf("replug %s: %w", e, err)
		}
	}
	return nil
}
