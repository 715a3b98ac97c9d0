package reproduce

import (
	"context"
	"errors"
	"io"
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
func chooseReset(ctx context.Context, o *rateOptions, rule experiment.StopRule) error {
	main, err := o.Plan(o.scenario, &cli.PlanFlags{Trials: rule.Runs, Labs: o.Labs, Set: o.set, Speed: o.speed})
	if err != nil {
		return err
	}
	for _, r := range experiment.AllResets() {
		if _, err := main.WithReset(r); err != nil {
			return cli.WithCode(cli.ExitInput, err)
		}
	}
	b, err := o.OpenTestbed(ctx, o.dir, o.lab, main)
	if err != nil {
		return err
	}
	all := *main
	all.Trials = len(experiment.AllResets()) * (rule.Runs + 1)
	o.Progress("%s", cli.Heading(main))
	o.Progress("%s with each of %v in %s, about %s", cli.Plural(rule.Runs, "valid trial"), experiment.AllResets(), cli.Plural(main.Labs, "lab"), cli.Estimate(&all))
	r, err := experiment.Resets(ctx, &b.Bench, main, rule.Runs)
	if err = b.Over(ctx, err); err != nil {
		return err
	}
	out := resetChosen{r, cli.OutcomeCode(r.Outcome)}
	err = o.Show(out, func(w io.Writer) { printReset(w, r) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// printReset writes which way to clean the lab is recommended, for people.
func printReset(w io.Writer, r result.Resets) {
	cli.Line(w, "")
	cli.Line(w, "  %-9s %7s  %s%s", r.Cold.Reset, r.Cold.Took.Round(100*time.Millisecond), r.Cold.Share, r.Clock.Beside())
	for _, arm := range r.Arms {
		cli.Line(w, "  %-9s %7s  %s%s, %d void; %s", arm.Reset, arm.Took.Round(100*time.Millisecond), arm.Share, r.Clock.Beside(), arm.Void, arm.Why)
	}
	cli.Line(w, "%s", r.Answer)
	cli.Line(w, "no difference shown is not the same as none: %s of each see large ones only", cli.Plural(r.AtLeast, "trial"))
	cli.Line(w, "recorded in %s", r.File)
}
