package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// spoken is a device and a tester on one or two links.
type spoken struct {
	res     topologies.Reservation
	drivers map[string]drivers.Driver
}

// device is what a tester speaks to.
type device struct {
	platform, image, config string
	links                   int
	beside                  string // the configuration of a second one, r2, of the same image: all three are on a LAN
	files                   map[string][]byte
	services                []drivers.Service
}

// speak starts a device, r1, and a tester, t1, in a lab of a provider.
func speak(t *testing.T, p topologies.Provider, r1 device, config string) spoken {
	t.Helper()
	top := topologies.Topology{Name: "testers", Nodes: []topologies.Node{
		{Name: "r1", Kind: "linux", Image: r1.image}, {Name: "t1", Kind: "linux", Image: "reprise/debian:bookworm"},
	}}
	devices := map[string]device{"r1": r1, "t1": {platform: "tester", config: config}}
	if r1.beside == "" {
		for _, port := range []string{"eth1", "eth2"}[:max(r1.links, 1)] {
			top.Links = append(top.Links, topologies.Link{A: topologies.Endpoint{Node: "r1", Interface: port}, B: topologies.Endpoint{Node: "t1", Interface: port}})
		}
	} else {
		devices["r2"] = device{platform: r1.platform, image: r1.image, config: r1.beside}
		top.Nodes = append(top.Nodes, topologies.Node{Name: "r2", Kind: "linux", Image: r1.image}, topologies.Node{Name: "lan", Kind: topologies.KindBridge, Image: "reprise/debian:bookworm"})
		for _, node := range []string{"r1", "r2", "t1"} {
			top.Links = append(top.Links, topologies.Link{A: topologies.Endpoint{Node: node, Interface: "eth1"}, B: topologies.Endpoint{Node: "lan", Interface: "to-" + node}})
		}
	}
	res, err := p.Reserve(t.Context(), top, topologies.Options{Run: topologiestest.RunName(t, "testers"), Lab: 1, Replug: true})
	if res != nil {
		t.Cleanup(func() { _ = res.Release(context.Background()) })
	}
	if err != nil {
		t.Fatal(err)
	}
	reg, err := cli.Registry()
	if err != nil {
		t.Fatal(err)
	}
	s := spoken{res, map[string]drivers.Driver{}}
	for name, d := range devices {
		host, err := res.Host(name)
		if err != nil {
			t.Fatal(err)
		}
		open, err := reg.Open(t.Context(), d.platform, drivers.Target{Node: name, Host: host, Config: []byte(d.config), Services: d.services})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = open.Close(context.Background()) })
		s.drivers[name] = open
		for path, data := range d.files {
			if err := host.WriteFile(t.Context(), path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		booter, ok := drivers.As[drivers.Booter](open)
		if !ok {
			t.Fatalf("%s does not boot", name)
		}
		if err := booter.Boot(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return s
}

// ask gives what a node answers: r1's shell where the line begins with an exclamation mark.
func (s spoken) ask(t *testing.T, node, line string) (string, string) {
	t.Helper()
	x, err := s.drivers[node].Run(t.Context(), drivers.Command{Line: line})
	if shell, ok := strings.CutPrefix(line, "!"); ok {
		sh, is := drivers.As[drivers.Sheller](s.drivers[node])
		if !is {
			t.Fatalf("%s has no shell", node)
		}
		x, err = sh.Shell(t.Context(), drivers.Command{Line: shell})
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", node, line, err)
	}
	return x.Output, x.Rejected
}

// order has the tester do something.
func (s spoken) order(t *testing.T, line string) string {
	t.Helper()
	out, refused := s.ask(t, "t1", line)
	if refused != "" {
		t.Fatalf("%s: %s", line, refused)
	}
	return out
}

// until waits until an expression over what a node answers is true: over json, where that is some, and text.
func (s spoken) until(t *testing.T, node, line, want string) {
	t.Helper()
	p, err := expr.Compile(want, expr.AsBool(), expr.AllowUndefinedVariables())
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for begin := time.Now(); time.Since(begin) < patience; <-time.After(100 * time.Millisecond) {
		text, _ = s.ask(t, node, line)
		var value any
		_ = json.Unmarshal([]byte(text), &value) // then it is text
		if ok, err := expr.Run(p, map[string]any{"text": text, "json": value}); err == nil && ok == true {
			return
		}
	}
	sessions, _ := s.ask(t, "t1", "show sessions")
	t.Fatalf("%s: %s is not so that %s:\n%s\n%s", node, line, want, text, sessions)
}

// spaces are labs of namespaces, where this machine has them.
func spaces(t *testing.T) topologies.Provider {
	t.Helper()
	needSpaces(t)
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const bfdd = `hostname r1
interface eth1
 ip address 10.0.0.2/24
bfd
 peer 10.0.0.1 interface eth1
  receive-interval 300
  transmit-interval 300
 exit
`

// TestTesterBFD: a tester comes up with bfdd from an address that its node does not have, is obeyed in its times, and
// what is changed of its packets on purpose is refused by it, so that the session goes down.
func TestTesterBFD(t *testing.T) {
	for _, image := range []string{"reprise/frr:8.4.4", "reprise/frr:10.3"} {
		p := spaces(t)
		s := speak(t, p, device{platform: "frr", image: image, config: bfdd}, `interfaces: {eth1: []}
sessions:
  - {name: b, port: eth1, bfd: {local: 10.0.0.1, remote: 10.0.0.2, min-tx: 100ms, my-discriminator: 7}}
`)
		s.until(t, "r1", "show bfd peers json", `json[0].status == "up" and json[0]["remote-id"] == 7 and json[0]["remote-transmit-interval"] == 100`)
		s.until(t, "t1", "show sessions", `json.sessions.b.state == "up" and json.sessions.b.ups == 1 and json.sessions.b.peer["detect-mult"] == 3`)
		s.order(t, "change {name: b, alter: [{length: 23}]}")
		s.until(t, "r1", "show bfd peers json", `json[0].status == "down" and json[0].diagnostic startsWith "control detection time expired"`)
		s.until(t, "t1", "show sessions", `json.sessions.b.downs == 1 and json.sessions.b.altered > 2`)
		s.order(t, "change {name: b, alter: []}")
		s.until(t, "r1", "show bfd peers json", `json[0].status == "up"`)
		s.order(t, "change {name: b, bfd: {state: admin-down, diagnostic: 7}}")
		s.until(t, "r1", "show bfd peers json", `json[0].status == "down" and json[0]["remote-diagnostic"] == "administratively down"`)
		// A port that was pulled and put back is another one, under the same name.
		topologiestest.Inject(t, s.res, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"}})
		s.order(t, "change {name: b, bfd: {state: '', diagnostic: 0}}")
		s.until(t, "r1", "show bfd peers json", `json[0].status == "up"`)
		s.until(t, "t1", "show sessions", `json.sessions.b.state == "up"`)
	}
}

// TestTesterLACP: two ports of a tester make a bond of Open vSwitch collect and distribute, and one that says another key
// falls out of it. A port without carrier says nothing and no session begins there, which is none of the tester's own error.
func TestTesterLACP(t *testing.T) {
	t.Parallel()
	p := spaces(t)
	s := speak(t, p, device{platform: "ovs", image: "reprise/ovs:3.1.0", links: 2, config: `add-br br0 -- set bridge br0 datapath_type=netdev
add-bond br0 bond0 eth1 eth2 bond_mode=active-backup lacp=active other_config:lacp-time=fast
`}, `interfaces: {eth1: [], eth2: []}
sessions:
  - {name: p1, port: eth1, source: "02:00:00:00:00:01", lacp: {actor: {system: "02:00:00:00:00:09", key: 5, port: 1}}}
  - {name: p2, port: eth2, source: "02:00:00:00:00:02", lacp: {actor: {system: "02:00:00:00:00:09", key: 5, port: 2}}}
`)
	s.until(t, "r1", "!ovs-appctl lacp/show bond0", `text matches "(?s)eth1: current attached.*eth2: current attached" and text contains "partner key: 5"`)
	s.until(t, "r1", "!ovs-appctl bond/show bond0", `text matches "(?s)eth1: enabled.*eth2: enabled"`)
	s.until(t, "t1", "show sessions", `json.sessions.p1.state == "distributing" and json.sessions.p2.state == "distributing" and "timeout" in json.sessions.p1.peer.state`)
	s.order(t, "change {name: p2, lacp: {actor: {key: 6}}}")
	s.until(t, "r1", "!ovs-appctl lacp/show bond0", `text matches "(?s)eth1: current attached.*eth2: current detached"`)
	s.order(t, "change {name: p2, lacp: {actor: {key: 5}}, alter: [{silent: true}]}")
	s.until(t, "r1", "!ovs-appctl lacp/show bond0", `text matches "eth2: (expired|defaulted)"`)

	at := topologies.Endpoint{Node: "r1", Interface: "eth1"}
	down := topologiestest.Inject(t, s.res, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at})
	s.until(t, "t1", "show sessions", `not json.sessions.p1.carrier and json.sessions.p1.unsent > 1 and json.sessions.p1.said contains "no carrier"`)
	if _, refused := s.ask(t, "t1", "start {name: p3, port: eth1, lacp: {}}"); !strings.Contains(refused, "port eth1: it has no carrier") {
		t.Errorf("a session began at a port without carrier: %q", refused)
	}
	topologiestest.Heal(t, down)
	s.until(t, "r1", "!ovs-appctl lacp/show bond0", `text contains "eth1: current attached"`)
	s.until(t, "t1", "!ip link set eth2 down; ip -o link show eth2", `text contains "state DOWN"`)
	s.until(t, "t1", "show sessions", `json.sessions.p1.carrier and not json.sessions.p2.carrier`)
	teller, ok := drivers.As[drivers.BreakTeller](s.drivers["t1"])
	if !ok {
		t.Fatal("a tester does not tell what broke")
	}
	if list, err := teller.Breaks(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("broke: %+v, %v", list, err)
	}
	s.order(t, "change {name: p1, alter: [{at: 500, bytes: 'ff'}]}")
	s.until(t, "t1", "show sessions", `json.sessions.p1.state == "failed"`)
	s.order(t, "stop p1")
	if list, err := teller.Breaks(t.Context()); err != nil || len(list) != 1 || list[0].What != "session p1" || !list[0].Over || !strings.Contains(list[0].Why, "1 bytes at 500") {
		t.Errorf("broke: %+v, %v", list, err)
	}
}

const ospfd = `hostname r1
interface eth1
 ip address 10.0.0.2/24
 ip ospf hello-interval 1
 ip ospf dead-interval 4
router ospf
 ospf router-id 2.2.2.2
 network 10.0.0.0/24 area 0
 redistribute static
ip route 192.0.2.0/24 blackhole
`

// TestTesterOSPF: a tester is Full with FRR, announces routes by the thousand, and takes them back; also where both sign by
// MD5, and not with another key.
func TestTesterOSPF(t *testing.T) {
	t.Parallel()
	const tester = `interfaces: {eth1: []}
sessions:
  - {name: o, port: eth1, ospf: {%saddress: 10.0.0.1/24, router-id: 1.1.1.1, interval: 1, external: [{from: 20.0.0.0/24, count: 3000}]}}
`
	const signed = "interface eth1\n ip ospf authentication message-digest\n ip ospf message-digest-key 7 md5 secret\n"
	p := spaces(t)
	for _, x := range []struct{ image, more, keys string }{{"reprise/frr:8.4.4", "", ""}, {"reprise/frr:10.3", signed, "md5: {id: 7, key: secret}, "}} {
		s := speak(t, p, device{platform: "frr", image: x.image, config: ospfd + x.more}, fmt.Sprintf(tester, x.keys))
		s.until(t, "r1", "show ip ospf neighbor json", `json.neighbors["1.1.1.1"][0].state startsWith "Full" or json.neighbors["1.1.1.1"][0].nbrState startsWith "Full"`)
		s.until(t, "r1", "show ip route summary json", `any(json.routes, {.type == "ospf" and .rib >= 3000})`)
		s.until(t, "t1", "show sessions", `json.sessions.o.state == "full" and json.sessions.o.peer.neighbors["2.2.2.2"].unconfirmed == 0 and json.sessions.o.peer.lsas > 3002`)
		s.order(t, "change {name: o, ospf: {external: [{from: 20.0.0.0/24, count: 10}]}}")
		s.until(t, "r1", "show ip route summary json", `any(json.routes, {.type == "ospf" and .rib < 20})`)
		if x.more != "" {
			s.order(t, "change {name: o, ospf: {md5: {id: 7, key: another}}}")
			s.until(t, "r1", "show ip ospf neighbor json", `len(json.neighbors) == 0 or json.neighbors == nil`)
		}
	}
}

const isisd = `hostname r1
interface eth1
 ip address 10.0.0.2/24
 ip router isis A
 isis hello-interval 1
 isis network point-to-point
router isis A
 net 49.0001.0000.0000.0002.00
 is-type level-2-only
 metric-style wide
 lsp-gen-interval 1
`

// TestTesterISIS: a tester is up with isisd on a link of two, which learns its routes, and lets go of those that are taken back.
func TestTesterISIS(t *testing.T) {
	t.Parallel()
	p := spaces(t)
	s := speak(t, p, device{platform: "frr", image: "reprise/frr:10.3", config: isisd}, `interfaces: {eth1: []}
sessions:
  - {name: i, port: eth1, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, network: point-to-point, interval: 1, hostname: t1, routes: [{from: 20.0.0.0/24, count: 1000}]}}
`)
	s.until(t, "r1", "show isis neighbor", `text matches "t1 +eth1 +2 +Up"`)
	s.until(t, "r1", "show ip route summary json", `any(json.routes, {.type == "isis" and .rib >= 1000})`)
	s.until(t, "t1", "show sessions", `json.sessions.i.state == "up" and json.sessions.i.peer.neighbors["0000.0000.0002"].areas[0] == "490001" and json.sessions.i.peer.unconfirmed == 0`)
	s.order(t, "change {name: i, isis: {routes: []}}")
	s.until(t, "r1", "show ip route summary json", `all(json.routes, {.type != "isis" or .rib < 5})`)
}

// TestTesterLAN: a tester is up with two isisd on a LAN of which one of them is the designated system, and both learn its
// routes.
func TestTesterLAN(t *testing.T) {
	t.Parallel()
	p := spaces(t)
	lan := strings.Replace(isisd, " isis network point-to-point\n", "", 1)
	r1 := device{platform: "frr", image: "reprise/frr:10.3", config: strings.Replace(lan, " isis hello", " isis priority 100\n isis hello", 1)}
	r1.beside = strings.NewReplacer("hostname r1", "hostname r2", "10.0.0.2/24", "10.0.0.3/24", "0000.0000.0002", "0000.0000.0003").Replace(lan)
	s := speak(t, p, r1, `interfaces: {eth1: []}
sessions:
  - {name: i, port: eth1, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, interval: 1, hostname: t1, routes: [{from: 20.0.0.0/24, count: 300}]}}
`)
	for _, node := range []string{"r1", "r2"} {
		s.until(t, node, "show isis neighbor", `text matches "t1 +eth1 +2 +Up" and text matches "r[12] +eth1 +2 +Up"`)
		s.until(t, node, "show ip route summary json", `any(json.routes, {.type == "isis" and .rib >= 300})`)
	}
	s.until(t, "t1", "show sessions", `json.sessions.i.state == "up" and len(json.sessions.i.peer.neighbors) == 2`)
	s.order(t, "change {name: i, isis: {routes: []}}")
	s.until(t, "r2", "show ip route summary json", `all(json.routes, {.type != "isis" or .rib < 5})`)
}

const pimd = `hostname r1
interface eth1
 ip address 10.0.0.2/24
 ip pim
 ip igmp
 ip igmp query-max-response-time 10
 ip igmp query-interval 3
`

// TestTesterIGMP: pimd learns the groups of a tester and lets go of those that it leaves, and gives the asking up to one
// of a lower address.
func TestTesterIGMP(t *testing.T) {
	t.Parallel()
	p := spaces(t)
	s := speak(t, p, device{platform: "frr", image: "reprise/frr:10.3", config: pimd}, `interfaces: {eth1: []}
sessions:
  - {name: m, port: eth1, igmp: {source: 10.0.0.9, version: 3, groups: [239.1.2.3, 239.1.2.4]}}
`)
	const groups = "show ip igmp groups"
	s.until(t, "r1", groups, `text contains "239.1.2.3" and text contains "239.1.2.4"`)
	s.until(t, "t1", "show sessions", `json.sessions.m.state == "member" and json.sessions.m.received.query > 0`)
	s.order(t, "change {name: m, igmp: {groups: [239.1.2.4]}}")
	s.until(t, "r1", groups, `not (text contains "239.1.2.3") and text contains "239.1.2.4"`)
	s.until(t, "r1", "show ip igmp interface", `text matches "eth1 .*local"`)
	s.order(t, "start {name: q, port: eth1, igmp: {source: 10.0.0.1, version: 3, querier: true, every: 2s}}")
	s.until(t, "r1", "show ip igmp interface", `text matches "eth1 .*other"`)
}

const keepalived = `vrrp_instance a {
  state BACKUP
  interface eth1
  virtual_router_id 7
  priority 100
  advert_int 1
  virtual_ipaddress { 10.0.0.100/24 }
}
`

// TestTesterVRRP: a tester of a higher priority takes keepalived's place, and gives it back.
func TestTesterVRRP(t *testing.T) {
	t.Parallel()
	p := spaces(t)
	s := speak(t, p, device{
		platform: "linux", image: "reprise/keepalived:2.2.7", config: "ip addr add 10.0.0.2/24 dev eth1\n",
		files: map[string][]byte{"/etc/keepalived/keepalived.conf": []byte(keepalived)}, services: []drivers.Service{{Name: "keepalived"}},
	}, `interfaces: {eth1: []}
sessions:
  - {name: v, port: eth1, vrrp: {id: 7, priority: 50, source: 10.0.0.1, addresses: [10.0.0.100]}}
`)
	const address, has = "!ip -o addr show eth1", `text contains "10.0.0.100/24"`
	s.until(t, "r1", address, has)
	s.until(t, "t1", "show sessions", `json.sessions.v.state == "backup" and json.sessions.v.peer.priority == 100`)
	s.order(t, "change {name: v, vrrp: {priority: 200}}")
	s.until(t, "r1", address, "not ("+has+")")
	s.until(t, "t1", "show sessions", `json.sessions.v.state == "master"`)
	s.order(t, "change {name: v, alter: [{checksum: wrong}]}")
	s.until(t, "r1", address, has)
	s.order(t, "stop v")
}
