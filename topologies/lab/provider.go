package lab

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/reprise-lab/reprise/topologies"
)

// Options of a provider.
type Options struct {
	Platforms map[string]string // node → platform, for nodes without a label
	Kinds     []topologies.Kind // the only kinds of device that will do; empty means any
	Purpose   string            // for the others; "" says which run it is
	Priority  int
	Wait      bool // for devices that are taken
	Waiting   func(Place)
	Settings  Settings
}

// Provider makes topologies real with the devices of an inventory. It is safe for use by
// several goroutines.
type Provider struct {
	inv     *Inventory
	options Options

	mu  sync.Mutex
	lab *Lab // nil before the first reservation
}

var (
	_ topologies.Provider = (*Provider)(nil)
	_ topologies.Kinder   = (*Provider)(nil)
)

// New makes a provider. It opens the state folder with the first reservation.
func New(inv *Inventory, o Options) *Provider { return &Provider{inv: inv, options: o} }

// Name implements topologies.Provider.
func (p *Provider) Name() string { return "lab" }

// Check implements topologies.Provider: whether the inventory has devices and cables for
// the topology, whoever has them now. A *NoFitError, which is a *topologies.MissingError
// as well, says why not.
func (p *Provider) Check(_ context.Context, t topologies.Topology) error {
	r, err := p.request(t)
	if err != nil {
		return err
	}
	_, err = Solve(p.inv, r)
	return err
}

func (p *Provider) request(t topologies.Topology) (Request, error) {
	r, err := RequestFor(t, p.options.Platforms, p.options.Kinds)
	if err != nil {
		return r, fmt.Errorf("ask lab %s for topology %s: %w", p.inv.Name, t.Name, err)
	}
	return r, nil
}

// Kind implements topologies.Kinder: the weakest kind of any device that a reservation
// might choose; a simulator when nothing fits. Restrict it with Options.Kinds, or with
// the label reprise.kind.
func (p *Provider) Kind(t topologies.Topology) topologies.Kind {
	r, err := p.request(t)
	if err != nil {
		return topologies.KindSimulator
	}
	nodes, err := possible(p.inv, r)
	if err != nil {
		return topologies.KindSimulator
	}
	var kinds []topologies.Kind
	for _, devices := range nodes {
		for _, d := range devices {
			kinds = append(kinds, p.inv.Devices[d].Kind)
		}
	}
	return weakest(kinds)
}

func weakest(kinds []topologies.Kind) topologies.Kind {
	for _, k := range []topologies.Kind{topologies.KindSimulator, topologies.KindContainer, topologies.KindVM} {
		if slices.Contains(kinds, k) {
			return k
		}
	}
	return topologies.KindHardware
}

// Lab gives the lab that reservations come from, and opens it when need be.
func (p *Provider) Lab(ctx context.Context) (*Lab, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lab == nil {
		l, err := Open(ctx, p.inv, p.options.Settings)
		if err != nil {
			return nil, fmt.Errorf("open lab %s: %w", p.inv.Name, err)
		}
		p.lab = l
	}
	return p.lab, nil
}

// Close lets go of the state folder. Call it after the last reservation is released.
func (p *Provider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lab == nil {
		return nil
	}
	l := p.lab
	p.lab = nil
	return l.Close()
}

// Reserve implements topologies.Provider. It touches no device. With o.Keep the lease is
// bound to no process and stands for o.TTL.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	r, err := p.request(t)
	if err != nil {
		return nil, err
	}
	l, err := p.Lab(ctx)
	if err != nil {
		return nil, err
	}
	order := Order{
		Request: r, Purpose: p.options.Purpose, Run: o.Run, Term: o.TTL, Priority: p.options.Priority, PID: o.Owner, ByHand: o.Keep,
		Wait: p.options.Wait, Waiting: p.options.Waiting,
	}
	if order.Purpose == "" && o.Run != "" {
		order.Purpose = "run " + o.Run
	}
	hold, err := l.Reserve(ctx, order)
	if err != nil {
		return nil, fmt.Errorf("reserve lab %s: %w", p.inv.Name, err)
	}
	return &Reservation{Hold: hold, request: r}, nil
}
