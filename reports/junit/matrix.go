package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// matrixSuites is the element testsuites of a matrix.
type matrixSuites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []Suite  `xml:"testsuite"`
}

// Matrix renders a matrix: a test suite for each of its tests, a test case for each cell. What passed passes, with
// its note in the output; fail and flaky are failures, and say what is known of them; inconclusive is an error;
// what was not tried is skipped, with its reason.
func Matrix(w io.Writer, m *reports.Matrix) error {
	doc := matrixSuites{Name: reports.Clean(m.Suite), Time: seconds(m.Took)}
	at := map[string]int{}
	took := make([]time.Duration, len(m.Tests))
	for i := range m.Tests {
		t := &m.Tests[i]
		at[t.ID] = len(doc.Suites)
		s := Suite{Name: reports.Clean(m.Suite + "/" + t.ID), Timestamp: m.Started.UTC().Format("2006-01-02T15:04:05")}
		s.Properties = []property{
			{"matrix", m.ID},
			{"title", reports.Clean(t.Title)},
			{"tool", m.Tool.Name + " " + m.Tool.Version},
		}
		if len(t.Requirements) > 0 {
			s.Properties = append(s.Properties, property{"requirements", reports.Clean(strings.Join(t.Requirements, ", "))})
		}
		if why := m.Unfinished(); why != "" {
			s.Properties = append(s.Properties, property{"not whole", reports.Clean(why)})
		}
		if m.Unheld != "" {
			s.Properties = append(s.Properties, property{"not held against its record", reports.Clean(m.Unheld)})
		}
		doc.Suites = append(doc.Suites, s)
	}
	for i := range m.Cells {
		c := &m.Cells[i]
		n, known := at[c.Test]
		if !known {
			continue
		}
		doc.Suites[n].cell(m.Suite, c)
		took[n] += c.Took
	}
	for i := range doc.Suites {
		s := &doc.Suites[i]
		s.Tests, s.Time = len(s.Cases), seconds(took[i])
		doc.Tests, doc.Failures, doc.Errors, doc.Skipped = doc.Tests+s.Tests, doc.Failures+s.Failures, doc.Errors+s.Errors, doc.Skipped+s.Skipped
	}
	data, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, data)
	return err
}

func (s *Suite) cell(suite string, c *result.Cell) {
	one := Case{Class: reports.Clean("reprise." + suite + "." + c.Test), Name: reports.Clean(c.Key()), Time: seconds(c.Took)}
	why := reports.Clean(reports.CellReason(c))
	m := &Message{Message: why, Type: string(c.Verdict)}
	var out []string
	switch c.Verdict {
	case result.Pass, result.PassWithNote:
		if why != "" {
			out = append(out, why)
		}
	case result.Fail, result.Flaky:
		if d := c.Known(); d != nil {
			m.Message += reports.Clean(fmt.Sprintf(" (known: %s, %s: %s)", d.ID, d.Kind, d.Reason))
		}
		one.Failure = m
		s.Failures++
	case result.NotApplicable, result.NotTested, result.Blocked:
		one.Skipped = &Message{Message: reports.CellWord(c.Verdict) + ": " + why}
		s.Skipped++
	default: // inconclusive
		one.Error = m
		s.Errors++
	}
	if c.Valid > 0 {
		out = append(out, reports.CellShare(c))
	}
	for _, d := range c.Decisive {
		out = append(out, reports.Clean(fmt.Sprintf("frame %d of %s: %s", d.Frame, d.Capture, d.Words)))
	}
	if c.Run != "" {
		out = append(out, "run: "+reports.Clean(c.Run))
	}
	one.Out = strings.Join(out, "\n")
	s.Cases = append(s.Cases, one)
}
