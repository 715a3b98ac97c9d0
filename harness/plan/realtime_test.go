package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/plan"
)

// What keeps real time beside a lab's fast clocks is named, each with its trace.
func TestRealTimeNamed(t *testing.T) {
	for _, tt := range []struct {
		line string // that r1 carries out
		says string
	}{
		{"ip link set br0 type bridge stp_state 1", "the kernel's spanning tree"},
		{"ip link set br0 type bridge ageing_time 1000", "ageing of addresses"},
		{"ip link set br0 type bridge mcast_snooping 1", "multicast snooping"},
		{"ip neigh flush all", "the kernel's neighbours"},
		{"sysctl -w net.ipv4.neigh.eth1.gc_stale_time=5", "the kernel's neighbours"},
		{"sysctl -w net.ipv4.tcp_retries2=3", "TCP's own timers"},
		{"tc qdisc add dev eth1 root tbf", "the kernel's queueing (tc)"},
		{"ip link add bond0 type bond mode 802.3ad", "the kernel's bonding"},
		{"ip addr add 2001:db8::1/64 dev eth1 valid_lft 60", "lifetimes of the kernel's addresses"},
		{"ip route add 10.0.0.0/8 via 10.0.0.1 expires 30", "routes of the kernel that expire"},
		{"vtysh -c 'transmit-interval 150'", "a timer of 150ms is 15ms of real time"},
		{"vtysh -c 'ip ospf dead-interval minimal hello-multiplier 10'", "a timer of 100ms is 10ms of real time"},
		{"echo 'interval 100 ms;'", "a timer of 100ms is 10ms of real time"},
		{"vtysh -c 'transmit-interval 300'", ""},
		{"vtysh -c 'show ip route'", ""},
		{"true; vtysh -c 'bridge the gap'", ""},
	} {
		l := load(t, `{node: r2, run: clear neighbor}`, `{node: r1, exec: "`+tt.line+`"}`)
		p, err := plan.New(l, plan.Options{Speed: 10})
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(p.RealTime(), "\n")
		if tt.says != "" && !strings.Contains(said, "r1: "+tt.says) || tt.says == "" && strings.Contains(said, "r1: ") {
			t.Errorf("%s: %q, want %q", tt.line, said, tt.says)
		}
		if !strings.Contains(said, "r1:eth1: down for 1s is 100ms of real time") {
			t.Errorf("a carrier that is gone for a tenth of a second: %q", said)
		}
	}
	p, err := plan.New(load(t), plan.Options{})
	if err != nil || p.RealTime() != nil {
		t.Errorf("in real time: %q, %v", p.RealTime(), err)
	}
	p, err = plan.New(load(t), plan.Options{Speed: 10})
	if err != nil || strings.Contains(strings.Join(p.RealTime(), "\n"), "TCP") {
		t.Errorf("OSPF rides on no TCP: %q, %v", p.RealTime(), err)
	}
	p, err = plan.New(load(t, "config: r1.conf", "config: other.conf"), plan.Options{Speed: 10})
	if err != nil || !strings.Contains(strings.Join(p.RealTime(), "\n"), "TCP sends again what was lost") {
		t.Errorf("BGP rides on TCP: %q, %v", p.RealTime(), err)
	}
	p, err = plan.New(load(t, "symptom:", "traffic: {video: {from: r1, to: r2, dst: 10.0.0.2}}\nsymptom:\n  - {name: slow, traffic: video, expect: latency.p99 > 5ms, eventually: 5s}\n  - {name: lost, traffic: video, expect: gap > 5ms, eventually: 5s}"), plan.Options{Speed: 10})
	if said := strings.Join(p.RealTime(), "\n"); err != nil || !strings.Contains(said, `"slow": how long packets are under way`) || strings.Contains(said, `"lost"`) {
		t.Errorf("latencies: %q, %v", said, err)
	}
	p, err = plan.New(load(t, `expect: 'any(rows, .STATE == "ExStart")'`, `expect: 'took > 3'`), plan.Options{Speed: 10})
	if err != nil || !strings.Contains(strings.Join(p.RealTime(), "\n"), `"stuck": how long a command takes`) {
		t.Errorf("what a device takes to answer: %q, %v", p.RealTime(), err)
	}
}

// Slack follows from the shortest that a scenario waits for, and from the shortest timer that it
// sets.
func TestSlack(t *testing.T) {
	for _, tt := range []struct {
		replaced []string
		want     time.Duration
	}{
		{nil, 250 * time.Millisecond}, // the link is down for a second
		{[]string{"for: 1s", "for: 20s"}, time.Second},
		{[]string{"for: 1s", "for: 20s", `{node: r2, run: clear neighbor}`, `{node: r1, exec: "vtysh -c 'ip ospf hello-interval 1'"}`}, 500 * time.Millisecond},
		{[]string{"for: 1s", "for: 20s", `{node: r2, run: clear neighbor}`, `{node: r1, configure: [router bgp 1, " neighbor 10.0.0.2 bfd"]}`}, 150 * time.Millisecond},
		{[]string{`{node: r2, run: clear neighbor}`, `{node: r1, exec: "vtysh -c 'transmit-interval 300'"}`}, 150 * time.Millisecond},
		{[]string{"for: 1s", "for: 1ms"}, 100 * time.Millisecond},
	} {
		p, err := plan.New(load(t, tt.replaced...), plan.Options{Speed: 10})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Slack(); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.replaced, got, tt.want)
		}
	}
}

// In a fast lab a condition that does not say how often it is looked at is looked at as often as a
// machine can, and never less than ten times in its window.
func TestEvery(t *testing.T) {
	for _, tt := range []struct {
		speed           float64
		baseline, quick time.Duration
	}{
		{1, 250 * time.Millisecond, 250 * time.Millisecond},
		{0.5, 250 * time.Millisecond, 250 * time.Millisecond},
		{10, 500 * time.Millisecond, 500 * time.Millisecond},
		{100, 3 * time.Second, time.Second},
	} {
		p, err := plan.New(load(t), plan.Options{Speed: tt.speed})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := p.Baseline[0].Cond.Interval(), p.Baseline[1].Cond.Interval(); a != tt.baseline || b != tt.quick {
			t.Errorf("speed %g: %s and %s", tt.speed, a, b)
		}
	}
	p, err := plan.New(load(t), plan.Options{})
	if err == nil {
		p, err = p.WithSpeed(100)
	}
	if err != nil || p.Baseline[0].Cond.Interval() != 3*time.Second {
		t.Errorf("a plan that is given another speed: %v, %v", p, err)
	}
	for _, speed := range []float64{-1, 0.001, 1e9} {
		if _, err := plan.New(load(t), plan.Options{Speed: speed}); err == nil {
			t.Errorf("speed %g was taken", speed)
		}
	}
}
