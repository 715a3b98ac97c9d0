package topologiestest

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// traffic sends packets in a lab of the subject.
func (s Subject) traffic(t *testing.T) {
	t.Helper()
	t.Parallel()
	r := Reserve(t, s.Open(t), s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "traffic")})
	if s.NoTraffic {
		spec := topologies.FlowSpec{Name: "four", From: "r1", To: "r2", Dst: "10.0.0.2", Src: "10.0.0.1", Interval: time.Millisecond, Size: 200}
		if _, err := Ability[topologies.Trafficker](t, r).Traffic(t.Context(), spec); !lacksAbility(err) {
			t.Errorf("a lab without traffic between these nodes says %v", err)
		}
		return
	}
	Traffic(t, r)
}

// Traffic sends packets from r1 to r2 of a pair whose ends have 10.0.0.1 and 10.0.0.2, 2001:db8::1
// and 2001:db8::2, while frames are dropped between them, until r2 is started anew.
func Traffic(t *testing.T, r topologies.Reservation) {
	t.Helper()
	lab := Ability[topologies.Trafficker](t, r)
	var flows []topologies.Flow
	for _, s := range []topologies.FlowSpec{
		{Name: "four", From: "r1", To: "r2", Dst: "10.0.0.2", Src: "10.0.0.1", Interval: time.Millisecond, Size: 200, DSCP: 46},
		{Name: "six", From: "r2", To: "r1", Dst: "2001:db8::1", Interval: 2 * time.Millisecond, Size: 1500, Port: 5004},
		{Name: "lost", From: "r1", To: "r2", Dst: "10.0.0.9", Interval: 5 * time.Millisecond, Size: 100},
	} {
		f, err := lab.Traffic(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Stop()
		flows = append(flows, f)
	}
	for _, f := range flows[:2] {
		Eventually(t, "packets to come", func() bool { return f.Read(time.Time{}).Received > 100 })
	}
	begin := time.Now()
	fault := Inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{Proto: "udp"}})
	Eventually(t, "an outage of 300 ms", func() bool { return flows[0].Read(begin).GapLeast > 300*time.Millisecond })
	if err := fault.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "packets to come again", func() bool {
		got := flows[0].Read(begin)
		return len(got.Outages) > 0 && !got.Outages[0].Goes && got.Lost > 200 && got.Pending < 100
	})
	got := flows[0].Read(begin)
	if got.Sent != got.Received+got.Lost+got.Pending || got.Refused > 0 || got.Duplicated > 0 || got.Lossless != "" || got.Broken != "" || got.GapLeast > time.Since(begin) {
		t.Errorf("%+v", got)
	}
	if got := flows[1].Read(begin); got.Lost > 0 || got.Broken != "" || got.Timed == 0 || got.Max == 0 {
		t.Errorf("the other direction: %+v", got)
	}
	if got := flows[2].Read(time.Time{}); !got.Silent || got.Received > 0 || got.Lost == 0 {
		t.Errorf("to nobody: %+v", got)
	}
	if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r2"); err != nil {
		t.Fatal(err)
	}
	if got := flows[0].Read(begin); got.Broken == "" {
		t.Errorf("after a restart: %+v", got)
	}
	series := flows[0].Stop()
	var sent, came uint64
	for i := range series.Sent {
		sent, came = sent+uint64(series.Sent[i]), came+uint64(series.Received[i])
	}
	if series.Span == 0 || came == 0 || came >= sent {
		t.Errorf("%d sent, %d came, each %s", sent, came, series.Span)
	}
	for _, bad := range []topologies.FlowSpec{
		{From: "r1", To: "r9", Dst: "10.0.0.2", Interval: time.Millisecond, Size: 200},
		{From: "r1", To: "r2", Dst: "r2", Interval: time.Millisecond, Size: 200},
		{From: "r1", To: "r2", Dst: "10.0.0.2", Src: "10.0.0.7", Interval: time.Millisecond, Size: 200},
		{From: "r1", To: "r2", Dst: "10.0.0.2", Interval: time.Millisecond, Size: 20},
	} {
		if f, err := lab.Traffic(t.Context(), bad); err == nil {
			f.Stop()
			t.Errorf("%+v is sent", bad)
		}
	}
}
