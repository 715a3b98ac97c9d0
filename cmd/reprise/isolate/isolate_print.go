package isolate

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/result"
)

// printIsolation writes what is left of a scenario, and why, for people.
func printIsolation(w io.Writer, out result.Isolation) {
	spent := 0.0
	for _, l := range out.Levels {
		spent += l.Seconds
	}
	switch {
	case !out.Complete:
		cli.Line(w, "NOT COMPLETE%s: the budget is used up; this is the best so far", out.Clock.Beside())
	case out.Done() && out.Unknown() > 0:
		cli.Line(w, "CUT%s: no more can be taken out; whether %d of the %s left are needed is not known: no run without them decided",
			out.Clock.Beside(), out.Unknown(), cli.Plural(len(out.Needed), "part"))
	case out.Done():
		cli.Line(w, "CUT%s: every part that is left is needed", out.Clock.Beside())
	default:
		cli.Line(w, "NOT SHOWN AT SPEED 1: what is left shows the problem%s only, and is no reduction of it; isolate at a lower --speed", out.Clock.Beside())
	}
	cli.Line(w, "before: %s", out.Before)
	cli.Line(w, "left:   %s", out.After)
	if out.Unset {
		cli.Line(w, "no step of the stimulus is left: the problem shows without any, and nothing of it sets it off")
	}
	rate := "rate " + out.Original.String()
	if out.Final.Valid() > 0 {
		rate += " before, " + out.Final.String() + " now"
	}
	cli.Line(w, "%s; 95%% Wilson%s", rate, out.Clock.Beside())
	if out.Control.Valid() > 0 {
		cli.Line(w, "control %s%s", out.Control, out.Clock.Beside())
	}
	if r := out.Real; r != nil {
		cli.Line(w, "at speed 1: rate %s now; 95%% Wilson; control %s", r.Final, r.Control)
	}
	cli.Line(w, "%s, %s all together", cli.Plural(out.Runs, "run"), time.Duration(spent*float64(time.Second)).Round(time.Second))
	printAhead(w, out.Ahead)
	for _, n := range out.Needed {
		without := fmt.Sprintf("without it %d/%d", n.Without.Hits, n.Without.Valid())
		switch {
		case n.Without.Valid() == 0:
			without = "no trial without it: " + cli.FirstLine(n.Words(), 100)
		case n.Control.Hits > 0:
			without += fmt.Sprintf(", and its control %d/%d", n.Control.Hits, n.Control.Valid())
		}
		if n.Known() {
			cli.Line(w, "needed: %-60s %s", n.Part, without)
		} else {
			cli.Line(w, "unknown: %-59s %s", n.Part, without)
		}
	}
	for _, f := range out.Found {
		cli.Line(w, "another failure on the way: %s, in %s", f.Failure, cli.Plural(f.Runs, "run"))
	}
	if len(out.Side) > 0 {
		cli.Line(w, "%s showed another failure: see %s", cli.Plural(len(out.Side), "run"), out.Why)
	}
	abs, err := filepath.Abs(out.Result)
	if err != nil {
		abs = out.Result
	}
	cli.Line(w, "result: %s", abs)
	if out.Reliable != "" {
		cli.Line(w, "fails more often, with more around it: %s", out.Reliable)
	}
	cli.Line(w, "why:    %s", out.Why)
}
