package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

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
