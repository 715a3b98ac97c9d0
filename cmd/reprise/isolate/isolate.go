package isolate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/scenarios"
)

// isolateOptions are what isolate was asked: to begin with a scenario, or to go on in a folder.
type isolateOptions struct {
	*cli.App
	cli.IsolateChoices
	scenario, dir, resume string
	otherLabs             bool // than it was begun with
	fleet                 string
	allLabs               bool // of the fleet: nobody chose a number
}

// check tells what is wrong with the options.
func (o *isolateOptions) check() error {
	switch {
	case (o.resume != "") == (o.scenario != ""):
		return cli.InputError("give a scenario, or --resume with the folder of an isolation")
	case o.Labs < 1 || o.Labs > 64:
		return cli.InputError("--labs takes 1 to 64")
	case o.resume != "": // by the choices that it was begun with
		return nil
	}
	return o.Check()
}

func newIsolate(a *cli.App, runF func(context.Context, *isolateOptions) error) *cobra.Command {
	o := &isolateOptions{App: a}
	c := &cobra.Command{
		Use:   "isolate SCENARIO",
		Short: "Cut a scenario to what the problem needs",
		Long: `Take steps, nodes, links, stanzas and lines of configuration out of a scenario for
as long as the problem stays, and show for each part that is left that the problem
is gone without it.

First the rate of the scenario is measured, and that of its control. A scenario that
never fails ends with status 1, one whose control fails as well with status 2, and so
does one that does not fail every time beside --one-run. A part counts as not needed
when the case without it still fails at three quarters of the rate or more (Wald's
sequential test) and its control stays healthy.

With the lab's clocks at another speed than 1, what is left is tried in real time at last,
as often as the scenario and its control were measured, beyond the budget. Where the
problem does not show then, that is said and the status is 2.

With several labs, those that are idle try what is likely asked for next, on the
answers so far. What comes of that counts only where it is asked for: the result is
the same with any number of labs, and what was gained and thrown away is told.

Everything is written as it goes. After Ctrl-C or kill -9, --resume goes on where it
ended, and comes to the same result. No other flags stand beside it but --labs and
--trust: the search keeps the choices that it was begun with.

Left in the isolation's folder: result/ (a scenario that runs by itself),
result-reliable/ where another one fails more often, why-needed.md, ledger.ndjson
(every run that counts), ahead.ndjson (those that were tried ahead), isolation.json,
and runs/ with the evidence of every candidate.

Exit status: 0 cut to what is needed, 1 the problem does not show, 2 inconclusive (the
control shows it as well, it does not show every time beside --one-run, too many runs
say nothing, the budget is used up, it does not show in real time), 4 wrong input, 5 the
environment lacks something, 130 interrupted.`,
		Example: `  reprise isolate my-case --labs 2
  reprise isolate my-case --budget 4h --reset config
  reprise isolate --resume isolations/20260301T101500Z-my-case-1f2e --labs 4`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = strings.Join(args, "")
			if err := o.check(); err != nil {
				return err
			}
			if o.resume != "" {
				if err := cli.RefuseBesideResume(c, "an isolation", "labs"); err != nil {
					return err
				}
				o.otherLabs = c.Flags().Changed("labs")
			}
			o.allLabs = cli.AllLabs(c)
			return cli.Run(runF, runIsolate)(c.Context(), o)
		},
	}
	fl := c.Flags()
	cli.SetFlag(fl, &o.Set)
	fl.DurationVar(&o.Budget, "budget", 0, "time that all runs may take together, such as 4h: none is begun that would not end within it, and the best so far is kept")
	fl.IntVar(&o.Labs, "labs", 1, "labs side by side: idle ones try what is likely asked for next")
	fl.Float64Var(&o.KeepRate, "keep-rate", 0.5, "share of the scenario's rate that the result may not fall below")
	fl.BoolVar(&o.OneRun, "one-run", false, "let one run decide: for a problem that shows every time, by a symptom nothing else shows")
	fl.IntVar(&o.Measure, "measure", 10, "trials that the scenario's own rate is taken from")
	fl.IntVar(&o.ControlRuns, "control-trials", 5, "trials that the control's rate is taken from; 0 leaves the control out")
	cli.ResetFlag(fl, &o.Reset, "runs of a candidate", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.Speed, "the scenario's")
	cli.ProviderFlag(fl, &o.Provider)
	cli.FleetFlag(fl, &o.fleet)
	fl.StringVar(&o.dir, "dir", "isolations", "folder for isolations")
	fl.StringVar(&o.resume, "resume", "", "go on with the isolation in this folder")
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

