package lab

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

// newImages is the group of the verbs of images.
func newImages(a *cli.App) *cobra.Command {
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
	c.AddCommand(newBuild(a, nil), newExport(a, nil), newImport(a, nil), newImageList(a, nil), newRemove(a, nil))
	return c
}

// buildOptions are what "images build" was asked.
type buildOptions struct {
	*cli.App
	suites   []string // none: those in use
	guests   bool
	provider string // whose images they are
}

func newBuild(a *cli.App, runF func(context.Context, *buildOptions) error) *cobra.Command {
	o := &buildOptions{App: a}
	c := &cobra.Command{
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
			o.suites = args
			return cli.Run(runF, runBuild)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.provider, "provider", "", "`what` keeps them: containers, the engine, or namespaces, the store of labs without one (default: $"+cli.EnvProvider+", else the engine where there is one)")
	c.Flags().BoolVar(&o.guests, "guest", false, "make virtual machines instead of images of containers")
	return c
}

func runBuild(ctx context.Context, o *buildOptions) error {
	if o.guests {
		return buildGuests(ctx, o.App, o.suites)
	}
	return buildImages(ctx, o.App, o.suites, o.provider)
}

// exportOptions are what "images export" was asked.
type exportOptions struct {
	*cli.App
	ref, output string
}

func newExport(a *cli.App, runF func(context.Context, *exportOptions) error) *cobra.Command {
	o := &exportOptions{App: a}
	c := &cobra.Command{
		Use: "export REF", Short: "Write an image of labs without an engine, as docker save does", Args: cobra.ExactArgs(1),
		Long: `Write an image of the store of labs of namespaces in the form of docker save: an
engine loads it, another store imports it, and it has the same digest there.`,
		Example: "  reprise images export reprise/frr:8.4.4 | docker load\n  reprise images export reprise/debian:bookworm -o bookworm.tar",
		RunE: func(c *cobra.Command, args []string) error {
			o.ref = args[0]
			return cli.Run(runF, runExport)(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "", "file to write (default: standard output)")
	return c
}

// importOptions are what "images import" was asked.
type importOptions struct {
	*cli.App
	file string // empty or -: standard input
}

func newImport(a *cli.App, runF func(context.Context, *importOptions) error) *cobra.Command {
	o := &importOptions{App: a}
	return &cobra.Command{
		Use: "import [FILE]", Short: "Take images over that docker save wrote, for labs without an engine", Args: cobra.MaximumNArgs(1),
		Long: `Take the images of a file that docker save wrote, or of standard input, into the
store of labs of namespaces (--provider namespaces), which need no engine. Their
names, digests and package versions stay. Each is unpacked once, as an ordinary
user into files of the user's subordinate ids.`,
		Example: "  docker save reprise/debian:bookworm reprise/frr:8.4.4 | reprise images import",
		RunE: func(c *cobra.Command, args []string) error {
			o.file = strings.Join(args, "")
			return cli.Run(runF, runImport)(c.Context(), o)
		},
	}
}

// imageListOptions are what "images list" was asked.
type imageListOptions struct{ *cli.App }

func newImageList(a *cli.App, runF func(context.Context, *imageListOptions) error) *cobra.Command {
	o := &imageListOptions{a}
	return &cobra.Command{
		Use: "list", Short: "Show the images and guests that are there", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runImageList)(c.Context(), o) },
	}
}

// removeOptions are what "images rm" was asked.
type removeOptions struct {
	*cli.App
	refs []string
}

func newRemove(a *cli.App, runF func(context.Context, *removeOptions) error) *cobra.Command {
	o := &removeOptions{App: a}
	return &cobra.Command{
		Use: "rm REF…", Short: "Remove images, by tag or Debian suite, and guests by name", Args: cobra.MinimumNArgs(1), ValidArgs: recipe.Buildable(),
		RunE: func(c *cobra.Command, args []string) error {
			o.refs = args
			return cli.Run(runF, runRemove)(c.Context(), o)
		},
	}
}

