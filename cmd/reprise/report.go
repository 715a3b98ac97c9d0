package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/jsonreport"
	"github.com/reprise-lab/reprise/reports/junit"
	"github.com/reprise-lab/reprise/reports/markdown"
)

// format is one way to render a run.
type format struct {
	name, file string
	write      func(io.Writer, *reports.Run) error
}

func formats() []format {
	return []format{
		{"html", "report.html", html.Write},
		{"md", "report.md", markdown.Write},
		{"junit", "junit.xml", junit.Write},
		{"json", "report.json", jsonreport.Write},
	}
}

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
	mustComplete(c, "format", "html", "md", "junit", "json")
	return c
}

func (a *app) report(path, name, output string) error {
	if a.json {
		name = "json"
	}
	all := formats()
	i := slices.IndexFunc(all, func(f format) bool { return f.name == name })
	if i < 0 {
		return inputError("--format %s: want html, md, junit or json", name)
	}
	dir, _, err := evidence.OpenDir(path)
	if err != nil {
		return &codedError{exitInput, err}
	}
	if output == "" && name == "html" {
		output = dir.File(all[i].file)
	}
	run, err := reports.Load(path)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	if output == "" || output == "-" {
		return all[i].write(a.document(), run)
	}
	if err := render(all[i], run, output); err != nil {
		return err
	}
	a.say("%s", output)
	return nil
}

func render(f format, run *reports.Run, to string) error {
	var b bytes.Buffer
	if err := f.write(&b, run); err != nil {
		return fmt.Errorf("render %s: %w", strings.ToUpper(f.name), err)
	}
	return evidence.WriteFile(to, b.Bytes())
}

// writeReports renders every format into the run directory.
func writeReports(dir evidence.Dir) error {
	run, err := reports.Load(dir.Path)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	for _, f := range formats() {
		if f.name == "json" {
			continue // the run directory is that already
		}
		if err := render(f, run, dir.File(f.file)); err != nil {
			return err
		}
	}
	return nil
}
