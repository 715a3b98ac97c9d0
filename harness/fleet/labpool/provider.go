package labpool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/topologies"
)

// Name is what runs have for a provider whose labs the workers of a fleet built.
const Name = "fleet"

// Roster is who is in a fleet; a [*fleet.Coordinator] knows.
type Roster interface {
	Workers() []fleet.Offer
	Lacking(n fleet.Needs) (why []fleet.Refusal, met bool)
}

// Provider stands in for what builds labs: it knows what workers have, and builds none.
type Provider struct {
	Roster Roster
	Options
	// Describe tells of an image that this machine has; nil knows none.
	Describe func(ctx context.Context, ref string) (topologies.ImageInfo, error)
}

var (
	_ topologies.Provider       = (*Provider)(nil)
	_ topologies.ImageDescriber = (*Provider)(nil)
	_ topologies.Kinder         = (*Provider)(nil)
)

// Name implements [topologies.Provider].
func (p *Provider) Name() string { return Name }

// Check implements [topologies.Provider]: whether some worker can build the lab. A [*NobodyError] says why none can.
func (p *Provider) Check(ctx context.Context, t topologies.Topology) error {
	n := topologyNeeds(t)
	n.Version, n.Provider = p.Version, p.How
	if p.How != HowDevices {
		n.Kind = string(p.Kind(t))
		for _, node := range t.Nodes {
			if node.Image == "" || node.IsSegment() {
				continue
			}
			n.Images = append(n.Images, p.image(ctx, node.Image))
		}
	}
	if why, met := p.Roster.Lacking(n); !met {
		return &NobodyError{Refusals: why}
	}
	return nil
}

// image is an image as trials will ask workers for it.
func (p *Provider) image(ctx context.Context, ref string) fleet.Image {
	image := fleet.Image{Ref: ref}
	if p.Describe != nil && p.Ship != nil {
		if here, err := p.Describe(ctx, ref); err == nil {
			image.Digest, image.Source = here.Digest, fleet.SourceFleet // it is shipped to who lacks it
			return image
		}
	}
	if p.Find != nil {
		if from, digest := p.Find(ctx, image); from != "" {
			image.Digest, image.Source, image.Registry = digest, fleet.SourceRegistry, registryOf(from)
		}
	}
	return image
}

// Reserve implements [topologies.Provider]: it builds nothing, for trials are executed where the labs are.
func (p *Provider) Reserve(context.Context, topologies.Topology, topologies.Options) (topologies.Reservation, error) {
	return nil, errors.New("a fleet builds labs on its workers alone, for trials that are executed there")
}

// DescribeImage implements [topologies.ImageDescriber]: as this machine has the image, or else as workers do, or a registry.
func (p *Provider) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	if p.Describe != nil {
		info, err := p.Describe(ctx, ref)
		if _, missing := errors.AsType[*topologies.MissingError](err); err == nil || !missing {
			return info, err
		}
	}
	for _, w := range p.Roster.Workers() {
		if digest := w.Images[ref]; digest != "" {
			return topologies.ImageInfo{Ref: ref, Digest: digest}, nil
		}
	}
	if p.Find != nil {
		if from, digest := p.Find(ctx, fleet.Image{Ref: ref}); from != "" {
			return topologies.ImageInfo{Ref: ref, Digest: digest}, nil
		}
	}
	return topologies.ImageInfo{}, &topologies.MissingError{What: "image", Name: ref, Hint: "neither this machine nor a worker of the fleet has it"}
}

// Kind implements [topologies.Kinder].
func (p *Provider) Kind(t topologies.Topology) topologies.Kind {
	switch {
	case p.How == HowDevices:
		return p.deviceKind()
	case p.Options.Kind != nil:
		return p.Options.Kind(t)
	default:
		return topologies.KindContainer
	}
}

// deviceKind is the weakest kind of devices that the workers' inventories have.
func (p *Provider) deviceKind() topologies.Kind {
	kinds := map[string]bool{}
	for _, w := range p.Roster.Workers() {
		if len(w.Devices) == 0 {
			continue
		}
		for _, k := range w.Kinds {
			kinds[k] = true
		}
	}
	if kinds[string(topologies.KindSimulator)] || len(kinds) == 0 {
		return topologies.KindSimulator
	}
	return topologies.KindHardware
}

// Slots is how many labs the workers have together that are not told to leave.
func (p *Provider) Slots() int {
	n := 0
	for _, w := range p.Roster.Workers() {
		if !w.Draining {
			n += w.Slots
		}
	}
	return n
}

// NobodyError says that no worker of a fleet can execute what is asked for, and of each why.
type NobodyError struct{ Refusals []fleet.Refusal }

func (e *NobodyError) Error() string {
	if len(e.Refusals) == 0 {
		return "no worker is in the fleet: start one with reprise worker --join URL, as reprise fleet serve prints it"
	}
	return "no worker of the fleet can take this:\n" + strings.Join(RefusalLines(e.Refusals), "\n")
}

// Unwrap says that the environment lacks something.
func (e *NobodyError) Unwrap() error {
	return &topologies.MissingError{What: "worker", Name: "that can take this"}
}

// RefusalLines say of each worker, in a line for each reason, why it takes none of some work.
func RefusalLines(refusals []fleet.Refusal) (lines []string) {
	for _, r := range refusals {
		for _, why := range r.Why {
			lines = append(lines, fmt.Sprintf("  %s: %s", r.Name, why))
		}
	}
	return lines
}
