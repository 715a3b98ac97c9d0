package containers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// connect lays a cable.
func (l *lab) connect(ctx context.Context, link topologies.Link) error {
	op := wiring.Op{Kind: wiring.Connect, A: l.port(link.A), B: l.port(link.B), MTU: link.MTU}
	if _, err := l.wirer.Apply(ctx, op); err != nil {
		return fmt.Errorf("lay the cable %s–%s: %w", link.A, link.B, err)
	}
	return nil
}

// port is an endpoint as the wiring knows it.
func (l *lab) port(e topologies.Endpoint) wiring.Port {
	n := l.nodes[e.Node]
	p := wiring.Port{PID: n.process(), Interface: e.Interface, Index: l.index(e), MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6}
	if p.MAC == "" {
		p.MAC = wiring.Address(l.topology.Name, e)
	}
	if n.Kind == topologies.KindBridge {
		p.Segment = n.segment
	}
	return p
}

// reserve keeps interface indexes for a node's cables, in the order of the topology: the
// kernel's order of a node's interfaces is then the same in every lab, whichever cable is
// laid first and however often.
func (l *lab) reserve(ctx context.Context, n *node) error {
	r, err := l.wirer.Apply(ctx, wiring.Op{Kind: wiring.Reserve, A: wiring.Port{PID: n.process()}, Places: 2 * len(l.topology.Interfaces(n.Name))})
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.first, n.space = r.First, r.View.Space
	return nil
}

// index is the interface index of a cable's end. Each has two places and takes them in turn,
// so that a cable that is laid anew has another index and the same place in the order.
func (l *lab) index(e topologies.Endpoint) int {
	n := l.nodes[e.Node]
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.first + 2*slices.Index(l.topology.Interfaces(e.Node), e.Interface) + n.laid[e.Interface]%2
}

// relay lays a cable anew, after one that may be gone with its namespace, and puts the
// faults on it back in force. The caller holds wires.
func (l *lab) relay(ctx context.Context, link topologies.Link) error {
	l.bank(ctx, link)
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		if _, err := l.wirer.Apply(ctx, wiring.Op{Kind: wiring.Disconnect, A: l.port(e)}); err != nil {
			return fmt.Errorf("pull the cable %s–%s: %w", link.A, link.B, err)
		}
	}
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		n := l.nodes[e.Node]
		n.mu.Lock()
		n.laid[e.Interface]++
		n.mu.Unlock()
	}
	if err := l.connect(ctx, link); err != nil {
		return err
	}
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		if l.leavesMachine(e) {
			continue // which has to boot first
		}
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
const restartTimeout = 2 * time.Minute

// RestartNode implements topologies.NodeRestarter. The node's namespace goes with its
// processes, and the far ends of its cables with it: all are laid anew, and faults on
// them stay in force. Their counts go on.
func (l *lab) RestartNode(ctx context.Context, name string) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, link := range l.topology.Links {
		if link.A.Node == name || link.B.Node == name {
			if err := l.keeps(link, name); err != nil {
				return fmt.Errorf("restart node %s: %w", name, err)
			}
		}
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartTimeout)
	defer cancel()
	for _, link := range l.topology.Links { // while the namespace can still be asked
		if link.A.Node == name || link.B.Node == name {
			l.bank(ctx, link)
		}
	}
	atOnce := 0
	if _, err := l.engine.ContainerRestart(ctx, n.id, client.ContainerRestartOptions{Timeout: &atOnce}); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	if err := l.locate(ctx, n); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	if err := errors.Join(l.reserve(ctx, n), l.makeSegment(ctx, n)); err != nil {
		return fmt.Errorf("restart node %s: %w", name, err)
	}
	var errs []error
	for _, link := range l.topology.Links {
		if link.A.Node == name || link.B.Node == name {
			errs = append(errs, l.relay(ctx, link), l.replugSwitch(ctx, link, name))
		}
	}
	if n.Kind == topologies.KindOVSBridge {
		errs = append(errs, l.startSwitch(ctx, n))
	}
	if n.machine != nil {
		errs = append(errs, l.awaitMachine(caller, n)) // which may take a quarter of an hour, and can be broken off
		errs = append(errs, l.filterMachine(ctx, name))
		for _, f := range l.faults { // its devices came up with a carrier
			if f.fault.Kind == topologies.FaultDown && f.near(name) {
				errs = append(errs, f.carry(caller, false))
			}
		}
	}
	return errors.Join(errs...)
}
