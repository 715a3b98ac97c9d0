package cabling

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// drop is what drops frames on their way to an endpoint, as the wiring answered.
type drop struct {
	by      topologies.DropBy
	program int
	egress  int
}

// byProgram says whether it is a program of the kernel's.
func (d drop) byProgram() bool { return d.by == topologies.DropByXDP || d.by == topologies.DropByTC }

// drop carries out an operation on what drops frames on their way to an endpoint. The place is
// the endpoint's own interface or the far end of its cable, but of frames out of a machine within
// a node it is where they enter the node: they are redirected from there, and what is redirected
// passes every other place before the packet sockets of the endpoint. The caller holds wires.
func (c *Cabling) drop(ctx context.Context, e topologies.Endpoint, op wiring.Op) (wiring.Result, error) {
	wirer, near, far := c.gate(e)
	op.A, op.B = near, far
	if op.By = c.DropBy; c.drops[e].by != "" {
		op.By = c.drops[e].by
	}
	return wirer.Apply(ctx, op)
}

// gate is where frames for an endpoint are dropped, for the wirer who does it: at the first port
// as they arrive, or at the second as they leave, where there is one.
func (c *Cabling) gate(e topologies.Endpoint) (w wiring.Wirer, near, far wiring.Port) {
	link, _ := c.Topology.Link(e.Node, e.Interface)
	w, near = c.dropper(e)
	_, far = c.dropper(link.B)
	if !c.leavesMachine(e) {
		return w, near, far
	}
	w, near = c.dropper(link.B)
	near.Interface = c.Machines.Gate(link.B.Interface)
	return w, near, wiring.Port{}
}

// dropper gives who sets what drops frames at an endpoint, and the endpoint as he knows it.
func (c *Cabling) dropper(e topologies.Endpoint) (wiring.Wirer, wiring.Port) {
	w, pid := c.Site.Dropper(e.Node)
	p := c.port(e)
	p.PID = pid
	return w, p
}

// leavesMachine says that what arrives at an endpoint comes out of a machine within a node.
func (c *Cabling) leavesMachine(e topologies.Endpoint) bool {
	link, ok := c.Topology.Link(e.Node, e.Interface)
	return ok && c.within(link.B.Node)
}

// filterMachine puts the faults on what leaves a machine that has booted back in force. The
// caller holds wires.
func (c *Cabling) filterMachine(ctx context.Context, name string) error {
	var errs []error
	for _, iface := range c.nodes[name].interfaces {
		link, _ := c.Topology.Link(name, iface)
		for _, f := range c.faults {
			if slices.Contains(f.ends(), link.B) {
				f.blind = errors.Join(f.blind, fmt.Errorf("nothing was dropped of what left %s while its machine booted", link.A))
			}
		}
		errs = append(errs, c.filter(ctx, link.B))
	}
	return errors.Join(errs...)
}

// filter has frames for an endpoint dropped as the faults in force want, and a wire stand on their way
// where those do not do with that. The caller holds wires.
func (c *Cabling) filter(ctx context.Context, e topologies.Endpoint) error {
	if err := c.filterInKernel(ctx, e); err != nil {
		return err
	}
	return c.stand(ctx, e)
}

func (c *Cabling) filterInKernel(ctx context.Context, e topologies.Endpoint) error {
	var filters []wiring.Filter
	for _, f := range c.faults {
		if f.flows[e] == nil && slices.Contains(f.ends(), e) {
			filters = append(filters, f.filter(e))
		}
	}
	if d, there := c.drops[e]; len(filters) == 0 && !there {
		return nil
	} else if len(filters) == 0 && d.by == "" {
		if err := c.clearDrops(ctx, e); err != nil {
			return err
		}
		delete(c.drops, e)
		return nil
	}
	r, err := c.drop(ctx, e, wiring.Op{Kind: wiring.Drop, Filters: filters})
	c.ended(r, e)
	if _, there := c.drops[e]; err != nil && ctx.Err() != nil && !there {
		c.drops[e] = drop{} // what nobody waited for takes place all the same
	}
	if err != nil {
		return err
	}
	if len(filters) == 0 {
		delete(c.drops, e)
		return nil
	}
	c.drops[e] = drop{by: r.By, program: r.Program, egress: r.Egress}
	return nil
}

// filter is what a fault has a kernel drop on the way to an endpoint.
func (a *active) filter(e topologies.Endpoint) wiring.Filter {
	f := wiring.FilterOf(a.id, a.fault, e, a.drawn())
	f.Pick.Matched, f.Pick.Picked = a.banked[e].Matched, a.banked[e].Hit
	return f
}

// ended keeps what programs did that an answer says are no more.
func (c *Cabling) ended(r wiring.Result, e topologies.Endpoint) {
	for id, x := range r.Ended {
		if a := c.programs[id]; a != nil {
			a.bank(x, e)
		}
	}
}

// bank adds what the filters on a cable have counted to the totals and takes them away, before
// the cable or a network at its ends goes. The cable carries nothing from then on: it would be
// what they are to drop. Of rules, what is gone already has nothing to give; with a program go the numbers
// that it gave frames, and its faults are blind. What is taken down are the ends named, one of which is
// enough. The caller holds wires.
func (c *Cabling) bank(ctx context.Context, link topologies.Link, down []topologies.Endpoint) {
	c.cut(ctx, link, down)
	for _, e := range ends(link) {
		if _, there := c.drops[e]; !there {
			continue
		}
		here := slices.DeleteFunc(slices.Clone(c.faults), func(f *active) bool { return f.flows[e] != nil || !slices.Contains(f.ends(), e) })
		unknown := func(f *active, err error) {
			if !wiring.Gone(err) {
				f.blind = errors.Join(f.blind, err)
			}
		}
		shut := c.shut(ctx, down)
		for _, f := range here {
			r, err := c.drop(ctx, e, wiring.Op{Kind: wiring.Count, Name: f.id})
			if r.Acted == nil {
				f.fired += r.Count
			}
			unknown(f, err)
		}
		r, err := c.drop(ctx, e, wiring.Op{Kind: wiring.Drop})
		c.ended(r, e)
		for _, f := range here {
			unknown(f, err)
			if _, told := r.Ended[f.id]; !told && c.drops[e].byProgram() && (err == nil || wiring.Gone(err)) {
				f.blind = errors.Join(f.blind, fmt.Errorf("what a program did on the way to %s went with its network: the one that follows it numbers frames anew", e))
			}
			f.blind = errors.Join(f.blind, shut)
		}
		delete(c.drops, e)
	}
}

// shut takes ends of cables down; one that is gone is as good.
func (c *Cabling) shut(ctx context.Context, which []topologies.Endpoint) error {
	var errs []error
	for _, e := range which {
		if err := c.setState(ctx, e, false); !wiring.Gone(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
