package labs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/mixed"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/origin"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/vm"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

// Here are the labs of this machine and of the inventories it reads.
type Here struct{}

// Open implements [cli.Opener]. It is the border: what a foreign scenario asks for and was not
// allowed is refused here, whatever the verb, and once more by harness/trial for each lab.
func (Here) Open(ctx context.Context, f cli.LabFlags, waiting func(lab.Place), p *plan.Plan, others ...*plan.Plan) (cli.Provider, error) {
	labs := []topologies.Topology{p.Topology}
	for _, other := range others {
		labs = append(labs, other.Topology)
	}
	if f.File == "" && !vm.Is(p.Topology) {
		return OpenNodes(ctx, p.Loaded, f.Provider, labs...)
	}
	if err := permitAll(p.Loaded, labs); err != nil {
		return nil, err
	}
	if f.File == "" {
		return vm.New(vm.Options{})
	}
	inv, err := LoadInventory(f.File, f.AcceptNew)
	if err != nil {
		return nil, err
	}
	platforms := map[string]string{}
	for _, n := range p.Nodes {
		if !n.Segment {
			platforms[n.Name] = n.Platform
		}
	}
	return lab.New(inv, lab.Options{
		Platforms: platforms, Purpose: p.Loaded.Scenario.ID, Wait: f.Wait, Priority: f.Priority, Waiting: waiting, Kinds: f.Kinds,
	}), nil
}

// permitAll is Permit for several labs of a scenario.
func permitAll(l *scenarios.Loaded, labs []topologies.Topology) error {
	for _, t := range labs {
		if err := l.Permit(t); err != nil {
			return err
		}
	}
	return nil
}

// OpenNodes gives what builds labs of containers or of namespaces, for topologies that were
// loaded with l, if that may have what it asks for: what is foreign is built of namespaces,
// unless it was trusted with the engine. name is what --provider said.
func OpenNodes(ctx context.Context, l *scenarios.Loaded, name string, labs ...topologies.Topology) (cli.Provider, error) {
	if err := permitAll(l, labs); err != nil {
		return nil, err
	}
	refused := l.PermitEngine("")
	switch name = cmp.Or(name, os.Getenv(cli.EnvProvider)); {
	case (name == cli.ProviderContainers || name == cli.ProviderMixed) && refused != nil:
		return nil, refused
	case name == cli.ProviderMixed, name == "" && refused == nil && slices.ContainsFunc(labs, saysRuntime):
		return openMixed(labs)
	case name == cli.ProviderContainers:
		return containers.New(containers.Options{})
	case name == cli.ProviderNamespaces:
		return namespaces.New(namespaces.Options{})
	case name == "" && refused != nil:
		return namespacesOnly(ctx, l, labs)
	case name == "":
		return whatIsThere(ctx, labs)
	default:
		return nil, cli.NoProvider(name)
	}
}

// checkAll is the first thing that keeps one of the labs from being built.
func checkAll(ctx context.Context, p topologies.Provider, labs []topologies.Topology) error {
	var image error // which is the least of what may be missing
	for _, t := range labs {
		err := p.Check(ctx, t)
		if lacksMoreThanImages(err) != nil {
			return err
		}
		if image == nil {
			image = err
		}
	}
	return image
}

// namespacesOnly gives namespaces for what may not have the engine. Where such a lab cannot be
// built here, but perhaps for an image, the engine is what it asks for.
func namespacesOnly(ctx context.Context, l *scenarios.Loaded, labs []topologies.Topology) (cli.Provider, error) {
	spaces, err := namespaces.New(namespaces.Options{})
	if err != nil {
		return nil, l.PermitEngine(err.Error())
	}
	if err := lacksMoreThanImages(checkAll(ctx, spaces, labs)); err != nil {
		return nil, errors.Join(l.PermitEngine(err.Error()), spaces.Close())
	}
	return spaces, nil // which says how to get an image
}

// lacksMoreThanImages is what a check found, unless that is nothing but an image that is not here.
func lacksMoreThanImages(err error) error {
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok && missing.What == "image" {
		return nil
	}
	return err
}

