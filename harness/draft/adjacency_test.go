package draft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/infer"
)

// apart are one capture each of two routers between which OSPF has no neighbours; extra are lines of r1's interface,
// and area is r1's, below router ospf.
func apart(extra, below, list string) (files []txtar.File) {
	for r := 1; r <= 2; r++ {
		name := fmt.Sprintf("r%d", r)
		text := fmt.Sprintf("%[1]s# show version\nFRRouting 8.4.4 (%[1]s).\n%[1]s# show running-config\nfrr version 8.4.4\nhostname %[1]s\ninterface eth1\n ip address 10.0.0.%[2]d/30\n", name, r)
		if r == 1 {
			text += extra
		}
		text += "exit\nrouter ospf\n network 10.0.0.0/30 area 0\n"
		if r == 1 {
			text += below
		}
		text += "exit\nend\n"
		if r == 1 || list == "" {
			text += name + "# show ip ospf neighbor\n\nNeighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL\n"
			if r == 1 && list != "-" {
				text += list
			}
		}
		files = append(files, txtar.File{Name: name + ".txt", Data: []byte(text + name + "# \n")})
	}
	return files
}

// TestNeverAdjacent: a neighbour of OSPF that both ends are configured for and neither lists is broken, without a capture
// in which it was there; where their intervals differ, the control is the two without.
func TestNeverAdjacent(t *testing.T) {
	const slow = " ip ospf hello-interval 5\n ip ospf dead-interval 20\n"
	d, n := drafted(t, "OSPF between r1 and r2 is lost", apart(slow, "", "")...)
	if len(d.Broken) != 2 || d.Broken[0].Kind != draft.OSPF || !strings.Contains(d.Broken[0].Why, "both ends") || len(d.Hypotheses) < 2 || d.Hypotheses[0].Name != "01-intervals" {
		t.Fatalf("broken %+v, hypotheses %+v", d.Broken, d.Hypotheses)
	}
	valid(t, d, n)
	text := scenarioOf(t, &d.Hypotheses[0])
	for _, want := range []string{"r1 reaches 10.0.0.2", "r1 never has OSPF with 10.0.0.2", "r1.config: r1-control.conf"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	files, err := d.Hypotheses[0].Files(nil, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f infer.File) bool { return f.Name == "r1-control.conf" })
	if i < 0 || strings.Contains(string(files[i].Data), "interval") || !strings.Contains(string(files[i].Data), "10.0.0.1/30") || strings.Contains(text, "r2.config") {
		t.Errorf("%d of %+v in\n%s", i, files, text)
	}
	if d, n = drafted(t, "", apart("", "", "")...); len(d.Broken) != 2 || len(d.Hypotheses) == 0 || strings.Contains(d.Hypotheses[0].Name, "intervals") {
		t.Errorf("with the same intervals: %+v", d.Hypotheses)
	}
	valid(t, d, n)
	for what, files := range map[string][]txtar.File{
		"passive":                  apart("", " passive-interface eth1\n", ""),
		"a list that did not come": apart(slow, "", "-"),
		"listed, on its way":       apart("", "", "10.0.0.2          1 Init/DROther     4.2s              34.812s 10.0.0.2        eth1:10.0.0.1                        0     0     0\n"),
		"no OSPF at r1":            {{Name: "r1.txt", Data: []byte(strings.ReplaceAll(string(apart(slow, "", "")[0].Data), "network 10.0.0.0/30", "network 10.9.0.0/30"))}, apart("", "", "")[1]},
	} {
		if d, _ := drafted(t, "", files...); len(d.Broken) > 0 {
			t.Errorf("%s: %+v", what, d.Broken)
		}
	}
}

// TestSaidAndConfigured: of switches that FRR stands for, a neighbour of OSPF that nobody lists is not known to be absent; that it
// was lost is the customer's word, and what is tried is what the files say was done.
func TestSaidAndConfigured(t *testing.T) {
	var files []txtar.File
	for r := 1; r <= 2; r++ {
		files = append(files, txtar.File{Name: fmt.Sprintf("sw%d.txt", r), Data: fmt.Appendf(nil, `* sw%[1]d.1 # show version
Switch      : 800614-00-07 1743N-4012%[1]d Rev 07 BootROM: 1.0.1.7    IMG: 32.7.1.9

Image   : ExtremeXOS version 32.7.1.9 by release-manager
          on Mon Feb 26 11:20:01 EST 2024
* sw%[1]d.2 # show configuration
#
# Module devmgr configuration.
#
configure snmp sysName "sw%[1]d"

#
# Module vlan configuration.
#
create vlan "up"
configure vlan up tag 20
configure vlan up add ports 1 tagged
configure vlan up ipaddress 10.30.0.%[1]d 255.255.255.252
enable ipforwarding vlan up

#
# Module ospf configuration.
#
configure ospf routerid 10.255.1.%[1]d
enable ospf
configure ospf add vlan up area 0.0.0.0
* sw%[1]d.3 # show ospf neighbor
Neighbor ID     Pri State       Up/Dead Time            Address         Interface       BFD Session State
==========================================================================================

* sw%[1]d.4 #
`, r)})
	}
	files = append(files, txtar.File{Name: "syslog.txt", Data: []byte("Nov 27 09:02:40 sw1 EMS: <Info:vlan.msgs.portLinkStateDown> Port 1 link down\r\nNov 27 09:02:52 sw2 EMS: <Info:vlan.msgs.portLinkStateUp> Port 1 link UP\r\n")})
	d, n := drafted(t, "OSPF between sw1 and sw2 is lost since a port bounced", files...)
	if len(d.Broken) != 2 || d.Broken[0].Why != "" || len(d.Hypotheses) == 0 || d.Hypotheses[0].Name != "01-changes" || !d.Hypotheses[0].Said || len(d.Hypotheses[0].Likeness) != 2 {
		t.Errorf("broken %+v, hypotheses %+v", d.Broken, d.Hypotheses)
	}
	valid(t, d, n)
	for _, sentence := range []string{"", "BGP between sw1 and sw2 is lost", "OSPF is fine"} {
		if d, _ := drafted(t, sentence, files...); len(d.Broken) > 0 || len(d.Hypotheses) > 0 {
			t.Errorf("%q: %+v", sentence, d.Broken)
		}
	}
}
