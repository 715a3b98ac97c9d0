package intake_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/harness/intake"
)

// TestPlatformOfANeighbour: what neighbours say of their software makes no platform of the device, and a host that is
// asked by programs of its own is that host.
func TestPlatformOfANeighbour(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		want     []string
		platform string
	}{
		"cdp of a Nexus": {"HQ-SW1#sh cdp nei det\nDevice ID: NX9\nVersion :\nCisco Nexus Operating System (NX-OS) Software, Version 9.3(10)\nHQ-SW1#sh lldp nei det\nSystem Description: \n" +
			"ExtremeXOS (X440G2-48p-10G4) version 31.7.1.4\nHQ-SW1#\n", []string{"session  HQ-SW1", "2 sh cdp nei det: answered", "6 sh lldp nei det: answered"}, ""},
		"lldpd on a host": {
			"root@srv1:~# lldpctl\nInterface:    eth0, via: LLDP\n    SysName:      edge3\n    SysDescr:     ExtremeXOS (X440G2-48p-10G4) version 31.7.1.4\nroot@srv1:~# lldpctl -f json\n{\"descr\": \"ExtremeXOS\"}\nroot@srv1:~# \n",
			[]string{"session linux srv1", "2 lldpctl: answered", "6 lldpctl -f json: answered"},
			"linux",
		},
		"a table of its own": {
			"sw# show lldp neighbors\nPort       Neighbor Device ID               Neighbor Port ID           TTL\nEt1        r2                               Ethernet3                  120\nsw# \n",
			[]string{"session eos sw", "2 show lldp neighbors: answered"},
			"eos",
		},
	} {
		p := imported(t, "sent.txt", []byte(c.text)).Parts[0]
		if got := said(p); !slices.Equal(got, c.want) || p.Platform != c.platform {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestUptimeOfNoDevice: the uptime of a kernel names no device.
func TestUptimeOfNoDevice(t *testing.T) {
	for name, text := range map[string]string{
		"nxos":  "LEAF1# show version\nCisco Nexus Operating System (NX-OS) Software\n  NXOS: version 9.3(10)\n  Device name: LEAF1\nKernel uptime is 41 day(s), 2 hour(s)\nLEAF1# \n",
		"iosxr": "RP/0/RP0/CPU0:PE1#show version\nCisco IOS XR Software, Version 7.3.2\nSystem uptime is 5 weeks, 2 days\nRP/0/RP0/CPU0:PE1#\n",
	} {
		p := imported(t, "sent.txt", []byte(text)).Parts[0]
		if len(p.Contradictions) > 0 || p.Platform != name {
			t.Errorf("%s: %s %q contradicts itself: %q", name, p.Platform, p.Device, p.Contradictions)
		}
	}
}

// TestNameOfDigits: a name may begin with a digit, as those do that Extreme's switches come with.
func TestNameOfDigits(t *testing.T) {
	rule := strings.Repeat("*", 84) + "\n"
	banner := func(at string) string {
		return rule + "                Command Execution Time: Sat Nov 28 10:11:" + at + " 2026 CET\n" + rule
	}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"switch engine": {
			"* 5520-24T-SwitchEngine.1 # show version\nSwitch          : 800999-00-01 TB012147K-H0001 Rev 01 IMG: 32.7.2.19\n* 5520-24T-SwitchEngine.2 # show fdb\nrow\n* 5520-24T-SwitchEngine.3 # exit\n",
			[]string{"session exos 5520-24T-SwitchEngine 32.7.2.19 TB012147K-H0001", "2 show version: answered", "4 show fdb: answered", "5 exit: empty"},
		},
		"fabric engine": {
			"5520-BEB:1#show sys-info\n" + banner("12") + "\n        SysDescr     : 5520-24X-FabricEngine (9.0.4.0)\n5520-BEB:1#show vlan i-sid\n" + banner("15") +
				"VLAN_ID    I-SID      I-SID NAME\n10         10010      ISID-10010\n5520-BEB:1#show lldp neighbor summary\n" + banner("16") + "1/1       LLDP      10.20.30.2  00:51:00:12:35:00   1/2  BEB-2  VSP-7432CQ (8.10.2.0)\nTotal Neighbors : 1\n5520-BEB:1#\n",
			[]string{"session voss 5520-BEB 9.0.4.0", "6 show sys-info: answered", "11 show vlan i-sid: answered", "17 show lldp neighbor summary: answered"},
		},
		"ios": {"3650-core#sh clock\n*10:11:12.345 CET Sat Nov 28 2026\n3650-core#\n", []string{"session ios 3650-core", "2 sh clock: answered"}},
	} {
		p := imported(t, "sent.txt", []byte(c.text)).Parts[0]
		if got := said(p); !slices.Equal(got, c.want) || p.NotUnderstood > 0 {
			t.Errorf("%s: %q and %d lines not understood, want %q", name, got, p.NotUnderstood, c.want)
		}
	}
}

// TestTimesOfVOSS: the time that show clock and the head of a configuration tell is read, with its zone.
func TestTimesOfVOSS(t *testing.T) {
	for _, text := range []string{
		"BEB:1#show clock\nSat Nov 28 10:11:12 2026 CET\nBEB:1#\n", "BEB:1#show clock\nSat Nov 28 2026 10:11:12 CET\nBEB:1#\n",
		"BEB:1#show running-config\nPreparing to Display Configuration...\n#\n# Sat Nov 28 10:11:12 2026 CET\n# box type             : VSP-7432CQ\n# software version     : 8.10.2.0\n#\nend\nBEB:1#\n",
	} {
		p := imported(t, "sent.txt", []byte(text)).Parts[0]
		if want := time.Date(2026, 11, 28, 9, 11, 12, 0, time.UTC); !p.Taken.Equal(want) || p.Local {
			t.Errorf("%q: taken %s, want %s", text, p.Taken, want)
		}
	}
}

// TestRefusedByAServer: what authorization of commands refuses is refused.
func TestRefusedByAServer(t *testing.T) {
	for _, said := range []string{"Command authorization failed.", "% Authorization failed.", "% Authorization denied for command 'show tech-support'", "% Permission denied for the role"} {
		p := imported(t, "sent.txt", []byte("HQ-SW1#show tech\n"+said+"\n\nHQ-SW1#\n")).Parts[0]
		if p.Commands[0].Status != intake.Refused {
			t.Errorf("%q: %s", said, p.Commands[0].Status)
		}
	}
}

// TestVersionOfABanner: an answer of BIRD 1 names its version above it.
func TestVersionOfABanner(t *testing.T) {
	if p := imported(t, "sent.txt", []byte("root@rs1:~# birdc show protocols\nBIRD 1.6.8 ready.\nname     proto    table    state\nroot@rs1:~# \n")).Parts[0]; p.Version != "1.6.8" || p.Platform != "bird" {
		t.Errorf("%s in version %q", p.Platform, p.Version)
	}
}

// TestCutInAnIndent: an answer of whose last line nothing but the indent came is cut, and so is a configuration that ends
// with the words above it.
func TestCutInAnIndent(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an indent":   {"x1.1 # show fdb\nMac   Vlan\n00:04:96:51:aa:04  mgmt\n\nFlags : d - Dynamic,\n       ", "the answer to show fdb at line 2: no prompt comes after it: the session may end within it"},
		"no lines":    {"r1# show version\nFRRouting 10.1.1 (r1) on Linux(6.1.0).\nr1# show running-config\nBuilding configuration...\n", "lacks the end of the configuration (a line with end)"},
		"answered it": {"r1# show version\nFRRouting 10.1.1 (r1) on Linux(6.1.0).\nr1# show running-config\nBuilding configuration...\n\nCurrent configuration:\nhostname r1\nend\n", ""},
	} {
		p := imported(t, "sent.txt", []byte(c.text)).Parts[0]
		if got := strings.Join(p.Cut, "\n"); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAgeOfACapture: a capture is as old as its last frame, and one without a frame is not whole.
func TestAgeOfACapture(t *testing.T) {
	var pcap bytes.Buffer
	w := pcapgo.NewWriter(&pcap)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	head := bytes.Clone(pcap.Bytes())
	at := time.Date(2023, 11, 14, 21, 13, 0, 0, time.UTC)
	if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, Length: 60, CaptureLength: 60}, make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	read := func(data []byte) *intake.Part {
		o := asked(t)
		o.Now = at.Add(48 * time.Hour)
		path := filepath.Join(t.TempDir(), "sent.pcap")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := grammar(t).Files([]string{path}, o)
		if err != nil {
			t.Fatal(err)
		}
		return im.Files[0].Parts[0]
	}
	if p := read(pcap.Bytes()); p.Age != 48*time.Hour {
		t.Errorf("it is %s old", p.Age)
	}
	if p := read(head); !slices.Contains(p.Cut, "it holds no frame") {
		t.Errorf("of no frame: %q", p.Cut)
	}
}

// TestRowsOfTables: a table that counts more rows than it has is cut, and one that has them is whole.
func TestRowsOfTables(t *testing.T) {
	for name, c := range map[string]struct{ prompt, command, head, row, more, foot string }{
		"exos fdb":       {"x1.1 # ", "show fdb", "MAC                  VLAN Name( Tag)  Age  Flags\n", "00:04:96:51:aa:01                core(0010) 0000 d m           1:1\n", "00:04:96:51:aa:04                mgmt(0099) 0000   s  m           1:2\n", "\nTotal: 2 Static: 1  Perm: 0  Dyn: 1  Dropped: 0\nx1.2 # \n"},
		"exos ospf":      {"x1.1 # ", "show ospf neighbor", "Neighbor ID    Pri State           Up/Dead Time            Address         Interface\n", "10.0.0.1         1 FULL    /DR     00:01:02:03/00:00:00:31 10.1.1.1        core\n", "10.0.0.2         1 FULL    /BDR    00:01:02:03/00:00:00:31 10.1.1.2        core\n", "\nTotal number of neighbors: 2 (All neighbors in Full state)\nx1.2 # \n"},
		"ios cdp":        {"sw#", "sh cdp nei", "Capability Codes: R - Router\nDevice ID        Local Intrfce     Holdtme    Capability  Platform  Port ID\n", "HQ-SW2.example\n                 Gig 1/0/1         155              S I   WS-C3850- Gig 1/0/24\n", "NX9              Ten 1/1/1         134              R S   N9K-C9318 Eth 1/1\n", "\nTotal cdp entries displayed : 2\nsw#\n"},
		"voss ospf":      {"b:1#", "show ip ospf neighbor", "INTERFACE NBRROUTERID NBRIPADDR PRIO_STATE\n", "10.1.1.1 10.255.0.2 10.1.1.2 1 Full 0 Dyn\n", "10.1.2.1 10.255.0.3 10.1.2.2 1 Full 0 Dyn\n", "\nTotal ospf neighbors: 2\nb:1#\n"},
		"voss isis":      {"b:1#", "show isis adjacencies", "INTERFACE L STATE        UPTIME PRI HOLDTIME SYSID\n", "Port1/1   1 UP       12d 01:02:03 127       22 0051.0012.3500   BEB-2\n", "Mlt7      1 UP          03:04:05 127       25 0051.0012.3600   BEB 3\n", "\nHome:        2 out of 2 interfaces have formed an adjacency\nb:1#\n"},
		"voss interface": {"b:1#", "show ip interface", "INTERFACE        IP              NET\n                 ADDRESS         MASK\n", "Vlan10           10.1.1.1        255.255.255.0   ones       1500     10    false\n", "Clip1            10.255.0.1      255.255.255.255 ones       1500     --    false\n", "\nAll 2 out of 2 Total Num of IP interfaces displayed\nb:1#\n"},
	} {
		for rows, want := range map[string]intake.Status{c.row + c.more: intake.Answered, c.row: intake.CutOff, c.more: intake.CutOff} {
			p := imported(t, "sent.txt", []byte(c.prompt+c.command+"\n"+c.head+rows+c.foot)).Parts[0]
			if got := p.Commands[0].Status; got != want {
				t.Errorf("%s: %s with %q, want %s", name, got, rows, want)
			}
		}
	}
}

// TestLinesOfNoFormat: lines of a log that no format fits are told, and what an indented one goes on with is not counted.
func TestLinesOfNoFormat(t *testing.T) {
	p := imported(t, "sent.txt", []byte("2026-11-28T10:00:02.003Z|00124|bond|INFO|member eth2: link state up\n  and more of it\n{\"time\":\"2026-11-28T10:00:07Z\",\"msg\":\"x\"}\n10:00:08.123 bare time line\n2026-11-28T10:00:09.003Z|00125|bond|INFO|member eth2: link state down\n")).Parts[0]
	if trailer := imported(t, "sent.txt", []byte("03/01/2026 13:58:01.02 <Noti:AAA.authFail> Login failed\nA total of 1 log messages were displayed.\n")).Parts[0]; trailer.NotUnderstood > 0 {
		t.Errorf("of a log of EXOS not understood: %v", trailer.Examples)
	}
	if p.Kind != intake.Log || p.NotUnderstood != 2 || len(p.Examples) != 2 || p.Examples[0].Line != 3 {
		t.Errorf("%s, %d lines not understood: %v", p.Kind, p.NotUnderstood, p.Examples)
	}
}

// TestLogOfNobody: a log that names no host owes no commands.
func TestLogOfNobody(t *testing.T) {
	o := asked(t)
	o.Classes = []string{"ospf"}
	path := filepath.Join(t.TempDir(), "exos.log")
	if err := os.WriteFile(path, []byte("03/01/2026 13:58:01.02 <Noti:AAA.authFail> Login failed\n03/01/2026 13:58:02.02 <Noti:AAA.authFail> Login failed\nA total of 2 log messages were displayed.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	im, err := grammar(t).Files([]string{path}, o)
	if err != nil || len(im.Missing) > 0 {
		t.Errorf("%v, missing %+v", err, im.Missing)
	}
}

// TestLongCommand: what is asked of a command at every line of its answer takes no longer for a long one.
func TestLongCommand(t *testing.T) {
	text := "r1# show version\nFRRouting 10.1.1 (r1) on Linux(6.1.0).\nr1# show lldp nei " + strings.Repeat("x ", 30_000) + "\n" + strings.Repeat("a\n", 20_000) + "r1# \n"
	begun := time.Now()
	p := imported(t, "sent.txt", []byte(text)).Parts[0]
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if len(p.Commands) != 2 || p.Commands[1].Lines != 20_000 {
		t.Errorf("%q", said(p))
	}
}

// TestLeftOut: a configuration whose reader left the pager, or whose sender or device says that lines are missing, is not whole.
func TestLeftOut(t *testing.T) {
	ios := func(count int, middle string) string {
		return fmt.Sprintf("sw1#show running-config\nBuilding configuration...\n\nCurrent configuration : %d bytes\n!\nversion 15.2\nhostname sw1\n!\n%sinterface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0\n!\nend\n\nsw1#\n", count, middle)
	}
	exos := func(middle string) string {
		return "sw1.1 # show configuration\n#\n# Module devmgr configuration.\n#\nconfigure snmp sysName \"sw1\"\n\n#\n# Module vlan configuration.\n#\n" + middle + "sw1.2 # \n"
	}
	const pager, left = "it ends where a pager asked", "a line says that some were left out"
	for name, c := range map[string]struct{ text, want string }{
		"whole":                              {ios(300, ""), ""},
		"redacted":                           {ios(900, ""), ""},
		"a remark":                           {ios(300, "! uplink, see the rest of the plan\n"), ""},
		"quit":                               {exos("Press <SPACE> to continue or <Q> to quit:q\n"), pager},
		"quit on the next line":              {exos("Press <SPACE> to continue or <Q> to quit:\nQ\n"), pager},
		"broken off":                         {exos("Press <SPACE> to continue or <Q> to quit:^C\n"), pager},
		"snip":                               {ios(300, "<snip>\n!\n"), left},
		"snip in dashes":                     {ios(300, "--- snip ---\n!\n"), left},
		"dots":                               {ios(300, "...\n!\n"), left},
		"dots in brackets":                   {ios(300, "[...]\n!\n"), left},
		"omitted":                            {ios(300, "! output omitted for brevity\n!\n"), left},
		"lines removed":                      {ios(300, "<some lines removed>\n!\n"), left},
		"by its own count":                   {ios(98765, ""), "it says that it has 98765 bytes"},
		"an answer that is no configuration": {"sw1#show vlan brief\nVLAN Name  Status  Ports\n1    default  active  Gi0/1\n<output omitted>\nsw1#\n", left},
		"a ping":                             {"sw1#ping 10.0.0.2 repeat 3\nSending 3, 100-byte ICMP Echos to 10.0.0.2, timeout is 2 seconds:\n...\nSuccess rate is 0 percent (0/3)\nsw1#\n", ""},
	} {
		p := imported(t, "sent.txt", []byte(c.text)).Parts[0]
		if got := strings.Join(p.Cut, "\n"); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestTarCutShort: of a tar that ends in the middle of its file, what came of that is read, and is not whole.
func TestTarCutShort(t *testing.T) {
	var text strings.Builder
	text.WriteString("r1# show version\nFRRouting 10.1.1 (r1) on Linux(6.1.0).\nr1# show interface brief\n")
	for i := range 200 {
		fmt.Fprintf(&text, "eth%d  up  default  10.0.%d.1/24\n", i, i)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "a.txt", Mode: 0o600, Size: int64(text.Len()), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text.String())); err != nil {
		t.Fatal(err)
	}
	f := imported(t, "sent.tar", b.Bytes()[:2000])
	if len(f.Parts) != 1 || f.Parts[0].Device != "r1" || len(f.Parts[0].Cut) == 0 || !strings.Contains(f.Error, "it is cut") {
		t.Errorf("%q, parts %+v", f.Error, f.Parts)
	}
}

// TestZipCutShort: of a zip that is cut, whose list of files is at its end, the files that came whole are read as such, and the
// last says that it is not whole.
func TestZipCutShort(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	middle := 0
	for _, name := range []string{"r1", "r2"} {
		w, err := z.Create(name + ".txt") // which ends the one before
		if err != nil {
			t.Fatal(err)
		}
		if err := z.Flush(); err != nil {
			t.Fatal(err)
		}
		middle = b.Len()
		text := name + "# show version\nFRRouting 10.1.1 (" + name + ") on Linux(6.1.0).\n" + name + "# show interface brief\n"
		for i := range 2000 {
			text += fmt.Sprintf("eth%d  up  default  10.%d.%d.1/24\n", i*7919%2000, i%200, i*31%255)
		}
		if _, err := w.Write([]byte(text + name + "# \n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f := imported(t, "sent.zip", b.Bytes()[:(middle+b.Len())/2])
	if len(f.Parts) != 2 || !strings.Contains(f.Error, "it is cut") {
		t.Fatalf("%q, %d parts", f.Error, len(f.Parts))
	}
	if r1, r2 := f.Parts[0], f.Parts[1]; r1.Device != "r1" || len(r1.Cut) > 0 || r2.Device != "r2" || len(r2.Cut) == 0 {
		t.Errorf("%s %q, %s %q", r1.Device, r1.Cut, r2.Device, r2.Cut)
	}
}
