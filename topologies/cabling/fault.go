package cabling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wire"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Inject implements topologies.Faulter. Several faults may be in force on one endpoint; each is
// healed on its own. With an error comes a fault of which something may be left in force, to be healed.
func (c *Cabling) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	link, ok := c.Topology.Link(f.Endpoint.Node, f.Endpoint.Interface)
	if !ok {
		return nil, fmt.Errorf("inject %s: no cable ends at %s", f.Kind, f.Endpoint)
	}
	f, err := f.Plain()
	if err != nil {
		return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
	}
	c.wires.Lock()
	defer c.wires.Unlock()
	if f.Kind == topologies.FaultReplug {
		lost, err := c.replug(ctx, link)
		if err != nil && len(lost) > 0 {
			err = fmt.Errorf("%w (with the cable that was there may have gone: %s)", err, strings.Join(lost, ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("replug %s: %w", f.Endpoint, err)
		}
		return done{lost}, nil
	}
	if err := c.check(f); err != nil {
		return nil, err
	}
	c.counter++
	a := &active{cabling: c, fault: f, link: link, id: fmt.Sprintf("fault-%d", c.counter), did: map[topologies.Endpoint]topologies.Acted{}, banked: map[topologies.Endpoint]topologies.Acted{}}
	a.fault.Endpoint = link.A
	if f.Kind.OnFrames() {
		if err := a.prepare(); err != nil {
			return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
		}
	}
	err = a.enter(ctx)
	if wiring.Lacks(err) && c.DropBy == "" && len(a.flows) == 0 && f.Frames.Picks() {
		if err = a.fallBack(); err == nil {
			err = a.enter(ctx)
		}
	}
	if err != nil {
		err = fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
		if a.left {
			return a, err
		}
		return nil, err
	}
	return a, nil
}

// fallBack has wires carry a fault out where a kernel lacks the program at one of its ends. What a program has
// done at the other meanwhile, which is no more, they go on with.
func (a *active) fallBack() error {
	if len(a.banked) > 0 {
		a.were = append(a.were, a.by)
	}
	if err := a.wireUp(); err != nil {
		return err
	}
	for e, did := range a.banked {
		a.flows[e].Resume(did)
	}
	return nil
}

// undoTimeout bounds how long it takes to put a fault in, and to undo one that could not be.
const undoTimeout = 30 * time.Second

// enter puts a fault in force among the others, or leaves nothing of it, also where ctx has ended; where that fails,
// a.left says so.
func (a *active) enter(ctx context.Context) error {
	c := a.cabling
	if len(a.flows) > 0 {
		if err := a.yield(ctx); err != nil {
			return err
		}
	}
	c.faults = append(c.faults, a)
	c.programs[a.id] = a
	// It is not interrupted: what was asked for might take place after what undoes it.
	whole, done := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer done()
	err := a.apply(whole)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		return nil
	}
	c.faults = slices.DeleteFunc(c.faults, func(other *active) bool { return other == a })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	undone := a.undo(ctx)
	a.left = undone != nil
	return errors.Join(err, undone)
}

// check says what is wrong with a fault.
func (c *Cabling) check(f topologies.Fault) error {
	if !f.Kind.OnFrames() && f.Kind != topologies.FaultDown {
		return &topologies.MissingError{What: "fault", Name: string(f.Kind), Hint: c.Lab + " knows down, replug, and the faults on frames"}
	}
	if err := wiring.CheckMatch(f.Match); err != nil {
		return fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
	}
	if !slices.Contains([]topologies.Direction{"", topologies.DirectionIn, topologies.DirectionOut, topologies.DirectionBoth}, f.Direction) {
		return fmt.Errorf("inject %s at %s: %q is no direction", f.Kind, f.Endpoint, f.Direction)
	}
	return nil
}

// replug lays a cable anew while its nodes run, and tells what went with one that another process had laid, or may have
// gone with it where that failed. The caller holds wires.
func (c *Cabling) replug(ctx context.Context, link topologies.Link) (lost []string, err error) {
	if err := c.keeps(link, ""); err != nil {
		return nil, err
	}
	if c.Found {
		lost, err = c.relayFound(ctx, link)
	} else {
		err = c.relay(ctx, link)
	}
	if err != nil {
		return lost, err
	}
	return lost, c.replugSwitch(ctx, link, "")
}

