package interop

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/markdown"
)

// matrixDiffOptions are what "matrix diff" was asked.
type matrixDiffOptions struct {
	*cli.App
	old, new, format string
}

func newMatrixDiff(a *cli.App, runF func(context.Context, *matrixDiffOptions) error) *cobra.Command {
	o := &matrixDiffOptions{App: a}
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell what fails anew, was fixed or became flaky between two runs of a suite",
		Long: `Compare two runs of a suite cell by cell: test, subjects and options name a cell. Told are cells that fail
anew, were fixed, became flaky or are so no longer, are tested anew, are unknown now, or are not tested any
more; and in which version the rows that fail anew fail first. A cell that is inconclusive, blocked, not
applicable or not tested on one side neither fails anew nor is fixed.

Exit status: 0 nothing fails anew, 1 something does, always or now and then, 2 nothing does, but there are cells
that say no more whether it works, or none that says so on both sides, 4 wrong input, or two runs that are not of
one suite.`,
		Example: `  reprise matrix diff matrices/OLD matrices/NEW
  reprise matrix diff matrices/OLD matrices/NEW --format md > changes.md`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeMatrices(2),
		RunE: func(c *cobra.Command, args []string) error {
			o.old, o.new = args[0], args[1]
			if o.format != "text" && o.format != "md" {
				return cli.InputError("--format %s: want text or md", o.format)
			}
			return cli.Run(runF, runMatrixDiff)(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.format, "format", "f", "text", "text or md")
	cli.MustComplete(c, "format", "text", "md")
	return c
}

func runMatrixDiff(_ context.Context, o *matrixDiffOptions) error {
	old, err := readMatrix(o.old)
	if err != nil {
		return err
	}
	m, err := readMatrix(o.new)
	if err != nil {
		return err
	}
	d, err := experiment.DiffMatrices(old, m)
	if err != nil {
		return cli.AsInputError(err)
	}
	if o.format == "md" && !o.JSON {
		err = markdown.Diff(o.Document(), d)
	} else {
		err = o.Show(d, func(w io.Writer) { printMatrixDiff(w, d) })
	}
	return errors.Join(err, cli.Answer(matrixDiffStatus(d)))
}

func matrixDiffStatus(d *result.MatrixDiff) int {
	switch {
	case len(d.NewlyFailing)+len(d.BecameFlaky) > 0:
		return cli.ExitNo
	case d.Comparable == 0, len(d.UnknownNow)+len(d.NoLongerTested) > 0:
		return cli.ExitInconclusive
	default:
		return cli.ExitYes
	}
}

// maxShown bounds the cells of one kind of change that are told on a terminal.
const maxShown = 40

func printMatrixDiff(w io.Writer, d *result.MatrixDiff) {
	cli.Tell(w, "- %s", d.Old)
	cli.Tell(w, "+ %s", d.New)
	for _, why := range d.Unheld {
		cli.Tell(w, "not held against its record: %s", why)
	}
	if d.SuiteChanged {
		cli.Tell(w, "the suite's files are not the same: a cell may have tested something else")
	}
	for _, kind := range d.Changes() {
		if len(kind.Cells) == 0 {
			continue
		}
		cli.Tell(w, "")
		cli.Tell(w, "%s: %s", kind.Name, cli.Plural(len(kind.Cells), "cell"))
		for _, c := range kind.Cells[:min(maxShown, len(kind.Cells))] {
			is := "gone"
			if c.Is != "" {
				is = shareOf(c.Is, c.Passed, c.Valid)
			}
			cli.Tell(w, "  %s", c.Key)
			cli.Tell(w, "    %s; %s", is, reports.WasWords(c))
			if c.Reason != "" && !c.Is.Good() {
				cli.Tell(w, "    %s", cli.FirstLine(c.Reason, 160))
			}
			if c.Deviation != "" {
				cli.Tell(w, "    known: %s", c.Deviation)
			}
		}
		if more := len(kind.Cells) - maxShown; more > 0 {
			cli.Tell(w, "  and %d more: --format md or --json has them", more)
		}
	}
	if len(d.FirstBad) > 0 {
		cli.Tell(w, "")
		cli.Tell(w, "first bad version of these rows")
		for _, f := range d.FirstBad[:min(maxShown, len(d.FirstBad))] {
			cli.Tell(w, "  %s, %s: %s", f.Cell, f.Role, reports.RowWords(f))
		}
		if more := len(d.FirstBad) - maxShown; more > 0 {
			cli.Tell(w, "  and %d more", more)
		}
	}
	cli.Tell(w, "")
	if d.Comparable == 0 {
		cli.Tell(w, "nothing can be compared: no cell says on both sides whether it works")
	}
	cli.Tell(w, "%s on both sides, %d the same, %d newly failing; %d say nothing on either", cli.Plural(d.Comparable, "cell"), d.Same(), len(d.NewlyFailing), d.Silent)
}

func shareOf(v result.CellVerdict, passed, valid int) string {
	if valid == 0 {
		return reports.CellWord(v)
	}
	return fmt.Sprintf("%s (%d of %d passed)", reports.CellWord(v), passed, valid)
}
