package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/scenarios"
)

// writeIsolation writes what a reduction came to, however it ended.
func writeIsolation(dir evidence.Dir, l *scenarios.Loaded, parts *experiment.Parts, red *isolate.Reduction, out isolation) (isolation, error) {
	whole := isolate.Whole(parts.Units)
	out.Result, out.Why, out.Complete = dir.File("result"), dir.File("why-needed.md"), red.Complete
	out.Before, out.After = parts.Describe(whole.Kept), parts.Describe(red.Kept.Kept)
	out.Original, out.Control, out.Final, out.Runs, out.Levels = red.Original, red.Control, red.Final, red.Runs(), red.Levels
	for i, u := range parts.Units {
		if n, ok := red.Needed[i]; ok && red.Kept.Kept[i] {
			out.Needed = append(out.Needed, neededPart{
				Part: u.ID, Need: n, P: stats.FisherLess(red.Original.Hits, red.Original.Valid(), n.Without.Hits, n.Without.Valid()),
			})
		}
	}
	err := writeResult(l, out.Result, parts.Cut(red.Kept.Kept))
	if red.Reliable != nil {
		out.Reliable = dir.File("result-reliable")
		err = errors.Join(err, writeResult(l, out.Reliable, parts.Cut(red.Reliable.Kept)))
	}
	return out, errors.Join(err, evidence.WriteFile(out.Why, []byte(whyNeeded(l, parts, red, out))), evidence.WriteJSON(dir.File("isolation.json"), out))
}

// writeResult replaces a folder with the scenario that is left.
func writeResult(l *scenarios.Loaded, path string, cut scenarios.Cut) error {
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return l.Write(path, cut)
}

// whyNeeded is why-needed.md: for each part that is left, the runs without it.
func whyNeeded(l *scenarios.Loaded, parts *experiment.Parts, red *isolate.Reduction, out isolation) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Why each part of %s is needed\n", markdown.Text(l.Scenario.ID))
	line("%s\n", markdown.Text(l.Scenario.Title))
	line("- before: %s", out.Before)
	line("- left: %s", out.After)
	line("- rate before: %s", rateText(red.Original))
	if red.Control.Valid() > 0 {
		line("- its control: %s", rateText(red.Control))
	}
	if red.Final.Valid() > 0 {
		line("- rate of what is left: %s", rateText(red.Final))
	}
	if red.Complete {
		line("- %d parts, each refused by itself: with one of them out, the chance of so few hits at three quarters of the rate is at most 1 in 200", len(out.Needed))
	} else {
		line("- not complete: parts that are not listed below were not asked for by themselves")
	}
	line("\n| part | runs without it | p (Fisher, one-sided) |\n|---|---|---|")
	for _, n := range out.Needed {
		text, p := rateText(n.Without), fmt.Sprintf("%.2g", n.P)
		switch {
		case n.Without.Valid() == 0:
			text, p = "it cannot be tried: "+n.reason(), "–"
		case n.Control.Hits > 0:
			text, p = text+", and its control fails too: "+rateText(n.Control), "–"
		}
		line("| %s | %s | %s |", cell(n.Part), cell(text), p)
	}
	var around []string
	for i, u := range parts.Units {
		if _, ok := red.Needed[i]; red.Kept.Kept[i] && !ok {
			around = append(around, u.ID)
		}
	}
	if len(around) > 0 {
		line("\nLeft with these, because they hold a part of the table, or the symptom or the control is about them:\n")
		for _, id := range around {
			line("- %s", markdown.Text(id))
		}
	}
	for i, s := range out.Side {
		if i == 0 {
			line("\n## Other failures on the way\n\nNone of these counted as the problem.\n")
		}
		if slices.Index(out.Side, s) == i {
			line("- %s", markdown.Text(s))
		}
	}
	return b.String()
}

// cell is text that stays within one cell of a Markdown table.
func cell(text string) string { return markdown.Text(text) }

func (n neededPart) reason() string {
	if n.Reason == "" {
		return "without it there is no scenario"
	}
	return n.Reason
}

// rateText is k of n with its interval; never a rate alone.
func rateText(n isolate.Count) string {
	if n.Valid() == 0 {
		return "no valid run"
	}
	w := stats.Wilson(n.Hits, n.Valid())
	text := fmt.Sprintf("%d/%d = %.2f [%.2f, %.2f]", n.Hits, n.Valid(), float64(n.Hits)/float64(n.Valid()), w[0], w[1])
	if n.Invalid+n.Other > 0 {
		text += fmt.Sprintf(", %d inconclusive", n.Invalid+n.Other)
	}
	return text
}

func (a *app) printIsolation(out isolation) {
	spent := 0.0
	for _, l := range out.Levels {
		spent += l.Seconds
	}
	if out.Complete {
		a.say("CUT: every part that is left is needed")
	} else {
		a.say("NOT COMPLETE: the budget is used up; this is the best so far")
	}
	a.say("before: %s", out.Before)
	a.say("left:   %s", out.After)
	rate := "rate " + rateText(out.Original)
	if out.Final.Valid() > 0 {
		rate += " before, " + rateText(out.Final) + " now"
	}
	a.say("%s; 95%% Wilson", rate)
	if out.Control.Valid() > 0 {
		a.say("control %s", rateText(out.Control))
	}
	a.say("%s, %s all together", plural(out.Runs, "run"), time.Duration(spent*float64(time.Second)).Round(time.Second))
	for _, n := range out.Needed {
		without := fmt.Sprintf("without it %d/%d", n.Without.Hits, n.Without.Valid())
		switch {
		case n.Without.Valid() == 0:
			without = "no trial without it: " + firstLine(n.reason(), 100)
		case n.Control.Hits > 0:
			without += fmt.Sprintf(", and its control %d/%d", n.Control.Hits, n.Control.Valid())
		}
		a.say("needed: %-60s %s", n.Part, without)
	}
	if len(out.Side) > 0 {
		a.say("%s showed another failure: see %s", plural(len(out.Side), "run"), out.Why)
	}
	abs, err := filepath.Abs(out.Result)
	if err != nil {
		abs = out.Result
	}
	a.say("result: %s", abs)
	if out.Reliable != "" {
		a.say("fails more often, with more around it: %s", out.Reliable)
	}
	a.say("why:    %s", out.Why)
}
