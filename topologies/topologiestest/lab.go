package topologiestest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

func (s Subject) pair(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	top := s.Pair("1-1", "fifteen-letters")
	top.Links[0].MTU = 9000
	top.Nodes[0].Env = map[string]string{"GREETING": "hello"}
	top.Nodes[0].Sysctls = map[string]string{"net.ipv4.ip_forward": "0"}
	r := Reserve(t, p, top, topologies.Options{Run: RunName(t, "pair")})
	r1, r2 := Host(t, r, "r1"), Host(t, r, "r2")

	for _, target := range []string{"10.0.0.2", "2001:db8::2"} {
		if err := Ping(t.Context(), r1, target); err != nil {
			t.Errorf("ping %s: %v", target, err)
		}
	}
	if err := Ping(t.Context(), r1, "-M", "do", "-s", "8972", "10.0.0.2"); err != nil {
		t.Errorf("a frame of 9000 bytes does not pass: %v", err)
	}
	checks := []struct {
		name, want string
		host       topologies.Host
		argv       []string
	}{
		{"mtu", "9000", r2, []string{"cat", "/sys/class/net/fifteen-letters/mtu"}},
		{"hostname", "r1", r1, []string{"hostname"}},
		{"environment", "hello", r1, []string{"sh", "-c", "echo $GREETING"}},
		{"forwarding by default", "1", r2, []string{"cat", "/proc/sys/net/ipv4/ip_forward"}},
		{"forwarding as set", "0", r1, []string{"cat", "/proc/sys/net/ipv4/ip_forward"}},
		{"core files are not cut", "unlimited", r1, []string{"sh", "-c", "ulimit -c"}},
		{"init reaps", s.Init, r1, []string{"cat", "/proc/1/comm"}},
		{"transmit checksums", "tx-checksumming: off", r1, []string{"sh", "-c", "ethtool -k 1-1 | grep tx-checksumming"}},
		{"segmentation", "tx-tcp-segmentation: off", r1, []string{"sh", "-c", "ethtool -k 1-1 | grep -o 'tx-tcp-segmentation: off'"}},
		{"network settings are writable", "", r1, []string{"sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/1-1/arp_ignore"}},
		{"daemons start", "", r1, []string{"sh", "-c", "install -d -o frr -g frr /run/frr && /usr/lib/frr/zebra -d -A 127.0.0.1 && /usr/lib/frr/ospfd -d -A 127.0.0.1"}},
	}
	for _, tt := range checks {
		t.Run(tt.name, func(t *testing.T) {
			if got := Run(t, tt.host, tt.argv...); got != tt.want {
				t.Errorf("%v = %q, want %q", tt.argv, got, tt.want)
			}
		})
	}
	if err := r.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := s.Left(t, RunName(t, "pair")); len(left) > 0 {
		t.Errorf("left after release: %v", left)
	}
	if err := r.Release(t.Context()); err != nil {
		t.Errorf("second release: %v", err)
	}
}

func (s Subject) ring(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	r := Reserve(t, p, s.Ring(6), topologies.Options{Run: RunName(t, "ring")})
	for _, n := range []string{"n1", "n6"} {
		for _, neighbour := range []string{Run(t, Host(t, r, n), "sh", "-c", "ip -4 -o addr show right | grep -o '10[0-9.]*' | head -1 | sed s/1$/2/")} {
			if err := Ping(t.Context(), Host(t, r, n), neighbour); err != nil {
				t.Errorf("%s: %v", n, err)
			}
		}
	}
}

func (s Subject) twoLabsOfOneTopology(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	top := s.Pair("eth1", "eth1")
	first := Reserve(t, p, top, topologies.Options{Run: RunName(t, "two"), Lab: 1})
	second := Reserve(t, p, top, topologies.Options{Run: RunName(t, "two"), Lab: 2})
	var macs []string
	for _, r := range []topologies.Reservation{first, second} {
		if err := Ping(t.Context(), Host(t, r, "r1"), "10.0.0.2"); err != nil {
			t.Error(err)
		}
		macs = append(macs, Run(t, Host(t, r, "r1"), "cat", "/sys/class/net/eth1/address"))
	}
	if macs[0] != macs[1] {
		t.Errorf("addresses differ between labs of one topology: %v", macs)
	}
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := Ping(t.Context(), Host(t, second, "r1"), "10.0.0.2"); err != nil {
		t.Errorf("the second lab, after the first is gone: %v", err)
	}
}

