package intake_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/harness/unpack"
)

var (
	shared   = sync.OnceValues(intake.NewGrammar)
	registry = sync.OnceValues(all.Registry)
)

func grammar(tb testing.TB) *intake.Grammar {
	tb.Helper()
	g, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// asked are options that ask the drivers, as the verb does.
func asked(tb testing.TB) intake.Options {
	tb.Helper()
	r, err := registry()
	if err != nil {
		tb.Fatal(err)
	}
	return intake.Options{
		Lacks: func(kind intake.Kind, platform, text string) ([]string, bool) {
			if kind == intake.Config {
				return r.ConfigLacks(platform, text)
			}
			return r.TechLacks(platform, text)
		},
		Commands: func(platform, class string) []string {
			if c, ok := r.Classed(platform); ok {
				return c.EvidenceFor(class)
			}
			return nil
		},
	}
}

// said is what a part is and what was asked in it, in one line each.
func said(p *intake.Part) []string {
	lines := []string{strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", p.Kind, p.Platform, p.Device, p.Version, p.Serial))}
	for _, c := range p.Commands {
		line := fmt.Sprintf("%d %s: %s", c.Line, c.Command, c.Status)
		if c.Slot != "" {
			line += ", slot " + c.Slot
		}
		lines = append(lines, line)
	}
	return lines
}

// captures are the files of testdata, and what a person reads in them: kind, platform, device, version and
// serial, and each command with the line of its answer.
func captures() map[string][][]string {
	return map[string][][]string{
		"exos-x1.txt": {{
			"tech-support exos x1 22.7.1.2 2001N-00001", "6 show version: answered", "11 show switch: answered", "22 show configuration: answered", "63 show lldp neighbors: answered",
			"73 show edp ports all: answered", "81 show sharing: answered", "94 show log messages nvram: answered", "102 show vlan: answered",
		}},
		"exos-stack.txt": {{
			"tech-support exos stack7 12.6.2.10 1204G-00011", "4 show version: answered", "10 show switch: answered", "13 show power: empty", "15 show power: answered, slot 1",
			"18 show power: answered, slot 2", "21 show power: absent, slot 3", "24 ls internal-memory: answered", "28 show log: answered", "32 show bgp: refused", "35 show ports rxerrors no-refresh: answered",
		}},
		"exos-log.txt": {{"session exos x1", "2 show log: answered", "6 show ports 10 no-refresh: answered"}},
		"voss-v1.txt": {{
			"tech-support voss v1 8.10.1.0 14JP00000002", "2 show sys-info: answered", "15 show lldp neighbor: answered", "29 show vlan basic: answered",
			"39 show running-config: answered", "59 show logging file: answered",
		}},
		"ios-c1.txt":  {{"session ios c1 15.2(7)E3 FOC00000003", "3 sh run: answered", "62 show lldp neighbors: answered", "75 show version: answered"}},
		"nxos-n1.txt": {{"config nxos n1 9.3(8)", "1 show running-config: answered"}},
		"eos-e1.txt": {{
			"session eos e1 4.30.1F JPE00000005", "2 show version: answered", "7 show clock: answered", "10 show running-config: answered", "37 show lldp neighbors: answered",
		}},
		"junos-j1.txt":   {{"session junos j1 20.4R3.8", "2 show version: answered", "7 show configuration: answered", "43 show lldp neighbors: answered", "47 show system uptime: answered"}},
		"frr-f1.txt":     {{"session frr f1 8.4.4", "2 show version: answered", "5 show running-config: answered", "29 ip -br link: answered"}},
		"frr-bundle.log": {{"support-bundle frr r9 9.1", "2 show version: answered", "5 show bgp summary: answered", "8 show bgp nonsense: refused"}},
		"bird.conf":      {{"config bird", "1 show running-config: answered"}},
		"syslog.txt":     {{"log  c1", "1 log: answered"}},
		"hop.txt": {
			{"session ios c1", "2 show clock: answered", "3 ssh -l noc 10.0.34.2: empty", "18 show cdp neighbors: answered"},
			{"session nxos n1 9.3(8) FDO00000006", "5 show version: answered", "11 show lldp neighbors: answered", "16 exit: empty"},
		},
		"voss-full.txt": {
			{
				"session voss v2 9.0.2.0 TB022026X-00012", "1 enable: empty", "3 show fulltech: empty", "5 show sys-info: answered", "17 show software: answered",
				"28 show isis adjacencies: answered", "40 show virtual-ist: answered", "55 show mlt: answered", "66 show ip route: answered",
				"77 show khi performance memory: answered", "81 show isis spbm nonsense: refused",
			},
		},
		"exos-config.txt": {
			{
				"config exos cfg3", "1 show configuration: answered",
			},
		},
		"exos-old.txt": {
			{
				"tech-support exos old2 12.4.3.7 0912G-00042", "4 show version: answered", "10 show switch: answered", "20 show config: answered",
				"34 show dhcp-client state: answered", "43 show bgp: refused", "49 show eaps: answered", "55 show log: answered", "63 show temperature: answered",
				"69 show ports rxerrors no-refresh: answered",
			},
		},
		"exos-ems.txt": {
			{
				"session exos old2", "2 show log messages memory-buffer: answered", "8 show log: answered", "12 show log counters ospf: answered",
				"16 show log configuration: answered", "19 show cli journal: answered", "23 show debug system-dump: answered",
			},
		},
		"exos-ring.txt": {
			{
				"session exos ring 30.7.1.1 2001N-00071", "2 show slot: answered", "8 show stacking: answered", "16 show version: answered",
				"23 show mlag peer: answered", "31 show mlag ports: answered", "39 show stpd s0 ports: answered", "43 show iproute: answered",
				"47 show bgp neighbor: answered", "51 show isis topology: refused",
			},
		},
		"voss-file.txt": {
			{
				"log voss v2", "1 show logging file: answered",
			},
		},
		"voss-paging.txt": {
			{
				"session voss v5", "1 enable: empty", "6 show vlan i-sid: answered", "15 configure terminal: answered", "16 i-sid 100 elan: empty",
				"18 show i-sid elan: answered", "21 exit: empty", "22 end: empty", "24 show ip ospf neighbor: answered",
			},
		},
		"voss-service.txt": {
			{
				"session voss v6", "1 enable: empty", "2 configure terminal: empty", "3 i-sid 100 elan: empty", "5 show vlan i-sid: answered",
				"13 show clock: answered", "14 exit: empty", "15 end: empty",
			},
		},
		"ios-tech.txt": {
			{
				"session ios edge7 15.2(4)S7 4279256517", "2 show tech-support: empty", "4 show clock: answered", "9 show version: answered",
				"19 show running-config: answered", "39 show ip ospf neighbor: answered", "44 show ip bgp summary: answered", "48 show interfaces: answered",
				"54 show logging: answered", "58 show users: answered",
			},
		},
		"ios-edge.txt": {
			{
				"session ios edge8", "3 en: answered", "5 sh ip int br: answered", "9 sh run | sec bgp: answered", "12 sh ip route: answered",
				"18 conf t: answered", "19 int gi1: empty", "20 shut: empty", "21 sh ip ospf nei: empty", "22 end: empty", "24 sh cdp nei: answered",
				"30 sh ipv9: refused",
			},
		},
		"junos-set.txt": {
			{
				"session junos j2 21.2R3.8", "3 show configuration | display set | no-more: answered", "17 show bgp summary: answered",
				"23 show ospf neighbor: answered", "28 show bgp nonsense: refused", "33 show log messages | last 2: answered",
			},
		},
		"junos-rsi.txt": {
			{
				"session junos j3 20.2R3.9", "2 request support information | no-more: empty", "4 show system uptime no-forwarding: answered",
				"8 show version detail no-forwarding: answered", "13 show system core-dumps no-forwarding: answered",
				"17 show configuration | except SECRET-DATA | display omit: answered", "31 show interfaces extensive no-forwarding: answered",
				"36 show route summary: answered",
			},
		},
		"eos-tech.txt": {
			{
				"session eos leaf4 4.31.2F SFJ00000004", "2 show tech-support: empty", "4 show version detail: answered", "17 show clock: answered",
				"22 show running-config sanitized: answered", "40 show ip bgp summary vrf all: answered", "47 show mlag detail: answered",
				"53 show agent logs crash: answered", "57 bash ls -ltr /var/core: answered", "62 show logging: answered",
			},
		},
		"nxos-tech.txt": {
			{
				"tech-support nxos n6 9.3(10) FDO00000016", "2 show version: answered", "17 show running-config: answered",
				"33 show ip ospf neighbors vrf all: answered", "39 show vpc: refused", "43 show lldp neighbors: answered", "50 show cores: answered",
				"55 show logging logfile: answered",
			},
		},
		"frr-shell.txt": {
			{
				"session frr r4 9.1", "2 vtysh: answered", "7 show version: answered", "10 show ip ospf neighbor: answered", "15 show bgp summary json: answered",
				"30 show isis neighbor: answered", "34 show running-config: answered", "48 exit: empty", "50 ip -br addr: answered",
				"53 journalctl -u frr --no-pager: answered", "56 ls -l /var/lib/systemd/coredump: answered",
			},
		},
		"frr.conf": {
			{
				"config frr spine3 10.0", "1 show running-config: answered",
			},
		},
		"frr-support.log": {
			{
				"support-bundle frr r12 8.4.4", "2 show version: answered", "8 show ip ospf neighbor json: answered", "17 show interface: answered",
				"22 show thread cpu: refused", "25 show memory: answered",
			},
		},
		"bird-shell.txt": {
			{
				"session bird b5 2.0.12", "2 show status: answered", "10 show protocols all r6: answered", "17 birdc: answered",
				"19 show ospf neighbors: answered", "23 show route count: answered", "27 show nonsense: refused", "28 quit: empty",
				"30 cat /etc/bird/bird.conf: answered", "42 tail -n 2 /var/log/bird.log: answered",
			},
		},
		"exos-new.txt": {
			{
				"session linux jump", "1 ssh admin@sw9: empty",
			},
			{
				"session exos sw9", "2 show tech-support all: empty", "87 exit: empty",
			},
			{
				"tech-support exos sw9 32.5.1.5 TB012026F-00009", "8 show version: answered", "13 show switch: answered", "20 show management: answered",
				"26 show power details: answered", "33 show lldp neighbors: answered", "40 show edp ports all: answered",
				"49 show ports rxerrors no-refresh | exclude \"0\\s{7}0\\s{7}0\\s{7}0\\s{7}0\\s{7}0\\s{7}0\": answered",
				"51 show ports txerrors no-refresh | exclude \"0\\s{7}0\\s{7}0\\s{7}0\\s{7}0\\s{7}0\": answered", "56 show log messages nvram: answered",
				"63 show configuration: answered", "80 debug hal show device port-info | grep A: answered", "82 ls /usr/local/tmp: answered",
				"84 show debug system-dump: answered",
			},
		},
		"syslog-5424.txt": {
			{
				"log", "1 log: answered",
			},
		},
		"syslog-mixed.txt": {
			{
				"log", "1 log: answered",
			},
		},
	}
}

func TestCaptures(t *testing.T) {
	for name, want := range captures() {
		t.Run(name, func(t *testing.T) {
			im, err := grammar(t).Files([]string{filepath.Join("testdata", name)}, asked(t))
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, p := range im.Files[0].Parts {
				got = append(got, said(p))
				if len(p.Cut) > 0 || p.NotUnderstood > 0 || len(p.Contradictions) > 0 || p.SameAs != "" {
					t.Errorf("cut %v, %d lines not understood %v, %v, same as %q", p.Cut, p.NotUnderstood, p.Examples, p.Contradictions, p.SameAs)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if im.Files[0].Error != "" {
				t.Error(im.Files[0].Error)
			}
		})
	}
}

// TestPositions: where an answer is said to begin, it does.
func TestPositions(t *testing.T) {
	for name := range captures() {
		data := capture(t, name)
		lines := strings.SplitAfter(string(data), "\n")
		for _, p := range imported(t, name, data).Parts {
			for _, c := range p.Commands {
				if before := strings.Join(lines[:c.Line-1], ""); int64(len(before)) != c.Offset {
					t.Errorf("%s: %s is at line %d, byte %d; that line begins at %d", name, c.Command, c.Line, c.Offset, len(before))
				}
			}
		}
	}
}

func TestTimesAndUnits(t *testing.T) {
	at := func(d, h, m, s int) time.Time { return time.Date(2026, 3, d, h, m, s, 0, time.UTC) }
	for name, want := range map[string]struct {
		at    time.Time
		local bool
		from  string
	}{
		"exos-x1.txt":  {at(1, 14, 5, 12), true, "show switch"},
		"voss-v1.txt":  {at(1, 14, 6, 0), false, "its banner"},
		"ios-c1.txt":   {at(1, 14, 20, 5), true, "the header of PuTTY"},
		"eos-e1.txt":   {at(1, 14, 31, 10), false, "show clock"},
		"junos-j1.txt": {at(1, 14, 32, 0), false, "show system uptime"},
		"nxos-n1.txt":  {at(1, 14, 30, 0), true, "show running-config"},
		"syslog.txt":   {at(1, 13, 58, 5), true, "the last line of the log"},
	} {
		o := asked(t)
		o.Now = at(4, 14, 5, 12)
		im, err := grammar(t).Files([]string{filepath.Join("testdata", name)}, o)
		if err != nil {
			t.Fatal(err)
		}
		p := im.Files[0].Parts[0]
		if name == "syslog.txt" { // its lines name no year
			want.at = want.at.AddDate(p.Taken.Year()-2026, 0, 0)
		}
		if !p.Taken.Equal(want.at) || p.Local != want.local || p.From != want.from || p.Age != o.Now.Sub(want.at) {
			t.Errorf("%s: taken %s (local %t) from %s, %s old; want %+v", name, p.Taken, p.Local, p.From, p.Age, want)
		}
	}
	if got := imported(t, "exos-x1.txt", capture(t, "exos-x1.txt")).Parts[0].Model; got != "X460G2-24t-10G4" {
		t.Errorf("model %q", got)
	}
	if got := imported(t, "exos-stack.txt", capture(t, "exos-stack.txt")).Parts[0].Units; !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("units %v: the third slot is empty", got)
	}
}

func capture(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// imported reads a text that is in no file yet.
func imported(tb testing.TB, name string, data []byte) intake.File {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	im, err := grammar(tb).Files([]string{path}, asked(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return im.Files[0]
}

// commands are those of all parts of a file, in their order.
func commands(f intake.File) (list []string) {
	for _, p := range f.Parts {
		for _, c := range p.Commands {
			list = append(list, c.Command+" "+c.Slot)
		}
	}
	return list
}

// TestCutAnywhere: what is before a cut is found, and the cut is told.
func TestCutAnywhere(t *testing.T) {
	for name := range captures() {
		data := capture(t, name)
		whole := imported(t, name, data)
		if len(whole.Parts) > 1 { // of sessions that take turns
			continue
		}
		all := whole.Parts[0].Commands
		ends := whole.Parts[0].Kind == intake.TechSupport || whole.Parts[0].Kind == intake.Config && whole.Parts[0].Platform == "bird"
		for at := 40; at < len(data)-1; at += max(1, len(data)/60) {
			f := imported(t, name, data[:at])
			if len(f.Parts) == 0 {
				if at > 200 { // there is more than a rule
					t.Errorf("%s cut at %d: nothing is said of it", name, at)
				}
				continue
			}
			told := false
			for _, p := range f.Parts {
				told = told || len(p.Cut) > 0 || p.Unknown != "" && data[at-1] == '\n'
			}
			if inLine := data[at-1] != '\n'; !told && (ends && !endsWhole(name, data[:at]) || inLine && ends) {
				t.Errorf("%s cut at %d (%q): not told", name, at, data[max(0, at-30):at])
			}
			begun, until := 0, 80
			if strings.HasPrefix(name, "voss-") { // a title names what was asked, below a banner
				until = 330
			}
			for _, c := range all {
				if int(c.Offset)+until < at {
					begun++
				}
			}
			if got := commands(f); len(got) < begun && whole.Parts[0].Kind != intake.Config {
				t.Errorf("%s cut at %d: %d commands of %d: %v", name, at, len(got), begun, got)
			}
		}
	}
}

// endsWhole reports whether nothing tells that a text goes on: what marks the end of its kind is
// there, or the cut is where a collection of this layout may end.
func endsWhole(name string, data []byte) bool {
	text := string(data)
	switch name {
	case "exos-stack.txt", "exos-old.txt": // release 12 marks no end: the groups that every collection has are there
		return strings.Contains(text, "\n-> show log\n") && strings.HasSuffix(text, "\n")
	case "voss-v1.txt": // what every collection has is there
		return strings.Contains(text, "\nCP1  [") && strings.HasSuffix(text, "\n")
	case "bird.conf":
		return strings.Count(text, "{") == strings.Count(text, "}")
	}
	return false
}

func TestCutInTheMiddle(t *testing.T) {
	x1 := string(capture(t, "exos-x1.txt"))
	for name, c := range map[string]struct{ text, want string }{
		"rows of a log":        {strings.Replace(x1, "03/01/2026 13:58:01.02 <Noti:AAA.authFail> Login failed for user noc through ssh (192.0.2.77)\n", "", 1), "says 2 rows and has 1"},
		"one of two":           {x1[:len(x1)/2] + "\n" + x1, "the end marker"},
		"the second of two":    {x1 + x1[:len(x1)/2], "the end marker"},
		"commands of a prompt": {strings.Replace(string(capture(t, "exos-log.txt")), "x1.15 #", "x1.19 #", 1), "4 commands of the session are missing before line 5"},
		"neighbours":           {strings.Replace(string(capture(t, "voss-v1.txt")), "Total Neighbors : 1", "Total Neighbors : 3", 1), "says 3 rows and has 1"},
		"a long line":          {"sw.1 # show version\n" + strings.Repeat("x", 70000) + "\n", "longer than"},
	} {
		f := imported(t, "f.txt", []byte(c.text))
		var cut []string
		for _, p := range f.Parts {
			cut = append(cut, p.Cut...)
		}
		if !strings.Contains(strings.Join(cut, "\n"), c.want) {
			t.Errorf("%s: cut %q, want %q", name, cut, c.want)
		}
	}
	if f := imported(t, "two.txt", []byte(x1[:len(x1)/2]+"\n"+x1)); len(f.Parts) != 2 || len(f.Parts[0].Cut) == 0 || len(f.Parts[1].Cut) != 0 {
		t.Errorf("a cut collection before a whole one: %d parts", len(f.Parts))
	}
}

// TestInterleaved: lines of a log within other answers change nothing of those.
func TestInterleaved(t *testing.T) {
	for _, c := range []struct{ name, line string }{
		{"exos-x1.txt", "03/01/2026 14:05:13.00 <Noti:HAL.Port.Up> Port 7 link up"},
		{"eos-e1.txt", "Mar  1 14:31:10 e1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet7, changed state to up"},
		{"ios-tech.txt", "*Mar  5 18:00:50.111: %LINK-3-UPDOWN: Interface FastEthernet0/1, changed state to down"},
		{"nxos-tech.txt", "2026 Mar  6 09:58:12 n6 %ETHPORT-5-IF_DOWN_LINK_FAILURE: Interface Ethernet1/9 is down"},
		{"junos-set.txt", "Mar  6 08:00:01  j2 mib2d[1102]: SNMP_TRAP_LINK_DOWN: ifIndex 511, ifAdminStatus up(1), ifOperStatus down(2), ifName ge-0/0/9"},
		{"voss-full.txt", "CP1  [03/05/26 10:00:01.500:CET] v2 0x000045e3 00300001.238 DYNAMIC SET GlobalRouter PORT WARNING Port 1/9 is down"},
		{"exos-ring.txt", "03/02/2026 06:58:40.02 <Noti:vlan.msgs.portLinkStateUp> Slot-2: Port 2:3 link up"},
		{"bird-shell.txt", "2026-03-06 10:21:13.221 <INFO> r7: State changed to down"},
		{"frr-f1.txt", "2026/03/01 14:31:10 BGP: [M59KS-A3ZXZ] bgp_update_receive: rcvd End-of-RIB for IPv4 Unicast from 10.0.24.1 in vrf default"},
	} {
		data := capture(t, c.name)
		var with []string
		n := 0
		for i, line := range strings.SplitAfter(string(data), "\n") {
			with = append(with, line)
			if i%5 == 3 && i > 3 && !strings.Contains(line, "<") && strings.Trim(line, "*= \n") != "" {
				with = append(with, c.line+"\n")
				n++
			}
		}
		want, got := answers(t, data), answers(t, []byte(strings.Join(with, "")))
		for k := range want {
			if strings.HasPrefix(k, "show log") {
				delete(want, k)
				delete(got, k)
			}
		}
		for k := range want {
			if strings.Contains(k, "/var/log/") {
				delete(want, k)
				delete(got, k)
			}
		}
		delete(got, "log") // between answers
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if f := imported(t, c.name, []byte(strings.Join(with, ""))); f.Parts[0].Cleaned.Interleaved < n/2 {
			t.Errorf("%s: %d of %d lines counted", c.name, f.Parts[0].Cleaned.Interleaved, n)
		}
	}
}

// answers are the texts of a capture by command.
func answers(tb testing.TB, data []byte) map[string]string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "f")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	got := map[string]string{}
	_, err := grammar(tb).Files([]string{path}, intake.Options{Visit: func(_ *intake.Part, c *intake.Command, text string) error {
		got[c.Command+c.Slot] += text
		return nil
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func TestEncodingsAndArchives(t *testing.T) {
	for name := range captures() {
		data := capture(t, name)
		want := commands(imported(t, name, data))
		for form, packed := range map[string][]byte{
			"UTF-16":         wide(binary.LittleEndian, data),
			"UTF-16BE":       wide(binary.BigEndian, data),
			"UTF-8 mark":     append([]byte("\xef\xbb\xbf"), data...),
			"CRLF":           bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")),
			"CRCRLF":         bytes.ReplaceAll(data, []byte("\n"), []byte("\r\r\n")),
			"Latin-1":        append(bytes.Clone(data), "\xe4\xf6\xfc\n"...),
			"coloured":       bytes.ReplaceAll(data, []byte("\n"), []byte("\x1b[0m\x1b[K\n")),
			"gzip":           gzipped(t, data),
			"zip":            zipped(t, name, data),
			"tar.gz":         gzipped(t, tarred(t, name, data)),
			"tar.gz in zip":  zipped(t, "a.tgz", gzipped(t, tarred(t, name, data))),
			"UTF-16 in gzip": gzipped(t, wide(binary.LittleEndian, data)),
		} {
			if (name == "exos-log.txt" || name == "ios-edge.txt") && form == "Latin-1" {
				continue // it ends in a prompt
			}
			f := imported(t, name, packed)
			if diff := cmp.Diff(want, commands(f)); diff != "" || f.Error != "" {
				t.Errorf("%s as %s: %s %s", name, form, f.Error, diff)
			}
		}
	}
}

func wide(order binary.AppendByteOrder, data []byte) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(string(data))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func gzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func tarred(tb testing.TB, name string, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func zipped(tb testing.TB, name string, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestBounds: what unpacks to more than the bound is refused, and what came before a cut is read.
func TestBounds(t *testing.T) {
	long := gzipped(t, bytes.Repeat([]byte("03/01/2026 13:58:02.11 <Noti:EPM.hello> nothing to see here\n"), 100_000))
	path := filepath.Join(t.TempDir(), "long.gz")
	if err := os.WriteFile(path, long, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data   []byte
		limits unpack.Limits
		want   string
		lines  bool
	}{
		"a stream":          {long, unpack.Limits{Size: 1 << 20}, "it unpacks to more than 1 MB", true},
		"an archive":        {zipped(t, "x", bytes.Repeat([]byte("x\n"), 1<<20)), unpack.Limits{Size: 1 << 20, Depth: 3, Members: 9}, "it unpacks to more than 1 MB", false},
		"archives within":   {gzipped(t, gzipped(t, gzipped(t, gzipped(t, long)))), unpack.Limits{Size: 1 << 20, Depth: 2}, "archives lie in it more than 2 deep", false},
		"a stream cut":      {long[:len(long)/2], intake.DefaultLimits(), "the archive ends in the middle", true},
		"an archive cut":    {zipped(t, "x", []byte("show version\n"))[:40], intake.DefaultLimits(), "the archive ends in the middle", false},
		"nothing":           {nil, intake.DefaultLimits(), "it is empty", false},
		"damaged from byte": {[]byte("\x1f\x8bnothing but this"), intake.DefaultLimits(), "unpack it", false},
	} {
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := grammar(t).Files([]string{path}, intake.Options{Limits: c.limits})
		if err != nil {
			t.Fatal(err)
		}
		f := im.Files[0]
		if !strings.Contains(f.Error, c.want) {
			t.Errorf("%s: %q, want %q", name, f.Error, c.want)
		}
		if c.lines && (len(f.Parts) != 1 || f.Parts[0].Lines < 1000 || len(f.Parts[0].Cut) == 0) {
			t.Errorf("%s: what came before is lost, or not said to be cut", name)
		}
	}
}

func TestOtherKinds(t *testing.T) {
	var pcap, ng bytes.Buffer
	w := pcapgo.NewWriter(&pcap)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	n, err := pcapgo.NewNgWriter(&ng, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	for i := range 3 {
		ci := gopacket.CaptureInfo{Timestamp: at.Add(time.Duration(i) * time.Second), Length: 60, CaptureLength: 60}
		if err := w.WritePacket(ci, make([]byte, 60)); err != nil {
			t.Fatal(err)
		}
		if err := n.WritePacket(ci, make([]byte, 60)); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Flush(); err != nil {
		t.Fatal(err)
	}
	core := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57)...)
	core[16] = 4
	for name, c := range map[string]struct {
		data   []byte
		kind   intake.Kind
		frames int
		cut    bool
	}{
		"pcap":       {pcap.Bytes(), intake.Capture, 3, false},
		"pcap cut":   {pcap.Bytes()[:pcap.Len()-9], intake.Capture, 2, true},
		"pcapng":     {ng.Bytes(), intake.Capture, 3, false},
		"pcapng cut": {ng.Bytes()[:ng.Len()-9], intake.Capture, 2, true},
		"core":       {core, intake.Core, 0, false},
		"binary":     {[]byte("\x00\x01\x02\x03 something\x00"), intake.Binary, 0, false},
	} {
		f := imported(t, "f", c.data)
		if len(f.Parts) != 1 {
			t.Errorf("%s: %d parts", name, len(f.Parts))
			continue
		}
		p := f.Parts[0]
		if p.Kind != c.kind || p.Frames != c.frames || len(p.Cut) > 0 != c.cut {
			t.Errorf("%s: %s of %d frames, cut %v", name, p.Kind, p.Frames, p.Cut)
		}
		if c.frames == 3 && (!p.First.Equal(at) || !p.Taken.Equal(at.Add(2*time.Second))) {
			t.Errorf("%s: from %s to %s", name, p.First, p.Taken)
		}
	}
}

// TestHostsOfALog: a log that a server of syslog kept is of no device alone, and names those that it is of.
func TestHostsOfALog(t *testing.T) {
	const one = "Nov 27 09:02:34 core1 ospfd[812]: [P8CPY-EFCJX] AdjChg: Nbr 10.255.0.2\r\n"
	const other = "Nov 27 09:02:40 sw1 EMS: <Info:vlan.msgs.portLinkStateUp> Port 3 link UP\r\n"
	for text, want := range map[string]string{one + one: "core1 []", one + other + one: " [core1 sw1]"} {
		f := imported(t, "syslog.txt", []byte(text))
		if len(f.Parts) != 1 || f.Parts[0].Kind != intake.Log || fmt.Sprint(f.Parts[0].Device, " ", f.Parts[0].Hosts) != want {
			t.Errorf("%q: %+v, want %q", text, f.Parts[0], want)
		}
	}
}

// TestNothingIsBelievedTwice: the same again is told, and what contradicts too.
func TestNothingIsBelievedTwice(t *testing.T) {
	x1 := filepath.Join("testdata", "exos-x1.txt")
	im, err := grammar(t).Files([]string{x1, x1}, asked(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := im.Files[1].Parts[0].SameAs; got != x1+":1" || len(im.Devices) != 1 || im.Devices[0].Commands != 8 {
		t.Errorf("same as %q, %d devices", got, len(im.Devices))
	}
	eos := string(capture(t, "eos-e1.txt"))
	f := imported(t, "f", []byte(eos+strings.Replace(eos, "4.30.1F", "4.31.0F", 1)))
	p := f.Parts[0]
	if again := p.Commands[len(p.Commands)-1]; !again.Again || p.Commands[0].Again {
		t.Errorf("not told as the same again: %+v", again)
	}
	if len(p.Contradictions) == 0 || !strings.Contains(p.Contradictions[0], "version is 4.30.1F, and 4.31.0F in the answer to show version") {
		t.Errorf("contradictions %q", p.Contradictions)
	}
}

func TestNotUnderstood(t *testing.T) {
	f := imported(t, "f", []byte("Dear support,\n\nit is broken again.\n\nx1.4 # show version\nImage   : ExtremeXOS version 22.7.1.2\n"))
	if p := f.Parts[0]; len(f.Parts) != 2 && len(p.Commands) != 1 || p.NotUnderstood != 2 || p.Examples[1] != (intake.Place{Line: 3, Text: "it is broken again."}) {
		t.Errorf("%d lines: %+v", p.NotUnderstood, p.Examples)
	}
}

func TestMissing(t *testing.T) {
	o := asked(t)
	o.Classes = []string{"lag", "bgp"}
	im, err := grammar(t).Files([]string{filepath.Join("testdata", "exos-x1.txt"), filepath.Join("testdata", "exos-stack.txt")}, o)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]intake.Need{}
	for _, n := range im.Missing {
		got[n.Device+" "+n.Class] = n
	}
	if n := got["x1 lag"]; slices.Contains(n.Commands, "show sharing") || !slices.Contains(n.Commands, "show lacp counters") {
		t.Errorf("x1 lacks %v for lag", n.Commands)
	}
	if n := got["stack7 bgp"]; !slices.Equal(n.Refused, []string{"show bgp"}) || !slices.Contains(n.Commands, "show bgp neighbor") {
		t.Errorf("stack7: %+v", n)
	}
}

// TestManyDevices: a text of ever new devices has an end.
func TestManyDevices(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "sw%d# show version\nnothing\n", i)
	}
	f := imported(t, "f", []byte(b.String()))
	last := f.Parts[len(f.Parts)-1]
	if len(f.Parts) != 1000 || len(last.Commands) != 2001 || len(last.Cut) == 0 {
		t.Errorf("%d parts, of which the last has %d commands and says %v", len(f.Parts), len(last.Commands), last.Cut)
	}
}

func TestVisitorEndsIt(t *testing.T) {
	enough := fmt.Errorf("enough")
	_, err := grammar(t).Files([]string{filepath.Join("testdata", "exos-x1.txt")}, intake.Options{Visit: func(*intake.Part, *intake.Command, string) error { return enough }})
	if err != enough { //nolint:errorlint // it is handed on as it is
		t.Errorf("%v", err)
	}
}

// FuzzFile: nothing that is sent stops the reading, and positions stay within the file.
func FuzzFile(f *testing.F) {
	for name := range captures() {
		data := capture(f, name)
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(wide(binary.LittleEndian, data))
	}
	f.Add([]byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00"))
	f.Add(gzipped(f, []byte("x.1 # show version\n\x1b[0m--More--\b\b\b\b\b\b\b\b")))
	g := grammar(f)
	o := asked(f)
	o.Limits = unpack.Limits{Depth: 3, Members: 20, Size: 1 << 20}
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := g.Files([]string{path}, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range im.Files[0].Parts {
			line := 0
			for _, c := range p.Commands {
				if c.Line < line || c.Line < 1 || c.Offset < 0 || c.Status == "" || c.Command == "" || im.Files[0].Packed == "" && c.Offset > int64(len(data)) {
					t.Errorf("%+v after line %d", c, line)
				}
				line = c.Line
			}
		}
	})
}

// TestCutAnswers: an answer that the text does not go beyond, or that ends where a pager asked, is cut, on every platform,
// and so is one with fewer rows than it says.
func TestCutAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want string // why the answer to the last command that lists something is cut
	}{
		"frr":                           {"r1# show ip ospf neighbor\nrow\nr1# \n", ""},
		"frr, at the end":               {"r1# show ip ospf neighbor\nrow\n", "no prompt comes after it: the session may end within it"},
		"without an answer":             {"r1# show ip ospf neighbor\n", "no prompt comes after it: the session may end within it"},
		"who left":                      {"r1# show ip ospf neighbor\nrow\nr1# exit\n", ""},
		"refused":                       {"r1# show ip ospf nonsense\n% Unknown command: show ip ospf nonsense\n", ""},
		"a configuration, at the end":   {"r1# show running-config\nCurrent configuration:\nhostname r1\nend\n", ""},
		"a configuration that is cut":   {"r1# show running-config\nCurrent configuration:\nhostname r1\n", "no prompt comes after it: the session may end within it"},
		"exos, a pager":                 {"* sw1.3 # show ospf neighbor\nrow\nPress <SPACE> to continue or <Q> to quit:\n* sw1.4 # exit\n", "it ends where a pager asked (line 3)"},
		"voss, a pager":                 {"VSP:1#show ip ospf neighbor\nrow\n--More-- (q = quit)\nVSP:1#exit\n", "it ends where a pager asked (line 3)"},
		"a pager that went on":          {"VSP:1#show ip ospf neighbor\nrow\n--More-- (q = quit)\nrow\nVSP:1#exit\n", ""},
		"bird":                          {"bird> show protocols\nrow\n", "no prompt comes after it: the session may end within it"},
		"a line that has no end":        {"r1# show ip ospf neighbor\nrow\nro", "its last line has no end"},
		"the sessions of two":           {"r1# show ip ospf neighbor\nrow\nr2# show clock\nr2# \n", "no prompt comes after it: the session may end within it"},
		"two families, one row missing": {"r1# show bgp summary\nPeers 2, using 1 KiB of memory\n\n10.0.0.2 4 65002 1 2 0 0 0 00:00:07 1 1 N/A\n\nTotal number of neighbors 1\n\nPeers 2, using 1 KiB of memory\n\n\nTotal number of neighbors 1\nr1# \n", "it has fewer rows than it says"},
		"exos, a group":                 {"* sw1.3 # show lacp lag 1\nLag        Actor    Actor  Partner           Partner  Partner Agg   Actor\n           Sys-Pri  Key    MAC               Sys-Pri  Key     Count MAC\n----\n1                0  0x03e9 00:04:96:10:33:60       0  0x03e9      2 00:30:48:41:ed:45\n\nPort list:\n\nMember     Port      Rx           Sel          Mux            Actor     Partner\nPort       Priority  State        Logic        State          Flags     Port\n----\n1          0         Current      Selected     Collect-Dist   A-GSCD--  1009\n2          0         Current      Selected     Collect-Dist   A-GSCD--  1010\n* sw1.4 # exit\n", ""},
		"exos, a member missing":        {"* sw1.3 # show lacp lag 1\nLag        Actor    Actor  Partner           Partner  Partner Agg   Actor\n           Sys-Pri  Key    MAC               Sys-Pri  Key     Count MAC\n----\n1                0  0x03e9 00:04:96:10:33:60       0  0x03e9      2 00:30:48:41:ed:45\n\nPort list:\n\nMember     Port      Rx           Sel          Mux            Actor     Partner\nPort       Priority  State        Logic        State          Flags     Port\n----\n1          0         Current      Selected     Collect-Dist   A-GSCD--  1009\n* sw1.4 # exit\n", "it has fewer rows than it says"},
		"two families":                  {"r1# show bgp summary\nPeers 2, using 1 KiB of memory\n\n10.0.0.2 4 65002 1 2 0 0 0 00:00:07 1 1 N/A\n\nTotal number of neighbors 1\n\nPeers 2, using 1 KiB of memory\n\n2001:db8::2 4 65002 1 2 0 0 0 00:00:07 1 1 N/A\n\nTotal number of neighbors 1\nr1# \n", ""},
	} {
		file := filepath.Join(t.TempDir(), "capture.txt")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := grammar(t).Files([]string{file}, intake.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := im.Files[0].Parts[0].Commands[0]
		if c.Cut != tt.want || (c.Status == intake.CutOff) != (tt.want != "") || c.Half != strings.Contains(tt.want, "last line") {
			t.Errorf("%s: %+v", name, c)
		}
		if cut := im.Files[0].Parts[0].Cut; (len(cut) > 0) != (tt.want != "") {
			t.Errorf("%s: its part lacks %q", name, cut)
		}
	}
}
