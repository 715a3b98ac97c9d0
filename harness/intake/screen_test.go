package intake_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/intake"
)

// typed is a session as a switch shows it.
const typed = `* core-1.5 # show version
Switch      : 800700-00-06 1234N-56789 Rev 6.0 BootROM: 1.0.2.1 IMG: 32.7.2.19
Image   : ExtremeXOS version 32.7.2.19 by release-manager
* core-1.6 # show lldp neighbors

Port     Neighbor Chassis ID  Neighbor Port ID     TTL   Age   Neighbor System Name
===============================================================================
1:1      00:04:96:AA:BB:01    1:49                 120   12    dist-1
===============================================================================
* core-1.7 # show vlan
Name            VID  Protocol Addr       Flags      Proto  Ports  Virtual
* core-1.8 # exit
`

// readText reads one text as a file.
func readText(t *testing.T, text string) *intake.Import {
	t.Helper()
	name := filepath.Join(t.TempDir(), "session.log")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := intake.NewGrammar()
	if err != nil {
		t.Fatal(err)
	}
	im, err := g.Files([]string{name}, intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// TestScreens: what terminals and their programs do to a session takes no command out of it.
func TestScreens(t *testing.T) {
	stamped := func(head string) string {
		return head + strings.ReplaceAll(strings.TrimSuffix(typed, "\n"), "\n", "\n"+head) + "\n"
	}
	for name, text := range map[string]string{
		"as it is":              typed,
		"stamps, with the date": stamped("[2026-03-01 14:20:07] "),
		"stamps, ISO":           stamped("2026-03-01T14:20:07.123Z "),
		"stamps, time alone":    stamped("14:20:07.123 "),
		"stamps, from a prompt": "Welcome\n" + stamped("[14:20:07] "),
		"carriage returns":      strings.ReplaceAll(typed, "\n", "\r"),
		"cursor back":           strings.Replace(typed, "show vlan", "show vlna\x1b[D\x1b[D\x1b[Kan", 1),
		"cursor back by two":    strings.Replace(typed, "show vlan", "show vlxx\x1b[2Dan", 1),
		"a pager erased":        strings.Replace(typed, "1:1      00", "--More--\r\x1b[K1:1      00", 1),
		"a name with a #":       strings.ReplaceAll(typed, "core-1.", "core#1."),
		"a name with blanks":    strings.ReplaceAll(typed, "core-1.", "Core A 1."),
	} {
		im := readText(t, text)
		if len(im.Files) != 1 || len(im.Files[0].Parts) == 0 {
			t.Errorf("%s: no part", name)
			continue
		}
		p := im.Files[0].Parts[len(im.Files[0].Parts)-1]
		var commands []string
		for _, c := range p.Commands {
			commands = append(commands, c.Command)
		}
		if got := strings.Join(commands, ", "); got != "show version, show lldp neighbors, show vlan, exit" || p.Version != "32.7.2.19" {
			t.Errorf("%s: version %q, commands %s", name, p.Version, got)
		}
	}
}

// TestStampsOfLogs: the time that a log has before its lines is the log's.
func TestStampsOfLogs(t *testing.T) {
	im := readText(t, "2026-03-01 14:20:07 r1 bgpd[12]: a neighbor is up\n2026-03-01 14:20:08 r1 bgpd[12]: typed r1# show version by joe\n2026-03-01 14:20:09 r1 bgpd[12]: a neighbor is down\n")
	if p := im.Files[0].Parts[0]; p.Kind != intake.Log || p.First.Second() != 7 || p.Last.Second() != 9 {
		t.Errorf("%+v", p)
	}
}

// TestDescriptionOfANeighbour: what a neighbour says of itself by LLDP is not said of the switch.
func TestDescriptionOfANeighbour(t *testing.T) {
	rule := strings.Repeat("*", 84) + "\n"
	banner := func(title string) string {
		return rule + "                Command Execution Time: Fri Mar 06 08:40:45 2026 UTC\n" + rule + strings.Repeat("=", 100) + "\n" + title + strings.Repeat("=", 100) + "\n"
	}
	text := banner("                                            LLDP Neighbor\n") +
		"Port: 1/3     Index    : 2                    Time: 12 day(s), 03:01:02\n" +
		"              SysName  : vsp-b\n              SysDescr : VSP-7400-48Y (9.1.0.0)\n" + strings.Repeat("-", 100) + "\nTotal Neighbors : 1\n"
	im := readText(t, text)
	for _, p := range im.Files[0].Parts {
		if p.Version != "" || p.Device != "" || p.Model != "" {
			t.Errorf("the switch is %q, %q in version %q by what its neighbour says", p.Device, p.Model, p.Version)
		}
	}
}

// TestSessionsInEachOther: where the answers of two devices stand in each other, that is told of the one that has both.
func TestSessionsInEachOther(t *testing.T) {
	im := readText(t, "core1#show version\nacc1#show version\nCisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.9.4a, RELEASE SOFTWARE (fc3)\n"+
		"Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E7, RELEASE SOFTWARE (fc3)\nacc1 uptime is 1 year\ncore1 uptime is 3 weeks, 2 days\nacc1#\n")
	var told []string
	for _, p := range im.Files[0].Parts {
		told = append(told, p.Contradictions...)
	}
	if want := "device is acc1, and core1 in the answer to show version at line 3"; !slices.Contains(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}

// TestNotWhole: an answer whose reader left the pager, or of which somebody left lines out, is not whole.
func TestNotWhole(t *testing.T) {
	const head = "sw1#show running-config\nBuilding configuration...\n\nCurrent configuration : 1234 bytes\n!\nversion 15.2\nhostname sw1\n!\ninterface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.0\n!\n"
	const end = "!\nline vty 0 4\n!\nend\n\nsw1#exit\n"
	for line, whole := range map[string]bool{
		"!\n":                              true,
		"banner motd # removed by cut #\n": true,
		" description ... to be cut\n":     true,
		"<snip>\n":                         false,
		"[output omitted]\n":               false,
		"! output omitted for brevity\n":   false,
		"...\n":                            false,
		"---- snip ----\n":                 false,
	} {
		im := readText(t, head+line+end)
		if p := im.Files[0].Parts[0]; (len(p.Cut) == 0) != whole {
			t.Errorf("%q: cut %q", line, p.Cut)
		}
	}
	const exos = "sw1.1 # show configuration\n#\n# Module devmgr configuration.\n#\nconfigure snmp sysName \"sw1\"\n\nPress <SPACE> to continue or <Q> to quit:q\nsw1.2 # exit\n"
	p := readText(t, exos).Files[0].Parts[0]
	if len(p.Cut) == 0 || p.Commands[0].Status != intake.CutOff {
		t.Errorf("cut %q, %+v", p.Cut, p.Commands)
	}
}
