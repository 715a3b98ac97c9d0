package vm

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/topologies"
)

// Inject implements topologies.Faulter.
func (l *lab) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	link, err := l.linkOf(f.Endpoint)
	if err != nil {
		return nil, err
	}
	if f, err = f.Plain(); err != nil {
		return nil, fmt.Errorf("inject %s at %s: %w", f.Kind, f.Endpoint, err)
	}
	switch f.Kind {
	case topologies.FaultDown:
	case topologies.FaultDrop, topologies.FaultDelay, topologies.FaultDuplicate, topologies.FaultCorrupt, topologies.FaultReorder,
		topologies.FaultTruncate, topologies.FaultRate, topologies.FaultMTU, topologies.FaultHold:
		if f.Kind == topologies.FaultDrop && (f.Match != (topologies.FrameMatch{}) || f.Frames.Picks()) {
			return l.pick(ctx, f, l.topology.Links[link])
		}
		return l.queue(ctx, f, l.topology.Links[link])
	case topologies.FaultReplug:
		return nil, &topologies.MissingError{
			What: "ability", Name: "fault replug in a lab of machines",
			Hint: "use fault down, which takes the carrier and keeps the interface, or build the lab of containers",
		}
	default:
		return nil, fmt.Errorf("unknown fault %q", f.Kind)
	}
	l.wires.Lock()
	defer l.wires.Unlock()
	l.down[link]++
	if err := l.carry(ctx, link); err != nil {
		l.down[link]--
		return nil, errors.Join(fmt.Errorf("take the carrier of %s: %w", f.Endpoint, err), l.carry(ctx, link))
	}
	return &active{lab: l, link: link}, nil
}

// linkOf gives the index of the link that ends at an endpoint.
func (l *lab) linkOf(e topologies.Endpoint) (int, error) {
	for i, link := range l.topology.Links {
		for _, end := range []topologies.Endpoint{link.A, link.B} {
			if end.Node == e.Node && end.Interface == e.Interface {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("no link ends at %s", e)
}

// carry gives both ends of a link the carrier that it should have. The caller holds wires.
func (l *lab) carry(ctx context.Context, link int) error {
	var errs []error
	for _, n := range l.order {
		for i, c := range n.nics {
			if c.iface == "" || c.link != link {
				continue
			}
			m, _ := n.current()
			if m == nil {
				errs = append(errs, fmt.Errorf("%s: the machine is off", n.Name))
				continue
			}
			errs = append(errs, m.setLink(ctx, i, l.down[link] == 0))
		}
	}
	return errors.Join(errs...)
}

// restoreLinks gives the links of a machine that was started or rewound their carrier. The
// caller holds wires.
func (l *lab) restoreLinks(ctx context.Context, n *node) error {
	var errs []error
	for _, c := range n.nics {
		if c.iface != "" {
			errs = append(errs, l.carry(ctx, c.link))
		}
	}
	return errors.Join(append(errs, l.requeue(ctx, n.Name), l.resift(ctx, n.Name))...)
}

// active is a link that is down.
type active struct {
	lab  *lab
	link int

	mu     sync.Mutex
	healed bool
}

// Fired implements topologies.Active.
func (a *active) Fired(context.Context) (uint64, error) { return 1, nil }

// Heal implements topologies.Active.
func (a *active) Heal(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.healed {
		return nil
	}
	a.lab.wires.Lock()
	defer a.lab.wires.Unlock()
	a.lab.down[a.link]--
	if err := a.lab.carry(ctx, a.link); err != nil {
		a.lab.down[a.link]++
		return fmt.Errorf("give the carrier back: %w", err)
	}
	a.healed = true
	return nil
}
