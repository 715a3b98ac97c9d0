package fix

import (
	"encoding/xml"
	"fmt"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/junit"
)

// junitOf writes the comparisons to a file as JUnit XML, one test case per scenario: fixed
// passes, not-fixed and changed fail, inconclusive is an error. Without a file it does nothing.
func (a *app) junitOf(name string, results []result.Comparison, file string) error {
	if file == "" {
		return nil
	}
	s := junit.Suite{Name: name, Tests: len(results)}
	total := 0.0
	for _, r := range results {
		total += r.Took.Seconds()
		c := junit.Case{Class: "reprise." + r.Scenario, Name: reports.Clean(r.Scenario + " " + r.What), Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
		m := &junit.Message{Message: reports.Clean(r.Reason), Type: string(r.Ruling)}
		switch {
		case r.Skipped:
			c.Skipped = &junit.Message{Message: m.Message}
			s.Skipped++
		case r.Ruling == result.Fixed:
		case r.Ruling == result.NotFixed || r.Ruling == result.Changed:
			c.Failure = m
			s.Failures++
		default:
			c.Error = m
			s.Errors++
		}
		if !r.Skipped {
			c.Out = reports.Clean(fmt.Sprintf("%s: %s\nold %s\nnew %s\nneeded %d, p = %.2g", r.Ruling, r.Reason, r.Old.Share, r.New.Share, r.Needed, r.P))
		}
		s.Cases = append(s.Cases, c)
	}
	s.Time = fmt.Sprintf("%.3f", total)
	data, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit: %w", err)
	}
	return evidence.WriteFile(file, []byte(xml.Header+string(data)+"\n"))
}
