package lab

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies"
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
	var where cli.LabFlags
	build := &cobra.Command{
		Use: "build [SUITE…]", Short: "Make the images of these Debian suites; without a name, of those in use", Args: cobra.OnlyValidArgs, ValidArgs: recipe.Buildable(),
		Long: `Make the images of these Debian suites; without a name, of those in use.

They are kept by the container engine or, for labs of namespaces, in a store of your
own (--provider namespaces), where an ordinary user makes them and no engine is
needed. What one of the two has the other takes over, byte by byte.

--guest makes machines instead of images of containers: a Debian guest with a full
kernel (802.1Q, bonding with LACP, bridges with STP, netem) that QEMU runs, named
reprise/guest:SUITE in a topology. It takes qemu-system-x86, qemu-utils, mmdebstrap
and e2fsprogs.`,
		Example: "  reprise images build bookworm trixie\n  reprise images build --guest bookworm",
		RunE: func(c *cobra.Command, args []string) error {
			if guests {
				return a.buildGuests(c.Context(), args)
			}
			return a.buildImages(c.Context(), args, where.Provider)
		},
	}
	where.RegisterProvider(build.Flags())
	var output string
	export := &cobra.Command{
		Use: "export REF", Short: "Write an image of labs without an engine, as docker save does", Args: cobra.ExactArgs(1),
		Long: `Write an image of the store of labs of namespaces in the form of docker save: an
engine loads it, another store imports it, and it has the same digest there.`,
		Example: "  reprise images export reprise/frr:8.4.4 | docker load\n  reprise images export reprise/debian:bookworm -o bookworm.tar",
		RunE:    func(c *cobra.Command, args []string) error { return a.exportImage(c.Context(), args[0], output) },
	}
	export.Flags().StringVarP(&output, "output", "o", "", "file to write (default: standard output)")
	build.Flags().BoolVar(&guests, "guest", false, "make virtual machines instead of images of containers")
	c.AddCommand(
		build, export,
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
			RunE: func(c *cobra.Command, _ []string) error { return a.listImages(c.Context()) },
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
	kept, err := cli.OpenImages()
	if err != nil {
		return err
	}
	unknown, err := removeKept(ctx, kept, rest)
	if err != nil || len(rest) == 0 || len(unknown) == 0 && !cli.EngineAnswers(ctx) {
		return err
	}
	return a.WithImages(ctx, func(ctx context.Context, s *images.Store) (err error) {
		for _, ref := range rest {
			gone := s.Remove(ctx, []string{ref})
			if _, missing := errors.AsType[*topologies.MissingError](gone); !missing || slices.Contains(unknown, ref) {
				err = errors.Join(err, gone) // what the store had need not be in the engine too
			}
		}
		return err
	})
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
	Kept   []keptImage    `json:"kept"` // in the store of labs without an engine
	Guests []guest.Guest  `json:"guests"`
}

func (a *app) listImages(ctx context.Context) error {
	list, err := readImages()
	if err != nil {
		return err
	}
	if !cli.EngineAnswers(ctx) {
		a.Progress("no container engine answers: its images are not listed")
	} else if err := a.WithImages(ctx, func(ctx context.Context, s *images.Store) (err error) {
		list.Images, err = s.List(ctx)
		return err
	}); err != nil {
		return err
	}
	if done, err := a.Emit(list); done {
		return err
	}
	for _, i := range list.Images {
		a.sayImage(i.Suite, i.Size, strings.Join(i.Refs, " "), i.Current, "reprise images build "+i.Suite)
	}
	for _, k := range list.Kept {
		a.sayImage(k.Suite, k.Size, strings.Join(k.Refs, " ")+" (without an engine)", k.Current, "reprise images build --provider namespaces "+k.Suite)
	}
	for _, g := range list.Guests {
		a.sayImage(g.Suite, g.Size, g.Ref+" (Linux "+g.Kernel+")", g.Current, "reprise images build --guest "+g.Suite)
	}
	if len(list.Images)+len(list.Guests)+len(list.Kept) == 0 {
		a.Say("no images yet; reprise images build makes them")
	}
	return nil
}

// readImages lists what is there without an engine.
func readImages() (imageList, error) {
	var list imageList
	p, err := cli.OpenMachines()
	if err != nil {
		return list, err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	if list.Guests, err = p.Guests(); err != nil {
		return list, err
	}
	kept, err := cli.OpenImages()
	if err != nil {
		return list, err
	}
	list.Kept, err = keptImages(kept)
	return list, err
}

func (a *app) sayImage(suite string, size int64, names string, current bool, build string) {
	state := ""
	if !current {
		state = "  (of an older recipe; " + build + ")"
	}
	a.Say("%-9s %4d MB  %s%s", suite, size/1_000_000, names, state)
}
