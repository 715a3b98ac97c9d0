package reproduce

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/formats"
)

// reportOptions are what report was asked.
type reportOptions struct {
	*cli.App
	run, format, output string
}

// chosen is the format that was asked for: --json is one.
func (o *reportOptions) chosen() (formats.Format, error) {
	name := o.format
	if o.JSON {
		name = "json"
	}
	all := formats.All()
	i := slices.IndexFunc(all, func(f formats.Format) bool { return f.Name == name })
	if i < 0 {
		return formats.Format{}, cli.InputError("--format %s: want html, md, junit or json", name)
	}
	return all[i], nil
}

func newReport(a *cli.App, runF func(context.Context, *reportOptions) error) *cobra.Command {
	o := &reportOptions{App: a}
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Render a run as HTML, Markdown, JUnit or JSON",
		Long: `Render a run directory. It works on a run that was broken off, too: what is there
is shown, and what is missing is said.

The HTML is one self-contained file: it loads nothing from anywhere.

Exit status: 0 written; 3 written, and what is stored of the run does not agree with
its record: it is reported as inconclusive ("reprise judge RUN" says more); 4 no run
directory.`,
		Example: `  reprise report runs/20260301T101500Z-my-case-1f2e
  reprise report runs/20260301T101500Z-my-case-1f2e --format junit -o junit.xml`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.run = args[0]
			if _, err := o.chosen(); err != nil {
				return err
			}
			return cli.Run(runF, runReport)(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.format, "format", "f", "html", "html, md, junit or json")
	c.Flags().StringVarP(&o.output, "output", "o", "", "file to write, - for standard output (default: beside the run for html, else standard output)")
	cli.MustComplete(c, "format", "html", "md", "junit", "json")
	return c
}

func runReport(_ context.Context, o *reportOptions) error {
	format, err := o.chosen()
	if err != nil {
		return err
	}
	dir, _, err := evidence.OpenDir(o.run)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	output := o.output
	if output == "" && format.Name == "html" {
		output = dir.File(format.File)
	}
	run, err := reports.Load(o.run)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	if output == "" || output == "-" {
		err = format.Write(o.Document(), run)
	} else if err = formats.Render(format, run, output); err == nil {
		o.Say("%s", output)
	}
	if err == nil && run.Disputed != "" {
		err = cli.WithCode(cli.ExitOther, errors.New(run.Disputed))
	}
	return err
}
