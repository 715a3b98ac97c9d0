package labs

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/host"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// Names of checks that decide what labs are built with.
const (
	checkSpaces = "user namespaces"
	checkEngine = "container engine"
	checkQEMU   = "QEMU"
	checkKVM    = "KVM"
)

// Offered is what a worker was told of what it may give to others.
type Offered struct {
	Name  string
	Slots int
	Trust []string
	// NoParts has no parts of labs be built that are spread over several machines.
	NoParts bool
	ForOthers
}

// Offer says what this machine has for the trials of others: as reprise doctor finds it, less what scenarios of others
// do not get.
func (o Offered) Offer(ctx context.Context) (fleet.Offer, error) {
	build, err := cli.Build()
	if err != nil {
		return fleet.Offer{}, err
	}
	out := fleet.Offer{
		Name: o.Name, Slots: o.Slots, Version: build, Cores: float64(runtime.NumCPU()), Abilities: map[string]string{}, Images: map[string]string{},
	}
	for _, token := range o.Trust {
		out.Abilities[labpool.TrustAbility(token)] = ""
	}
	if out.Memory, err = o.share(); err != nil {
		return out, err
	}
	for _, add := range []func(context.Context, *fleet.Offer) error{o.offerSpaces, o.offerEngine, o.offerMachines, o.offerDevices} {
		if err := add(ctx, &out); err != nil {
			return out, err
		}
	}
	slices.Sort(out.Kinds)
	out.Kinds = slices.Compact(out.Kinds)
	return out, nil
}

// share is the memory of the machine that one of its labs has, in bytes.
func (o Offered) share() (int64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("ask for the machine's memory: %w", err)
	}
	return int64(info.Totalram) * int64(info.Unit) / int64(max(o.Slots, 1)), nil //nolint:gosec // bytes of memory
}

// builds reports whether the worker may build labs with a provider.
func (o Offered) builds(name string) bool { return o.Provider == "" || o.Provider == name }

// note keeps what was looked at, and reports whether what a name stands for is there.
func note(out *fleet.Offer, checks []doctor.Check, name string) (there bool) {
	for _, c := range checks {
		why := ""
		if !c.OK {
			if why = c.Detail; why == "" {
				why = "it is not there"
			}
			if c.Fix != "" {
				why += "; to get it: " + c.Fix
			}
		}
		out.Abilities[c.Name] = why
		there = there || c.Name == name && c.OK
	}
	return there
}

func (o Offered) offerSpaces(ctx context.Context, out *fleet.Offer) error {
	there := note(out, append(namespaces.Probe(ctx), namespaces.ProbeMore()...), checkSpaces)
	if !there || !o.builds(cli.ProviderNamespaces) {
		out.Abilities[fleet.AbilityParts] = "they are of namespaces, and it builds none"
		return nil
	}
	if o.NoParts {
		out.Abilities[fleet.AbilityParts] = "it was started with --address none"
	} else {
		out.Abilities[fleet.AbilityParts] = ""
	}
	out.Providers, out.Kinds = append(out.Providers, cli.ProviderNamespaces), append(out.Kinds, string(topologies.KindContainer))
	out.Registries = o.Registries
	kept, err := OpenImages()
	if err != nil {
		return err
	}
	list, err := kept.List()
	for _, image := range list {
		out.Images[image.Digest] = image.Digest
		for _, ref := range image.Refs {
			out.Images[ref] = image.Digest
		}
	}
	return err
}

