package draft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestFound: where one capture alone came, a neighbour of the protocol that the sentence names is broken as it is listed,
// or as a log has it last; what came is not asked for.
func TestFound(t *testing.T) {
	file := func(name, text string) txtar.File { return txtar.File{Name: name, Data: []byte(text)} }
	core := func(neighbours string) txtar.File {
		return file("core1.txt", "core1.1 # show switch\nSysName:          core1\nSystem Type:      X690-48x-2q-4c\ncore1.2 # show version\nImage   : ExtremeXOS version 32.7.2.19 by release-manager\n"+
			"core1.3 # show configuration\n#\n# Module vlan configuration.\n#\ncreate vlan \"uplink\"\nconfigure vlan uplink tag 10\nconfigure vlan uplink add ports 5 untagged\nconfigure vlan uplink ipaddress 10.0.0.1 255.255.255.0\n"+
			"#\n# Module ospf configuration.\n#\nconfigure ospf routerid 10.1.1.1\nconfigure ospf add vlan uplink area 0.0.0.0\n"+neighbours+"core1.5 #\n")
	}
	listed := func(state string) string {
		return "core1.4 # show ospf neighbor\nNeighbor ID     Pri State             Up/Dead Time             Address         Interface\n                                                                               BFD Session State\n" +
			"==========================================================================================\n" + fmt.Sprintf("10.1.1.2        1   %-8s/DR       00:01:10:20/00:00:00:08  10.0.0.2        uplink\n", state)
	}
	edge := file("edge-r1.cfg", "!\nversion 15.2\nhostname edge-r1\n!\ninterface GigabitEthernet0/1\n ip address 10.0.0.2 255.255.255.0\n!\nrouter ospf 1\n router-id 10.1.1.2\n network 10.0.0.0 0.0.0.255 area 0\n!\nend\n")
	const line = "<189>Nov 30 07:11:02 edge-r1 122: Nov 30 07:11:01.123: %OSPF-5-ADJCHG: Process 1, Nbr 10.1.1.1 on GigabitEthernet0/1 from "
	lost := line + "FULL to DOWN, Neighbor Down: Dead timer expired\r\n"
	syslog := func(text string) txtar.File {
		return file("syslog.txt", text+"<189>Nov 30 07:11:05 edge-r1 123: Nov 30 07:11:04.123: %SYS-5-CONFIG_I: Configured from console\r\n")
	}
	for _, sentence := range []string{"OSPF between core1 and edge-r1 is down", "OSPF is stuck since this morning", "The OSPF neighbor hangs"} {
		d, n := drafted(t, sentence, core(listed("EXSTART")), edge, syslog(lost))
		if len(d.Broken) != 1 || d.Broken[0].Is != "EXSTART" || d.Broken[0].Node != "core1" || len(d.Hypotheses) == 0 || d.Hypotheses[0].Said {
			t.Fatalf("%s: broken %v, asks %q", sentence, d.Broken, d.Ask)
		}
		if !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.Contains(u, "from FULL to DOWN (syslog.txt:1)") }) {
			t.Errorf("the log's line is not told: %q", d.Unknown)
		}
		if all := symptomOf(t, d, n); !holds(t, all[0], "1 ExStart/DR 10s 10.0.0.2 eth1") || holds(t, all[0], "") {
			t.Errorf("symptom %q", all)
		}
		valid(t, d, n)
	}
	again := syslog(lost)
	again.Name = "syslog-2.txt"
	d, n := drafted(t, "OSPF is down", core(""), edge, syslog(lost), again)
	if len(d.Broken) != 1 || d.Broken[0].Node != "edge-r1" || d.Broken[0].From != "syslog.txt:1" || d.Broken[0].What != "OSPF with 10.0.0.1" {
		t.Errorf("broken %v, unknown %q", d.Broken, d.Unknown)
	}
	valid(t, d, n)
	for _, files := range [][]txtar.File{{core(listed("FULL")), edge, syslog(lost)}, {core(""), edge, syslog(lost + line + "LOADING to FULL, Loading Done\r\n")}} {
		if d, _ := drafted(t, "OSPF hangs", files...); len(d.Broken)+len(d.Hypotheses) > 0 {
			t.Errorf("broken %v", d.Broken)
		}
	}
	d, _ = drafted(t, "OSPF is slow", core(listed("FULL")), edge)
	if i := slices.IndexFunc(d.Ask, func(a string) bool { return strings.HasPrefix(a, "of core1, while it fails: ") }); i < 0 || slices.Contains(strings.Split(strings.TrimPrefix(d.Ask[i], "of core1, while it fails: "), ", "), "show ospf neighbor") {
		t.Errorf("asks %q", d.Ask)
	}
}
