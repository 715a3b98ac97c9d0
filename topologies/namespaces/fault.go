package namespaces

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Inject implements topologies.Faulter. Several faults may be in force on one endpoint; each is
// healed on its own.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	link, ok := l.topology.Link(f.Endpoint.Node, f.Endpoint.Interface)
	if !ok {
		return nil, fmt.Errorf("inject %s: no cable ends at %s", f.Kind, f.Endpoint)
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	switch f.Kind {
	case topologies.FaultReplug:
		if err := errors.Join(l.relay(ctx, link), l.replugSwitch(ctx, link, "")); err != nil {
			return nil, fmt.Errorf("replug %s: %w", f.Endpoint, err)
		}
		return done{}, nil
	case topologies.FaultDown, topologies.FaultDrop:
		if err := wiring.CheckMatch(f.Match); err != nil {
			return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
		}
		if !slices.Contains([]topologies.Direction{"", topologies.DirectionIn, topologies.DirectionOut, topologies.DirectionBoth}, f.Direction) {
			return nil, fmt.Errorf("inject %s at %s: %q is no direction", f.Kind, f.Endpoint, f.Direction)
		}
	default:
		return nil, &topologies.MissingError{What: "fault", Name: string(f.Kind), Hint: "a lab of namespaces knows down, drop and replug"}
	}
	l.counter++
	a := &active{lab: l, fault: f, link: link, id: fmt.Sprintf("fault-%d", l.counter)}
	a.fault.Endpoint = link.A
	l.faults = append(l.faults, a)
	if err := a.apply(ctx); err != nil {
		l.faults = slices.DeleteFunc(l.faults, func(other *active) bool { return other == a })
		return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, errors.Join(err, a.undo(ctx)))
	}
	return a, nil
}

// done is a fault that took place at once and needs no healing.
type done struct{}

func (done) Fired(context.Context) (uint64, error) { return 1, nil }
func (done) Heal(context.Context) error            { return nil }

// active is a fault in force. Its fields are guarded by the lab's wires.
type active struct {
	lab    *lab
	fault  topologies.Fault
	link   topologies.Link // turned so that A is the fault's endpoint
	id     string          // names its filter
	healed bool
	fired  uint64 // counted by filters that are no more
	blind  error  // why nobody knows what filters that are no more have let pass
}

// on says whether the fault is on either end of a link.
func (a *active) on(link topologies.Link) bool {
	e := a.fault.Endpoint.String()
	return link.A.String() == e || link.B.String() == e
}

// ends are where the frames that a fault drops would have arrived.
func (a *active) ends() []topologies.Endpoint {
	switch {
	case a.fault.Kind != topologies.FaultDrop:
		return nil
	case a.fault.Direction == topologies.DirectionOut:
		return []topologies.Endpoint{a.link.B}
	case a.fault.Direction == topologies.DirectionBoth:
		return []topologies.Endpoint{a.link.A, a.link.B}
	default:
		return []topologies.Endpoint{a.link.A}
	}
}

// outside carries an operation out in this process, which may load programs into the kernel
// where it is root; a supervisor never may.
func (l *lab) outside(ctx context.Context, op wiring.Op, e topologies.Endpoint) (wiring.Result, error) {
	if os.Geteuid() != 0 {
		return wiring.Result{}, &topologies.MissingError{
			What: "kernel ability", Name: "XDP (eBPF)", Hint: "frames are dropped by a program in the kernel, which root alone may load: run as root, or use a lab of containers",
		}
	}
	op.A = l.port(e)
	n := l.nodes[e.Node]
	n.mu.Lock()
	op.A.PID = n.here
	n.mu.Unlock()
	return wiring.Local{}.Apply(ctx, op)
}

// filter has an endpoint drop what the faults in force want dropped there. The caller holds wires.
func (l *lab) filter(ctx context.Context, e topologies.Endpoint) error {
	var filters []wiring.Filter
	for _, f := range l.faults {
		if slices.Contains(f.ends(), e) {
			filters = append(filters, wiring.Filter{ID: f.id, Match: f.fault.Match, Probability: f.fault.Probability})
		}
	}
	if len(filters) == 0 && l.drops[e] == 0 {
		return nil
	}
	r, err := l.outside(ctx, wiring.Op{Kind: wiring.Drop, Filters: filters}, e)
	if err != nil {
		return err
	}
	l.drops[e] = r.Program
	return nil
}

// bank adds what the filters on a cable have counted to the totals and takes them away, before
// the cable or a namespace at its ends goes. What is gone already has nothing to give. The
// caller holds wires.
func (l *lab) bank(ctx context.Context, link topologies.Link) {
	for _, e := range []topologies.Endpoint{link.A, link.B} {
		if l.drops[e] == 0 {
			continue
		}
		for _, f := range l.faults {
			if !slices.Contains(f.ends(), e) {
				continue
			}
			r, err := l.outside(ctx, wiring.Op{Kind: wiring.Count, Name: f.id}, e)
			if f.fired += r.Count; !wiring.Gone(err) {
				f.blind = errors.Join(f.blind, err)
			}
		}
		_, _ = l.outside(ctx, wiring.Op{Kind: wiring.Drop}, e) // goes with its interface otherwise
		l.drops[e] = 0
	}
}

// setState shuts the interface, or brings it up.
func (a *active) setState(ctx context.Context, up bool) error {
	_, err := a.lab.client.wires.Apply(ctx, wiring.Op{Kind: wiring.State, A: a.lab.port(a.link.A), Up: up})
	return err
}

// apply puts the fault in force.
func (a *active) apply(ctx context.Context) error {
	if a.fault.Kind == topologies.FaultDown {
		return a.setState(ctx, false)
	}
	for _, e := range a.ends() {
		if err := a.lab.filter(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// count is what the fault has dropped by now. An endpoint that cannot be asked is an error:
// nobody knows what arrived there.
func (a *active) count(ctx context.Context) (uint64, error) {
	n := a.fired
	errs := []error{a.blind}
	for _, e := range a.ends() {
		r, err := a.lab.outside(ctx, wiring.Op{Kind: wiring.Count, Name: a.id}, e)
		n += r.Count
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// Fired implements topologies.Active.
func (a *active) Fired(ctx context.Context) (uint64, error) {
	if a.fault.Kind == topologies.FaultDown {
		return 1, nil
	}
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
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
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	if a.healed {
		return nil
	}
	n, blind := a.count(ctx)
	a.lab.faults = slices.DeleteFunc(a.lab.faults, func(other *active) bool { return other == a })
	if err := a.undo(ctx); err != nil {
		a.lab.faults = append(a.lab.faults, a)
		return fmt.Errorf("heal %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
	}
	a.fired, a.blind, a.healed = n, blind, true
	return nil
}

// undo takes the fault out of force. It is no longer among those of the lab.
func (a *active) undo(ctx context.Context) error {
	if a.fault.Kind == topologies.FaultDrop {
		var errs []error
		for _, e := range a.ends() {
			if err := a.lab.filter(ctx, e); !wiring.Gone(err) { // it went with its interface otherwise
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	if slices.ContainsFunc(a.lab.faults, func(other *active) bool {
		return other.fault.Kind == topologies.FaultDown && other.fault.Endpoint == a.fault.Endpoint
	}) {
		return nil // another fault keeps it down
	}
	return a.setState(ctx, true)
}
