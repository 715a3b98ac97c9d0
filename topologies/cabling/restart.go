package cabling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Restart has restart make a node's network anew, which goes with the node's processes, as its ends of cables
// do. The far ends stay as they are, with what their nodes have set at them and made over them: they are
// without a carrier from when the processes end until the node's ends are back. Faults and captures on the cables
// go on, and so do their counts. It is not broken off halfway, but for the boot of a machine, which may take long.
//
// A cable that cannot be taken over so, since the node itself has taken it away, or the kernel is older than
// Linux 5.13, is laid anew, as by [Cabling.Remake]. Where the far end had something that goes with it, the
// error says what: what the neighbour does then is not what it does when a node restarts.
func (c *Cabling) Restart(ctx context.Context, name string, limit time.Duration, restart func(context.Context) error) error {
	return c.again(ctx, name, limit, restart, true)
}

// Remake is Restart for a node that is put back: all its cables are laid anew, both ends of them.
func (c *Cabling) Remake(ctx context.Context, name string, limit time.Duration, remake func(context.Context) error) error {
	return c.again(ctx, name, limit, remake, false)
}

func (c *Cabling) again(ctx context.Context, name string, limit time.Duration, restart func(context.Context) error, keep bool) (err error) {
	c.wires.Lock()
	defer c.wires.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	links := c.linksOf(name)
	for _, link := range links {
		if err := c.keeps(link, name); err != nil {
			return err
		}
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	old := &outlived{cabling: c, name: name, was: map[topologies.Endpoint]int{}, why: errors.ErrUnsupported}
	if keep {
		old.hold(ctx, links)
	}
	defer func() { err = errors.Join(err, old.free(ctx)) }()
	for _, link := range links { // while the network can still be asked
		c.bank(ctx, link, old.down(link))
	}
	if err := restart(ctx); err != nil {
		return errors.Join(err, c.raiseAgain(ctx, name, links))
	}
	if err := c.Prepare(ctx, name); err != nil {
		return err
	}
	errs := []error{c.recable(ctx, links, old)}
	if c.nodes[name].Kind == topologies.KindOVSBridge {
		errs = append(errs, c.startSwitch(ctx, name))
	}
	if c.within(name) {
		errs = append(errs, c.Machines.Boot(caller, name), c.filterMachine(ctx, name), c.carryDown(caller, name))
	}
	return errors.Join(errs...)
}

// raiseAgain brings up what was taken down of a node that may not have been restarted. What is gone stays so.
func (c *Cabling) raiseAgain(ctx context.Context, name string, links []topologies.Link) error {
	var errs []error
	for _, link := range links {
		if err := c.raise(ctx, near(link, name)); !wiring.Gone(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// recable gives a node whose network is new its cables: those that it had, and new ones for others.
func (c *Cabling) recable(ctx context.Context, links []topologies.Link, old *outlived) error {
	var anew []topologies.Link
	var why, errs []error
	for _, link := range links {
		if err := old.move(ctx, link); err != nil {
			anew, why = append(anew, link), append(why, err)
			continue
		}
		errs = append(errs, c.resume(ctx, link, old.name))
	}
	if len(anew) > 0 {
		errs = append(errs, old.free(ctx)) // with what of them is still there
	}
	for i, link := range anew {
		errs = append(errs, c.relay(ctx, link), c.replugSwitch(ctx, link, old.name))
		if lost := old.own[at(far(link, old.name))]; len(lost) > 0 {
			errs = append(errs, fmt.Errorf(
				"the cable %s–%s was laid anew, and with it %s, which a neighbour keeps when a node restarts: it had %s: %w",
				link.A, link.B, far(link, old.name), strings.Join(lost, ", "), why[i],
			))
		}
	}
	return errors.Join(errs...)
}

// resume has a cable carry again, whose ends at a node are new, with the captures and the faults on it.
func (c *Cabling) resume(ctx context.Context, link topologies.Link, name string) error {
	c.record(ctx, near(link, name))
	if c.faulted(link) {
		if err := c.filterEnds(ctx, link); err != nil {
			return err
		}
	}
	return c.raise(ctx, near(link, name))
}

// near are the ends of a cable at a node.
func near(link topologies.Link, name string) []topologies.Endpoint {
	return slices.DeleteFunc(ends(link), func(e topologies.Endpoint) bool { return e.Node != name })
}

// far is the end of a cable of a node at another; where there is none, one of its own.
func far(link topologies.Link, name string) topologies.Endpoint {
	if link.A.Node == name {
		return link.B
	}
	return link.A
}

// outlived is a network of a node that outlives the node's processes, so that its cables do.
type outlived struct {
	cabling *Cabling
	name    string
	number  int                              // by which it is held; 0: it is not
	why     error                            // why it is not held
	was     map[topologies.Endpoint]int      // the index of each end of a cable in it
	own     map[topologies.Endpoint][]string // what goes with a far end if that is laid anew
}

// hold holds the network of a node that is about to end, with the cables named. What cannot be held is laid anew
// later.
func (o *outlived) hold(ctx context.Context, links []topologies.Link) {
	c := o.cabling
	_, pid := c.Site.Network(o.name)
	op := wiring.Op{Kind: wiring.Hold, A: wiring.Port{PID: pid}}
	o.own = map[topologies.Endpoint][]string{}
	for _, link := range links {
		for _, e := range near(link, o.name) {
			o.was[at(e)] = c.index(e)
			op.Ends = append(op.Ends, wiring.Port{Index: c.index(e)})
		}
		e := far(link, o.name)
		if e.Node == o.name || c.nodes[e.Node].IsSegment() {
			continue // which the lab makes whole
		}
		if r, err := c.apply(ctx, e.Node, wiring.Op{Kind: wiring.Own, A: c.port(e)}); err == nil { // else it is gone
			o.own[at(e)] = r.Own
		}
	}
	r, err := c.apply(ctx, o.name, op)
	o.number, o.why = r.Held, err
}

// down are the ends of a cable to be taken down before the node ends, if anything: the node's own, or all of a
// cable that will be laid anew.
func (o *outlived) down(link topologies.Link) []topologies.Endpoint {
	if o.number == 0 {
		return ends(link)
	}
	return near(link, o.name)
}

// move takes the ends of a cable into the node's new network. They are down there.
func (o *outlived) move(ctx context.Context, link topologies.Link) error {
	if o.number == 0 {
		return fmt.Errorf("hold the network of node %s: %w", o.name, o.why)
	}
	c := o.cabling
	moved := map[topologies.Endpoint]bool{}
	for _, e := range near(link, o.name) {
		other := link.B
		if at(other) == at(e) {
			other = link.A
		}
		peer := c.port(other)
		if other.Node == o.name && !moved[at(other)] {
			peer.Index = o.was[at(other)]
		}
		op := wiring.Op{Kind: wiring.Move, Held: o.number, From: o.was[at(e)], A: c.port(e), B: peer, MTU: link.MTU}
		if _, err := c.apply(ctx, o.name, op); err != nil {
			return err
		}
		moved[at(e)] = true
	}
	return nil
}

// free lets go of the network, and with it of what was not taken out of it.
func (o *outlived) free(ctx context.Context) error {
	if o.number == 0 {
		return nil
	}
	number := o.number
	o.number = 0
	if _, err := o.cabling.apply(ctx, o.name, wiring.Op{Kind: wiring.Free, Held: number}); err != nil {
		return fmt.Errorf("let go of the network that node %s had: %w", o.name, err)
	}
	return nil
}
