package infer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
)

// switches are two switches with VLANs, an aggregate between them, and a router of its own software at each.
func switches() []string {
	lldp := func(name string, rows ...string) string {
		return name + "#show lldp neighbors\nPort          Neighbor Device ID       Neighbor Port ID    TTL\n" + strings.Join(rows, "\n") + "\n" + name + "#\n"
	}
	eos := func(name string, lines ...string) string {
		return name + "#show version\nArista DCS-7010T\nSoftware image version: 4.30.1F\n" + name + "#show running-config\nhostname " + name + "\nspanning-tree mode rapid-pvst\nvlan 10,20\n" + strings.Join(lines, "\n") + "\nend\n"
	}
	trunk := []string{
		"interface Port-Channel1", "   switchport mode trunk", "   switchport trunk allowed vlan 10,20",
		"interface Ethernet1", "   channel-group 1 mode active", "interface Ethernet2", "   channel-group 1 mode active",
	}
	return []string{
		eos("s1", append(slices.Clone(trunk), "interface Ethernet3", "   switchport access vlan 10", "interface Ethernet4", "   switchport access vlan 20")...) +
			lldp("s1", "Et1  s2  Ethernet1  120", "Et2  s2  Ethernet2  120", "Et3  r1  eth1  120", "Et4  r3  eth1  120"),
		eos("s2", append(slices.Clone(trunk), "interface Ethernet3", "   switchport access vlan 10")...) +
			lldp("s2", "Et1  s1  Ethernet1  120", "Et2  s1  Ethernet2  120", "Et3  r2  eth1  120"),
		frr("r1", "interface eth1", " ip address 10.0.0.1/24", "router ospf", " network 10.0.0.0/24 area 0"),
		frr("r2", "interface eth1", " ip address 10.0.0.2/24", "router ospf", " network 10.0.0.0/24 area 0"),
		frr("r3", "interface eth1", " ip address 10.0.0.3/24", "router ospf", " network 10.0.0.0/24 area 0"),
	}
}

// TestSwitch: what switches and routes nothing is an Open vSwitch with its VLANs and aggregates, and says feature by
// feature what of it is equal.
func TestSwitch(t *testing.T) {
	n := inferred(t, written(t, switches()...)...)
	s1 := n.Of("s1")
	const want = "add-br br0 -- set bridge br0 datapath_type=netdev rstp_enable=true\nadd-bond br0 bond1 eth1 eth2 lacp=active trunks=10,20\nadd-port br0 eth3 tag=10\nadd-port br0 eth4 tag=20\n"
	if diff := cmp.Diff(want, s1.Config); diff != "" || s1.Likeness != infer.Substitute || s1.Speaker != "ovs" || s1.Image != "reprise/ovs:3.1.0" {
		t.Errorf("%s by %s of %s: %s", s1.Likeness, s1.Speaker, s1.Image, diff)
	}
	if diff := cmp.Diff([]string{"Port-channel1: 2 members, aggregated with LACP (bond1 in the lab)", "2 VLANs on 4 ports, with and without tags"}, s1.Equal); diff != "" {
		t.Error(diff)
	}
	if all := strings.Join(s1.Differs, "\n"); !strings.Contains(all, "the spanning tree: rapid, one for all VLANs") {
		t.Errorf("not equal: %q", s1.Differs)
	}
}

