package wiring

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/capturetest"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// hooks are the places of our program.
func hooks() map[string]hook { return map[string]hook{"arriving": arriving(), "leaving": leaving()} }

// written are filters of every kind of instruction, and those of all messages.
func written(t *testing.T) []string {
	t.Helper()
	texts := []string{
		"", "ip", "not ip", "udp", "vlan", "vlan and ip", "len > 100", "less 0", "greater 0", "tcp[tcpflags] & tcp-syn != 0",
		"ip[2:2] / (ip[8] - ip[8]) = 1", "ip[2:2] % ip[1] = 0", "ether[0] << ether[1] > 4", "ether[14:4] >> (ether[12] & 7) != 0",
		"ether[20:4] * ether[3] = 0", "ether[0:4] ^ ether[6:4] > 0x80000000", "ether[0:4] - ether[6:4] >= 0xfffffff0", "ip[ip[8]:2] = 0",
		"udp[len - 43] = 0", "ether[1000] = 0", "ether[len] = 0", "ether[len - 1] < 128", "ip6 and tcp port 179",
		"portrange 1-1000", "net 10.0.0.0/8", "ip6 net 2001:db8::/32", "ether host 01:80:c2:00:00:00", "isis", "icmp6", "src port 53 or dst port 53",
	}
	for _, proto := range topologies.MessageProtocols() {
		for _, kind := range topologies.MessageTypes(proto) {
			_, text, err := topologies.FrameMatch{Proto: proto, Type: kind}.Plain()
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	return texts
}

// A program of the kernel drops what a filter in tcpdump's syntax accepts, and nothing else.
func TestClassic(t *testing.T) {
	frames := capturetest.Frames(11, 150)
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 { // damaged: cut anywhere behind the addresses
		b := frames[r.IntN(len(frames))]
		frames = append(frames, b[:14+r.IntN(max(len(b)-14, 1))])
	}
	for name, h := range hooks() {
		t.Run(name, func(t *testing.T) {
			accepted, rejected := 0, 0
			for _, text := range written(t) {
				f, err := filter.Compile(text)
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				x := loaded(t, h, Filter{ID: "f", Pick: Pick{Filters: []string{text}}})
				var dropped uint64
				for _, b := range frames {
					if len(b) < 14 || h.kind != ebpf.XDP && (len(b) < 54 || b[12] == 8 || b[12] == 0x86) {
						continue // the kernel's test reads the header of IP itself
					}
					want := h.pass
					if f.Match(b) {
						want = h.drop
						dropped++
						accepted++
					} else {
						rejected++
					}
					if got := x.run(b); got != want {
						t.Fatalf("%q: verdict %d, want %d, of % x", text, got, want, b)
					}
				}
				if n := x.tally(); n.Matched != dropped || n.Dropped != dropped || n.Beside+dropped == 0 {
					t.Errorf("%q: %+v, want %d", text, n, dropped)
				}
			}
			if accepted < 100 || rejected < 100 {
				t.Errorf("%d and %d frames tell little", accepted, rejected)
			}
		})
	}
}

// picked says which of so many frames are dropped, as topologies.FrameFault has it.
func picked(f Filter, frames int) (list []uint64) {
	for n := uint64(1); n <= uint64(frames); n++ {
		first := uint64(max(f.Pick.Nth, 1))
		if n < first || f.Pick.Every > 1 && (n-first)%uint64(f.Pick.Every) != 0 || f.Pick.Count > 0 && len(list) >= f.Pick.Count {
			continue
		}
		if !f.shares() || f.Pick.Lot.Draw(n) < topologies.LotLimit(f.Probability) {
			list = append(list, n)
		}
	}
	return list
}

// A program drops those frames that their numbers and the lot pick, tells of the first what they were,
// and goes on with numbers that others have given.
func TestPick(t *testing.T) {
	lot := topologies.NewLot(7, topologies.Endpoint{Node: "r2", Interface: "eth1"})
	const frames = 250
	for name, h := range hooks() {
		for what, f := range map[string]Filter{
			"all":                     {},
			"second":                  {Pick: Pick{Nth: 2, Count: 1}},
			"from the third":          {Pick: Pick{Nth: 3}},
			"every third":             {Pick: Pick{Nth: 3, Every: 3}},
			"four of every second":    {Pick: Pick{Every: 2, Count: 4}},
			"a share":                 {Probability: 0.3, Pick: Pick{Lot: lot}},
			"five of a share":         {Probability: 0.3, Pick: Pick{Lot: lot, Count: 5}},
			"a share of every fourth": {Probability: 0.5, Pick: Pick{Lot: lot, Every: 4, Nth: 9, Count: 7}},
			"nearly none":             {Probability: 1e-9, Pick: Pick{Lot: lot}},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				f.ID = "f"
				x := loaded(t, h, f)
				want, got, begin := picked(f, frames), []uint64(nil), time.Now()
				frame := bytes.Join([][]byte{ether(0x88b5), make([]byte, 46)}, nil)
				for n := uint64(1); n <= frames; n++ {
					frame[20] = byte(n)
					if x.run(frame) == h.drop {
						got = append(got, n)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("dropped %v, want %v", got, want)
				}
				n := x.tally()
				a, err := n.acted()
				if err != nil || a.Matched != frames || a.Hit != uint64(len(want)) || a.Passed != frames-a.Hit || len(a.Hits) != min(len(want), topologies.MaxHits) {
					t.Fatalf("%+v, %v", a, err)
				}
				for i, hit := range a.Hits {
					frame[20] = byte(want[i])
					d := sha256.Sum256(frame)
					if hit.Ordinal != want[i] || hit.Length != len(frame) || hit.Digest != hex.EncodeToString(d[:8]) {
						t.Fatalf("frame %d is told as %+v", want[i], hit)
					}
					// The kernel's clock since boot is read beside that of the day, some microseconds later.
					if hit.Time.Before(begin.Add(-time.Millisecond)) || hit.Time.After(time.Now().Add(time.Millisecond)) {
						t.Errorf("a frame came at %v, and the test began at %v", hit.Time, begin)
					}
				}
				f.Pick.Matched, f.Pick.Picked = frames, a.Hit
				x = loaded(t, h, f)
				want = picked(f, 2*frames)[len(want):]
				got = nil
				for n := uint64(frames + 1); n <= 2*frames; n++ {
					if x.run(frame) == h.drop {
						got = append(got, n)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("behind %d frames, it dropped %v, want %v", frames, got, want)
				}
			})
		}
	}
}

// What is longer than the link carries is no frame, and has no number: that is told where numbers count,
// and nowhere else. One that is too long to be kept is told without its digest.
func TestPickOdd(t *testing.T) {
	long := bytes.Join([][]byte{ether(0x88b5), make([]byte, 2500)}, nil)
	x := loaded(t, arriving(), Filter{ID: "f", Pick: Pick{Nth: 2}})
	x.run(long)
	if _, err := x.tally().judge("eth1", 1); err == nil {
		t.Error("several frames were counted as one")
	}
	x = loaded(t, arriving(), Filter{ID: "f"})
	x.run(long)
	if n, err := x.tally().judge("eth1", 0); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if a, err := x.tally().acted(); err != nil || len(a.Hits) != 1 || a.Hits[0].Length != len(long) || a.Hits[0].Digest != "" {
		t.Errorf("%+v, %v", a, err)
	}
}

// Where the node has an XDP program of its own, a program where frames leave picks among those that are no trains,
// and something else has to where they may be.
func TestPickBesideXDP(t *testing.T) {
	l := newLine(t)
	if os.Geteuid() != 0 {
		livetest.Missing(t, "root to load a program", nil)
	}
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "own", Type: ebpf.XDP, License: "Apache-2.0", Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, arriving().pass), asm.Return()}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // the interface holds it
	s, err := Opener(nil).open(l.at.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName(l.at.Interface)
	if err == nil {
		err = s.inside(func() error { return netlink.LinkSetXdpFdWithFlags(link, p.FD(), nl.XDP_FLAGS_SKB_MODE) })
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		f    Filter
		want topologies.DropBy
	}{
		{"all", Filter{}, topologies.DropByTC},
		{"second of OSPF", Filter{Match: topologies.FrameMatch{Proto: "ospf"}, Pick: Pick{Nth: 2}}, topologies.DropByTC},
		{"second of LLDP", Filter{Match: topologies.FrameMatch{EtherType: "lldp"}, Pick: Pick{Nth: 2}}, topologies.DropByTC},
		{"by filter", Filter{Pick: Pick{Filters: []string{"ip"}}}, topologies.DropByTC},
		{"second", Filter{Pick: Pick{Nth: 2}}, ""},
		{"second of TCP", Filter{Match: topologies.FrameMatch{DstPort: 179}, Pick: Pick{Nth: 2}}, ""},
	} {
		tt.f.ID = "f"
		op := Op{Kind: Drop, A: l.at, B: l.from, Filters: []Filter{tt.f}}
		r, err := Apply(op)
		if r.By != tt.want || (err != nil) != (tt.want == "") || err != nil && !Lacks(err) {
			t.Errorf("%s: by %q, %v; want %q", tt.name, r.By, err, tt.want)
		}
		if op.By, op.Filters = r.By, nil; r.By == "" {
			continue
		}
		if _, err := Apply(op); err != nil {
			t.Fatal(err)
		}
	}
}

// What a program has seen before it is noted what its interface had sent until then is no slack for frames that go
// past it.
func TestSentBeforeTheProgram(t *testing.T) {
	l := newLine(t)
	frame := bytes.Join([][]byte{ether(0x88b5), make([]byte, 46)}, nil)
	send := func(n int) {
		t.Helper()
		for range n {
			if _, err := unix.Write(l.tx, frame); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(2)
	if _, err := Apply(Op{Kind: Drop, By: topologies.DropByTC, A: l.at, B: l.from, Filters: []Filter{{ID: "f", Match: topologies.FrameMatch{Proto: "ospf"}}}}); Lacks(err) {
		livetest.Missing(t, "root to load a program", err)
	} else if err != nil {
		t.Fatal(err)
	}
	send(5)
	s, err := Opener(nil).open(l.from.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	_, prog, err := s.attached(leaving(), l.from.Interface)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close() //nolint:errcheck // the interface holds it
	counters, err := countersOf(prog)
	if err != nil {
		t.Fatal(err)
	}
	defer counters.Close()                                                //nolint:errcheck // the program holds it
	if err := s.noteSent(leaving(), prog, l.from.Interface); err != nil { // as late as that
		t.Fatal(err)
	}
	send(4)
	if err := unix.SetsockoptInt(l.tx, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		t.Fatal(err)
	}
	send(3)
	if n, err := s.past(counters, l.from.Interface); n != 3 || err != nil {
		t.Errorf("%d of 3 frames have gone past it, %v", n, err)
	}
}
