package reproduce

import (
	"context"
	"errors"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
)

// resetChosen is what --json prints.
type resetChosen struct {
	result.Resets
	Exit int `json:"exit"`
}

// chooseReset measures every way to clean the lab, in turn.
func (a *app) chooseReset(ctx context.Context, name string, f *rateFlags, rule experiment.StopRule) error {
	if rule.Runs == 0 || f.reset != "" || f.controls > 0 {
		return cli.InputError("--choose-reset takes --trials, the valid trials of each reset; --target-width, --sprt, --reset and --control-trials have no meaning with it")
	}
	main, err := a.Plan(name, &cli.PlanFlags{Trials: rule.Runs, Labs: f.labs, Set: f.set})
	if err != nil {
		return err
	}
	b, err := a.OpenTestbed(ctx, f.dir, f.lab, main)
	if err != nil {
		return err
	}
	all := *main
	all.Trials = len(experiment.AllResets()) * (rule.Runs + 1)
	a.Progress("%s", cli.Heading(main))
	a.Progress("%s with each of %v in %s, about %s", cli.Plural(rule.Runs, "valid trial"), experiment.AllResets(), cli.Plural(main.Labs, "lab"), cli.Estimate(&all))
	r, err := experiment.Resets(ctx, &b.Bench, main, rule.Runs)
	if err = b.Over(ctx, err); err != nil {
		return err
	}
	out := resetChosen{r, cli.OutcomeCode(r.Outcome)}
	if done, err := a.Emit(out); done {
		return errors.Join(err, cli.Answer(out.Exit))
	}
	a.printReset(r)
	return cli.Answer(out.Exit)
}

func (a *app) printReset(r result.Resets) {
	a.Say("")
	a.Say("  %-9s %7s  %s", r.Cold.Reset, r.Cold.Took.Round(100*time.Millisecond), r.Cold.Share)
	for _, arm := range r.Arms {
		a.Say("  %-9s %7s  %s, %d void; %s", arm.Reset, arm.Took.Round(100*time.Millisecond), arm.Share, arm.Void, arm.Why)
	}
	a.Say("%s", r.Answer)
	a.Say("no difference shown is not the same as none: %s of each see large ones only", cli.Plural(r.AtLeast, "trial"))
	a.Say("recorded in %s", r.File)
}
