package labs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/images/registry"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// DescribeImage implements [cli.Stores]: of the store of labs without an engine, of the guests, or of the
// engine.
func (Here) DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error) {
	kept, err := OpenImages()
	if err != nil {
		return topologies.ImageInfo{}, err
	}
	if image, err := kept.Resolve(ref); err == nil {
		return topologies.ImageInfo{Ref: ref, Digest: image.Digest, Packages: image.Packages}, nil
	}
	if vm.Is(topologies.Topology{Nodes: []topologies.Node{{Image: ref}}}) {
		guests, err := OpenMachines()
		if err != nil {
			return topologies.ImageInfo{}, err
		}
		return guests.DescribeImage(ctx, ref)
	}
	info := topologies.ImageInfo{}
	err = ifEngine(ctx, func(ctx context.Context, s *images.Store) (err error) {
		info, err = s.Describe(ctx, ref)
		return err
	})
	if err == nil && info.Digest == "" {
		err = &topologies.MissingError{What: "image", Name: ref, Hint: "it is not on this machine"}
	}
	return info, err
}

// ifEngine does something with the engine's images; where no engine answers, nothing.
func ifEngine(ctx context.Context, f func(context.Context, *images.Store) error) error {
	if !EngineAnswers(ctx) {
		return nil
	}
	return WithImages(ctx, f)
}

// WriteImage implements [cli.Stores].
func (Here) WriteImage(ctx context.Context, digest string, w io.Writer) error {
	kept, err := OpenImages()
	if err != nil {
		return err
	}
	if _, err := kept.Resolve(digest); err == nil {
		return kept.ExportBare(ctx, digest, w)
	}
	return WithImages(ctx, func(ctx context.Context, s *images.Store) error {
		return s.Save(ctx, []string{digest}, func(r io.Reader) error {
			_, err := io.Copy(w, r)
			return err
		})
	})
}

// KindOf implements [cli.Stores].
func (Here) KindOf(t topologies.Topology) topologies.Kind {
	if vm.Is(t) {
		return topologies.KindVM
	}
	return topologies.KindContainer
}

// FindImage implements [cli.Stores].
func (Here) FindImage(ctx context.Context, registries []string, ref string) (from, digest string, err error) {
	host, _, _ := strings.Cut(ref, "/")
	switch {
	case registry.Names(ref):
		if !slices.ContainsFunc(registries, func(r string) bool { return r == host || strings.HasPrefix(r, host+"/") }) {
			return "", "", fmt.Errorf("find the image %s: its registry is asked where %s names it: %s=%s", ref, cli.EnvRegistry, cli.EnvRegistry, strings.Join(append(slices.Clip(registries), host), ","))
		}
	case len(registries) > 0:
		ref = registry.In(registries[0], ref)
	default:
		return "", "", nil
	}
	found, err := registry.Look(ctx, ref)
	return found.From, found.Digest, err
}

// ForOthers opens what builds labs for plans that others sent. It implements [labworker.Opener].
type ForOthers struct {
	Inventory string // lab.yaml whose devices may be used; empty: none
	AcceptNew bool   // believe ssh host keys that are not known yet
	Provider  string // the only one that is used; empty: what the plan asks for, or what is there
	Say       func(line string)
	// Registries are those that images may be fetched from, HOST or HOST:PORT: others say which, and this machine's credentials are shown
	// there.
	Registries []string
	Discreet   *Discreet // learns by which addresses devices are reached; nil: nobody does
}

