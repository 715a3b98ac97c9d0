package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	var changes []topologies.Change
	ends := []topologies.Endpoint{link.A, link.B}
	for i, e := range ends {
		s := views[e.Node]
		if s.absent {
			continue
		}
		k := slices.IndexFunc(s.view.Links, func(x wiring.Link) bool { return x.Index == l.index(e) })
		if k < 0 {
			return []topologies.Change{{
				What: fmt.Sprintf("the cable %s–%s is gone from %s", link.A, link.B, e), Ends: ends, Deeds: unplugs(),
			}}
		}
		if s.view.Links[k].Peer != l.index(ends[1-i]) {
			return []topologies.Change{{What: fmt.Sprintf("the cable at %s is not the one that was laid to %s", e, ends[1-i]), Ends: ends, Deeds: unplugs()}}
		}
		changes = append(changes, l.end(link, e, s.view, s.view.Links[k])...)
	}
	return changes
}

// unplugs are the deeds that take the end of a cable out of its node.
func unplugs() []string { return []string{"link del", "link delete", "link netns"} }

// end compares what is seen of one end of a cable with what the lab has set there.
func (l *lab) end(link topologies.Link, e topologies.Endpoint, view wiring.View, x wiring.Link) []topologies.Change {
	var changes []topologies.Change
	change := func(deeds []string, format string, args ...any) {
		changes = append(changes, topologies.Change{What: fmt.Sprintf(format, args...), Ends: []topologies.Endpoint{e}, Deeds: deeds})
	}
	if want := l.drops[e]; want != 0 && !l.leavesMachine(e) && x.Program != want { // a machine's own way out is not among the cables
		change([]string{"link xdp", "link xdpgeneric"}, "the fault that drops frames at %s was taken away", e)
	}
	down := slices.ContainsFunc(l.faults, func(f *active) bool { return f.fault.Kind == topologies.FaultDown && f.fault.Endpoint == e })
	if down && x.Up {
		change([]string{"link up", "ifconfig up"}, "%s is up although a fault holds it down", e)
	}
	n := l.nodes[e.Node]
	if n.Kind != topologies.KindBridge {
		return changes
	}
	// Nothing of a node's own runs on a segment.
	if !down && !x.Up {
		change([]string{"link down", "ifconfig down"}, "%s is down", e)
	}
	mtu := link.MTU
	if mtu == 0 {
		mtu = wiring.DefaultMTU
	}
	if x.MTU != mtu {
		change([]string{"mtu"}, "the MTU of %s is %d and not %d", e, x.MTU, mtu)
	}
	if !slices.ContainsFunc(view.Links, func(b wiring.Link) bool { return b.Name == n.segment.Name && b.Index == x.Master }) {
		change([]string{"link master", "link nomaster", "brctl delif"}, "%s is not in the segment %s", e, n.segment.Name)
	} else if n.segment.Forward&1 == 0 && !slices.Contains(view.Guards, e.Interface) {
		change(nil, "the rule that keeps spanning tree frames out of %s is gone", e)
	}
	return changes
}

// ovsPorts prints the ports of a bridge of a switch that runs.
const ovsPorts = `for d in ovsdb-server ovs-vswitchd; do
	kill -0 "$(cat /run/openvswitch/$d.pid)" 2>/dev/null || { echo "$d"; exit 44; }
done
exec ovs-vsctl --timeout=10 list-ports "$1"`

const ovsEnded = 44

// switchChanges looks at the switch that was started for a segment.
func (l *lab) switchChanges(ctx context.Context, n *node) ([]topologies.Change, error) {
	var out, said bytes.Buffer
	exit, err := (&host{lab: l, node: n}).Exec(ctx, []string{"sh", "-c", ovsPorts, "sh", n.segment.Name}, nil, &out, &said)
	if err != nil {
		return nil, err
	}
	at := []topologies.Endpoint{{Node: n.Name}}
	switch exit {
	case 0:
	case ovsEnded:
		return []topologies.Change{{What: fmt.Sprintf("%s of the segment %s has ended", strings.TrimSpace(out.String()), n.Name), Ends: at}}, nil
	default:
		return nil, errors.New("list the ports of the segment: " + strings.TrimSpace(said.String()))
	}
	var changes []topologies.Change
	ports := strings.Fields(out.String())
	for _, iface := range l.topology.Interfaces(n.Name) {
		if !slices.Contains(ports, iface) {
			e := topologies.Endpoint{Node: n.Name, Interface: iface}
			changes = append(changes, topologies.Change{
				What: fmt.Sprintf("%s is not in the segment %s", e, n.segment.Name), Ends: []topologies.Endpoint{e}, Deeds: []string{"del-port"},
			})
		}
	}
	return changes, nil
}
