package cabling

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// programs is a site whose kernel has programs that drop, unless it lacks them: each has dropped every second
// of ten frames when it is asked, and of twelve when it is taken away.
type programs struct {
	recorder

	by    topologies.DropBy // what they drop with; XDP where it is empty
	lacks error
	end   int                     // the process at whose end they lack; 0 at both
	gone  error                   // what who asks for them is told, of programs that are set
	set   map[int][]wiring.Filter // the last, by the process at whose end they are
	taps  int
}

func (k *programs) Network(node string) (wiring.Wirer, int) { return k, int(node[1] - '0') }
func (k *programs) Dropper(node string) (wiring.Wirer, int) { return k.Network(node) }

func (k *programs) Tap(context.Context, string, capture.Tap) (*os.File, error) {
	k.taps++
	return nil, errors.New("no tap")
}

func (k *programs) Apply(_ context.Context, op wiring.Op) (wiring.Result, error) {
	r := wiring.Result{By: cmp.Or(k.by, topologies.DropByXDP)}
	begun := func(id string) uint64 {
		for _, f := range k.set[op.A.PID] {
			if f.ID == id {
				return f.Pick.Matched
			}
		}
		return 0
	}
	hit := topologies.Hit{Ordinal: 1}
	switch {
	case k.gone != nil && (op.Kind == wiring.Count || op.Kind == wiring.Drop && len(op.Filters) == 0):
		return wiring.Result{}, k.gone
	case op.Kind == wiring.Drop && k.lacks != nil && (k.end == 0 || k.end == op.A.PID) && len(op.Filters) > 0:
		return wiring.Result{}, k.lacks
	case op.Kind == wiring.Drop:
		r.Ended = map[string]topologies.Acted{}
		for _, f := range k.set[op.A.PID] {
			if !slices.ContainsFunc(op.Filters, func(g wiring.Filter) bool { return g.ID == f.ID }) {
				r.Ended[f.ID] = topologies.Acted{Matched: begun(f.ID) + 12, Hit: 6, Passed: 6, Hits: []topologies.Hit{hit}}
			}
		}
		k.set[op.A.PID] = op.Filters
	case op.Kind == wiring.Count:
		r.Count, r.Acted = 5, &topologies.Acted{Matched: begun(op.Name) + 10, Hit: 5, Passed: 5, Hits: []topologies.Hit{hit}}
	}
	return r, nil
}

