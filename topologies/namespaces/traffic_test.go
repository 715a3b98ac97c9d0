package namespaces_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// The gap that a flow tells is what captures at both of its ends show.
func TestGapWitnessed(t *testing.T) {
	t.Parallel()
	if worst := failovers(t, 4); worst > time.Millisecond {
		t.Errorf("the gap of a flow and that of the captures differ by %s", worst)
	}
}

// BenchmarkGapWitnessed compares 50 failovers, and gives the greatest difference.
func BenchmarkGapWitnessed(b *testing.B) {
	for range b.N {
		b.ReportMetric(float64(failovers(b, 50).Microseconds()), "worst-µs")
	}
}

const interval = time.Millisecond

// failovers drops what a flow sends, so many times, and gives by how much its gap differs from that of
// the captures at most, beyond what it says itself of how far it is known.
func failovers(tb testing.TB, times int) (worst time.Duration) {
	tb.Helper()
	r, err := open(tb).Reserve(tb.Context(), subject().Pair("eth1", "eth1"), topologies.Options{Run: topologiestest.RunName(tb, "witness")})
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := r.Release(tb.Context()); err != nil {
			tb.Error(err)
		}
	}()
	var captures []topologies.Capture
	var files []string
	for _, node := range []string{"r1", "r2"} {
		file := filepath.Join(tb.TempDir(), node+".pcapng")
		c, err := topologiestest.Ability[topologies.Capturer](tb, r).Capture(tb.Context(), topologies.CaptureSpec{
			Endpoint: topologies.Endpoint{Node: node, Interface: "eth1"}, Filter: "udp port 5004", Path: file,
		})
		if err != nil {
			tb.Fatal(err)
		}
		captures, files = append(captures, c), append(files, file)
	}
	f, err := topologiestest.Ability[topologies.Trafficker](tb, r).Traffic(tb.Context(), topologies.FlowSpec{
		Name: "witnessed", From: "r1", To: "r2", Dst: "10.0.0.2", Port: 5004, Interval: interval, Size: 200,
	})
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Stop()
	topologiestest.Eventually(tb, "packets to come", func() bool { return f.Read(time.Time{}).Received > 50 })
	var told []topologies.FlowReading
	for i := range times {
		told = append(told, failover(tb, r, f, time.Duration(20+7*(i%13))*time.Millisecond))
	}
	for _, c := range captures {
		if got, err := c.Stop(); err != nil || got.Dropped > 0 {
			tb.Fatal(got, err)
		}
	}
	went, came := packetsIn(tb, files[0]), packetsIn(tb, files[1])
	for _, got := range told {
		shown := gapShown(went, came, got.From, got.To)
		off := max(got.GapLeast-shown, shown-got.GapMost, 0)
		tb.Logf("told %s (%s to %s), captures show %s", got.Gap, got.GapLeast, got.GapMost, shown)
		if known := got.GapMost - got.GapLeast; known <= interval {
			off = max(off, (got.Gap - shown).Abs())
		}
		worst = max(worst, off)
	}
	tb.Logf("%d failovers, worst difference %s", times, worst)
	return worst
}

// failover drops what arrives at r2 for a while, and reads the flow when packets come again.
func failover(tb testing.TB, r topologies.Reservation, f topologies.Flow, long time.Duration) topologies.FlowReading {
	tb.Helper()
	begin := time.Now()
	fault, err := topologiestest.Ability[topologies.Faulter](tb, r).Inject(tb.Context(), topologies.Fault{
		Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{Proto: "udp"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	<-time.After(long) // what is measured is how long it was
	if err := fault.Heal(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	var got topologies.FlowReading
	topologiestest.Eventually(tb, "packets to come again", func() bool {
		got = f.Read(begin)
		return len(got.Outages) > 0 && !got.Outages[0].Goes
	})
	return got
}

// seen is when a packet of a number passed a capture.
type seen struct {
	number uint64
	at     time.Time
}

func packetsIn(tb testing.TB, file string) (list []seen) {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	ng, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		tb.Fatal(err)
	}
	for {
		frame, info, err := ng.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, seen{binary.BigEndian.Uint64(frame[14+20+8+12:]), info.Timestamp})
	}
}

// gapShown is the longest time between two packets that came, without the time between the first of
// them and the one that was sent after it.
func gapShown(went, came []seen, from, to time.Time) (longest time.Duration) {
	sent := map[uint64]time.Time{}
	for _, p := range went {
		sent[p.number] = p.at
	}
	for i := 1; i < len(came); i++ {
		a, b := came[i-1], came[i]
		if b.at.Before(from) || b.at.After(to) {
			continue
		}
		step := interval
		if next, ok := sent[a.number+1]; ok {
			step = next.Sub(sent[a.number])
		}
		longest = max(longest, b.at.Sub(a.at)-step)
	}
	return longest
}
