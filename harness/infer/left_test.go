package infer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLeft: what of a configuration a lab does not have is named line by line, in each language, what decides first; of
// many lines the others are counted. What is taken out of it, and what sets nothing, is not among them.
func TestLeft(t *testing.T) {
	const cisco = "s#show version\nCisco IOS Software, X Software, Version 15.2(7)E3, RELEASE\ns#show running-config\nBuilding configuration...\n\nCurrent configuration : 99 bytes\n!\nversion 15.2\nhostname s\n"
	for name, c := range map[string]struct {
		text      string
		want, not []string
	}{
		"exos": {
			"s.1 # show configuration\n#\n# Module vlan configuration.\n#\nconfigure snmp sysName \"s\"\nconfigure snmp add community readonly hidden\ncreate vlan \"up\"\nconfigure vlan up tag 10\nconfigure vlan up add ports 1 tagged\nconfigure vlan up ipaddress 10.0.0.1 255.255.255.252\nenable ipforwarding vlan up\nconfigure ip-mtu 9194 vlan up\nconfigure ospf add vlan up area 0.0.0.0 link-type point-to-point\nenable ospf\nconfigure iproute add default 10.0.0.2\ns.2 # \n",
			[]string{"configure ip-mtu 9194 vlan up", "configure ospf add vlan up area 0.0.0.0 link-type point-to-point", "configure iproute add default 10.0.0.2"},
			[]string{"snmp", "ipaddress", "ipforwarding", "create vlan", "enable ospf"},
		},
		"ios": {
			cisco + "interface GigabitEthernet0/1\n description up\n ip address 10.0.0.1 255.255.255.252\n ip ospf network point-to-point\n vrf forwarding blue\nrouter ospf 1\n passive-interface GigabitEthernet0/2\n network 10.0.0.0 0.0.0.3 area 0\nip route 0.0.0.0 0.0.0.0 10.0.0.2\nline vty 0 4\n password hidden\nend\n",
			[]string{"interface GigabitEthernet0/1: ip ospf network point-to-point", "interface GigabitEthernet0/1: vrf forwarding blue", "router ospf 1: passive-interface GigabitEthernet0/2", "ip route 0.0.0.0 0.0.0.0 10.0.0.2"},
			[]string{"description", "ip address", "area 0", "hidden", "configuration", "hostname", "version"},
		},
		"junos": {
			"noc@s> show configuration\nversion 20.4R3.8;\nsystem {\n    host-name s;\n    login {\n        user noc {\n            uid 2000;\n        }\n    }\n}\ninterfaces {\n    ge-0/0/0 {\n        mtu 9192;\n        unit 0 {\n            family inet {\n                address 10.0.0.1/30;\n            }\n        }\n    }\n}\nrouting-options {\n    static {\n        route 0.0.0.0/0 next-hop 10.0.0.2;\n    }\n}\nprotocols {\n    ospf {\n        area 0.0.0.0 {\n            interface ge-0/0/0.0 {\n                interface-type p2p;\n            }\n        }\n    }\n}\nnoc@s>\n",
			[]string{"interfaces ge-0/0/0 mtu 9192", "routing-options static route 0.0.0.0/0 next-hop 10.0.0.2", "protocols ospf area 0.0.0.0 interface ge-0/0/0.0 interface-type p2p"},
			[]string{"address", "uid", "host-name"},
		},
		"voss": {
			"s:1#show running-config\n# software version     : 8.10.1.0\nconfig terminal\nsnmp-server name \"s\"\nvlan create 10 type port-mstprstp 0\nvlan members 10 1/1 portmember\ninterface vlan 10\nip address 10.0.0.1 255.255.255.252\nip ospf network p2p\nexit\nip route 0.0.0.0 0.0.0.0 10.0.0.2 weight 1\nend\ns:1#\n",
			[]string{"interface vlan 10: ip ospf network p2p", "ip route 0.0.0.0 0.0.0.0 10.0.0.2 weight 1"},
			[]string{"snmp-server", "ip address", "vlan create"},
		},
		"many": {
			cisco + "interface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.252\nip access-list extended many\n" + strings.Repeat(" permit icmp any any\n", 70) + "ip route 0.0.0.0 0.0.0.0 10.0.0.2\nend\n",
			[]string{"ip route 0.0.0.0 0.0.0.0 10.0.0.2", "12 more lines of the configuration"},
			nil,
		},
	} {
		n := inferred(t, written(t, c.text, frr("r", "interface eth1", " ip address 10.0.0.2/30"))...)
		s := n.Of("s")
		if s == nil {
			t.Errorf("%s: there is no s", name)
			continue
		}
		for _, want := range c.want {
			if !slices.Contains(s.Differs, "not in the lab: "+want) {
				t.Errorf("%s: %q lacks %q", name, s.Differs, want)
			}
		}
		for _, d := range s.Differs {
			if line, ok := strings.CutPrefix(d, "not in the lab: "); ok && slices.ContainsFunc(c.not, func(not string) bool { return strings.Contains(line, not) }) {
				t.Errorf("%s: %q is named", name, line)
			}
		}
		if name == "many" && s.Differs[0] != fmt.Sprintf("not in the lab: %s", c.want[0]) {
			t.Errorf("first is %q", s.Differs[0])
		}
	}
}
