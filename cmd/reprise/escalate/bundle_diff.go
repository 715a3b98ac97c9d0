package escalate

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// diffOptions are what "bundle diff" was asked.
type diffOptions struct {
	*cli.App
	read        reading
	left, right string
}

func newDiff(a *cli.App, runF func(context.Context, *diffOptions) error) *cobra.Command {
	o := &diffOptions{App: a}
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Tell how two bundles differ: claim, images, environment, rates, inputs",
		Long: `Compare what two bundles say. Runs are compared by their part in the claim, not by
their names; rates with Fisher's exact test, two-sided.

Exit status: 0 nothing differs, 1 something does, 4 one of them is no bundle.`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeBundles,
		RunE: func(c *cobra.Command, args []string) error {
			o.left, o.right = args[0], args[1]
			if err := o.read.check(c); err != nil {
				return err
			}
			return cli.Run(runF, runDiff)(c.Context(), o)
		},
	}
	o.read.register(c)
	return c
}

func runDiff(ctx context.Context, o *diffOptions) error {
	left, err := readContents(ctx, o.App, o.left, &o.read)
	if err != nil {
		return err
	}
	right, err := readContents(ctx, o.App, o.right, &o.read)
	if err != nil {
		return err
	}
	out := diffed{A: o.left, B: o.right, Differences: bundle.Diff(left.Contents, right.Contents), Rates: bundle.CompareRates(left.Manifest.Claim, right.Manifest.Claim)}
	if len(out.Differences) > 0 {
		out.Exit = cli.ExitNo
	}
	err = o.Show(out, func(w io.Writer) { printDiff(w, out) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// diffed is what "bundle diff" prints with --json.
type diffed struct {
	A           string                 `json:"a"`
	B           string                 `json:"b"`
	Differences []bundle.Difference    `json:"differences"`
	Rates       *bundle.RateComparison `json:"rates"`
	Exit        int                    `json:"exit"`
}

// printDiff writes in what two bundles differ, for people.
func printDiff(w io.Writer, out diffed) {
	for _, d := range out.Differences {
		cli.Tell(w, "%-12s %s: %s → %s", d.What, d.Name, orAbsent(d.A), orAbsent(d.B))
	}
	if r := out.Rates; r != nil {
		word := "no difference shown"
		if r.Differ {
			word = "they differ"
		}
		cli.Tell(w, "rates        %s against %s: Fisher p = %.2g, %s", r.A, r.B, r.P, word)
	}
	if len(out.Differences) == 0 {
		cli.Tell(w, "they say the same")
	}
}

func orAbsent(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
