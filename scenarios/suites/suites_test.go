package suites_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/spec"
	"github.com/reprise-lab/reprise/scenarios/suite"
	"github.com/reprise-lab/reprise/scenarios/suites"
)

// cells gives the cells of a suite by key. A suite is expanded once.
func cells(t *testing.T, name string) map[string]suite.Cell {
	t.Helper()
	once, _ := expanded.LoadOrStore(name, sync.OnceValues(func() (map[string]suite.Cell, error) {
		s, err := suite.Load(name)
		if err != nil {
			return nil, err
		}
		list, err := s.Cells()
		if err != nil {
			return nil, err
		}
		by := map[string]suite.Cell{}
		for _, c := range list {
			by[c.Key()] = c
		}
		return by, nil
	}))
	by, err := once.(func() (map[string]suite.Cell, error))()
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// expanded holds what cells made, by suite: the suites do not change while tests run.
var expanded sync.Map

// condition is what of a cell's scenario these tests look at.
type condition struct{ Name, Node, Expect, Eventually string }

// phases are the conditions of a cell, by the scenario's key.
func phases(t *testing.T, c suite.Cell) map[string][]condition {
	t.Helper()
	var s struct {
		Baseline, Expect []condition
		Stimulus         []struct {
			WaitFor *condition `yaml:"wait-for"`
		}
	}
	if err := yaml.Unmarshal(c.Files["scenario.yaml"], &s); err != nil {
		t.Fatal(err)
	}
	out := map[string][]condition{"baseline": s.Baseline, "expect": s.Expect}
	for _, step := range s.Stimulus {
		if step.WaitFor != nil {
			out["stimulus"] = append(out["stimulus"], *step.WaitFor)
		}
	}
	return out
}

// What a look of a suite says of answers that it was, or is, easily misled by.
func TestLooks(t *testing.T) {
	members := func(list string) scenarios.View {
		return scenarios.View{Rows: []map[string]any{{"ID": "1", "MEMBERS": list}}, Ports: map[string]string{"p1": "1/1", "p2": "1/2"}}
	}
	// What the kernel says of two ports of a bond, by whom it has heard there.
	slaves := func(partners ...string) string {
		out := "Partner Mac Address: 02:00:00:00:00:01\n"
		for i, p := range partners {
			out += fmt.Sprintf("\nSlave Interface: eth%d\ndetails actor lacp pdu:\n    system priority: 2000\ndetails partner lacp pdu:\n    system priority: 1000\n    system mac address: %s\n    oper key: 1\n", i+1, p)
		}
		return out
	}
	// What Open vSwitch says of two members of a bond, by whom it has heard there.
	lacp := func(word, mac1, mac2 string) scenarios.View {
		out := "---- bond0 ----\n\tstatus: active negotiated\n\tsys_id: 02:00:00:00:00:01\n\tlacp_time: fast\n"
		for i, mac := range []string{mac1, mac2} {
			out += fmt.Sprintf("\n%s: eth%d: current attached\n\tport_id: %d\n\n\tactor sys_id: 02:00:00:00:00:01\n\tactor sys_priority: 1000\n\n\tpartner sys_id: %s\n\tpartner sys_priority: 2000\n\tpartner port_id: 1\n", word, i+1, i+1, mac)
		}
		return scenarios.View{Text: out}
	}
	// What the tester says of a session that fell so often.
	downs := func(n int) scenarios.View {
		return scenarios.View{Text: fmt.Sprintf(`{"neighbors": {"10.0.0.1": {"state": "established", "downs": %d}}}`, n)}
	}
	fell := downs(1)
	// What the tester says of its two ports, and the kernel of a bond that carries over so many.
	sessions := func(eth1, said string) scenarios.View {
		return scenarios.View{Text: fmt.Sprintf(`{"sessions": {"eth1": {"state": %q, "received": {}, "peer": {"state": [%s]}}, "eth2": {"state": "distributing"}}}`, eth1, said)}
	}
	bond := func(ports int) scenarios.View {
		return scenarios.View{Text: fmt.Sprintf("Active Aggregator Info:\n\tAggregator ID: 1\n\tNumber of ports: %d\n\nSlave Interface: eth1\nAggregator ID: 1\n\nSlave Interface: eth2\nAggregator ID: 2\n", ports)}
	}
	for name, tc := range map[string]struct {
		suite, cell, condition string
		seen                   scenarios.View
		want                   bool
		before                 *scenarios.View // the setup
	}{
		"hold time that is configured alone": {"bgp", "hold-time[dut=frr@10.3,peer=bird@2.17.6]", "dut: the hold time is 30 seconds", scenarios.View{Text: "  BGP state = Established, up for 00:00:05\n  Hold time is 90 seconds, keepalive interval is 10 seconds\n  Configured hold time is 30 seconds, keepalive interval is 10 seconds\n"}, false, nil},
		"hold time that was agreed upon":     {"bgp", "hold-time[dut=frr@10.3,peer=bird@2.17.6]", "dut: the hold time is 30 seconds", scenarios.View{Text: "  BGP state = Established, up for 00:00:05\n  Hold time is 30 seconds, keepalive interval is 10 seconds\n"}, true, nil},
		"several paths that we alone offer":  {"bgp", "add-path[dut=frr@10.3,peer=bird@2.17.6]", "dut: the session carries several paths for a prefix", scenarios.View{Text: "    AddPath:\n      IPv4 Unicast: TX advertised\n    Route refresh: advertised and received(new)\n"}, false, nil},
		"several paths that both offer":      {"bgp", "add-path[dut=frr@10.3,peer=bird@2.17.6]", "dut: the session carries several paths for a prefix", scenarios.View{Text: "    AddPath:\n      IPv4 Unicast: TX advertised and received\n"}, true, nil},
		"an aggregate of one link":           {"extreme", "lacp-aggregate[dut=voss@9.0.3,peer=exos@33.1.1]", "dut: both links are in the aggregate", members("1/1"), false, nil},
		"an aggregate of another link":       {"extreme", "lacp-aggregate[dut=voss@9.0.3,peer=exos@33.1.1]", "dut: both links are in the aggregate", members("1/1,1/3"), false, nil},
		"an aggregate as a range":            {"extreme", "lacp-aggregate[dut=voss@9.0.3,peer=exos@33.1.1]", "dut: both links are in the aggregate", members("1/1-1/2"), true, nil},
		"a port of Linux that has a partner": {"lacp-kernel", "aggregation[dut=ovs@3.1.0,peer=bonding@6.1,lacp=active]", "peer: its port eth1 is enabled", scenarios.View{Text: "/sys/class/net/eth1/bonding_slave/ad_actor_oper_port_state:15\n/sys/class/net/eth1/bonding_slave/ad_partner_oper_port_state:63\n"}, false, nil},
		"a port of Linux that distributes":   {"lacp-kernel", "aggregation[dut=ovs@3.1.0,peer=bonding@6.1,lacp=active]", "peer: its port eth1 is enabled", scenarios.View{Text: "/sys/class/net/eth1/bonding_slave/ad_actor_oper_port_state:63\n/sys/class/net/eth1/bonding_slave/ad_partner_oper_port_state:61\n"}, true, nil},
		"the partner of another port":        {"lacp-kernel", "aggregation[dut=ovs@3.1.0,peer=bonding@6.1,lacp=active]", "peer: its partner on eth1 is 02:00:00:00:00:01 of priority 1000", scenarios.View{Text: slaves("00:00:00:00:00:00", "02:00:00:00:00:01")}, false, nil},
		"the partner of the port":            {"lacp-kernel", "aggregation[dut=ovs@3.1.0,peer=bonding@6.1,lacp=active]", "peer: its partner on eth1 is 02:00:00:00:00:01 of priority 1000", scenarios.View{Text: slaves("02:00:00:00:00:01", "00:00:00:00:00:00")}, true, nil},
		"a bridge that is not the root":      {"stp-kernel", "linux-root[dut=ovs@3.1.0,peer=bridge@6.1]", "peer: its bridge is the root", scenarios.View{Text: "root 1000.020000000001 of bridge 8000.020000000002, at a cost of 04\n"}, false, nil},
		"BPDUs of both kinds":                {"stp-kernel", "migration[dut=ovs@3.1.0,peer=bridge@6.1]", "peer: eth1 hears STP 802.1d, Config, and no 802.1w in seven seconds", scenarios.View{Text: "STP 802.1d, Config, Flags [none]\nSTP 802.1w, Rapid STP, Flags [Learn]\n"}, false, nil},
		"another one's best route":           {"bgp-reflector", "originator-compared[dut=frr@10.3,peer=tester@1,third=tester@1]", "dut: the route to 192.0.2.0/24 by 10.0.0.3 is the best", scenarios.View{Text: "    10.0.0.2 from 10.0.0.2 (9.9.9.9)\n      valid, internal, best (Router ID)\n    10.0.0.3 from 10.0.0.3 (8.8.8.8)\n      valid, internal\n"}, false, nil},
		"a session that fell in the setup":   {"bgp-reflector", "cluster-loop[dut=frr@8.4.4,peer=tester@1,third=tester@1,cluster=]", "peer: the session was dropped", downs(1), false, &fell},
		"a session that falls":               {"bgp-reflector", "cluster-loop[dut=frr@8.4.4,peer=tester@1,third=tester@1,cluster=]", "peer: the session was dropped", downs(2), true, &fell},
		"one of BGP that fell in the setup":  {"bgp", "as-loop[dut=frr@10.3,peer=tester@1]", "peer: the session was dropped", downs(1), false, &fell},
		"one of BGP that falls":              {"bgp", "as-loop[dut=frr@10.3,peer=tester@1]", "peer: the session was dropped", downs(2), true, &fell},
		"the other member's partner, before": {"lacp", "aggregation[dut=ovs@2.15.0,peer=ovs@3.1.0,dut-mode=active]", "dut: its partner on eth1 is 02:00:00:00:00:02", lacp("slave", "00:00:00:00:00:00", "02:00:00:00:00:02"), false, nil},
		"the member's partner":               {"lacp", "aggregation[dut=ovs@2.15.0,peer=ovs@3.1.0,dut-mode=active]", "dut: its partner on eth1 is 02:00:00:00:00:02", lacp("slave", "02:00:00:00:00:02", "00:00:00:00:00:00"), true, nil},
		"the other member's partner":         {"lacp-kernel", "aggregation[dut=ovs@3.1.0,peer=bonding@6.1,lacp=active]", "dut: its partner on eth1 is 02:00:00:00:00:02 of priority 2000", lacp("member", "00:00:00:00:00:00", "02:00:00:00:00:02"), false, nil},
		"the member's partner, now":          {"lacp-kernel", "aggregation[dut=ovs@3.1.0,peer=bonding@6.1,lacp=active]", "dut: its partner on eth1 is 02:00:00:00:00:02 of priority 2000", lacp("member", "02:00:00:00:00:02", "00:00:00:00:00:00"), true, nil},
		"two that stand alone":               {"lacp-kernel", "individual[dut=bonding@6.1,peer=tester@1]", "dut: the aggregator that carries has 1 of the two ports", bond(2), false, nil},
		"one that stands alone":              {"lacp-kernel", "individual[dut=bonding@6.1,peer=tester@1]", "dut: the aggregator that carries has 1 of the two ports", bond(1), true, nil},
		"a tester that is only heard":        {"lacp", "aggregation[dut=ovs@3.1.0,peer=tester@1,dut-mode=active]", "peer: its member eth1 is enabled", sessions("current", ""), false, nil},
		"a tester that distributes":          {"lacp", "aggregation[dut=ovs@3.1.0,peer=tester@1,dut-mode=active]", "peer: its member eth1 is enabled", sessions("distributing", ""), true, nil},
		"who says that it collects":          {"lacp-kernel", "not-in-sync[dut=bonding@6.1,peer=tester@1]", "peer: its partner on eth1 says that it collects or distributes", sessions("current", `"collecting"`), true, nil},
		"who says that it is in sync":        {"lacp-kernel", "not-in-sync[dut=bonding@6.1,peer=tester@1]", "peer: its partner on eth1 says that it collects or distributes", sessions("current", `"synchronization"`), false, nil},
		"who is silent":                      {"lacp-kernel", "passive[dut=bonding@6.1,peer=tester@1]", "peer: an LACPDU was received", sessions("defaulted", ""), false, nil},
		"an aggregate as a list":             {"extreme", "lacp-aggregate[dut=voss@9.0.3,peer=exos@33.1.1]", "dut: both links are in the aggregate", members("1/1,1/2"), true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, there := cells(t, tc.suite)[tc.cell]
			if !there {
				t.Fatalf("no cell %s", tc.cell)
			}
			list := phases(t, c)["expect"]
			i := slices.IndexFunc(list, func(c condition) bool { return c.Name == tc.condition })
			if i < 0 {
				t.Fatalf("no condition %q among %v", tc.condition, list)
			}
			p, err := scenarios.CompilePredicate(list[i].Expect, true)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Eval(tc.seen, tc.before)
			if err != nil || got != tc.want {
				t.Errorf("%s: got %v, %v; want %v", list[i].Expect, got, err, tc.want)
			}
		})
	}
}

