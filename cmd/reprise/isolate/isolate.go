package isolate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/scenarios"
)

// isolateFlags are the choices of one reduction. They are kept beside it, for --resume.
type isolateFlags struct {
	Set         []string      `json:"set,omitempty"`
	Budget      time.Duration `json:"budget,omitempty"`
	Labs        int           `json:"labs"`
	KeepRate    float64       `json:"keep-rate"`
	OneRun      bool          `json:"one-run,omitempty"`
	Measure     int           `json:"measure"`
	ControlRuns int           `json:"control-runs"`
	Reset       string        `json:"reset,omitempty"`
	Scenario    string        `json:"scenario"` // within input/
	dir, resume string
}

func (a *app) isolateVerb() *cobra.Command {
	f := &isolateFlags{}
	c := &cobra.Command{
		Use:   "isolate SCENARIO",
		Short: "Cut a scenario to what the problem needs",
		Long: `Take steps, nodes, links, stanzas and lines of configuration out of a scenario for
as long as the problem stays, and show for each part that is left that the problem
is gone without it.

First the rate of the scenario is measured, and that of its control. A scenario that
never fails ends with status 1, one whose control fails as well with status 2. A part
counts as not needed when the case without it still fails at three quarters of the
rate or more (Wald's sequential test) and its control stays healthy.

Everything is written as it goes. After Ctrl-C or kill -9, --resume goes on where it
ended, and comes to the same result.

Left in the isolation's folder: result/ (a scenario that runs by itself),
result-reliable/ where another one fails more often, why-needed.md, ledger.ndjson
(every run), isolation.json, and runs/ with the evidence of every candidate.

Exit status: 0 cut to what is needed, 1 the problem does not show, 2 inconclusive (the
control shows it as well, too many runs say nothing, the budget is used up), 4 wrong
input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise isolate my-case --labs 2
  reprise isolate my-case --budget 4h --reset config
  reprise isolate --resume isolations/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.resume != "" && len(args) == 0:
				return resume(c.Context(), f.resume, "an isolation", a.isolate)
			case f.resume == "" && len(args) == 1:
				return a.isolateNew(c.Context(), args[0], f)
			default:
				return cli.InputError("give a scenario, or --resume with the folder of an isolation")
			}
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.Set, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.env.NAME=…")
	fl.DurationVar(&f.Budget, "budget", 0, "time that all runs may take together, such as 4h: none is begun that would not end within it, and the best so far is kept")
	fl.IntVar(&f.Labs, "labs", 1, "labs side by side")
	fl.Float64Var(&f.KeepRate, "keep-rate", 0.5, "share of the scenario's rate that the result may not fall below")
	fl.BoolVar(&f.OneRun, "one-run", false, "let one run decide: for a problem that shows every time, by a symptom nothing else shows")
	fl.IntVar(&f.Measure, "measure", 10, "trials that the scenario's own rate is taken from")
	fl.IntVar(&f.ControlRuns, "control-trials", 5, "trials that the control's rate is taken from; 0 leaves the control out")
	cli.ResetFlag(fl, &f.Reset, "runs of a candidate", "the scenario's")
	fl.StringVar(&f.dir, "dir", "isolations", "folder for isolations")
	fl.StringVar(&f.resume, "resume", "", "go on with the isolation in this folder")
	cli.CompleteReset(c)
	return c
}

func (a *app) isolateNew(ctx context.Context, name string, f *isolateFlags) error {
	if f.Labs < 1 || f.Labs > 64 || f.Measure < 1 || f.ControlRuns < 0 || f.KeepRate <= 0 || f.KeepRate > 1 || f.Budget < 0 {
		return cli.InputError("--labs takes 1 to 64, --measure 1 or more, --keep-rate more than 0 and at most 1")
	}
	l, err := a.Load(name, nil)
	if err != nil {
		return err
	}
	f.Scenario = l.Inputs[0].Path
	return begin(ctx, f.dir, l, f, a.isolate)
}

func (a *app) isolate(ctx context.Context, dir evidence.Dir, f *isolateFlags) error {
	l, set, err := a.loadSearch(dir, f.Scenario, f.Set)
	if err != nil {
		return err
	}
	reg, err := cli.Registry()
	if err != nil {
		return err
	}
	parts := experiment.NewParts(l, reg)
	cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Platforms: reg.Platforms(), Options: plan.Options{Set: set, Reset: scenarios.Reset(f.Reset)}}
	whole := isolate.Whole(parts.Units)
	p, err := cutter.Plan(whole)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	if l.Scenario.Control == nil {
		if f.ControlRuns > 0 {
			a.Progress("the scenario declares no control: whether the symptom is specific is not known, and the result has to be read with that in mind")
		}
		f.ControlRuns = 0
	}
	b, err := a.OpenTestbed(ctx, dir.File("runs"), cli.LabFlags{}, p)
	if err != nil {
		return err
	}
	b.Live.Status = "measuring"
	show := &isolateLines{live: b.Live, start: time.Now(), left: parts.Describe(whole.Kept)}
	a.Progress("%s: %s", l.Scenario.ID, l.Scenario.Title)
	a.Progress("%s", parts.Describe(whole.Kept))
	one := p.Longest() + 5*time.Second + time.Duration(len(p.Nodes))*time.Second
	low, high := isolate.EstimateRuns(len(parts.Units), 1), isolate.EstimateRuns(len(parts.Units), 0.5)
	a.Progress("about %d runs if it shows every time, %d if half of the time; one takes about %s, and less with every part that goes", low, high, one.Round(time.Second))
	a.Progress("evidence in %s", dir.Path)
	out, err := experiment.Isolate(ctx, &b.Bench, dir, cutter, experiment.IsolateOptions{
		Labs: f.Labs, Measure: f.Measure, Controls: f.ControlRuns, Single: f.OneRun, KeepRate: f.KeepRate, Budget: f.Budget,
		OnResult: show.result, OnLevel: show.level, OnLeft: show.change,
	})
	if out.Why != "" {
		err = errors.Join(err, evidence.WriteFile(out.Why, []byte(markdown.Isolation(out))))
	}
	if err := searchError(ctx, "isolate", dir, errors.Join(err, b.Provider.Close())); err != nil {
		return err
	}
	return a.tell(out, out.Complete, func() { a.printIsolation(out) })
}

// reasonLimit bounds a reason in a line of progress; the whole of it is in the record.
const reasonLimit = 200

// isolateLines prints a reduction as it goes.
type isolateLines struct {
	live   *cli.LiveLine
	start  time.Time
	left   string // what is left of the scenario
	header bool
	runs   int
}

func (s *isolateLines) say(format string, args ...any) {
	s.live.Say(fmt.Sprintf(format, args...), fmt.Sprintf("%s, %s, left: %s", cli.Plural(s.runs, "run"), time.Since(s.start).Round(time.Second), s.left))
}

func (s *isolateLines) change(left string) {
	s.left = left
	s.say("left: %s", left)
}

func (s *isolateLines) result(e isolate.Entry, again bool) {
	s.runs++
	if again {
		return
	}
	s.say("run %d: %s", s.runs, runLine(e))
}

// runLine says what a run came to. A control without the problem is what is wanted of it,
// and no miss.
func runLine(e isolate.Entry) string {
	word := string(e.Outcome)
	if e.Control() {
		word = map[isolate.Outcome]string{isolate.Hit: "control fails too", isolate.Miss: "control is healthy"}[e.Outcome]
		if word == "" {
			word = "control " + string(e.Outcome)
		}
	}
	line := fmt.Sprintf("%s, %s", word, e.Took.Round(100*time.Millisecond))
	if e.Reason != "" && e.Outcome != isolate.Miss {
		line += ": " + cli.FirstLine(e.Reason, reasonLimit)
	}
	if e.GaveUp {
		line += " (given up early: others hold sooner)"
	}
	return line
}

func (s *isolateLines) level(t result.Level) {
	if !s.header {
		s.header = true
		s.say("%-10s %6s %6s %6s %9s %9s %8s %6s %8s %9s", "level", "parts", "kept", "tests", "accepted", "rejected", "refused", "runs", "invalid", "time")
	}
	s.say("%-10s %6d %6d %6d %9d %9d %8d %6d %8d %9s", t.Level, t.Units, t.Kept, t.Tests, t.Accepted, t.Rejected, t.Refused, t.Runs, t.Invalid,
		time.Duration(t.Seconds*float64(time.Second)).Round(time.Second))
}
