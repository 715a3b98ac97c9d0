package containers_test

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// outside runs a command in the network namespace of a node, as somebody on this machine may.
func outside(t *testing.T, c client.APIClient, container string, argv ...string) {
	t.Helper()
	i, err := c.ContainerInspect(t.Context(), container, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "nsenter", append([]string{"-t", strconv.Itoa(i.Container.State.Pid), "-n"}, argv...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", argv, err, out)
	}
}

// What changes of a lab by itself is told; what the lab or a node does is not.
func TestChanges(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("nsenter"); err != nil {
		livetest.Missing(t, "nsenter", err)
	}
	p, c := setup(t)
	const r1, sw = "reprise-test-changes-%-r1", "reprise-test-changes-%-sw"
	eth1 := topologies.Endpoint{Node: "r1", Interface: "eth1"}
	drop := topologies.Fault{Kind: topologies.FaultDrop, Endpoint: eth1}
	down := topologies.Fault{Kind: topologies.FaultDown, Endpoint: eth1}
	link := func(args ...string) []string { return append([]string{"ip", "link"}, args...) }
	for i, tt := range []struct {
		name      string
		kind      string // of the segment
		fault     *topologies.Fault
		container string
		argv      []string
		want      string // "": nothing has changed
	}{
		{"a node's own settings", topologies.KindBridge, nil, r1, link("set", "eth1", "mtu", "1300", "address", "02:00:00:00:00:99", "down"), ""},
		{"a node's own name", topologies.KindBridge, nil, r1, []string{"sh", "-c", "ip link set eth1 down; ip link set eth1 name uplink; ip link set uplink up; ip link add dummy type veth; ip link del dummy"}, ""},
		{"a node's own rules", topologies.KindBridge, &drop, r1, []string{"nft", "flush", "ruleset"}, ""},
		{"a cable removed", topologies.KindBridge, nil, r1, link("del", "eth1"), "the cable r1:eth1–sw:port1 is gone from r1:eth1"},
		{"a cable removed at the far end", topologies.KindOVSBridge, nil, sw, link("del", "port1"), "the cable r1:eth1–sw:port1 is gone from r1:eth1"},
		{"another in its place", topologies.KindBridge, nil, r1, []string{"sh", "-c", "n=$(ip -o link show eth1 | cut -d: -f1); ip link del eth1; ip link add eth1 index $n type veth peer name other"}, "the cable at r1:eth1 is not the one that was laid to sw:port1"},
		{"a fault removed", topologies.KindBridge, &drop, r1, link("set", "eth1", "xdpgeneric", "off"), "the fault that drops frames at r1:eth1 was taken away"},
		{"a fault overcome", topologies.KindBridge, &down, r1, link("set", "eth1", "up"), "r1:eth1 is up although a fault holds it down"},
		{"a segment's rules", topologies.KindBridge, nil, sw, []string{"nft", "flush", "ruleset"}, "the rule that keeps spanning tree frames out of sw:port1 is gone"},
		{"a segment's member", topologies.KindBridge, nil, sw, link("set", "port1", "nomaster"), "sw:port1 is not in the segment br0"},
		{"a segment's port", topologies.KindBridge, nil, sw, link("set", "port1", "down"), "sw:port1 is down"},
		{"a segment's MTU", topologies.KindBridge, nil, sw, link("set", "port1", "mtu", "1300"), "the MTU of sw:port1 is 1300 and not 1500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := reserve(t, p, lan(tt.kind, ""), topologies.Options{Run: "test-changes", Lab: i + 1})
			unchanged(t, r)
			if tt.fault != nil {
				inject(t, r, *tt.fault)
				unchanged(t, r)
			}
			outside(t, c, strings.ReplaceAll(tt.container, "%", strconv.Itoa(i+1)), tt.argv...)
			list := changes(t, r)
			switch {
			case tt.want == "" && len(list) == 0:
			case tt.want == "" || len(list) == 0 || list[0].What != tt.want:
				t.Errorf("got %+v, want %q", list, tt.want)
			}
		})
	}
}

// What the lab does itself is no change, and a lab that was put right again has none.
func TestChangesByTheLab(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	r := reserve(t, p, lan(topologies.KindOVSBridge, ""), topologies.Options{Run: "test-engine-changes"})
	at := topologies.Endpoint{Node: "r1", Interface: "eth1"}
	a := inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Direction: topologies.DirectionBoth})
	b := inject(t, r, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at})
	for _, step := range []func() error{
		func() error { inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: at}); return nil },
		func() error { return r.(topologies.NodeRestarter).RestartNode(t.Context(), "sw") },
		func() error { return r.(topologies.NodeRestarter).RestartNode(t.Context(), "r1") },
		func() error { return a.Heal(t.Context()) },
		func() error { return b.Heal(t.Context()) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		unchanged(t, r)
	}
	ctx := context.WithoutCancel(t.Context())
	if _, err := c.ContainerPause(ctx, "reprise-test-engine-changes-1-r2", client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	if list := changes(t, r); len(list) != 1 || list[0].What != "node r2 is paused" || len(list[0].Deeds) > 0 {
		t.Errorf("a paused node: %+v", list)
	}
	if _, err := c.ContainerUnpause(ctx, "reprise-test-engine-changes-1-r2", client.ContainerUnpauseOptions{}); err != nil {
		t.Fatal(err)
	}
	run(t, host(t, r, "sw"), "ovs-vsctl", "del-port", "br0", "port3")
	if list := changes(t, r); len(list) != 1 || list[0].What != "sw:port3 is not in the segment br0" {
		t.Errorf("a port taken out: %+v", list)
	}
	run(t, host(t, r, "sw"), "sh", "-c", "p=$(cat /run/openvswitch/ovs-vswitchd.pid); kill -9 $p; while grep -q '^State:.[^ZX]' /proc/$p/status 2>/dev/null; do :; done")
	if list := changes(t, r); len(list) != 1 || list[0].What != "ovs-vswitchd of the segment sw has ended" {
		t.Errorf("a switch that ended: %+v", list)
	}
	atOnce := 0
	if _, err := c.ContainerRestart(ctx, "reprise-test-engine-changes-1-r1", client.ContainerRestartOptions{Timeout: &atOnce}); err != nil {
		t.Fatal(err)
	}
	if list := changes(t, r); len(list) == 0 || list[0].What != "node r1 was started anew" {
		t.Errorf("a node that was started anew: %+v", list)
	}
}