// whatIsThere gives namespaces where they will do: where all labs can be built of them and every
// image is one that this project builds, which was measured to behave the same in both; where
// there is no engine, also for other images, and perhaps without one that is not there yet.
// Else it gives containers.
func whatIsThere(ctx context.Context, labs []topologies.Topology) (cli.Provider, error) {
	spaces, err := namespaces.New(namespaces.Options{})
	if err == nil {
		err = checkAll(ctx, spaces, labs)
	}
	if err == nil && !slices.ContainsFunc(labs, othersImages) {
		return spaces, nil
	}
	engineErr := engineIsThere(ctx)
	if engineErr == nil {
		return containers.New(containers.Options{}) // which says what is missing
	}
	if err = lacksMoreThanImages(err); err == nil {
		return spaces, nil // which says how to get an image
	}
	if spaces != nil {
		err = errors.Join(err, spaces.Close())
	}
	if engineWouldDo(err) {
		err = errors.Join(err, engineErr)
	}
	return nil, err
}

// engineWouldDo says of what keeps a lab of namespaces from being built that a lab of containers may be built in its stead: not what
// is wrong with the topology, nor a setting that this machine's kernel has not.
func engineWouldDo(err error) bool {
	missing, ok := errors.AsType[*topologies.MissingError](err)
	return ok && (missing.What != topologies.KernelAbility || !strings.HasPrefix(missing.Name, "sysctl "))
}

// saysRuntime reports whether a node says what it is to be made of.
func saysRuntime(t topologies.Topology) bool {
	return slices.ContainsFunc(t.Nodes, func(n topologies.Node) bool {
		return n.Runtime == topologies.RuntimeContainers || n.Runtime == topologies.RuntimeNamespaces
	})
}

// openMixed gives what builds labs of both kinds of nodes, or one of them where all are of it.
func openMixed(labs []topologies.Topology) (cli.Provider, error) {
	spaces, err := namespaces.New(namespaces.Options{})
	if err != nil {
		return nil, err
	}
	inSpaces, inBoxes := 0, 0
	for _, t := range labs {
		n := len(t.Part(mixed.InSpaces).Nodes)
		inSpaces, inBoxes = inSpaces+n, inBoxes+len(t.Nodes)-n
	}
	if inBoxes == 0 {
		return spaces, nil
	}
	boxes, err := containers.New(containers.Options{})
	if err != nil {
		return nil, errors.Join(err, spaces.Close())
	}
	if inSpaces == 0 {
		return boxes, spaces.Close()
	}
	return mixed.New(boxes, spaces), nil
}

// othersImages reports whether an image of a topology is not built by this project, or a node has
// a bound of memory of its own, which in a container ends a process of it and elsewhere the node.
// A segment has no image.
func othersImages(t topologies.Topology) bool {
	return slices.ContainsFunc(t.Nodes, func(n topologies.Node) bool {
		return n.Memory != "" || !strings.HasPrefix(n.Image, recipe.Repository) && !n.IsSegment()
	})
}

// WithoutEngine reports whether labs are to be made without a container engine: name is what
// --provider said.
func WithoutEngine(ctx context.Context, name string) (bool, error) {
	switch name = cmp.Or(name, os.Getenv(cli.EnvProvider)); name {
	case cli.ProviderContainers, cli.ProviderNamespaces, cli.ProviderMixed:
		return name == cli.ProviderNamespaces, nil
	case "":
		return !EngineAnswers(ctx), nil
	default:
		return false, cli.NoProvider(name)
	}
}

// EngineAnswers reports whether a container engine is there.
func EngineAnswers(ctx context.Context) bool { return engineIsThere(ctx) == nil }

// engineIsThere is the error of a container engine that is not there.
func engineIsThere(ctx context.Context) error {
	c, err := engine.Connect(ctx)
	if err == nil {
		_ = c.Close() // it was only asked whether it is there
	}
	return err
}

// EngineStore is the container engine for verbs that look after images and what is left of labs,
// and build none.
type EngineStore interface {
	Sweeper
	Images(ctx context.Context, context string) (*images.Store, error)
}

// Sweeper removes what is left of labs.
type Sweeper interface {
	topologies.Collector
	Close() error
}

// OpenEngine connects to the container engine.
func OpenEngine() (EngineStore, error) { return openBoxes() }

