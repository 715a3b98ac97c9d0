package intake_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLayoutsOfOthers: prompts, tables and versions of systems and releases beyond those of the captures. What is not
// there is not said, above all not that a whole table is cut.
func TestLayoutsOfOthers(t *testing.T) {
	const legend = "Capability codes:\n    (R) Router, (B) Bridge, (O) Other\n\nDevice ID           Local Intf     Hold-time  Capability      Port ID\n"
	for _, tt := range []struct {
		name, text string
		want       []string
		cut        string
	}{
		{
			"a table whose names stand on lines of their own, without capabilities", "a1#show lldp neighbors\n" + legend + "a-name-longer-than-its-column.example\n                    Gi1/0/1        120        B,R             Gi1/0/2\nphone               Gi1/0/3        118                        WAN PORT\nglued-to-its-interfaGi1/0/4        120        B               Gi1/0/5\n\nTotal entries displayed: 3\na1#\n",
			[]string{"session  a1", "2 show lldp neighbors: answered"},
			"",
		},
		{
			"the same in detail", "a1#show lldp neighbors detail\n------\nLocal Intf: Gi1/0/1\nPort id: Gi1/0/2\nSystem Name: b1\nTime remaining: 91 seconds\n------\nLocal Intf: Gi1/0/3\nPort id: 7\n\nTotal entries displayed: 2\na1#\n",
			[]string{"session  a1", "2 show lldp neighbors detail: answered"},
			"",
		},
		{
			"one that is cut", "a1#show lldp neighbors\n" + legend + "b1                  Gi1/0/1        120        B,R             Gi1/0/2\n\nTotal entries displayed: 3\na1#\n",
			[]string{"session  a1", "2 show lldp neighbors: cut"},
			"says 3 rows and has 1",
		},
		{
			"Fabric Engine's summary", "v1:1#show lldp neighbor summary\nLOCAL               IP             CHASSIS            REMOTE\nPORT      PROT      ADDR           ID                 PORT       SYSNAME\n1/49      LLDP      192.0.2.20     00:04:96:aa:bb:cc  1/50       v2\nTotal Neighbors : 1\nv1:1#\n",
			[]string{"session voss v1", "2 show lldp neighbor summary: answered"},
			"",
		},
		{
			"IOS XR", "RP/0/RSP0/CPU0:pe1#show lldp neighbors\nMon Jan 29 19:06:33.768 UTC\n" + legend + "pe2             Te0/0/0/3           120        R              Te0/0/0/5\n\nTotal entries displayed: 1\n\nRP/0/RSP0/CPU0:pe1#show version\nCisco IOS XR Software, Version 7.9.2 LNT\nRP/0/RSP0/CPU0:pe1#\n",
			[]string{"session iosxr pe1 7.9.2", "2 show lldp neighbors: answered", "12 show version: answered"},
			"",
		},
		{
			"a table by itself", legend + "pe2             Te0/0/0/3           120        R              Te0/0/0/5\n",
			[]string{"session ios", "1 show lldp neighbors: answered"},
			"",
		},
		{
			"AOS-CX", "ag7# show version\n-----\nArubaOS-CX\n-----\nVersion      : FL.10.13.1040\nag7# show system\nHostname               : ag7\nProduct Name           : JL658A 6300M 24SFP+ 4SFP56 Swch\nChassis Serial Nbr     : SG00000001\nag7#\n",
			[]string{"session aoscx ag7 FL.10.13.1040 SG00000001", "2 show version: answered", "7 show system: answered"},
			"",
		},
		{
			"SR Linux", "--{ + running }--[ interface ethernet-1/1 ]--\nA:admin@leaf1# show version\nHostname             : leaf1\nSoftware Version     : v24.10.2\n--{ running }--[  ]--\nA:admin@leaf1#\n",
			[]string{"session srlinux leaf1 v24.10.2", "3 show version: answered"},
			"",
		},
		{
			"modes of EOS", "s1#show version\nSoftware image version: 4.31.2F\ns1(config-if-Et1/1)#show clock\nTue Mar  3 10:00:00 2026\ns1(vrf:MGMT)#show hostname\nHostname: s1\ns1#\n",
			[]string{"session eos s1 4.31.2F", "2 show version: answered", "4 show clock: answered", "6 show hostname: answered"},
			"",
		},
		{
			"a name of a group of Junos", "## Last commit: 2026-02-27 16:01:55 UTC by admin\nversion 20.4R3.8;\ngroups {\n    re0 {\n        system {\n            host-name of-the-group;\n        }\n    }\n}\nsystem {\n    host-name mx1;\n}\n",
			[]string{"config junos mx1 20.4R3.8", "1 show configuration: answered"},
			"",
		},
		{
			"values that are empty", "* x1.4 # show switch\n\nSysName:          \nSysLocation:      lab\nSystem Type:      X465-48T\nx1.5 # show version\nImage   : Switch Engine version 32.7.1.9 by release-manager\nx1.6 # \n",
			[]string{"session exos x1 32.7.1.9", "2 show switch: answered", "7 show version: answered"},
			"",
		},
		{
			"a serial number that is empty", "s1#show version\nArista vEOS-lab\nSerial number:\nSoftware image version: 4.32.0F\ns1#\n",
			[]string{"session eos s1 4.32.0F", "2 show version: answered"},
			"",
		},
		{
			"the configuration mode of Junos", "{master:0}[edit]\nops@q1# run show version\nHostname: q1\nJunos: 21.4R3-S5.4\n\n{master:0}[edit]\nops@q1# \n",
			[]string{"session junos q1 21.4R3-S5.4", "3 show version: answered"},
			"",
		},
		{
			"names of groups of Junos alone", "## Last commit: 2026-02-27 16:01:55 UTC by admin\nversion 20.4R3.8;\ngroups {\n    re0 {\n        system {\n            host-name mx2-re0;\n        }\n    }\n    re1 {\n        system {\n            host-name mx2-re1;\n        }\n    }\n}\nsystem {\n    time-zone UTC;\n}\n",
			[]string{"config junos mx2-re0 20.4R3.8", "1 show configuration: answered"},
			"",
		},
		{
			"Cumulus", "cumulus@leaf1:mgmt:~$ nv show interface lldp\nInterface  Speed  Type  Remote Host  Remote Port\nswp1       100G   swp   s1           swp5\ncumulus@leaf1:mgmt:~$ net show lldp\nLocalPort  Speed  Mode     RemoteHost  RemotePort\ncumulus@leaf1:mgmt:~$\n",
			[]string{"session linux leaf1", "2 nv show interface lldp: answered", "5 net show lldp: answered"},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := imported(t, "f.txt", []byte(tt.text))
			if len(f.Parts) != 1 {
				t.Fatalf("%d parts", len(f.Parts))
			}
			if diff := cmp.Diff(tt.want, said(f.Parts[0])); diff != "" {
				t.Error(diff)
			}
			if cut := strings.Join(f.Parts[0].Cut, "\n"); !strings.Contains(cut, tt.cut) || (tt.cut == "") != (cut == "") {
				t.Errorf("cut: %q, want %q", cut, tt.cut)
			}
			if len(f.Parts[0].Contradictions) > 0 {
				t.Errorf("contradictions: %q", f.Parts[0].Contradictions)
			}
		})
	}
}
