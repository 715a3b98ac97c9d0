package cabling

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/wire"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// stand is a wire that stands on the way of a cable to an endpoint.
type stand struct {
	wire  *wire.Wire
	group uint16
	in    []*active // whose frames are handed over
	gone  uint64    // frames that were, of those that are no longer in
}

// change has the frames of other faults be handed over from now on. Those of the faults that leave have
// come all the same, and count says how many they are: where nobody knows, those that stay are blind.
func (s *stand) change(faults []*active, count func(*active) (uint64, error)) {
	for _, f := range s.in {
		if slices.Contains(faults, f) {
			continue
		}
		n, err := count(f)
		s.gone += n
		for _, other := range faults {
			other.blind = errors.Join(other.blind, err)
		}
	}
	s.in = faults
}

// handed is how many frames were handed over since the wire stands.
func (s *stand) handed(count func(*active) (uint64, error)) (uint64, error) {
	sum := s.gone
	for _, f := range s.in {
		n, err := count(f)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// wantsWire says whether a fault needs a wire, or has to stand behind one.
func (a *active) wantsWire() bool {
	c, f := a.cabling, a.fault
	picks := f.Frames.Picks() && (!f.Frames.InKernel() || c.DropBy == topologies.DropByNFT)
	if f.Kind != topologies.FaultDrop || picks || c.DropBy == topologies.DropByWire {
		return true
	}
	return slices.ContainsFunc(a.ends(), func(e topologies.Endpoint) bool {
		trains := c.drops[e].by == topologies.DropByTC && c.DropBy == "" && a.filter(e).NumbersTrains()
		return c.stands[e] != nil || trains || f.Frames.Picks() && c.drops[e].by == topologies.DropByNFT
	})
}

// prepare says what a fault does, and makes that on each of its ways which takes a wire.
func (a *active) prepare() error {
	if a.seed = a.fault.Frames.Seed; a.seed == 0 {
		a.seed = rand.Uint64()>>12 + 1 //nolint:gosec // any will do that JSON holds
	}
	if _, err := a.made(); err != nil || !a.wantsWire() {
		return err
	}
	return a.wireUp()
}

// drawn is the seed where frames are drawn by it; 0 where nothing is left to chance.
func (a *active) drawn() uint64 {
	if p := a.fault.Probability; p == 0 || p == 1 {
		return 0
	}
	return a.seed
}

// made is what a wire does on each of a fault's ways.
func (a *active) made() (map[topologies.Endpoint]*wire.Fault, error) {
	match, err := wiring.Matcher(a.fault.Match)
	if err != nil {
		return nil, err
	}
	flows := map[topologies.Endpoint]*wire.Fault{}
	for _, e := range a.ends() {
		if flows[e], err = wire.NewFault(a.fault, e, match, a.seed); err != nil {
			return nil, err
		}
	}
	return flows, nil
}

// wireUp has a wire act for a fault.
func (a *active) wireUp() (err error) {
	if a.flows, err = a.made(); err == nil {
		a.by = topologies.DropByWire
	}
	return err
}

// yield has faults that programs of the kernel carry out on the ways of a new one be carried out by wires there, in
// front of it: a program would act behind the wire, on what that has left. They go on with their numbers, the oldest
// first, so that frames pass them in the order in which they took force; on another way of theirs the programs stay,
// behind which nothing of the new one stands.
func (a *active) yield(ctx context.Context) error {
	for _, f := range slices.Clone(a.cabling.faults) {
		for _, e := range f.ends() {
			if f.flows[e] != nil || a.flows[e] == nil || !a.cabling.drops[e].byProgram() {
				continue
			}
			if err := f.move(ctx, e); err != nil {
				return fmt.Errorf("have a wire go on with a fault that is in force: %w", err)
			}
		}
	}
	return nil
}

// move has a wire carry out what a program did on the way to an endpoint.
func (a *active) move(ctx context.Context, e topologies.Endpoint) error {
	made, err := a.made()
	if err != nil {
		return err
	}
	s, err := a.cabling.erect(ctx, e)
	if err != nil {
		return err
	}
	if a.flows == nil {
		a.flows = map[topologies.Endpoint]*wire.Fault{}
	}
	if a.flows[e] = made[e]; a.by != topologies.DropByWire {
		a.were, a.by = append(a.were, a.by), topologies.DropByWire
	}
	s.wire.Shut() // what leaves from now on waits until the program is gone, and has told what it did
	err = a.cabling.stand(ctx, e)
	if err == nil {
		err = a.cabling.filterInKernel(ctx, e)
	}
	a.flows[e].Resume(a.banked[e])
	s.wire.Let()
	a.blind = errors.Join(a.blind, err)
	return err
}

// Acted implements topologies.ActedTeller.
func (a *active) Acted() (sum topologies.Acted, ok bool) {
	a.cabling.wires.Lock()
	defer a.cabling.wires.Unlock()
	for _, e := range a.ends() {
		x, told := a.did[e]
		if f := a.flows[e]; f != nil {
			x, told = f.Acted(), true
		}
		if !told {
			return topologies.Acted{}, false
		}
		sum = sum.Join(x)
	}
	sum.By = append(slices.Clone(a.were), a.by)
	return sum, true
}

// wired are the faults on the way to an endpoint for which a wire stands there, in their order.
func (c *Cabling) wired(e topologies.Endpoint) []*active {
	return slices.DeleteFunc(slices.Clone(c.faults), func(f *active) bool { return f.flows[e] == nil })
}

// stand has a wire stand on the way to an endpoint as long as there are faults for it. The caller holds
// wires.
func (c *Cabling) stand(ctx context.Context, e topologies.Endpoint) error {
	faults, s := c.wired(e), c.stands[e]
	if len(faults) == 0 {
		if s == nil {
			return nil
		}
		return c.leave(ctx, e, (*wire.Wire).Close)
	}
	s, err := c.erect(ctx, e)
	if err != nil {
		return err
	}
	var filters []wiring.Filter
	for _, f := range faults {
		s.wire.Add(f.id, f.flows[e])
		filters = append(filters, wiring.Filter{ID: f.id, Match: f.fault.Match, Group: s.group})
	}
	s.change(faults, func(f *active) (uint64, error) { r, err := c.diverted(ctx, e, f); return r.Count, err })
	if err := c.divert(ctx, e, filters); err != nil {
		return err
	}
	s.wire.Hush(false)
	return nil
}

// divert has what any of the filters matches be handed to the wire on the way to an endpoint.
func (c *Cabling) divert(ctx context.Context, e topologies.Endpoint, filters []wiring.Filter) error {
	w, near, far := c.gate(e)
	_, err := w.Apply(ctx, wiring.Op{Kind: wiring.Divert, A: near, B: far, Filters: filters})
	return err
}

// groups are those of nfnetlink_log that wires listen at.
const (
	firstGroup = 0x5200
	groups     = 0x0a00
	tries      = 10
)

// erect opens a wire on the way to an endpoint, where there is none.
func (c *Cabling) erect(ctx context.Context, e topologies.Endpoint) (*stand, error) {
	if s := c.stands[e]; s != nil {
		return s, nil
	}
	link, _ := c.Topology.Link(e.Node, e.Interface)
	if c.leavesMachine(e) {
		return nil, &topologies.MissingError{
			What: "ability", Name: "fault that picks or changes frames out of a machine",
			Hint: "what a machine within a node sends passes nothing that hands frames over; put the fault on frames the other way, or on another link",
		}
	}
	if err := c.divert(ctx, e, nil); err != nil { // what another has left
		return nil, err
	}
	s := &stand{}
	var sockets wire.Sockets
	var err error
	for range tries {
		c.groups++
		s.group = firstGroup + uint16(c.groups%groups) //nolint:gosec // it is bounded
		if sockets.In, err = c.Site.Tap(ctx, link.B.Node, capture.Tap{Log: s.group}); !wire.Taken(err) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	sockets.Group = s.group
	for _, x := range []struct {
		to  **os.File
		tap capture.Tap
	}{
		{&sockets.Out, capture.Tap{Interface: link.B.Interface, Send: true}},
		{&sockets.Poke, capture.Tap{Interface: link.B.Interface, Poke: true}},
		{&sockets.Ask, capture.Tap{Ask: true}},
	} {
		if *x.to, err = c.Site.Tap(ctx, link.B.Node, x.tap); err != nil {
			return nil, errors.Join(err, sockets.Close())
		}
	}
	mtu := link.MTU
	if mtu == 0 {
		mtu = wiring.DefaultMTU
	}
	if s.wire, err = wire.Start(sockets, mtu); err != nil {
		return nil, err
	}
	c.stands[e] = s
	return s, nil
}

// leave takes the wire on the way to an endpoint away.
func (c *Cabling) leave(ctx context.Context, e topologies.Endpoint, end func(*wire.Wire) error) error {
	s := c.stands[e]
	s.wire.Hush(true) // before what takes its pokes off the cable is gone
	if err := c.divert(ctx, e, nil); err != nil && !wiring.Gone(err) {
		return err // what is handed over must go on
	}
	delete(c.stands, e)
	return end(s.wire)
}

// diverted is what went round the kernel on its way to an endpoint because of a fault.
func (c *Cabling) diverted(ctx context.Context, e topologies.Endpoint, f *active) (wiring.Result, error) {
	w, near, far := c.gate(e)
	r, err := w.Apply(ctx, wiring.Op{Kind: wiring.Diverted, A: near, B: far, Name: f.id})
	if err != nil {
		return r, fmt.Errorf("ask what went round the kernel on its way to %s: %w", e, err)
	}
	return r, nil
}

// account says what is wrong with a wire that a fault is on, as the kernel and a witness at the far end
// have it. The caller holds wires.
func (c *Cabling) account(ctx context.Context, e topologies.Endpoint, a *active) error {
	s := c.stands[e]
	if s == nil {
		return nil
	}
	var arrived, past uint64
	handed, err := s.handed(func(f *active) (uint64, error) {
		r, err := c.diverted(ctx, e, f)
		if f == a {
			arrived, past = r.Arrived, r.Past
		}
		return r.Count, err
	})
	if err != nil {
		return err
	}
	state, err := s.wire.State(a.id, handed)
	switch lost := handed - min(handed, state.Come); {
	case state.Missing > lost:
		return fmt.Errorf("%d to %d frames on their way to %s were lost, which the kernel could not hand over in time; those in doubt may be what the wire itself sends to ask for more", lost, state.Missing, e)
	case lost > 0:
		return fmt.Errorf("%d frames on their way to %s were lost, which the kernel could not hand over in time", lost, e)
	case state.Unsent > 0:
		return fmt.Errorf("%d frames on their way to %s were lost: %w", state.Unsent, e, err)
	case err != nil:
		return fmt.Errorf("stand on the way to %s: %w", e, err)
	case state.Guessed > 0:
		return fmt.Errorf("%d trains of TCP on their way to %s are longer than the link carries, and nothing tells how they are cut into frames: no socket of their sender does, or they are signed (TCP-MD5, TCP-AO)", state.Guessed, e)
	case arrived > state.Sent:
		return fmt.Errorf("%d frames have arrived at %s that passed beside the fault, as those do that tc redirects at the far end, or that a packet socket sends past the queues", arrived-state.Sent, e)
	case past > state.All:
		return fmt.Errorf("%d frames have gone to %s past the queues, as a packet socket sends them, and what the node has there lets nobody see whether the fault was to meet them", past-state.All, e)
	default:
		return nil
	}
}

// unwire takes a fault off its wires: what it holds goes on.
func (a *active) unwire(ctx context.Context) {
	for _, e := range a.ends() {
		f, s := a.flows[e], a.cabling.stands[e]
		if f == nil || s == nil {
			continue
		}
		s.wire.Remove(f)
		a.blind = errors.Join(a.blind, a.cabling.account(ctx, e, a))
	}
}

// cut takes wires off a cable that is to go, or to carry nothing when the ends named are down. What their
// faults held goes with it. The caller holds wires.
func (c *Cabling) cut(ctx context.Context, link topologies.Link, down []topologies.Endpoint) {
	for _, e := range ends(link) {
		s := c.stands[e]
		if s == nil {
			continue
		}
		s.wire.Dark()
		shut := c.shut(ctx, down)
		for _, f := range s.in {
			if err := c.account(ctx, e, f); !wiring.Gone(err) {
				f.blind = errors.Join(f.blind, err, shut)
			}
		}
		if err := c.leave(ctx, e, (*wire.Wire).Cut); err != nil {
			for _, f := range s.in {
				f.blind = errors.Join(f.blind, err)
			}
			delete(c.stands, e)
		}
	}
}
