package cabling

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"golang.org/x/sys/unix"

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
	if a.fault.Kind != topologies.FaultDrop || a.fault.Frames.Picks() || a.cabling.DropBy == topologies.DropByWire {
		return true
	}
	return slices.ContainsFunc(a.ends(), func(e topologies.Endpoint) bool { return a.cabling.stands[e] != nil })
}

// prepare makes what a fault does on each of its ways.
func (a *active) prepare() error {
	match, err := wiring.Matcher(a.fault.Match)
	if err != nil {
		return err
	}
	seed := a.fault.Frames.Seed
	if seed == 0 {
		seed = rand.Uint64()>>12 + 1 //nolint:gosec // any will do that JSON holds
	}
	a.by, a.flows = topologies.DropByWire, map[topologies.Endpoint]*wire.Fault{}
	for _, e := range a.ends() {
		if a.flows[e], err = wire.NewFault(a.fault, e, match, seed); err != nil {
			return err
		}
	}
	return nil
}

// Acted implements topologies.ActedTeller.
func (a *active) Acted() (sum topologies.Acted, ok bool) {
	a.cabling.wires.Lock()
	defer a.cabling.wires.Unlock()
	for _, e := range a.ends() {
		f := a.flows[e]
		if f == nil {
			return topologies.Acted{}, false
		}
		x := f.Acted()
		sum.Matched, sum.Hit, sum.Passed = sum.Matched+x.Matched, sum.Hit+x.Hit, sum.Passed+x.Passed
		sum.Full, sum.Healed, sum.Lost = sum.Full+x.Full, sum.Healed+x.Healed, sum.Lost+x.Lost
		sum.Seed, sum.Late = x.Seed, max(sum.Late, x.Late)
		sum.Hits = append(sum.Hits, x.Hits...)
	}
	slices.SortStableFunc(sum.Hits, func(x, y topologies.Hit) int { return x.Time.Compare(y.Time) })
	sum.Hits = sum.Hits[:min(len(sum.Hits), topologies.MaxHits)]
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
	if s == nil {
		var err error
		if s, err = c.erect(ctx, e); err != nil {
			return err
		}
		c.stands[e] = s
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

// erect opens a wire on the way to an endpoint.
func (c *Cabling) erect(ctx context.Context, e topologies.Endpoint) (*stand, error) {
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
		if sockets.In, err = c.Site.Tap(ctx, link.B.Node, capture.Tap{Log: s.group}); !errors.Is(err, unix.EBUSY) {
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
	s.wire, err = wire.Start(sockets, mtu)
	return s, err
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
	var arrived uint64
	handed, err := s.handed(func(f *active) (uint64, error) {
		r, err := c.diverted(ctx, e, f)
		if f == a {
			arrived = r.Arrived
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

// cut takes wires off a cable that is to go. What their faults held goes with it. The caller holds
// wires.
func (c *Cabling) cut(ctx context.Context, link topologies.Link) {
	for _, e := range ends(link) {
		s := c.stands[e]
		if s == nil {
			continue
		}
		shut := c.shut(ctx, link)
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
