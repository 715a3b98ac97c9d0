package topologiestest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// counted is a rule that counts the datagrams to port 9 that arrive, by what they carry.
const counted = "add table inet met; add chain inet met in { type filter hook input priority 0; }"

// frames: faults on frames act on those that were picked, and what they hold goes on when they are
// healed.
func (s Subject) frames(t *testing.T) {
	t.Helper()
	s.dropsBy(t, s.framesBy)
}

func (s Subject) framesBy(t *testing.T, p topologies.Provider, by topologies.DropBy) {
	t.Helper()
	r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "frames-"+string(by)), DropBy: by})
	r1, r2 := Host(t, r, "r1"), Host(t, r, "r2")
	if err := Ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Fatal(err)
	}
	Run(t, r2, "nft", counted+"; add rule inet met in udp dport 9 counter")
	arrived := func() (n int) {
		t.Helper()
		list := Run(t, r2, "nft", "list chain inet met in")
		_, rest, _ := strings.Cut(list, "counter packets ")
		if _, err := fmt.Sscan(rest, &n); err != nil {
			t.Fatalf("%v: %s", err, list)
		}
		return n
	}
	before := 0
	send := func(want int) {
		t.Helper()
		Run(t, r1, "bash", "-c", UDP, "bash", "10.0.0.2", "9", "10")
		Eventually(t, fmt.Sprintf("%d of 10 datagrams arrive", want), func() bool { return arrived() == before+want })
		before += want
	}
	fault := func(kind topologies.FaultKind, direction topologies.Direction, at string, f topologies.FrameFault) topologies.Active {
		t.Helper()
		return Inject(t, r, topologies.Fault{
			Kind: kind, Direction: direction, Endpoint: topologies.Endpoint{Node: at, Interface: "eth1"}, Match: topologies.FrameMatch{DstPort: 9}, Frames: f,
		})
	}
	healed := func(a topologies.Active, want topologies.Acted, late int) {
		t.Helper()
		Heal(t, a)
		Fired(t, a)
		teller, ok := topologies.As[topologies.ActedTeller](a)
		if !ok {
			t.Fatalf("%T does not tell what it did", a)
		}
		got, ok := teller.Acted()
		if !ok || got.Matched != want.Matched || got.Hit != want.Hit || got.Healed != want.Healed || len(got.Hits) != int(min(want.Hit, topologies.MaxHits)) {
			t.Errorf("%+v, want %+v", got, want)
		}
		Eventually(t, fmt.Sprintf("%d datagrams arrive late", late), func() bool { return arrived() == before+late })
		before += late
	}

	a := fault(topologies.FaultDrop, topologies.DirectionIn, "r2", topologies.FrameFault{Nth: 2, Count: 3})
	first := by
	if by == topologies.DropByNFT { // which picks none
		first = topologies.DropByWire
	}
	told(t, a, first)
	send(7)
	healed(a, topologies.Acted{Matched: 10, Hit: 3}, 0)

	// What acts first does so whatever carries it out, and counts on where something else goes on with it: of
	// 20 datagrams, it drops the fifth and the fifteenth, and the other one has the rest twice.
	a = fault(topologies.FaultDrop, topologies.DirectionIn, "r2", topologies.FrameFault{Nth: 5, Every: 10, Count: 2, Filter: "udp"})
	told(t, a, first)
	send(9)
	double := fault(topologies.FaultDuplicate, topologies.DirectionIn, "r2", topologies.FrameFault{})
	told(t, a, topologies.DropByWire)
	send(18)
	healed(double, topologies.Acted{Matched: 9, Hit: 9}, 0)
	healed(a, topologies.Acted{Matched: 20, Hit: 2}, 0)

	a = fault(topologies.FaultHold, topologies.DirectionOut, "r1", topologies.FrameFault{Filter: "udp dst port 9"})
	send(0)
	healed(a, topologies.Acted{Matched: 10, Hit: 10, Healed: 10}, 10)

	a = fault(topologies.FaultDuplicate, topologies.DirectionBoth, "r1", topologies.FrameFault{Every: 5, Nth: 5})
	other := fault(topologies.FaultDrop, topologies.DirectionIn, "r2", topologies.FrameFault{}) // stands behind it
	send(0)
	healed(other, topologies.Acted{Matched: 12, Hit: 12}, 0)
	send(12)
	healed(a, topologies.Acted{Matched: 20, Hit: 4}, 0)

	// Frames pass faults in the order in which these took force, also where one of them acts on both ways, and something
	// else has to go on with it on the other one: of ten datagrams five are left by the first, and the third of those
	// is lost.
	even := fault(topologies.FaultDrop, topologies.DirectionIn, "r2", topologies.FrameFault{Nth: 2, Every: 2})
	a = fault(topologies.FaultDrop, topologies.DirectionBoth, "r1", topologies.FrameFault{Nth: 3, Count: 1})
	beside := fault(topologies.FaultDuplicate, topologies.DirectionIn, "r1", topologies.FrameFault{})
	send(4)
	healed(beside, topologies.Acted{}, 0)
	healed(even, topologies.Acted{Matched: 10, Hit: 5}, 0)
	healed(a, topologies.Acted{Matched: 5, Hit: 1}, 0)

	a = fault(topologies.FaultDelay, topologies.DirectionIn, "r2", topologies.FrameFault{Delay: 300 * time.Millisecond})
	begin := time.Now()
	send(10)
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("datagrams arrived after %v, delayed by 300 ms", took)
	}
	healed(a, topologies.Acted{Matched: 10, Hit: 10}, 0)
	send(10)
	for _, h := range []topologies.Host{r1, r2} {
		if left := Run(t, h, "sh", "-c", "nft delete table inet met 2>/dev/null; nft list ruleset; tc qdisc show"); strings.Contains(left, "chain") || strings.Contains(left, "clsact") {
			t.Errorf("rules are left: %s", left)
		}
	}
	Unchanged(t, r)
}
