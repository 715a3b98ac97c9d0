package containers_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
)

func TestPair(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	top := pair("1-1", "fifteen-letters")
	top.Links[0].MTU = 9000
	top.Nodes[0].Env = map[string]string{"GREETING": "hello"}
	top.Nodes[0].Sysctls = map[string]string{"net.ipv4.ip_forward": "0"}
	r := reserve(t, p, top, topologies.Options{Run: "test-pair"})
	r1, r2 := host(t, r, "r1"), host(t, r, "r2")

	for _, target := range []string{"10.0.0.2", "2001:db8::2"} {
		if err := ping(t.Context(), r1, target); err != nil {
			t.Errorf("ping %s: %v", target, err)
		}
	}
	if err := ping(t.Context(), r1, "-M", "do", "-s", "8972", "10.0.0.2"); err != nil {
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
		{"init reaps", "tini", r1, []string{"cat", "/proc/1/comm"}},
		{"transmit checksums", "tx-checksumming: off", r1, []string{"sh", "-c", "ethtool -k 1-1 | grep tx-checksumming"}},
		{"segmentation", "tx-tcp-segmentation: off", r1, []string{"sh", "-c", "ethtool -k 1-1 | grep -o 'tx-tcp-segmentation: off'"}},
		{"network settings are writable", "", r1, []string{"sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/1-1/arp_ignore"}},
		{"daemons start", "", r1, []string{"sh", "-c", "install -d -o frr -g frr /run/frr && /usr/lib/frr/zebra -d -A 127.0.0.1 && /usr/lib/frr/ospfd -d -A 127.0.0.1"}},
	}
	for _, tt := range checks {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(t, tt.host, tt.argv...); got != tt.want {
				t.Errorf("%v = %q, want %q", tt.argv, got, tt.want)
			}
		})
	}
	if err := r.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := leftovers(t, c, "test-pair"); len(left) > 0 {
		t.Errorf("left after release: %v", left)
	}
	if err := r.Release(t.Context()); err != nil {
		t.Errorf("second release: %v", err)
	}
}

func TestRing(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	r := reserve(t, p, ring(6), topologies.Options{Run: "test-ring"})
	for _, n := range []string{"n1", "n6"} {
		for _, neighbour := range []string{run(t, host(t, r, n), "sh", "-c", "ip -4 -o addr show right | grep -o '10[0-9.]*' | head -1 | sed s/1$/2/")} {
			if err := ping(t.Context(), host(t, r, n), neighbour); err != nil {
				t.Errorf("%s: %v", n, err)
			}
		}
	}
}

func TestTwoLabsOfOneTopology(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	top := pair("eth1", "eth1")
	first := reserve(t, p, top, topologies.Options{Run: "test-two", Lab: 1})
	second := reserve(t, p, top, topologies.Options{Run: "test-two", Lab: 2})
	var macs []string
	for _, r := range []topologies.Reservation{first, second} {
		if err := ping(t.Context(), host(t, r, "r1"), "10.0.0.2"); err != nil {
			t.Error(err)
		}
		macs = append(macs, run(t, host(t, r, "r1"), "cat", "/sys/class/net/eth1/address"))
	}
	if macs[0] != macs[1] {
		t.Errorf("addresses differ between labs of one topology: %v", macs)
	}
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context(), host(t, second, "r1"), "10.0.0.2"); err != nil {
		t.Errorf("the second lab, after the first is gone: %v", err)
	}
}

func TestRestartNode(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-restart"})
	r1, r2 := host(t, r, "r1"), host(t, r, "r2")
	run(t, r1, "sh", "-c", "echo kept > /etc/kept; echo lost > /run/lost")
	active, err := r.(topologies.Faulter).Inject(t.Context(), topologies.Fault{
		Kind:     topologies.FaultDrop,
		Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{Proto: "udp"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.(topologies.NodeRestarter).RestartNode(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Errorf("from the restarted node: %v", err)
	}
	if err := ping(t.Context(), r2, "10.0.0.1"); err != nil {
		t.Errorf("to the restarted node: %v", err)
	}
	if got := run(t, r1, "sh", "-c", "cat /etc/kept; ls /run"); got != "kept" {
		t.Errorf("files: %q", got)
	}
	run(t, r1, "bash", "-c", "for i in 1 2 3; do echo x > /dev/udp/10.0.0.2/9; done; true")
	eventually(t, "the fault is in force again", func() bool {
		n, err := active.Fired(t.Context())
		return err == nil && n == 3
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	top := pair("eth1", "eth1")
	top.Nodes[1].Image = "vendor/switch:1.2"
	_, err := p.Reserve(t.Context(), top, topologies.Options{Run: "test-missing"})
	var missing *topologies.MissingError
	if !errors.As(err, &missing) || missing.What != "image" || !strings.Contains(missing.Hint, "docker load") {
		t.Errorf("got %v", err)
	}
	if left := leftovers(t, c, "test-missing"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCancelledReserve(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Cancelled as soon as the first container exists, while others are being made.
	go func() {
		for ctx.Err() == nil {
			if found, err := c.ContainerList(ctx, client.ContainerListOptions{
				All:     true,
				Filters: make(client.Filters).Add("label", "org.reprise.run=test-cancel"),
			}); err == nil && len(found.Items) > 0 {
				cancel()
			}
		}
	}()
	r, err := p.Reserve(ctx, ring(6), topologies.Options{Run: "test-cancel"})
	if !errors.Is(err, context.Canceled) || r != nil {
		t.Errorf("got %v, %v", r, err)
	}
	if left := leftovers(t, c, "test-cancel"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestBadTopology(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	tests := []struct {
		name, want string
		change     func(*topologies.Topology)
	}{
		{"long name", "longer than 15", func(x *topologies.Topology) { x.Links[0].A.Interface = "sixteen-letters-" }},
		{"slash", "slash", func(x *topologies.Topology) { x.Links[0].A.Interface = "1/1" }},
		{"twice", "two links end at", func(x *topologies.Topology) { x.Links = append(x.Links, x.Links[0]) }},
		{"memory", "memory", func(x *topologies.Topology) { x.Nodes[0].Memory = "much" }},
		{"host network", "another's network", func(x *topologies.Topology) { x.Nodes[0].NetworkMode = "host" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := pair("eth1", "eth1")
			tt.change(&top)
			if err := p.Check(t.Context(), top); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
		})
	}
}

// A node that dies is told apart from one that does not answer.
func TestNodeStateOfDeadNode(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	r := reserve(t, p, topologies.Topology{Name: "one", Nodes: nodes("r1")}, topologies.Options{Run: "test-dead"})
	if _, err := c.ContainerKill(t.Context(), "reprise-test-dead-1-r1", client.ContainerKillOptions{Signal: "SIGKILL"}); err != nil {
		t.Fatal(err)
	}
	waited := c.ContainerWait(t.Context(), "reprise-test-dead-1-r1", client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-waited.Result:
	case err := <-waited.Error:
		t.Fatal(err)
	}
	st, err := r.(topologies.NodeWatcher).NodeState(t.Context(), "r1")
	if err != nil || st.Running || st.Exit != 137 {
		t.Errorf("got %+v, %v", st, err)
	}
}