// Conditions without which a test would pass, or fail, for a router that does not take part, or for what was so before.
func TestConditions(t *testing.T) {
	for name, tc := range map[string]struct{ suite, cell, phase, says string }{
		"keepalived runs":                      {"extreme", "vrrp-priority[dut=exos@33.1.1,peer=keepalived@2.3.3]", "", "pidof keepalived >/dev/null && ip -o -4"},
		"the other is there":                   {"extreme", "ospf-hello-mismatch[dut=exos@33.1.1,peer=frr@10.3]", "baseline", "peer: 10.0.10.1 answers"},
		"the other switch is there":            {"extreme", "ospf-hello-mismatch[dut=voss@9.0.3,peer=exos@33.1.1]", "baseline", "peer: 10.0.10.1 answers"},
		"the dut marks the route":              {"bgp", "otc[dut=frr@10.3,peer=tester@1]", "expect", "peer: the route to 192.0.2.0/24 has attribute 35 with 0000fde9"},
		"the poisoned route":                   {"bgp", "prefix-sid[dut=frr@10.3,peer=tester@1,poison=prefix-sid-label]", "expect", "dut: the route stays"},
		"BGP is there":                         {"ra", "unasked[dut=frr@10.3,h1=linux@12]", "baseline", "BGP looks for its neighbour"},
		"the router answers, not the host":     {"ra", "unasked[dut=frr@10.3,h1=linux@12]", "", "fe80::ff:fe00:1%eth1"},
		"who may not preempt takes part":       {"vrrp", "preempt[dut=keepalived@2.3.3,peer=frr@10.3]", "stimulus", "dut: it is Backup"},
		"no adjacency of before":               {"isis", "type-flap[dut=frr@10.3,peer=frr@10.3]", "", "consistently: 65s"},
		"the tree had turned round":            {"stp-kernel", "priority[dut=ovs@3.1.0,peer=bridge@6.1]", "stimulus", "peer: eth1 is Root and Forwarding"},
		"the port lost its place":              {"rstp", "agreement[dut=ovs@3.5.0,peer=ovs@3.5.0]", "stimulus", "dut: eth1 has lost its place"},
		"the peer's port lost its place":       {"rstp", "agreement[dut=ovs@3.5.0,peer=ovs@3.5.0]", "stimulus", "peer: eth1 has lost its place"},
		"forgotten in time":                    {"lldp", "ageing[dut=lldpd@1.0.18,peer=lldpd@1.0.18]", "", `eventually: "25s"`},
		"Open vSwitch forgotten in time":       {"lldp", "ageing[dut=lldpd@1.0.18,peer=ovs@3.5.0]", "", `eventually: "130s"`},
		"the route has come":                   {"bgp-reflector", "not-reflected[dut=frr@10.3,peer=tester@1,third=tester@1]", "expect", "dut: there is a route to 192.0.2.0/24"},
		"a route that is no loop":              {"bgp-reflector", "cluster-loop[dut=frr@10.3,peer=tester@1,third=tester@1,cluster=5.5.5.5]", "expect", "third: it gets a route to 198.51.100.0/24"},
		"nothing is due for half a minute":     {"lacp", "rate-change[dut=ovs@3.1.0,peer=tester@1]", "stimulus", "dut has sent"},
		"it says that it left":                 {"lacp", "moved[dut=ovs@3.1.0,peer=tester@1]", "stimulus", "dut tells that eth2 is not in sync"},
		"it heard both links":                  {"lacp", "individual[dut=ovs@3.1.0,peer=tester@1]", "baseline", "dut: its partner on eth2 is 02:00:00:00:00:02"},
		"the kernel heard both links":          {"lacp-kernel", "individual[dut=bonding@6.1,peer=tester@1]", "baseline", "dut: it hears 02:00:00:00:00:02 on eth2"},
		"the bond had lost its carrier":        {"lacp-kernel", "min-links[dut=bonding@6.1,peer=bonding@6.1]", "stimulus", "peer: bond0 has no carrier"},
		"something is sent slowly":             {"bfd", "slow-start[dut=frr@10.3,peer=bird@2.17.6]", "expect", "dut sends"},
		"something is sent as the other wants": {"bfd", "negotiation[dut=frr@10.3,peer=bird@2.17.6]", "expect", "the peer sends"},
	} {
		t.Run(name, func(t *testing.T) {
			c, there := cells(t, tc.suite)[tc.cell]
			if !there {
				t.Fatalf("no cell %s", tc.cell)
			}
			if tc.phase == "" {
				if text := string(c.Files["scenario.yaml"]); !strings.Contains(text, tc.says) {
					t.Errorf("%q is not in\n%s", tc.says, text)
				}
				return
			}
			list := phases(t, c)[tc.phase]
			if !slices.ContainsFunc(list, func(c condition) bool { return c.Name == tc.says }) {
				t.Errorf("no condition %q among %v", tc.says, list)
			}
		})
	}
}

