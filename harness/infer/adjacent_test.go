package infer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// speaker is a router of a network that is made up, of which no table of LLDP and no configuration came.
type speaker struct {
	name, platform, id string
	ends               []end
	brief              bool // its list of interfaces came too
}

// end is its side of a link.
type end struct {
	port, address, peerAddress, peerPort string
	peer                                 *speaker
	by                                   string
}

// port is what the platform calls its next one.
func (s *speaker) port() string {
	n := len(s.ends) + 1
	switch s.platform {
	case "ios":
		return fmt.Sprintf("GigabitEthernet0/%d", n)
	case "nxos":
		return fmt.Sprintf("Ethernet1/%d", n)
	case "eos":
		return fmt.Sprintf("Ethernet%d", n)
	case "junos":
		return fmt.Sprintf("ge-0/0/%d.0", n)
	case "voss":
		return fmt.Sprintf("1/%d", n)
	}
	return fmt.Sprintf("eth%d", n)
}

// speaks are the protocols whose tables a platform has here.
func speaks(platform string) []string {
	switch platform {
	case "frr", "ios", "eos":
		return []string{"ospf", "isis", "bgp"}
	case "junos", "nxos":
		return []string{"ospf", "isis"}
	case "bird":
		return []string{"ospf", "bgp"}
	}
	return []string{"isis"} // voss
}

