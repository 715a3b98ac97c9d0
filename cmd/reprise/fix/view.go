package fix

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// verified is what --json prints.
type verified struct {
	result.Comparison
	Exit int `json:"exit"`
}

// verifiedAs gives a comparison its exit status.
func verifiedAs(c result.Comparison, err error) verified {
	v := verified{c, cli.OutcomeCode(c.Outcome())}
	switch {
	case c.Skipped:
		v.Exit = cli.ExitYes
	case cli.ExitCode(err) == cli.ExitInterrupted:
		v.Exit = cli.ExitInterrupted
	}
	return v
}

// printVerified writes what became of a build, for people.
func printVerified(w io.Writer, r result.Comparison) {
	cli.Line(w, "")
	cli.Line(w, "%s: %s", strings.ToUpper(string(r.Ruling)), r.Reason)
	cli.Line(w, "old  %s%s%s", r.Old.Share, r.Clock.Beside(), beside(r.Old.Tally))
	cli.Line(w, "new  %s%s%s", r.New.Share, r.Clock.Beside(), beside(r.New.Tally))
	for _, f := range r.New.Failures {
		cli.Line(w, "another failure of the new side: %s", f)
	}
	if r.Needed > 0 {
		cli.Line(w, "needed %d clean trials at %.0f %%; one-sided p = %.2g", r.Needed, 100*r.Confidence, r.P)
	}
	for _, limit := range r.Limits() {
		cli.Line(w, "%s", limit)
	}
	for _, s := range []struct{ side, dir string }{{"old", r.Old.Dir}, {"new", r.New.Dir}} {
		if abs, err := filepath.Abs(filepath.Join(s.dir, "report.html")); err == nil && s.dir != "" {
			cli.Line(w, "report of the %s side: %s", s.side, abs)
		}
	}
}

func beside(t result.Tally) string {
	if t.Void+t.Unhealthy+t.Other == 0 {
		return ""
	}
	return fmt.Sprintf("; beside it %d void, %d unhealthy, %d failed in another way", t.Void, t.Unhealthy, t.Other)
}

// regressed is what --json prints of many comparisons.
type regressed struct {
	Reprise string     `json:"reprise"`
	Results []verified `json:"results"`
	Exit    int        `json:"exit"`
}

// regressedAs gives comparisons their exit status: that of the worst.
func regressedAs(results []result.Comparison) regressed {
	out := regressed{Reprise: evidence.Format, Exit: cli.OutcomeCode(result.Worst(results))}
	for _, r := range results {
		out.Results = append(out.Results, verifiedAs(r, nil))
	}
	return out
}

// printRegressed writes a line for each scenario, for people.
func printRegressed(w io.Writer, results []result.Comparison) {
	cli.Line(w, "")
	for _, r := range results {
		word := string(r.Ruling)
		if r.Skipped {
			word = "skipped"
		}
		cli.Line(w, "%-13s %-34s old %-5s new %-5s %s", word, r.Scenario, shortShare(r.Old.Share), shortShare(r.New.Share),
			strings.Join(append([]string{r.Reason}, r.Limits()...), "; "))
	}
}

// shortShare is for a table whose JSON holds the intervals: hits of trials, no rate.
func shortShare(s result.Proportion) string { return fmt.Sprintf("%d/%d", s.Reproduced, s.Valid) }
