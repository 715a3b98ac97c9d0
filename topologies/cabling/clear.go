package cabling

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Clear implements topologies.Cleaner: what another process has had drop frames, or be handed to it, is gone when it
// returns. Rules of the node's own stay.
func (c *Cabling) Clear(ctx context.Context, at topologies.Endpoint) error {
	link, ok := c.Topology.Link(at.Node, at.Interface)
	if !ok {
		return fmt.Errorf("clear the cable at %s: no cable ends there", at)
	}
	c.wires.Lock()
	defer c.wires.Unlock()
	if slices.ContainsFunc(c.faults, func(f *active) bool { return f.on(link) }) {
		return fmt.Errorf("clear the cable at %s: a fault is in force on it", at)
	}
	var errs []error
	for _, e := range ends(link) {
		errs = append(errs, c.clearDrops(ctx, e))
		if _, _, far := c.gate(e); far.Interface == "" {
			continue
		}
		if err := c.divert(ctx, e, nil); !wiring.Gone(err) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("clear the cable at %s: %w", at, err)
	}
	return nil
}

// clearDrops takes away whatever drops frames on their way to an endpoint.
func (c *Cabling) clearDrops(ctx context.Context, e topologies.Endpoint) error {
	w, near, far := c.gate(e)
	var errs []error
	for _, by := range []topologies.DropBy{topologies.DropByXDP, topologies.DropByTC, topologies.DropByNFT} {
		if far.Interface == "" && by != topologies.DropByXDP {
			continue // nothing stands there
		}
		_, err := w.Apply(ctx, wiring.Op{Kind: wiring.Drop, A: near, B: far, By: by})
		if !wiring.Lacks(err) && !wiring.Gone(err) { // what is not ours is left, and what could not be put there is not there
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
