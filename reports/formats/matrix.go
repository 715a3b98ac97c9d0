package formats

import (
	"io"

	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/badge"
	"github.com/reprise-lab/reprise/reports/csvtable"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/jsonreport"
	"github.com/reprise-lab/reprise/reports/junit"
	"github.com/reprise-lab/reprise/reports/markdown"
)

// MatrixFormat is one way to render a matrix.
type MatrixFormat struct {
	Name, File string
	Write      func(io.Writer, *reports.Matrix) error
}

// Matrix are all ways to render a matrix.
func Matrix() []MatrixFormat {
	return []MatrixFormat{
		{"html", "report.html", html.Matrix},
		{"md", "report.md", markdown.Matrix},
		{"csv", "report.csv", csvtable.Matrix},
		{"junit", "junit.xml", junit.Matrix},
		{"json", "report.json", jsonreport.Matrix},
		{"badge", "badge.svg", badge.Matrix},
		{"summary", "summary.md", markdown.Summary},
	}
}