// TestSwitchLanguages: the same two VLANs, one with a tag and one without, in four languages.
func TestSwitchLanguages(t *testing.T) {
	for name, text := range map[string]string{
		"exos":  "s.1 # show configuration\n#\n# Module vlan configuration.\n#\ncreate vlan \"a\"\nconfigure vlan a tag 10\ncreate vlan \"b\"\nconfigure vlan b tag 20\nconfigure vlan a add ports 1 untagged\nconfigure vlan b add ports 1 tagged\ns.2 # show lldp neighbors\nPort     Neighbor Chassis ID      Neighbor Port ID    TTL     Age   Neighbor System Name\n1        02:04:96:00:00:01        eth1                120     12    r\ns.3 # \n",
		"ios":   "s#show version\nCisco IOS Software, X Software, Version 15.2(7)E3, RELEASE\ns#show running-config\nhostname s\ninterface GigabitEthernet1/0/1\n switchport trunk native vlan 10\n switchport trunk allowed vlan 20\nend\ns#show lldp neighbors\nDevice ID           Local Intf     Hold-time  Capability      Port ID\nr                   Gi1/0/1        120        R               eth1\ns#\n",
		"voss":  "s:1#show running-config\n# software version     : 8.10.1.0\nconfig terminal\nvlan create 10 type port-mstprstp 0\nvlan create 20 type port-mstprstp 0\nvlan members 20 1/1 portmember\ninterface gigabitEthernet 1/1\nencapsulation dot1q\nexit\nend\ns:1#show lldp neighbor\n                                      LLDP Neighbor\nPort: 1/1       Index    : 1                Time: 0 day(s), 00:01:02\n                ChassisId: MAC Address        02:04:96:00:00:01\n                PortId   : IfName             eth1\n                SysName  : r\ns:1#\n",
		"other": "s#show version\nSoftware image version: 4.30.1F\ns#show running-config\nhostname s\ninterface Ethernet1\n   switchport trunk native vlan 10\n   switchport trunk allowed vlan 20\nend\ns#show lldp neighbors\nPort Neighbor Device ID Neighbor Port ID TTL\nEt1 r eth1 120\ns#\n",
	} {
		n := inferred(t, written(t, text, frr("r", "interface eth1", " ip address 10.0.0.1/24"))...)
		want := "add-port br0 eth1 tag=10 trunks=20 vlan_mode=native-untagged\n"
		if name == "voss" {
			want = "add-port br0 eth1 trunks=20\n"
		}
		if s := n.Of("s"); s == nil || s.Speaker != "ovs" || !strings.HasSuffix(s.Config, want) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestSpeakers: what routes is a router, of BIRD where there is no image of FRR; what neither can stand for says so.
func TestSpeakers(t *testing.T) {
	g, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	drivers, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	router := "e1#show version\nSoftware image version: 4.30.1F\ne1#show running-config\nhostname e1\ninterface Loopback0\n   ip address 10.255.0.1/32\ninterface Ethernet1\n   ip address 10.0.0.1/30\n   ip ospf area 0.0.0.0\nrouter ospf 1\n   router-id 10.255.0.1\nrouter bgp 65001\n   neighbor 10.0.0.2 remote-as 65002\nend\ne1#\n"
	for have, want := range map[string]struct{ speaker, config, differs string }{
		"frr bird": {"frr", "router bgp 65001", "hardware"},
		"bird":     {"bird", "router id 10.255.0.1;\nprotocol device {}\nprotocol direct { ipv4; ipv6; }\nprotocol kernel { ipv4 { export all; }; }\nprotocol ospf v2 ospf1 {\n  ipv4 { import all; export none; };\n  area 0.0.0.0 {\n    interface \"eth1\" { type broadcast; };\n  };\n}\nprotocol bgp n1 {\n  local as 65001;\n  neighbor 10.0.0.2 as 65002;\n  ipv4 { import all; export all; };\n}\n", "the addresses of Loopback0"},
		"":         {"", "", ""},
	} {
		r := infer.New(infer.Options{Template: drivers.Template, Lacks: g.ConfigLacks, Image: func(platform, version string) (string, bool, bool) {
			if !slices.Contains(strings.Fields(have), platform) {
				return "", false, false
			}
			return image(platform, version)
		}})
		im, err := g.Files(written(t, router, frr("r2", "interface eth1", " ip address 10.0.0.2/30")), intake.Options{Visit: r.Visit})
		if err != nil {
			t.Fatal(err)
		}
		n := r.Infer(im)
		e1 := n.Of("e1")
		if e1.Speaker != want.speaker || !strings.Contains(e1.Config, want.config) || !strings.Contains(strings.Join(e1.Differs, "\n"), want.differs) {
			t.Errorf("%q: %s\n%s\nnot equal %q", have, e1.Speaker, e1.Config, e1.Differs)
		}
		if want.speaker == "" && !strings.Contains(strings.Join(n.Unknown, "\n"), "e1: there is no image of FRR, BIRD or Open vSwitch") {
			t.Errorf("%q", n.Unknown)
		}
		if have != "bird" {
			continue
		}
		files, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
		if err != nil || !strings.Contains(string(files[0].Data), "10.0.0.1/30") {
			t.Errorf("the cable lacks the address: %v %s", err, files[0].Data)
		}
	}
}

// TestRoutedVLAN: a VLAN of Fabric Engine that is in OSPF makes it a router, in the area that it names or the backbone.
func TestRoutedVLAN(t *testing.T) {
	const text = "s:1#show running-config\n# software version     : 8.10.1.0\nconfig terminal\nvlan create 10 type port-mstprstp 0\nvlan members 10 1/1 portmember\n" +
		"interface Vlan 10\nip address 10.0.10.2 255.255.255.0 0\nip ospf enable\nexit\ninterface Vlan 20\nip address 10.0.20.2 255.255.255.0 0\nip ospf area 0.0.0.2\nip ospf enable\nexit\n" +
		"router ospf enable\nrouter ospf\nrouter-id 10.255.0.20\nexit\nend\ns:1#show lldp neighbor\n                                      LLDP Neighbor\nPort: 1/1       Index    : 1                Time: 0 day(s), 00:01:02\n                ChassisId: MAC Address        02:04:96:00:00:01\n                PortId   : IfName             eth1\n                SysName  : r\ns:1#\n"
	n := inferred(t, written(t, text, frr("r", "interface eth1", " ip address 10.0.10.1/24"))...)
	s := n.Of("s")
	if s == nil || s.Speaker != "frr" || !strings.Contains(s.Config, "router ospf\n ospf router-id 10.255.0.20\n network 10.0.10.0/24 area 0.0.0.0\n") {
		t.Fatalf("%+v", s)
	}
	if diff := cmp.Diff([]infer.Area{{Interface: "vlan 10", Area: "0.0.0.0"}, {Interface: "vlan 20", Area: "0.0.0.2"}}, s.OSPF); diff != "" {
		t.Error(diff)
	}
}
