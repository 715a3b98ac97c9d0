package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// inOrder carries out a group of steps, one after the other, to the first that does not work.
func inOrder(ctx context.Context, a *actor, step plan.Step, _ scenarios.StepsStep) error {
	for _, part := range step.Parts {
		if !a.step(ctx, part) {
			return a.because(part)
		}
	}
	return nil
}

// because is the error of a group by one of its steps; nil where the lab lacks what it takes, which
// was said.
func (a *actor) because(part plan.Step) error {
	if a.rec.isLacking() {
		return nil
	}
	return fmt.Errorf("%s (%s) did not work", part.Ref, part.Title())
}

// repeat carries out a step time and again, each repetition when it is due: one that takes longer does
// not move those after it. It ends with the first that does not work.
func (a *actor) repeat(ctx context.Context, s plan.Step) bool {
	begin, every := a.rec.now(), time.Duration(s.Step.Repeat.Every)
	e := evidence.Event{Kind: evidence.EventStep, Lane: s.Lane(), Ref: s.Ref, Name: s.Title(), Repetition: s.Nth}
	var err error
	for i, part := range s.Parts {
		due := begin + time.Duration(i)*every
		if i > 0 {
			a.lab.pause(ctx, a.rec, due-a.rec.now())
		}
		if err = context.Cause(ctx); err != nil {
			break
		}
		a.behind(part, a.rec.now()-due)
		if !a.step(ctx, part) {
			err = a.because(part)
			break
		}
		e.Count++
	}
	a.rec.done(e, begin, err)
	return e.Count == uint64(len(s.Parts))
}

// behind records that a repetition began too late, in the lab's time: the one before took longer than
// to the next, or this machine is too slow.
func (a *actor) behind(s plan.Step, late time.Duration) {
	allowed := a.lab.slack()
	if a.lab.env.Rehearse || late <= allowed {
		return
	}
	a.rec.event(evidence.Event{
		Kind: evidence.EventLate, Lane: s.Lane(), Ref: s.Ref, Name: s.Title(), Repetition: s.Nth, Took: late,
		Detail: fmt.Sprintf("%s (%s) began %s later than it was to, and the scenario allows for %s", s.Ref, s.Title(), late.Round(time.Millisecond), allowed),
	})
}
