package escalate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// caseTryOptions are what "case try" was asked.
type caseTryOptions struct {
	*cli.App
	dir          string
	budget       time.Duration
	trials, labs int
	speed        cli.Speed
	lab          cli.LabFlags
}

// check tells what is wrong with the options.
func (o *caseTryOptions) check() error {
	if o.budget <= 0 {
		return cli.InputError("--budget %s: want a time, as 10m", o.budget)
	}
	if o.trials < 0 || o.trials > cli.MaxCount {
		return cli.InputError("--trials takes 0 (the scenario's) to %d", cli.MaxCount)
	}
	return nil
}

func newCaseTry(a *cli.App, runF func(context.Context, *caseTryOptions) error) *cobra.Command {
	o := &caseTryOptions{App: a}
	c := &cobra.Command{
		Use:   "try DIR",
		Short: "Try the drafted hypotheses in order, until one reproduces the failure",
		Long: `Run the hypotheses that "case draft" wrote, in their order: each so many trials of its scenario, and as many
of its control, judged as "reprise run" does. It ends with the first whose symptom shows and whose control
stays healthy, or with the budget; a hypothesis that was begun is ended. One that tells nothing at a speed, as on
a machine that is too slow for it, is run once more in real time. One that shows the symptom and has no
control, or whose control shows it too, does not count as reproduced.

What was tried is kept in DIR/tries.json, the evidence in DIR/runs: called again, it goes on with
what is left. Remove tries.json to begin anew.

Exit status: 0 one reproduces the failure, 1 all were tried and none shows it, 2 inconclusive (the budget is
over, or some could not tell), 4 wrong input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise case try draft
  reprise case try acme-draft --budget 30m --labs 2 --trials 5
  reprise case try acme-draft --speed 10`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			if err := o.check(); err != nil {
				return err
			}
			o.lab.AllLabs = cli.AllLabs(c)
			return cli.Run(runF, runCaseTry)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.DurationVar(&o.budget, "budget", 10*time.Minute, "begin no hypothesis after this time")
	fl.IntVarP(&o.trials, "trials", "n", 0, "trials of each hypothesis, and of its control (0: the scenario's, of a draft 1, and 2 between versions)")
	fl.IntVar(&o.labs, "labs", 1, "labs side by side")
	cli.AutoSpeedFlag(fl, &o.speed, "the scenario's")
	o.lab.Register(fl)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

// triesFile is what "case try" keeps of what it tried.
const triesFile = "tries.json"

// triedCase is what "case try" prints with --json.
type triedCase struct {
	*draft.Tries
	Exit int `json:"exit"`
}

func runCaseTry(ctx context.Context, o *caseTryOptions) error {
	var d draft.Draft
	if err := readTried(filepath.Join(o.dir, hypothesesFile), &d); err != nil {
		return cli.InputError("%w (reprise case draft writes it)", err)
	}
	if d.Reprise != draft.Format {
		return cli.InputError("%s is of %s, and this program reads %s", filepath.Join(o.dir, hypothesesFile), cmp.Or(d.Reprise, "no format"), draft.Format)
	}
	for _, h := range d.Hypotheses {
		if !filepath.IsLocal(h.Name) || h.Name == "." || h.Name != filepath.Base(h.Name) {
			return cli.InputError("%s: a hypothesis is called %q, and want the name of a folder beside it", filepath.Join(o.dir, hypothesesFile), h.Name)
		}
	}
	var t draft.Tries
	if err := readTried(filepath.Join(o.dir, triesFile), &t); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cli.AsInputError(err)
	}
	try := func(ctx context.Context, h *draft.Hypothesis) (draft.Try, error) { return o.try(ctx, h) }
	err := t.Go(ctx, d.Hypotheses, o.budget, try, func(t *draft.Tries) error {
		return evidence.WriteJSON(filepath.Join(o.dir, triesFile), t)
	})
	out := triedCase{&t, cli.OutcomeCode(t.Outcome)}
	switch {
	case ctx.Err() != nil:
		out.Exit = cli.ExitInterrupted
	case err != nil:
		return err
	case len(t.Tries) > 0 && !slices.ContainsFunc(t.Tries, func(x draft.Try) bool { return x.Lacks == "" }):
		out.Exit = cli.ExitEnvironment
	}
	if err := o.Show(out, func(w io.Writer) { printTries(w, &t, o.dir) }); err != nil {
		return err
	}
	return cli.Answer(out.Exit)
}

// readTried reads a file of a draft.
func readTried(name string, to any) error {
	data, err := plain.Read(name, yamlpos.MaxBytes)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// try runs one hypothesis and its control. Where that tells nothing at the speed that was asked for, as on a machine
// that is too slow for it, it is run once more in real time; what waits for a moment at the same speed.
func (o *caseTryOptions) try(ctx context.Context, h *draft.Hypothesis) (out draft.Try, err error) {
	begin := time.Now()
	defer func() { out.Took = time.Since(begin).Round(time.Millisecond) }()
	speed := o.speed
	if err := o.ResolveSpeed(ctx, &speed, cli.SpeedOf{Scenario: o.scenario(h)}, o.lab); err != nil {
		return out, err
	}
	o.Progress("%s: %s", h.Name, h.Title)
	out, told, err := o.tryAt(ctx, h, speed)
	if err != nil || told || speed <= 1 {
		return out, err
	}
	slower := cli.Speed(1)
	if h.Clock != "" {
		slower = speed // what waits for a moment takes too long otherwise
	}
	o.Progress("%s: nothing is told at speed %s: again at speed %s", h.Name, speed.String(), slower.String())
	again, _, err := o.tryAt(ctx, h, slower)
	again.Trials += out.Trials
	return again, err
}

func (o *caseTryOptions) scenario(h *draft.Hypothesis) string {
	return filepath.Join(o.dir, h.Name)
}

// tells reports whether a measurement tells something: enough of its trials count, and one of the control's does.
func tells(r *result.Rate) bool {
	return !r.TooFew() && (r.Control == nil || r.Control.Valid > 0)
}

// tryAt is try at one speed; told reports whether it tells something.
func (o *caseTryOptions) tryAt(ctx context.Context, h *draft.Hypothesis, speed cli.Speed) (out draft.Try, told bool, err error) {
	main, err := o.Plan(o.scenario(h), &cli.PlanFlags{Trials: o.trials, Labs: o.labs, Speed: speed})
	if err != nil {
		return out, true, err
	}
	plans := []*plan.Plan{main}
	var control *plan.Plan
	if main.Loaded.Scenario.Control != nil {
		control, err = plan.New(main.Loaded, plan.Options{Variant: evidence.VariantControl, Trials: main.Trials, Labs: main.Labs, Reset: main.Reset, Speed: main.Clock.Factor()})
		if err != nil {
			return out, true, cli.WithCode(cli.ExitInput, err)
		}
		plans = append(plans, control)
	}
	b, err := o.OpenTestbed(ctx, filepath.Join(o.dir, "runs"), o.lab, plans...)
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok {
		return draft.Try{Outcome: result.Inconclusive, Answer: "it cannot be run here", Lacks: missing.Error()}, true, nil
	}
	if err != nil {
		return out, true, err
	}
	rate := experiment.RateOptions{Rule: experiment.StopRule{Runs: main.Trials}, Controls: -1}
	r, err := experiment.Rate(ctx, &b.Bench, main, control, rate)
	if err = b.Over(ctx, err); err != nil {
		return out, true, err
	}
	out = draft.Try{Outcome: r.Outcome, Answer: r.Answer, Control: r.Control, Trials: r.Trials, Speed: main.Clock.Factor(), Dir: r.Dir}
	shown := result.NewProportion("main", r.Reproduced, r.Valid)
	out.Rate = &shown
	if r.Control != nil {
		out.Trials += rate.ControlTrials(main.Trials)
	}
	switch {
	case r.Outcome == result.Yes && control == nil:
		out.Outcome, out.Answer = result.Inconclusive, "the symptom shows, and there is no control to hold it against"
	case r.Outcome == result.Otherwise:
		out.Outcome = result.Inconclusive
	}
	return out, tells(&r), nil
}

// printTries writes what was tried, for people.
func printTries(w io.Writer, t *draft.Tries, dir string) {
	var took time.Duration
	for _, x := range t.Tries {
		took += x.Took
		cli.Tell(w, "%-32s %-13s %s, %s: %s", x.Hypothesis, triedAs(x), cli.Plural(x.Trials, "trial"), x.Took.Round(time.Second), x.Answer)
		if x.Lacks != "" {
			cli.Tell(w, "  %s", x.Lacks)
		}
		if x.Outcome == result.Yes {
			cli.Tell(w, "  evidence: %s", x.Dir)
		}
	}
	for _, name := range t.Left {
		cli.Tell(w, "%-32s not tried", name)
	}
	cli.Tell(w, "%s; tried %d of %d, in %.1f minutes", t.Answer, len(t.Tries), len(t.Tries)+len(t.Left), took.Minutes())
	if t.Reproduced != "" {
		cli.Tell(w, "next: how often: reprise rate %s", filepath.Join(dir, t.Reproduced))
	}
}

// triedAs is an outcome in the words of a verdict.
func triedAs(t draft.Try) evidence.Verdict {
	switch t.Outcome {
	case result.Yes:
		return evidence.Reproduced
	case result.No:
		return evidence.NotReproduced
	default:
		return evidence.Inconclusive
	}
}
