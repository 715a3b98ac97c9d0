package main

import (
	"encoding/xml"
	"fmt"

	"github.com/reprise-lab/reprise/harness"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// junitSuite is the JUnit XML of comparisons: one test case per scenario. Fixed passes,
// not-fixed and changed fail, inconclusive is an error.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
}

// junitOf writes the comparisons to a file; nothing when there is none.
func (a *app) junitOf(name string, results []verifyResult, file string) error {
	if file == "" {
		return nil
	}
	s := junitSuite{Name: name, Tests: len(results)}
	total := 0.0
	for _, r := range results {
		total += r.Took.Seconds()
		c := junitCase{Class: "reprise." + r.Scenario, Name: reports.Clean(r.Scenario + " " + r.What), Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
		m := &junitMessage{reports.Clean(r.Reason), string(r.Ruling)}
		switch {
		case r.Skipped:
			c.Skipped = &junitMessage{Message: m.Message}
			s.Skipped++
		case r.Ruling == harness.Fixed:
		case r.Ruling == harness.NotFixed || r.Ruling == harness.Changed:
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