// OpenSpaces gives what looks after labs of namespaces, and builds none.
func OpenSpaces() (Sweeper, error) { return openSpaces() }

// openSpaces opens namespaces for what asks itself what a lab may have: the provider of a lab over machines, whose workers are
// sent nothing that has to be trusted, what a worker builds for it, and who comes to a lab that is up and builds none.
func openSpaces() (*namespaces.Provider, error) { return namespaces.New(namespaces.Options{}) }

// openBoxes connects to the container engine for who comes to a lab that is up.
func openBoxes() (*containers.Provider, error) { return containers.New(containers.Options{}) }

// GuestStore is the store of guests for verbs that look after it, and build no lab.
type GuestStore interface {
	Sweeper
	topologies.ImageDescriber
	Name() string // of the provider that builds labs of them
	Probe(ctx context.Context) []doctor.Check
	Fix(ctx context.Context, progress func(string)) error
	BuildGuest(ctx context.Context, suite, kernel string, progress func(string)) error
	Guests() ([]guest.Guest, error)
	RemoveGuest(ref string) error
}

// OpenMachines opens the store of guests.
func OpenMachines() (GuestStore, error) { return vm.New(vm.Options{}) }

// OpenImages opens the store of images of labs without an engine.
func OpenImages() (*store.Store, error) { return store.Open("") }

// LoadInventory reads the inventory of a lab. One that came out of a bundle is no lab of this
// machine: it says which passwords go to which address.
func LoadInventory(file string, acceptNew bool) (*lab.Inventory, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "lab.yaml")
	}
	switch mark, foreign, err := origin.Find(file); {
	case err != nil:
		return nil, err
	case foreign:
		return nil, cli.WithCode(cli.ExitRefused, fmt.Errorf("%s came out of a bundle (%.12s), and an inventory says where this machine's passwords are sent: copy it elsewhere if you have read it and want it", file, mark.Bundle))
	}
	inv, err := lab.Load(file)
	if err != nil {
		return nil, cli.WithCode(cli.ExitInput, err)
	}
	if acceptNew {
		for i := range inv.Devices {
			inv.Devices[i].Access.AcceptNew = true
			if c := inv.Devices[i].Console; c != nil {
				c.AcceptNew = true
			}
		}
	}
	return inv, nil
}

// WithImages implements [cli.Opener].
func (Here) WithImages(ctx context.Context, where cli.LabFlags, f func(context.Context, cli.Images) error) error {
	if cmp.Or(where.Provider, os.Getenv(cli.EnvProvider)) == cli.ProviderContainers {
		return WithImages(ctx, func(ctx context.Context, s *images.Store) error { return f(ctx, s) })
	}
	kept, err := OpenImages()
	if err != nil {
		return err
	}
	return f(ctx, atHand{kept})
}

// atHand are the images of the store of labs without an engine, and what an engine and the guests have beside them.
type atHand struct{ kept *store.Store }

// Identity implements [cli.Images].
func (a atHand) Identity(ctx context.Context, ref string) (string, error) {
	id, err := a.kept.Identity(ref)
	if !isMissing(err) {
		return id, err
	}
	err = ifEngine(ctx, func(ctx context.Context, s *images.Store) (err error) {
		id, err = s.Identity(ctx, ref)
		return err
	})
	if id != "" || err != nil && !isMissing(err) {
		return id, err
	}
	info, err := Here{}.DescribeImage(ctx, ref)
	return info.Digest, err
}

// Refs implements [cli.Images].
func (a atHand) Refs(ctx context.Context) ([]string, error) {
	list, err := a.kept.List()
	var refs []string
	for _, img := range list {
		refs = append(refs, img.Refs...)
	}
	err = errors.Join(err, ifEngine(ctx, func(ctx context.Context, s *images.Store) error {
		more, err := s.Refs(ctx)
		refs = append(refs, more...)
		return err
	}))
	slices.Sort(refs)
	return slices.Compact(refs), err
}

// WithImages calls f with the store of images of the container engine.
func WithImages(ctx context.Context, f func(context.Context, *images.Store) error) error {
	provider, err := OpenEngine()
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	store, err := provider.Images(ctx, "")
	if err != nil {
		return err
	}
	return f(ctx, store)
}
