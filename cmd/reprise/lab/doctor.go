package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/host"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// doctorOptions are what doctor was asked.
type doctorOptions struct {
	*cli.App
	file          string // of a topology or a scenario; empty: there is none
	fix, machines bool
}

func newDoctor(a *cli.App, runF func(context.Context, *doctorOptions) error) *cobra.Command {
	o := &doctorOptions{App: a}
	c := &cobra.Command{
		Use:   "doctor [TOPOLOGY|SCENARIO]",
		Short: "Say what this machine can do, and make it ready",
		Long: `Look at the container engine, the images, what protects this machine from a lab
(border: …), the kernel's abilities and optional tools, and say what is lost
without each.

With --fix, as root on Debian or Ubuntu: allow ordinary users user namespaces
(settings of the kernel, an AppArmor profile for this program, subordinate ids
of who called sudo), install the container engine and mmdebstrap, start the
engine where no init system does, and make the images of the virtual switches
once; labs of namespaces get theirs from the engine. With --vm also QEMU, and the guest that scenarios of
the corpus run in machines. Elsewhere it says exactly what to install.

The check "worker of a fleet" says what reprise worker would offer to others, and why it would get no work;
reprise fleet status says so of the workers that run.

With a topology, or a scenario: also whether its lab fits into what the machine
has for everybody (the table of neighbours, processes, memory); --fix raises
what is too low.

As an ordinary user who has no engine it makes the images of labs of namespaces,
which need neither an engine nor root: mmdebstrap and uidmap must be installed.

Exit status: 0 everything that is needed is there, 5 something is missing.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = strings.Join(args, "")
			return cli.Run(runF, runDoctor)(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.fix, "fix", false, "install and build what is missing")
	c.Flags().BoolVar(&o.machines, "vm", false, "with --fix: also what labs of virtual machines need")
	return a.Trusting(c) // for --fix
}

func runDoctor(ctx context.Context, o *doctorOptions) error {
	t, err := o.lab()
	if err != nil {
		return err
	}
	guests, err := labs.OpenMachines()
	if err != nil {
		return err
	}
	defer guests.Close() //nolint:errcheck // it holds nothing
	if o.fix {
		if err := fix(ctx, o, t, guests); err != nil {
			return err
		}
	}
	checks := slices.Concat(doctor.Either(host.Probe(ctx), namespaces.Probe(ctx)), namespaces.ProbeMore(), namespaces.ProbeOthers(), guests.Probe(ctx))
	checks = append(checks, labs.WorkerCheck(checks, o.Trust))
	if len(t.Nodes) > 0 {
		checks = append(checks, doctor.Limits("/", t, 1)...)
	}
	code := cli.ExitYes
	if !doctor.Ready(checks) {
		code = cli.ExitEnvironment
	}
	err = o.Show(checks, func(w io.Writer) {
		if o.fix && code == cli.ExitYes {
			cli.Line(w, "this machine is ready; reprise doctor shows what it can do and what it lacks")
			return
		}
		printChecks(w, checks)
	})
	return errors.Join(err, cli.Answer(code))
}

// printChecks writes what this machine can do, and what is lost without what it cannot.
func printChecks(w io.Writer, checks []doctor.Check) {
	for _, c := range checks {
		cli.Line(w, "%-8s %-24s %s", stateOf(c), c.Name, c.Detail)
		if !c.OK && c.Lost != "" {
			cli.Line(w, "%33s without it: %s", "", c.Lost)
		}
		if !c.OK && c.Fix != "" {
			cli.Line(w, "%33s to get it: %s", "", c.Fix)
		}
	}
}

// lab is the topology that was asked about, if one was. With --fix it may not be one that asks for
// more than it was allowed: settings of the kernel are raised for it.
func (o *doctorOptions) lab() (topologies.Topology, error) {
	if o.file == "" {
		return topologies.Topology{}, nil
	}
	l, t, err := (&fileOptions{App: o.App, file: o.file}).read()
	if err == nil && o.fix {
		err = errors.Join(o.PermitLab(l, t), permitLimits(userns.ThisHost(), l, t))
	}
	return t, err
}

// permitLimits refuses to raise settings of the kernel for what is foreign, unless that was allowed.
func permitLimits(h userns.Host, l *scenarios.Loaded, t topologies.Topology) error {
	const token = "limits"
	if h.UID != 0 || l.Foreign == nil || l.Foreign.Trusts(token) {
		return nil
	}
	refused := &scenarios.ForeignError{File: l.File, Bundle: l.Foreign.Bundle}
	raised := doctor.Raised(h.Root, t, 1)
	for _, name := range slices.Sorted(maps.Keys(raised)) {
		refused.Asks = append(refused.Asks, scenarios.Ask{Token: token, What: fmt.Sprintf("%s is set to %s", name, raised[name])})
	}
	if len(refused.Asks) == 0 {
		return nil
	}
	return refused
}

// fix makes this machine fit for labs, of that of a topology too, and with --vm for machines.
func fix(ctx context.Context, o *doctorOptions, t topologies.Topology, guests labs.GuestStore) error {
	say := func(line string) { o.Progress("%s", line) }
	raiseLimits(userns.ThisHost(), t, say)
	if err := fixLabs(ctx, o.App, say); err != nil || !o.machines {
		return err
	}
	return guests.Fix(ctx, say)
}

// fixLabs makes this machine fit for labs of containers, and of namespaces where the kernel allows
// them; for an ordinary user without an engine, of namespaces alone.
func fixLabs(ctx context.Context, a *cli.App, say func(string)) error {
	if err := allowSpaces(ctx, say); err != nil {
		return err
	}
	spaces := namespaces.Probe(ctx)[0].OK
	if os.Geteuid() == 0 || labs.EngineAnswers(ctx) || !spaces {
		if err := host.Fix(ctx, say); err != nil || !spaces {
			return err
		}
	}
	return buildImages(ctx, a, nil, cli.ProviderNamespaces)
}

// raiseLimits has the machine have what the lab of a topology takes. For an ordinary user it does
// nothing: what is too low is told behind. What cannot be set is told, and no labs but that one
// are the worse for it.
func raiseLimits(h userns.Host, t topologies.Topology, say func(string)) {
	if h.UID != 0 {
		return
	}
	raised := doctor.Raised(h.Root, t, 1)
	for _, name := range slices.Sorted(maps.Keys(raised)) {
		say("setting " + name + " to " + raised[name])
		if err := h.SetSysctl(name, raised[name]); err != nil {
			say("it stays as it is: " + err.Error())
		}
	}
}

// allowSpaces has the machine allow user namespaces, to root and to ordinary users. For one of
// these it says what root would do.
func allowSpaces(ctx context.Context, say func(string)) error {
	h := userns.ThisHost()
	if h.UID == 0 {
		return errors.Join(h.Fix(ctx, say), h.ForUsers().Fix(ctx, say))
	}
	for _, r := range h.Refusals() {
		allow := r.Allow
		if r.Curable() {
			allow = "run: sudo reprise doctor --fix; or " + allow
		}
		say("user namespaces: " + r.Reason + "; " + allow)
	}
	return nil
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