// text is what the router would send.
func (s *speaker) text() string {
	var w strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	prompt := map[string]string{"junos": "noc@" + s.name + "> ", "voss": s.name + ":1#", "bird": "noc@" + s.name + ":~$ sudo birdc "}[s.platform]
	if prompt == "" {
		prompt = s.name + "# "
	}
	table := func(by, command, head, format string, args func(e end) []any) {
		say("%s%s\n%s", prompt, command, head)
		for _, e := range s.ends {
			if e.by == by {
				say(format, args(e)...)
			}
		}
	}
	switch s.platform {
	case "frr":
		say("%sshow version\nFRRouting 8.4.4 (%s) on Linux(6.1).", prompt, s.name)
		table("ospf", "show ip ospf neighbor", "\nNeighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL", "%-15s   1 Full/DR         3m21s             36.121s %-15s %s:%s                        0     0     0", func(e end) []any { return []any{e.peer.id, e.peerAddress, e.port, e.address} })
		table("isis", "show isis neighbor", "Area 1:\n  System Id           Interface   L  State        Holdtime SNPA", " %-19s %-11s 2  Up            29       2020.2020.2020", func(e end) []any { return []any{e.peer.name, e.port} })
		table("bgp", "show bgp neighbors", "", "BGP neighbor is %s, remote AS 65001, local AS 65002, external link\nHostname: %s\n  BGP version 4, remote router ID %s\nLocal host: %s, Local port: 179\nForeign host: %s, Foreign port: 40000", func(e end) []any { return []any{e.peerAddress, e.peer.name, e.peer.id, e.address, e.peerAddress} })
		say("%sshow ip route\nCodes: K - kernel route, C - connected, L - local, S - static", prompt)
		for _, e := range s.ends {
			say("C>* %s/30 is directly connected, %s, 00:10:00", network(e.address), e.port)
		}
	case "ios", "eos", "nxos":
		say("%sshow version\n%s", prompt, map[string]string{"ios": "Cisco IOS Software, X Software, Version 15.2(7)E3, RELEASE", "eos": "Software image version: 4.30.1F", "nxos": "  NXOS: version 9.3(8)"}[s.platform])
		lead := map[string]string{"eos": "1        default  "}[s.platform]
		table("ospf", "show ip ospf neighbor", "Neighbor ID     Pri   State           Dead Time   Address         Interface", "%-15s "+lead+"1   FULL/DR         00:00:33    %-15s %s", func(e end) []any { return []any{e.peer.id, e.peerAddress, short(e.port)} })
		switch s.platform {
		case "ios":
			table("isis", "show isis neighbors", "System Id      Type Interface   IP Address      State Holdtime Circuit Id", "%-14s L2   %-11s %-15s UP    24       01", func(e end) []any { return []any{e.peer.name, short(e.port), e.peerAddress} })
		case "eos":
			table("isis", "show isis neighbors", "Instance  VRF      System Id        Type Interface          SNPA              State Hold time   Circuit Id", "1         default  %-16s L2   %-18s P2P               UP    27          0F", func(e end) []any { return []any{e.peer.name, e.port} })
		default:
			table("isis", "show isis adjacency", "IS-IS process: 1 VRF: default\nSystem ID       SNPA            Level  State  Hold Time  Interface", "%-15s N/A             2      UP     00:00:25   %s", func(e end) []any { return []any{e.peer.name, e.port} })
		}
		if s.platform != "nxos" {
			say("%sshow ip bgp summary\nBGP router identifier %s, local AS number 65002\nNeighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd", prompt, s.id)
			for _, e := range s.ends {
				if e.by == "bgp" {
					say("%-15s 4        65001      30      31        5    0    0 00:12:33        3", e.peerAddress)
				}
			}
		}
		if s.brief {
			say("%sshow ip interface brief\nInterface              IP-Address      OK? Method Status                Protocol", prompt)
			for _, e := range s.ends {
				say("%-22s %-15s YES NVRAM  up                    up", e.port, e.address)
			}
		}
	case "junos":
		say("%sshow version\nHostname: %s\nModel: mx204\nJunos: 20.4R3.8", prompt, s.name)
		table("ospf", "show ospf neighbor", "Address          Interface              State           ID               Pri  Dead", "%-16s %-22s Full            %-16s 128    35", func(e end) []any { return []any{e.peerAddress, e.port, e.peer.id} })
		table("isis", "show isis adjacency", "Interface             System         L State        Hold (secs) SNPA", "%-21s %-14s 2  Up                    22", func(e end) []any { return []any{e.port, e.peer.name} })
	case "voss":
		say("%sshow sys-info\n        SysDescr     : 5520-24X-FabricEngine (9.0.2.0)\n        SysName      : %s", prompt, s.name)
		table("isis", "show isis adjacencies", "INTERFACE     L STATE        UPTIME PRI HOLDTIME SYSID          HOST-NAME  STATUS AREA AREA-NAME", "Port%-9s 1 UP       1d 02:03:04 127       20 0204.9600.0301 %-10s ACTIVE HOME area-9.00.02", func(e end) []any { return []any{e.port, e.peer.name} })
	case "bird":
		say("%sshow status\nBIRD 2.0.12\nRouter ID is %s\nHostname is %s", prompt, s.id, s.name)
		table("ospf", "show ospf neighbors", "ospf1:\nRouter ID   \tPri\t     State     \tDTime\tInterface  Router IP", "%-12s\t  1\tFull/PtP  \t33.120\t%-10s %s", func(e end) []any { return []any{e.peer.id, e.port, e.peerAddress} })
		table("bgp", "show protocols all", "Name       Proto      Table      State  Since         Info", "p1         BGP        ---        up     10:21:13.221  Established\n    Neighbor address: %s\n    Neighbor AS:      65001\n    Source address:   %s", func(e end) []any { return []any{e.peerAddress, e.address} })
		say("noc@%s:~$ ip -br addr", s.name)
		for _, e := range s.ends {
			say("%s@if7  UP  %s/30", e.port, e.address)
		}
	}
	switch s.platform { // its own ID
	case "frr":
		say("%sshow ip ospf\n OSPF Routing Process, Router ID: %s\n Supports only single TOS (TOS0) routes", prompt, s.id)
	case "ios", "eos", "nxos":
		say("%sshow ip ospf\n Routing Process \"ospf 1\" with ID %s", prompt, s.id)
	case "junos":
		say("%sshow ospf overview\nInstance: master\n  Router ID: %s", prompt, s.id)
	}
	say("%s", strings.TrimSuffix(prompt, "sudo birdc "))
	return w.String()
}

func short(port string) string {
	return strings.NewReplacer("GigabitEthernet", "Gi", "Ethernet1/", "Eth1/", ".0", "").Replace(port)
}

