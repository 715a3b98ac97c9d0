package topologiestest

import (
	"errors"
	"slices"
	"strings"
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

// replugged asks that a cable which another process has laid is laid anew: with new interfaces under the names, addresses
// and hardware addresses that the lab gave them, in their order. What was set by hand is gone, and told.
func replugged(t *testing.T, r topologies.Reservation, link topologies.Link) {
	t.Helper()
	h, iface := Host(t, r, link.A.Node), link.A.Interface
	shell := func(line string) string { t.Helper(); return Run(t, h, "sh", "-ec", line) }
	const order = "cd /sys/class/net && for i in */ifindex; do echo $(cat $i) ${i%/*}; done | sort -n | cut -d' ' -f2"
	mac, was := shell("cat /sys/class/net/"+iface+"/address"), shell(order)
	shell("ip address add 192.0.2.7/32 dev " + iface)
	a := Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: link.A.Node, Interface: iface}})
	if got := shell("cat /sys/class/net/" + iface + "/address"); got != mac {
		t.Errorf("the new interface has the address %s, and the old one had %s", got, mac)
	}
	if got := shell(order); got != was {
		t.Errorf("interfaces are in the order %q, and were in %q", got, was)
	}
	if got := shell("ip -o address show dev " + iface); strings.Contains(got, "192.0.2.7") {
		t.Errorf("what was set by hand is still there: %s", got)
	}
	want := "192.0.2.7/32 of " + link.A.Node + ":" + iface
	if teller, ok := topologies.As[topologies.LossTeller](a); !ok || !slices.Equal(teller.Lost(), []string{want}) {
		t.Errorf("told of what is gone: %v, want %s", a, want)
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
	replugged(t, r, link)
	reaches(true, "the cable was replugged")
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
