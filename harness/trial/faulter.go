package trial

import (
	"context"
	"fmt"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// faulter is what puts faults on this lab's links: the lab itself, or the switches, where
// the lab has no hand on its cables.
func (l *Lab) faulter() topologies.Faulter {
	if f, ok := topologies.As[topologies.Faulter](l.res); ok {
		return f
	}
	return portFaulter{l}
}

// portFaulter takes a link down by disabling the port on one switch.
type portFaulter struct{ lab *Lab }

// Inject implements topologies.Faulter. A port can be down; frames cannot be picked.
func (p portFaulter) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	n, err := p.lab.node(f.Endpoint.Node)
	if err != nil {
		return nil, err
	}
	flapper, ok := drivers.As[drivers.LinkFlapper](n.driver)
	if !ok || f.Kind != topologies.FaultDown {
		return nil, fmt.Errorf("%s (%s): %s: %w", n.Name, n.Platform, f.Kind, drivers.ErrUnsupported)
	}
	port, ok := plan.PortsOf(n.ports, p.lab.plan.Topology.Interfaces(n.Name))[f.Endpoint.Interface]
	if !ok {
		return nil, fmt.Errorf("%s has no interface %s", n.Name, f.Endpoint.Interface)
	}
	// With an error too: the command may have been taken, and only the look at it have failed.
	return &portDown{flapper: flapper, port: port}, flapper.PortDown(ctx, port)
}

// portDown is a disabled port.
type portDown struct {
	flapper drivers.LinkFlapper
	port    string
	healed  bool
}

// Fired implements topologies.Active.
func (p *portDown) Fired(context.Context) (uint64, error) { return 1, nil }

// Heal implements topologies.Active.
func (p *portDown) Heal(ctx context.Context) error {
	if p.healed {
		return nil
	}
	if err := p.flapper.PortUp(ctx, p.port); err != nil {
		return err
	}
	p.healed = true
	return nil
}
