package reproduce

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
)

// speedChosen is what --json prints.
type speedChosen struct {
	result.Speeds
	Exit int `json:"exit"`
}

// chooseSpeed measures the scenario and its control at every speed, in turn, and keeps the result
// for --speed auto.
func chooseSpeed(ctx context.Context, o *rateOptions, rule experiment.StopRule) error {
	o.Controls, o.speed = -1, 1
	main, control, err := ratePlans(o, rule.Runs)
	if err != nil {
		return err
	}
	plans := []*plan.Plan{main}
	if control != nil {
		plans = append(plans, control)
	} else {
		o.Progress("the scenario declares no control: whether a fast clock makes a healthy network fail is not measured")
	}
	b, err := o.OpenTestbed(ctx, o.dir, o.lab, plans...)
	if err != nil {
		return err
	}
	o.Progress("%s", cli.Heading(main))
	at, err := speedsEstimate(plans, rule.Runs)
	if err != nil {
		return err
	}
	o.Progress("%s of each at speeds %v in %s, about %s", cli.Plural(rule.Runs, "valid trial"), experiment.AllSpeeds(), cli.Plural(main.Labs, "lab"), at)
	r, err := experiment.Speeds(ctx, &b.Bench, main, control, rule.Runs)
	if err = b.Over(ctx, err); err != nil {
		return err
	}
	store, err := experiment.OpenSpeedStore("")
	if err == nil {
		err = store.Keep(r)
	}
	if err != nil {
		o.Progress("--speed auto will not know of it: %v", err)
	}
	out := speedChosen{r, cli.OutcomeCode(r.Outcome)}
	err = o.Show(out, func(w io.Writer) { printSpeeds(w, r) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// speedsEstimate is about how long so many trials of each plan take at all speeds.
func speedsEstimate(plans []*plan.Plan, trials int) (time.Duration, error) {
	var all time.Duration
	for _, p := range plans {
		for _, speed := range experiment.AllSpeeds() {
			q, err := p.WithSpeed(speed)
			if err != nil {
				return 0, err
			}
			q.Trials = trials
			all += cli.Estimate(q)
		}
	}
	return all, nil
}

// whyLimit bounds a reason in a line; the whole of it is in speed.json.
const whyLimit = 200

// printSpeeds writes which speed is recommended, and what speaks against the others, for people.
func printSpeeds(w io.Writer, r result.Speeds) {
	cli.Line(w, "")
	for _, arm := range append([]result.SpeedArm{r.Real}, r.Arms...) {
		line := arm.Main.Share.String()
		if arm.Control != nil {
			line += "; control " + arm.Control.Share.String()
		}
		took := "–"
		if arm.Main.Share.Valid > 0 {
			took = arm.Took.Round(100 * time.Millisecond).String()
		}
		cli.Line(w, "  speed %-4g %7s  %s", arm.Speed, took, line)
		if arm.Why != "" {
			cli.Line(w, "  %20s %s", "", cli.FirstLine(arm.Why, whyLimit))
		}
	}
	cli.Line(w, "%s", r.Answer)
	if i := slices.IndexFunc(r.Arms, func(a result.SpeedArm) bool { return a.Speed == r.Chosen }); i >= 0 {
		printUnseen(w, "", r.Arms[i].Main)
		if c := r.Arms[i].Control; c != nil {
			printUnseen(w, " of the control", *c)
		}
	}
	if r.Chosen > 0 {
		cli.Line(w, "--speed auto takes it for as long as the scenario, its images, the reset and what builds the lab stay the same")
	}
	cli.Line(w, "recorded in %s", r.File)
}

// printUnseen says which difference would have been seen.
func printUnseen(w io.Writer, of string, s result.SpeedSide) {
	n, low, high := cli.Plural(s.Share.Valid, "trial")+of, s.Unseen[0], s.Unseen[1]
	switch {
	case low > 0 && high < 1:
		cli.Line(w, "in %s a rate below %.2f or above %.2f would have been seen with %.0f %%", n, low, high, 100*result.Power)
	case low > 0:
		cli.Line(w, "in %s a rate below %.2f would have been seen with %.0f %%", n, low, 100*result.Power)
	case high < 1:
		cli.Line(w, "in %s a rate above %.2f would have been seen with %.0f %%", n, high, 100*result.Power)
	default:
		cli.Line(w, "%s are too few to see any difference with %.0f %%", n, 100*result.Power)
	}
}