// done is a fault that took place at once and needs no healing.
type done struct{ lost []string }

func (done) Fired(context.Context) (uint64, error) { return 1, nil }
func (done) Heal(context.Context) error            { return nil }

// Lost implements topologies.LossTeller.
func (d done) Lost() []string { return d.lost }

// active is a fault in force. Its fields are guarded by the cabling's wires.
type active struct {
	cabling *Cabling
	fault   topologies.Fault
	link    topologies.Link // turned so that A is the fault's endpoint
	id      string          // names its filter
	by      topologies.DropBy
	were    []topologies.DropBy // by what it was carried out before
	seed    uint64              // by which frames are picked
	left    bool                // something of it may be in force, though it could not be put in
	healed  bool
	fired   uint64                              // counted by filters that are no more, and that tell no more than that
	blind   error                               // why nobody knows what filters that are no more have let pass
	flows   map[topologies.Endpoint]*wire.Fault // by where its frames arrive; none where no wire stands for it

	// What programs of the kernel did, by where its frames arrive: all of it as it was told last, and what those
	// did that are no more.
	did, banked map[topologies.Endpoint]topologies.Acted
}

// on says whether the fault is on either end of a link.
func (a *active) on(link topologies.Link) bool {
	e := a.fault.Endpoint.String()
	return link.A.String() == e || link.B.String() == e
}

// near says whether the fault is on a cable of a node.
func (a *active) near(node string) bool { return a.link.A.Node == node || a.link.B.Node == node }

// ends are where the frames that a fault acts on would have arrived: frames are dropped when they
// have left their sender, and before anything sees them there.
func (a *active) ends() []topologies.Endpoint {
	switch {
	case !a.fault.Kind.OnFrames():
		return nil
	case a.fault.Direction == topologies.DirectionOut:
		return []topologies.Endpoint{a.link.B}
	case a.fault.Direction == topologies.DirectionBoth:
		return []topologies.Endpoint{a.link.A, a.link.B}
	default:
		return []topologies.Endpoint{a.link.A}
	}
}

// setState shuts an interface, or brings it up.
func (c *Cabling) setState(ctx context.Context, e topologies.Endpoint, up bool) error {
	_, err := c.apply(ctx, e.Node, wiring.Op{Kind: wiring.State, A: c.port(e), Up: up})
	return err
}

// carry passes the state of the cable on to machines within the nodes at its ends.
func (a *active) carry(ctx context.Context, up bool) error {
	var errs []error
	for _, e := range ends(a.link) {
		if !a.cabling.within(e.Node) {
			continue
		}
		if err := a.cabling.Machines.Carry(ctx, e, up); err != nil {
			errs = append(errs, fmt.Errorf("pass the state of the cable on to %s: %w", e, err))
		}
	}
	return errors.Join(errs...)
}

// carryDown passes what is down on to a machine that has booted: its devices came up with a
// carrier. The caller holds wires.
func (c *Cabling) carryDown(ctx context.Context, name string) error {
	var errs []error
	for _, f := range c.faults {
		if f.fault.Kind == topologies.FaultDown && f.near(name) {
			errs = append(errs, f.carry(ctx, false))
		}
	}
	return errors.Join(errs...)
}

// apply puts the fault in force.
func (a *active) apply(ctx context.Context) error {
	if a.fault.Kind == topologies.FaultDown {
		if err := a.cabling.setState(ctx, a.link.A, false); err != nil {
			return err
		}
		return a.carry(ctx, false)
	}
	for _, e := range a.ends() {
		if err := a.cabling.filter(ctx, e); err != nil {
			return err
		}
		if a.flows[e] == nil {
			a.by = a.cabling.drops[e].by
		}
	}
	return nil
}

// DropBy implements topologies.DropTeller.
func (a *active) DropBy() topologies.DropBy {
	a.cabling.wires.Lock()
	defer a.cabling.wires.Unlock()
	return a.by
}

