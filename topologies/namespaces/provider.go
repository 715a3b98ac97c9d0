package namespaces

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/cabling"
	"github.com/reprise-lab/reprise/topologies/faketime"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/userns"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// Options of a provider. The zero value is right for the program itself.
type Options struct {
	Images string // folder of the store of images; empty means the user's own
	Bounds Bounds
}

// Provider builds labs of namespaces. It is safe for use by several goroutines.
type Provider struct {
	images *store.Store
	bounds Bounds
	ears   ears
	groups func() (cgroups.Delegation, error) // that labs may divide
}

var (
	_ topologies.Provider       = (*Provider)(nil)
	_ topologies.ImageDescriber = (*Provider)(nil)
	_ topologies.ClockSource    = (*Provider)(nil)
	_ topologies.EngineTeller   = (*Provider)(nil)
	_ topologies.Collector      = (*Provider)(nil)
	_ topologies.Attacher       = (*Provider)(nil)
	_ topologies.KeptTeller     = (*Provider)(nil)
	_ topologies.SourceTeller   = (*Provider)(nil)
)

// New makes a provider. It starts nothing.
func New(o Options) (*Provider, error) {
	s, err := store.Open(o.Images)
	if err != nil {
		return nil, err
	}
	return &Provider{images: s, bounds: o.Bounds, groups: sync.OnceValues(findGroups)}, nil
}

// Name implements topologies.Provider.
func (p *Provider) Name() string { return "namespaces" }

// Close lets go of nothing: labs are released one by one.
func (p *Provider) Close() error { return nil }

// Images gives the store that nodes are made from.
func (p *Provider) Images() *store.Store { return p.images }

// TakeImage implements spread.ImageTaker.
func (p *Provider) TakeImage(ctx context.Context, r io.Reader, digest string) error {
	_, err := p.images.Adopt(ctx, r, digest)
	return err
}

// DescribeImage implements topologies.ImageDescriber.
func (p *Provider) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	img, err := p.images.Resolve(ref)
	if err != nil {
		return topologies.ImageInfo{}, err
	}
	return topologies.ImageInfo{Ref: ref, Digest: img.Digest, Packages: img.Packages}, nil
}

// ClockLibraries implements topologies.ClockSource.
func (p *Provider) ClockLibraries(context.Context) ([]topologies.ClockLibrary, error) {
	return recipe.ClockLibraries(faketime.Installed(), func(image string) ([]byte, error) {
		return p.images.ReadFile(image, faketime.Installed(), faketime.Largest)
	}), nil
}

// Engine implements topologies.EngineTeller.
func (p *Provider) Engine(context.Context) string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return "Linux " + unix.ByteSliceToString(name.Release[:])
}

// Check implements topologies.Provider.
func (p *Provider) Check(ctx context.Context, t topologies.Topology) error {
	return errors.Join(p.CheckPart(ctx, t), wiring.CheckLinks(t))
}

// CheckPart looks whether the nodes of t can be built here, wherever its links end.
func (p *Provider) CheckPart(_ context.Context, t topologies.Topology) error {
	m, err := userns.Find()
	if err != nil {
		return err
	}
	if reason, allow := userns.Forbidden(); reason != "" {
		return &topologies.MissingError{What: "kernel ability", Name: "user namespaces", Hint: reason + "; to allow them: " + allow}
	}
	_, err = p.plan(t, m)
	return err
}

// Reserve implements topologies.Provider.
func (p *Provider) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	if err := wiring.CheckLinks(t); err != nil {
		return nil, err
	}
	l, err := p.planLab(t, o)
	if err != nil {
		return nil, err
	}
	if l.cables, err = l.newCabling(); err != nil {
		return nil, err
	}
	if err := l.deploy(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab %s: %w", l.ID(), err), l.Release(ctx))
	}
	return l, nil
}

// ReservePart starts the nodes of t as part of a lab.
func (p *Provider) ReservePart(ctx context.Context, t topologies.Topology, o topologies.Options) (cabling.Part, error) {
	l, err := p.planLab(t, o)
	if err != nil {
		return nil, err
	}
	if err := l.deploy(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build lab %s: %w", l.ID(), err), l.Release(ctx))
	}
	return l, nil
}

// planLab makes a lab of which nothing is started.
func (p *Provider) planLab(t topologies.Topology, o topologies.Options) (*lab, error) {
	o, err := o.Fill()
	if err != nil {
		return nil, err
	}
	m, err := userns.Find()
	if err != nil {
		return nil, err
	}
	nodes, err := p.plan(t, m)
	if err != nil {
		return nil, err
	}
	l := newLab(t.Clone(), o, nodes)
	l.mapping, l.watch.ears = m, &p.ears
	return l, nil
}
