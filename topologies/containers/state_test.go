package containers_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

func changes(t *testing.T, r topologies.Reservation) []topologies.Change {
	t.Helper()
	list, err := r.(topologies.StateChecker).Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func unchanged(t *testing.T, r topologies.Reservation) {
	t.Helper()
	if list := changes(t, r); len(list) > 0 {
		t.Errorf("nobody touched the lab, and it says: %+v", list)
	}
}

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
	r := reserve(t, p, lan(topologies.KindOVSBridge, ""), topologies.Options{Run: "test-own-changes"})
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
	if _, err := c.ContainerPause(ctx, "reprise-test-own-changes-1-r2", client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	if list := changes(t, r); len(list) != 1 || list[0].What != "node r2 is paused" || len(list[0].Deeds) > 0 {
		t.Errorf("a paused node: %+v", list)
	}
	if _, err := c.ContainerUnpause(ctx, "reprise-test-own-changes-1-r2", client.ContainerUnpauseOptions{}); err != nil {
		t.Fatal(err)
	}
	run(t, host(t, r, "sw"), "ovs-vsctl", "del-port", "br0", "port3")
	if list := changes(t, r); len(list) != 1 || list[0].What != "sw:port3 is not in the segment br0" {
		t.Errorf("a port taken out: %+v", list)
	}
	run(t, host(t, r, "sw"), "sh", "-c", "kill -9 $(cat /run/openvswitch/ovs-vswitchd.pid)")
	if list := changes(t, r); len(list) != 1 || list[0].What != "ovs-vswitchd of the segment sw has ended" {
		t.Errorf("a switch that ended: %+v", list)
	}
	atOnce := 0
	if _, err := c.ContainerRestart(ctx, "reprise-test-own-changes-1-r1", client.ContainerRestartOptions{Timeout: &atOnce}); err != nil {
		t.Fatal(err)
	}
	if list := changes(t, r); len(list) == 0 || list[0].What != "node r1 was started anew" {
		t.Errorf("a node that was started anew: %+v", list)
	}
}

// orderLabs is how many labs TestInterfaceOrder builds; REPRISE_ORDER_LABS says otherwise.
const orderLabs = 4

// The kernel's order of a node's interfaces is the topology's: in every lab, after a cable was
// laid anew, after a restart; and what a node makes comes behind them.
func TestInterfaceOrder(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	count := orderLabs
	if text := os.Getenv("REPRISE_ORDER_LABS"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	const order = `for i in /sys/class/net/*; do [ -e $i/device ] || echo $(cat $i/ifindex) ${i##*/}; done | sort -n | while read n i; do [ $i = lo ] || echo $n:$i; done`
	wrong := 0
	first := map[string]string{}
	for lab := range count {
		r, err := p.Reserve(t.Context(), mesh(), topologies.Options{Run: "test-order", Lab: lab + 1})
		if err != nil {
			t.Fatal(err)
		}
		look := func(when string) {
			for _, n := range []string{"a", "b", "c"} {
				var names []string
				text := strings.Join(strings.Fields(run(t, host(t, r, n), "sh", "-c", order)), " ")
				for field := range strings.FieldsSeq(text) {
					_, name, _ := strings.Cut(field, ":")
					names = append(names, name)
				}
				want := strings.Join(mesh().Interfaces(n), " ") + " own2 own1" // the peer is made first
				if when == "built" {
					if want = strings.Join(mesh().Interfaces(n), " "); first[n] == "" {
						first[n] = text
					}
					if text != first[n] {
						t.Errorf("lab %d: %s has %s, and the first lab %s", lab+1, n, text, first[n])
					}
				}
				if got := strings.Join(names, " "); got != want {
					wrong++
					t.Errorf("lab %d, %s: %s has %s, want %s", lab+1, when, n, got, want)
				}
			}
		}
		look("built")
		own := func(n string) {
			run(t, host(t, r, n), "ip", "link", "add", "own1", "type", "veth", "peer", "name", "own2")
		}
		for _, n := range []string{"a", "b", "c"} {
			own(n)
		}
		for range 3 {
			inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "a", Interface: "z"}})
		}
		inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "b", Interface: "m"}})
		look("laid anew")
		if err := r.(topologies.NodeRestarter).RestartNode(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		own("b")
		look("restarted")
		unchanged(t, r)
		if err := r.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d labs, %d nodes out of order", count, wrong)
}

// mesh is three nodes with two cables between each two, whose names are out of order.
func mesh() topologies.Topology {
	top := topologies.Topology{Name: "mesh", Nodes: nodes("a", "b", "c")}
	for _, l := range [][4]string{{"a", "z", "b", "y"}, {"b", "m", "c", "x"}, {"c", "a", "a", "k"}, {"a", "b", "b", "a"}, {"c", "w", "b", "v"}, {"a", "c", "c", "d"}} {
		top.Links = append(top.Links, topologies.Link{
			A: topologies.Endpoint{Node: l[0], Interface: l[1]}, B: topologies.Endpoint{Node: l[2], Interface: l[3]},
		})
	}
	return top
}
