package vm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// numbers has a node say which datagrams come, each of which holds a number, until one that says so.
const numbers = `perl -e 'socket(S, 2, 2, 17) or die; bind(S, pack("S n x12", 2, 9)) or die $!; $| = 1; print "ready\n";
while (recv(S, $b, 99, 0), $b !~ /end/) { print $b } print "over\n"'`

// Frames that are picked are lost on their way to a guest by their numbers, a filter, a seed, as in the other labs: the same
// ordinals, and no others. They are told one by one.
func TestPick(t *testing.T) {
	top := pair(1)
	top.Links[0].A.IPv4, top.Links[0].B.IPv4 = "10.0.0.1/24", "10.0.0.2/24"
	r := reserve(t, setup(t, vm.Options{}), top)
	n1, n2 := host(t, r, "n1"), host(t, r, "n2")
	eventually(t, n1, 20*time.Second, "ping -n -c 1 -W 1 10.0.0.2")
	const sent = 40
	at := topologies.Endpoint{Node: "n2", Interface: "eth1"}
	udp := topologies.FrameMatch{Proto: "udp", DstPort: 9}
	inject := func(f topologies.Fault) topologies.Active {
		t.Helper()
		f.Endpoint = at
		a, err := r.(topologies.Faulter).Inject(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	heal := func(a topologies.Active) (topologies.Acted, error) {
		t.Helper()
		for range 2 {
			if err := a.Heal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		_, err := a.Fired(t.Context())
		acted, _ := a.(topologies.ActedTeller).Acted()
		return acted, err
	}
	// arrive is which of the numbers come.
	arrive := func() (got []int) {
		t.Helper()
		run(t, n2, "rm -f /tmp/numbers; ("+numbers+" > /tmp/numbers 2>&1 &)")
		eventually(t, n2, 10*time.Second, "grep -q ready /tmp/numbers")
		run(t, n1, fmt.Sprintf("bash -c 'for i in $(seq %d); do echo $i > /dev/udp/10.0.0.2/9; done'", sent))
		eventually(t, n1, 20*time.Second, "bash -c 'echo end > /dev/udp/10.0.0.2/9'; sleep 0.1")
		out := ""
		for !strings.Contains(out, "over") { // the last is lost too where the fault picks it
			run(t, n1, "bash -c 'echo end > /dev/udp/10.0.0.2/9'")
			out = run(t, n2, "cat /tmp/numbers")
		}
		for word := range strings.FieldsSeq(out) {
			if n, err := strconv.Atoi(word); err == nil {
				got = append(got, n)
			}
		}
		return got
	}
	lot := topologies.NewLot(7, at)
	for _, tt := range []struct {
		name  string
		fault topologies.Fault
		hit   func(n int) bool // of the numbers
	}{
		{"second", topologies.Fault{Match: udp, Frames: topologies.FrameFault{Nth: 2, Count: 1}}, func(n int) bool { return n == 2 }},
		{"every third", topologies.Fault{Match: udp, Frames: topologies.FrameFault{Nth: 3, Every: 3, Count: 5}}, func(n int) bool { return n%3 == 0 && n <= 15 }},
		{"by filter", topologies.Fault{Frames: topologies.FrameFault{Filter: "udp dst port 9 and udp[8] = 0x31", Count: 3}}, func(n int) bool { return n == 1 || n == 10 || n == 11 }},
		{"share", topologies.Fault{Match: udp, Probability: 0.4, Frames: topologies.FrameFault{Seed: 7, Count: 6}}, func(n int) bool {
			drawn := 0
			for i := 1; i <= n; i++ {
				if lot.Draw(uint64(i)) < topologies.LotLimit(0.4) {
					drawn++
				}
			}
			return drawn <= 6 && lot.Draw(uint64(n)) < topologies.LotLimit(0.4)
		}},
		{"message", topologies.Fault{Match: topologies.FrameMatch{Proto: "icmp", Type: "echo-request"}, Frames: topologies.FrameFault{Nth: 1, Count: 1}}, func(int) bool { return false }},
	} {
		tt.fault.Kind = topologies.FaultDrop
		a := inject(tt.fault)
		if by := a.(topologies.DropTeller).DropBy(); by != topologies.DropByXDP {
			t.Errorf("%s: acts by %s", tt.name, by)
		}
		begun := time.Now()
		got := arrive()
		if _, err := a.Fired(t.Context()); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		acted, err := heal(a)
		var want, hit []int
		for n := range sent {
			if n++; tt.hit(n) {
				hit = append(hit, n)
			} else {
				want = append(want, n)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: arrived, against what was to: %v, %s", tt.name, err, diff)
		}
		if acted.Hit != uint64(len(hit)) || len(acted.Hits) != len(hit) {
			t.Errorf("%s: hit %d, told of %d, want %v: %+v", tt.name, acted.Hit, len(acted.Hits), hit, acted)
		}
		for i, h := range acted.Hits {
			if off := h.Time.Sub(begun); h.To != "n2:eth1" || h.Digest == "" || off < -100*time.Millisecond || off > time.Minute || tt.name != "by filter" && int(h.Ordinal) != hit[i] {
				t.Errorf("%s: %+v, %v after the fault", tt.name, h, off)
			}
		}
	}
	if got := arrive(); len(got) != sent {
		t.Errorf("with all faults healed, %v arrived", got)
	}

	// Several, each with its own end, and behind a queue; a queue behind them has no place.
	first, second := inject(topologies.Fault{Kind: topologies.FaultDrop, Match: udp, Frames: topologies.FrameFault{Nth: 1, Count: 1}}), inject(topologies.Fault{Kind: topologies.FaultDrop, Match: udp, Frames: topologies.FrameFault{Nth: 1, Count: 1}})
	if _, err := r.(topologies.Faulter).Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDelay, Endpoint: at, Frames: topologies.FrameFault{Delay: time.Second}}); !lacks(err, "place") {
		t.Errorf("a queue behind what picks: %v", err)
	}
	if got := arrive(); slices.Contains(got, 1) || slices.Contains(got, 2) || len(got) != sent-2 {
		t.Errorf("of all but the first two, %v arrived", got)
	}
	if acted, err := heal(first); acted.Hit != 1 || err != nil {
		t.Errorf("%+v, %v", acted, err)
	}
	if acted, err := heal(second); acted.Hit != 1 || acted.Matched < sent-1 || err != nil {
		t.Errorf("%+v, %v", acted, err)
	}
	delay := inject(topologies.Fault{Kind: topologies.FaultDelay, Frames: topologies.FrameFault{Delay: 100 * time.Millisecond}})
	behind := inject(topologies.Fault{Kind: topologies.FaultDrop, Match: udp, Frames: topologies.FrameFault{Nth: 5, Count: 1}})
	if got := arrive(); slices.Contains(got, 5) || len(got) != sent-1 {
		t.Errorf("of all but the fifth, delayed, %v arrived", got)
	}
	for _, a := range []topologies.Active{delay, behind} {
		if acted, err := heal(a); acted.Hit < 1 || err != nil {
			t.Errorf("%+v, %v", acted, err)
		}
	}

	// What loads the programs may end: it is brought anew, and what was lost until then is not known.
	end := func() { t.Helper(); run(t, n2, "kill -KILL $(pidof reprise)") }
	end()
	cut := inject(topologies.Fault{Kind: topologies.FaultDrop, Match: udp, Frames: topologies.FrameFault{Nth: 4, Count: 1}})
	if got := arrive(); slices.Contains(got, 4) || len(got) != sent-1 {
		t.Errorf("of all but the fourth, %v arrived", got)
	}
	end()
	if acted, err := heal(cut); acted.Hit != 1 || err == nil || !strings.Contains(err.Error(), "brought there anew") {
		t.Errorf("%+v, %v", acted, err)
	}
	if got := arrive(); len(got) != sent {
		t.Errorf("with the last fault healed, %v arrived", got)
	}
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	if a, err := r.(topologies.Faulter).Inject(given, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Match: udp, Frames: topologies.FrameFault{Nth: 1}}); a != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up has %v, %v", a, err)
	}
	if got := arrive(); len(got) != sent {
		t.Errorf("with a fault that was given up, %v arrived", got)
	}

	// A machine that begins anew has its faults back; what they did before is not known.
	again := inject(topologies.Fault{Kind: topologies.FaultDrop, Match: udp, Frames: topologies.FrameFault{Nth: 3, Count: 1}})
	if _, _, err := r.(topologies.Resetter).Reset(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	eventually(t, n1, 20*time.Second, "ping -n -c 1 -W 1 10.0.0.2")
	if got := arrive(); slices.Contains(got, 3) || len(got) != sent-1 {
		t.Errorf("since its machine began anew, %v arrived", got)
	}
	if acted, err := heal(again); acted.Hit != 1 || err == nil || !strings.Contains(err.Error(), "began anew") {
		t.Errorf("%+v, %v", acted, err)
	}
}
