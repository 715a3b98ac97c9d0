package logs_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/logs"
)

func read(t *testing.T, lines iter.Seq2[*logs.Line, error]) (all []*logs.Line) {
	t.Helper()
	for l, err := range lines {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

func march(time.Month, int) int { return 2026 }

// brief is what a format gave, in one line.
func brief(l *logs.Line) string {
	at := l.Time.Format("15:04:05.000")
	if l.Time.IsZero() {
		at = l.Since.String()
	}
	s := fmt.Sprintf("%s %s %s|%s|%s|%s|%s", l.Format, at, l.Severity, l.Host, l.Program, l.Mnemonic, l.Text)
	if l.PID != "" {
		s += " pid=" + l.PID
	}
	if l.Repeats+l.Times > 0 {
		s += fmt.Sprintf(" repeats=%d times=%d", l.Repeats, l.Times)
	}
	return s
}

func TestFormats(t *testing.T) {
	want := map[logs.Format][]string{
		logs.RFC5424: {
			"10:00:00.003 notice|leaf1|bgpd|ADJ|neighbour 192.0.2.7 went down pid=2041",
			"10:00:01.000 critical|leaf1|su||authentication of admin was refused",
			"0s info||||",
		},
		logs.RFC3164: {
			"10:00:00.000 critical|leaf1|sshd||connection from 192.0.2.9 port 50122 closed pid=812",
			"10:00:01.000 error|leaf1||%BGP-3-NOTIFICATION|sent to neighbor 192.0.2.7 3/1 (update malformed) 4 bytes",
			"10:00:02.000 ||lldpd||protocol LLDP enabled pid=111",
			"10:00:03.120 |leaf1|zebra|N9HHH-F8H1M|interface eth1 is up pid=9",
			"10:00:04.000 |leaf1|||link of port 1/7 is down repeats=0 times=3",
			"10:00:05.000 |leaf1|||last message repeated 2 times repeats=2 times=0",
		},
		logs.EMS: {
			"10:00:00.440 critical||Kern|Kern.Critical|Slot-1: the file system of the flash is damaged",
			"10:00:01.000 error||VSM|VSM.RxCkptSockFail|receiving a checkpoint of peer P1 was not possible",
			"10:00:02.270 warning||EPM|EPM.UnexpctRebootDtect|MSM-A: started after a failure",
			"10:00:03.810 notice||HAL|HAL.Port.OpticAutoNegEnblByDflt|the module of port 57 negotiates now",
			"10:00:04.100 info||vlan|vlan.msgs.portLinkStateUp|port 1:24 is up at 10 Gbps",
			"10:00:05.100 debug||ospf|ospf.lsa|three were sent",
			"10:00:06.100 debug||ospf|ospf.lsa.detail|one was sent",
			"10:00:07.100 debug||ospf|ospf.packet|02 01 00 2c",
			"10:00:08.100 info||vlan|vlan.msgs.portLinkStateUp|Previous message repeated 6 additional times in the last 75 second(s) repeats=6 times=0",
			"10:00:09.000 ||dm||started",
			"10:00:10.630 info||dm||devmgr: (dm.c:134) card 2 is there",
		},
		logs.VOSS: {
			"10:00:00.651 info|CP1|SW|0x00034594|the system starts",
			"10:00:01.733 info|CP1|FA|0x00374589|requests are refused because ISIS is disabled",
			"10:00:02.100 warning|vsp1|HW|0x0000c5e7|fan 2 is too slow",
			"10:00:03.100 error|IO1|PORT|0x000305c8|port 1/7 flaps",
		},
		logs.FRR: {
			"10:00:00.000 ||BGP|T83RR-8SM5G|bgpd 10.3 starting: vty@2605",
			"10:00:01.125 error||BGP|HTQD2-0R1WR|the OPEN of 192.0.2.7 was no good",
			"10:00:02.000 warning||OSPF|AAAAA-BBBBB|the MTU of 192.0.2.8 is 9000, ours 1500",
			"10:00:03.000 ||ZEBRA||a line of an older release",
			"10:00:04.000 ||ZEBRA||",
		},
		logs.BIRD: {
			"10:00:00.764 debug||bird||device1: Starting",
			"10:00:01.000 warning||bird||r2: the neighbour 192.0.2.7 has no role",
			"10:00:02.000 error||bird||this cannot be",
			"10:00:03.000 alert||bird||no memory",
		},
		logs.OVS: {
			"10:00:00.416 info||vlog||the log begins",
			"10:00:01.304 warning||timeval||a round took 3850ms",
			"10:00:02.000 error||bridge(handler7)||port p1 is not there",
			"10:00:03.000 emergency||vlog||the end",
		},
		logs.Keepalived: {
			"10:00:00.000 ||keepalived||(VI_1) now in MASTER state",
			"10:00:01.000 ||keepalived||announcing 192.0.2.1 on eth1",
		},
		logs.LLDPD: {
			"10:00:00.000 info||main||protocol LLDP enabled",
			"10:00:01.000 warning||netlink||a message of 32 bytes was lost",
			"10:00:02.000 critical||lldpctl||nobody answers",
		},
		logs.Kernel: {
			"0s ||kernel||Linux version 6.1.0",
			"13m32.104211s ||kernel||eth1: link becomes ready",
			"30m12.104211s warning||kernel||br0: port 2(eth2) received a packet with its own address",
			"10:00:02.000 ||kernel||bond0: (slave eth1): link status definitely down, disabling slave",
		},
	}
	for _, f := range logs.Formats() {
		t.Run(string(f), func(t *testing.T) {
			var got, wanted []string
			name := filepath.Join("testdata", string(f)+".log")
			for _, l := range read(t, logs.ReadFile(name, logs.Options{Year: march})) {
				got = append(got, brief(l))
				if !l.Time.IsZero() && l.Time.Format(time.DateOnly) != "2026-03-01" {
					t.Errorf("line %d is of %s", l.Number, l.Time)
				}
			}
			for _, w := range want[f] {
				wanted = append(wanted, string(f)+" "+w)
			}
			if d := cmp.Diff(wanted, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestConsole: lines as switches and routers show them at their own terminals.
func TestConsole(t *testing.T) {
	for raw, want := range map[string]string{
		"*Mar  1 10:00:00.111: %LINK-3-UPDOWN: Interface Gi1/0/1, changed state to down":              "rfc3164 10:00:00.111 error|||%LINK-3-UPDOWN|Interface Gi1/0/1, changed state to down true",
		".Mar  1 10:00:00.111 CET: %SYS-5-CONFIG_I: Configured from console":                          "rfc3164 10:00:00.111 notice|||%SYS-5-CONFIG_I|Configured from console true",
		"*Mar  1 10:00:00 UTC: %OSPF-5-ADJCHG: Process 1, Nbr 10.255.0.8 from LOADING to FULL":        "rfc3164 10:00:00.000 notice|||%OSPF-5-ADJCHG|Process 1, Nbr 10.255.0.8 from LOADING to FULL false",
		"2026 Mar  1 10:00:00 n6 %SYSMGR-2-SERVICE_CRASHED: Service \"ospf\" hasn't caught signal 11": "rfc3164 10:00:00.000 critical|n6||%SYSMGR-2-SERVICE_CRASHED|Service \"ospf\" hasn't caught signal 11 true",
		"2026 Mar  1 10:00:00.250 n6 %ETHPORT-5-IF_UP: Interface Ethernet1/9 is up":                   "rfc3164 10:00:00.250 notice|n6||%ETHPORT-5-IF_UP|Interface Ethernet1/9 is up true",
	} {
		l := &logs.Line{Raw: raw}
		(&logs.Parser{Year: march}).Parse(l)
		if got := fmt.Sprint(brief(l), " ", l.Local); got != want || l.Time.Format(time.DateOnly) != "2026-03-01" {
			t.Errorf("%q: %s of %s, want %s", raw, got, l.Time, want)
		}
	}
}

// A line that is none of these is kept, and not guessed at.
func TestUnparsed(t *testing.T) {
	for _, s := range []string{
		"", "Aborted (core dumped)", "* X450G2.1 # show log", "2026-13-01 10:00:00 <WARN> no such month", "02/30/2026 10:00:00.00 <Info:a.b> no such day",
		"2026/03/01 10:00", "<999>Mar  1 10:00:00 h t: x", "[ 12 ] x", "CP1 [", "Mar 41 10:00:00 h t: x", "{\"json\": 1}", "* Mar is a month", "*Mar 41 10:00:00: %A-1-B: x", "2026 Mai  1 10:00:00 x", "2026 Mar", "*Mar  1 10:0", "2026-03-01T10:00:00Z|x|y", "<1", "<", "[", "I", "3",
	} {
		l := &logs.Line{Raw: s}
		(&logs.Parser{}).Parse(l)
		if l.Parsed() || l.Text != s || !l.Time.IsZero() {
			t.Errorf("%q: %s", s, brief(l))
		}
	}
}

// Offset and Number lead back to the bytes, whatever the file is written in.
func TestEncodings(t *testing.T) {
	const text = "2026-03-01 10:00:00.764 <WARN> r\u00e9seau\n\nMar  1 10:00:01 h t: x\nlast"
	wide := func(order binary.AppendByteOrder, mark bool) (b []byte) {
		if mark {
			b = order.AppendUint16(b, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	for name, c := range map[string]struct {
		data   []byte
		second int64 // offset
	}{
		"utf-8":                {[]byte(text), 39},
		"with a mark":          {append([]byte("\ufeff"), text...), 42},
		"crlf":                 {[]byte(strings.ReplaceAll(text, "\n", "\r\n")), 40},
		"latin-1":              {bytes.ReplaceAll([]byte(text), []byte("\u00e9"), []byte{0xe9}), 38},
		"utf-16":               {wide(binary.LittleEndian, true), 78},
		"utf-16, big end":      {wide(binary.BigEndian, true), 78},
		"utf-16 without mark":  {wide(binary.LittleEndian, false), 76},
		"packed":               {packed.Bytes(), 39},
		"with a cut last unit": {append(wide(binary.LittleEndian, true), 'x'), 78},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			all := read(t, logs.Read(bytes.NewReader(c.data), "f", logs.Options{}))
			for _, l := range all {
				got = append(got, l.Raw)
			}
			if d := cmp.Diff(strings.Split(text, "\n"), got); d != "" {
				t.Fatal(d)
			}
			if all[1].Offset != c.second || all[1].Number != 2 || all[2].Time.Year() != 2026 {
				t.Errorf("%+v, %s", all[1], all[2].Time)
			}
		})
	}
}

// A line beyond the bound is cut and says by how much; the next is whole.
func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", logs.MaxLine+300_000)
	all := read(t, logs.Read(strings.NewReader(long+"\nnext\n"), "f", logs.Options{}))
	if len(all) != 2 || len(all[0].Raw) != logs.MaxLine || all[0].Cut != 300_000 || all[1].Raw != "next" || all[1].Offset != int64(len(long)+1) {
		t.Errorf("%d lines, %d + %d bytes", len(all), len(all[0].Raw), all[0].Cut)
	}
}

// What two programs wrote into each other, and what ends anywhere, is read without losing a byte.
func TestDamage(t *testing.T) {
	names, err := filepath.Glob("testdata/*.log")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range data {
			mixed := append(append([]byte{}, data[:cut]...), data...)
			var raw strings.Builder
			for _, l := range read(t, logs.Read(bytes.NewReader(mixed), name, logs.Options{})) {
				raw.WriteString(l.Raw + "\n")
			}
			if raw.String() != string(mixed) {
				t.Fatalf("%s cut at %d is not what was read", name, cut)
			}
		}
	}
}

// A file that ends in December and goes on in January has two years.
func TestYears(t *testing.T) {
	all := read(t, logs.Read(strings.NewReader("2025-12-31 23:59:58 <INFO> a\nDec 31 23:59:59 h t: b\nJan  1 00:00:01 h t: c\n"), "f", logs.Options{}))
	if all[1].Time.Year() != 2025 || all[2].Time.Year() != 2026 {
		t.Errorf("%s, %s", all[1].Time, all[2].Time)
	}
}

func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.log")
	for _, name := range names {
		data, _ := os.ReadFile(name)
		for line := range strings.Lines(string(data)) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line string) {
		l := &logs.Line{Raw: line}
		(&logs.Parser{Year: march}).Parse(l)
		if l.Raw != line || !l.Parsed() && l.Text != strings.TrimRight(line, "\r\n\t ") {
			t.Errorf("%q became %+v", line, l)
		}
		if l.Severity.String() == "" && l.Severity != logs.NoSeverity {
			t.Errorf("severity %d", l.Severity)
		}
		if once := logs.Mask(l.Text); len(once) > 6*len(l.Text) {
			t.Errorf("%q is masked to %q", l.Text, once)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a\r\nb"))
	f.Add([]byte("\xff\xfea\x00\n\x00"))
	f.Add([]byte("\x1f\x8bx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		last := int64(-1)
		for l, err := range logs.Read(bytes.NewReader(data), "f", logs.Options{}) {
			if err != nil {
				return
			}
			if l.Offset <= last || len(l.Raw) > 2*logs.MaxLine {
				t.Fatalf("line %d at %d, after %d, of %d bytes", l.Number, l.Offset, last, len(l.Raw))
			}
			last = l.Offset
		}
	})
}

// TestLinesOfAFile: the messages of VOSS 8 and on, as its file has them, are VOSS' own, and colours hide no format.
func TestLinesOfAFile(t *testing.T) {
	for raw, want := range map[string]string{
		"1 2026-11-28T10:11:12.123+01:00 BEB-1 CP1 - 0x0000c5e7 - 00300001.239 DYNAMIC CLEAR GlobalRouter HW INFO Link Up(1/1)": "voss 09:11:12 BEB-1 HW 0x0000c5e7 Link Up(1/1)",
		"1 2026-11-28T10:11:13.123+01:00 BEB-1 CP1 - 0x00010800 - 00000000 GlobalRouter ISIS INFO ISIS adjacency lost":          "voss 09:11:13 BEB-1 ISIS 0x00010800 ISIS adjacency lost",
		"\x1b[31m2026-11-28T10:11:12.123Z|00012|bridge|WARN|port 1 has no carrier\x1b[0m":                                       "ovs 10:11:12  bridge  port 1 has no carrier",
	} {
		l := logs.Line{Raw: raw}
		(&logs.Parser{}).Parse(&l)
		if got := fmt.Sprintf("%s %s %s %s %s %s", l.Format, l.Time.UTC().Format("15:04:05"), l.Host, l.Program, l.Mnemonic, l.Text); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}

// TestLeapDay: a day that the year of today may not have is of the last year that has it, and so is what comes behind it.
func TestLeapDay(t *testing.T) {
	all := read(t, logs.Read(strings.NewReader("Feb 29 10:00:00 r1 x: a\nMar  1 10:00:00 r1 x: b\n"), "log", logs.Options{}))
	if !all[0].Parsed() || all[0].Time.Month() != time.February || all[1].Time.Sub(all[0].Time) != 24*time.Hour || all[0].Time.After(time.Now().AddDate(0, 0, 1)) {
		t.Errorf("%s and %s", all[0].Time, all[1].Time)
	}
}
