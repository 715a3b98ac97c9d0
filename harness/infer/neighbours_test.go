package infer_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/infer"
)

// session is a capture of a terminal: answers below their commands.
func session(prompt string, answers ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(answers); i += 2 {
		b.WriteString(prompt + answers[i] + "\n" + answers[i+1])
	}
	return b.String() + prompt + "\n"
}

const (
	iosLLDP = "Capability codes:\n    (R) Router, (B) Bridge, (O) Other\n\nDevice ID           Local Intf     Hold-time  Capability      Port ID\n"
	nxLLDP  = "Capability codes:\n  (R) Router, (B) Bridge, (O) Other\nDevice ID            Local Intf      Hold-time  Capability  Port ID\n"
	cdp     = "Capability Codes: R - Router, S - Switch, I - IGMP\n\nDevice ID        Local Intrfce     Holdtme    Capability  Platform  Port ID\n"
	junLLDP = "Local Interface    Parent Interface    Chassis Id          Port info          System Name\n"
	iosXE   = "Cisco IOS XE Software, Version 17.12.04\nCisco IOS Software [Dublin], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.12.4, RELEASE SOFTWARE (fc5)\n"
)

// TestLayouts: who is at the other end, in the layouts that devices of others have; what is not read is told, and a port
// that is called otherwise than its device calls it is none.
func TestLayouts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		texts   []string
		links   []string
		unknown []string
		none    []string // of what is unknown
	}{
		{
			"names that are longer than their column",
			[]string{
				session("north-building-core-1#", "show version", iosXE, "show lldp neighbors", iosLLDP+"annex-3rd-floor-westTe1/1/1        120        B,R             Gi1/0/48\nlab printer 7       Gi1/0/9        90                         Port 3\n\nTotal entries displayed: 2\n\n",
					"show cdp neighbors", cdp+"annex-3rd-floor-west-1.corp.example\n                 Ten 1/1/1         151              S I   C9200L-48 Gig 1/0/48\n\nTotal cdp entries displayed : 1\n"),
				session("annex-3rd-floor-west-1#", "sh lldp nei", iosLLDP+"north-building-core-Gi1/0/48       120        B,R             Te1/1/1\n\nTotal entries displayed: 1\n\n"),
			},
			[]string{"annex-3rd-floor-west-1:gi1/0/48 north-building-core-1:te1/1/1 both lldp"},
			[]string{"north-building-core-1 port Gi1/0/9: of lab printer 7, at its port Port 3, no file came"},
			[]string{"is not whole", "is not read"},
		},
		{
			"a name that is cut and begins as two do",
			[]string{
				session("c#", "show lldp neighbors", iosLLDP+"access-building-7-flTe1/1/1        120        B               Gi1/0/1\n\nTotal entries displayed: 1\n\n"),
				session("access-building-7-floor1#", "show version", iosXE), session("access-building-7-floor2#", "show version", iosXE),
			},
			nil,
			[]string{"c port Te1/1/1: the name access-building-7-fl is cut: it may be access-building-7-floor1 or access-building-7-floor2, and no table there tells so"},
			nil,
		},
		{
			"a name that is cut and is that of another",
			[]string{
				session("c#", "show lldp neighbors", iosLLDP+"access-building-7-flTe1/1/1        120        B               Gi1/0/1\naccess-building-7-flTe1/1/2        120        B               Gi1/0/2\n\nTotal entries displayed: 2\n\n"),
				session("access-building-7-fl#", "show lldp neighbors", iosLLDP+"c                   Gi1/0/1        120        B               Te1/1/1\n\nTotal entries displayed: 1\n\n"),
				session("access-building-7-fl2#", "show version", iosXE),
			},
			[]string{"access-building-7-fl:gi1/0/1 c:te1/1/1 both lldp"},
			[]string{"c port Te1/1/2: the name access-building-7-fl is cut: it may be access-building-7-fl or access-building-7-fl2, and no table there tells so"},
			nil,
		},
		{
			"a name that is cut, and only a sister came",
			[]string{
				session("c#", "show lldp neighbors", iosLLDP+"access-building-7-flTe1/1/1        120        B               Gi1/0/1\n\nTotal entries displayed: 1\n\n"),
				session("access-building-7-floor1#", "show version", iosXE),
			},
			nil,
			[]string{"c port Te1/1/1: the name access-building-7-fl is cut: it may be access-building-7-floor1, and no table there tells so"},
			nil,
		},
		{
			"a name whose domain is cut",
			[]string{
				session("c#", "show lldp neighbors", iosLLDP+"floor1.corp.example.Te1/1/1        120        B               Gi1/0/1\n\nTotal entries displayed: 1\n\n"),
				session("floor1#", "show version", iosXE), session("floor12#", "show version", iosXE),
			},
			[]string{"c:te1/1/1 floor1:gi1/0/1 one lldp"},
			nil, nil,
		},
		{
			"NX-OS",
			[]string{
				session("leaf7# ", "show lldp neighbors", nxLLDP+"rack-switch-of-the-management-network.example.org\n                     mgmt0           120        B           Gi1/0/3\nspine3.dc.example\n                     Eth1/49         120        BR          Ethernet1/7\nTotal entries displayed: 2\n",
					"show cdp neighbors", "Device-ID          Local Intrfce  Hldtme Capability  Platform      Port ID\nspine3.dc.example(FDO26000AAA)\n                    Eth1/49        169    R S I s   N9K-C9364C    Eth1/7\n\nTotal entries displayed: 1\n"),
				session("spine3# ", "show lldp neighbors detail", nxLLDP+"\nChassis id: 00aa.0101.0031\nPort id: Ethernet1/49\nLocal Port id: Eth1/7\nPort Description: to the spine\nSystem Name: leaf7\nSystem Description: Cisco Nexus Operating System (NX-OS) Software 10.3(5)\nTime remaining: 99 seconds\n\nTotal entries displayed: 1\n"),
			},
			[]string{"leaf7:eth1/49 spine3:eth1/7 both lldp+cdp"},
			[]string{"leaf7 port mgmt0: of rack-switch-of-the-management-network.example.org"},
			[]string{"is not whole"},
		},
		{
			"the detailed forms of IOS",
			[]string{
				session("d1#", "show cdp neighbors detail", "-------------------------\nDevice ID: d2.lab.example\nEntry address(es): \n  IP address: 10.12.0.2\nPlatform: cisco C9500-24Y4C,  Capabilities: Switch IGMP \nInterface: TwentyFiveGigE1/0/1,  Port ID (outgoing port): TwentyFiveGigE1/0/2\nHoldtime : 133 sec\n\nTotal cdp entries displayed : 1\n"),
				session("d2#", "show lldp neighbors detail", "------------------------------------------------\nLocal Intf: Twe1/0/2\nChassis id: 00aa.bb00.0001\nPort id: Twe1/0/1\nPort Description: to d2\nSystem Name: d1.lab.example\n\nTime remaining: 101 seconds\nManagement Addresses:\n    IP: 10.12.0.1\n\n------------------------------------------------\nLocal Intf: Gi0/0\nChassis id: 00aa.bb00.0009\nPort id: 7\nSystem Name - not advertised\n\nTotal entries displayed: 2\n"),
			},
			[]string{"d1:twe1/0/1 d2:twe1/0/2 both cdp"},
			[]string{"d2 port Gi0/0: its neighbour tells no name"},
			[]string{"is not whole"},
		},
		{
			"the detailed forms of EOS and Switch Engine",
			[]string{
				session("a1#", "show lldp neighbors detail", "Interface Ethernet1 detected 1 LLDP neighbors:\n\n  Neighbor 001c.7300.0b02/\"Ethernet49/1\", age 11 seconds\n  - Chassis ID type: MAC address (4)\n    Chassis ID     : 001c.7300.0b02\n  - Port ID type: Interface name(5)\n    Port ID     : \"2:51\"\n  - System Name: \"x2\"\n  - IEEE802.1/IEEE802.3 Link Aggregation\n    Port ID                : 0\n\nInterface Ethernet2 detected 0 LLDP neighbors:\n\n"),
				session("* Slot-2 x2.101 # ", "show lldp neighbors detailed", "-----------------------------------------------------------------------------\nLLDP Port 2:51 detected 1 neighbor\n  Neighbor: 00:1c:73:00:0a:01/Ethernet1, age 3 seconds\n    - Chassis ID type: MAC address (4)\n      Chassis ID     : 00:1c:73:00:0a:01\n    - Port ID type: ifName (5)\n      Port ID     : \"Ethernet1\"\n    - System Name: \"a1\"\n-----------------------------------------------------------------------------\n"),
			},
			[]string{"a1:eth1 x2:2:51 both lldp"},
			nil,
			[]string{"not read"},
		},
		{
			"ports by numbers of SNMP, and by descriptions",
			[]string{
				session("noc@mx1> ", "show version", "Hostname: mx1\nModel: mx204\nJunos: 22.4R3-S2.11\n", "show lldp neighbors", junLLDP+"xe-0/1/0           ae0                 00:aa:00:00:00:05   Te1/1/8            agg5.example\nxe-0/1/1           ae0                 00:aa:00:00:00:05   Te2/1/8            agg5.example\net-0/0/2           -                   00:aa:00:00:00:06   uplink to mx1      mx2\n"),
				session("agg5#", "show version", iosXE, "show lldp neighbors", iosLLDP+"mx1                 Te1/1/8        120        B,R             531\nmx1                 Te2/1/8        120        B,R             532\n\nTotal entries displayed: 2\n\n"),
				session("noc@mx2> ", "show version", "Hostname: mx2\nModel: mx204\nJunos: 22.4R3-S2.11\n", "show lldp neighbors", junLLDP+"et-0/0/5           -                   00:aa:00:00:00:01   533                mx1\n"),
			},
			[]string{"agg5:te1/1/8 mx1:xe-0/1/0 both lldp", "agg5:te2/1/8 mx1:xe-0/1/1 both lldp"},
			[]string{`mx1:et-0/0/2 sees mx2, which calls its port "uplinktomx1": which of its ports that is is not known`, `mx2:et-0/0/5 sees mx1, which calls its port "533"`},
			nil,
		},
		{
			"the detailed form of Junos",
			[]string{
				session("noc@j1> ", "show lldp neighbors interface xe-0/0/1", "LLDP Neighbor Information:\nLocal Information:\nIndex: 5 Time to live: 120\nLocal Interface    : xe-0/0/1\nParent Interface   : -\nLocal Port ID      : 516\n\nNeighbour Information:\nChassis type       : Mac address\nChassis ID         : 00:aa:00:00:00:02\nPort type          : Interface name\nPort ID            : xe-0/0/7\nSystem name        : j2\n"),
				session("noc@j2> ", "show version", "Hostname: j2\nModel: ex4300-48t\nJunos: 21.4R3-S5.4\n"),
			},
			[]string{"j1:xe-0/0/1 j2:xe-0/0/7 one lldp"},
			nil,
			[]string{"not read"},
		},
		{
			"Fabric Engine's summary",
			[]string{
				session("v1:1#", "show lldp neighbor summary", "************\n                Command Execution Time: Mon Mar 02 11:20:09 2026 CET\n************\n\n==========\n      LLDP Neighbor Summary\n==========\nLOCAL               IP                   CHASSIS            REMOTE             \nPORT      PROT      ADDR                 ID                 PORT                 SYSNAME         SYSDESCR\n----------\n1/49      LLDP      192.0.2.20           00:04:96:aa:bb:cc  1/50                 v2              VSP-7400-48Y-8C (8.10.1.0)\n----------\nTotal Neighbors : 1\n"),
				session("v2:1#", "show sys-info", "  SysDescr     : VSP-7400-48Y-8C (8.10.1.0)\n  SysName      : v2\n"),
			},
			[]string{"v1:1/49 v2:1/50 one lldp"},
			nil,
			[]string{"is not whole", "not read"},
		},
		{
			"AOS-CX, by its table and in detail",
			[]string{
				session("ag7# ", "show version", "ArubaOS-CX\nVersion      : FL.10.13.1040\n", "show lldp neighbor-info", "\nLLDP Neighbor Information\n=========================\n\nTotal Neighbor Entries          : 2\n\nLOCAL-PORT  CHASSIS-ID         PORT-ID                      PORT-DESC                    TTL      SYS-NAME\n----------\n1/1/1       90:20:c2:00:00:08  1/1/48                       to ag7                       120      co8\n"),
				session("co8# ", "show lldp neighbor-info detail", "LLDP Neighbor Information\n=========================\n----------\nPort                           : 1/1/48\nNeighbor Entries               : 1\nNeighbor Chassis-Name          : ag7\nNeighbor Chassis-ID            : 90:20:c2:00:00:07\nNeighbor Port-ID               : 1/1/1\nTTL                            : 120\n"),
			},
			[]string{"ag7:1/1/1 co8:1/1/48 both lldp"},
			nil,
			[]string{"not read"},
		},
		{
			"SR Linux and IOS XR",
			[]string{
				"--{ running }--[  ]--\n" + session("A:leaf1# ", "show system lldp neighbor", "  +--------------+-------------------+----------------------+---------------------+---------------+\n  |     Name     |     Neighbor      | Neighbor System Name | Neighbor Chassis ID | Neighbor Port |\n  +==============+===================+======================+=====================+===============+\n  | ethernet-1/1 | 1A:B0:01:FF:00:00 | pe1                  | 1A:B0:01:FF:00:00   | Te0/0/0/3     |\n  +--------------+-------------------+----------------------+---------------------+---------------+\n--{ running }--[  ]--\n"),
				session("RP/0/RP0/CPU0:pe1#", "show lldp neighbors", "Mon Jan 29 19:06:33.768 UTC\n"+iosLLDP+"leaf1           TenGigE0/0/0/3      120        R              ethernet-1/1\n[DISABLED]      Te0/0/0/4           120        N/A            00de.fb00.0001\n\nTotal entries displayed: 2\n\n"),
			},
			[]string{"leaf1:ethernet-1/1 pe1:te0/0/0/3 both lldp"},
			[]string{"pe1 port Te0/0/0/4: of [DISABLED], at its port 00de.fb00.0001, no file came"},
			[]string{"not read"},
		},
		{
			"Cumulus, of which a server tells a MAC address",
			[]string{
				session("cumulus@leaf11:mgmt:~$ ", "net show lldp", "\nLocalPort  Speed  Mode        RemoteHost   RemotePort\n---------  -----  ----------  -----------  -----------\nswp51      100G   Default     spine91      swp1\n",
					"sudo lldpctl", "LLDP neighbors:\n----------\nInterface:    swp3, via: LLDP, RID: 9\n  Chassis:\n    SysName:      spine91\n  Port:\n    PortID:       mac 44:38:39:00:00:77\n"),
				session("cumulus@spine91:mgmt:~$ ", "nv show interface lldp", "Interface  Speed  Type  Remote Host  Remote Port\n---------  -----  ----  -----------  -----------\nswp1       100G   swp   leaf11       swp51\n"),
			},
			[]string{"leaf11:swp51 spine91:swp1 both lldp"},
			[]string{`leaf11:swp3 sees spine91, which calls its port "44:38:39:00:00:77"`},
			nil,
		},
		{
			"what is not read is told",
			[]string{
				session("a1#", "show version", "Software image version: 4.30.1F\n", "show lldp neighbors", "Port          Neighbor Device ID       Neighbor Port ID    TTL\n---------- ------------------------ ---------------------- ---\nEt1           b1                       Ethernet1           120\nEt2           a server of ours         0c42.a1aa.bb01      120\nEt3           b1                       Ether\n"),
				session("b1#", "show version", "Software image version: 4.30.1F\n", "show lldp neighbors", "neighbours\n of a release\n that writes them\n in words alone\n"),
			},
			[]string{"a1:eth1 b1:eth1 one lldp"},
			[]string{"a row of show lldp neighbors is not read: Et3", "a1 port Et2: of a server of ours", "b1: 1.txt: the answer of show lldp neighbors is of a layout that is not read"},
			nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := inferred(t, written(t, tt.texts...)...)
			if diff := cmp.Diff(tt.links, links(n)); diff != "" {
				t.Error(diff)
			}
			if len(n.Contradictions) > 0 {
				t.Errorf("contradictions: %q", n.Contradictions)
			}
			all := strings.Join(n.Unknown, "\n")
			for _, want := range tt.unknown {
				if !strings.Contains(all, want) {
					t.Errorf("unknown lacks %q:\n%s", want, all)
				}
			}
			for _, no := range tt.none {
				if strings.Contains(all, no) {
					t.Errorf("unknown has %q:\n%s", no, all)
				}
			}
		})
	}
}

