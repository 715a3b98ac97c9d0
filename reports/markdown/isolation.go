package markdown

import (
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// Isolation is why-needed.md: for each part that is left, the runs without it.
func Isolation(out result.Isolation) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Why each part of %s is needed\n", Text(out.Scenario))
	line("%s\n", Text(out.Title))
	line("- before: %s", out.Before)
	line("- left: %s", out.After)
	at := out.Clock.Beside()
	line("- rate before%s: %s", at, out.Original)
	if out.Control.Valid() > 0 {
		line("- its control%s: %s", at, out.Control)
	}
	if out.Final.Valid() > 0 {
		line("- rate of what is left%s: %s", at, out.Final)
	}
	if r := out.Real; r != nil {
		line("- rate of what is left at speed 1: %s", r.Final)
		line("- its control at speed 1: %s", r.Control)
	}
	if out.Complete && !out.Done() {
		line("- **not shown at speed 1**: what is left shows the problem%s only, and is no reduction of it", at)
	}
	line("- %s", refused(out))
	if n := out.Unknown(); n > 0 {
		line("- %s: no run without %s decided, and whether the problem needs %s is not known", reports.Plural(n, "part"), them(n), them(n))
	}
	if out.Unset {
		line("- no step of the stimulus is left: the problem shows without any, and nothing of it sets it off")
	}
	line("\n| part | runs without it%s | p (Fisher, one-sided) |\n|---|---|---|", at)
	for _, n := range out.Needed {
		text, p := n.Without.String(), fmt.Sprintf("%.2g", n.P)
		switch {
		case n.Without.Valid() == 0:
			text, p = "it cannot be tried: "+n.Words(), "–"
		case n.Control.Hits > 0:
			text, p = text+", and its control fails too: "+n.Control.String(), "–"
		}
		line("| %s | %s | %s |", Text(n.Part), Text(text), p)
	}
	if len(out.Around) > 0 {
		line("\nLeft with these, because they hold a part of the table, or the symptom or the control is about them:\n")
		for _, id := range out.Around {
			line("- %s", Text(id))
		}
	}
	if len(out.Side) > 0 {
		line("\n## Other failures on the way\n\nNone of these counted as the problem.\n")
	}
	for _, s := range sideFinds(out) {
		line("- %s", Text(s))
	}
	return b.String()
}

// them stands for so many parts.
func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// refused says what is known of the parts that are left without which the problem did not show: no such thing is
// known of one that could not be tried, or whose control failed too.
func refused(out result.Isolation) string {
	tried := 0
	for _, n := range out.Needed {
		if n.Without.Valid() > 0 && n.Control.Hits == 0 {
			tried++
		}
	}
	switch {
	case !out.Complete:
		return "not complete: parts that are not listed below were not asked for by themselves"
	case out.OneRun:
		return reports.Plural(tried, "part") + " tried by one run each: a part is called needed where one run without it did not show the problem"
	default:
		return reports.Plural(tried, "part") + ", each refused by itself: with one of them out, the chance of so few hits at three quarters of the rate is at most 1 in 200"
	}
}

// sideFinds are the failures that a search met, each once; those of a search from before
// failures had fields are told run by run.
func sideFinds(out result.Isolation) []string {
	var lines []string
	for _, f := range out.Found {
		runs := "1 run"
		if f.Runs != 1 {
			runs = fmt.Sprintf("%d runs", f.Runs)
		}
		lines = append(lines, fmt.Sprintf("%s, in %s, first in %s", f.Failure, runs, f.Where))
	}
	if len(lines) == 0 {
		lines = out.Side
	}
	return lines
}
