package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// matrixShowOptions are what "matrix show" was asked.
type matrixShowOptions struct {
	*cli.App
	suite string
}

func newMatrixShow(a *cli.App, runF func(context.Context, *matrixShowOptions) error) *cobra.Command {
	o := &matrixShowOptions{App: a}
	return &cobra.Command{
		Use:   "show SUITE",
		Short: "Show a test suite: tests, what they cover, cells, and how long they take",
		Long: `Show a test suite, one that comes with the program or a folder: its tests, the requirements that each covers,
the requirements with the tests that cover them, and those that none does, its cells, and how long they take
with one trial each in one lab. Every cell's scenario is read, as "matrix run" reads it.

Exit status: 0 it can be run, 4 wrong input.`,
		Example: `  reprise matrix show ospfv2
  reprise matrix show ./my-suite --json`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeSuite,
		RunE: func(c *cobra.Command, args []string) error {
			o.suite = args[0]
			return cli.Run(runF, runMatrixShow)(c.Context(), o)
		},
	}
}

// shownSuite is what "matrix show" prints with --json.
type shownSuite struct {
	ID           string                `json:"id"`
	Title        string                `json:"title"`
	Digest       string                `json:"digest"` // SHA-256 over the suite's files
	Roles        []string              `json:"roles"`
	Subjects     []result.Subject      `json:"subjects"`
	Tests        []shownTest           `json:"tests"`
	Requirements []result.Requirement  `json:"requirements,omitempty"`
	Uncovered    []string              `json:"uncovered,omitempty"` // requirements that no test covers
	Size         experiment.MatrixSize `json:"size"`                // of one trial of each cell
}

// shownTest is a test with its cells counted.
type shownTest struct {
	result.MatrixTest

	Cells         int `json:"cells"`
	NotApplicable int `json:"not-applicable"`
}

func runMatrixShow(_ context.Context, o *matrixShowOptions) error {
	_, m, err := readSuite(o.App, o.suite)
	if err != nil {
		return err
	}
	p, err := planInScratch(o.App, o.suite, m, experiment.MatrixOptions{Repeats: 1, RepeatFailing: defaultFailing})
	if err != nil {
		return err
	}
	out := shownSuite{
		ID: m.Head.Suite, Title: m.Head.Title, Digest: m.Head.Digest, Roles: m.Head.Roles, Subjects: m.Head.Subjects, Requirements: m.Head.Requirements,
		Size: p.Size(experiment.MatrixOptions{Repeats: 1, RepeatFailing: defaultFailing}),
	}
	for _, t := range m.Head.Tests {
		shown := shownTest{MatrixTest: t}
		for _, c := range m.Cells {
			if c.Cell.Test != t.ID {
				continue
			}
			if shown.Cells++; c.NotApplicable != "" {
				shown.NotApplicable++
			}
		}
		out.Tests = append(out.Tests, shown)
	}
	for _, r := range m.Head.Requirements {
		if len(r.Tests) == 0 {
			out.Uncovered = append(out.Uncovered, r.ID)
		}
	}
	return o.Show(out, func(w io.Writer) { printSuite(w, out) })
}

// planInScratch reads every cell's scenario from a folder that is gone again afterwards.
func planInScratch(a *cli.App, suite string, m experiment.MatrixSuite, o experiment.MatrixOptions) (*experiment.MatrixPlan, error) {
	dir, err := scratch.Make("matrix")
	if err != nil {
		return nil, fmt.Errorf("write the cells: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary folder does no harm
	if err := errors.Join(inherit(suite, dir), inherit(o.SinceDir, dir), m.WriteCells(evidence.Dir{Path: dir})); err != nil {
		return nil, err
	}
	o.Load = loadCell(a)
	p, err := experiment.PlanMatrix(evidence.Dir{Path: dir}, m, o)
	return p, cli.AsInputError(err)
}

// loadCell reads the scenario of a cell. Its warnings are those of the suite's every cell, and told to none.
func loadCell(a *cli.App) func(string) (*scenarios.Loaded, error) {
	return func(folder string) (*scenarios.Loaded, error) { return a.LoadQuiet(folder, nil) }
}

// printSuite writes a suite, for people.
func printSuite(w io.Writer, s shownSuite) {
	cli.Line(w, "%s: %s", s.ID, s.Title)
	for _, subject := range s.Subjects {
		cli.Line(w, "  subject  %-16s %s", subject.Name, subject.Image)
	}
	for _, t := range s.Tests {
		cells := cli.Plural(t.Cells, "cell")
		if t.NotApplicable > 0 {
			cells += fmt.Sprintf(", %d not applicable", t.NotApplicable)
		}
		cli.Line(w, "  test     %s: %s (%s)", t.ID, t.Title, cells)
		for _, line := range [][2]string{{"after", strings.Join(t.After, ", ")}, {"covers", strings.Join(t.Requirements, ", ")}} {
			if line[1] != "" {
				cli.Line(w, "             %-6s %s", line[0], line[1])
			}
		}
	}
	for _, r := range s.Requirements {
		tests := strings.Join(r.Tests, ", ")
		if tests == "" {
			tests = "no test"
		}
		cli.Line(w, "  requires %s (%s section %s, %s): %s: %s", r.ID, r.Document, r.Section, r.Level, r.Text, tests)
	}
	if len(s.Requirements) > 0 {
		cli.Line(w, "%d of %s covered%s", len(s.Requirements)-len(s.Uncovered), cli.Plural(len(s.Requirements), "requirement"), uncoveredWords(s.Uncovered))
	}
	cli.Line(w, "%s", sizeWords(s.Size, 1))
}

func uncoveredWords(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return "; not covered: " + strings.Join(ids, ", ")
}

// sizeWords tell how large a matrix is.
func sizeWords(s experiment.MatrixSize, labs int) string {
	words := []string{fmt.Sprintf("%s: %s with %s", cli.Plural(s.Cells, "cell"), cli.Plural(s.Tests, "test"), cli.Plural(s.Subjects, "subject"))}
	for _, part := range []struct {
		n    int
		what string
	}{
		{s.NotApplicable, "not applicable"},
		{s.NotChosen, "not chosen"},
		{s.Lacking, "cannot be tried here"},
		{s.Known, "known already"},
	} {
		if part.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	words = append(words, fmt.Sprintf("%d to try, %s in %s: from %s, where all pass at once, to %s, where all fail",
		s.ToTry, cli.Plural(s.Trials, "trial"), cli.Plural(labs, "lab"), clockWords(s.Least), clockWords(s.Most)))
	if s.Warm > 0 {
		words = append(words, fmt.Sprintf("%s, which up to %d of the cells use again, each node made anew", cli.Plural(s.Labs, "different lab"), s.Warm))
	}
	return strings.Join(words, "; ")
}

// clockWords are a time in the two units that matter.
func clockWords(d time.Duration) string {
	unit := time.Second
	if d >= time.Hour {
		unit = time.Minute
	}
	words := d.Round(unit).String()
	if strings.HasSuffix(words, "m0s") {
		words = strings.TrimSuffix(words, "0s")
	}
	return words
}
