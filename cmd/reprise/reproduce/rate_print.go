package reproduce

import (
	"fmt"
	"path/filepath"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// printRate tells a measurement to a person. No rate is told without n and its interval.
func (a *app) printRate(r result.Rate) {
	a.Say("")
	a.Say("%s", r.Answer)
	if r.Pooled {
		a.Say("rate     %s, [%.2f, %.2f] Clopper-Pearson", result.NewProportion("", r.Reproduced, r.Valid), r.ClopperPearson[0], r.ClopperPearson[1])
	} else {
		a.Say("rate     not pooled: the trials are not of one kind")
	}
	for _, d := range r.Dependences {
		if !d.Differs {
			continue
		}
		a.Say("hits depend on %s (p = %.2g):", d.On, d.P)
		for _, g := range d.Groups {
			a.Say("  %-20s %s", g.Name, g)
		}
	}
	if r.Control != nil {
		a.Say("control  q = %s", r.Control)
	}
	if r.Inconclusive+r.NotApplicable > 0 {
		a.Say("beside it %d inconclusive, %d not applicable: they are in no rate", r.Inconclusive, r.NotApplicable)
	}
	for _, f := range r.OtherFailures {
		a.Say("another failure: %s", f)
	}
	a.Say("stopped  %s", stopWords(r))
	switch {
	case !r.Pooled:
		a.Say("a fix    no number of clean runs can be promised before the trials are alike (--labs 1, --reset redeploy)")
	case r.Reproduced > 0:
		a.Say("a fix    needs %s at 95 %%, %s at 99 %% (Fisher's exact test)", cleanRuns(r.CleanRuns95), cleanRuns(r.CleanRuns99))
	}
	if abs, err := filepath.Abs(r.Report); err == nil && r.Trials > 0 {
		a.Say("report: %s", abs)
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
