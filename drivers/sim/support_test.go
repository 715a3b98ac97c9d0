package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/sim"
)

func TestEXOSCollections(t *testing.T) {
	_, c := telnetEXOS(t, sim.Config{})
	n := 1
	run := func(line string) string {
		n++
		return c.run(line, fmt.Sprintf("sw1.%d # ", n))
	}
	run("disable clipaging")
	for _, tt := range []struct{ line, want string }{
		{"debug fdb show fdbentry all", "No entries."},
		{"debug hal show optic-info ddmi", "No entries."},
		{"debug vlan show vpifs", "No entries."},
		{"debug stp show internal-state", "No entries."},
		{"show l2stats", "VLAN Default"},
		{"show ospf virtual-link", "virtual links: 0"},
		{"show ports 3 transceiver information", "3        N/A"},
		{"show ports utilization no-refresh", "\n4        R"},
		{"show edp port all vlan-id mismatch untagged", "No VLAN ID mismatch"},
		{"show checkpoint-data", "only on a stack"},
		{"show l2stats vlan nobody", "Error: VLAN nobody does not exist."},
		{"ping 10.0.0.9", "4 packets transmitted, 0 packets received, 100% loss"},
		{"ping count 2 vr VR-Default 10.0.0.9", "2 packets transmitted, 0 packets received, 100% loss"},
		{"ping count 10.0.0.9", "%% I"},
	} {
		if got := run(tt.line); !strings.Contains(got, tt.want) {
			t.Errorf("%s: no %q in\n%s", tt.line, tt.want, got)
		}
	}
}

func TestEXOSAssignments(t *testing.T) {
	s, c := telnetEXOS(t, sim.Config{})
	c.run("create vlan voice tag 101", "* sw1.2 # ")
	c.run("configure voice add nsi 10101", "* sw1.3 # ")
	if got := c.run("show fabric attach assignments", "* sw1.4 # "); !strings.Contains(got, "None     101   voice                            Static   10101      Pending\n") {
		t.Errorf("show fabric attach assignments:\n%s", got)
	}
	if text := s.Running(); !strings.Contains(text, "configure vlan voice add isid 10101\n") {
		t.Errorf("the assignment is not in the configuration:\n%s", text)
	}
	if got := c.run("configure vlan voice add isid 99999999", "* sw1.5 # "); !strings.HasPrefix(got, "Error: ") {
		t.Errorf("an I-SID that is too large is taken: %q", got)
	}
	c.run("configure vlan voice delete isid 10101", "* sw1.6 # ")
	if text := s.Running(); strings.Contains(text, "isid") {
		t.Errorf("the assignment is still in the configuration:\n%s", text)
	}
}

func TestVOSSCollections(t *testing.T) {
	_, c := sshVOSS(t, sim.Config{}, "rwa")
	c.run("enable", "vsp1:1#")
	c.run("terminal more disable", "vsp1:1#")
	for _, tt := range []struct{ line, want string }{
		{"show ip ospf lsdb", "OSPF LSDB"},
		{"show ip vrrp interface", "VRRP Info"},
		{"show sys power", "SIM00000001"},
		{"show poe-port-status", "simulator"},
		{"show spanning-tree mstp status", "simulator"},
	} {
		if got := c.run(tt.line, "vsp1:1#"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: no %q in\n%s", tt.line, tt.want, got)
		}
	}
}
