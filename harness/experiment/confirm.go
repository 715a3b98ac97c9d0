package experiment

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// MaxWasted bounds trials that come out neither way: a lab that breaks again and again
// shows nothing.
const MaxWasted = 3

// ConfirmOptions are the choices of a confirmation.
type ConfirmOptions struct {
	Trials int  // valid ones that are wanted
	Exact  bool // no stop at the first hit
	// Same reports whether the run in dir shows the failure that was claimed.
	Same func(dir string) (bool, error)
	// Begun is told where the run is recorded, before the first trial.
	Begun func(dir evidence.Dir) error
}

// Confirmed is what a confirmation ran. The judging of it is the claim's.
type Confirmed struct {
	Dir     string
	Control string // run directory of the control; empty where none was run
	Hit     bool   // the failure that was claimed was there
}

// Confirm runs trials of somebody's claim until one shows the same failure, or enough were
// valid without; then the control (nil: none) until one trial says something, for where that
// shows the symptom as well, the symptom is there always, and confirms nothing.
//
// The result has its Dir as soon as anything was begun, also beside an error.
func Confirm(ctx context.Context, b *Bench, main, control *plan.Plan, o ConfirmOptions) (Confirmed, error) {
	c := &confirming{sitting: sitting{bench: b}, o: o}
	var err error
	if c.main, err = c.record(ctx, "here", main); err != nil {
		return Confirmed{}, errors.Join(err, c.end(ctx))
	}
	out := Confirmed{Dir: c.main.Dir().Path}
	if err = o.Begun(c.main.Dir()); err == nil {
		err = c.inLabs(ctx, main.Labs, c.work)
	}
	out.Hit = c.hit
	if err == nil && ctx.Err() == nil && c.hit && control != nil {
		out.Control, err = c.tryControl(ctx, control)
	}
	return out, errors.Join(ctx.Err(), err, c.end(ctx))
}

// confirming is a confirmation in the making.
type confirming struct {
	sitting
	o    ConfirmOptions
	main Series

	mu      sync.Mutex
	started int
	running int
	valid   int
	hit     bool
}

// work makes one trial, unless enough were made.
func (c *confirming) work(ctx context.Context, lab int) (bool, error) {
	c.mu.Lock()
	stop := c.valid+c.running >= c.o.Trials || c.started >= c.o.Trials+MaxWasted || c.hit && !c.o.Exact
	if !stop {
		c.started++
		c.running++
	}
	c.mu.Unlock()
	if stop {
		return false, nil
	}
	return true, c.try(ctx, "here", c.main, lab, func(v evidence.TrialVerdict) (string, error) {
		same := false
		if isHit(v) && ctx.Err() == nil {
			var err error
			if same, err = c.o.Same(c.main.Dir().Path); err != nil {
				return "", err
			}
		}
		return c.count(v, same), nil
	})
}

func (c *confirming) count(v evidence.TrialVerdict, same bool) (status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	if isValid(v) {
		c.valid++
	}
	c.hit = c.hit || same
	return fmt.Sprintf("%d valid of %d", c.valid, c.o.Trials)
}

// tryControl runs the control until one trial says something.
func (c *confirming) tryControl(ctx context.Context, p *plan.Plan) (dir string, err error) {
	series, err := c.record(ctx, "control", p)
	if err != nil {
		return "", err
	}
	said := false
	for n := 0; n < MaxWasted && !said && err == nil && ctx.Err() == nil; n++ {
		err = c.try(ctx, "control", series, 1, func(v evidence.TrialVerdict) (string, error) {
			said = isValid(v)
			return "it must stay healthy", nil
		})
	}
	return series.Dir().Path, err
}
