package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// Provider builds labs and cleans up behind them.
type Provider interface {
	topologies.Provider
	Close() error
}

// Opener opens labs. main has the only one of real labs: a verb that asks for labs by this
// alone knows none of what they are built of.
type Opener interface {
	// Open gives what builds the labs of a plan, and of others that are run beside it: of the same
	// scenario with other images, or of its control. It refuses what a foreign scenario asks for
	// and was not allowed. waiting is told the place in the queue for devices; it may be nil.
	Open(ctx context.Context, where LabFlags, waiting func(lab.Place), p *plan.Plan, others ...*plan.Plan) (Provider, error)
	// WithImages calls f with the images that labs on this machine can be built of: where LabFlags name the engine, with its alone.
	WithImages(ctx context.Context, where LabFlags, f func(context.Context, Images) error) error
}

// Images are those of this machine, for who asks what there is.
type Images interface {
	// Identity is the same for two references that hold the same. One that is not there is a [*topologies.MissingError].
	Identity(ctx context.Context, ref string) (string, error)
	// Refs lists the references of all images.
	Refs(ctx context.Context) ([]string, error)
}

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

	// Fleet is the URL of the fleet that executes the trials; see [LabFlags.FleetURL].
	Fleet string `json:"-"` // it holds a token
	// AllLabs says that nobody chose a number of labs: of a fleet there are as many as its workers have.
	AllLabs bool `json:"-"`
	// InTurn says that of the labs of plans that have one number, one is down before the next is built. Otherwise two of them are up
	// at a time, as those of a scenario and of its control are.
	InTurn bool `json:"-"`
	// Work names what trials are for, so that nobody else does the same at the same time; empty names it after nothing.
	Work string `json:"-"`
}

// Register adds the flags.
func (f *LabFlags) Register(fl *pflag.FlagSet) {
	f.RegisterDevices(fl)
	f.RegisterProvider(fl)
	FleetFlag(fl, &f.Fleet)
}

// RegisterDevices adds the flags of labs of devices.
func (f *LabFlags) RegisterDevices(fl *pflag.FlagSet) {
	fl.StringVar(&f.File, "lab", "", "use the devices of this `inventory` (lab.yaml) instead of containers; $REPRISE_LAB names a default for reprise lab")
	fl.BoolVar(&f.Wait, "wait", false, "with --lab: queue for devices that are taken")
	fl.IntVar(&f.Priority, "priority", 0, "with --lab: place in the queue; higher goes first")
	fl.BoolVar(&f.AcceptNew, "accept-new", false, "with --lab: believe ssh host keys that are not known yet, and keep them")
}

// EnvProvider is the environment variable that says what --provider does where that is not given.
const EnvProvider = "REPRISE_PROVIDER"

// What --provider may say.
const (
	ProviderContainers = "containers"
	ProviderNamespaces = "namespaces"
	ProviderMixed      = "mixed"
	// ProviderSpread builds labs on several machines of a fleet; it is no choice of --provider.
	ProviderSpread = "spread"
)

// RegisterProvider adds the flag that chooses among providers of Linux nodes.
func (f *LabFlags) RegisterProvider(fl *pflag.FlagSet) { ProviderFlag(fl, &f.Provider) }

// ProviderFlag is that of [LabFlags.RegisterProvider] for verbs that use no devices.
func ProviderFlag(fl *pflag.FlagSet, name *string) {
	fl.StringVar(name, "provider", "", "`what` nodes are made of: containers of the engine, namespaces, which need neither an engine nor root, or mixed: of both, each as its runtime or its image says (default: $"+EnvProvider+", else mixed where a node says its runtime, namespaces for images of this project, and for what came out of a bundle, where the kernel allows them, else containers)")
}

// NoProvider refuses a word that --provider does not take.
func NoProvider(name string) error {
	return InputError("there is no provider %q: there are %s, %s and %s", name, ProviderContainers, ProviderNamespaces, ProviderMixed)
}

// Encode gives the flags to a child.
func (f LabFlags) Encode() string {
	data, _ := json.Marshal(f) // strings and numbers
	return string(data)
}

// CleanUp removes what dead runs left of containers, and names the devices of a real lab
// that a run did not give back. Leases end by themselves.
func CleanUp(ctx context.Context, p Provider, run string) error {
	if c, ok := topologies.As[topologies.Collector](p); ok {
		if _, err := c.GC(context.WithoutCancel(ctx), time.Now()); inReach(err) != nil {
			return fmt.Errorf("clean up: %w", inReach(err))
		}
	}
	if devices, ok := topologies.As[*lab.Provider](p); ok && run != "" {
		return unrestored(ctx, devices, run)
	}
	return nil
}

// inReach leaves out of what a clean-up met what is on a disk that is not mounted: that is no matter of a
// run, and gc tells it.
func inReach(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, err := range joined.Unwrap() {
			errs = append(errs, inReach(err))
		}
		return errors.Join(errs...)
	}
	if _, ok := errors.AsType[*topologies.AwayError](err); ok {
		return nil
	}
	return err
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
