package vm_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// past has a packet socket send frames past the queues of an interface.
const past = `perl -e 'socket(S, 17, 3, 0) or die; setsockopt(S, 263, 20, pack("i", 1)) or die $!;
bind(S, pack("S n i S C C a8", 17, 0, $ARGV[0], 0, 0, 0, "")) or die $!;
for (1..5) { syswrite(S, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5" . "x" x 46) or $!{ENOBUFS} or die $! }' $(cat /sys/class/net/eth1/ifindex)`

// order has a node say in which order datagrams come that each hold a number, until there are so many.
const order = `perl -e 'socket(S, 2, 2, 17) or die; bind(S, pack("S n x12", 2, 9)) or die $!; $| = 1; print "ready\n";
for (1..$ARGV[0]) { recv(S, $b, 99, 0); chomp $b; print "$b " }' `

// Frames between guests are lost, delayed and doubled by the queue of the guest that sends them, in the meaning that other
// labs give it; what that is not is refused, and what passes it is told.
func TestNetem(t *testing.T) {
	top := pair(1)
	top.Links[0].A.IPv4, top.Links[0].B.IPv4 = "10.0.0.1/24", "10.0.0.2/24"
	r := reserve(t, setup(t, vm.Options{}), top)
	n1, n2 := host(t, r, "n1"), host(t, r, "n2")
	eventually(t, n1, 20*time.Second, "ping -n -c 1 -W 1 10.0.0.2")
	run(t, n2, "nft 'add table inet met; add chain inet met in { type filter hook input priority 0; }; add rule inet met in udp dport 9 counter'")
	arrived := func() (n int) {
		t.Helper()
		_, rest, _ := strings.Cut(run(t, n2, "nft list chain inet met in"), "counter packets ")
		if _, err := fmt.Sscan(rest, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	send := func(n int) {
		t.Helper()
		run(t, n1, fmt.Sprintf("bash -c 'for i in $(seq %d); do echo x > /dev/udp/10.0.0.2/9; done'", n))
	}
	at := topologies.Endpoint{Node: "n2", Interface: "eth1"}
	inject := func(f topologies.Fault) (topologies.Active, error) {
		f.Endpoint = at
		return r.(topologies.Faulter).Inject(t.Context(), f)
	}
	must := func(f topologies.Fault) topologies.Active {
		t.Helper()
		a, err := inject(f)
		if err != nil {
			t.Fatal(err)
		}
		if by := a.(topologies.DropTeller).DropBy(); by != topologies.DropByNetem {
			t.Errorf("%s acts by %s", f.Kind, by)
		}
		return a
	}
	heal := func(a topologies.Active) topologies.Acted {
		t.Helper()
		for range 2 {
			if err := a.Heal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.Fired(t.Context()); err != nil {
			t.Error(err)
		}
		if left := run(t, n1, "tc qdisc show dev eth1") + run(t, n2, "tc qdisc show dev eth1"); strings.Contains(left, "netem") {
			t.Errorf("left: %s", left)
		}
		acted, _ := a.(topologies.ActedTeller).Acted()
		return acted
	}
	trip := func() time.Duration {
		t.Helper()
		_, after, found := strings.Cut(run(t, n1, "ping -n -c 1 -W 5 10.0.0.2"), "time=")
		if !found {
			t.Fatal("no answer")
		}
		ms, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(ms * float64(time.Millisecond))
	}

	delay := topologies.FrameFault{Delay: 400 * time.Millisecond}
	a := must(topologies.Fault{Kind: topologies.FaultDelay, Direction: topologies.DirectionBoth, Frames: delay})
	if took := trip(); took < 800*time.Millisecond {
		t.Errorf("there and back took %v, delayed by 400 ms twice", took)
	}
	if n, err := a.Fired(t.Context()); n < 2 || err != nil {
		t.Errorf("fired %d, %v", n, err)
	}
	if _, err := inject(topologies.Fault{Kind: topologies.FaultDrop}); !lacks(err, "place") {
		t.Errorf("a second fault on the way: %v", err)
	}
	heal(a)
	if took := trip(); took >= 400*time.Millisecond {
		t.Errorf("healed, there and back took %v", took)
	}

	before := arrived()
	a = must(topologies.Fault{Kind: topologies.FaultDelay, Frames: topologies.FrameFault{Delay: 3 * time.Second}})
	send(5)
	if got := heal(a); got.Hit < 5 || arrived() != before+5 {
		t.Errorf("of 5 datagrams that were delayed, %d have arrived since it is healed: %+v", arrived()-before, got)
	}

	before = arrived()
	a = must(topologies.Fault{Kind: topologies.FaultDuplicate})
	send(10)
	if got := heal(a); got.Hit < 10 || got.Hit != got.Matched || arrived() != before+20 {
		t.Errorf("of 10 datagrams that were doubled, %d have arrived: %+v", arrived()-before, got)
	}
	send(1)
	if got := arrived() - before; got != 21 {
		t.Errorf("of 10 that were doubled and one that was not, %d have arrived", got)
	}

	ordered := func(unorder bool, share float64) (bool, topologies.Acted) {
		t.Helper()
		const sent = 60
		a := must(topologies.Fault{Kind: topologies.FaultDelay, Probability: share, Frames: topologies.FrameFault{Delay: 200 * time.Millisecond, Jitter: 150 * time.Millisecond, Unorder: unorder}})
		run(t, n2, "rm -f /tmp/order; ("+order+strconv.Itoa(sent)+" > /tmp/order 2>&1 &)")
		eventually(t, n2, 10*time.Second, "grep -q ready /tmp/order")
		run(t, n1, fmt.Sprintf("bash -c 'for i in $(seq -w %d); do echo $i > /dev/udp/10.0.0.2/9; done'", sent))
		numbers := strings.Fields(eventually(t, n2, 10*time.Second, fmt.Sprintf("tail -n 1 /tmp/order | grep -E '^([0-9]+ ){%d}$'", sent)))
		return slices.IsSorted(numbers), heal(a)
	}
	if in, got := ordered(false, 0); !in || got.Hit < 60 {
		t.Errorf("with jitter, frames that are to keep their order do not: %+v", got)
	}
	if in, got := ordered(true, 0); in || got.Hit < 60 {
		t.Errorf("with jitter, frames that may overtake each other do not: %+v", got)
	}
	if in, got := ordered(true, 0.5); in || got.Hit < 12 || got.Passed < 12 || got.Hit+got.Passed != got.Matched {
		t.Errorf("half of the frames are delayed, and the others do not overtake them: %+v", got)
	}

	before = arrived()
	a = must(topologies.Fault{Kind: topologies.FaultDrop})
	send(10)
	if got := heal(a); got.Hit < 10 || got.Passed != 0 || arrived() != before {
		t.Errorf("%+v, and %d have arrived", got, arrived()-before)
	}
	a = must(topologies.Fault{Kind: topologies.FaultDrop, Probability: 0.5})
	send(400)
	if got := heal(a); got.Hit < 130 || got.Hit > 290 || got.Matched != got.Hit+got.Passed || arrived() < before+130 {
		t.Errorf("half of 400: %+v, and %d have arrived", got, arrived()-before)
	}

	a = must(topologies.Fault{Kind: topologies.FaultDrop})
	run(t, n1, past)
	if _, err := a.Fired(t.Context()); err == nil || !strings.Contains(err.Error(), "5 frames have left") {
		t.Errorf("5 frames went past the queue: %v", err)
	}
	_ = a.Heal(t.Context()) // it says so too
	a = must(topologies.Fault{Kind: topologies.FaultDrop})
	if _, _, err := r.(topologies.Resetter).Reset(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if out := run(t, n1, "tc qdisc show dev eth1"); !strings.Contains(out, "netem") {
		t.Errorf("a fault in force is no longer there since its machine began anew: %s", out)
	}
	if _, err := a.Fired(t.Context()); err == nil {
		t.Error("what it did before its machine began anew is known")
	}
	for name, f := range map[string]topologies.Fault{
		"match":         {Kind: topologies.FaultDuplicate, Match: topologies.FrameMatch{Proto: "udp"}},
		"number":        {Kind: topologies.FaultDelay, Frames: topologies.FrameFault{Delay: time.Second, Nth: 2}},
		"LSA":           {Kind: topologies.FaultDrop, Match: topologies.FrameMatch{Proto: "ospf", Type: "ls-update", LSA: "external"}},
		"delayed share": {Kind: topologies.FaultDelay, Probability: 0.5, Frames: delay},
		"another kind":  {Kind: topologies.FaultHold},
	} {
		if _, err := inject(f); !lacks(err, "ability") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// lacks says whether an error is that something is missing.
func lacks(err error, what string) bool {
	missing, ok := errors.AsType[*topologies.MissingError](err)
	return ok && missing.What == what
}
