package lab

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
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
	var guests bool
	build := &cobra.Command{
		Use: "build [SUITE…]", Short: "Make the images of these Debian suites; without a name, of those in use", Args: cobra.OnlyValidArgs, ValidArgs: recipe.Buildable(),
		Long: `Make the images of these Debian suites; without a name, of those in use.

--guest makes machines instead of images of containers: a Debian guest with a full
kernel (802.1Q, bonding with LACP, bridges with STP, netem) that QEMU runs, named
reprise/guest:SUITE in a topology. It takes qemu-system-x86, qemu-utils, mmdebstrap
and e2fsprogs.`,
		Example: "  reprise images build bookworm trixie\n  reprise images build --guest bookworm",
		RunE: func(c *cobra.Command, args []string) error {
			if guests {
				return a.buildGuests(c.Context(), args)
			}
			return a.WithImages(c.Context(), func(ctx context.Context, s *images.Store) error {
				return s.Build(ctx, args, func(line string) { a.Progress("%s", line) })
			})
		},
	}
	build.Flags().BoolVar(&guests, "guest", false, "make virtual machines instead of images of containers")
	c.AddCommand(
		build,
		&cobra.Command{
			Use: "import [FILE]", Short: "Take images over that docker save wrote, for labs without an engine", Args: cobra.MaximumNArgs(1),
			Long: `Take the images of a file that docker save wrote, or of standard input, into the
store of labs of namespaces (--provider namespaces), which need no engine. Their
names, digests and package versions stay. Each is unpacked once, as an ordinary
user into files of the user's subordinate ids.`,
			Example: "  docker save reprise/debian:bookworm reprise/frr:8.4.4 | reprise images import",
			RunE:    func(c *cobra.Command, args []string) error { return a.importImages(c.Context(), args) },
		},
		&cobra.Command{
			Use: "list", Short: "Show the images and guests that are there", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				return a.WithImages(c.Context(), a.listImages)
			},
		},
		&cobra.Command{
			Use: "rm REF…", Short: "Remove images, by tag or Debian suite, and guests by name", Args: cobra.MinimumNArgs(1), ValidArgs: recipe.Buildable(),
			RunE: func(c *cobra.Command, args []string) error { return a.removeImages(c.Context(), args) },
		},
	)
	return c
}

// buildGuests makes virtual machines.
func (a *app) buildGuests(ctx context.Context, suites []string) error {
	p, err := cli.OpenMachines()
	if err != nil {
		return err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	if len(suites) == 0 {
		suites = []string{"bookworm"}
	}
	for _, suite := range suites {
		if err := p.BuildGuest(ctx, suite, "", func(line string) { a.Progress("%s", line) }); err != nil {
			return err
		}
	}
	return nil
}

// removeImages removes guests, which are files, and images, which the engine keeps.
func (a *app) removeImages(ctx context.Context, refs []string) error {
	p, err := cli.OpenMachines()
	if err != nil {
		return err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	var rest []string
	for _, ref := range refs {
		if !strings.HasPrefix(ref, guest.Prefix) {
			rest = append(rest, ref)
		} else if err := p.RemoveGuest(ref); err != nil {
			return err
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return a.WithImages(ctx, func(ctx context.Context, s *images.Store) error { return s.Remove(ctx, rest) })
}

// importImages takes the images of an archive into the store of labs without an engine.
func (a *app) importImages(ctx context.Context, args []string) (err error) {
	in := a.In
	if len(args) > 0 && args[0] != "-" {
		f, err := plain.Open(args[0])
		if err != nil {
			return cli.WithCode(cli.ExitInput, err)
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	s, err := cli.OpenImages()
	if err != nil {
		return err
	}
	list, err := s.Import(ctx, in)
	if err != nil {
		return err
	}
	if done, err := a.Emit(list); done {
		return err
	}
	for _, img := range list {
		a.Say("%s %4d MB  %s", img.Digest, img.Size/1_000_000, strings.Join(img.Refs, " "))
	}
	return nil
}

// imageList is what images list prints as JSON.
type imageList struct {
	Images []images.Image `json:"images"`
	Guests []guest.Guest  `json:"guests"`
}

func (a *app) listImages(ctx context.Context, s *images.Store) error {
	p, err := cli.OpenMachines()
	if err != nil {
		return err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	var list imageList
	if list.Guests, err = p.Guests(); err != nil {
		return err
	}
	if list.Images, err = s.List(ctx); err != nil {
		return err
	}
	if done, err := a.Emit(list); done {
		return err
	}
	for _, i := range list.Images {
		a.sayImage(i.Suite, i.Size, strings.Join(i.Refs, " "), i.Current, "reprise images build "+i.Suite)
	}
	for _, g := range list.Guests {
		a.sayImage(g.Suite, g.Size, g.Ref+" (Linux "+g.Kernel+")", g.Current, "reprise images build --guest "+g.Suite)
	}
	if len(list.Images)+len(list.Guests) == 0 {
		a.Say("no images yet; reprise images build makes them")
	}
	return nil
}

func (a *app) sayImage(suite string, size int64, names string, current bool, build string) {
	state := ""
	if !current {
		state = "  (of an older recipe; " + build + ")"
	}
	a.Say("%-9s %4d MB  %s%s", suite, size/1_000_000, names, state)
}
