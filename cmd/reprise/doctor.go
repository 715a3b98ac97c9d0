package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/topologies/containers/host"
)

func (a *app) doctorVerb() *cobra.Command {
	var fix bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can do, and make it ready",
		Long: `Look at the container engine, the images, the kernel's abilities and optional
tools, and say what is lost without each.

With --fix, as root on Debian or Ubuntu: install the container engine and
mmdebstrap, start the engine where no init system does, and make the images of
the virtual switches once. Elsewhere it says exactly what to install.

Exit status: 0 everything that is needed is there, 5 something is missing.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), fix) },
	}
	c.Flags().BoolVar(&fix, "fix", false, "install and build what is missing")
	return c
}

func (a *app) doctor(ctx context.Context, fix bool) error {
	if fix {
		if err := host.Fix(ctx, func(line string) { a.progress("%s", line) }); err != nil {
			return err
		}
	}
	checks := host.Probe(ctx)
	code := exitYes
	if !host.Ready(checks) {
		code = exitEnvironment
	}
	if done, err := a.emit(checks); done {
		return errors.Join(err, answer(code))
	}
	if fix && code == exitYes {
		a.say("this machine is ready; reprise doctor shows what it can do and what it lacks")
		return nil
	}
	for _, c := range checks {
		a.say("%-8s %-24s %s", stateOf(c), c.Name, c.Detail)
		if !c.OK && c.Lost != "" {
			a.say("%33s without it: %s", "", c.Lost)
		}
		if !c.OK && c.Fix != "" {
			a.say("%33s to get it: %s", "", c.Fix)
		}
	}
	return answer(code)
}

func stateOf(c host.Check) string {
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
