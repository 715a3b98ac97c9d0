package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

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

// LabFlags say where a lab is built: of containers or namespaces, or with --lab of the devices
// of an inventory. They are handed on to the children of a run as JSON.
type LabFlags struct {
	File      string `json:"file,omitempty"`
	Wait      bool   `json:"wait,omitempty"`
	Priority  int    `json:"priority,omitempty"`
	AcceptNew bool   `json:"accept-new,omitempty"`
	// Provider names what builds nodes without a kernel of their own; empty means EnvProvider,
	// and without that what is there.
	Provider string `json:"provider,omitempty"`
	// Trust is what a foreign scenario may have, for the children of a run.
	Trust []string `json:"trust,omitempty"`

	Kinds []topologies.Kind `json:"-"` // the only ones that will do; empty means any
}

// Register adds the flags.
func (f *LabFlags) Register(fl *pflag.FlagSet) {
	fl.StringVar(&f.File, "lab", "", "use the devices of this inventory (lab.yaml) instead of containers; $REPRISE_LAB names a default for `reprise lab`")
	fl.BoolVar(&f.Wait, "wait", false, "with --lab: queue for devices that are taken")
	fl.IntVar(&f.Priority, "priority", 0, "with --lab: place in the queue; higher goes first")
	f.RegisterProvider(fl)
	fl.BoolVar(&f.AcceptNew, "accept-new", false, "with --lab: believe ssh host keys that are not known yet, and keep them")
}

// EnvProvider is the environment variable that says what --provider does where that is not given.
const EnvProvider = "REPRISE_PROVIDER"

// What --provider may say.
const (
	ProviderContainers = "containers"
	ProviderNamespaces = "namespaces"
	ProviderMixed      = "mixed"
)

// RegisterProvider adds the flag that chooses among providers of Linux nodes.
func (f *LabFlags) RegisterProvider(fl *pflag.FlagSet) { ProviderFlag(fl, &f.Provider) }

// ProviderFlag is that of [LabFlags.RegisterProvider] for verbs that use no devices.
func ProviderFlag(fl *pflag.FlagSet, name *string) {
	fl.StringVar(name, "provider", "", "`what` nodes are made of: containers of the engine, namespaces, which need neither an engine nor root, or mixed: of both, each as its runtime or its image says (default: $"+EnvProvider+", else mixed where a node says its runtime, namespaces for images of this project, and for what came out of a bundle, where the kernel allows them, else containers)")
}

// Provider builds labs and cleans up behind them.
type Provider interface {
	topologies.Provider
	Close() error
}

