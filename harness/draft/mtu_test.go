package draft_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestMTU: another MTU that FRR's list of interfaces has is the first of the hypotheses, also where it has no counts.
func TestMTU(t *testing.T) {
	session := func(name string, number, mtu int, state, links string) []byte {
		return fmt.Appendf(nil, "%[1]s# show version\nFRRouting 8.4.4 (%[1]s) on Linux.\n%[1]s# show running-config\nfrr version 8.4.4\nhostname %[1]s\ninterface eth1\n ip address 10.0.0.%[2]d/24\nexit\nrouter ospf\n network 10.0.0.0/24 area 0\nexit\nend\n"+
			"%[1]s# show interface\nInterface eth1 is up, line protocol is up\n%[5]s  vrf: default\n  index 2 metric 0 mtu %[3]d speed 10000 txqlen 1000\n  flags: <UP,BROADCAST,RUNNING,MULTICAST>\n"+
			"%[1]s# show ip ospf neighbor\n2.2.2.2           1 %[4]s/-      1m03s             3.938s 10.0.0.%[6]d        eth1:10.0.0.%[2]d                        0     0     0\n%[1]s# \n", name, number, mtu, state, links, 3-number)
	}
	for _, links := range []string{"", "  Link ups:       1    last: 2026/11/23 11:07:02.00\n  Link downs:     0    last: (never)\n"} {
		d, n := drafted(t, "", txtar.File{Name: "r1-1.txt", Data: session("r1", 1, 1500, "Full", links)}, txtar.File{Name: "r1-2.txt", Data: session("r1", 1, 1400, "ExStart", links)},
			txtar.File{Name: "r2.txt", Data: session("r2", 2, 1500, "Full", links)})
		if len(d.Changes) != 1 || !strings.HasPrefix(d.Changes[0].What, "the MTU of eth1 is 1400, and was 1500 (r1-1.txt:") || !strings.HasPrefix(d.Hypotheses[0].Name, "01-changes") || d.Hypotheses[0].Guess {
			t.Errorf("%+v: %v", d.Changes, d.Hypotheses)
		}
		line, _, _ := bytes.Cut(session("r1", 1, 1400, "ExStart", links), []byte("mtu"))
		if from := fmt.Sprintf("r1-2.txt:%d", bytes.Count(line, []byte("\n"))+1); len(d.Changes) == 1 && d.Changes[0].From != from {
			t.Errorf("from %s, want %s", d.Changes[0].From, from)
		}
		valid(t, d, n)
	}
}

// TestUnequalMTUs: where the ends of a link have different MTUs, and of one of them there is no capture from before, the
// difference is what may have set it off; one that was there when all was well is not.
func TestUnequalMTUs(t *testing.T) {
	session := func(number, mtu int, state string) []byte {
		return fmt.Appendf(nil, "r%[1]d# show version\nFRRouting 8.4.4 (r%[1]d) on Linux.\nr%[1]d# show running-config\nfrr version 8.4.4\nhostname r%[1]d\ninterface eth1\n ip address 10.0.0.%[1]d/24\nexit\nrouter ospf\n network 10.0.0.0/24 area 0\nexit\nend\n"+
			"r%[1]d# show interface\nInterface eth1 is up, line protocol is up\n  vrf: default\n  index 2 metric 0 mtu %[2]d speed 10000\n"+
			"r%[1]d# show ip ospf neighbor\n2.2.2.2           1 %[3]s/-      1m03s             3.938s 10.0.0.%[4]d        eth1:10.0.0.%[1]d                        0     0     0\nr%[1]d# \n", number, mtu, state, 3-number)
	}
	before, now, far := txtar.File{Name: "r1-1.txt", Data: session(1, 1500, "Full")}, txtar.File{Name: "r1-2.txt", Data: session(1, 1500, "ExStart")}, txtar.File{Name: "r2.txt", Data: session(2, 1400, "Exchange")}
	d, n := drafted(t, "", before, now, far)
	const want = "the MTU of eth1 is 1400, and of r1:eth1, the other end of its link, 1500 (r1-2.txt:16)"
	if len(d.Changes) != 1 || d.Changes[0].What != want || d.Changes[0].From != "r2.txt:16" || d.Hypotheses[0].Name != "01-changes" {
		t.Errorf("%+v: %v", d.Changes, d.Hypotheses)
	}
	valid(t, d, n)
	d, _ = drafted(t, "", before, txtar.File{Name: "r2-1.txt", Data: session(2, 1400, "Full")}, now, far)
	if len(d.Changes) != 0 {
		t.Errorf("it was so before: %+v", d.Changes)
	}
}

// TestSwitchMTU: another MTU of a switch's VLAN is set at the port of the router that stands for it, and what else its
// configuration has more or less is told by its lines.
func TestSwitchMTU(t *testing.T) {
	switchOf := func(mtu int, state, more string) []byte {
		return fmt.Appendf(nil, `x1.1 # show switch
SysName:          x1
System Type:      X690-48x-2q-4c
x1.2 # show version
Image   : ExtremeXOS version 32.7.2.19 by release-manager
x1.3 # show configuration
#
# Module vlan configuration.
#
create vlan "uplink"
configure vlan uplink tag 10
configure vlan uplink add ports 5 untagged
configure vlan uplink ipaddress 10.0.0.1 255.255.255.0
configure ip-mtu %d vlan uplink
%s#
# Module ospf configuration.
#
configure ospf routerid 10.1.1.1
configure ospf add vlan uplink area 0.0.0.0
x1.4 # show ospf neighbor
Neighbor ID     Pri State             Up/Dead Time             Address         Interface
                                                                               BFD Session State
==========================================================================================
10.1.1.2        1   %-8s/DR       00:01:10:20/00:00:00:08  10.0.0.2        uplink
                                                                               None
x1.5 #
`, mtu, more, state)
	}
	router := []byte("f1# show version\nFRRouting 8.4.4 (f1).\nf1# show running-config\nfrr version 8.4.4\nhostname f1\ninterface eth1\n ip address 10.0.0.2/24\nrouter ospf\n network 10.0.0.0/24 area 0\nend\nf1# \n")
	d, n := drafted(t, "OSPF of x1 is down since the MTU change", txtar.File{Name: "x1-1.txt", Data: switchOf(1500, "FULL", "")}, txtar.File{Name: "f1.txt", Data: router},
		txtar.File{Name: "x1-2.txt", Data: switchOf(9194, "EXSTART", "configure vlan uplink name other\n")})
	if len(d.Changes) != 1 || d.Changes[0].What != "the MTU of uplink is 9194, and was 1500 (x1-1.txt:14)" || d.Changes[0].From != "x1-2.txt:14" {
		t.Fatalf("%+v, unknown %q", d.Changes, d.Unknown)
	}
	if len(d.Hypotheses) == 0 || d.Hypotheses[0].Name != "01-changes" || !slices.ContainsFunc(d.Unknown, func(u string) bool {
		return strings.Contains(u, "configure vlan uplink name other (x1-2.txt:15)") && strings.Contains(u, "configure ip-mtu 1500 vlan uplink (x1-1.txt:14)")
	}) {
		t.Errorf("%v, unknown %q", d.Hypotheses, d.Unknown)
	}
	valid(t, d, n)
}
