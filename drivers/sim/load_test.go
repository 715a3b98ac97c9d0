package sim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/sim"
)

const exosStartup = `
configure vlan default delete ports 1-8
configure snmp sysName core-1
configure snmp sysLocation "Rack 4"
create vlan "isc"
configure vlan isc tag 4000
create vlan "users"
configure vlan users tag 10
disable port 20-22
configure ports 1 display-string to-core-2
configure ports 9 auto off speed 10000 duplex full
enable jumbo-frame ports 1-2
enable sharing 1 grouping 1-2 algorithm address-based L3_L4 lacp
configure sharing 1 lacp timeout short
configure vlan isc add ports 1 tagged
configure vlan users add ports 1,3-4 tagged
configure vlan users add ports 5 untagged
configure vlan isc ipaddress 10.255.0.1 255.255.255.252
configure vlan users ipaddress 10.0.10.2/24
enable ipforwarding vlan users
configure vlan users add isid 10010
configure ip-mtu 9000 vlan users
configure ports 9 rate-limit flood broadcast 100
configure ports 9 rate-limit flood multicast 200
create mlag peer "core-2"
configure mlag peer "core-2" ipaddress 10.255.0.2 vr VR-Default
enable mlag port 3 peer "core-2" id 3
configure ospf routerid 10.255.255.1
configure ospf add vlan users area 0.0.0.0
enable ospf
configure bgp AS-number 65001
configure bgp routerid 10.255.255.1
create bgp neighbor 10.0.10.9 remote-AS-number 65002
enable bgp neighbor 10.0.10.9
enable bgp
create stpd edge
configure stpd edge mode dot1w
configure stpd edge add vlan users ports 5 dot1d
enable stpd edge
create vrrp vlan users vrid 10
configure vrrp vlan users vrid 10 priority 200
configure vrrp vlan users vrid 10 add 10.0.10.1
enable vrrp vlan users vrid 10
enable elrp-client
configure elrp-client periodic users ports 3-5 interval 2 log-and-trap disable-port ingress duration 60
configure iproute add default 10.0.10.254
configure radius mgmt-access primary server 10.9.9.9 1812 client-ip 10.0.10.2 vr VR-Default
disable edp ports 6
disable lldp ports 7
configure inline-power disconnect-precedence lowest-priority
configure inline-power priority critical ports 5
create account admin second encrypted "sim$7365637265742d70617373"
`

func TestEXOSConfigurationLoadsAgain(t *testing.T) {
	first := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", Startup: exosStartup})
	text := first.Running()
	for line := range strings.Lines(exosStartup) {
		if line = strings.TrimSpace(line); !strings.Contains(line, "ipaddress 10.0.10.2/24") && line != "" && !strings.Contains(text, line+"\n") {
			t.Errorf("line %q is lost", line)
		}
	}
	second := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", Startup: text})
	if diff := cmp.Diff(text, second.Running()); diff != "" {
		t.Error(diff)
	}
}

func TestStartupIsRefused(t *testing.T) {
	for _, line := range []string{"create vlan blue tag 9999", "configure vlan nobody tag 3", "configure frobnication on", "enable sharing 1 grouping 2-3"} {
		if s, err := sim.New(sim.Config{Platform: sim.PlatformEXOS, Startup: line}); err == nil {
			_ = s.Close()
			t.Errorf("%q is taken", line)
		}
	}
}

// answers gives commands and checks that none is refused.
func answers(t *testing.T, c *client, prompt string, lines string) {
	t.Helper()
	for line := range strings.SplitSeq(lines, ";") {
		if got := c.run(line, prompt); strings.Contains(got, "Invalid input") || strings.Contains(got, "Incomplete") || strings.Contains(got, "%!") || strings.Contains(got, "Error:") || got == "" {
			t.Errorf("%s:\n%s", line, got)
		}
	}
}

