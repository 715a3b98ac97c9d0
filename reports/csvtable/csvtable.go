// Package csvtable renders a matrix as comma-separated values (RFC 4180) for a spreadsheet: a line for each
// cell. No text begins as a formula does, whoever wrote it.
package csvtable

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// Matrix renders a matrix.
func Matrix(w io.Writer, m *reports.Matrix) error {
	tests := map[string]*result.MatrixTest{}
	for i := range m.Tests {
		tests[m.Tests[i].ID] = &m.Tests[i]
	}
	c := csv.NewWriter(w)
	head := slices.Concat([]string{"cell", "test", "title", "area"}, m.Roles, []string{
		"options", "verdict", "reason", "passed", "valid", "trials", "low", "high", "blocked by",
		"deviation", "kind", "deviation reason", "reference", "workaround", "fixed", "requirements", "run", "scenario", "digest", "taken from", "seconds", "frames",
	})
	if err := c.Write(plainCells(head)); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for i := range m.Cells {
		if err := c.Write(plainCells(line(&m.Cells[i], m.Roles, tests[m.Cells[i].Test]))); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	c.Flush()
	return c.Error()
}

func line(c *result.Cell, roles []string, t *result.MatrixTest) []string {
	if t == nil {
		t = &result.MatrixTest{}
	}
	out := []string{c.Key(), c.Test, t.Title, t.Area}
	for _, r := range roles {
		out = append(out, c.Subjects[r])
	}
	low, high := "", ""
	if c.Valid > 0 {
		low, high = number(c.Wilson[0]), number(c.Wilson[1])
	}
	d := result.Deviation{}
	if known := c.Known(); known != nil {
		d = *known
	}
	frames := make([]string, 0, len(c.Decisive))
	for _, f := range c.Decisive {
		frames = append(frames, fmt.Sprintf("%s:%d %s", f.Capture, f.Frame, f.Words))
	}
	return append(out, result.Settings(c.Options), string(c.Verdict), reports.CellReason(c), strconv.Itoa(c.Passed), strconv.Itoa(c.Valid), strconv.Itoa(c.Trials),
		low, high, c.BlockedBy, d.ID, d.Kind, d.Reason, d.Reference, d.Workaround, d.Fixed, strings.Join(t.Requirements, "; "),
		c.Run, c.Scenario, c.Digest, c.From, number(c.Took.Seconds()), strings.Join(frames, "; "))
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 4, 64) }

// plainCells takes from texts what a spreadsheet would compute: a text that begins like a formula is led by an
// apostrophe (OWASP, CSV injection), and is one line.
func plainCells(cells []string) []string {
	for i, s := range cells {
		s = strings.Join(strings.Fields(reports.Clean(s)), " ")
		if s != "" && strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", []rune(s)[0]) {
			s = "'" + s
		}
		cells[i] = s
	}
	return cells
}
