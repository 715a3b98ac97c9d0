package topologiestest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// neighbour prints what must not change at a neighbour: its interface with its index and its settings, what is
// made over that, addresses, routes and queues; without what a carrier changes.
const neighbour = `cat /sys/class/net/eth1/ifindex /sys/class/net/eth1/address
ls /sys/class/net
ip -o addr show | grep -v " fe80" | sed 's/ *\(dynamic\|tentative\|noprefixroute\)//g'
ip -o link show type macvlan | sed 's/: <.*mtu/ mtu/; s/ state [A-Z]*//'
ip route show | sed 's/ *linkdown//' | sort
tc qdisc show dev eth1 | grep -o 'tbf.*' || true`

// carriers counts how often eth1 has lost its carrier and got one.
func carriers(t *testing.T, h topologies.Host) (lost, got int) {
	t.Helper()
	text := Run(t, h, "sh", "-c", "cat /sys/class/net/eth1/carrier_down_count /sys/class/net/eth1/carrier_up_count")
	if _, err := fmt.Sscan(text, &lost, &got); err != nil {
		t.Fatal(err)
	}
	return lost, got
}

// A node that restarts leaves its neighbours what they have: only their carrier goes, and comes back. Its own
// interfaces are as new, also those at both ends of one cable.
func (s Subject) restartKeepsNeighbour(t *testing.T) {
	t.Helper()
	t.Parallel()
	top := s.Pair("eth1", "eth1")
	top.Nodes = append(top.Nodes, s.Nodes("r3")...)
	end := func(node, iface, ip string) topologies.Endpoint {
		return topologies.Endpoint{Node: node, Interface: iface, IPv4: ip}
	}
	top.Links = append(
		top.Links, topologies.Link{A: end("r2", "eth2", "10.0.2.2/24"), B: end("r3", "eth1", "10.0.2.3/24"), MTU: 1400},
		topologies.Link{A: end("r3", "eth2", "10.0.3.3/24"), B: end("r1", "eth2", "10.0.3.1/24")}, // a ring
		topologies.Link{A: end("r2", "self1", "10.0.4.1/24"), B: end("r2", "self2", "10.0.4.2/24")},
	)
	r := Reserve(t, s.Open(t), top, topologies.Options{Run: RunName(t, "restart-keeps")})
	r1, r2, r3 := Host(t, r, "r1"), Host(t, r, "r2"), Host(t, r, "r3")
	Run(t, r1, "sh", "-ec", `ip addr add 10.9.0.1/24 dev eth1
ip link add link eth1 name over type macvlan mode bridge
ip addr add 10.8.0.1/24 dev over
ip link set over up
ip route add 10.7.0.0/16 via 10.0.0.2
tc qdisc replace dev eth1 root tbf rate 800mbit burst 64k latency 50ms 2>/dev/null || true`)
	var before [2]string
	for i, h := range []topologies.Host{r1, r3} {
		before[i] = Run(t, h, "sh", "-c", neighbour)
	}
	const self = `for i in eth1 eth2 self1 self2; do
echo $i $(cat /sys/class/net/$i/ifindex /sys/class/net/$i/mtu /sys/class/net/$i/tx_queue_len /sys/class/net/$i/address /sys/class/net/$i/operstate /sys/class/net/$i/flags /sys/class/net/$i/ifalias) $(ip -4 -o addr show $i | grep -o 'inet [^ ]*')
done`
	Eventually(t, "every interface to be up", func() bool { return strings.Count(Run(t, r2, "sh", "-c", self), " up ") == 4 })
	fresh := Run(t, r2, "sh", "-c", self)
	for range 3 {
		lost, got := carriers(t, r1)
		Run(t, r2, "sh", "-ec", `ip addr flush dev eth1
ip link set eth1 down promisc on mtu 1300 txqueuelen 7 alias mine address 02:00:00:00:00:99
ip link set eth1 name other
ip link add link eth2 name above type macvlan mode bridge
ip link set other up`)
		if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r2"); err != nil {
			t.Fatal(err)
		}
		Eventually(t, "every interface to be up again", func() bool { return strings.Count(Run(t, r2, "sh", "-c", self), " up ") == 4 })
		if after := Run(t, r2, "sh", "-c", self); after != fresh {
			t.Errorf("the node that was restarted has\n%s\nand had at first\n%s", after, fresh)
		}
		for i, h := range []topologies.Host{r1, r3} {
			if after := Run(t, h, "sh", "-c", neighbour); after != before[i] {
				t.Errorf("a neighbour has\n%s\nand had before\n%s", after, before[i])
			}
		}
		if down, up := carriers(t, r1); down <= lost || up <= got {
			t.Errorf("the carrier went %d times and came %d times, and before it was %d and %d", down, up, lost, got)
		}
		for _, from := range []struct {
			h  topologies.Host
			to string
		}{{r1, "10.0.0.2"}, {r1, "10.0.3.3"}, {r3, "10.0.2.2"}, {r2, "10.0.0.1"}, {r2, "2001:db8::1"}} {
			if err := Ping(t.Context(), from.h, from.to); err != nil {
				t.Errorf("ping %s: %v", from.to, err)
			}
		}
		Unchanged(t, r)
	}
}

// fire is [flood] with some room between: a way between hosts, and a machine that is busy, carry it all.
const fire = `exec {never}<> <(:); while :; do echo x > /dev/udp/ff02::1%eth1/9; read -rt 0.0005 -u $never; done 2>/dev/null`

// restartUnderFire: of what a neighbour sends while a node restarts, a fault in force drops all, and it knows
// of all that it has dropped.
func (s Subject) restartUnderFire(t *testing.T) {
	t.Helper()
	s.dropsBy(t, func(t *testing.T, p topologies.Provider, by topologies.DropBy) {
		t.Helper()
		r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "restart-fire-"+string(by)), DropBy: by})
		r2 := Host(t, r, "r2")
		a := Inject(t, r, topologies.Fault{
			Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{DstPort: 9},
		})
		command, err := Host(t, r, "r1").Open(t.Context(), []string{"bash", "-c", fire}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer command.Close() //nolint:errcheck // it ends with its lab otherwise
		arrived := func() bool {
			return Run(t, r2, "sh", "-c", "awk '/^Udp6(InDatagrams|NoPorts|IgnoredMulti) / {n += $2} END {print n + 0}' /proc/net/snmp6") != "0"
		}
		for range 3 {
			before := Fired(t, a)
			Eventually(t, "datagrams are dropped", func() bool { return Fired(t, a) > before })
			if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r2"); err != nil {
				t.Fatal(err)
			}
			if arrived() {
				t.Fatal("datagrams arrived while the node restarted")
			}
		}
		Heal(t, a)
		Eventually(t, "datagrams arrive", arrived)
		Unchanged(t, r)
	})
}
