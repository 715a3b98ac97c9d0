package trial

import (
	"context"
	"sync"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// holding tells when every condition of a baseline holds at its newest look, for the first time: what is left of their windows is time
// in which the network is as it should be.
type holding struct {
	checks []plan.Check
	begun  chan struct{} // closed then

	mu    sync.Mutex
	holds []bool
}

func newHolding(checks []plan.Check) *holding {
	return &holding{checks: checks, begun: make(chan struct{}), holds: make([]bool, len(checks))}
}

// seen takes in a look at a condition. One that follows a value holds wherever it was answered.
func (h *holding) seen(i int, s judge.Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	cond := h.checks[i].Cond
	h.holds[i] = s.Err == "" && (!cond.Boolean() || s.Value == (cond.Never == 0))
	for _, holds := range h.holds {
		if !holds {
			return
		}
	}
	select {
	case <-h.begun:
	default:
		close(h.begun)
	}
}

// lookBeside looks at the symptoms that only have to show once, of states, beside what goes on before the stimulus, from when from is closed
// until the function that it returns is called: a state that comes and goes is there before the stimulus, and one look may miss it.
// It takes the trial no longer than a look.
func (b *observer) lookBeside(ctx context.Context, from <-chan struct{}) (end func()) {
	p := b.lab.plan
	if b.lab.env.Rehearse || !p.Rules.Since(evidence.RulesV6) {
		return func() {}
	}
	until, stop := context.WithCancel(ctx) // between two looks: none is broken off
	var looking sync.WaitGroup
	for _, c := range p.AskedBefore() {
		if !c.ShowsInPassing() {
			continue
		}
		looking.Go(func() {
			select {
			case <-from:
			case <-until.Done():
				return
			}
			for {
				if b.rec.wait(until, c.Cond.Interval()); until.Err() != nil {
					return
				}
				b.observe(ctx, c, c.Ref+evidence.Before, probeTimeout)
			}
		})
	}
	return func() {
		stop()
		looking.Wait()
	}
}
