package interop

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/formats"
)

// matrixReportOptions are what "matrix report" was asked.
type matrixReportOptions struct {
	*cli.App
	dir, old, format, output string
}

// chosen is the format that was asked for: --json is one.
func (o *matrixReportOptions) chosen() (formats.MatrixFormat, error) {
	name := o.format
	if o.JSON {
		name = "json"
	}
	return formatNamed(name)
}

func formatNamed(name string) (formats.MatrixFormat, error) {
	all := formats.Matrix()
	i := slices.IndexFunc(all, func(f formats.MatrixFormat) bool { return f.Name == name })
	if i < 0 {
		return formats.MatrixFormat{}, cli.InputError("--format %s: want one of %s", name, strings.Join(matrixFormats(), ", "))
	}
	return all[i], nil
}

func matrixFormats() []string {
	var names []string
	for _, f := range formats.Matrix() {
		names = append(names, f.Name)
	}
	return names
}

func newMatrixReport(a *cli.App, runF func(context.Context, *matrixReportOptions) error) *cobra.Command {
	o := &matrixReportOptions{App: a}
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Render a matrix as HTML, Markdown, CSV, JUnit, JSON, a badge or a summary",
		Long: `Render the matrix in a folder that "matrix run" made. It works on one that was broken off, too: what
was not tested says so.

html is one self-contained page: its cells can be sorted and filtered, and each leads to the frames that
decided it and to the report of its run, where that is beside it. md is the whole as Markdown, csv a line for
each cell, junit a test case for each. badge is one line as SVG, and summary some 20 lines of Markdown for a
pull request. With --old all but csv, junit and badge say what changed since an older run of the suite.

Exit status: 0 rendered, 4 wrong input, or a folder that holds no matrix.`,
		Example: `  reprise matrix report matrices/20261129T101500Z-ospfv2-1f2e
  reprise matrix report matrices/20261129T101500Z-ospfv2-1f2e --format csv --out ospfv2.csv
  reprise matrix report NEW --old OLD --format summary >> "$GITHUB_STEP_SUMMARY"`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeMatrices(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			if _, err := o.chosen(); err != nil {
				return err
			}
			return cli.Run(runF, runMatrixReport)(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.format, "format", "f", "html", strings.Join(matrixFormats(), ", "))
	c.Flags().StringVarP(&o.output, "out", "o", "", "file to write, - for standard output (default: beside the matrix for html, else standard output)")
	c.Flags().StringVar(&o.old, "old", "", "folder of an older run of the suite, to say what changed")
	cli.MustComplete(c, "format", matrixFormats()...)
	_ = c.RegisterFlagCompletionFunc("old", completeMatrices(1))
	return c
}

// completeMatrices offers the folders below matrices/, to so many arguments.
func completeMatrices(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found, _ := filepath.Glob(filepath.Join("matrices", "*", result.MatrixFile))
		var dirs []string
		for _, f := range found {
			if dir := filepath.Dir(f); !slices.Contains(args, dir) {
				dirs = append(dirs, dir)
			}
		}
		return dirs, cobra.ShellCompDirectiveDefault
	}
}

// readMatrix reads the matrix of a folder, its texts cleaned.
func readMatrix(dir string) (*result.Matrix, error) {
	m, err := result.ReadMatrix(dir)
	if err != nil {
		return nil, cli.AsInputError(err)
	}
	reports.CleanMatrix(m)
	return m, nil
}

func runMatrixReport(_ context.Context, o *matrixReportOptions) error {
	format, err := o.chosen()
	if err != nil {
		return err
	}
	view, err := viewOf(o.dir, o.old, o.Progress)
	if err != nil {
		return err
	}
	output := o.output
	if output == "" && format.Name == "html" {
		output = filepath.Join(o.dir, format.File)
	}
	if output == "" || output == "-" {
		return format.Write(o.Document(), view)
	}
	if view.Base, err = between(filepath.Dir(output), o.dir); err != nil {
		return err
	}
	if err := evidence.WriteBy(output, func(w io.Writer) error { return format.Write(w, view) }); err != nil {
		return fmt.Errorf("render %s: %w", format.Name, err)
	}
	o.Say("%s", output)
	return nil
}

// viewOf is what is rendered of the matrix in a folder, held against an older one where that is named. say is told of the
// opinions that are left out.
func viewOf(dir, older string, say func(format string, args ...any)) (*reports.Matrix, error) {
	m, err := result.ReadMatrix(dir)
	if err != nil {
		return nil, cli.AsInputError(err)
	}
	opinions, left := m.ReadOpinions(dir)
	for _, err := range left {
		say("%v", err)
	}
	reports.CleanMatrix(m)
	reports.CleanOpinions(opinions)
	var old *result.Matrix
	if older != "" {
		if old, err = readMatrix(older); err != nil {
			return nil, err
		}
	}
	if err := experiment.DecodeDecisive(dir, m); err != nil {
		return nil, cli.AsInputError(err)
	}
	reports.CleanMatrix(m) // frames are somebody's words too
	r, err := experiment.ReportMatrix(m, old)
	if err != nil {
		return nil, cli.AsInputError(err)
	}
	r.Opinions = opinions
	return reports.NewMatrix(r, dir)
}

// page renders the matrix in a folder as its page beside it.
func page(dir string, say func(format string, args ...any)) (file string, err error) {
	view, err := viewOf(dir, "", say)
	if err != nil {
		return "", err
	}
	format, err := formatNamed("html")
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, format.File)
	if err := evidence.WriteBy(file, func(w io.Writer) error { return format.Write(w, view) }); err != nil {
		return "", fmt.Errorf("render html: %w", err)
	}
	return file, nil
}

// between is the way from one folder to another as a page's links go it: empty where they are one.
func between(from, to string) (string, error) {
	var whole [2]string
	for i, dir := range []string{from, to} {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("find %s: %w", dir, err)
		}
		whole[i] = abs
	}
	way, err := filepath.Rel(whole[0], whole[1])
	if err != nil {
		return "", fmt.Errorf("find the way from %s to %s: %w", from, to, err)
	}
	if way == "." {
		return "", nil
	}
	return filepath.ToSlash(way) + "/", nil
}
