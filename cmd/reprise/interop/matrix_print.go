package interop

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
)

// reasonLimit is how much of a reason fits into a line.
const reasonLimit = 160

// stepWords are the line of a cell that is over.
func stepWords(s experiment.MatrixStep) string {
	line := fmt.Sprintf("  %*d/%d  %-14s %6.1fs  %s", len(fmt.Sprint(s.Of)), s.Done, s.Of, verdictWord(s.Cell), s.Cell.Took.Seconds(), s.Cell.Key())
	if s.Cell.Reason != "" {
		line += "  " + cli.FirstLine(s.Cell.Reason, reasonLimit)
	}
	return line
}

// stepStatus is how the matrix stands.
func stepStatus(s experiment.MatrixStep) string {
	status := fmt.Sprintf("%d of %s", s.Done, cli.Plural(s.Of, "cell"))
	if s.Left > 0 {
		status += ", about " + clockWords(s.Left) + " left"
	}
	return status
}

// verdictWord is a verdict, with k of n where it takes that.
func verdictWord(c result.Cell) string {
	if c.Verdict == result.Flaky {
		return fmt.Sprintf("flaky(%d/%d)", c.Passed, c.Valid)
	}
	return string(c.Verdict)
}

// printPlanned writes what would be tried, for people. Cells that were not chosen are told by their number.
func printPlanned(w io.Writer, m plannedMatrix, labs int) {
	for _, c := range m.Cells {
		if c.Reason == experiment.NotChosen {
			continue
		}
		word := "to try"
		if c.Verdict != result.NotTested || c.Reason != experiment.NotYet {
			word = strings.TrimSpace(verdictWord(c) + ": " + cli.FirstLine(c.Reason, reasonLimit))
		}
		cli.Line(w, "  %s  %s", c.Key(), word)
	}
	cli.Line(w, "%s", sizeWords(m.Size, labs))
}

// printMatrix writes what a matrix came to, for people: a line for each test that was chosen, and then the cells that
// did not pass. goOn is the command with which one that was stopped goes on.
func printMatrix(w io.Writer, m ranMatrix, goOn string) {
	cli.Line(w, "")
	verdicts := present(m.Matrix)
	all, tried, from, taken := true, 0, 0, "" // cells were chosen; of these have trials, and were taken over
	for _, c := range m.Cells {
		all = all && c.Reason != experiment.NotChosen
		if c.Trials > 0 {
			tried++
		}
		if c.From != "" {
			from++
		}
	}
	if from > 0 {
		taken = fmt.Sprintf(", %d of them taken over", from)
	}
	cli.Line(w, "%s", row("test", verdicts, func(v result.CellVerdict) string { return string(v) }))
	for _, t := range m.Tests {
		counts := map[result.CellVerdict]int{}
		chosen := false
		for _, c := range m.Cells {
			if c.Test == t.ID {
				counts[c.Verdict]++
				chosen = chosen || c.Reason != experiment.NotChosen && (c.Verdict != result.NotApplicable || all)
			}
		}
		if chosen {
			cli.Line(w, "%s", row(t.ID, verdicts, numbers(counts)))
		}
	}
	cli.Line(w, "%s", row("all", verdicts, numbers(m.Counts)))
	for _, c := range m.Cells {
		switch c.Verdict { //nolint:exhaustive // the others are told by their number
		case result.Fail, result.Flaky, result.CellUnknown:
			known := ""
			if d := c.Known(); d != nil {
				known = "; known: " + d.ID + ": " + d.Reason
			}
			cli.Tell(w, "%s  %s: %s%s", verdictWord(c), c.Key(), cli.FirstLine(c.Reason, reasonLimit), known)
		case result.PassWithNote:
			cli.Tell(w, "%s  %s: %s", verdictWord(c), c.Key(), cli.FirstLine(c.Reason, reasonLimit))
		}
	}
	if m.Stopped != "" {
		cli.Line(w, "stopped: %s; go on with: %s", m.Stopped, goOn)
	}
	cli.Line(w, "%s, %d with trials%s, in %s%s; evidence in %s", cli.Plural(len(m.Cells), "cell"), tried, taken, clockWords(m.Took.Round(time.Second)), m.Clock.Beside(), m.Dir)
	if m.Report != "" {
		cli.Line(w, "report: %s", m.Report)
	}
}

// present are the verdicts that cells have, the best first.
func present(m result.Matrix) (list []result.CellVerdict) {
	for _, v := range result.CellVerdicts() {
		if m.Counts[v] > 0 {
			list = append(list, v)
		}
	}
	return list
}

// numbers are the entries of a row that counts; nothing stands for none.
func numbers(counts map[result.CellVerdict]int) func(result.CellVerdict) string {
	return func(v result.CellVerdict) string {
		if counts[v] == 0 {
			return ""
		}
		return fmt.Sprint(counts[v])
	}
}

// row is a line of the table.
func row(name string, verdicts []result.CellVerdict, entry func(result.CellVerdict) string) string {
	var line strings.Builder
	fmt.Fprintf(&line, "%-32s", cli.FirstLine(name, 32))
	for _, v := range verdicts {
		fmt.Fprintf(&line, "  %*s", max(len(v), 4), entry(v))
	}
	return strings.TrimRight(line.String(), " ")
}
