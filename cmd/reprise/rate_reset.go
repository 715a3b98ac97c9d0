package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
)

// resetResult is reset.json: what each way to clean the lab came to, and the one to use.
type resetResult struct {
	Reprise     string                `json:"reprise"`
	Scenario    string                `json:"scenario"`
	AtLeast     int                   `json:"at-least"` // valid trials that each way needs
	Cold        experiment.ResetArm   `json:"cold"`     // freshly built labs
	Arms        []experiment.ResetArm `json:"arms"`     // repeated in place
	Recommended string                `json:"recommended"`
	Answer      string                `json:"answer"`
	Dirs        map[string]string     `json:"dirs"` // run directory by reset
	File        string                `json:"file"`
	Exit        int                   `json:"exit"`
}

// resets are the ways to clean a lab, the cold one first.
func resets() []scenarios.Reset {
	return []scenarios.Reset{scenarios.ResetRedeploy, scenarios.ResetNone, scenarios.ResetConfig, scenarios.ResetDaemons}
}

// chooseReset measures every way to clean the lab, in turn.
func (a *app) chooseReset(ctx context.Context, name string, f *rateFlags, rule experiment.StopRule) error {
	if rule.Runs == 0 || f.reset != "" || f.controls > 0 {
		return inputError("--choose-reset takes --trials, the valid trials of each reset; --target-width, --sprt, --reset and --control-trials have no meaning with it")
	}
	main, err := a.plan(name, &runFlags{trials: rule.Runs, labs: f.labs, set: f.set})
	if err != nil {
		return err
	}
	s, err := a.openSession(ctx, f.dir, f.lab, main)
	if err != nil {
		return err
	}
	c := &resetChoice{session: s, atLeast: rule.Runs, valid: map[scenarios.Reset]int{}, tries: map[scenarios.Reset]int{}, series: map[scenarios.Reset]*trial.Series{}}
	all := *main
	all.Trials = len(resets()) * (rule.Runs + 1)
	a.progress("%s", heading(main))
	a.progress("%s with each of %v in %s, about %s", plural(rule.Runs, "valid trial"), resets(), plural(main.Labs, "lab"), estimate(&all))
	for _, r := range resets() {
		if c.series[r], err = s.begin(ctx, main.WithReset(r)); err != nil {
			return errors.Join(err, s.end(ctx))
		}
	}
	s.tellDirs("redeploy", "none", "config", "daemons")
	runErr := errors.Join(inLabs(ctx, main.Labs, c.work), s.end(ctx))
	if err := s.interrupted(ctx); err != nil {
		return err
	}
	out, err := c.result(main)
	if err = errors.Join(runErr, err); err != nil {
		return err
	}
	if done, err := a.emit(out); done {
		return errors.Join(err, answer(out.Exit))
	}
	a.printReset(out)
	return answer(out.Exit)
}

// resetChoice is the measurement of all resets in the making.
type resetChoice struct {
	*session
	atLeast int
	series  map[scenarios.Reset]*trial.Series

	mu    sync.Mutex
	turn  int
	valid map[scenarios.Reset]int // that count: of the resets in place only warm trials
	tries map[scenarios.Reset]int
}

// next gives the reset whose turn it is among those that have too few trials yet. None
// gets more than twice the trials it needs.
func (c *resetChoice) next() (scenarios.Reset, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := resets()
	for range all {
		r := all[c.turn%len(all)]
		c.turn++
		if c.valid[r] < c.atLeast && c.tries[r] < 2*c.atLeast+2 {
			c.tries[r]++
			return r, true
		}
	}
	return "", false
}

func (c *resetChoice) work(ctx context.Context, lab int) (bool, error) {
	r, more := c.next()
	if !more {
		return false, nil
	}
	start := time.Now()
	v, err := c.series[r].Try(ctx, lab)
	if err != nil && ctx.Err() == nil {
		return false, fmt.Errorf("trial %d with reset %s: %w", v.Trial, r, err)
	}
	arm, err := c.arm(r)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	c.valid[r] = arm.Share.Valid
	c.mu.Unlock()
	c.live.trial(string(r), lab, v, time.Since(start), arm.Share.String())
	return true, nil
}

// arm counts what a reset came to, from the ledger.
func (c *resetChoice) arm(r scenarios.Reset) (experiment.ResetArm, error) {
	entries, err := c.series[r].Dir.Ledger()
	if err != nil {
		return experiment.ResetArm{}, err
	}
	arm := experiment.ResetArm{Reset: string(r)}
	var counted []evidence.Entry
	for _, e := range entries {
		switch {
		case e.Cold != (r == scenarios.ResetRedeploy):
		case e.Verdict == evidence.Reproduced || e.Verdict == evidence.NotReproduced:
			counted = append(counted, e)
			arm.Took += e.Took
		default:
			arm.Void++
		}
	}
	if len(counted) > 0 {
		arm.Took /= time.Duration(len(counted))
	}
	arm.Share = experiment.ShareOf(string(r), counted)
	return arm, nil
}

func (c *resetChoice) result(p *plan.Plan) (resetResult, error) {
	out := resetResult{Reprise: evidence.Format, Scenario: p.Loaded.Scenario.ID, AtLeast: c.atLeast, Dirs: map[string]string{}}
	var arms []experiment.ResetArm
	for _, r := range resets() {
		arm, err := c.arm(r)
		if err != nil {
			return out, err
		}
		arms = append(arms, arm)
		out.Dirs[string(r)] = c.series[r].Dir.Path
	}
	out.Cold = arms[0]
	out.Recommended, out.Arms = experiment.ChooseReset(out.Cold, arms[1:], c.atLeast)
	out.Answer = "trials: {reset: " + out.Recommended + "}"
	if out.Recommended == "" {
		out.Exit, out.Answer = exitInconclusive, fmt.Sprintf("nothing to compare: freshly built labs gave %s, and a hit in %d valid trials is needed", out.Cold.Share, c.atLeast)
	}
	out.File = c.series[scenarios.ResetRedeploy].Dir.File("reset.json")
	return out, evidence.WriteJSON(out.File, out)
}

func (a *app) printReset(r resetResult) {
	a.say("")
	a.say("  %-9s %7s  %s", r.Cold.Reset, r.Cold.Took.Round(100*time.Millisecond), r.Cold.Share)
	for _, arm := range r.Arms {
		a.say("  %-9s %7s  %s, %d void; %s", arm.Reset, arm.Took.Round(100*time.Millisecond), arm.Share, arm.Void, arm.Why)
	}
	a.say("%s", r.Answer)
	a.say("no difference shown is not the same as none: %s of each see large ones only", plural(r.AtLeast, "trial"))
	a.say("recorded in %s", r.File)
}
