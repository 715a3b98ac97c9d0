package trial

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// arming is a fault that takes force, or ends, beside the steps that follow its own. It takes force once,
// and ends once.
type arming struct {
	actor *actor
	step  plan.Step
	// at and until are the places of the steps that it takes force and ends before; empty where it does so
	// otherwise.
	at, until string

	mu    sync.Mutex
	stage stage
	fault *activeFault // nil where nothing of it stays in force
}

// stage is how far a fault that is armed has come.
type stage int

const (
	stageAwaited stage = iota + 1
	stageInForce
	stageEnded
)

// armedSince is from when a condition counts that a fault ends by.
type armedSince struct {
	at  time.Duration
	log drivers.LogMark // of the node that it looks at, where it looks at logs
}

// armed has a step's fault take force and end when it says, beside the steps that follow.
func (a *actor) armed(ctx context.Context, s plan.Step) error {
	x := &arming{actor: a, step: s, stage: stageAwaited}
	place := func(c *scenarios.Condition) string {
		if c == nil {
			return ""
		}
		name, ok := c.AtStep()
		if !ok {
			return ""
		}
		_, place, _ := a.lab.plan.Loaded.Scenario.StepNamed(name)
		return place
	}
	x.at, x.until = place(s.Step.Arm), place(s.Step.Disarm)
	a.faults.mu.Lock()
	a.faults.armings = append(a.faults.armings, x)
	a.faults.mu.Unlock()
	switch {
	case s.Step.Arm == nil:
		return x.arm(ctx, "")
	case s.Arm != nil:
		begin := a.rec.now()
		a.faults.inBackground(ctx, s, func(ctx context.Context) error {
			if truth := a.observer.watch(ctx, s.Arm, begin, &atomic.Bool{}); ctx.Err() != nil {
				return context.Cause(ctx)
			} else if truth != evidence.True {
				return fmt.Errorf("%q is %s", s.Arm.Cond.Name, truth)
			}
			if err := x.arm(ctx, s.Arm.Cond.Moment()); err != nil && ctx.Err() == nil {
				return err
			}
			return context.Cause(ctx) // where the trial was over meanwhile, it never took force
		})
	}
	return nil
}

// reached has the faults end, and then take force, that do so before a step.
func (f *faults) reached(ctx context.Context, s plan.Step) {
	f.mu.Lock()
	all := f.armings
	f.mu.Unlock()
	for _, x := range all {
		if x.until == s.Entry() {
			x.report(x.disarm(ctx, x.step.Step.Disarm.Moment()))
		}
	}
	for _, x := range all {
		if x.at == s.Entry() {
			x.report(x.arm(ctx, x.step.Step.Arm.Moment()))
		}
	}
}

// report records what went wrong.
func (x *arming) report(err error) {
	if err != nil {
		x.actor.faults.failed(x.step, err)
	}
}

// arm has the fault take force, and its end be waited for. when is what it was armed by, in words.
func (x *arming) arm(ctx context.Context, when string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stage != stageAwaited {
		return nil
	}
	a := *x.actor
	if when != "" {
		a.armedAs = "armed: " + when
	}
	since, err := x.since(ctx)
	if err != nil {
		return err
	}
	s := x.step
	s.Step.Background = s.Step.For > 0 || s.Step.Fault == scenarios.FaultFlap // nobody waits for its end
	if n, err := a.lab.node(s.Step.Node); err == nil {
		defer n.begun(s)()
	}
	x.stage = stageInForce
	if err := a.put(ctx, s, scenarios.FaultStep(s.Step)); err != nil {
		return err
	}
	if s.Step.Fault == scenarios.FaultFlap {
		return nil // it ends by itself, each time
	}
	x.fault = a.faults.of(s.Ref)
	if s.Disarm == nil {
		return nil
	}
	begin := a.rec.now()
	since.at = begin
	observer := *a.observer
	observer.since = since
	a.faults.inBackground(ctx, s, func(ctx context.Context) error {
		if truth := observer.watch(ctx, s.Disarm, begin, &atomic.Bool{}); ctx.Err() != nil {
			return context.Cause(ctx)
		} else if truth != evidence.True {
			return fmt.Errorf("it was to end when %s, and %q is %s", s.Disarm.Cond.Moment(), s.Disarm.Cond.Name, truth)
		}
		return x.disarm(ctx, s.Disarm.Cond.Moment())
	})
	return nil
}

// since is from when the condition counts that the fault ends by: now.
func (x *arming) since(ctx context.Context) (*armedSince, error) {
	s := &armedSince{}
	if x.step.Disarm == nil || x.step.Disarm.Cond.Probe().Kind() != scenarios.ProbeLog {
		return s, nil
	}
	n, err := x.actor.lab.node(x.step.Disarm.Cond.Node)
	if err != nil {
		return s, err
	}
	src, ok := drivers.As[drivers.LogSource](n.driver)
	if !ok {
		return s, fmt.Errorf("%s (%s): logs: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	if s.log, err = src.MarkLogs(ctx); err != nil {
		return s, fmt.Errorf("mark the logs of %s: %w", n.Name, err)
	}
	return s, nil
}

// disarm takes the fault back. One that is still awaited does not take force any more.
func (x *arming) disarm(ctx context.Context, when string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.stage
	x.stage = stageEnded
	switch {
	case was == stageAwaited:
		return fmt.Errorf("it was to end when %s, and had not taken force by then", when)
	case was == stageEnded || x.fault == nil:
		return nil
	}
	x.fault.until = "disarmed: " + when
	return x.actor.faults.heal(ctx, x.fault)
}

// of is the fault in force that a step has put there; nil where none is.
func (f *faults) of(ref string) *activeFault {
	for _, fault := range f.inForceNow() {
		if fault.ref == ref {
			return fault
		}
	}
	return nil
}
