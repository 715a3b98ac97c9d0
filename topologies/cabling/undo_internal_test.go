package cabling

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// judged is a recorder that carries out what a context that lasts asks for, and may say otherwise then.
type judged struct {
	recorder

	answer func() error
}

func (j *judged) Network(node string) (wiring.Wirer, int) { return j, int(node[1] - '0') }
func (j *judged) Dropper(node string) (wiring.Wirer, int) { return j.Network(node) }

func (j *judged) Apply(ctx context.Context, op wiring.Op) (wiring.Result, error) {
	if ctx.Err() != nil {
		return wiring.Result{}, ctx.Err()
	}
	r, err := j.recorder.Apply(ctx, op)
	return r, errors.Join(err, j.answer())
}

// judgedCable has such a one carry out faults on the only cable of a lab.
func judgedCable(t *testing.T) (*Cabling, *judged) {
	t.Helper()
	c, _, _ := faulted(t)
	j := &judged{recorder: recorder{fails: map[wiring.Kind]error{}}}
	c.Site = j
	return c, j
}

// What was asked for when the context ended is waited for, and then taken away: else it might take place after that.
func TestAbandonedFaultIsUndone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault topologies.Fault
		want  string
	}{
		{topologies.Fault{Kind: topologies.FaultDrop}, "drop r2 1, drop r2 0"},
		{topologies.Fault{Kind: topologies.FaultDown}, "state r2 down, state r2 up"},
	} {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c, j := judgedCable(t)
			j.answer = func() error {
				cancel()
				return nil
			}
			tt.fault.Endpoint = topologies.Endpoint{Node: "r2", Interface: "eth1"}
			a, err := c.Inject(ctx, tt.fault)
			if !errors.Is(err, context.Canceled) || a != nil {
				t.Errorf("got %v, %v", a, err)
			}
			if diff := cmp.Diff(strings.Split(tt.want, ", "), j.done); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is not answered within its bound may take place all the same, by whatever it may be, and is taken away.
func TestLateFaultIsUndone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, j := judgedCable(t)
		j.answer = func() error {
			if len(j.done) > 1 {
				return nil
			}
			<-time.After(2 * undoTimeout)
			return context.DeadlineExceeded
		}
		a, err := c.Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}})
		if !errors.Is(err, context.DeadlineExceeded) || a != nil {
			t.Errorf("got %v, %v", a, err)
		}
		if diff := cmp.Diff([]string{"drop r2 1", "drop r2 0", "drop r2 0", "drop r2 0"}, j.done); diff != "" {
			t.Error(diff)
		}
	})
}

// A fault that could be put in at one end alone, and could not be taken away there, is given back to be healed.
func TestHalfAFault(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	works := false
	c, j := judgedCable(t)
	j.answer = func() error {
		if len(j.done) == 1 || works {
			return nil
		}
		return refused
	}
	a, err := c.Inject(t.Context(), topologies.Fault{
		Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Direction: topologies.DirectionBoth,
	})
	if !errors.Is(err, refused) || a == nil {
		t.Fatalf("got %v, %v", a, err)
	}
	if err := a.Heal(t.Context()); !errors.Is(err, refused) {
		t.Errorf("while it is refused: %v", err)
	}
	works, j.done = true, nil
	if err := a.Heal(t.Context()); err != nil {
		t.Error(err)
	}
	if len(c.drops) > 0 || len(j.done) == 0 || j.done[len(j.done)-1] != "drop r2 0" {
		t.Errorf("left %v; %v", c.drops, j.done)
	}
}