// OpenProvider gives what builds the labs of a plan, and of others that are run beside it: of the
// same scenario with other images, or of its control. It is the border: what a foreign scenario
// asks for and was not allowed is refused here, whatever the verb, and once more by
// harness/trial for each lab.
func OpenProvider(ctx context.Context, f LabFlags, waiting func(lab.Place), p *plan.Plan, others ...*plan.Plan) (Provider, error) {
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
func OpenNodes(ctx context.Context, l *scenarios.Loaded, name string, labs ...topologies.Topology) (Provider, error) {
	if err := permitAll(l, labs); err != nil {
		return nil, err
	}
	refused := l.PermitEngine("")
	switch name = cmp.Or(name, os.Getenv(EnvProvider)); {
	case (name == ProviderContainers || name == ProviderMixed) && refused != nil:
		return nil, refused
	case name == ProviderMixed, name == "" && refused == nil && slices.ContainsFunc(labs, saysRuntime):
		return openMixed(labs)
	case name == ProviderContainers:
		return containers.New(containers.Options{})
	case name == ProviderNamespaces:
		return namespaces.New(namespaces.Options{})
	case name == "" && refused != nil:
		return namespacesOnly(ctx, l, labs)
	case name == "":
		return whatIsThere(ctx, labs)
	default:
		return nil, noProvider(name)
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
func namespacesOnly(ctx context.Context, l *scenarios.Loaded, labs []topologies.Topology) (Provider, error) {
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
func whatIsThere(ctx context.Context, labs []topologies.Topology) (Provider, error) {
	spaces, err := namespaces.New(namespaces.Options{})
	if err == nil {
		err = checkAll(ctx, spaces, labs)
	}
	switch {
	case err == nil && !slices.ContainsFunc(labs, othersImages):
		return spaces, nil
	case lacksMoreThanImages(err) == nil && !EngineAnswers(ctx):
		return spaces, nil // which says how to get an image
	default:
		return containers.New(containers.Options{}) // which says what is missing
	}
}

// saysRuntime reports whether a node says what it is to be made of.
func saysRuntime(t topologies.Topology) bool {
	return slices.ContainsFunc(t.Nodes, func(n topologies.Node) bool {
		return n.Runtime == topologies.RuntimeContainers || n.Runtime == topologies.RuntimeNamespaces
	})
}

// openMixed gives what builds labs of both kinds of nodes, or one of them where all are of it.
func openMixed(labs []topologies.Topology) (Provider, error) {
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
	switch name = cmp.Or(name, os.Getenv(EnvProvider)); name {
	case ProviderContainers, ProviderNamespaces, ProviderMixed:
		return name == ProviderNamespaces, nil
	case "":
		return !EngineAnswers(ctx), nil
	default:
		return false, noProvider(name)
	}
}

func noProvider(name string) error {
	return InputError("there is no provider %q: there are %s, %s and %s", name, ProviderContainers, ProviderNamespaces, ProviderMixed)
}

// EngineAnswers reports whether a container engine is there.
func EngineAnswers(ctx context.Context) bool {
	c, err := engine.Connect(ctx)
	if err != nil {
		return false
	}
	_ = c.Close() // it was only asked whether it is there
	return true
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
func OpenEngine() (EngineStore, error) { return containers.New(containers.Options{}) }

// OpenSpaces gives what looks after labs of namespaces, and builds none.
func OpenSpaces() (Sweeper, error) { return namespaces.New(namespaces.Options{}) }

// GuestStore is the store of guests for verbs that look after it, and build no lab.
type GuestStore interface {
	Sweeper
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
		return nil, WithCode(ExitRefused, fmt.Errorf("%s came out of a bundle (%.12s), and an inventory says where this machine's passwords are sent: copy it elsewhere if you have read it and want it", file, mark.Bundle))
	}
	inv, err := lab.Load(file)
	if err != nil {
		return nil, WithCode(ExitInput, err)
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

// CleanUp removes what dead runs left of containers, and names the devices of a real lab
// that a run did not give back. Leases end by themselves.
func CleanUp(ctx context.Context, p Provider, run string) error {
	if c, ok := topologies.As[topologies.Collector](p); ok {
		if _, err := c.GC(context.WithoutCancel(ctx), time.Now()); err != nil {
			return fmt.Errorf("clean up: %w", err)
		}
	}
	if devices, ok := topologies.As[*lab.Provider](p); ok && run != "" {
		return unrestored(ctx, devices, run)
	}
	return nil
}

// unrestored names the devices that a run did not give back; nil where there are none.
func unrestored(ctx context.Context, p *lab.Provider, run string) error {
	l, err := p.Lab(ctx)
	if err != nil {
		return err
	}
	entries, err := l.Journal.Open()
	if err != nil {
		return err
	}
	var devices []string
	for _, e := range entries {
		if e.Run == run {
			devices = append(devices, e.Device)
		}
	}
	if len(devices) > 0 {
		return &lab.UnrestoredError{Devices: devices}
	}
	return nil
}

// Encode gives the flags to a child.
func (f LabFlags) Encode() string {
	data, _ := json.Marshal(f) // strings and numbers
	return string(data)
}

// WithImages calls f with the store of images.
func (a *App) WithImages(ctx context.Context, f func(context.Context, *images.Store) error) error {
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
