package reproduce

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/formats"
)

func (a *app) reportVerb() *cobra.Command {
	var name, output string
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Render a run as HTML, Markdown, JUnit or JSON",
		Long: `Render a run directory. It works on a run that was broken off, too: what is there
is shown, and what is missing is said.

The HTML is one self-contained file: it loads nothing from anywhere.`,
		Example: `  reprise report runs/20260301T101500Z-my-case-1f2e
  reprise report runs/20260301T101500Z-my-case-1f2e --format junit -o junit.xml`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.report(args[0], name, output) },
	}
	c.Flags().StringVarP(&name, "format", "f", "html", "html, md, junit or json")
	c.Flags().StringVarP(&output, "output", "o", "", "file to write, - for standard output (default: beside the run for html, else standard output)")
	cli.MustComplete(c, "format", "html", "md", "junit", "json")
	return c
}

func (a *app) report(path, name, output string) error {
	if a.JSON {
		name = "json"
	}
	all := formats.All()
	i := slices.IndexFunc(all, func(f formats.Format) bool { return f.Name == name })
	if i < 0 {
		return cli.InputError("--format %s: want html, md, junit or json", name)
	}
	dir, _, err := evidence.OpenDir(path)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	if output == "" && name == "html" {
		output = dir.File(all[i].File)
	}
	run, err := reports.Load(path)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	if output == "" || output == "-" {
		return all[i].Write(a.Document(), run)
	}
	if err := formats.Render(all[i], run, output); err != nil {
		return err
	}
	a.Say("%s", output)
	return nil
}