// buildGuests makes virtual machines.
func buildGuests(ctx context.Context, a *cli.App, suites []string) error {
	p, err := labs.OpenMachines()
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

// runRemove removes guests, which are files, and images, which the engine keeps.
func runRemove(ctx context.Context, o *removeOptions) error {
	p, err := labs.OpenMachines()
	if err != nil {
		return err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	var rest []string
	for _, ref := range o.refs {
		if !strings.HasPrefix(ref, guest.Prefix) {
			rest = append(rest, ref)
		} else if err := p.RemoveGuest(ref); err != nil {
			return err
		}
	}
	kept, err := labs.OpenImages()
	if err != nil {
		return err
	}
	unknown, err := removeKept(ctx, kept, rest)
	if err != nil || len(rest) == 0 || len(unknown) == 0 && !labs.EngineAnswers(ctx) {
		return err
	}
	return labs.WithImages(ctx, func(ctx context.Context, s *images.Store) (err error) {
		for _, ref := range rest {
			gone := s.Remove(ctx, []string{ref})
			if _, missing := errors.AsType[*topologies.MissingError](gone); !missing || slices.Contains(unknown, ref) {
				err = errors.Join(err, gone) // what the store had need not be in the engine too
			}
		}
		return err
	})
}

// runImport takes the images of an archive into the store of labs without an engine.
func runImport(ctx context.Context, o *importOptions) (err error) {
	in := o.In
	if o.file != "" && o.file != "-" {
		f, err := plain.Open(o.file)
		if err != nil {
			return cli.WithCode(cli.ExitInput, err)
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	s, err := labs.OpenImages()
	if err != nil {
		return err
	}
	list, err := s.Import(ctx, in)
	if err != nil {
		return err
	}
	return o.Show(list, func(w io.Writer) { printImported(w, list) })
}

// printImported writes what was taken over, for people.
func printImported(w io.Writer, list []store.Image) {
	for _, img := range list {
		cli.Line(w, "%s %4d MB  %s", img.Digest, img.Size/1_000_000, strings.Join(img.Refs, " "))
	}
}

// imageList is what images list prints as JSON.
type imageList struct {
	Images []images.Image `json:"images"`
	Kept   []keptImage    `json:"kept"` // in the store of labs without an engine
	Guests []guest.Guest  `json:"guests"`
}

func runImageList(ctx context.Context, o *imageListOptions) error {
	list, err := readImages()
	if err != nil {
		return err
	}
	if !labs.EngineAnswers(ctx) {
		o.Progress("no container engine answers: its images are not listed")
	} else if err := labs.WithImages(ctx, func(ctx context.Context, s *images.Store) (err error) {
		list.Images, err = s.List(ctx)
		return err
	}); err != nil {
		return err
	}
	return o.Show(list, func(w io.Writer) { printImages(w, list) })
}

// printImages writes what is there, and how to make anew what is of an older recipe.
func printImages(w io.Writer, list imageList) {
	for _, i := range list.Images {
		printImage(w, i.Suite, i.Size, strings.Join(i.Refs, " "), i.Current, "reprise images build "+i.Suite)
	}
	for _, k := range list.Kept {
		names := strings.Join(k.Refs, " ") + " (without an engine)"
		if len(k.Refs) == 0 {
			names = "no name, as what trials of a fleet brought has none; to remove it: reprise images rm " + k.Digest + " (without an engine)"
		}
		printImage(w, k.Suite, k.Size, names, k.Current, "reprise images build --provider namespaces "+k.Suite)
	}
	for _, g := range list.Guests {
		printImage(w, g.Suite, g.Size, g.Ref+" (Linux "+g.Kernel+")", g.Current, "reprise images build --guest "+g.Suite)
	}
	if len(list.Images)+len(list.Guests)+len(list.Kept) == 0 {
		cli.Line(w, "no images yet; reprise images build makes them")
	}
}

// readImages lists what is there without an engine.
func readImages() (imageList, error) {
	var list imageList
	p, err := labs.OpenMachines()
	if err != nil {
		return list, err
	}
	defer p.Close() //nolint:errcheck // it holds nothing
	if list.Guests, err = p.Guests(); err != nil {
		return list, err
	}
	kept, err := labs.OpenImages()
	if err != nil {
		return list, err
	}
	list.Kept, err = keptImages(kept)
	return list, err
}

func printImage(w io.Writer, suite string, size int64, names string, current bool, build string) {
	state := ""
	if !current {
		state = "  (of an older recipe; " + build + ")"
	}
	cli.Line(w, "%-9s %4d MB  %s%s", suite, size/1_000_000, names, state)
}