// Open implements [labworker.Opener].
func (f ForOthers) Open(ctx context.Context, p *plan.Plan, o labworker.Order, digests map[string]string) (labworker.Provider, error) {
	name := cmp.Or(o.Provider, f.Provider)
	if f.Provider != "" && name != f.Provider {
		return nil, fmt.Errorf("labs of %s are asked for, and this worker builds them with %s alone", name, f.Provider)
	}
	switch {
	case name == labpool.HowDevices && f.Inventory == "":
		return nil, errors.New("devices are asked for, and this worker was given no inventory (--lab)")
	case name == labpool.HowDevices:
		if _, err := f.inventory(); err != nil {
			return nil, err
		}
		return Here{}.Open(ctx, cli.LabFlags{File: f.Inventory, AcceptNew: f.AcceptNew, Wait: true}, nil, p)
	case vm.Is(p.Topology):
		return Here{}.Open(ctx, cli.LabFlags{}, nil, p)
	}
	if err := f.settleImages(ctx, p, o, digests); err != nil {
		return nil, err
	}
	return Here{}.Open(ctx, cli.LabFlags{Provider: name}, nil, p)
}

// inventory reads the devices that may be used, as they are now.
func (f ForOthers) inventory() (*lab.Inventory, error) {
	inv, err := LoadInventory(f.Inventory, f.AcceptNew)
	if err == nil && f.Discreet != nil {
		f.Discreet.Know(inv)
	}
	return inv, err
}

// settleImages has nodes run on the images that they had where the plan was made: where a name means another one
// here, on that of the digest, which is fetched where it was sent along. An image that is neither here nor was sent is
// found missing, or another one, by the bench before it builds a lab.
func (f ForOthers) settleImages(ctx context.Context, p *plan.Plan, o labworker.Order, digests map[string]string) error {
	kept, err := OpenImages()
	if err != nil {
		return err
	}
	for i := range p.Nodes {
		ref := p.Nodes[i].Image
		want := digests[ref]
		if want == "" {
			continue
		}
		if has, err := kept.Resolve(ref); err == nil && has.Digest == want {
			continue
		}
		if _, err := kept.Resolve(want); err != nil {
			if err := f.fetch(ctx, kept, ref, want, o); err != nil {
				return err
			}
		}
		if _, err := kept.Resolve(want); err == nil || p.Loaded.PermitEngine("") == nil && inEngine(ctx, want) {
			p.Nodes[i].Image, p.Topology.Nodes[i].Image = want, want
		}
	}
	return nil
}

// inEngine reports whether the engine has the image of a digest.
func inEngine(ctx context.Context, digest string) (there bool) {
	err := ifEngine(ctx, func(ctx context.Context, s *images.Store) error {
		info, err := s.Describe(ctx, digest)
		there = info.Digest == digest
		return err
	})
	return there && err == nil
}

// fetch takes in an image that was sent along. One that was not is for the provider to find.
func (f ForOthers) fetch(ctx context.Context, kept *store.Store, ref, digest string, o labworker.Order) error {
	archive, from := o.Archives[digest], o.Registries[digest]
	if host, _, _ := strings.Cut(from, "/"); slices.Contains(f.Registries, host) {
		if f.Say != nil {
			f.Say(fmt.Sprintf("fetching the image %s (%s) from %s", ref, digest, host))
		}
		err := registry.Fetch(ctx, kept, registry.Found{From: from, Digest: digest})
		if err == nil {
			return nil
		}
		if archive == "" {
			return &labworker.FetchError{Ref: ref, Err: err}
		}
		if f.Say != nil {
			f.Say(fmt.Sprintf("%v: it was sent as well", err))
		}
	}
	if archive == "" || o.Archive == nil {
		return nil
	}
	if f.Say != nil {
		f.Say(fmt.Sprintf("taking in the image %s (%s)", ref, digest))
	}
	r, err := o.Archive(ctx, archive)
	if err != nil {
		return fmt.Errorf("fetch the image %s: %w", ref, err)
	}
	_, err = kept.Adopt(ctx, r, digest)
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("take in the image %s: %w", ref, err)
	}
	return nil
}

// guestRefs lists the guests of this machine by name, with their digests.
func guestRefs() (map[string]string, error) {
	guests, err := OpenMachines()
	if err != nil {
		return nil, err
	}
	list, err := guests.Guests()
	refs := map[string]string{}
	for _, g := range list {
		refs[g.Ref] = g.Digest
	}
	return refs, errors.Join(err, guests.Close())
}
