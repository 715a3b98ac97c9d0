package containers

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

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

// replugSwitch has the switches at a link's ends take up the new cable. The switch of
// the node named starting is not running yet.
func (l *lab) replugSwitch(ctx context.Context, link topologies.Link, starting string) error {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		n := l.nodes[e.Node]
		if n.Kind != topologies.KindOVSBridge || n.Name == starting {
			continue
		}
		if err := wiring.ReplugPort(ctx, &host{lab: l, node: n}, n.segment, e.Interface); err != nil {
			return fmt.Errorf("replug %s: %w", e, err)
		}
	}
	return nil
}

func (l *lab) startSwitch(ctx context.Context, n *node) error {
	if err := wiring.StartSwitch(ctx, &host{lab: l, node: n}, n.segment, l.topology.Interfaces(n.Name)); err != nil {
		return fmt.Errorf("start the switch of node %s: %w", n.Name, err)
	}
	return nil
}