func programmed(t *testing.T, k *programs) *Cabling {
	t.Helper()
	c, err := New(Config{Site: k, Topology: topologies.Topology{
		Nodes: []topologies.Node{{Name: "r1"}, {Name: "r2"}},
		Links: []topologies.Link{{A: topologies.Endpoint{Node: "r1", Interface: "eth1"}, B: topologies.Endpoint{Node: "r2", Interface: "eth1"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func second(at string) topologies.Fault {
	return topologies.Fault{
		Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: at, Interface: "eth1"}, Direction: topologies.DirectionBoth, Probability: 0.5,
		Match: topologies.FrameMatch{Proto: "ospf", Type: "hello"}, Frames: topologies.FrameFault{Nth: 2, Every: 2, Seed: 7, Filter: "len < 100"},
	}
}

// A program is told all that picks frames; on a cable that is laid anew it goes on with its numbers, and what it
// did there is added to what it did before.
func TestProgramGoesOn(t *testing.T) {
	t.Parallel()
	k := &programs{set: map[int][]wiring.Filter{}}
	c := programmed(t, k)
	a, err := c.Inject(t.Context(), second("r2"))
	if err != nil {
		t.Fatal(err)
	}
	if by := a.(*active).DropBy(); by != topologies.DropByXDP || len(c.stands) != 0 {
		t.Errorf("it acts by %s", by)
	}
	_, text, err := topologies.FrameMatch{Proto: "ospf", Type: "hello"}.Plain()
	if err != nil {
		t.Fatal(err)
	}
	want := wiring.Pick{Filters: []string{"len < 100", text}, Nth: 2, Every: 2, Lot: topologies.NewLot(7, topologies.Endpoint{Node: "r1", Interface: "eth1"})}
	if diff := gocmp.Diff(want, k.set[1][0].Pick); diff != "" {
		t.Error(diff)
	}
	if n, err := a.Fired(t.Context()); n != 10 || err != nil {
		t.Errorf("fired %d, %v", n, err)
	}
	if err := c.relay(t.Context(), c.Topology.Links[0]); err != nil {
		t.Fatal(err)
	}
	if p := k.set[1][0].Pick; p.Matched != 12 || p.Picked != 6 {
		t.Errorf("on the new cable, it begins with %d frames, of which it has picked %d", p.Matched, p.Picked)
	}
	if n, err := a.Fired(t.Context()); n != 22 || err != nil {
		t.Errorf("fired %d, %v", n, err)
	}
	if err := a.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := a.Fired(t.Context())
	did, ok := a.(topologies.ActedTeller).Acted()
	if n != 24 || err != nil || !ok || did.Matched != 48 || did.Hit != 24 || did.Passed != 24 || did.Seed != 7 || len(did.Hits) != 4 {
		t.Errorf("fired %d, %v: %+v", n, err, did)
	}
	if diff := gocmp.Diff([]topologies.DropBy{topologies.DropByXDP}, did.By); diff != "" {
		t.Error(diff)
	}
}

// Where the kernel lacks programs, a wire picks; not where a program was asked for, and not where something else
// is wrong.
func TestProgramLacking(t *testing.T) {
	t.Parallel()
	missing := &topologies.MissingError{What: "kernel ability", Name: "eBPF"}
	for _, tt := range []struct {
		name  string
		lacks error
		by    topologies.DropBy
		taps  int
	}{{"lacking", missing, "", 1}, {"asked for", missing, topologies.DropByXDP, 0}, {"wrong", errors.New("no"), "", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := &programs{lacks: tt.lacks}
			c := programmed(t, k)
			c.DropBy = tt.by
			if _, err := c.Inject(t.Context(), second("r2")); err == nil || k.taps != tt.taps {
				t.Errorf("%d sockets of a wire were asked for, %v", k.taps, err)
			}
			if len(c.faults) != 0 {
				t.Error("a fault that could not be put in force is among those that are")
			}
		})
	}
}

// With the network of a node that began anew by itself went the numbers of its programs: who asks what they did is
// told so, when programs on the new cable number frames from one.
func TestProgramGone(t *testing.T) {
	t.Parallel()
	for _, gone := range []error{nil, syscall.ESRCH, syscall.ENOENT} {
		k := &programs{set: map[int][]wiring.Filter{}}
		c := programmed(t, k)
		a, err := c.Inject(t.Context(), second("r2"))
		if err != nil {
			t.Fatal(err)
		}
		k.gone = gone
		c.bank(t.Context(), c.Topology.Links[0], ends(c.Topology.Links[0]))
		k.gone = nil
		if err := c.relay(t.Context(), c.Topology.Links[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Fired(t.Context()); (err != nil) != (gone != nil) {
			t.Errorf("its programs are gone (%v), and it says %v", gone, err)
		}
	}
}

// A wire that takes over since the kernel at one end lacks programs goes on with what the one at the other end did.
func TestProgramLackingAtOneEnd(t *testing.T) {
	t.Parallel()
	k := &programs{set: map[int][]wiring.Filter{}, lacks: &topologies.MissingError{What: "kernel ability", Name: "eBPF"}, end: 1}
	c := programmed(t, k)
	var a *active
	c.Site = &watched{k, func() { a = c.faults[0] }}
	if _, err := c.Inject(t.Context(), second("r2")); err == nil {
		t.Fatal("it is in force without a wire")
	}
	did, ok := a.Acted()
	if !ok || did.Hit != 6 || did.Matched != 12 {
		t.Errorf("the wires begin with %+v", did)
	}
	if diff := gocmp.Diff([]topologies.DropBy{topologies.DropByXDP, topologies.DropByWire}, did.By); diff != "" {
		t.Error(diff)
	}
}

// watched is a site that tells when a wire asks for its sockets.
type watched struct {
	*programs

	tapped func()
}

func (w *watched) Tap(ctx context.Context, node string, t capture.Tap) (*os.File, error) {
	w.tapped()
	return w.programs.Tap(ctx, node, t)
}

// Where tc drops already, a second fault that numbers frames of TCP takes a wire, as it would have alone: it leaves in
// trains. Not where tc was asked for, which tells of trains.
func TestTrainsBesideAFault(t *testing.T) {
	t.Parallel()
	bgp := topologies.Fault{Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{DstPort: 179}, Frames: topologies.FrameFault{Nth: 3}}
	for _, tt := range []struct {
		name string
		by   topologies.DropBy
		f    topologies.Fault
		taps int
	}{{"tcp", "", bgp, 1}, {"ospf", "", second("r2"), 0}, {"asked for", topologies.DropByTC, bgp, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := &programs{set: map[int][]wiring.Filter{}, by: topologies.DropByTC}
			c := programmed(t, k)
			c.DropBy = tt.by
			first := second("r2")
			first.Frames, first.Probability = topologies.FrameFault{}, 0
			if _, err := c.Inject(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Inject(t.Context(), tt.f); (err != nil) != (tt.taps > 0) || k.taps != tt.taps {
				t.Errorf("%d sockets of a wire were asked for, %v", k.taps, err)
			}
		})
	}
}

// TestHealThatFails: a fault that could not be taken out of force keeps its place among those that came after it.
func TestHealThatFails(t *testing.T) {
	t.Parallel()
	k := &programs{set: map[int][]wiring.Filter{}}
	c := programmed(t, k)
	var both []topologies.Active
	for range 2 {
		a, err := c.Inject(t.Context(), second("r2"))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, a)
	}
	k.lacks = errors.New("busy")
	if err := both[0].Heal(t.Context()); err == nil {
		t.Fatal("it is healed")
	}
	if len(c.faults) != 2 || c.faults[0] != both[0] {
		t.Errorf("the first of %d faults in force is not the one that failed", len(c.faults))
	}
	k.lacks = nil
	if err := both[0].Heal(t.Context()); err != nil || len(c.faults) != 1 || c.faults[0] != both[1] {
		t.Errorf("%d faults in force, %v", len(c.faults), err)
	}
}
