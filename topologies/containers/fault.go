package containers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/wiring"
)

// Inject implements topologies.Faulter. Several faults may be in force on one
// endpoint; each is healed on its own.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	link, ok := l.topology.Link(f.Endpoint.Node, f.Endpoint.Interface)
	if !ok {
		return nil, fmt.Errorf("inject %s: no cable ends at %s", f.Kind, f.Endpoint)
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	switch f.Kind {
	case topologies.FaultReplug:
		if err := l.keeps(link, ""); err != nil {
			return nil, fmt.Errorf("replug %s: %w", f.Endpoint, err)
		}
		if err := l.relay(ctx, link); err != nil {
			return nil, fmt.Errorf("replug %s: %w", f.Endpoint, err)
		}
		if err := l.replugSwitch(ctx, link, ""); err != nil {
			return nil, err
		}
		return done{}, nil
	case topologies.FaultDown, topologies.FaultDrop:
		if err := wiring.CheckMatch(f.Match); err != nil {
			return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
		}
	default:
		return nil, &topologies.MissingError{What: "fault", Name: string(f.Kind), Hint: "a lab of containers knows down, drop and replug"}
	}
	l.counter++
	a := &active{lab: l, fault: f, id: fmt.Sprintf("fault-%d", l.counter)}
	a.fault.Endpoint = link.A
	if err := a.apply(ctx); err != nil {
		return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
	}
	if err := a.carry(ctx, false); err != nil {
		return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, errors.Join(err, a.undo(ctx)))
	}
	l.faults = append(l.faults, a)
	return a, nil
}

// done is a fault that took place at once and needs no healing.
type done struct{}

func (done) Fired(context.Context) (uint64, error) { return 1, nil }
func (done) Heal(context.Context) error            { return nil }

// active is a fault in force. Its fields are guarded by the lab's wires, but for fired.
type active struct {
	lab    *lab
	fault  topologies.Fault
	id     string // names its rule
	healed bool

	mu    sync.Mutex
	fired uint64 // counted by rules that are no more
}

// on says whether the fault is on either end of a link.
func (a *active) on(link topologies.Link) bool {
	e := a.fault.Endpoint.String()
	return link.A.String() == e || link.B.String() == e
}

// near says whether the fault is on a cable of a node.
func (a *active) near(node string) bool {
	link, ok := a.lab.topology.Link(a.fault.Endpoint.Node, a.fault.Endpoint.Interface)
	return ok && (link.A.Node == node || link.B.Node == node)
}

// carry passes the state of the cable on to machines within the containers at its ends.
func (a *active) carry(ctx context.Context, up bool) error {
	link, ok := a.lab.topology.Link(a.fault.Endpoint.Node, a.fault.Endpoint.Interface)
	if a.fault.Kind != topologies.FaultDown || !ok {
		return nil
	}
	return a.lab.carry(ctx, link, up)
}

func (a *active) op(kind wiring.Kind) wiring.Op {
	return wiring.Op{
		Kind: kind, A: a.lab.port(a.fault.Endpoint),
		Filter: wiring.Filter{ID: a.id, Match: a.fault.Match, Probability: a.fault.Probability},
	}
}

// apply puts the fault in force.
func (a *active) apply(ctx context.Context) error {
	kind := wiring.Drop
	if a.fault.Kind == topologies.FaultDown {
		kind = wiring.State // Up is false: down
	}
	_, err := a.lab.wirer.Apply(ctx, a.op(kind))
	return err
}

// bank adds what the rule has counted to the total and removes it, before its
// interface or namespace goes. A rule that is gone already has nothing to give.
func (a *active) bank(ctx context.Context) {
	if a.fault.Kind != topologies.FaultDrop {
		return
	}
	r, err := a.lab.wirer.Apply(ctx, a.op(wiring.Count))
	if err != nil {
		return
	}
	_, _ = a.lab.wirer.Apply(ctx, a.op(wiring.Undrop)) // goes with its interface otherwise
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fired += r.Count
}

// Fired implements topologies.Active.
func (a *active) Fired(ctx context.Context) (uint64, error) {
	if a.fault.Kind == topologies.FaultDown {
		return 1, nil
	}
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.healed {
		return a.fired, nil
	}
	r, err := a.lab.wirer.Apply(ctx, a.op(wiring.Count))
	if err != nil {
		return a.fired, fmt.Errorf("count %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
	}
	return a.fired + r.Count, nil
}

// Heal implements topologies.Active. What the fault counted can still be read afterwards.
func (a *active) Heal(ctx context.Context) error {
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	if a.healed {
		return nil
	}
	if err := a.undo(ctx); err != nil {
		return fmt.Errorf("heal %s at %s: %w", a.fault.Kind, a.fault.Endpoint, err)
	}
	a.healed = true
	a.lab.faults = slices.DeleteFunc(a.lab.faults, func(other *active) bool { return other == a })
	return nil
}

func (a *active) undo(ctx context.Context) error {
	if a.fault.Kind == topologies.FaultDrop {
		r, err := a.lab.wirer.Apply(ctx, a.op(wiring.Count))
		if err != nil && !wiring.Gone(err) {
			return err
		}
		if _, err := a.lab.wirer.Apply(ctx, a.op(wiring.Undrop)); err != nil {
			return err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.fired += r.Count
		return nil
	}
	if slices.ContainsFunc(a.lab.faults, func(other *active) bool {
		return other != a && other.fault.Kind == topologies.FaultDown && other.fault.Endpoint == a.fault.Endpoint
	}) {
		return nil // another fault keeps it down
	}
	op := a.op(wiring.State)
	op.Up = true
	if _, err := a.lab.wirer.Apply(ctx, op); err != nil {
		return err
	}
	link, _ := a.lab.topology.Link(a.fault.Endpoint.Node, a.fault.Endpoint.Interface)
	if slices.ContainsFunc(a.lab.faults, func(other *active) bool {
		return other != a && other.fault.Kind == topologies.FaultDown && other.on(link)
	}) {
		return nil // the far end of the cable is still down: no carrier
	}
	return a.carry(ctx, true)
}