// network is that of an address of a /30.
func network(address string) string {
	var a, b, c, d int
	if _, err := fmt.Sscanf(address, "%d.%d.%d.%d", &a, &b, &c, &d); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%d.%d.%d.%d", a, b, c, d&^3)
}

// spoken is a network of so many routers, joined by links on each of which one protocol runs, some of them two to
// the same other; and its links.
func spoken(seed uint64, size int) (texts, truth []string) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	platforms := []string{"frr", "ios", "eos", "nxos", "junos", "bird", "voss"}
	var list []*speaker
	for i := range size {
		list = append(list, &speaker{name: fmt.Sprintf("r%d", i), platform: platforms[rnd.IntN(len(platforms))], id: fmt.Sprintf("10.255.%d.%d", i/250, i%250+1), brief: rnd.IntN(2) == 0})
	}
	net := 0
	connect := func(x, y *speaker) bool {
		var both []string
		for _, by := range speaks(x.platform) {
			if slices.Contains(speaks(y.platform), by) {
				both = append(both, by)
			}
		}
		if x == y || len(both) == 0 {
			return false
		}
		by := both[rnd.IntN(len(both))]
		a := func(n int) string { return fmt.Sprintf("10.%d.%d.%d", net/64, net%64*4/256, net%64*4+n) }
		p, q := x.port(), y.port()
		x.ends = append(x.ends, end{p, a(1), a(2), q, y, by})
		y.ends = append(y.ends, end{q, a(2), a(1), p, x, by})
		ends := []string{x.name + ":" + short(p), y.name + ":" + short(q)}
		slices.Sort(ends)
		truth = append(truth, strings.Join(ends, " "))
		net++
		return true
	}
	for i := 1; i < size; i++ {
		joined := false
		for try := 0; try < 50 && !joined; try++ {
			joined = connect(list[i], list[rnd.IntN(i)])
		}
	}
	for range size / 2 {
		connect(list[rnd.IntN(size)], list[rnd.IntN(size)])
	}
	for _, s := range list {
		texts = append(texts, s.text())
	}
	slices.Sort(truth)
	return texts, truth
}

// TestRoutingAlone: of networks of 2 to 40 routers, of which only the neighbours of OSPF, IS-IS and BGP came, no link is
// made up, and nearly all come back: not those that are two to the same other where no address tells which is which.
func TestRoutingAlone(t *testing.T) {
	all, back := 0, 0
	for i, size := range []int{2, 3, 5, 8, 12, 16, 20, 25, 32, 40} {
		texts, truth := spoken(uint64(i), size)
		n := inferred(t, written(t, texts...)...)
		var got []string
		for _, l := range n.Links {
			ends := []string{l.A.Node + ":" + short(l.A.Port), l.B.Node + ":" + short(l.B.Port)}
			slices.Sort(ends)
			got = append(got, strings.Join(ends, " "))
		}
		slices.Sort(got)
		right := common(truth, got)
		t.Logf("%2d devices: recall %d of %d links, precision %d of %d; %d contradictions", size, right, len(truth), right, len(got), len(n.Contradictions))
		if right != len(got) || len(n.Nodes) != size || len(n.Contradictions) > 0 {
			t.Errorf("%d devices, %d nodes: %s\n%q", size, len(n.Nodes), cmp.Diff(truth, got), n.Contradictions)
		}
		for _, l := range truth {
			if !slices.Contains(got, l) {
				t.Logf("missing: %s", l)
			}
		}
		all, back = all+len(truth), back+right
	}
	t.Logf("recall %d of %d", back, all)
	if back*100 < all*90 {
		t.Errorf("%d of %d links came back", back, all)
	}
}

// ospfOf is a router that answers for its ID and its neighbours of OSPF, each of which is ID, address, interface.
func ospfOf(name, id string, rows ...string) string {
	text := name + "# show version\nFRRouting 8.4.4 (" + name + ") on Linux(6.1).\n" + name + "# show ip ospf\n OSPF Routing Process, Router ID: " + id + "\n" +
		name + "# show ip ospf neighbor\n\nNeighbor ID     Pri State           Dead Time Address         Interface\n"
	for _, r := range rows {
		f := strings.Fields(r)
		text += fmt.Sprintf("%-15s   1 Full/DR           36.121s %-15s %s\n", f[0], f[1], f[2])
	}
	return text + name + "# \n"
}

