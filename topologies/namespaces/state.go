package namespaces

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// looksAtOnce is how many nodes are looked at at once.
const looksAtOnce = 10

// seen is what there is of a node.
type seen struct {
	view    *wiring.View // nil: nothing could be looked at
	changes []topologies.Change
}

// Changes implements topologies.StateChecker: namespaces, cables, the members of segments, and
// what drops frames by our order. A node that has ended is NodeState's to tell.
func (l *lab) Changes(ctx context.Context) ([]topologies.Change, error) {
	l.wires.Lock()
	defer l.wires.Unlock()
	nodes := make([]seen, len(l.order))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, n := range l.order {
		group.Go(func() (err error) {
			if nodes[i], err = l.see(gctx, n); err != nil {
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
	for i, n := range l.order {
		views[n.Name] = nodes[i].view
		changes = append(changes, nodes[i].changes...)
	}
	for _, link := range l.topology.Links {
		cable := wiring.Cable{Link: link, A: l.plug(link.A), B: l.plug(link.B)}
		changes = append(changes, cable.Changes(views[link.A.Node], views[link.B.Node])...)
	}
	return changes, nil
}

// see looks at a node by itself.
func (l *lab) see(ctx context.Context, n *member) (seen, error) {
	n.mu.Lock()
	pidfd, pid, space := n.pidfd, n.pid, n.space
	n.mu.Unlock()
	if over, err := ended(pidfd); err != nil || over {
		return seen{}, err
	}
	at := wiring.Port{PID: pid, Segment: l.segmentOf(topologies.Endpoint{Node: n.Name})}
	r, err := l.client.wires.Apply(ctx, wiring.Op{Kind: wiring.Look, A: at})
	if wiring.Gone(err) {
		return seen{}, nil // it has just ended
	}
	if err != nil {
		return seen{}, err
	}
	s := seen{view: &r.View}
	if r.View.Space != space {
		s.changes = append(s.changes, topologies.Change{What: fmt.Sprintf("node %s is in another network namespace", n.Name), Ends: []topologies.Endpoint{{Node: n.Name}}})
	}
	if n.Kind != topologies.KindOVSBridge {
		return s, nil
	}
	ports, over, err := wiring.SwitchPorts(ctx, &host{lab: l, node: n.Name}, n.segment)
	if err != nil {
		return seen{}, err
	}
	if over != "" {
		s.changes = append(s.changes, topologies.Change{What: fmt.Sprintf("%s of the segment %s has ended", over, n.Name), Ends: []topologies.Endpoint{{Node: n.Name}}})
		return s, nil
	}
	s.changes = append(s.changes, wiring.PortChanges(n.segment, n.Name, l.interfaces[n.Name], ports)...)
	return s, nil
}

// plug is one end of a cable with what the lab has set there.
func (l *lab) plug(e topologies.Endpoint) wiring.Plug {
	return wiring.Plug{
		Endpoint: e, Index: l.index(e), Drop: l.drops[e], Segment: l.segmentOf(e),
		Down: slices.ContainsFunc(l.faults, func(f *active) bool { return f.fault.Kind == topologies.FaultDown && f.fault.Endpoint == e }),
	}
}
