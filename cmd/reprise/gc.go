package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/vm"
)

func (a *app) gcVerb() *cobra.Command {
	var run string
	c := &cobra.Command{
		Use:   "gc",
		Short: "Remove what dead runs left in the lab",
		Long: `Remove the containers of runs whose process has ended, and of labs past their time.
Labs of running processes, labs kept with --keep and everything that is not
Reprise's own stay. With --run, remove that run's labs whatever their state.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.gc(c.Context(), run) },
	}
	c.Flags().StringVar(&run, "run", "", "remove the labs of this run, kept or not")
	return c
}

// gcMachines removes labs of virtual machines.
func (a *app) gcMachines(ctx context.Context, run string) ([]string, error) {
	p, err := vm.New(vm.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	if run != "" {
		return p.RemoveRun(ctx, run)
	}
	return p.GC(ctx, time.Now())
}

func (a *app) gc(ctx context.Context, run string) error {
	provider, err := containers.New(containers.Options{})
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	var removed []string
	if run != "" {
		removed, err = provider.RemoveRun(ctx, run)
	} else {
		removed, err = provider.GC(ctx, time.Now())
	}
	machines, vmErr := a.gcMachines(ctx, run)
	removed, err = append(removed, machines...), errors.Join(err, vmErr)
	if done, emitErr := a.emit(map[string]any{"removed": removed}); done {
		return emitErr
	}
	for _, name := range removed {
		a.say("removed %s", name)
	}
	if len(removed) == 0 && err == nil {
		a.say("nothing to remove")
	}
	return err
}