// TestRoutingContradictions: what one says of routing and the other denies is told, and where nobody tells how routers
// are joined there is no cable.
func TestRoutingContradictions(t *testing.T) {
	lldp := func(name, row string) string {
		return name + "# show lldp neighbors\nPort          Neighbor Device ID       Neighbor Port ID    TTL\n" + row + "\n" + name + "# \n"
	}
	vlans := "s#show version\nSoftware image version: 4.30.1F\ns#show running-config\nhostname s\nvlan 10\ninterface Ethernet1\n switchport access vlan 10\nend\ns#\n"
	for name, c := range map[string]struct {
		texts         []string
		contradiction string
		unknown       string
		links         []string
	}{
		"both see the other": {
			[]string{ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1:10.0.0.1"), ospfOf("b", "2.2.2.2", "1.1.1.1 10.0.0.1 eth7:10.0.0.2")},
			"", "",
			[]string{"a:eth1 b:eth7 both ospf"},
		},
		"one does not": {
			[]string{ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1:10.0.0.1"), ospfOf("b", "2.2.2.2")},
			"b, whose neighbours came, has none of a", "a port eth1: b is there, a neighbour of ospf", nil,
		},
		"one router ID at two": {
			[]string{ospfOf("a", "1.1.1.1"), ospfOf("b", "1.1.1.1")},
			"1.1.1.1 is the router ID of a and of b", "", nil,
		},
		"the cable leads to another": {
			[]string{ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1:10.0.0.1") + lldp("a", "eth1  c  eth5  120"), ospfOf("b", "2.2.2.2", "1.1.1.1 10.0.0.1 eth7:10.0.0.2"), ospfOf("c", "3.3.3.3")},
			"a:eth1 is cabled to c:eth5 (lldp), and has b as a neighbour of ospf there", "",
			[]string{"a:eth1 c:eth5 one lldp"},
		},
		"the cable leads to a switch": {
			[]string{ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1:10.0.0.1") + lldp("a", "eth1  s  Ethernet1  120"), ospfOf("b", "2.2.2.2", "1.1.1.1 10.0.0.1 eth7:10.0.0.2"), vlans},
			"", "a has b as a neighbour of ospf at eth1, across s",
			[]string{"a:eth1 s:Ethernet1 one lldp"},
		},
		"a segment": {
			[]string{
				ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1:10.0.0.1", "3.3.3.3 10.0.0.3 eth1:10.0.0.1"), ospfOf("b", "2.2.2.2", "1.1.1.1 10.0.0.1 eth7:10.0.0.2", "3.3.3.3 10.0.0.3 eth7:10.0.0.2"),
				ospfOf("c", "3.3.3.3", "1.1.1.1 10.0.0.1 eth9:10.0.0.3", "2.2.2.2 10.0.0.2 eth9:10.0.0.3"),
			},
			"", "a port eth1: it has 2 neighbours of ospf: a segment is between them", nil,
		},
		"two to the same other": {
			[]string{ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1", "2.2.2.2 10.0.0.6 eth2"), ospfOf("b", "2.2.2.2", "1.1.1.1 10.0.0.1 eth1", "1.1.1.1 10.0.0.5 eth2")},
			"", "a port eth1: b is there, a neighbour of ospf; at which of its ports is not known", nil,
		},
		"of nobody": {
			[]string{ospfOf("a", "1.1.1.1", "9.9.9.9 10.0.0.2 eth1:10.0.0.1")},
			"", "a: of 9.9.9.9, its neighbour of ospf at eth1, no file came", nil,
		},
		"cut in the middle of the table": {
			[]string{ospfOf("a", "1.1.1.1", "2.2.2.2 10.0.0.2 eth1:10.0.0.1"), ospfOf("b", "2.2.2.2", "1.1.1.1 10.0.0.1 eth7:10.0.0.2")[:240]},
			"", "", nil,
		},
	} {
		n := inferred(t, written(t, c.texts...)...)
		if all := strings.Join(n.Contradictions, "\n"); c.contradiction == "" && len(n.Contradictions) > 0 && name != "cut in the middle of the table" || !strings.Contains(all, c.contradiction) {
			t.Errorf("%s: contradictions %q, want %q", name, n.Contradictions, c.contradiction)
		}
		if !strings.Contains(strings.Join(n.Unknown, "\n"), c.unknown) {
			t.Errorf("%s: unknown %q, want %q", name, n.Unknown, c.unknown)
		}
		if diff := cmp.Diff(c.links, links(n)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestManyNeighbours: a device that lists ever more of them has an end.
func TestManyNeighbours(t *testing.T) {
	var rows []string
	for i := range 20_000 {
		rows = append(rows, fmt.Sprintf("9.9.%d.%d 10.0.%d.%d eth%d:10.1.%d.%d", i/250, i%250, i/250, i%250, i, i/250, i%250))
	}
	n := inferred(t, written(t, ospfOf("a", "1.1.1.1", rows...))...)
	if len(n.Unknown) > 1100 || !strings.Contains(strings.Join(n.Unknown, "\n"), "it lists more than 1000 neighbours") {
		t.Errorf("%d things are not known", len(n.Unknown))
	}
}

// TestAggregatesAreNoCables: a neighbour at an aggregate, or a network that two aggregates are in, is at the cables of
// its members and makes no further one; both ends have their addresses at the same cable, in whatever order they list
// their members.
func TestAggregatesAreNoCables(t *testing.T) {
	const head = "Capability codes:\n    (R) Router, (B) Bridge, (O) Other\n\nDevice ID           Local Intf     Hold-time  Capability      Port ID\n"
	router := func(name, other, own, theirs, first, second string, ospf bool) string {
		text := name + "#show version\nCisco IOS Software, C3750E Software, Version 15.2(4)E8, RELEASE SOFTWARE (fc3)\n" + name + "#show running-config\nhostname " + name +
			"\ninterface Port-channel1\n no switchport\n ip address " + own + " 255.255.255.252\ninterface GigabitEthernet1/0/1\n channel-group 1 mode active\ninterface GigabitEthernet1/0/2\n channel-group 1 mode active\n" +
			"router ospf 1\n network 10.0.0.0 0.0.0.3 area 0\nend\n" +
			name + "#show lldp neighbors\n" + head + other + "                   Gi1/0/1        120        B,R             " + first + "\n" + other + "                   Gi1/0/2        120        B,R             " + second + "\n\nTotal entries displayed: 2\n"
		if ospf {
			text += name + "#show ip ospf neighbor\n\nNeighbor ID     Pri   State           Dead Time   Address         Interface\n" + theirs + "          1   FULL/DR         00:00:36    " + theirs + "        Port-channel1\n"
		}
		return text + name + "#\n"
	}
	fabric := func(name, other, address string) string {
		return name + ":1#show running-config\n# software version     : 8.10.1.0\nconfig terminal\nvlan create 4051 name \"vist\" type port-mstprstp 0\ninterface vlan 4051\nip address " + address + " 255.255.255.252\nexit\nmlt 1 enable name \"core uplink\"\nmlt 1 member 1/1-1/2\nend\n" +
			name + ":1#show lldp neighbor\n                                      LLDP Neighbor\n" +
			"Port: 1/1       Index    : 1                Time: 0 day(s), 00:01:02\n                ChassisId: MAC Address        02:04:96:00:00:01\n                PortId   : IfName             1/1\n                SysName  : " + other + "\n" +
			"Port: 1/2       Index    : 2                Time: 0 day(s), 00:01:02\n                ChassisId: MAC Address        02:04:96:00:00:01\n                PortId   : IfName             1/2\n                SysName  : " + other + "\nTotal Neighbors : 2\n" +
			name + ":1#show isis adjacencies\n                                             ISIS Adjacencies\nINTERFACE  L STATE        UPTIME PRI HOLDTIME SYSID          HOST-NAME       STATUS    AREA          AREA-NAME\n----\n" +
			"Mlt1       1 UP      1d 03:22:11 127       23 02bb.0000.0200 " + other + "              ACTIVE    HOME          area-49.0001\n----\n  1 out of 1 interfaces have formed an adjacency\n" + name + ":1#\n"
	}
	for name, c := range map[string]struct {
		texts []string
		want  []string
	}{
		"a network": {
			[]string{router("a", "b", "10.0.0.1", "10.0.0.2", "Gi1/0/1", "Gi1/0/2", false), router("b", "a", "10.0.0.2", "10.0.0.1", "Gi1/0/1", "Gi1/0/2", false)},
			[]string{"a:GigabitEthernet1/0/1 b:GigabitEthernet1/0/1 both lldp+10.0.0.0/30", "a:GigabitEthernet1/0/2 b:GigabitEthernet1/0/2 both lldp+10.0.0.0/30"},
		},
		"OSPF, and crossed": {
			[]string{router("a", "b", "10.0.0.1", "10.0.0.2", "Gi1/0/2", "Gi1/0/1", true), router("b", "a", "10.0.0.2", "10.0.0.1", "Gi1/0/2", "Gi1/0/1", true)},
			[]string{"a:GigabitEthernet1/0/1 b:GigabitEthernet1/0/2 both lldp+ospf+10.0.0.0/30", "a:GigabitEthernet1/0/2 b:GigabitEthernet1/0/1 both lldp+ospf+10.0.0.0/30"},
		},
		"IS-IS at an MLT": {
			[]string{fabric("a", "b", "10.98.0.1"), fabric("b", "a", "10.98.0.2")},
			[]string{"a:1/1 b:1/1 both lldp+isis+10.98.0.0/30", "a:1/2 b:1/2 both lldp+isis+10.98.0.0/30"},
		},
	} {
		n := inferred(t, written(t, c.texts...)...)
		if diff := cmp.Diff(c.want, links(n)); diff != "" || len(n.Contradictions) > 0 {
			t.Errorf("%s: %s%q", name, diff, n.Contradictions)
		}
		at := map[string]string{} // the lab's port with the address, by node
		for _, node := range n.Nodes {
			if before, _, ok := strings.Cut(node.Config, "\n description Port-channel1"); ok {
				at[node.Name] = before[strings.LastIndex(before, " ")+1:]
			}
		}
		for _, l := range n.Links {
			if x, y := n.Of("a").Ports[l.A.Port] == at["a"], n.Of("b").Ports[l.B.Port] == at["b"]; x != y {
				t.Errorf("%s: the addresses are at %v, which are two cables", name, at)
			}
		}
	}
}

// TestSlotOfOne: a switch that is no stack has its ports in slot 1 for EDP alone.
func TestSlotOfOne(t *testing.T) {
	exos := func(name, peer, port, edp string) string {
		return "* " + name + ".1 # show switch\nSysName:          " + name + "\n* " + name + ".2 # show version\nImage   : ExtremeXOS version 32.7.1.9 by release-manager\n* " + name + ".3 # show lldp neighbors\n" +
			"Port     Neighbor Chassis ID      Neighbor Port ID    TTL     Age   Neighbor System Name\n====\n" + port + "        02:04:96:00:00:01        5                   120     12    " + peer + "\n====\n* " +
			name + ".4 # show edp ports all\nPort  Neighbor              Neighbor-ID             Remote   Age  Num\n                                                    Port          Vlans\n====\n" + port + "     " + peer + "                    00:00:02:04:96:00:00:01 " + edp + "      12   3\n====\n* " + name + ".5 # \n"
	}
	n := inferred(t, written(t, exos("x1", "x2", "5", "1:5"), exos("x2", "x1", "5", "1:5"))...)
	if diff := cmp.Diff([]string{"x1:5 x2:5 both lldp+edp"}, links(n)); diff != "" || len(n.Contradictions) > 0 {
		t.Errorf("%s%q", diff, n.Contradictions)
	}
	n = inferred(t, written(t, exos("x1", "x2", "5", "1:5"), exos("x2", "x1", "1:5", "1:5"))...) // a stack
	if len(n.Contradictions) == 0 {
		t.Errorf("LLDP's port 5 and EDP's 1:5 of a stack are one: links %v", links(n))
	}
}