func TestEXOSAnswers(t *testing.T) {
	s := start(t, sim.Config{Platform: sim.PlatformEXOS, Name: "sw1", Startup: exosStartup, Neighbours: []sim.Neighbour{
		{Port: "1", RemoteName: "core-2", RemotePort: "1", RemoteID: "02:00:00:00:00:02", Protocol: sim.ProtocolEDP},
		{Port: "1", RemoteName: "core-2", RemotePort: "1", RemoteID: "02:00:00:00:00:02", Protocol: sim.ProtocolLLDP},
	}})
	addr, err := s.ListenSSH("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := dialSSH(t, s, addr, "second", "secret-pass")
	c.until("core-1.1 # ")
	c.run("disable clipaging", " # ")
	if got := c.run("show edp ports all", " # "); strings.Contains(got, "core-2") {
		t.Errorf("neighbour on a port without link:\n%s", got)
	}
	s.SetPort("1", true)
	for _, line := range []string{"show edp ports all", "show lldp neighbors"} {
		if got := c.run(line, " # "); !strings.Contains(got, "core-2") {
			t.Errorf("%s:\n%s", line, got)
		}
	}
	answers(t, c, " # ", "show version;show version detail;show switch;show vlan;show vlan detail;show vlan users;show ports no-refresh;show ports configuration no-refresh;"+
		"show ports information;show ports 1-3 information detail;show port rxerror no-refresh;show ports txerrors no-refresh;show sharing;show ports sharing;show lacp;show lacp counters;"+
		"show lacp lag 1 detail;show mlag peer;show mlag ports;show stpd;show stpd s0 ports;show stpd edge ports;show stpd edge;show ospf neighbor;show ospf interfaces;show ospf;show bgp;"+
		"show bgp neighbor;show iproute;show fdb;show iparp;show vrrp;show elrp;show elrp disabled-ports;show fabric attach assignments;show fabric attach elements;show log;show log messages nvram;"+
		"show management;show temperature;show power;show fans;show odometers;show license;show debug system-dump;show cli journal;show configuration;show config vlan;show inline-power;"+
		"show inline-power info ports 1-2;show ports congestion;show ipconfig;show account;show process;ls;show system;show log counters")
	c.send("show tech-support all\r")
	c.until("show tech-support all\r\n")
	got := strings.ReplaceAll(c.until("(h:mm:ss.ssssss)\r\n"), "\r\n", "\n")
	if len(got) < 190_000 || !strings.HasPrefix(got, "*** Executing") || !strings.Contains(got, "\n@@@ vlan:\n\n->show vlan\n") || strings.Contains(got, "Invalid input") || !strings.Contains(got, "\nShow Tech-Support Execution Time: 0:00:") {
		t.Errorf("tech-support of %d bytes, ending %q", len(got), got[max(0, len(got)-300):])
	}
	if got := c.run("show log | include vlan.msgs", " # "); !strings.Contains(got, "<Info:vlan.msgs.portLinkStateUp> Port 1 link UP") {
		t.Errorf("show log: %s", got)
	}
}

func TestVOSSAnswers(t *testing.T) {
	s, c := sshVOSS(t, sim.Config{Neighbours: []sim.Neighbour{{Port: "1/2", RemoteName: "edge", RemotePort: "5", RemoteID: "02:00:00:00:00:02", Protocol: sim.ProtocolLLDP}}}, "rwa")
	s.SetPort("1/2", true)
	c.run("enable", "vsp1:1#")
	c.run("terminal more disable", "vsp1:1#")
	answers(t, c, "vsp1:1#", "show sys-info;show software;show isis;show isis adjacencies;show isis spbm;show isis interface;show virtual-ist;show mlt;show lacp interface mlt;show vlacp;"+
		"show lldp neighbor;show vlan basic;show vlan members;show vlan i-sid;show vlan mac-address-entry;show ip arp;show ip route;show ip interface;show ip ospf neighbor;show ip vrrp address;"+
		"show interfaces gigabitEthernet name;show interfaces gigabitEthernet state;show interfaces gigabitEthernet auto-sense;show fa interface;show fa assignment;show fa elements;"+
		"show khi performance memory;show logging file;show tech;show fulltech;show cli info;show running-config;ls;show isis spbm i-sid discover;show vlacp interface gigabitethernet")
}
