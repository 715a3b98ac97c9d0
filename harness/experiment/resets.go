package experiment

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

// AllResets are the ways to clean a lab between two trials, the cold one first.
func AllResets() []scenarios.Reset {
	return []scenarios.Reset{scenarios.ResetRedeploy, scenarios.ResetNone, scenarios.ResetConfig, scenarios.ResetDaemons}
}

// Resets measures every way to clean the lab, in turn, until each has so many valid trials,
// and writes reset.json beside the cold side's record. None gets more than twice the trials
// that it needs.
func Resets(ctx context.Context, b *Bench, p *plan.Plan, atLeast int) (result.Resets, error) {
	c := &resetChoice{
		sitting: sitting{bench: b}, atLeast: atLeast, by: map[scenarios.Reset]Series{},
		valid: map[scenarios.Reset]int{}, tries: map[scenarios.Reset]int{},
	}
	for _, r := range AllResets() {
		q, err := p.WithReset(r)
		if err == nil {
			c.by[r], err = c.record(ctx, string(r), q)
		}
		if err != nil {
			return result.Resets{}, errors.Join(err, c.end(ctx))
		}
	}
	c.begun()
	if err := errors.Join(c.inLabs(ctx, p.Labs, c.work), c.end(ctx), ctx.Err()); err != nil {
		return result.Resets{Dirs: c.dirs()}, err
	}
	return c.result(p)
}

// resetChoice is the measurement of all resets in the making.
type resetChoice struct {
	sitting
	atLeast int
	by      map[scenarios.Reset]Series

	mu    sync.Mutex
	turn  int
	valid map[scenarios.Reset]int // that count: of the resets in place only warm trials
	tries map[scenarios.Reset]int
}

// next gives the reset whose turn it is among those that have too few trials yet.
func (c *resetChoice) next() (scenarios.Reset, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := AllResets()
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
	return true, c.try(ctx, string(r), c.by[r], lab, func(evidence.TrialVerdict) (string, error) {
		arm, err := c.arm(r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.valid[r] = arm.Share.Valid
		return arm.Share.String(), err
	})
}

// arm counts what a reset came to, from the ledger.
func (c *resetChoice) arm(r scenarios.Reset) (result.ResetArm, error) {
	entries, err := c.by[r].Dir().Ledger()
	if err != nil {
		return result.ResetArm{}, err
	}
	arm := result.ResetArm{Reset: string(r)}
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
	arm.Share = result.ProportionOf(string(r), counted)
	return arm, nil
}

func (c *resetChoice) dirs() map[string]string {
	dirs := map[string]string{}
	for r, series := range c.by {
		dirs[string(r)] = series.Dir().Path
	}
	return dirs
}

func (c *resetChoice) result(p *plan.Plan) (result.Resets, error) {
	out := result.Resets{Reprise: evidence.Format, Scenario: p.Loaded.Scenario.ID, Clock: p.Clock, AtLeast: c.atLeast, Dirs: c.dirs()}
	var arms []result.ResetArm
	for _, r := range AllResets() {
		arm, err := c.arm(r)
		if err != nil {
			return out, err
		}
		arms = append(arms, arm)
	}
	out.Cold = arms[0]
	out.Recommended, out.Arms = ChooseReset(out.Cold, arms[1:], c.atLeast)
	out.Outcome, out.Answer = result.Yes, "trials: {reset: "+out.Recommended+"}"
	if out.Recommended == "" {
		out.Outcome, out.Answer = result.Inconclusive, fmt.Sprintf("nothing to compare: freshly built labs gave %s, and a hit in %d valid trials is needed", out.Cold.Share, c.atLeast)
	}
	out.Answer = out.Clock.Before() + out.Answer
	out.File = c.by[scenarios.ResetRedeploy].Dir().File("reset.json")
	return out, evidence.WriteJSON(out.File, out)
}
