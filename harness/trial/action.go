package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// action carries out one kind of step. An error says why it has not taken place.
type action func(context.Context, *actor, plan.Step) error

// actions are what carries out each kind of [scenarios.ActionKinds].
func actions() map[scenarios.ActionKind]action {
	return map[scenarios.ActionKind]action{
		scenarios.ActConfigure: acting(configure),
		scenarios.ActRun:       acting(run),
		scenarios.ActExec:      acting(execute),
		scenarios.ActFault:     acting(fault),
		scenarios.ActHold:      acting(hold),
		scenarios.ActWaitFor:   acting(waitFor),
		scenarios.ActSteps:     acting(inOrder),
		scenarios.ActTogether:  acting(sideBySide),
	}
}

// acting gives a function the action of its own kind.
func acting[A scenarios.Action](f func(context.Context, *actor, plan.Step, A) error) action {
	return func(ctx context.Context, a *actor, s plan.Step) error {
		own, ok := s.Action().(A)
		if !ok {
			return fmt.Errorf("%s has an action of another kind", s.Ref)
		}
		return f(ctx, a, s, own)
	}
}

// actor carries out steps.
type actor struct {
	lab      *Lab
	rec      *recorder
	faults   *faults
	observer *observer
	breaks   *breakWatch
	first    *beginning // of the member of a group that is carried out; nil outside of groups
	armedAs  string     // when a fault that is armed takes force, in words
}

// steps carries out a list of steps, and reports whether all of it took place.
func (a *actor) steps(ctx context.Context, steps []plan.Step) bool {
	for _, s := range steps {
		if !s.LeftOut && !a.step(ctx, s) {
			return false
		}
	}
	return true
}

// step carries out and records one step, and reports whether others may follow.
func (a *actor) step(ctx context.Context, s plan.Step) bool {
	if s.Step.Repeat != nil {
		return a.repeat(ctx, s)
	}
	a.faults.reached(ctx, s)
	begin := a.rec.now()
	a.rec.onProgress(Progress{Text: s.Title()})
	over := func() {}
	if n, err := a.lab.node(s.Step.Node); err == nil {
		over = n.begun(s)
	}
	err := a.act(ctx, s)
	over()
	e := evidence.Event{Kind: evidence.EventStep, Lane: s.Lane(), Ref: s.Ref, Name: s.Title(), Repetition: s.Nth}
	kernels{a.lab, a.rec}.refused(ctx, s.Step.Node, err)
	if s.Step.MayFail && ctx.Err() == nil && sentAndFailed(err) {
		e.End = endOf(err)
		e.Detail, err = "it failed, as it may: "+err.Error(), nil
	}
	outcome := a.rec.done(e, begin, err)
	if a.lab.configuredBy(s.Ref) {
		a.lab.noteRefused(a.rec, s.Lane(), outcome, err)
	}
	if err != nil {
		a.rec.lacks(s.Lane(), err)
		return false
	}
	return !a.rec.isLacking() // the lab cannot show it, whatever follows
}

func (a *actor) act(ctx context.Context, s plan.Step) error {
	act, ok := actions()[s.Action().Kind()]
	if !ok {
		return fmt.Errorf("%s has no action", s.Ref)
	}
	if len(s.Parts) == 0 {
		defer a.first.done()
	}
	return act(ctx, a, s)
}

// longest is how long a step's command may take, in real time.
func (a *actor) longest(s plan.Step) time.Duration {
	if s.Step.Timeout > 0 {
		return a.rec.clock.Real(time.Duration(s.Step.Timeout))
	}
	return stepTimeout
}

// onNode does what sends something to a step's node, in the time of a step.
func (a *actor) onNode(ctx context.Context, s plan.Step, do func(context.Context, *labNode) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.longest(s))
	defer cancel()
	n, err := a.lab.node(s.Step.Node)
	if err != nil {
		return err
	}
	return do(ctx, n)
}
