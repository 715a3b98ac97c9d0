package escalate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// openOptions are what "bundle open" was asked.
type openOptions struct {
	*cli.App
	read         reading
	file, output string
}

func newOpen(a *cli.App, runF func(context.Context, *openOptions) error) *cobra.Command {
	o := &openOptions{App: a}
	c := &cobra.Command{
		Use:   "open FILE",
		Short: "Unpack a bundle so that its runs can be judged and repeated",
		Long: `Check the digests, unpack into a new folder, and print the commands that judge and
repeat the runs. Nothing that is in the bundle is executed by this.

A scenario is somebody else's: look at what it does to your lab before you run it
(reprise run SCENARIO --dry-run). Its labs are made of namespaces, unless you trust it
with the container engine.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeBundles,
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.read.check(c); err != nil {
				return err
			}
			return cli.Run(runF, runOpen)(c.Context(), o)
		},
	}
	o.read.register(c)
	c.Flags().StringVarP(&o.output, "output", "o", "", "folder to make (default: named after the file)")
	return c
}

// openedRun is one run that was unpacked.
type openedRun struct {
	ID    string `json:"id"`
	Dir   string `json:"dir"`
	Judge string `json:"judge"` // commands
	Run   string `json:"run"`
}

// opened is what "bundle open" prints with --json.
type opened struct {
	Dir  string      `json:"dir"`
	Runs []openedRun `json:"runs"`
}

func runOpen(ctx context.Context, o *openOptions) error {
	how, err := readOptions(ctx, o.App, &o.read, "unpacked")
	if err != nil {
		return err
	}
	out := opened{cmp.Or(o.output, folderName(o.file)), []openedRun{}}
	b, err := bundle.Open(ctx, o.file, how)
	if err != nil {
		return bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	if err := b.Extract(ctx, out.Dir, nil); err != nil {
		return bundleError(fmt.Errorf("open %s: %w", o.file, err))
	}
	for _, r := range b.Manifest.Claim.Runs {
		run, err := openedFrom(out.Dir, r.ID)
		if err != nil {
			return cli.WithCode(cli.ExitNo, err)
		}
		out.Runs = append(out.Runs, run)
	}
	return o.Show(out, func(w io.Writer) { printUnpacked(w, b.Manifest.Claim, out) })
}

// printUnpacked writes the claim, and the commands that judge and repeat its runs.
func printUnpacked(w io.Writer, claim bundle.Claim, out opened) {
	printClaim(w, claim)
	for _, r := range out.Runs {
		cli.Tell(w, "judge     %s", r.Judge)
		cli.Tell(w, "run       %s", r.Run)
	}
	cli.Tell(w, "%s", out.Dir)
}

func folderName(file string) string {
	name := filepath.Base(file)
	for _, ext := range []string{".age", ".zst", ".tar", ".zip"} {
		name = strings.TrimSuffix(name, ext)
	}
	if name == filepath.Base(file) {
		name += ".opened"
	}
	return name
}

// openedFrom gives the commands for a run that was unpacked.
func openedFrom(dir, id string) (openedRun, error) {
	run, info, err := evidence.OpenDir(filepath.Join(dir, "runs", id))
	if err != nil {
		return openedRun{}, err
	}
	scenario := filepath.FromSlash(info.Scenario.File)
	if !filepath.IsLocal(scenario) {
		return openedRun{}, fmt.Errorf("%s: its scenario %q leads out of the run", id, info.Scenario.File)
	}
	words := []string{"reprise", "run", run.File("input", scenario), "--trials", fmt.Sprint(info.Trials), "--reset", info.Reset}
	if info.Variant == evidence.VariantControl {
		words = append(words, "--control")
	}
	for _, key := range slices.Sorted(maps.Keys(info.Set)) {
		words = append(words, "--set", key+"="+info.Set[key])
	}
	return openedRun{ID: id, Dir: run.Path, Judge: shellWords("reprise", "judge", run.Path), Run: shellWords(words...)}, nil
}

// shellWords writes a command that can be pasted into a shell.
func shellWords(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@,+") != "" {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
