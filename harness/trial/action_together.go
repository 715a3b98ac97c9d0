package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// sideBySide begins a group of steps at the same time, and waits for all of them. A member whose command
// was sent later than the scenario bears, as another had the session, began late.
func sideBySide(ctx context.Context, a *actor, step plan.Step, _ scenarios.TogetherStep) error {
	var wg sync.WaitGroup
	begun := make([]*beginning, len(step.Parts))
	errs := make([]error, len(step.Parts))
	start := make(chan struct{})
	for i, part := range step.Parts {
		begun[i] = &beginning{within: a.first}
		wg.Go(func() {
			<-start
			begun[i].at = a.rec.now()
			if !a.during(begun[i]).step(ctx, part) {
				errs[i] = a.because(part)
			}
		})
	}
	close(start)
	wg.Wait()
	a.apart(step, begun)
	return errors.Join(errs...)
}

// apart records how far apart the members of a group began, and which of them too late.
func (a *actor) apart(step plan.Step, begun []*beginning) {
	first := slices.MinFunc(begun, func(x, y *beginning) int { return cmp.Compare(x.at, y.at) }).at
	var last time.Duration
	for i, b := range begun {
		last = max(last, b.at-first)
		a.behind(step.Parts[i], b.at-first)
	}
	a.rec.event(evidence.Event{
		Kind: evidence.EventNote, Ref: step.Ref, Repetition: step.Nth, Took: last,
		Name: fmt.Sprintf("%s: all %d began within %s", step.Ref, len(step.Parts), last.Round(time.Microsecond)),
	})
}

// beginning is when a member of a group began, in the lab's time: where the first that it does is to
// send a command, when that was sent.
type beginning struct {
	within *beginning // of the group that the group is a member of; nil for none

	mu   sync.Mutex
	at   time.Duration
	over bool // the first that it does was done
}

// sent takes in when a command was sent.
func (b *beginning) sent(at time.Duration) {
	if b == nil {
		return
	}
	b.mu.Lock()
	if !b.over {
		b.at = max(b.at, at)
	}
	b.mu.Unlock()
	b.within.sent(at)
}

// done takes in that a step was done: what is sent from then on is not what the member began with.
func (b *beginning) done() {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.within.done()
}

// during is the actor of a member of a group.
func (a *actor) during(b *beginning) *actor {
	member := *a
	member.first = b
	return &member
}

// sent takes in when a step's command was sent, as its driver tells: it may have waited for a session.
func (a *actor) sent(at time.Time) {
	if !at.IsZero() {
		a.first.sent(a.rec.clock.Lab(at.Sub(a.rec.start)))
	}
}
