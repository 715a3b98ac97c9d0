package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// spoken is a device and a tester on one or two links.
type spoken struct {
	drivers map[string]drivers.Driver
	hosts   map[string]topologies.Host
}

// device is what a tester speaks to.
type device struct {
	platform, image, config string
	links                   int
	tester                  string // image of the tester
	files                   map[string][]byte
	services                []drivers.Service
}

// speak starts a device, r1, and a tester, t1, in a lab of a provider.
func speak(t *testing.T, p topologies.Provider, r1 device, config string) spoken {
	t.Helper()
	top := topologies.Topology{Name: "testers", Nodes: []topologies.Node{
		{Name: "r1", Kind: "linux", Image: r1.image}, {Name: "t1", Kind: "linux", Image: cmp.Or(r1.tester, "reprise/debian:bookworm")},
	}}
	for _, port := range []string{"eth1", "eth2"}[:max(r1.links, 1)] {
		top.Links = append(top.Links, topologies.Link{A: topologies.Endpoint{Node: "r1", Interface: port}, B: topologies.Endpoint{Node: "t1", Interface: port}})
	}
	res, err := p.Reserve(t.Context(), top, topologies.Options{Run: "testers", Lab: 1})
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
	s := spoken{map[string]drivers.Driver{}, map[string]topologies.Host{}}
	for name, d := range map[string]device{"r1": r1, "t1": {platform: "tester", config: config}} {
		host, err := res.Host(name)
		if err != nil {
			t.Fatal(err)
		}
		open, err := reg.Open(t.Context(), d.platform, drivers.Target{Node: name, Host: host, Config: []byte(d.config), Services: d.services})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = open.Close(context.Background()) })
		s.drivers[name], s.hosts[name] = open, host
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
	const patience = time.Minute
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

// labsOf are the providers of labs that this machine has.
func labsOf(t *testing.T, names ...string) map[string]topologies.Provider {
	t.Helper()
	all := map[string]topologies.Provider{}
	for _, name := range names {
		switch name {
		case cli.ProviderNamespaces:
			needSpaces(t)
			p, err := namespaces.New(namespaces.Options{})
			if err != nil {
				t.Fatal(err)
			}
			all[name] = p
		case cli.ProviderContainers:
			needLab(t)
			p, err := containers.New(containers.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Close() })
			all[name] = p
		}
	}
	return all
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
		for name, p := range labsOf(t, cli.ProviderNamespaces, cli.ProviderContainers) {
			t.Run(name, func(t *testing.T) {
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
			})
		}
	}
}

