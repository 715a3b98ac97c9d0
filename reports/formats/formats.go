// Package formats is the one list of the ways in which a run is rendered.
package formats

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
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

// All are all ways to render a run.
func All() []Format {
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

// WriteAll renders a run into its directory, in every format but JSON: the run directory is
// that already.
func WriteAll(dir evidence.Dir) error {
	return write(dir, slices.DeleteFunc(All(), func(f Format) bool { return f.Name == "json" }))
}

// WriteMissing is [WriteAll] for the reports that are not there.
func WriteMissing(dir evidence.Dir) error {
	return write(dir, slices.DeleteFunc(All(), func(f Format) bool {
		_, err := os.Stat(dir.File(f.File))
		return f.Name == "json" || err == nil
	}))
}

func write(dir evidence.Dir, list []Format) error {
	if len(list) == 0 {
		return nil
	}
	run, err := reports.Load(dir.Path)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	for _, f := range list {
		if err := Render(f, run, dir.File(f.File)); err != nil {
			return err
		}
	}
	return nil
}
