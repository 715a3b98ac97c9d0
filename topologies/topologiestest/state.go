package topologiestest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// Changes is what of a lab is not as the lab left it.
func Changes(t *testing.T, r topologies.Reservation) []topologies.Change {
	t.Helper()
	list, err := Ability[topologies.StateChecker](t, r).Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Unchanged fails where there is any, but for a way between hosts that was late: that is this machine, which is busy, and
// nothing that the lab did. That a late way is told is a test of its own (package spread).
func Unchanged(t *testing.T, r topologies.Reservation) {
	t.Helper()
	if list := touched(t, r); len(list) > 0 {
		t.Errorf("nobody touched the lab, and it says: %+v", list)
	}
}

// touched are the changes of a lab, without the lateness of a busy machine on the ways between hosts.
func touched(t *testing.T, r topologies.Reservation) []topologies.Change {
	t.Helper()
	return slices.DeleteFunc(Changes(t, r), func(c topologies.Change) bool {
		late := strings.HasPrefix(c.What, "between hosts, ") && (strings.Contains(c.What, " back took up to ") || strings.Contains(c.What, " longer than it may say nothing"))
		if late {
			t.Log(c.What)
		}
		return late
	})
}

// orderLabs is how many labs are built; REPRISE_ORDER_LABS says otherwise.
const orderLabs = 4

// The kernel's order of a node's interfaces is the topology's: in every lab, after a cable was
// laid anew, after a restart; and what a node makes comes behind them. One that is laid anew has another
// index where that was asked for, and else its own.
func (s Subject) interfaceOrder(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
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
		replug := lab%2 == 1
		r, err := p.Reserve(t.Context(), s.Mesh(), topologies.Options{Run: RunName(t, "order"), Lab: lab + 1, Replug: replug})
		if err != nil {
			t.Fatal(err)
		}
		look := func(when string) {
			for _, n := range []string{"a", "b", "c"} {
				var names []string
				text := strings.Join(strings.Fields(Run(t, Host(t, r, n), "sh", "-c", order)), " ")
				for field := range strings.FieldsSeq(text) {
					_, name, _ := strings.Cut(field, ":")
					names = append(names, name)
				}
				want := strings.Join(s.Mesh().Interfaces(n), " ") + " own2 own1" // the peer is made first
				if when == "built" {
					want = strings.Join(s.Mesh().Interfaces(n), " ")
					kind := fmt.Sprint(n, replug)
					if first[kind] == "" {
						first[kind] = text
					}
					if text != first[kind] {
						t.Errorf("lab %d: %s has %s, and the first lab of its kind %s", lab+1, n, text, first[kind])
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
			Run(t, Host(t, r, n), "ip", "link", "add", "own1", "type", "veth", "peer", "name", "own2")
		}
		for _, n := range []string{"a", "b", "c"} {
			own(n)
		}
		index := func() string { return Run(t, Host(t, r, "a"), "cat", "/sys/class/net/z/ifindex") }
		before := index()
		for range 3 {
			Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "a", Interface: "z"}})
		}
		if after := index(); after != before != replug {
			t.Errorf("lab %d: z of a had the index %s and has %s, and another was asked for: %v", lab+1, before, after, replug)
		}
		Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "b", Interface: "m"}})
		look("laid anew")
		if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		own("b")
		look("restarted")
		Unchanged(t, r)
		if err := r.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d labs, %d nodes out of order", count, wrong)
}

// Mesh is three nodes with two cables between each two, whose names are out of order.
func (s Subject) Mesh() topologies.Topology {
	top := topologies.Topology{Name: "mesh", Nodes: s.Nodes("a", "b", "c")}
	for _, l := range [][4]string{{"a", "z", "b", "y"}, {"b", "m", "c", "x"}, {"c", "a", "a", "k"}, {"a", "b", "b", "a"}, {"c", "w", "b", "v"}, {"a", "c", "c", "d"}} {
		top.Links = append(top.Links, topologies.Link{
			A: topologies.Endpoint{Node: l[0], Interface: l[1]}, B: topologies.Endpoint{Node: l[2], Interface: l[3]},
		})
	}
	return top
}

// What the lab does itself is no change, and a lab that was put right again has none.
func (s Subject) changesByTheLab(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	r := Reserve(t, p, s.Lan(topologies.KindOVSBridge, ""), topologies.Options{Run: RunName(t, "own-changes")})
	at := topologies.Endpoint{Node: "r1", Interface: "eth1"}
	b := Inject(t, r, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at})
	for _, step := range []func() error{
		func() error { Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: at}); return nil },
		func() error { return Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "sw") },
		func() error { return Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r1") },
		func() error { return b.Heal(t.Context()) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		Unchanged(t, r)
	}
	Run(t, Host(t, r, "sw"), "ovs-vsctl", "del-port", "br0", "port3")
	if list := touched(t, r); len(list) != 1 || list[0].What != "sw:port3 is not in the segment br0" {
		t.Errorf("a port taken out: %+v", list)
	}
	Run(t, Host(t, r, "sw"), "sh", "-c", "kill -9 $(cat /run/openvswitch/ovs-vswitchd.pid)")
	Eventually(t, "a switch that ended is told", func() bool { // when the node's first process has reaped it
		list := touched(t, r)
		return len(list) == 1 && list[0].What == "ovs-vswitchd of the segment sw has ended"
	})
}
