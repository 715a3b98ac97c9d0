package cli

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

// Format is one way to render a run.
type Format struct {
	Name, File string
	Write      func(io.Writer, *reports.Run) error
}

// Formats are all ways to render a run.
func Formats() []Format {
	return []Format{
		{"html", "report.html", html.Write},
		{"md", "report.md", markdown.Write},
		{"junit", "junit.xml", junit.Write},
		{"json", "report.json", jsonreport.Write},
	}
}

// Render writes a run to a file in a format.
func Render(f Format, run *reports.Run, to string) error {
	var b bytes.Buffer
	if err := f.Write(&b, run); err != nil {
		return fmt.Errorf("render %s: %w", strings.ToUpper(f.Name), err)
	}
	return evidence.WriteFile(to, b.Bytes())
}

// WriteReports renders every format into the run directory.
func WriteReports(dir evidence.Dir) error {
	run, err := reports.Load(dir.Path)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	for _, f := range Formats() {
		if f.Name == "json" {
			continue // the run directory is that already
		}
		if err := Render(f, run, dir.File(f.File)); err != nil {
			return err
		}
	}
	return nil
}
