package main

import (
	"context"
	"errors"
	"time"

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
		return inputError("--choose-reset takes --trials, the valid trials of each reset; --target-width, --sprt, --reset and --control-trials have no meaning with it")
	}
	main, err := a.plan(name, &planFlags{trials: rule.Runs, labs: f.labs, set: f.set})
	if err != nil {
		return err
	}
	b, err := a.openTestbed(ctx, f.dir, f.lab, main)
	if err != nil {
		return err
	}
	all := *main
	all.Trials = len(experiment.AllResets()) * (rule.Runs + 1)
	a.progress("%s", heading(main))
	a.progress("%s with each of %v in %s, about %s", plural(rule.Runs, "valid trial"), experiment.AllResets(), plural(main.Labs, "lab"), estimate(&all))
	r, err := experiment.Resets(ctx, &b.Bench, main, rule.Runs)
	if err = b.over(ctx, err); err != nil {
		return err
	}
	out := resetChosen{r, outcomeCode(r.Outcome)}
	if done, err := a.emit(out); done {
		return errors.Join(err, answer(out.Exit))
	}
	a.printReset(r)
	return answer(out.Exit)
}

func (a *app) printReset(r result.Resets) {
	a.say("")
	a.say("  %-9s %7s  %s", r.Cold.Reset, r.Cold.Took.Round(100*time.Millisecond), r.Cold.Share)
	for _, arm := range r.Arms {
		a.say("  %-9s %7s  %s, %d void; %s", arm.Reset, arm.Took.Round(100*time.Millisecond), arm.Share, arm.Void, arm.Why)
	}
	a.say("%s", r.Answer)
	a.say("no difference shown is not the same as none: %s of each see large ones only", plural(r.AtLeast, "trial"))
	a.say("recorded in %s", r.File)
}
