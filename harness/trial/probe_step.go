package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// observeStep tells how long a step took, in the lab's time. One that was not carried out,
// did not work, or broke off is no answer; one that was given up took at least as long.
func observeStep(_ context.Context, b *observer, q question, p scenarios.StepProbe) error {
	step, place, _ := b.lab.plan.Loaded.Scenario.StepNamed(p.Name)
	var last *evidence.Event
	for _, e := range b.rec.ended() {
		if plan.EntryOf(e.Ref) == place && (step.Repeat == nil || e.Ref != place) {
			last = &e
			q.seen.Count++
		}
	}
	switch {
	case last == nil:
		return fmt.Errorf("the step %q has not ended: nobody knows how long it takes", p.Name)
	case last.Outcome != evidence.OK:
		return fmt.Errorf("the step %q did not work: nobody knows how long it takes", p.Name)
	case last.End == evidence.BrokeOff:
		return fmt.Errorf("the step %q broke off after %s: nobody knows how long it takes", p.Name, last.Took)
	}
	q.seen.Answered, q.seen.AtLeast = last.Took, last.End == evidence.GivenUp
	q.seen.Text = fmt.Sprintf("%s took %s", last.Name, last.Took.Round(time.Millisecond))
	if q.seen.AtLeast {
		q.seen.Text = fmt.Sprintf("%s took at least %s, and was given up", last.Name, last.Took.Round(time.Millisecond))
	}
	return nil
}

// endOf says how a step's command ended that may fail, where that tells how long it takes otherwise than
// by its end.
func endOf(err error) evidence.End {
	var rejected *RejectedError
	var status *statusError
	switch {
	case err == nil, errors.As(err, &rejected), errors.As(err, &status):
		return ""
	case errors.Is(err, drivers.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return evidence.GivenUp
	default:
		return evidence.BrokeOff
	}
}
