package lab

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/containers/host"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

func (a *app) doctorVerb() *cobra.Command {
	var fix, machines bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can do, and make it ready",
		Long: `Look at the container engine, the images, what protects this machine from a lab
(border: …), the kernel's abilities and optional tools, and say what is lost
without each.

With --fix, as root on Debian or Ubuntu: install the container engine and
mmdebstrap, start the engine where no init system does, and make the images of
the virtual switches once; labs of namespaces get theirs from the engine. With --vm also QEMU, and the guest that scenarios of
the corpus run in machines. Elsewhere it says exactly what to install.

As an ordinary user who has no engine it makes the images of labs of namespaces,
which need neither an engine nor root: mmdebstrap and uidmap must be installed.

Exit status: 0 everything that is needed is there, 5 something is missing.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), fix, machines) },
	}
	c.Flags().BoolVar(&fix, "fix", false, "install and build what is missing")
	c.Flags().BoolVar(&machines, "vm", false, "with --fix: also what labs of virtual machines need")
	return c
}

func (a *app) doctor(ctx context.Context, fix, machines bool) error {
	guests, err := cli.OpenMachines()
	if err != nil {
		return err
	}
	defer guests.Close() //nolint:errcheck // it holds nothing
	say := func(line string) { a.Progress("%s", line) }
	if fix {
		if err := a.fixLabs(ctx, say); err != nil {
			return err
		}
	}
	if fix && machines {
		if err := guests.Fix(ctx, say); err != nil {
			return err
		}
	}
	engine, spaces := host.Probe(ctx), namespaces.Probe(ctx)
	if !slices.ContainsFunc(spaces, func(c doctor.Check) bool { return !c.OK }) {
		for i := range engine {
			engine[i].Optional = true // labs are built without
		}
	}
	checks := slices.Concat(engine, spaces, guests.Probe(ctx))
	code := cli.ExitYes
	if !doctor.Ready(checks) {
		code = cli.ExitEnvironment
	}
	if done, err := a.Emit(checks); done {
		return errors.Join(err, cli.Answer(code))
	}
	if fix && code == cli.ExitYes {
		a.Say("this machine is ready; reprise doctor shows what it can do and what it lacks")
		return nil
	}
	for _, c := range checks {
		a.Say("%-8s %-24s %s", stateOf(c), c.Name, c.Detail)
		if !c.OK && c.Lost != "" {
			a.Say("%33s without it: %s", "", c.Lost)
		}
		if !c.OK && c.Fix != "" {
			a.Say("%33s to get it: %s", "", c.Fix)
		}
	}
	return cli.Answer(code)
}

// fixLabs makes this machine fit for labs of containers, and of namespaces where the kernel allows
// them; for an ordinary user without an engine, of namespaces alone.
func (a *app) fixLabs(ctx context.Context, say func(string)) error {
	spaces := namespaces.Probe(ctx)[0].OK
	if os.Geteuid() == 0 || cli.EngineAnswers(ctx) || !spaces {
		if err := host.Fix(ctx, say); err != nil || !spaces {
			return err
		}
	}
	return a.buildImages(ctx, nil, cli.ProviderNamespaces)
}

func stateOf(c doctor.Check) string {
	switch {
	case c.OK:
		return "ok"
	case c.Unknown:
		return "unknown"
	case c.Optional:
		return "optional"
	default:
		return "MISSING"
	}
}
