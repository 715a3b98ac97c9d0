package cabling

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// keeper is a recorder who holds networks. An error that he has for an operation is for that alone.
type keeper struct {
	*recorder

	own []string
}

func (k *keeper) Network(node string) (wiring.Wirer, int) { return k, int(node[1] - '0') }
func (k *keeper) Dropper(node string) (wiring.Wirer, int) { return k.Network(node) }

func (k *keeper) Apply(ctx context.Context, op wiring.Op) (wiring.Result, error) {
	r, err := k.recorder.Apply(ctx, op)
	switch op.Kind {
	case wiring.Hold:
		r.Held = 7
		if err != nil {
			r.Held = 0
		}
	case wiring.Own:
		r.Own = k.own
	default:
	}
	return r, err
}

// A node that restarts keeps its cables: nothing is done to their far ends but by the faults on them. What
// cannot be kept is laid anew, and told where a neighbour has lost something by that.
func TestRestart(t *testing.T) {
	t.Parallel()
	drop, down := topologies.Fault{Kind: topologies.FaultDrop}, topologies.Fault{Kind: topologies.FaultDown}
	const laid = "disconnect r1, disconnect r2, connect r1 up"
	for _, tt := range []struct {
		name, node string
		faults     []topologies.Fault
		fails      map[wiring.Kind]error
		restart    error
		own        []string
		want       string
		says       string
	}{
		{name: "no fault", node: "r1", want: "own r2, hold r1, restart, reserve r1, move r1, state r1 up, free r0"},
		{name: "the other side", node: "r2", want: "own r1, hold r2, restart, reserve r2, move r2, state r2 up, free r0"},
		{
			name: "a fault at the far end", node: "r1", faults: []topologies.Fault{drop},
			want: "own r2, hold r1, state r1 down, count r2, drop r2 0, restart, reserve r1, move r1, drop r2 1, state r1 up, free r0",
		},
		{name: "the far end is down", node: "r1", faults: []topologies.Fault{down}, want: "own r2, hold r1, restart, reserve r1, move r1, state r1 up, free r0"},
		{name: "the near end is down", node: "r2", faults: []topologies.Fault{down}, want: "own r1, hold r2, restart, reserve r2, move r2, free r0"},
		{
			name: "it does not restart", node: "r1", restart: errors.New("no engine"),
			want: "own r2, hold r1, restart, state r1 up, free r0", says: "no engine",
		},
		{
			name: "the cable is gone", node: "r1", fails: map[wiring.Kind]error{wiring.Move: syscall.ENODEV},
			want: "own r2, hold r1, restart, reserve r1, move r1, free r0, " + laid,
		},
		{
			name: "nothing can be moved", node: "r1", fails: map[wiring.Kind]error{wiring.Move: errors.New("an old kernel")}, own: []string{"10.9.0.1/24", "eth1.5"},
			want: "own r2, hold r1, restart, reserve r1, move r1, free r0, " + laid,
			says: "the cable r1:eth1–r2:eth1 was laid anew, and with it r2:eth1, which a neighbour keeps when a node restarts: it had 10.9.0.1/24, eth1.5: an old kernel",
		},
		{
			name: "nothing can be held", node: "r1", fails: map[wiring.Kind]error{wiring.Hold: errors.New("not here")}, own: []string{"eth1.5"},
			want: "own r2, hold r1, restart, reserve r1, " + laid, says: "it had eth1.5: hold the network of node r1: not here",
		},
		{name: "the node has ended", node: "r1", fails: map[wiring.Kind]error{wiring.Hold: syscall.ESRCH}, want: "own r2, hold r1, restart, reserve r1, " + laid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, r, _ := faulted(t, tt.faults...)
			r.fails = tt.fails
			c.Site = &keeper{recorder: r, own: tt.own}
			err := c.Restart(t.Context(), tt.node, time.Minute, func(context.Context) error {
				r.done = append(r.done, "restart")
				return tt.restart
			})
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			if diff := cmp.Diff(strings.Split(tt.want, ", "), r.done); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A node that is put back has all its cables anew, and nobody has lost anything by that.
func TestRemake(t *testing.T) {
	t.Parallel()
	c, r, _ := faulted(t)
	c.Site = &keeper{recorder: r, own: []string{"10.9.0.1/24"}}
	if err := c.Remake(t.Context(), "r1", time.Minute, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reserve r1", "disconnect r1", "disconnect r2", "connect r1 up"}, r.done); diff != "" {
		t.Error(diff)
	}
}

// Captures at the ends that are new go on there, and those at the far ends are not touched.
func TestRestartCaptured(t *testing.T) {
	t.Parallel()
	for _, node := range []string{"r1", "r2"} {
		c, r, _ := faulted(t)
		c.Site = &keeper{recorder: r}
		c.recordings = []*recording{{cabling: c, endpoint: at(c.Topology.Links[0].B), tap: capture.Tap{Interface: "eth1"}}}
		if err := c.Restart(t.Context(), node, time.Minute, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if opened := slices.Contains(r.done, "tap r2"); opened != (node == "r2") {
			t.Errorf("a restart of %s: %v", node, r.done)
		}
	}
}
