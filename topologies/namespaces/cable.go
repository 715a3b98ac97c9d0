package namespaces

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// wireAll keeps places for cables, makes segments and lays every cable.
func (l *lab) wireAll(ctx context.Context) error {
	lot := &wiring.Lot{Places: map[int]int{}, Bridge: map[int]wiring.Segment{}}
	places := map[topologies.Endpoint]int{}
	for _, n := range l.order {
		interfaces := l.interfaces[n.Name]
		lot.Places[n.pid] = len(interfaces)
		if n.Kind == topologies.KindBridge {
			lot.Bridge[n.pid] = n.segment
		}
		for i, name := range interfaces {
			places[topologies.Endpoint{Node: n.Name, Interface: name}] = i
		}
	}
	for _, link := range l.topology.Links {
		c := wiring.LotCable{A: l.port(link.A), B: l.port(link.B), MTU: link.MTU}
		c.A.Index, c.B.Index = places[at(link.A)], places[at(link.B)]
		lot.Cables = append(lot.Cables, c)
	}
	r, err := l.client.wires.Apply(ctx, wiring.Op{Kind: wiring.Lay, Lot: lot})
	if err != nil {
		return fmt.Errorf("lay the cables: %w", err)
	}
	for _, n := range l.order {
		n.mu.Lock()
		n.first, n.space = r.Firsts[n.pid], r.Spaces[n.pid]
		n.mu.Unlock()
	}
	return nil
}

// at is an endpoint without what a link may fix of it.
func at(e topologies.Endpoint) topologies.Endpoint {
	return topologies.Endpoint{Node: e.Node, Interface: e.Interface}
}

// prepare keeps interface indexes for a node's cables, in the order of the topology (see
// wiring.Reserve), and makes the bridge of a segment.
func (l *lab) prepare(ctx context.Context, n *member) error {
	r, err := l.client.wires.Apply(ctx, wiring.Op{Kind: wiring.Reserve, A: wiring.Port{PID: n.pid}, Places: 2 * len(l.interfaces[n.Name])})
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	n.mu.Lock()
	n.first, n.space = r.First, r.View.Space
	n.mu.Unlock()
	if n.Kind != topologies.KindBridge {
		return nil
	}
	if _, err := l.client.wires.Apply(ctx, wiring.Op{Kind: wiring.MakeBridge, A: wiring.Port{PID: n.pid}, Bridge: n.segment}); err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	return nil
}

// connect lays a cable.
func (l *lab) connect(ctx context.Context, link topologies.Link) error {
	op := wiring.Op{Kind: wiring.Connect, A: l.port(link.A), B: l.port(link.B), MTU: link.MTU}
	if _, err := l.client.wires.Apply(ctx, op); err != nil {
		return fmt.Errorf("lay the cable %s–%s: %w", link.A, link.B, err)
	}
	return nil
}

// port is an endpoint as the supervisor's wiring knows it.
func (l *lab) port(e topologies.Endpoint) wiring.Port {
	n := l.nodes[e.Node]
	n.mu.Lock()
	pid := n.pid
	n.mu.Unlock()
	p := wiring.Port{PID: pid, Interface: e.Interface, Index: l.index(e), MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6, Segment: l.segmentOf(e)}
	if p.MAC == "" {
		p.MAC = wiring.Address(l.topology.Name, e)
	}
	return p
}

// index is the interface index of a cable's end. Each has two places and takes them in turn, so
// that a cable that is laid anew has another index and the same place in the order.
func (l *lab) index(e topologies.Endpoint) int {
	n := l.nodes[e.Node]
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.first + 2*slices.Index(l.interfaces[e.Node], e.Interface) + n.laid[e.Interface]%2
}

