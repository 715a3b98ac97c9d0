package cabling

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// finder is a recorder whose nodes have interfaces, and what people have set there.
type finder struct {
	recorder

	links   map[int][]wiring.Link
	own     []string
	busy    map[int]bool // indexes that something has which is no cable
	torn    error        // why no cable can be laid
	connect []string
}

func (f *finder) Network(node string) (wiring.Wirer, int) { return f, int(node[1] - '0') }

func (f *finder) Apply(ctx context.Context, op wiring.Op) (wiring.Result, error) {
	r, err := f.recorder.Apply(ctx, op)
	switch op.Kind {
	case wiring.Look:
		r.View.Links = f.links[op.A.PID]
	case wiring.Own:
		r.Own = f.own
	case wiring.Connect:
		f.connect = append(f.connect, fmt.Sprintf("%d to %d", op.A.Index, op.B.Index))
		if f.busy[op.A.Index] || f.busy[op.B.Index] {
			err = unix.EEXIST
		}
		err = errors.Join(f.torn, err)
	default:
	}
	return r, err
}

// A cable that another process has laid is laid anew at the indexes beside those of its ends, where these are free, and else
// at its own; what people have set there is told. One that is gone is laid.
func TestRelayFound(t *testing.T) {
	t.Parallel()
	at := func(indexes ...int) (links []wiring.Link) {
		for i, index := range indexes {
			links = append(links, wiring.Link{Name: fmt.Sprintf("eth%d", i+1), Index: index})
		}
		return links
	}
	for _, tt := range []struct {
		name     string
		one, two []wiring.Link
		busy     int
		want     string
	}{
		{"room above", at(2), at(4, 6), 0, "3 to 5"},
		{"room below", at(3, 4), at(5, 6), 0, "2 to 4"},
		{"no room", at(2, 3), at(2, 3), 0, "2 to 2"},
		{"something else has it", at(2), at(4), 5, "3 to 5, 2 to 4"},
		{"an end is gone", nil, at(4), 0, "0 to 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, r, _ := faulted(t)
			f := &finder{recorder: *r, links: map[int][]wiring.Link{1: tt.one, 2: tt.two}, own: []string{"192.0.2.1/32"}, busy: map[int]bool{tt.busy: tt.busy != 0}}
			c.Site, c.Found = f, true
			lost, err := c.replug(t.Context(), c.Topology.Links[0])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(f.connect, ", ")); diff != "" {
				t.Error(diff)
			}
			want := []string{"192.0.2.1/32 of r1:eth1", "192.0.2.1/32 of r2:eth1"}
			if tt.one == nil {
				want = want[1:]
			}
			if diff := cmp.Diff(want, lost); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where a cable is gone and none could be laid in its place, it is told all the same what went with it.
func TestRelayTorn(t *testing.T) {
	t.Parallel()
	c, r, _ := faulted(t)
	link := c.Topology.Links[0]
	c.Site, c.Found = &finder{
		recorder: *r, links: map[int][]wiring.Link{1: {{Name: "eth1", Index: 2}}}, own: []string{"192.0.2.1/32"}, torn: unix.ENOMEM,
	}, true
	_, err := c.Inject(t.Context(), topologies.Fault{Kind: topologies.FaultReplug, Endpoint: link.A})
	if err == nil || !errors.Is(err, unix.ENOMEM) || !strings.Contains(err.Error(), "may have gone: 192.0.2.1/32 of r1:eth1") {
		t.Error(err)
	}
}

// A node's restart, which lays its cables anew, is not for who has attached to a lab.
func TestFoundIsNotRestarted(t *testing.T) {
	t.Parallel()
	c, _, _ := faulted(t)
	c.Found = true
	if err := c.keeps(c.Topology.Links[0], "r1"); err == nil {
		t.Error("the cables of a node are laid anew")
	}
}
