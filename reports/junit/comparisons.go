package junit

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// Comparisons renders comparisons as one suite, a test case for each scenario: fixed passes,
// not-fixed and changed fail, inconclusive is an error.
func Comparisons(name string, results []result.Comparison) ([]byte, error) {
	s := Suite{Name: name, Tests: len(results)}
	total := 0.0
	for _, r := range results {
		total += r.Took.Seconds()
		c := Case{Class: "reprise." + r.Scenario, Name: reports.Clean(r.Scenario + " " + r.What), Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
		m := &Message{Message: reports.Clean(r.Reason), Type: string(r.Ruling)}
		switch {
		case r.Skipped:
			c.Skipped = &Message{Message: m.Message}
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
			c.Out = reports.Clean(fmt.Sprintf("%s: %s\nold %s%s\nnew %s%s\nneeded %d, p = %.2g",
				r.Ruling, r.Reason, r.Old.Share, r.Clock.Beside(), r.New.Share, r.Clock.Beside(), r.Needed, r.P) + strings.Join(append([]string{""}, r.Limits()...), "\n"))
		}
		s.Cases = append(s.Cases, c)
	}
	s.Time = fmt.Sprintf("%.3f", total)
	data, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode JUnit: %w", err)
	}
	return []byte(xml.Header + string(data) + "\n"), nil
}