// The reference speaker that takes the dut's place does what the test has the dut do.
func TestReferenceIsPassive(t *testing.T) {
	for name, key := range map[string]string{
		"lacp":        "aggregation[dut=ovs@3.1.0,peer=ovs@3.5.0,dut-mode=passive]",
		"lacp-kernel": "aggregation[dut=bonding@6.1,peer=bonding@6.12,lacp=passive]",
	} {
		s, err := suite.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		against, err := s.Against(cells(t, name)[key], "peer")
		if err != nil {
			t.Fatal(err)
		}
		if config := string(against.Files["dut.conf"]); !strings.Contains(config, "passive: true") {
			t.Errorf("%s: the dut of %s is\n%s", name, against.Key(), config)
		}
	}
}

// Requirements that no test looks at are not counted as covered.
func TestUncovered(t *testing.T) {
	for id, name := range map[string]string{
		"rfc4271/6.5-hold-expired": "bgp", "rfc4486/4-shutdown": "bgp", "rfc4271/9-unrecognized": "bgp", "rfc7911/3-nlri": "bgp", "rfc5082/3-ttl": "bgp",
		"rfc5880/6.1-passive": "bfd", "rfc5340/2.5-link-local": "ospfv3", "rfc3376/4.2.14-destination": "igmp-pim", "ieee8021ab/9.2.5.22-txttl": "lldp",
		"rfc4456/6-non-client-alone": "bgp-reflector",
	} {
		s, err := suite.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(s.Requirements, func(r spec.Requirement) bool { return r.ID == id }) {
			t.Errorf("%s: there is no requirement %s", name, id)
		}
		for _, c := range cells(t, name) {
			if slices.Contains(c.Test.Requirements, id) {
				t.Errorf("%s counts %s as covered", c.Test.ID, id)
				break
			}
		}
	}
}

