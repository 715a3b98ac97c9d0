package mixed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Builder builds nodes of one kind.
type Builder interface {
	topologies.ImageDescriber
	topologies.EngineTeller
	topologies.Collector
	// CheckPart looks whether the nodes of t can be built here, wherever its links end.
	CheckPart(ctx context.Context, t topologies.Topology) error
	// ReservePart starts the nodes of t.
	ReservePart(ctx context.Context, t topologies.Topology, o topologies.Options) (cabling.Part, error)
	Close() error
}

// Provider builds labs of both kinds of nodes. It is safe for use by several goroutines.
type Provider struct {
	containers, namespaces Builder

	mu    sync.Mutex
	boxed map[string]bool // images of containers in topologies that were looked at
}

var (
	_ topologies.Provider       = (*Provider)(nil)
	_ topologies.ImageDescriber = (*Provider)(nil)
	_ topologies.EngineTeller   = (*Provider)(nil)
	_ topologies.Collector      = (*Provider)(nil)
	_ topologies.Kinder         = (*Provider)(nil)
	_ topologies.Puller         = (*Provider)(nil)
	_ topologies.SourceTeller   = (*Provider)(nil)
)

// New makes a provider of two others, which it closes with itself. That of containers has who
// wires for both (see cabling.Part).
func New(containers, namespaces Builder) *Provider {
	return &Provider{containers: containers, namespaces: namespaces, boxed: map[string]bool{}}
}

// Name implements topologies.Provider.
func (p *Provider) Name() string { return "mixed" }

// Close lets go of the engine.
func (p *Provider) Close() error { return errors.Join(p.containers.Close(), p.namespaces.Close()) }

// InSpaces reports whether a node is one of namespaces: it says so, or it says nothing and is a
// segment or of an image of this project.
func InSpaces(n topologies.Node) bool {
	switch n.Runtime {
	case topologies.RuntimeNamespaces, topologies.RuntimeContainers:
		return n.Runtime == topologies.RuntimeNamespaces
	default:
		return n.IsSegment() || strings.HasPrefix(n.Image, recipe.Repository)
	}
}

func inContainers(n topologies.Node) bool { return !InSpaces(n) }

// Check implements topologies.Provider.
func (p *Provider) Check(ctx context.Context, t topologies.Topology) error {
	p.mu.Lock()
	for _, n := range t.Part(inContainers).Nodes {
		p.boxed[n.Image] = true
	}
	p.mu.Unlock()
	return errors.Join(p.containers.CheckPart(ctx, t.Part(inContainers)), p.namespaces.CheckPart(ctx, t.Part(InSpaces)), wiring.CheckLinks(t))
}

// Reserve implements topologies.Provider.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	if err := wiring.CheckLinks(t); err != nil {
		return nil, err
	}
	o, err := o.Fill() // so that both parts are of one run
	if err != nil {
		return nil, err
	}
	l := &lab{topology: t.Clone(), parts: map[string]cabling.Part{}}
	if err := errors.Join(l.start(ctx, p, o), ctx.Err()); err != nil {
		return nil, errors.Join(err, l.Release(ctx))
	}
	if err := l.wire(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab %s: %w", l.ID(), err), l.Release(ctx))
	}
	return l, nil
}

// start starts the nodes of both parts side by side.
func (l *lab) start(ctx context.Context, p *Provider, o topologies.Options) error {
	var errs [2]error
	var group errgroup.Group
	group.Go(func() error {
		l.containers, errs[0] = p.containers.ReservePart(ctx, l.topology.Part(inContainers), o)
		return nil
	})
	group.Go(func() error {
		l.namespaces, errs[1] = p.namespaces.ReservePart(ctx, l.topology.Part(InSpaces), o)
		return nil
	})
	_ = group.Wait() // the errors are told one by one
	return errors.Join(errs[:]...)
}

// DescribeImage implements topologies.ImageDescriber. An image has one digest in both places,
// unless it was made anew in one of them: then the engine's is what its containers are made of.
func (p *Provider) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	p.mu.Lock()
	boxed := p.boxed[ref]
	p.mu.Unlock()
	if boxed {
		return p.containers.DescribeImage(ctx, ref)
	}
	return p.namespaces.DescribeImage(ctx, ref)
}

// ClockLibraries implements topologies.ClockSource: an image that is in both places has the same
// library there.
func (p *Provider) ClockLibraries(ctx context.Context) ([]topologies.ClockLibrary, error) {
	var libraries []topologies.ClockLibrary
	var errs []error
	for _, b := range []Builder{p.namespaces, p.containers} {
		s, ok := topologies.As[topologies.ClockSource](b)
		if !ok {
			continue
		}
		more, err := s.ClockLibraries(ctx)
		errs = append(errs, err)
		for _, l := range more {
			if !slices.ContainsFunc(libraries, func(has topologies.ClockLibrary) bool { return has.From == l.From }) {
				libraries = append(libraries, l)
			}
		}
	}
	return libraries, errors.Join(errs...)
}

// Engine implements topologies.EngineTeller.
func (p *Provider) Engine(ctx context.Context) string {
	engines := slices.DeleteFunc([]string{p.containers.Engine(ctx), p.namespaces.Engine(ctx)}, func(s string) bool { return s == "" })
	return strings.Join(engines, ", ")
}

// GC implements topologies.Collector.
func (p *Provider) GC(ctx context.Context, now time.Time) (removed []string, err error) {
	return both(func(c topologies.Collector) ([]string, error) { return c.GC(ctx, now) }, p.containers, p.namespaces)
}

// RemoveRun implements topologies.Collector.
func (p *Provider) RemoveRun(ctx context.Context, run string) (removed []string, err error) {
	return both(func(c topologies.Collector) ([]string, error) { return c.RemoveRun(ctx, run) }, p.containers, p.namespaces)
}

// Sources implements topologies.SourceTeller.
func (p *Provider) Sources(ctx context.Context, run string) ([]string, error) {
	var sources []string
	for _, b := range []Builder{p.containers, p.namespaces} {
		s, ok := topologies.As[topologies.SourceTeller](b)
		if !ok {
			continue
		}
		more, err := s.Sources(ctx, run)
		if err != nil {
			return nil, err
		}
		sources = append(sources, more...)
	}
	slices.Sort(sources)
	return slices.Compact(sources), nil
}

// both asks the first also where the second fails.
func both(f func(topologies.Collector) ([]string, error), first, second topologies.Collector) ([]string, error) {
	removed, err := f(first)
	more, err2 := f(second)
	return append(removed, more...), errors.Join(err, err2)
}

// Kind implements topologies.Kinder: that of its containers, which may hold machines.
func (p *Provider) Kind(t topologies.Topology) topologies.Kind {
	if k, ok := topologies.As[topologies.Kinder](p.containers); ok {
		return k.Kind(t.Part(inContainers))
	}
	return topologies.KindContainer
}

// Pull implements topologies.Puller: the engine fetches images; those of namespaces are made or
// imported.
func (p *Provider) Pull(ctx context.Context, t topologies.Topology, say func(string)) error {
	if puller, ok := topologies.As[topologies.Puller](p.containers); ok {
		return puller.Pull(ctx, t.Part(inContainers), say)
	}
	return &topologies.MissingError{What: "ability", Name: "to fetch images"}
}