// offerEngine offers the container engine where scenarios of others were allowed to have it: who may use it is root.
func (o Offered) offerEngine(ctx context.Context, out *fleet.Offer) error {
	token := scenarios.AskEngine().Token
	if !slices.Contains(o.Trust, token) {
		out.Abilities[checkEngine] = "scenarios of others do not get it, for who uses it is root of the machine; to give it: reprise worker --trust " + token
		return nil
	}
	if !note(out, host.Probe(ctx), checkEngine) || !o.builds(cli.ProviderContainers) && !o.builds(cli.ProviderMixed) {
		return nil
	}
	out.Kinds = append(out.Kinds, string(topologies.KindContainer))
	if o.builds(cli.ProviderContainers) {
		out.Providers = append(out.Providers, cli.ProviderContainers)
	}
	if o.builds(cli.ProviderMixed) {
		out.Providers = append(out.Providers, cli.ProviderMixed)
	}
	return WithImages(ctx, func(ctx context.Context, s *images.Store) error {
		refs, err := s.Refs(ctx)
		for _, ref := range refs {
			if info, ierr := s.Describe(ctx, ref); ierr == nil && out.Images[ref] == "" {
				out.Images[ref] = info.Digest
			}
		}
		return err
	})
}

func (o Offered) offerMachines(ctx context.Context, out *fleet.Offer) error {
	guests, err := OpenMachines()
	if err != nil {
		return err
	}
	there := note(out, guests.Probe(ctx), checkQEMU)
	out.KVM = out.Abilities[checkKVM] == ""
	if err := guests.Close(); err != nil || !there || !o.builds(guests.Name()) {
		return err
	}
	out.Providers, out.Kinds = append(out.Providers, guests.Name()), append(out.Kinds, string(topologies.KindVM))
	refs, err := guestRefs()
	maps.Copy(out.Images, refs)
	return err
}

// offerDevices offers the devices of the inventory: their names, platforms and models, and nothing by which they are
// reached.
func (o Offered) offerDevices(_ context.Context, out *fleet.Offer) error {
	if o.Inventory == "" || !o.builds(labpool.HowDevices) {
		return nil
	}
	inv, err := o.inventory()
	if err != nil {
		return err
	}
	out.Providers = append(out.Providers, labpool.HowDevices)
	for _, d := range inv.Devices {
		out.Devices = append(out.Devices, fleet.Device{Name: d.Name, Platform: d.Platform, Model: d.Model})
		out.Kinds = append(out.Kinds, string(d.Kind))
	}
	return nil
}

// Check says why a worker of this machine would never get anything to do; nil where it would.
func (o Offered) Check(offer fleet.Offer) error {
	if len(offer.Providers) > 0 {
		return nil
	}
	var why []string
	for _, name := range []string{checkSpaces, checkEngine, checkQEMU} {
		if reason := offer.Abilities[name]; reason != "" {
			why = append(why, name+": "+reason)
		}
	}
	return &topologies.MissingError{What: "a lab", Name: "for others", Hint: "this machine can build none (reprise doctor):\n  " + strings.Join(why, "\n  ")}
}

// WorkerCheck says of a machine that was looked at what a worker on it could give to others, which was told to trust them with
// some things, and why that is nothing.
func WorkerCheck(checks []doctor.Check, trust []string) doctor.Check {
	c := doctor.Check{Name: "worker of a fleet", Optional: true, Lost: "giving this machine's labs to others (reprise worker)"}
	var with []string
	for _, way := range []struct{ check, provider, token string }{
		{checkSpaces, cli.ProviderNamespaces, ""}, {checkEngine, cli.ProviderContainers, scenarios.AskEngine().Token}, {checkQEMU, "vm", ""},
	} {
		i := slices.IndexFunc(checks, func(c doctor.Check) bool { return c.Name == way.check })
		switch {
		case i < 0:
		case checks[i].OK && (way.token == "" || slices.Contains(trust, way.token)):
			with = append(with, way.provider)
		case checks[i].OK:
			c.Detail, c.Fix = "scenarios of others do not get the "+way.check, "reprise worker --trust "+way.token
		case c.Detail == "":
			c.Detail, c.Fix = "no "+way.check+": "+checks[i].Detail, checks[i].Fix
		}
	}
	if c.OK = len(with) > 0; c.OK {
		c.Detail = "labs with " + strings.Join(with, ", ")
	}
	return doctor.Tidy([]doctor.Check{c})[0]
}