// relay lays a cable anew, after one that may be gone with its namespace, and puts the faults on
// it back in force. The caller holds wires.
func (l *lab) relay(ctx context.Context, link topologies.Link) error {
	l.bank(ctx, link)
	ends := []topologies.Endpoint{link.A, link.B}
	for _, e := range ends {
		if _, err := l.client.wires.Apply(ctx, wiring.Op{Kind: wiring.Disconnect, A: l.port(e)}); err != nil {
			return fmt.Errorf("pull the cable %s–%s: %w", link.A, link.B, err)
		}
	}
	for _, e := range ends {
		n := l.nodes[e.Node]
		n.mu.Lock()
		n.laid[e.Interface]++
		n.mu.Unlock()
	}
	if err := l.connect(ctx, link); err != nil {
		return err
	}
	for _, e := range ends {
		if err := l.filter(ctx, e); err != nil {
			return err
		}
	}
	for _, f := range l.faults {
		if f.fault.Kind == topologies.FaultDown && f.on(link) {
			if err := f.setState(ctx, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// restartTimeout bounds a restart; it is not broken off halfway.
const restartTimeout = time.Minute

// RestartNode implements topologies.NodeRestarter.
func (l *lab) RestartNode(ctx context.Context, name string) error {
	if err := l.again(ctx, name, request{Op: opRestart, Node: name}); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	return nil
}

// Reset implements topologies.Resetter: a node that is reset is a new one.
func (l *lab) Reset(ctx context.Context, name string) (topologies.How, string, error) {
	n, err := l.node(name)
	if err != nil {
		return "", "", err
	}
	if err := l.again(ctx, name, request{Op: opNode, Node: name, Spec: &n.spec}); err != nil {
		return "", "", fmt.Errorf("reset node %s: %w", name, err)
	}
	return topologies.ByBoot, "a node of namespaces is made anew", nil
}

// again makes a node anew, or starts it anew. Its namespaces go with its processes, and the far
// ends of its cables with them: all are laid anew, and faults on them stay in force. Their
// counts go on.
func (l *lab) again(ctx context.Context, name string, req request) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartTimeout)
	defer cancel()
	links := l.linksOf(name)
	for _, link := range links { // while the namespace can still be asked
		l.bank(ctx, link)
	}
	if err := l.make(ctx, n, req); err != nil {
		return err
	}
	l.watch.add(n.lives[len(n.lives)-1])
	if err := l.prepare(ctx, n); err != nil {
		return err
	}
	var errs []error
	for _, link := range links {
		errs = append(errs, l.relay(ctx, link), l.replugSwitch(ctx, link, name))
	}
	if n.Kind == topologies.KindOVSBridge {
		errs = append(errs, l.startSwitch(ctx, n))
	}
	return errors.Join(errs...)
}

func (l *lab) linksOf(node string) []topologies.Link {
	return slices.DeleteFunc(slices.Clone(l.topology.Links), func(x topologies.Link) bool { return x.A.Node != node && x.B.Node != node })
}

// startSwitches starts the switches of the segments that have one.
func (l *lab) startSwitches(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range l.order {
		if n.Kind == topologies.KindOVSBridge {
			group.Go(func() error { return l.startSwitch(ctx, n) })
		}
	}
	return group.Wait()
}

func (l *lab) startSwitch(ctx context.Context, n *member) error {
	if err := wiring.StartSwitch(ctx, &host{lab: l, node: n.Name}, n.segment, l.interfaces[n.Name]); err != nil {
		return fmt.Errorf("start the switch of node %s: %w", n.Name, err)
	}
	return nil
}

// replugSwitch has the switches at a link's ends take up the new cable. The switch of the node
// named starting is not running yet.
func (l *lab) replugSwitch(ctx context.Context, link topologies.Link, starting string) error {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		n := l.nodes[e.Node]
		if n.Kind != topologies.KindOVSBridge || n.Name == starting {
			continue
		}
		if err := wiring.ReplugPort(ctx, &host{lab: l, node: n.Name}, n.segment, e.Interface); err != nil {
			return fmt.Errorf("replug %s: %w", e, err)
		}
	}
	return nil
}
