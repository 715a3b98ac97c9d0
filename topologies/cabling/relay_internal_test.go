package cabling

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// recorder is a site of two nodes that writes down what is done to their cable, and refuses what
// fails says.
type recorder struct {
	done  []string
	fails map[wiring.Kind]error
}

func (r *recorder) Network(node string) (wiring.Wirer, int) { return r, int(node[1] - '0') }
func (r *recorder) Dropper(node string) (wiring.Wirer, int) { return r.Network(node) }
func (*recorder) Host(string) (topologies.Host, error)      { return nil, nil }
func (*recorder) Close() error                              { return nil }

func (r *recorder) Tap(_ context.Context, node string, t capture.Tap) (*os.File, error) {
	r.done = append(r.done, "tap "+node)
	return nil, errors.New("no tap on " + t.Interface)
}

func (*recorder) Socket(context.Context, string, traffic.Socket) (*os.File, error) { return nil, nil }

func (r *recorder) Apply(_ context.Context, op wiring.Op) (wiring.Result, error) {
	what := fmt.Sprintf("%s r%d", op.Kind, op.A.PID)
	switch {
	case op.Kind == wiring.Drop:
		what += fmt.Sprintf(" %d", len(op.Filters))
	case op.Kind == wiring.State && op.Up, op.Kind == wiring.Connect && !op.Down:
		what += " up"
	case op.Kind == wiring.State, op.Kind == wiring.Connect:
		what += " down"
	}
	r.done = append(r.done, what)
	return wiring.Result{Count: 1, By: topologies.DropByNFT}, r.fails[op.Kind]
}

// faulted gives a cabling with faults on its only cable; what was done until then is forgotten.
func faulted(t *testing.T, faults ...topologies.Fault) (*Cabling, *recorder, []topologies.Active) {
	t.Helper()
	r := &recorder{fails: map[wiring.Kind]error{}}
	top := topologies.Topology{
		Nodes: []topologies.Node{{Name: "r1"}, {Name: "r2"}},
		Links: []topologies.Link{{A: topologies.Endpoint{Node: "r1", Interface: "eth1", IPv4: "10.0.0.1/24"}, B: topologies.Endpoint{Node: "r2", Interface: "eth1", IPv4: "10.0.0.2/24"}}},
	}
	c, err := New(Config{Topology: top, Site: r})
	if err != nil {
		t.Fatal(err)
	}
	var list []topologies.Active
	for _, f := range faults {
		f.Endpoint = topologies.Endpoint{Node: "r2", Interface: "eth1"}
		a, err := c.Inject(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	r.done = nil
	return c, r, list
}

// A cable that is laid anew carries nothing before the faults on it are in force.
func TestRelay(t *testing.T) {
	t.Parallel()
	drop, down := topologies.Fault{Kind: topologies.FaultDrop}, topologies.Fault{Kind: topologies.FaultDown}
	for _, tt := range []struct {
		name   string
		faults []topologies.Fault
		want   string
	}{
		{"no fault", nil, "disconnect r1, disconnect r2, connect r1 up"},
		{"drop", []topologies.Fault{drop}, "state r1 down, state r2 down, count r2, drop r2 0, disconnect r1, disconnect r2, connect r1 down, drop r2 1, state r1 up, state r2 up"},
		{"down", []topologies.Fault{down}, "disconnect r1, disconnect r2, connect r1 down, state r1 up"},
		{"both", []topologies.Fault{drop, down}, "state r1 down, state r2 down, count r2, drop r2 0, disconnect r1, disconnect r2, connect r1 down, drop r2 1, state r1 up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, r, _ := faulted(t, tt.faults...)
			if err := c.relay(t.Context(), c.Topology.Links[0]); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(tt.want, ", "), r.done); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Nor before the captures on it go on; one that cannot is told by who runs it, and the cable is laid
// all the same.
func TestRelayCaptured(t *testing.T) {
	t.Parallel()
	c, r, _ := faulted(t)
	lost := &recording{cabling: c, endpoint: at(c.Topology.Links[0].B), tap: capture.Tap{Interface: "eth1"}}
	c.recordings = []*recording{lost, {cabling: c, endpoint: topologies.Endpoint{Node: "r2", Interface: "eth2"}}}
	if err := c.relay(t.Context(), c.Topology.Links[0]); err != nil {
		t.Fatal(err)
	}
	want := []string{"disconnect r1", "disconnect r2", "connect r1 down", "tap r2", "state r1 up", "state r2 up"}
	if diff := cmp.Diff(want, r.done); diff != "" {
		t.Error(diff)
	}
	if lost.blind == nil {
		t.Error("nobody says that nothing is captured any more")
	}
}

// Nor before who wants to hear of it has heard; where he cannot do his part, the cable carries nothing.
func TestRelayLaid(t *testing.T) {
	t.Parallel()
	for _, fails := range []error{nil, errors.New("no socket")} {
		c, r, _ := faulted(t)
		c.Laid = func(_ context.Context, link topologies.Link) error {
			r.done = append(r.done, "laid "+link.A.String())
			return fails
		}
		want := []string{"disconnect r1", "disconnect r2", "connect r1 down", "laid r1:eth1", "state r1 up", "state r2 up"}
		if fails != nil {
			want = want[:4]
		}
		if err := c.relay(t.Context(), c.Topology.Links[0]); !errors.Is(err, fails) {
			t.Errorf("got %v, want %v", err, fails)
		}
		if diff := cmp.Diff(want, r.done); diff != "" {
			t.Error(diff)
		}
	}
}

// Where nobody knows whether filters were taken away, nobody knows what they have dropped. What
// went with its network is no such case.
func TestBank(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails error
		blind bool
	}{{"taken away", nil, false}, {"gone", syscall.ENOENT, false}, {"refused", errors.New("no"), true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, r, list := faulted(t, topologies.Fault{Kind: topologies.FaultDrop})
			r.fails[wiring.Drop] = tt.fails
			c.bank(t.Context(), c.Topology.Links[0], ends(c.Topology.Links[0]))
			if n, err := list[0].Fired(t.Context()); n != 2 || (err != nil) != tt.blind {
				t.Errorf("fired %d, %v", n, err)
			}
		})
	}
}
