package lab

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// gcOptions are what gc was asked.
type gcOptions struct {
	*cli.App
	run string // empty: what dead runs left
}

func newGC(a *cli.App, runF func(context.Context, *gcOptions) error) *cobra.Command {
	o := &gcOptions{App: a}
	c := &cobra.Command{
		Use:   "gc",
		Short: "Remove what dead runs left in the lab",
		Long: `Remove the containers and namespaces of runs whose process has ended, and of labs past their time, and
what killed processes left unpacked in the folder for temporary files and kept on a disk beside their runs.
Labs of running processes, labs kept with --keep and everything that is not
Reprise's own stay. With --run, remove that run's labs whatever their state.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runGC)(c.Context(), o) },
	}
	c.Flags().StringVar(&o.run, "run", "", "remove the labs of this run, kept or not")
	return c
}

// gcContainers removes labs of containers.
func gcContainers(ctx context.Context, run string) ([]string, error) {
	p, err := labs.OpenEngine()
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // nothing is lost with an idle connection
	return collect(ctx, p, run)
}

// gcSpaces removes labs of namespaces.
func gcSpaces(ctx context.Context, run string) ([]string, error) {
	p, err := labs.OpenSpaces()
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	return collect(ctx, p, run)
}

// gcMachines removes labs of virtual machines.
func gcMachines(ctx context.Context, run string) ([]string, error) {
	p, err := labs.OpenMachines()
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	return collect(ctx, p, run)
}

// collect removes the labs of a run, or without one what dead runs left.
func collect(ctx context.Context, c topologies.Collector, run string) ([]string, error) {
	if run != "" {
		return c.RemoveRun(ctx, run)
	}
	return c.GC(ctx, time.Now())
}

func runGC(ctx context.Context, o *gcOptions) error { return collectGarbage(ctx, o.App, o.run) }

// removed is what gc prints with --json.
type removed struct {
	Removed []string `json:"removed"`
}

// collectGarbage removes the labs of a run, or without one what dead runs left, of every kind.
func collectGarbage(ctx context.Context, a *cli.App, run string) error {
	var gone []string
	var err error
	if run == "" { // also where there is no engine: a bundle can be checked without one
		gone, err = scratch.GC()
	}
	spaces, spacesErr := gcSpaces(ctx, run)
	nodes, nodesErr := gcContainers(ctx, run)
	switch {
	case !isMissing(nodesErr):
	case run != "" && len(spaces) > 0:
		nodesErr = nil // the run was found, and it had no engine
	case run != "" || worksWithout():
		a.Progress("no container engine answers: labs of containers were not looked for")
		nodesErr = nil
	}
	machines, vmErr := gcMachines(ctx, run)
	out := removed{slices.Concat(gone, spaces, nodes, machines)}
	err = errors.Join(err, spacesErr, nodesErr, vmErr)
	return errors.Join(err, a.Show(out, func(w io.Writer) { printRemoved(w, out, run, err == nil) }))
}

// printRemoved writes what was removed, of a run where it names one. That there was nothing is said where all was looked for.
func printRemoved(w io.Writer, out removed, run string, whole bool) {
	for _, name := range out.Removed {
		cli.Line(w, "removed %s", name)
	}
	switch {
	case len(out.Removed) > 0 || !whole:
	case run != "":
		cli.Line(w, "no lab of run %s was found", run)
	default:
		cli.Line(w, "nothing to remove")
	}
}

// worksWithout reports whether this user has images of labs without an engine: one may then be
// missing.
func worksWithout() bool {
	s, err := labs.OpenImages()
	if err != nil {
		return false
	}
	list, err := s.List()
	return err == nil && len(list) > 0
}

// isMissing says that an error is of something that the machine lacks.
func isMissing(err error) bool {
	_, missing := errors.AsType[*topologies.MissingError](err)
	return missing
}