// A version that nobody tried is not said to have what is known of others.
func TestBoundsWereTried(t *testing.T) {
	for _, name := range suites.Names() {
		s, err := suite.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		tried := map[string]bool{}
		for _, c := range cells(t, name) {
			for _, subject := range c.Subjects {
				tried[subject.Version] = true
			}
		}
		for _, d := range s.Deviations {
			for _, word := range strings.FieldsFunc(d.Versions, func(r rune) bool { return strings.ContainsRune("<>=, ", r) }) {
				if !tried[word] {
					t.Errorf("%s: %s is bound by version %s, which the suite has no subject of", name, d.ID, word)
				}
			}
			if d.ID == "frr-unknown-well-known" && d.Kind != "bug" {
				t.Errorf("%s is %s: RFC 4271 section 6.3 is a MUST", d.ID, d.Kind)
			}
		}
	}
}

// The cells that documents and helps name are there.
func TestCellsOfExamples(t *testing.T) {
	key := regexp.MustCompile(`matrices/20261129T(?:…|101500Z-(\w+)-1f2e) '([^']+)'`)
	for _, file := range []string{"README.md", "../../harness/experiment/README.md", "../../cmd/reprise/escalate/case_fromcell.go", "../../cmd/reprise/interop/matrix_explain.go"} {
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		found := key.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names no cell", file)
		}
		for _, m := range found {
			if _, there := cells(t, cmp.Or(m[1], "ospfv2"))[m[2]]; !there {
				t.Errorf("%s: %s is no cell", file, m[2])
			}
		}
	}
}