// TestTesterLACP: two ports of a tester make a bond of Open vSwitch collect and distribute, and one that says another key
// falls out of it.
func TestTesterLACP(t *testing.T) {
	for name, p := range labsOf(t, cli.ProviderNamespaces) {
		t.Run(name, func(t *testing.T) {
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
		})
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

// TestTesterOSPF: a tester is Full with FRR and with BIRD, as one beside the designated router, as that router itself and on a
// link of two; it announces routes by the thousand, takes them back, and gets no further than it is told to.
func TestTesterOSPF(t *testing.T) {
	const tester = `interfaces: {eth1: []}
sessions:
  - {name: o, port: eth1, ospf: {address: 10.0.0.1/24, router-id: 1.1.1.1, interval: 1, external: [{from: 20.0.0.0/24, count: 3000}]}}
`
	for name, p := range labsOf(t, cli.ProviderNamespaces) {
		t.Run(name, func(t *testing.T) {
			for _, image := range []string{"reprise/frr:8.4.4", "reprise/frr:10.3"} {
				s := speak(t, p, device{platform: "frr", image: image, config: ospfd}, tester)
				s.until(t, "r1", "show ip ospf neighbor json", `json.neighbors["1.1.1.1"][0].state startsWith "Full" or json.neighbors["1.1.1.1"][0].nbrState startsWith "Full"`)
				s.until(t, "r1", "show ip route summary json", `any(json.routes, {.type == "ospf" and .rib >= 3000})`)
				s.until(t, "t1", "show sessions", `json.sessions.o.state == "full" and json.sessions.o.peer.neighbors["2.2.2.2"].unconfirmed == 0 and json.sessions.o.peer.lsas > 3002`)
				s.order(t, "change {name: o, ospf: {external: [{from: 20.0.0.0/24, count: 10}]}}")
				s.until(t, "r1", "show ip route summary json", `any(json.routes, {.type == "ospf" and .rib < 20})`)
				s.order(t, "change {name: o, ospf: {until: exchange}, alter: [{of: [hello], silent: true}]}")
				s.until(t, "t1", "show sessions", `json.sessions.o.downs == 1`)
				s.order(t, "change {name: o, alter: []}")
				s.until(t, "r1", "show ip ospf neighbor json", `json.neighbors["1.1.1.1"][0].state startsWith "Exchange" or json.neighbors["1.1.1.1"][0].nbrState startsWith "Exchange"`)
				s.order(t, "reset")
				s.until(t, "t1", "show sessions", `json.sessions.o.state == "full" and json.sessions.o.ups == 1 and json.sessions.o.downs == 0`)
			}
			for _, network := range []string{"broadcast", "point-to-point"} {
				kind := map[string]string{"broadcast": "broadcast", "point-to-point": "ptp"}[network]
				s := speak(t, p, device{platform: "bird", image: "reprise/bird:2.0.12", config: fmt.Sprintf(birdOSPF, kind)}, `interfaces: {eth1: []}
sessions:
  - {name: o, port: eth1, ospf: {address: 10.0.0.1/24, router-id: 1.1.1.1, interval: 1, priority: 9, network: `+network+`, external: [{from: 20.0.0.0/24, count: 3000}]}}
`)
				s.until(t, "r1", "show ospf neighbors o", `text matches "1.1.1.1 .*Full"`)
				s.until(t, "r1", "show route count", `text matches "^300[0-9] of 300[0-9] routes"`)
				s.until(t, "t1", "show sessions", `json.sessions.o.state == "full" and json.sessions.o.peer.neighbors["2.2.2.2"].unconfirmed == 0`)
				if network == "broadcast" { // it is the designated router, and its LSA of the network is taken
					s.until(t, "t1", "show sessions", `json.sessions.o.peer.dr == "10.0.0.1"`)
				}
			}
		})
	}
}

const birdOSPF = `router id 2.2.2.2;
protocol device {}
protocol direct { ipv4; interface "none"; }
protocol ospf v2 o {
  ipv4 { import all; };
  area 0 { interface "eth1" { type %s; hello 1; dead 4; priority 1; }; };
}
`

const isisd = `hostname r1
interface eth1
 ip address 10.0.0.2/24
 ip router isis A
 isis hello-interval 1
%s
router isis A
 net 49.0001.0000.0000.0002.00
 is-type level-2-only
 metric-style wide
`

// TestTesterISIS: a tester is up with isisd on a LAN and on a link of two, which learns its routes, and lets go of those
// that are taken back.
func TestTesterISIS(t *testing.T) {
	for name, p := range labsOf(t, cli.ProviderNamespaces) {
		t.Run(name, func(t *testing.T) {
			for network, line := range map[string]string{"broadcast": " isis priority 9", "point-to-point": " isis network point-to-point"} {
				s := speak(t, p, device{platform: "frr", image: "reprise/frr:10.3", config: fmt.Sprintf(isisd, line)}, `interfaces: {eth1: []}
sessions:
  - {name: i, port: eth1, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, network: `+network+`, interval: 1, hostname: t1, routes: [{from: 20.0.0.0/24, count: 1000}]}}
`)
				s.until(t, "r1", "show isis neighbor", `text matches "t1 +eth1 +2 +Up"`)
				s.until(t, "r1", "show ip route summary json", `any(json.routes, {.type == "isis" and .rib >= 1000})`)
				s.until(t, "t1", "show sessions", `json.sessions.i.state == "up" and json.sessions.i.peer.neighbors["0000.0000.0002"].areas[0] == "490001" and json.sessions.i.peer.unconfirmed == 0`)
				s.order(t, "change {name: i, isis: {routes: []}}")
				s.until(t, "r1", "show ip route summary json", `all(json.routes, {.type != "isis" or .rib < 5})`)
				if network == "broadcast" { // on a link of two isisd stays up, whatever the other side's Hellos say
					s.order(t, "change {name: i, isis: {until: initializing}}")
					s.until(t, "r1", "show isis neighbor", `text matches "(t1|0000.0000.0001) +eth1 +2 +Init"`)
				}
				s.order(t, "change {name: i, alter: [{of: [hello], silent: true}]}")
				s.until(t, "r1", "show isis neighbor", `not (text matches "eth1 +2 +(Up|Init)")`)
			}
		})
	}
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
	for name, p := range labsOf(t, cli.ProviderNamespaces) {
		t.Run(name, func(t *testing.T) {
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
		})
	}
}

const bgpd = `hostname r1
interface eth1
 ip address 10.0.0.2/24
router bgp 65002
 bgp router-id 2.2.2.2
 no bgp ebgp-requires-policy
 neighbor 10.0.0.1 remote-as 65001
 %s
`

// TestTesterSession: a session of BGP that was captured at one device is said to another, whose own messages are others, and
// it learns the same routes.
func TestTesterSession(t *testing.T) {
	for name, p := range labsOf(t, cli.ProviderNamespaces) {
		t.Run(name, func(t *testing.T) {
			const config = "interfaces: {eth1: [10.0.0.1/24]}\n"
			s := speak(t, p, device{platform: "frr", image: "reprise/frr:8.4.4", config: fmt.Sprintf(bgpd, "")}, config+`bgp: {as: 65001, router-id: 1.1.1.1, neighbors: {10.0.0.2: {as: 65002, stopped: true}}}
announce: [{from: 20.0.0.0/24, count: 300}]
`)
			s.ask(t, "r1", "!nohup tcpdump -U -w /tmp/x.pcap -i eth1 tcp port 179 > /tmp/x.log 2>&1 & ")
			s.until(t, "r1", "!cat /tmp/x.log", `text contains "listening on"`)
			s.order(t, "neighbor 10.0.0.2 start")
			const summary, all = "show bgp ipv4 unicast summary json", `json.peers["10.0.0.1"].pfxRcd == 300`
			s.until(t, "r1", summary, all)
			s.until(t, "r1", "!kill $(pidof tcpdump); cat /tmp/x.log", `text contains "packets captured"`)
			r, err := s.hosts["r1"].ReadFile(t.Context(), "/tmp/x.pcap")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close() //nolint:errcheck // read only
			capture, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			other := speak(t, p, device{platform: "frr", image: "reprise/frr:10.3", config: fmt.Sprintf(bgpd, "timers bgp 3 9")}, config)
			if err := other.hosts["t1"].WriteFile(t.Context(), "/etc/x.pcap", capture, 0o644); err != nil {
				t.Fatal(err)
			}
			other.order(t, "replay {file: /etc/x.pcap, from: 10.0.0.1, session: {local: 10.0.0.1, remote: 10.0.0.2}}")
			other.until(t, "r1", summary, all)
			other.until(t, "t1", "show replays", `json.replays[0].sent == json.replays[0].frames and json.replays[0].received > 60`)
		})
	}
}

// TestTesterAlone: messages that are sent alone, with fields that no router would say, reach those whom they are meant for: a
// router advertisement a kernel, and a report of IGMPv3 pimd.
func TestTesterAlone(t *testing.T) {
	for name, p := range labsOf(t, cli.ProviderNamespaces) {
		t.Run(name, func(t *testing.T) {
			s := speak(t, p, device{platform: "frr", image: "reprise/frr:10.3", config: `hostname r1
interface eth1
 ip address 10.0.0.2/24
 ip igmp
 ip igmp query-interval 5
 ip igmp query-max-response-time 10
 ip pim
`}, "interfaces: {eth1: [10.0.0.1/24]}\n")
			s.ask(t, "r1", "!sysctl -w net.ipv6.conf.eth1.disable_ipv6=0 net.ipv6.conf.eth1.accept_ra=2 net.ipv6.conf.eth1.autoconf=1")
			s.order(t, `emit {port: eth1, ra: {lifetime: 77, prefixes: [{prefix: "2001:db8:7::/64"}]}, every: 1s, count: 30}`)
			s.until(t, "r1", "!ip -6 addr show dev eth1; ip -6 route show default", `text contains "2001:db8:7:" and text contains "proto ra"`)
			s.order(t, `emit {port: eth1, ra: {lifetime: 77, prefixes: [{prefix: "2001:db8:8::/64"}]}, alter: [{checksum: wrong}], count: 3}`)
			s.order(t, `emit {port: eth1, ra: {lifetime: 77, prefixes: [{prefix: "2001:db8:9::/64"}]}, count: 3}`)
			s.until(t, "r1", "!ip -6 addr show dev eth1", `text contains "2001:db8:9:" and not (text contains "2001:db8:8:")`)
			s.order(t, "emit {port: eth1, igmp: {version: 3, type: report, source: 10.0.0.1, group: 239.1.2.3}, every: 1s, count: 30}")
			s.until(t, "r1", "show ip igmp groups json", `text contains "239.1.2.3"`)
			s.order(t, "start {name: m, port: eth1, igmp: {source: 10.0.0.9, version: 3, groups: [239.9.9.9]}}")
			s.until(t, "r1", "show ip igmp groups json", `text contains "239.9.9.9"`)
			s.until(t, "t1", "show sessions", `json.sessions.m.received.query > 0 and json.sessions.m.sent.report > 1 and json.sessions.m.peer.querier == "10.0.0.2"`)
			s.order(t, "change {name: m, igmp: {groups: [239.9.9.8]}}")
			s.until(t, "r1", "show ip igmp groups json", `text contains "239.9.9.8" and not (text contains "239.9.9.9")`)
		})
	}
}

const networkd = `mkdir -p /etc/systemd/network
cat > /etc/systemd/network/eth1.network
rm -f /etc/systemd/system/systemd-networkd.service /etc/systemd/system/systemd-networkd.socket
systemctl daemon-reload && systemctl restart systemd-networkd.service`

// TestTesterMachine: in a machine a tester gives systemd-networkd an address by DHCP, and takes one that it gives.
func TestTesterMachine(t *testing.T) {
	livetest.Long(t, "machines take a minute to boot")
	p, err := vm.New(vm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	for _, c := range p.Probe(t.Context()) {
		if !c.OK && c.Name != "KVM" {
			livetest.Missing(t, c.Name+" ("+c.Detail+"); "+c.Fix, nil)
		}
	}
	const guest = "reprise/guest:bookworm"
	s := speak(t, p, device{platform: "linux", image: guest, tester: guest}, `interfaces: {eth1: []}
sessions:
  - {name: d, port: eth1, dhcp: {server: {address: 10.0.0.1, from: 10.0.0.77, mask: 255.255.255.0, lease: 10m, options: {12: "6c6162"}}}}
`)
	manage := func(text string) {
		t.Helper()
		var out strings.Builder
		if exit, err := s.hosts["r1"].Exec(t.Context(), []string{"sh", "-c", networkd}, strings.NewReader(text), &out, &out); err != nil || exit != 0 {
			t.Fatal(exit, err, out.String())
		}
	}
	manage("[Match]\nName=eth1\n[Network]\nDHCP=ipv4\n")
	s.until(t, "r1", "!ip -o addr show eth1", `text contains "10.0.0.77/24"`)
	s.until(t, "t1", "show sessions", `json.sessions.d.received.discover >= 1 and json.sessions.d.received.request >= 1 and "10.0.0.77" in values(json.sessions.d.peer.leases)`)
	s.order(t, "stop d")
	manage("[Match]\nName=eth1\n[Network]\nAddress=10.0.0.2/24\nDHCPServer=yes\n[DHCPServer]\nPoolOffset=50\nPoolSize=10\n")
	s.order(t, `start {name: c, port: eth1, source: "02:00:00:00:00:aa", dhcp: {client: {hostname: probe}}}`)
	s.until(t, "t1", "show sessions", `json.sessions.c.state == "bound" and json.sessions.c.peer.address startsWith "10.0.0.5" and json.sessions.c.peer.server == "10.0.0.2"`)
	s.until(t, "r1", "!networkctl status eth1 --no-pager", `text contains "Offered DHCP leases: 10.0.0.5"`)
}