// count is what the fault has dropped by now. An endpoint that cannot be asked is an error:
// nobody knows what arrived there.
func (a *active) count(ctx context.Context) (uint64, error) {
	n := a.fired
	errs := []error{a.blind}
	for _, e := range a.ends() {
		hit, err := a.countAt(ctx, e)
		n += hit
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// countAt is count for what is on its way to an endpoint.
func (a *active) countAt(ctx context.Context, e topologies.Endpoint) (uint64, error) {
	if f := a.flows[e]; f != nil {
		err := a.cabling.account(ctx, e, a) // when all that was handed over has come
		return f.Acted().Hit, err
	}
	r, err := a.cabling.drop(ctx, e, wiring.Op{Kind: wiring.Count, Name: a.id})
	if r.Acted != nil {
		a.did[e] = a.banked[e].Join(a.told(*r.Acted, e))
		r.Count = a.did[e].Hit
	}
	return r.Count, err
}

// told completes what a program says of its frames on their way to an endpoint. It began with the numbers
// that those had which were banked.
func (a *active) told(x topologies.Acted, e topologies.Endpoint) topologies.Acted {
	x.Matched -= min(x.Matched, a.banked[e].Matched)
	x.Seed = a.drawn()
	for i := range x.Hits {
		x.Hits[i].To = e.String()
	}
	return x
}

// bank keeps what a program did that is no more.
func (a *active) bank(x topologies.Acted, e topologies.Endpoint) {
	a.banked[e] = a.banked[e].Join(a.told(x, e))
	a.did[e] = a.banked[e]
}

// Fired implements topologies.Active.
func (a *active) Fired(ctx context.Context) (uint64, error) {
	if a.fault.Kind == topologies.FaultDown {
		return 1, nil
	}
	a.cabling.wires.Lock()
	defer a.cabling.wires.Unlock()
	n, err := a.fired, a.blind
	if !a.healed {
		n, err = a.count(ctx)
	}
	if err != nil {
		return n, fmt.Errorf("count %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
	}
	return n, nil
}

// Heal implements topologies.Active. What the fault counted can still be read afterwards.
func (a *active) Heal(ctx context.Context) error {
	c := a.cabling
	c.wires.Lock()
	defer c.wires.Unlock()
	if a.healed {
		return nil
	}
	dropped := map[topologies.Endpoint]uint64{}
	var errs []error
	for _, e := range a.ends() {
		n, err := a.countAt(ctx, e)
		if a.flows[e] == nil { // a wire is asked again when the fault is off it
			dropped[e], errs = n, append(errs, err)
		}
	}
	inForce := c.faults
	c.faults = slices.DeleteFunc(slices.Clone(inForce), func(other *active) bool { return other == a })
	if err := a.undo(ctx); err != nil {
		c.faults = inForce // in their order
		return fmt.Errorf("heal %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
	}
	n := a.fired
	for _, e := range a.ends() { // it may have acted meanwhile
		if f := a.flows[e]; f != nil {
			dropped[e] = f.Acted().Hit
		} else if x, told := a.banked[e]; told {
			dropped[e] = max(dropped[e], x.Hit)
		}
		n += dropped[e]
	}
	blind := errors.Join(append(errs, a.blind)...)
	delete(c.programs, a.id)
	a.fired, a.blind, a.healed = n, blind, true
	return nil
}

// undo takes the fault out of force. It is no longer among those of the lab.
func (a *active) undo(ctx context.Context) error {
	c := a.cabling
	if a.fault.Kind.OnFrames() {
		a.unwire(ctx)
		var errs []error
		for _, e := range a.ends() {
			if err := c.filter(ctx, e); !wiring.Gone(err) { // it went with its interface otherwise
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	if c.down(a.fault.Endpoint) {
		return nil // another fault keeps it down
	}
	if err := c.setState(ctx, a.link.A, true); err != nil {
		return err
	}
	if slices.ContainsFunc(c.faults, func(other *active) bool { return other.fault.Kind == topologies.FaultDown && other.on(a.link) }) {
		return nil // the far end of the cable is still down: no carrier
	}
	return a.carry(ctx, true)
}

// down says whether a fault in force holds an endpoint down.
func (c *Cabling) down(e topologies.Endpoint) bool {
	return slices.ContainsFunc(c.faults, func(f *active) bool { return f.fault.Kind == topologies.FaultDown && f.fault.Endpoint == e })
}
