package reproduce

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// printRate writes a measurement, for people. No rate is told without n and its interval.
func printRate(w io.Writer, r result.Rate) {
	cli.Line(w, "")
	cli.Line(w, "%s", r.Answer)
	if r.Pooled {
		cli.Line(w, "rate     %s, [%.2f, %.2f] Clopper-Pearson%s", result.NewProportion("", r.Reproduced, r.Valid), r.ClopperPearson[0], r.ClopperPearson[1], r.Clock.Beside())
	} else {
		cli.Line(w, "rate     not pooled: the trials are not of one kind")
	}
	for _, d := range r.Dependences {
		if !d.Differs {
			continue
		}
		cli.Line(w, "hits depend on %s (p = %.2g):", d.On, d.P)
		for _, g := range d.Groups {
			cli.Line(w, "  %-20s %s%s", g.Name, g, r.Clock.Beside())
		}
	}
	if r.Control != nil {
		cli.Line(w, "control  q = %s%s", r.Control, r.Clock.Beside())
	}
	if r.Inconclusive+r.NotApplicable > 0 {
		cli.Line(w, "beside it %d inconclusive, %d not applicable: they are in no rate", r.Inconclusive, r.NotApplicable)
	}
	for _, f := range r.OtherFailures {
		cli.Line(w, "another failure: %s", f)
	}
	cli.Line(w, "stopped  %s", stopWords(r))
	switch {
	case !r.Pooled:
		cli.Line(w, "a fix    no number of clean runs can be promised before the trials are alike (--labs 1, --reset redeploy)")
	case r.Reproduced > 0:
		cli.Line(w, "a fix    needs %s at 95 %%, %s at 99 %% (Fisher's exact test)", cleanRuns(r.CleanRuns95), cleanRuns(r.CleanRuns99))
	}
	if abs, err := filepath.Abs(r.Report); err == nil && r.Trials > 0 {
		cli.Line(w, "report: %s", abs)
	}
}

func cleanRuns(n int) string {
	if n >= stats.MaxCleanRuns {
		return fmt.Sprintf("more than %d clean runs", stats.MaxCleanRuns)
	}
	return fmt.Sprintf("%d clean runs", n)
}

func stopWords(r result.Rate) string {
	word := map[result.Stop]string{
		result.GoOn:      "before its rule was met",
		result.StopRuns:  "after the number of trials asked for",
		result.StopWidth: "when the interval was narrow enough",
		result.StopHigh:  "when the sequential test said p1 or more",
		result.StopLow:   "when the sequential test said p0 or less",
		result.StopCap:   "at the bound, with the rule not met",
	}[r.Stopped]
	if r.Biased {
		word += "; a stop that depends on the outcome biases the rate and its interval, take them as rough"
	}
	return word
}