// TestAggregatesOfSummaries: the members of an aggregate, as three systems list them.
func TestAggregatesOfSummaries(t *testing.T) {
	n := inferred(t, written(t,
		session("i1#", "show version", iosXE, "show etherchannel summary", "Flags:  D - down        P - bundled in port-channel\nNumber of channel-groups in use: 1\n\nGroup  Port-channel  Protocol    Ports\n------+-------------+-----------+--------------\n5      Po5(SU)         LACP      Te1/1/8(P)      Te2/1/8(P)\n                                 Te3/1/8(D)\n\n"),
		session("n1# ", "show port-channel summary", "Flags:  D - Down        P - Up in port-channel (members)\n----------\nGroup Port-       Type     Protocol  Member Ports\n      Channel\n----------\n1     Po1(SU)     Eth      LACP      Eth1/53(P)   Eth1/54(P)\n"),
		session("e1#", "show version", "Software image version: 4.30.1F\n", "show port-channel summary", "   Port-Channel       Protocol     Ports\n------------------ --------------- ----------\n   Po105(U)           LACP(aF*)    Et5(PG+) Et6(PG+)\n   Po106(D)           Static       Et7/1(D)\n"))...)
	var got []string
	for _, l := range n.LAGs {
		got = append(got, l.Node+" "+l.Name+" "+strings.Join(l.Members, " "))
	}
	if diff := cmp.Diff([]string{"e1 Port-channel105 Et5 Et6", "e1 Port-channel106 Et7/1", "i1 Port-channel5 Te1/1/8 Te2/1/8 Te3/1/8", "n1 Port-channel1 Eth1/53 Eth1/54"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestRowsOfNoGroup: members below a row of show sharing that is not read are of no aggregate.
func TestRowsOfNoGroup(t *testing.T) {
	n := inferred(t, written(t, session("* x1.5 # ", "show sharing", "Load Sharing Monitor\nConfig    Current    Agg       Ld Share    Ld Share  Agg   Link    Link Up\nMaster    Master     Control   Algorithm   Group     Mbr   State   Transitions\n==========\n     2        2      LACP      L2            2         Y      A        0\n                               L2            3         -      R        0\n    10                new      L3_L4        10         -      R        0\n                               L3_L4        11         -      R        0\n==========\n"))...)
	if len(n.LAGs) > 0 || !strings.Contains(strings.Join(n.Unknown, "\n"), "who is in which group of show sharing") {
		t.Errorf("%+v, unknown %q", n.LAGs, n.Unknown)
	}
}

// TestManagementIsNoLink: the ports of management of two devices are in one network, and no cable.
func TestManagementIsNoLink(t *testing.T) {
	eos := func(name, address string) string {
		return session(name+"#", "show version", "Arista vEOS-lab\nHardware version:\nSerial number:\nSoftware image version: 4.32.0F\n", "show ip interface brief", "Interface         IP Address            Status       Protocol            MTU\n----------------- --------------------- ------------ -------------- -------\nManagement1       "+address+"/24         up           up                 1500\n")
	}
	n := inferred(t, written(t, eos("e1", "192.0.2.1"), eos("e2", "192.0.2.2"))...)
	if len(n.Links) > 0 || len(n.Nodes) != 2 || n.Nodes[0].Serial != "" {
		t.Errorf("links %v, nodes %+v", links(n), n.Nodes)
	}
}

// TestGroupsOfNeighbours: a neighbour of BGP has the AS of its group, which is no neighbour itself.
func TestGroupsOfNeighbours(t *testing.T) {
	n := inferred(t, written(t,
		session("e1#", "show running-config", "! device: e1 (vEOS-lab, EOS-4.32.1F)\n!\nhostname e1\n!\nrouter bgp 65001\n   neighbor UNDERLAY peer group\n   neighbor UNDERLAY remote-as 65101\n   neighbor 10.1.1.1 peer group UNDERLAY\n   neighbor 10.1.1.3 peer group UNDERLAY\n   neighbor 10.1.1.3 remote-as 65103\n!\nend\n"),
		session("i1#", "show running-config", "Building configuration...\n!\nversion 17.9\nservice timestamps debug\nhostname i1\n!\nrouter bgp 65002\n neighbor RR peer-group\n neighbor RR remote-as 65002\n neighbor 10.2.2.2 peer-group RR\n!\nend\n"),
		"!Command: show running-config\nversion 10.3(5)\nhostname n1\nfeature bgp\nrouter bgp 65003\n  router-id 10.255.0.3\n  template peer SPINE\n    remote-as 65100\n  neighbor 10.3.3.3\n    inherit peer SPINE\n  neighbor 10.3.3.5\n    remote-as 65105\n")...)
	got := map[string]string{}
	for _, node := range n.Nodes {
		for _, p := range node.BGP {
			got[node.Name] += p.Address + " " + p.AS + " "
		}
	}
	if diff := cmp.Diff(map[string]string{"e1": "10.1.1.3 65103 10.1.1.1 65101 ", "i1": "10.2.2.2 65002 ", "n1": "10.3.3.5 65105 10.3.3.3 65100 "}, got); diff != "" {
		t.Error(diff)
	}
}

// TestConfigurationsOfOthers reads what configurations say otherwise than the first that were tried.
func TestConfigurationsOfOthers(t *testing.T) {
	junos := `## Last commit: 2026-02-27 16:01:55 UTC by admin
version 20.4R3.8;
groups {
    node0 {
        system {
            host-name of-the-group;
        }
    }
}
system {
    host-name ex1;
}
interfaces {
    ge-0/0/5 {
        unit 0 {
            family inet {
                address 10.5.0.2/30;
                inactive: address 10.6.0.2/30;
            }
        }
    }
    inactive: ge-0/0/7 {
        unit 0 {
            family inet {
                address 10.7.0.2/30;
            }
        }
    }
}
routing-options {
    autonomous-system 65016;
}
protocols {
    bgp {
        group EXT {
            type external;
            peer-as 65015;
            neighbor 10.5.0.1;
        }
        group INT {
            type internal;
            neighbor 10.255.0.9;
        }
    }
}
`
	set := "version 21.4R3-S5.4\nset system host-name ex2\nset interfaces ge-0/0/0 ether-options 802.3ad ae0\nset interfaces ge-0/0/1 ether-options 802.3ad ae0\nset interfaces ge-0/0/2 ether-options 802.3ad ae0\ndeactivate interfaces ge-0/0/1\nset interfaces ae0 aggregated-ether-options lacp active\nset protocols bgp group EXT peer-as 65016\nset protocols bgp group EXT neighbor 10.5.0.2\n"
	management := func(name, address string) string {
		return session(name+"#", "show running-config", "Building configuration...\n!\nversion 17.9\nservice timestamps debug\nhostname "+name+"\n!\ninterface GigabitEthernet0/0\n vrf forwarding Mgmt-vrf\n ip address "+address+" 255.255.255.0\n!\ninterface GigabitEthernet1/0/5\n switchport trunk allowed vlan except 30\n!\ninterface Serial0/1.5 point-to-point\n ip address 10.8.0.1 255.255.255.252\n!\ninterface Vlan 20\n ip address 10.20.0.1 255.255.255.0\nend\n")
	}
	f := frr("f1", "interface eth1 vrf blue", " ip address 10.16.1.1/30")
	bird := session("root@b1:~# ", "birdc show status", "BIRD 2.15.1 ready.\nRouter ID is 10.255.0.17\nHostname is b1\n", "ip -br a", "lo               UNKNOWN        127.0.0.1/8\nens4             UP             10.16.1.2/30\n")
	cx := "!Version ArubaOS-CX FL.10.13.1040\nhostname cx1\nvlan 1,10\ninterface lag 3\n    no shutdown\n    vlan trunk native 1\n    vlan trunk allowed 10\n    lacp mode active\ninterface 1/1/1\n    lag 3\ninterface 1/1/2\n    lag 3\ninterface 1/1/3\n    vlan access 10\n"
	n := inferred(t, written(t, junos, set, management("m1", "192.0.2.1"), management("m2", "192.0.2.2"), f, bird, cx)...)
	if diff := cmp.Diff([]string{"b1:ens4 f1:eth1 subnet 10.16.1.0/30"}, slices.DeleteFunc(links(n), func(l string) bool { return strings.Contains(l, "10.8.0.0") })); diff != "" {
		t.Error(diff)
	}
	got := map[string]string{}
	for _, node := range n.Nodes {
		for _, i := range node.Interfaces {
			for _, a := range i.Addresses {
				if !i.Management {
					got[node.Name] += i.Name + " " + a.String() + " "
				}
			}
		}
		for _, p := range node.BGP {
			got[node.Name] += p.Address + " " + p.AS + " "
		}
	}
	want := map[string]string{
		"ex1": "ge-0/0/5 10.5.0.2/30 10.5.0.1 65015 10.255.0.9 65016 ", "ex2": "10.5.0.2 65016 ", "f1": "eth1 10.16.1.1/30 ", "b1": "lo 127.0.0.1/8 ens4 10.16.1.2/30 ",
		"m1": "Serial0/1.5 10.8.0.1/30 Vlan20 10.20.0.1/24 ", "m2": "Serial0/1.5 10.8.0.1/30 Vlan20 10.20.0.1/24 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var lags []string
	for _, l := range n.LAGs {
		lags = append(lags, l.Node+" "+l.Name+" "+strings.Join(l.Members, " ")+map[bool]string{true: " lacp"}[l.LACP])
	}
	if diff := cmp.Diff([]string{"cx1 lag3 1/1/1 1/1/2 lacp", "ex2 ae0 ge-0/0/0 ge-0/0/2 lacp"}, lags); diff != "" {
		t.Error(diff)
	}
	m1 := n.Of("m1")
	if !slices.Contains(m1.Differs, "port GigabitEthernet1/0/5: the VLANs of its trunk, which the configuration has as except 30") {
		t.Errorf("m1 differs in %q", m1.Differs)
	}
}

// TestDeactivated: what is deactivated is not there, however much that is, and what only speaks of it is.
func TestDeactivated(t *testing.T) {
	const lines = 3000
	var set strings.Builder
	set.WriteString("version 21.4R3-S5.4\nset system host-name ex2\nset routing-options autonomous-system 65015\nset protocols bgp group EXT peer-as 65016\nset protocols bgp group EXT neighbor 10.5.0.2 description \"inactive: spare\"\n" +
		"set interfaces ge-0/0/1 unit 0 family inet address 10.1.0.1/30\nset interfaces ge-0/0/10 unit 0 family inet address 10.2.0.1/30\ndeactivate interfaces ge-0/0/1\n")
	for i := range lines {
		fmt.Fprintf(&set, "set firewall family inet filter of-the-customers term number-%d then accept\n", i)
		fmt.Fprintf(&set, "deactivate firewall family inet filter of-the-customers term number-%d\n", i+lines)
	}
	braces := "## Last commit: 2026-02-27 16:01:55 UTC by admin\nversion 20.4R3.8;\nsystem {\n    host-name ex1;\n}\nrouting-options {\n    autonomous-system 65016;\n}\nprotocols {\n    bgp {\n        group EXT {\n            peer-as 65015;\n            neighbor 10.5.0.1 {\n                description \"inactive: spare\";\n            }\n            inactive: neighbor 10.5.0.9 {\n                description old;\n            }\n        }\n    }\n}\n"
	im := written(t, set.String(), braces)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := inferred(t, im...)
	runtime.ReadMemStats(&after)
	if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 200 {
		t.Errorf("%d lines of each kind took %d MiB", lines, made)
	}
	for name, want := range map[string][]infer.Peer{"ex1": {{Address: "10.5.0.1", AS: "65015"}}, "ex2": {{Address: "10.5.0.2", AS: "65016"}}} {
		if diff := cmp.Diff(want, n.Of(name).BGP); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var ports []string
	for _, i := range n.Of("ex2").Interfaces {
		ports = append(ports, i.Name)
	}
	if diff := cmp.Diff([]string{"ge-0/0/10"}, ports); diff != "" {
		t.Error(diff)
	}
}

// TestEndsThatDiffer: a cable of which the one end names another port than the one that names it is no link, and is
// told; so is one between two ports of a device that only one of them tells of.
func TestEndsThatDiffer(t *testing.T) {
	core := session("core1#", "show version", iosXE, "show lldp neighbors", iosLLDP+"acc1                Gi1/0/2        120        B               Gi1/0/49\n\nTotal entries displayed: 1\n\n")
	acc := session("acc1#", "show version", iosXE, "show lldp neighbors", iosLLDP+"core1               Gi1/0/49       120        B               Gi1/0/3\n\nTotal entries displayed: 1\n\n")
	for _, tt := range []struct {
		name        string
		texts       []string
		contradicts int
		unknown     string
	}{
		{"each sees another port", []string{core, acc}, 1, ""},
		{"each sees another port, the names the other way", []string{strings.NewReplacer("core1#", "aaa1#").Replace(core), strings.ReplaceAll(acc, "core1 ", "aaa1  ")}, 1, ""},
		{
			"its own port, that sees none",
			[]string{session("core1#", "show version", iosXE, "show lldp neighbors", iosLLDP+"core1               Gi1/0/3        120        B               Gi1/0/49\n\nTotal entries displayed: 1\n\n")},
			0, "core1:gi1/0/3 sees another port of its device, core1:gi1/0/49, which sees none: its cable is not known",
		},
	} {
		n := inferred(t, written(t, tt.texts...)...)
		if len(n.Links) != 0 || len(n.Contradictions) != tt.contradicts || tt.unknown != "" && !slices.Contains(n.Unknown, tt.unknown) {
			t.Errorf("%s: links %v, contradictions %q, unknown %q", tt.name, links(n), n.Contradictions, n.Unknown)
		}
	}
}
