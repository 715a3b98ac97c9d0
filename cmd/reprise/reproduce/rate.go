package reproduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// rateChoices are those of a measurement that its plans do not hold. They are kept beside it, for --resume.
type rateChoices struct {
	Trials   int     `json:"trials,omitempty"`
	Max      int     `json:"max-trials"`
	Controls int     `json:"control-trials"`
	Labs     int     `json:"labs"`
	Width    float64 `json:"target-width,omitempty"`
	SPRT     string  `json:"sprt,omitempty"`
	Provider string  `json:"provider,omitempty"`
}

// rateOptions are what rate was asked.
type rateOptions struct {
	*cli.App
	rateChoices
	scenario, resume         string
	reset, dir               string
	speed                    cli.Speed
	set                      []string
	chooseReset, chooseSpeed bool
	lab                      cli.LabFlags
}

// leastForSpeed is how many trials it takes for Fisher's test to tell always from never.
const leastForSpeed = 4

// given refuses a rule that somebody gave and that is none: it is not as if it were not given.
func (o *rateOptions) given(fl *pflag.FlagSet) error {
	if fl.Changed("target-width") && o.Width == 0 {
		return cli.InputError("--target-width 0: want 0.05 to 1")
	}
	if fl.Changed("sprt") && o.SPRT == "" {
		_, _, err := cli.ParseSPRT(o.SPRT)
		return err
	}
	return nil
}

// check tells what is wrong with the options.
func (o *rateOptions) check() error {
	rule, err := o.stopRule()
	switch {
	case err != nil:
		return err
	case o.Controls < -1 || o.Controls > cli.MaxCount:
		return cli.InputError("--control-trials takes 0 to %d", cli.MaxCount)
	case o.chooseReset && o.chooseSpeed:
		return cli.InputError("--choose-reset and --choose-speed are two measurements: give one")
	case o.chooseSpeed && (rule.Runs == 0 || o.speed != 0 || o.Controls != -1):
		return cli.InputError("--choose-speed takes --trials, the valid trials of each speed; --target-width, --sprt, --speed and --control-trials have no meaning with it")
	case o.chooseSpeed && rule.Runs < leastForSpeed:
		return cli.InputError("--choose-speed takes --trials of %d or more: fewer tell no rate from another", leastForSpeed)
	case o.chooseSpeed && o.lab.FleetURL() != "":
		return cli.InputError("--choose-speed measures how fast clocks may go on this machine, and says nothing of the workers of a fleet: --fleet %s measures it here", cli.NoFleet)
	case o.chooseReset && (rule.Runs == 0 || o.reset != "" || o.Controls > 0):
		return cli.InputError("--choose-reset takes --trials, the valid trials of each reset; --target-width, --sprt, --reset and --control-trials have no meaning with it")
	}
	return nil
}

