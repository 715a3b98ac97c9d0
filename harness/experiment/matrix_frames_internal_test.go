package experiment

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// Frames on the wire, from r1 to r2.
const (
	ethernet = "020000000002 020000000001 0800"
	toBGP    = "4500 %04x 0000 4000 4006 0000 0a000001 0a000002  9c40 00b3 00000001 00000001 50%s 2000 0000 0000"
	marker   = "ffffffffffffffffffffffffffffffff"
)

func wire(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "").Replace(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bgpFrame is a segment to the port of BGP with a message.
func bgpFrame(t *testing.T, flags, message string) []byte {
	t.Helper()
	length := 40 + len(strings.ReplaceAll(message, " ", ""))/2
	return wire(t, ethernet+fmt.Sprintf(toBGP, length, flags)+message)
}

// at is a frame of a capture, so many seconds after its begin.
type at struct {
	seconds int
	way     topologies.Way
	data    []byte
}

var began = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// writeCapture writes a pcapng file.
func writeCapture(t *testing.T, file string, list ...at) {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		direction := pcapgo.NgEpbFlagDirectionInbound
		if f.way == topologies.WayOut {
			direction = pcapgo.NgEpbFlagDirectionOutbound
		}
		info := gopacket.CaptureInfo{Timestamp: began.Add(time.Duration(f.seconds) * time.Second), Length: len(f.data), CaptureLength: len(f.data)}
		if err := w.WritePacketWithOptions(info, f.data, pcapgo.NgPacketOptions{Flags: &pcapgo.NgEpbFlags{Direction: direction}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A trial is decided by the last frame in which a side says that it does not take what it got, with what went
// before it, or else by the last in which one ended the session; without one by the last control messages before the decision; without these by the last
// frames of any kind. Of a frame that was captured at both ends only its arrival counts, and what came
// after the decision does not.
func TestDecisive(t *testing.T) {
	t.Parallel()
	syn := bgpFrame(t, "02", "")
	open := bgpFrame(t, "18", marker+"001d 01 04 fde9 00b4 01010101 00")
	refused := bgpFrame(t, "18", marker+"0015 03 02 02")
	broken := bgpFrame(t, "18", marker+"0017 03 07 01 00 00")
	expired := bgpFrame(t, "18", marker+"0015 03 04 00")
	cease := bgpFrame(t, "18", marker+"0015 03 06 02")
	reset := bgpFrame(t, "04", "")
	hello := wire(t, "01005e000005 020000000001 0800 4500 0040 0000 0000 0159 0000 0a000001 e0000005 0201002c 01010101 00000000 0000 0000 0000000000000000 ffffff00 000a 02 01 00000028 00000000 00000000")
	arp := wire(t, "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002")
	in, out := topologies.WayIn, topologies.WayOut
	for _, tt := range []struct {
		name string
		dut  []at
		peer []at
		want []string
	}{
		{
			name: "a notification, seen at both ends",
			dut:  []at{{1, out, syn}, {2, out, open}, {3, out, refused}, {4, out, reset}, {5, out, hello}, {90, out, refused}},
			peer: []at{{1, in, syn}, {2, in, open}, {3, in, refused}, {4, in, reset}, {5, in, hello}},
			want: []string{
				"peer 2: BGP open 40000 → 179 [PA] 29 bytes 10.0.0.1 → 10.0.0.2 at peer:eth1",
				"peer 3, refused: BGP notification 40000 → 179 [PA] 21 bytes 10.0.0.1 → 10.0.0.2 at peer:eth1: error code 2 open message, error subcode 2",
			},
		},
		{
			name: "a route refresh that is broken, before a Cease",
			dut:  []at{{1, in, broken}, {2, in, cease}},
			want: []string{"dut 1, refused: BGP notification 40000 → 179 [PA] 23 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1: error code 7, error subcode 1"},
		},
		{
			name: "the hold timer expired, and the connection was reset",
			dut:  []at{{1, in, expired}, {2, in, arp}, {3, in, reset}},
			want: []string{
				"dut 1: BGP notification 40000 → 179 [PA] 21 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1: error code 4 hold timer expired, error subcode 0",
				"dut 3: TCP 40000 → 179 [R] 0 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1",
			},
		},
		{
			name: "a Cease",
			dut:  []at{{1, in, cease}, {2, in, hello}},
			want: []string{"dut 1: BGP notification 40000 → 179 [PA] 21 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1: error code 6 cease, error subcode 2"},
		},
		{
			name: "a reset",
			dut:  []at{{1, out, syn}, {2, out, open}, {3, in, arp}, {4, in, reset}},
			want: []string{
				"dut 1: TCP 40000 → 179 [S] 0 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1",
				"dut 2: BGP open 40000 → 179 [PA] 29 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1",
				"dut 4: TCP 40000 → 179 [R] 0 bytes 10.0.0.1 → 10.0.0.2 at dut:eth1",
			},
		},
		{
			name: "nobody listened",
			dut:  []at{{1, out, syn}, {2, in, reset}, {3, in, hello}},
			want: []string{"dut 3: OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5 at dut:eth1"},
		},
		{
			name: "control messages, the last five",
			dut:  []at{{1, out, hello}, {2, out, hello}, {3, in, hello}, {4, in, arp}, {5, in, hello}, {6, out, hello}, {7, in, hello}},
			want: []string{
				"dut 2: OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5 at dut:eth1", "dut 3: OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5 at dut:eth1",
				"dut 5: OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5 at dut:eth1", "dut 6: OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5 at dut:eth1",
				"dut 7: OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5 at dut:eth1",
			},
		},
		{name: "whatever there is", dut: []at{{1, out, arp}}, want: []string{"dut 1: ARP request 10.0.0.1 → 10.0.0.2 at dut:eth1"}},
		{name: "nothing before the decision", dut: []at{{61, out, refused}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := evidence.Dir{Path: t.TempDir()}
			p := &plan.Plan{Topology: topologies.Topology{Links: []topologies.Link{{A: topologies.Endpoint{Node: "dut", Interface: "eth1"}, B: topologies.Endpoint{Node: "peer", Interface: "eth1"}}}}}
			events := []evidence.Event{{Kind: evidence.EventDecided, Ref: "expect[0]", Time: began.Add(time.Minute)}, {Kind: evidence.EventDecided, Ref: "expect[1]", Time: began.Add(time.Hour)}}
			for node, list := range map[string][]at{"dut": tt.dut, "peer": tt.peer} {
				if list == nil {
					continue
				}
				file := "captures/" + node + "-eth1.pcapng"
				writeCapture(t, run.Trial(1).File(file), list...)
				events = append(events, evidence.Event{Kind: evidence.EventCollect, Lane: node + ":eth1", Capture: &evidence.Capture{File: file}, Time: began.Add(2 * time.Hour)})
			}
			writeTimeline(t, run.Trial(1), events)
			got, err := decisive(run, p, evidence.TrialVerdict{Trial: 1, Conditions: []evidence.ConditionVerdict{{Ref: "expect[1]", Holds: evidence.Unknown}, {Ref: "expect[0]", Holds: evidence.False}}})
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, d := range got {
				node, _, _ := strings.Cut(strings.TrimPrefix(d.Capture, "trials/0001/captures/"), "-")
				refused := ""
				if d.Complains {
					refused = ", refused"
				}
				words = append(words, fmt.Sprintf("%s %d%s: %s", node, d.Frame, refused, d.Words))
			}
			if d := cmp.Diff(tt.want, words); d != "" {
				t.Error(d)
			}
		})
	}
}

func writeTimeline(t *testing.T, dir evidence.TrialDir, events []evidence.Event) {
	t.Helper()
	w, err := evidence.CreateLines(dir.File("timeline.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// What a trial failed by is the set-up that did not come, else what is expected and is not so, else the last
// of the symptom; a death is its own moment.
func TestBlamedAndDeaths(t *testing.T) {
	t.Parallel()
	condition := func(ref string, holds evidence.Truth, at time.Duration) evidence.ConditionVerdict {
		return evidence.ConditionVerdict{Ref: ref, Holds: holds, At: at}
	}
	for _, tt := range []struct {
		list []evidence.ConditionVerdict
		want string
	}{
		{[]evidence.ConditionVerdict{condition("expect[0]", evidence.False, 1), condition("baseline[0]", evidence.False, 9)}, "baseline[0]"},
		{[]evidence.ConditionVerdict{condition("symptom[0]", evidence.True, 1), condition("expect[0]", evidence.False, 9), condition("expect[1]", evidence.False, 8)}, "expect[1]"},
		{[]evidence.ConditionVerdict{condition("symptom[0]", evidence.True, 3), condition("symptom[1]", evidence.True, 2)}, "symptom[0]"},
		{nil, ""},
	} {
		if got := blamed(evidence.TrialVerdict{Conditions: tt.list}); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.list, got, tt.want)
		}
	}
	record := evidence.Record{Events: []evidence.Event{
		{Kind: evidence.EventDeath, Ref: "stimulus[0]", Time: began}, {Kind: evidence.EventDeath, Time: began.Add(time.Second)}, {Kind: evidence.EventPhaseEnd, Time: began.Add(time.Minute)},
	}}
	if got := decidedAt(record, evidence.TrialVerdict{Rule: judge.RuleOtherFailure}); !got.Equal(began.Add(time.Second)) {
		t.Errorf("a death is at %s", got)
	}
	if got := decidedAt(record, evidence.TrialVerdict{}); !got.Equal(began.Add(time.Minute)) {
		t.Errorf("without anything told it is at %s", got)
	}
}

// Of a capture that was cut off the frames that are whole count; one that is gone is an error.
func TestDecisiveCutOff(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.pcapng")
	writeCapture(t, file, at{1, topologies.WayIn, bgpFrame(t, "02", "")}, at{2, topologies.WayIn, bgpFrame(t, "04", "")})
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if err := os.WriteFile(file, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := passedBy(file, began.Add(time.Hour), false); err != nil || len(got) > 2 {
			t.Fatalf("%d bytes: %d frames, %v", n, len(got), err)
		}
	}
	if got, err := passedBy(file, began.Add(time.Hour), false); err != nil || len(got) != 1 {
		t.Errorf("without its last bytes: %d frames, %v", len(got), err)
	}
	if _, err := passedBy(file+"x", began, false); err == nil {
		t.Error("a capture that is gone is none")
	}
}
