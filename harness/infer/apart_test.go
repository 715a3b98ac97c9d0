package infer_test

import (
	"strings"
	"testing"
)

// ios is a configuration of one device.
func ios(name string, lines ...string) string {
	return "!\nversion 15.2\nhostname " + name + "\n!\n" + strings.Join(lines, "\n") + "\n!\nend\n"
}

// TestApart: two in one network whose configurations keep them from each other have no cable in the lab, where they would
// reach each other.
func TestApart(t *testing.T) {
	const a, b = " ip address 10.0.0.1 255.255.255.252", " ip address 10.0.0.2 255.255.255.252"
	for name, c := range map[string]struct {
		texts []string
		want  string // of what is told
		links int
	}{
		"nothing":                              {[]string{ios("r1", "interface GigabitEthernet0/1", a), ios("r2", "interface GigabitEthernet0/1", b)}, "", 1},
		"two tags":                             {[]string{ios("r1", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10", a), ios("r2", "interface GigabitEthernet0/1.20", " encapsulation dot1Q 20", b)}, "r1 GigabitEthernet0/1.10 has tag 10, r2 GigabitEthernet0/1.20 tag 20", 0},
		"one tag":                              {[]string{ios("r1", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10", a), ios("r2", "interface GigabitEthernet0/1.20", " encapsulation dot1Q 10", b)}, "", 1},
		"a tag and none":                       {[]string{ios("r1", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10", a), ios("r2", "interface GigabitEthernet0/1", b)}, "has tag 10, r2 GigabitEthernet0/1 no tag: how they are joined is not known", 0},
		"native":                               {[]string{ios("r1", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10 native", a), ios("r2", "interface GigabitEthernet0/1", b)}, "", 1},
		"a tag of Junos":                       {[]string{ios("r1", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10", a), "set version 21.4R3\nset system host-name j1\nset interfaces ge-0/0/1 unit 20 vlan-id 20\nset interfaces ge-0/0/1 unit 20 family inet address 10.0.0.2/30\n"}, "j1 ge-0/0/1.20 has tag 20, r1 GigabitEthernet0/1.10 tag 10", 0},
		"two VRFs":                             {[]string{ios("r1", "interface GigabitEthernet0/1", " vrf forwarding A", a), ios("r2", "interface GigabitEthernet0/1", " vrf forwarding B", b)}, "r1 GigabitEthernet0/1 is in VRF A, r2 GigabitEthernet0/1 in VRF B", 0},
		"a VRF and none":                       {[]string{ios("r1", "interface GigabitEthernet0/1", " vrf forwarding A", a), ios("r2", "interface GigabitEthernet0/1", b)}, "in no VRF: the lab has no VRF", 1},
		"two VRFs of FRR":                      {[]string{frr("a", "interface eth1 vrf red", " ip address 10.0.0.1/30"), frr("b", "interface eth1 vrf blue", " ip address 10.0.0.2/30")}, "a eth1 is in VRF red, b eth1 in VRF blue", 0},
		"shut down":                            {[]string{ios("r1", "interface GigabitEthernet0/1", a, " shutdown"), ios("r2", "interface GigabitEthernet0/1", b)}, "GigabitEthernet0/1 of r1 is shut down", 0},
		"its port is shut":                     {[]string{ios("r1", "interface GigabitEthernet0/1", " no ip address", " shutdown", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10", a), ios("r2", "interface GigabitEthernet0/1.10", " encapsulation dot1Q 10", b)}, "GigabitEthernet0/1 of r1 is shut down", 0},
		"up again":                             {[]string{ios("r1", "interface GigabitEthernet0/1", a, " shutdown", " no shutdown"), ios("r2", "interface GigabitEthernet0/1", b)}, "", 1},
		"of Junos":                             {[]string{ios("r1", "interface GigabitEthernet0/1", a), "set version 21.4R3\nset system host-name j1\nset interfaces ge-0/0/1 disable\nset interfaces ge-0/0/1 unit 0 family inet address 10.0.0.2/30\n"}, "ge-0/0/1 of j1 is shut down", 0},
		"a port of EXOS":                       {[]string{ios("r1", "interface GigabitEthernet0/1", a), "#\n# Module devmgr configuration.\n#\nconfigure snmp sysName \"x1\"\n#\n# Module vlan configuration.\n#\ncreate vlan \"core\"\nconfigure vlan core tag 10\ndisable ports 5\nconfigure vlan core add ports 5 untagged\nconfigure vlan core ipaddress 10.0.0.2 255.255.255.252\n"}, "5 of x1 is shut down", 0},
		"twice the address in a wider network": {[]string{ios("r1", "interface GigabitEthernet0/1", a), ios("r2", "interface GigabitEthernet0/1", b), ios("r3", "interface GigabitEthernet0/1", " ip address 10.0.0.1 255.255.255.0")}, "10.0.0.1 is at r1 and at r3", 0},
	} {
		n := inferred(t, written(t, c.texts...)...)
		told := strings.Join(append(n.Contradictions, n.Unknown...), "\n")
		if len(n.Links) != c.links || !strings.Contains(told, c.want) || c.want == "" && told != "" {
			t.Errorf("%s: links %v, told %q; want %d links and %q", name, links(n), told, c.links, c.want)
		}
	}
}

// TestOneName: two configurations of one name that have no address in common may be of two devices; of a device that was
// changed some are the same.
func TestOneName(t *testing.T) {
	first := ios("sw", "interface GigabitEthernet0/1", " ip address 10.0.0.1 255.255.255.252", "interface Loopback0", " ip address 10.9.0.1 255.255.255.255")
	for name, c := range map[string]struct {
		second string
		want   bool
	}{
		"of another": {ios("sw", "interface GigabitEthernet0/1", " ip address 10.0.0.2 255.255.255.252"), true},
		"changed":    {ios("sw", "interface GigabitEthernet0/1", " ip address 10.1.0.1 255.255.255.252", "interface Loopback0", " ip address 10.9.0.1 255.255.255.255"), false},
	} {
		n := inferred(t, written(t, first, c.second)...)
		if got := strings.Contains(strings.Join(n.Contradictions, "\n"), "sw has two configurations that have no address in common"); got != c.want {
			t.Errorf("%s: %q", name, n.Contradictions)
		}
	}
}

// TestAddressesAlone: switches of whose ports nothing is known are nodes, and what is not understood is not said to name no
// device.
func TestAddressesAlone(t *testing.T) {
	n := inferred(t, written(t, ios("s1", "interface Vlan10", " ip address 10.0.0.1 255.255.255.0"), ios("s2", "interface Vlan10", " ip address 10.0.0.2 255.255.255.0"))...)
	if len(n.Nodes) != 2 || len(n.Links) > 0 || n.Nodes[0].Image == "" || !strings.Contains(strings.Join(n.Unknown, "\n"), "how s1 Vlan10, s2 Vlan10 are joined is not known") {
		t.Errorf("nodes %+v, links %v, unknown %q", n.Nodes, links(n), n.Unknown)
	}
	n = inferred(t, written(t, ios("s1", "interface Tunnel0", " ip address 10.0.0.1 255.255.255.0"), ios("s2", "interface Tunnel0", " ip address 10.0.0.2 255.255.255.0"))...)
	if len(n.Nodes) != 2 || len(n.Links) > 0 {
		t.Errorf("of tunnels: nodes %+v, links %v", n.Nodes, links(n))
	}
	n = inferred(t, written(t, ios("s1", "vlan 10"))...)
	if told := strings.Join(n.Unknown, "\n"); !strings.Contains(told, "holds nothing that is understood") {
		t.Errorf("%q", told)
	}
}
