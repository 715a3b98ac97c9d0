// Package junit renders a run as JUnit XML for CI: one test suite per run, one test
// case per trial. A trial passes when its verdict is the one the run expects, so that a
// control passes by staying healthy. The opposite verdict is a failure; an inconclusive
// trial, and a planned one without a record, is an error; one that the lab cannot show
// is skipped.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Suite    Suite    `xml:"testsuite"`
}

// Suite is the element testsuite, as JUnit's consumers read it. Times are in seconds.
type Suite struct {
	XMLName    xml.Name   `xml:"testsuite"`
	Name       string     `xml:"name,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"`
	Timestamp  string     `xml:"timestamp,attr,omitempty"`
	Properties []property `xml:"properties>property"`
	Cases      []Case     `xml:"testcase"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// Case is the element testcase: it passed when it has no message.
type Case struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *Message `xml:"failure,omitempty"`
	Error   *Message `xml:"error,omitempty"`
	Skipped *Message `xml:"skipped,omitempty"`
	Out     string   `xml:"system-out,omitempty"`
}

// Message says why a case did not pass.
type Message struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
}

// Write renders the run.
func Write(w io.Writer, r *reports.Run) error {
	s := Suite{
		Name:      r.Info.Scenario.ID + "/" + string(r.Info.Variant),
		Timestamp: r.Info.Started.UTC().Format("2006-01-02T15:04:05"), Properties: properties(r),
	}
	var total time.Duration
	for i := range r.Trials {
		t := &r.Trials[i]
		c := s.testcase(r, t.Number)
		for _, e := range t.Attempts {
			total += e.Took
		}
		if e := t.Entry(); e != nil {
			c.Time = seconds(e.Took)
		}
		c.Out = strings.Join(facts(t), "\n")
		s.judge(&c, r.Info, t)
		s.Cases = append(s.Cases, c)
	}
	if r.Disputed != "" {
		s.Errors++
		s.Cases = append(s.Cases, Case{
			Class: "reprise." + r.Info.Scenario.ID, Time: "0.000", Name: fmt.Sprintf("%s/%s/record", r.Info.Scenario.ID, r.Info.Variant), Error: &Message{r.Disputed, "disputed"},
		})
	}
	for _, n := range r.Absent() {
		c := s.testcase(r, n)
		c.Error = &Message{"broken off: the trial left no record", "broken-off"}
		s.Errors++
		s.Cases = append(s.Cases, c)
	}
	s.Tests, s.Time = len(s.Cases), seconds(total)
	doc := suites{
		Name: r.Info.ID, Tests: s.Tests, Failures: s.Failures, Errors: s.Errors,
		Skipped: s.Skipped, Time: s.Time, Suite: s,
	}
	data, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, data)
	return err
}

func (s *Suite) testcase(r *reports.Run, n int) Case {
	return Case{
		Class: "reprise." + r.Info.Scenario.ID, Time: "0.000",
		Name: fmt.Sprintf("%s/%s/trial %04d", r.Info.Scenario.ID, r.Info.Variant, n),
	}
}

func (s *Suite) judge(c *Case, info evidence.RunInfo, t *reports.Trial) {
	expected, word, reason := info.Expected, t.Word(), t.Reason()
	if reason == "" {
		reason = "the symptom was there"
	}
	switch {
	case word == expected && word != "":
	case word == evidence.Reproduced || word == evidence.NotReproduced:
		s.Failures++
		c.Failure = &Message{fmt.Sprintf("%s%s, expected %s: %s", word, info.Clock.Beside(), expected, reason), string(word)}
	case word == evidence.NotApplicable:
		s.Skipped++
		c.Skipped = &Message{Message: reason}
	case word == evidence.Inconclusive:
		s.Errors++
		c.Error = &Message{reason, string(word)}
	default:
		s.Errors++
		c.Error = &Message{reason, "broken-off"}
	}
}

func facts(t *reports.Trial) []string {
	var out []string
	if t.Verdict != nil {
		for _, c := range t.Verdict.Conditions {
			out = append(out, fmt.Sprintf("%s %q: %s, %s", c.Ref, c.Name, c.Holds, c.Why))
		}
		out = append(out, t.Verdict.Notes...)
	}
	for _, o := range t.Other() {
		out = append(out, "other failure: "+o)
	}
	return out
}

func properties(r *reports.Run) []property {
	p := []property{
		{"run", r.Info.ID},
		{"verdict", strings.ToLower(r.Headline())},
		{"expected", string(r.Info.Expected)},
		{"rate", r.Share()},
		{"interval", r.Intervals()},
		{"tool", r.Info.Tool.Name + " " + r.Info.Tool.Version},
		{"host", fmt.Sprintf("%s, %s, %s", r.Info.Host.OS, r.Info.Host.Kernel, r.Info.Host.Arch)},
	}
	if r.Info.Host == evidence.FleetHost() {
		p[len(p)-1].Value = r.Info.Host.String()
	}
	if clock := r.Info.Clock.String(); clock != "" {
		p = append(p, property{"clock", clock})
	}
	for _, n := range r.Info.Nodes {
		if n.Image != "" {
			p = append(p, property{"image." + n.Name, strings.TrimSuffix(n.Image+"@"+n.Digest, "@")})
		}
	}
	for _, k := range reports.SortedKeys(r.Info.Set) {
		p = append(p, property{"set." + k, r.Info.Set[k]})
	}
	for _, m := range r.Missing {
		p = append(p, property{"missing", m})
	}
	return p
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
