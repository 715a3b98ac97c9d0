package isolate

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/result"
)

func (a *app) printIsolation(out result.Isolation) {
	spent := 0.0
	for _, l := range out.Levels {
		spent += l.Seconds
	}
	if out.Complete {
		a.Say("CUT: every part that is left is needed")
	} else {
		a.Say("NOT COMPLETE: the budget is used up; this is the best so far")
	}
	a.Say("before: %s", out.Before)
	a.Say("left:   %s", out.After)
	rate := "rate " + out.Original.String()
	if out.Final.Valid() > 0 {
		rate += " before, " + out.Final.String() + " now"
	}
	a.Say("%s; 95%% Wilson", rate)
	if out.Control.Valid() > 0 {
		a.Say("control %s", out.Control)
	}
	a.Say("%s, %s all together", cli.Plural(out.Runs, "run"), time.Duration(spent*float64(time.Second)).Round(time.Second))
	for _, n := range out.Needed {
		without := fmt.Sprintf("without it %d/%d", n.Without.Hits, n.Without.Valid())
		switch {
		case n.Without.Valid() == 0:
			without = "no trial without it: " + cli.FirstLine(n.Words(), 100)
		case n.Control.Hits > 0:
			without += fmt.Sprintf(", and its control %d/%d", n.Control.Hits, n.Control.Valid())
		}
		a.Say("needed: %-60s %s", n.Part, without)
	}
	for _, f := range out.Found {
		a.Say("another failure on the way: %s, in %s", f.Failure, cli.Plural(f.Runs, "run"))
	}
	if len(out.Side) > 0 {
		a.Say("%s showed another failure: see %s", cli.Plural(len(out.Side), "run"), out.Why)
	}
	abs, err := filepath.Abs(out.Result)
	if err != nil {
		abs = out.Result
	}
	a.Say("result: %s", abs)
	if out.Reliable != "" {
		a.Say("fails more often, with more around it: %s", out.Reliable)
	}
	a.Say("why:    %s", out.Why)
}