func newRate(a *cli.App, runF func(context.Context, *rateOptions) error) *cobra.Command {
	o := &rateOptions{App: a}
	c := &cobra.Command{
		Use:   "rate [SCENARIO]",
		Short: "Measure how often a problem shows, with its interval",
		Long: `Repeat the trials of a scenario and tell k of n with its intervals, the control's
rate of false hits beside it, and how many clean runs a fix will need. Trials of
the scenario and of its control alternate. Inconclusive trials are counted apart.

It ends by one rule: --trials N; --target-width W, when the Wilson interval is as
narrow; or --sprt p0,p1, Wald's sequential test with 5 % risk each way. --max-trials
bounds the latter two, and then the answer is undecided.

Hits are tested for depending on the lab, on time and on repeating in place;
where they do, the rates are told apart and not pooled.

--choose-reset measures instead which way to clean the lab between two trials is
the cheapest that does not change the rate.

--choose-speed measures the scenario and its control with the lab's clocks at 1, 2, 5,
10 and 20 times their speed, and says which is the fastest that changes neither rate
(Fisher's exact test; what that many trials would have seen is said). It is kept for
this scenario, its images and what builds the lab, for --speed auto.

After Ctrl-C or kill -9, --resume goes on where it ended: trials that were counted are not
made again, and one that was cut short counts for nothing.

Exit status: 0 reproduced at least once and the control is clean, 1 no hit, 2
inconclusive (undecided, the control fires too, too few valid trials), 4 wrong
input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise rate frr-bgp-no-shutdown --trials 20 --labs 2
  reprise rate lldpd-netlink-race --target-width 0.3
  reprise rate my-case --sprt 0.05,0.5
  reprise rate my-case --choose-reset --trials 20
  reprise rate my-case --choose-speed --trials 40
  reprise rate --resume runs/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = strings.Join(args, "")
			if err := cli.CheckResume(c, o.scenario, o.resume, "a measurement"); err != nil {
				return err
			}
			if err := o.given(c.Flags()); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			o.lab.AllLabs = cli.AllLabs(c)
			return cli.Run(runF, runRate)(c.Context(), o)
		},
	}
	fl := c.Flags()
	cli.CountVar(fl, &o.Trials, "trials", "n", "number of trials (default 20, where no other rule is given)")
	fl.Float64Var(&o.Width, "target-width", 0, "go on until the 95 % interval is as narrow as this, 0.05 to 1")
	fl.StringVar(&o.SPRT, "sprt", "", "go on until the rate is shown to be p0 or less, or p1 or more: p0,p1")
	fl.IntVar(&o.Max, "max-trials", 200, "most trials of a rule without a fixed number")
	fl.IntVar(&o.Controls, "control-trials", -1, "trials of the control (default: as many as of the scenario, at most 20; 0: none)")
	fl.IntVar(&o.Labs, "labs", 1, "labs side by side")
	cli.SetFlag(fl, &o.set)
	cli.ResetFlag(fl, &o.reset, "trials", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.speed, "the scenario's")
	fl.StringVar(&o.dir, "dir", "runs", "folder for run directories")
	o.lab.Register(fl)
	fl.BoolVar(&o.chooseReset, "choose-reset", false, "measure none, config and daemons against freshly built labs, and recommend one")
	fl.BoolVar(&o.chooseSpeed, "choose-speed", false, "measure clocks of the lab that are faster against real time, and recommend a speed")
	fl.StringVar(&o.resume, "resume", "", "go on with the measurement that this run directory is of")
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

// stopRule reads the rule to end by.
func (o *rateOptions) stopRule() (experiment.StopRule, error) {
	rule := experiment.StopRule{Runs: o.Trials, Width: o.Width, Cap: o.Max}
	given := 0
	for _, is := range []bool{o.Trials != 0, o.Width != 0, o.SPRT != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return rule, cli.InputError("--trials, --target-width and --sprt are three rules: give one")
	case o.Trials < 0 || o.Trials > cli.MaxCount || o.Max < 1 || o.Max > cli.MaxCount:
		return rule, cli.InputError("--trials and --max-trials take 1 to %d", cli.MaxCount)
	case given == 0:
		rule.Runs = 20
	case o.Width != 0 && (math.IsNaN(o.Width) || o.Width < 0.05 || o.Width > 1):
		return rule, cli.InputError("--target-width %g: want 0.05 to 1", o.Width)
	}
	if o.SPRT == "" {
		return rule, nil
	}
	p0, p1, err := cli.ParseSPRT(o.SPRT)
	if err != nil {
		return rule, err
	}
	rule.SPRT = &stats.SPRT{P0: p0, P1: p1, Alpha: 0.05, Beta: 0.05}
	return rule, nil
}

// ratePlans makes the plan of the scenario and that of its control; the latter is nil where
// none is declared or asked for.
func ratePlans(o *rateOptions, trials int) (main, control *plan.Plan, err error) {
	main, err = o.Plan(o.scenario, &cli.PlanFlags{Trials: trials, Labs: o.Labs, Set: o.set, Reset: o.reset, Speed: o.speed})
	if err != nil || o.Controls == 0 || main.Loaded.Scenario.Control == nil {
		return main, nil, err
	}
	control, err = plan.New(main.Loaded, plan.Options{
		Variant: evidence.VariantControl, Set: main.Set, Trials: trials, Labs: main.Labs, Reset: main.Reset, Speed: main.Clock.Factor(),
	})
	if err != nil {
		return main, nil, cli.WithCode(cli.ExitInput, err)
	}
	return main, control, nil
}

// rated is what --json prints.
type rated struct {
	result.Rate
	Exit int `json:"exit"`
}

func runRate(ctx context.Context, o *rateOptions) error {
	if o.resume != "" {
		return resumeRate(ctx, o)
	}
	rule, err := o.stopRule()
	if err != nil {
		return err
	}
	if o.chooseSpeed {
		return chooseSpeed(ctx, o, rule)
	}
	if err := o.ResolveSpeed(ctx, &o.speed, cli.SpeedOf{Scenario: o.scenario, Set: o.set, Reset: o.reset}, o.lab); err != nil {
		return err
	}
	if o.chooseReset {
		return chooseReset(ctx, o, rule)
	}
	main, control, err := ratePlans(o, rule.Limit())
	if err != nil {
		return err
	}
	return measure(ctx, o, main, control, nil)
}

// resumeRate goes on with a measurement that was broken off.
func resumeRate(ctx context.Context, o *rateOptions) error {
	main, control := string(evidence.VariantMain), string(evidence.VariantControl)
	was, err := o.OpenAsked("rate", o.resume, &o.rateChoices, main)
	if err != nil {
		return err
	}
	if err := errors.Join(o.check(), cli.CheckLabs(o.Labs)); err != nil {
		return err
	}
	o.dir, o.lab.Provider, o.lab.Work = filepath.Dir(filepath.Clean(o.resume)), cmp.Or(o.Provider, was.Provider), was.Work
	return measure(ctx, o, was.Plan(main, o.Labs), was.Plan(control, o.Labs), was.Sides)
}

// measure measures, beginning anew or going on with the sides of what was broken off, and tells.
func measure(ctx context.Context, o *rateOptions, main, control *plan.Plan, sides []experiment.Recording) error {
	rule, err := o.stopRule()
	if err != nil {
		return err
	}
	plans := []*plan.Plan{main}
	if control != nil {
		plans = append(plans, control)
	}
	b, err := o.OpenTestbed(ctx, o.dir, o.lab, plans...)
	if err != nil {
		return err
	}
	o.Provider = o.lab.Provider
	b.Resumable("rate", o.rateChoices)
	if err := b.GoOn(ctx, sides); err != nil {
		return errors.Join(err, b.Provider.Close())
	}
	how := experiment.RateOptions{Rule: rule, Controls: o.Controls}
	o.Progress("%s", cli.Heading(main))
	announceRate(o.App, main, control, how)
	r, runErr := experiment.Rate(ctx, &b.Bench, main, control, how)
	runErr = b.Over(ctx, runErr)
	if r.Dir == "" {
		return runErr
	}
	out := rated{r, cli.OutcomeCode(r.Outcome)}
	if ctx.Err() != nil {
		out.Exit = cli.ExitInterrupted
	}
	err = o.Show(out, func(w io.Writer) { printRate(w, r) })
	return errors.Join(runErr, err, cli.Answer(out.Exit))
}

// announceRate says how long it can take, first of all.
func announceRate(a *cli.App, main, control *plan.Plan, o experiment.RateOptions) {
	limit := o.Rule.Limit()
	at := cli.Estimate(main)
	beside := "no control"
	if control != nil {
		c := *control
		c.Trials = o.ControlTrials(limit)
		at += cli.Estimate(&c)
		beside = fmt.Sprintf("%d of its control", c.Trials)
	}
	upTo := ""
	if o.Rule.Runs == 0 {
		upTo = "up to "
	}
	a.Progress("%s%s and %s in %s, about %s", upTo, cli.Plural(limit, "trial"), beside, cli.Plural(main.Labs, "lab"), at)
}
