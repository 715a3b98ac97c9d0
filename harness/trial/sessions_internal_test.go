package trial

import (
	"context"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
)

// opener is a driver whose session takes until ctx ends to be opened.
type opener struct {
	drivers.Driver
	began, ended chan struct{}
}

func (o opener) OpenSession(ctx context.Context) error {
	close(o.began)
	<-ctx.Done()
	close(o.ended)
	return ctx.Err()
}

// Sessions are opened beside what the trial does, and no later than its end; where states are not
// asked for, nothing is opened.
func TestOpenSessions(t *testing.T) {
	t.Parallel()
	o := opener{began: make(chan struct{}), ended: make(chan struct{})}
	lab := &Lab{plan: &plan.Plan{}, nodes: []*labNode{{driver: o}, {}}}
	end := (&Trial{lab: lab}).openSessions(t.Context())
	<-o.began
	end()
	select {
	case <-o.ended:
	default:
		t.Error("a session is still being opened when the trial has ended")
	}
	lab.env.Lean = true
	(&Trial{lab: lab}).openSessions(t.Context())() // which would close a channel twice
}
