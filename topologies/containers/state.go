package containers

import (
	"context"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

var _ topologies.StateChecker = (*lab)(nil)

// seen is what there is of a node.
type seen struct {
	view    wiring.View
	absent  bool // and nothing could be looked at
	changes []topologies.Change
}

// Changes implements topologies.StateChecker: containers and their namespaces, cables, the
// members of segments, and what drops frames by our order. A node whose container has ended
// is NodeState's to tell.
func (l *lab) Changes(ctx context.Context) ([]topologies.Change, error) {
	l.wires.Lock()
	defer l.wires.Unlock()
	nodes := make([]seen, len(l.order))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(defaultWorkers)
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
	views := map[string]*seen{}
	for i, n := range l.order {
		views[n.Name] = &nodes[i]
		changes = append(changes, nodes[i].changes...)
	}
	for _, link := range l.topology.Links {
		changes = append(changes, l.cable(link, views)...)
	}
	return changes, nil
}

// see looks at a node by itself.
func (l *lab) see(ctx context.Context, n *node) (seen, error) {
	i, err := l.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) || err == nil && (i.Container.State == nil || !i.Container.State.Running) {
		return seen{absent: true}, nil
	}
	if err != nil {
		return seen{}, err
	}
	var s seen
	n.mu.Lock()
	pid, space := n.pid, n.space
	n.mu.Unlock()
	change := func(format string, args ...any) {
		s.changes = append(s.changes, topologies.Change{What: fmt.Sprintf(format, args...), Ends: []topologies.Endpoint{{Node: n.Name}}})
	}
	if i.Container.State.Paused {
		change("node %s is paused", n.Name)
	}
	if i.Container.State.Pid != pid {
		change("node %s was started anew", n.Name)
		return seen{absent: true, changes: s.changes}, nil
	}
	at := wiring.Port{PID: pid}
	if n.Kind == topologies.KindBridge {
		at.Segment = n.segment
	}
	r, err := l.wirer.Apply(ctx, wiring.Op{Kind: wiring.Look, A: at})
	if wiring.Gone(err) {
		return seen{absent: true}, nil // it has just ended
	}
	if err != nil {
		return seen{}, err
	}
	if s.view = r.View; s.view.Space != space {
		change("node %s is in another network namespace", n.Name)
	}
	if n.Kind == topologies.KindOVSBridge && !i.Container.State.Paused {
		lost, err := l.switchChanges(ctx, n)
		if err != nil {
			return seen{}, err
		}
		s.changes = append(s.changes, lost...)
	}
	return s, nil
}

// cable compares what is seen of a cable with what was laid.
func (l *lab) cable(link topologies.Link, views map[string]*seen) []topologies.Change {
	a, b := views[link.A.Node], views[link.B.Node]
	return wiring.Cable{Link: link, A: l.plug(link.A), B: l.plug(link.B)}.Changes(a.look(), b.look())
}

// look is what was seen of the node's interfaces; nil where nothing could be.
func (s *seen) look() *wiring.View {
	if s.absent {
		return nil
	}
	return &s.view
}

// plug is one end of a cable with what the lab has set there.
func (l *lab) plug(e topologies.Endpoint) wiring.Plug {
	p := wiring.Plug{Endpoint: e, Index: l.index(e)}
	if !l.leavesMachine(e) { // a machine's own way out is not among the cables
		p.Drop = l.drops[e]
	}
	p.Down = slices.ContainsFunc(l.faults, func(f *active) bool { return f.fault.Kind == topologies.FaultDown && f.fault.Endpoint == e })
	if n := l.nodes[e.Node]; n.Kind == topologies.KindBridge {
		p.Segment = n.segment
	}
	return p
}

// switchChanges looks at the switch that was started for a segment.
func (l *lab) switchChanges(ctx context.Context, n *node) ([]topologies.Change, error) {
	ports, ended, err := wiring.SwitchPorts(ctx, &host{lab: l, node: n}, n.segment)
	if err != nil {
		return nil, err
	}
	if ended != "" {
		return []topologies.Change{{What: fmt.Sprintf("%s of the segment %s has ended", ended, n.Name), Ends: []topologies.Endpoint{{Node: n.Name}}}}, nil
	}
	return wiring.PortChanges(n.segment, n.Name, l.topology.Interfaces(n.Name), ports), nil
}
