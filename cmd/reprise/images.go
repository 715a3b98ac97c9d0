package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/containers/images"
)

func (a *app) imagesVerb() *cobra.Command {
	c := &cobra.Command{
		Use:   "images",
		Short: "The images that virtual switches run in",
		Long: `One image per Debian suite holds FRR, BIRD, Open vSwitch, keepalived and lldpd, and
carries a tag for each version in it: reprise/frr:8.4.4 and reprise/bird:2.0.12
are the same image. They are made from packages with mmdebstrap; no registry
takes part. Vendor images are your own: docker load them and name them in a
topology.

forky, which becomes the next release, is built when it is named: its versions change
from day to day, and images list tells them.`,
	}
	c.AddCommand(
		&cobra.Command{
			Use: "list", Short: "Show the images that are there", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				return a.withImages(c.Context(), a.listImages)
			},
		},
		&cobra.Command{
			Use: "build [SUITE…]", Short: "Make the images of these Debian suites; without a name, of those in use", Args: cobra.OnlyValidArgs, ValidArgs: images.Buildable(),
			Example: "  reprise images build bookworm trixie",
			RunE: func(c *cobra.Command, args []string) error {
				return a.withImages(c.Context(), func(ctx context.Context, s *images.Store) error {
					return s.Build(ctx, args, func(line string) { a.progress("%s", line) })
				})
			},
		},
		&cobra.Command{
			Use: "rm REF…", Short: "Remove images, by tag or Debian suite", Args: cobra.MinimumNArgs(1), ValidArgs: images.Buildable(),
			RunE: func(c *cobra.Command, args []string) error {
				return a.withImages(c.Context(), func(ctx context.Context, s *images.Store) error { return s.Remove(ctx, args) })
			},
		},
	)
	return c
}

func (a *app) withImages(ctx context.Context, f func(context.Context, *images.Store) error) error {
	provider, err := containers.New(containers.Options{})
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

func (a *app) listImages(ctx context.Context, s *images.Store) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	if done, err := a.emit(list); done {
		return err
	}
	for _, i := range list {
		state := ""
		if !i.Current {
			state = "  (of an older recipe; reprise images build " + i.Suite + ")"
		}
		a.say("%-9s %4d MB  %s%s", i.Suite, i.Size/1_000_000, strings.Join(i.Refs, " "), state)
	}
	if len(list) == 0 {
		a.say("no images yet; reprise images build makes them")
	}
	return nil
}