// goOn reads the choices that the search was begun with; the labs may be others.
func (o *isolateOptions) goOn() (evidence.Dir, error) {
	labs := o.Labs
	dir, err := resume(o.resume, "an isolation", &o.IsolateChoices)
	if o.otherLabs {
		o.Labs = labs
	}
	return dir, err
}

func runIsolate(ctx context.Context, o *isolateOptions) error {
	if o.resume != "" {
		dir, err := o.goOn()
		if err != nil {
			return err
		}
		return reduce(ctx, o, dir)
	}
	l, err := o.Load(o.scenario, nil)
	if err != nil {
		return err
	}
	if len(l.Scenario.Symptom) == 0 {
		return cli.InputError("%s says what a network that works shows, and no symptom: the smallest network that does not show it is an empty one (say what fails; reprise case from-cell does so for a cell of a matrix)", o.scenario)
	}
	o.Scenario = l.Inputs[0].Path
	if err := o.ResolveSpeed(ctx, &o.Speed, cli.SpeedOf{Scenario: o.scenario, Set: o.Set, Reset: o.Reset}, cli.LabFlags{Provider: o.Provider, Fleet: o.fleet}); err != nil {
		return err
	}
	dir, err := experiment.CreateSearch(o.dir, l, &o.IsolateChoices)
	if err != nil {
		return cli.AsRecordError(err)
	}
	return reduce(ctx, o, dir)
}

// reduce carries out an isolation in its folder.
func reduce(ctx context.Context, o *isolateOptions, dir evidence.Dir) error {
	l, set, err := loadSearch(o.App, dir, o.Scenario, o.Set)
	if err != nil {
		return err
	}
	reg, err := cli.Registry()
	if err != nil {
		return err
	}
	parts := experiment.NewParts(l, reg)
	cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Platforms: reg.Platforms(), Options: plan.Options{Set: set, Reset: scenarios.Reset(o.Reset), Speed: float64(o.Speed)}}
	whole := isolate.Whole(parts.Units)
	p, err := cutter.Plan(whole)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	if l.Scenario.Control == nil {
		if o.ControlRuns > 0 {
			o.Progress("the scenario declares no control: whether the symptom is specific is not known, and the result has to be read with that in mind")
		}
		o.ControlRuns = 0
	}
	plans := []*plan.Plan{p}
	if o.ControlRuns > 0 {
		control, err := plan.New(l, plan.Options{Variant: evidence.VariantControl, Set: set, Trials: 1, Speed: float64(o.Speed)})
		if err != nil {
			return cli.WithCode(cli.ExitInput, err)
		}
		plans = append(plans, control)
	}
	b, err := o.OpenTestbed(ctx, dir.File("runs"), cli.LabFlags{Provider: o.Provider, Fleet: o.fleet, Work: dir.ID()}, plans...)
	if err != nil {
		return err
	}
	if o.allLabs && b.Slots > 0 {
		o.Labs = b.Slots
	}
	b.Live.Status = "measuring"
	show := &isolateLines{live: b.Live, start: time.Now(), left: parts.Describe(whole.Kept)}
	o.Progress("%s: %s", l.Scenario.ID, l.Scenario.Title)
	o.Progress("%s", parts.Describe(whole.Kept))
	one := p.Clock.Real(p.Longest()) + 5*time.Second + time.Duration(len(p.Nodes))*time.Second
	low, high := isolate.EstimateRuns(len(parts.Units), 1), isolate.EstimateRuns(len(parts.Units), 0.5)
	o.Progress("about %d runs if it shows every time, %d if half of the time; one takes about %s, and less with every part that goes", low, high, one.Round(time.Second))
	if nodes := trial.Unread(p, b.Env); len(nodes) > 0 {
		o.Progress("configurations of %s are not read by their platform's own parser before a trial, as with labs of this machine: one that it refuses costs a trial", strings.Join(nodes, ", "))
	}
	o.Progress("evidence in %s", dir.Path)
	how := o.Options(l.Scenario.Control != nil)
	how.OnReal = func(runs int) {
		show.say("what is left showed the problem%s; %s at speed 1 tell whether it does in real time", p.Clock.Beside(), cli.Plural(runs, "run"))
	}
	how.OnResult, how.OnLevel, how.OnLeft = show.result, show.level, show.change
	out, err := experiment.Isolate(ctx, &b.Bench, dir, cutter, how)
	if out.Why != "" {
		err = errors.Join(err, evidence.WriteFile(out.Why, []byte(markdown.Isolation(out))))
	}
	if err := searchError(ctx, b, "isolate", dir, errors.Join(err, b.Provider.Close())); err != nil {
		return errors.Join(showBroken(o.App, out, out.Dir), err)
	}
	return tell(o.App, out, out.Done(), func(w io.Writer) { printIsolation(w, out) })
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