func (s Subject) restartNode(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "restart")})
	r1, r2 := Host(t, r, "r1"), Host(t, r, "r2")
	Run(t, r1, "sh", "-c", "echo kept > /etc/kept; echo lost > /run/lost")
	if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	if err := Ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Errorf("from the restarted node: %v", err)
	}
	if err := Ping(t.Context(), r2, "10.0.0.1"); err != nil {
		t.Errorf("to the restarted node: %v", err)
	}
	if got := Run(t, r1, "sh", "-c", "cat /etc/kept; ls /run"); got != "kept" {
		t.Errorf("files: %q", got)
	}
}

func (s Subject) missing(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	top := s.Pair("eth1", "eth1")
	top.Nodes[1].Image = "vendor/switch:1.2"
	_, err := p.Reserve(t.Context(), top, topologies.Options{Run: RunName(t, "missing")})
	var missing *topologies.MissingError
	if !errors.As(err, &missing) || missing.What != "image" || missing.Hint == "" {
		t.Errorf("got %v", err)
	}
	if left := s.Left(t, RunName(t, "missing")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func (s Subject) badTopology(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	tests := []struct {
		name, want string
		change     func(*topologies.Topology)
	}{
		{"long name", "longer than 15", func(x *topologies.Topology) { x.Links[0].A.Interface = "sixteen-letters-" }},
		{"slash", "slash", func(x *topologies.Topology) { x.Links[0].A.Interface = "1/1" }},
		{"twice", "two links end at", func(x *topologies.Topology) { x.Links = append(x.Links, x.Links[0]) }},
		{"host network", "network", func(x *topologies.Topology) { x.Nodes[0].NetworkMode = "host" }},
		{"a setting that no kernel has", "net.ipv4.ip_forwrd is missing; did you mean \"ip_forward\"?", func(x *topologies.Topology) {
			x.Nodes[0].Sysctls = map[string]string{"net.ipv4.ip_forwrd": "1"}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := s.Pair("eth1", "eth1")
			tt.change(&top)
			if err := p.Check(t.Context(), top); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
		})
	}
}

// A fault that drops frames outlives a restart of the node that sends them.
func (s Subject) restartWithFault(t *testing.T) {
	t.Helper()
	s.dropsBy(t, func(t *testing.T, p topologies.Provider, by topologies.DropBy) {
		t.Helper()
		r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "restart-fault-"+string(by)), DropBy: by})
		active := Inject(t, r, topologies.Fault{
			Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{Proto: "udp"},
		})
		for want := uint64(3); want <= 6; want += 3 { // the count goes on
			if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r1"); err != nil {
				t.Fatal(err)
			}
			Run(t, Host(t, r, "r1"), "bash", "-c", "for i in 1 2 3; do echo x > /dev/udp/10.0.0.2/9; done; true")
			Eventually(t, "the fault is in force again", func() bool {
				n, err := active.Fired(t.Context())
				return err == nil && n == want
			})
		}
		Unchanged(t, r)
	})
}

// Reserve that is broken off leaves nothing.
func (s Subject) cancelled(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		r, err := p.Reserve(ctx, s.Ring(20), topologies.Options{Run: RunName(t, "broken-off")})
		cancel()
		if err == nil { // it was faster
			err = r.Release(t.Context())
		} else if errors.Is(err, context.DeadlineExceeded) && r == nil {
			err = nil
		}
		if left := s.Left(t, RunName(t, "broken-off")); err != nil || len(left) > 0 {
			t.Errorf("after %v: %v; left: %v", after, err, left)
		}
	}
}

// A node that is reset is what it was when the lab was reserved, on the same cables.
func (s Subject) reset(t *testing.T) {
	t.Helper()
	t.Parallel()
	r := Reserve(t, s.Open(t), s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "reset")})
	resetter := Ability[topologies.Resetter](t, r)
	r1 := Host(t, r, "r1")
	resets := map[string]func() (topologies.How, string, error){
		"one": func() (topologies.How, string, error) { return resetter.Reset(t.Context(), "r1") },
	}
	if all, ok := topologies.As[topologies.AllResetter](r); ok {
		resets["all"] = func() (topologies.How, string, error) { return all.ResetAll(t.Context()) }
	}
	for name, reset := range resets {
		Run(t, r1, "sh", "-c", "echo x > /etc/lost; rm /etc/hosts; ip link add own type veth; sleep 600 >/dev/null 2>&1 &")
		if how, _, err := reset(); err != nil || how == "" {
			t.Fatalf("%s: got %q, %v", name, how, err)
		}
		if got := Run(t, r1, "sh", "-c", "ls /etc/lost /etc/hosts 2>/dev/null; ls /sys/class/net; pgrep sleep; true"); got != "/etc/hosts\neth1\nlo" {
			t.Errorf("%s: after a reset: %q", name, got)
		}
		if err := Ping(t.Context(), r1, "10.0.0.2"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	Unchanged(t, r)
}
