package cabling

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// relayFound lays a cable anew that another process has laid, and tells what goes with its ends beyond what the lab gave
// them. Each end gets the index beside its own, above or below, where nothing has that, as ends have two places in labs
// that are replugged; else its own. The caller holds wires.
func (c *Cabling) relayFound(ctx context.Context, link topologies.Link) (lost []string, err error) {
	was := map[topologies.Endpoint]int{}
	for _, e := range ends(link) {
		if was[at(e)], err = c.find(ctx, e); err != nil {
			return nil, err
		}
		if was[at(e)] == 0 || c.nodes[e.Node].IsSegment() {
			continue // it was pulled by hand, or by who was killed; the lab makes a segment whole
		}
		r, err := c.apply(ctx, e.Node, wiring.Op{Kind: wiring.Own, A: c.port(e)})
		if err != nil {
			return nil, fmt.Errorf("ask what is at %s: %w", at(e), err)
		}
		for _, what := range r.Own {
			lost = append(lost, what+" of "+at(e).String())
		}
	}
	err = c.relay(ctx, link)
	if !errors.Is(err, unix.EEXIST) && !errors.Is(err, unix.EBUSY) {
		return lost, err
	}
	for e, index := range was { // something that is no cable has the place beside it
		c.settle(e, index)
	}
	return lost, c.relay(ctx, link)
}

// find looks up the index of a cable's end, and settles which it has when it is laid anew; 0 is none, and the next.
func (c *Cabling) find(ctx context.Context, e topologies.Endpoint) (index int, err error) {
	_, pid := c.Site.Network(e.Node)
	r, err := c.apply(ctx, e.Node, wiring.Op{Kind: wiring.Look, A: wiring.Port{PID: pid}})
	if err != nil {
		return 0, fmt.Errorf("look for %s: %w", at(e), err)
	}
	taken := []int{0, loopback}
	for _, l := range r.View.Links {
		taken = append(taken, l.Index)
		if l.Name == e.Interface {
			index = l.Index
		}
	}
	next := index
	for _, beside := range []int{index + 1, index - 1} {
		if index != 0 && next == index && !slices.Contains(taken, beside) {
			next = beside
		}
	}
	c.settle(e, next)
	return index, nil
}

// loopback is the index that every network's own loopback has (LOOPBACK_IFINDEX of linux/net_namespace.h).
const loopback = 1

// settle has a cable's end have an index when it is laid anew.
func (c *Cabling) settle(e topologies.Endpoint, index int) {
	n := c.nodes[e.Node]
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found[e.Interface] = index
}
