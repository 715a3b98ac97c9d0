package topologiestest

import (
	"errors"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// Going asks that a lab whose owner goes on is not told among those that are found.
func Going(t *testing.T, p topologies.KeptTeller, run string) {
	t.Helper()
	list, err := p.KeptLabs(t.Context())
	if err != nil || slices.ContainsFunc(list, func(l topologies.KeptLab) bool { return l.Run == run }) {
		t.Errorf("a lab whose owner goes on is told: %v, %v", list, err)
	}
}

// Taken asks that nobody gets a lab whose owner goes on, or that somebody else has.
func Taken(t *testing.T, p topologies.Attacher, top topologies.Topology, run string) {
	t.Helper()
	_, err := p.Attach(t.Context(), top, run, 1)
	if _, taken := errors.AsType[*topologies.TakenError](err); !taken {
		t.Fatalf("a lab that somebody has: %v", err)
	}
}

// Built asks that a run's lab, which is up, tells what it was built of, and that no other run does.
func Built(t *testing.T, p topologies.SourceTeller, run, source string) {
	t.Helper()
	if got, err := p.Sources(t.Context(), run); err != nil || !slices.Equal(got, []string{source}) {
		t.Errorf("the lab of run %s was built of %q, want %q: %v", run, got, source, err)
	}
	if got, err := p.Sources(t.Context(), run+"-of-nobody"); err != nil || len(got) > 0 {
		t.Errorf("what is not there was built of %q: %v", got, err)
	}
}

// Attached asks of a lab that is up, and whose owner is gone, that faults can be put on its first link and taken back
// by who attaches to it, one at a time; and that what he leaves when he is killed can be taken away by the next.
func Attached(t *testing.T, p topologies.Attacher, top topologies.Topology, run string) {
	t.Helper()
	if _, err := p.Attach(t.Context(), top, run+"-of-nobody", 1); !errors.Is(err, topologies.ErrNoLab) {
		t.Errorf("a run without a lab: %v", err)
	}
	teller, ok := topologies.As[topologies.KeptTeller](p)
	if !ok {
		t.Fatal("it does not tell which labs it finds")
	}
	list, err := teller.KeptLabs(t.Context())
	list = slices.DeleteFunc(list, func(l topologies.KeptLab) bool { return l.Run != run })
	if want := []topologies.KeptLab{{Run: run, Number: 1}}; err != nil || !slices.Equal(list, want) {
		t.Errorf("it finds %v, %v", list, err)
	}
	if _, err := p.Attach(t.Context(), top, run, 7); !errors.Is(err, topologies.ErrNoLab) {
		t.Errorf("a number without a lab: %v", err)
	}
	link := top.Links[0]
	at := topologies.Endpoint{Node: link.A.Node, Interface: link.A.Interface}
	to := link.B.IPv4[:len(link.B.IPv4)-len("/24")]
	attach := func() (topologies.Reservation, func(wanted bool, when string)) {
		t.Helper()
		var r topologies.Reservation
		Eventually(t, "the lab is free", func() (free bool) { // whoever had it has let go, which may not be known yet
			var err error
			r, err = p.Attach(t.Context(), top, run, 1)
			_, taken := errors.AsType[*topologies.TakenError](err)
			if err != nil && !taken {
				t.Fatal(err)
			}
			return err == nil
		})
		Taken(t, p, top, run)
		h := Host(t, r, link.A.Node)
		return r, func(wanted bool, when string) {
			t.Helper()
			wait := "1"
			if wanted {
				wait = "10"
			}
			if err := Ping(t.Context(), h, "-w", wait, to); (err == nil) != wanted {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	icmp := topologies.FrameMatch{Proto: "icmp"}
	faults := []topologies.Fault{
		{Kind: topologies.FaultDrop, Endpoint: at, Match: icmp},
		{Kind: topologies.FaultDrop, Endpoint: at, Match: icmp, Direction: topologies.DirectionBoth, Frames: topologies.FrameFault{Count: 1_000_000}},
		{Kind: topologies.FaultHold, Endpoint: at, Match: icmp}, // by a wire
	}
	r, reaches := attach()
	reaches(true, "before")
	for _, f := range append(faults, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at}) {
		a := Inject(t, r, f)
		reaches(false, string(f.Kind)+" is in force")
		if Fired(t, a) == 0 {
			t.Errorf("%s acted on nothing", f.Kind)
		}
		Heal(t, a)
		reaches(true, string(f.Kind)+" was healed")
	}
	if _, err := Ability[topologies.Faulter](t, r).Inject(t.Context(), topologies.Fault{Kind: topologies.FaultReplug, Endpoint: at}); err == nil {
		t.Error("a cable of another process was laid anew")
	}
	for _, f := range faults { // and who attaches next
		Inject(t, r, f)
		if err := r.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, reaches = attach()
		reaches(false, string(f.Kind)+" was left in force")
		if err := Ability[topologies.Cleaner](t, r).Clear(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		reaches(true, string(f.Kind)+" was cleared away")
	}
	if err := r.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
