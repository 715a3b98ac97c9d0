package trial

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// hung is a device that never answers.
type hung struct{ drivers.Driver }

func (hung) Run(ctx context.Context, _ drivers.Command) (drivers.Exchange, error) {
	<-ctx.Done()
	return drivers.Exchange{}, context.Cause(ctx)
}

// Who waits for a command that hangs gives up with their context, as who asks does.
func TestTurnIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &labNode{Node: plan.Node{Name: "r1"}, driver: hung{}, runTurn: newTurn(), shellTurn: newTurn()}
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, is, err := n.hangs(t.Context(), scenarios.CommandLine, "show x", time.Minute); !is {
				t.Errorf("it does not hang: %v", err)
			}
		})
		defer asking.Wait()
		synctest.Wait()
		operator := errors.New("the operator left")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, operator)
		defer cancel()
		begin := time.Now()
		if _, err := n.run(ctx, "show y", time.Minute); !errors.Is(err, operator) || time.Since(begin) != time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		if _, _, err := n.hangs(ctx, scenarios.CommandLine, "show y", time.Minute); !errors.Is(err, operator) {
			t.Errorf("alone: %v", err)
		}
	})
}
