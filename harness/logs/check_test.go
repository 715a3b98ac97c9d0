package logs_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/harness/result"
)

// check is what the rules answer of one log.
func check(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for rule, c := range checksOf(t, text) {
		got[rule] = c.Status
	}
	return got
}

// checksOf asks the rules of one log.
func checksOf(t *testing.T, text string) map[string]result.LogCheck {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(name, []byte(text), 0o600))
	rules, err := logs.Rules()
	must(t, err)
	checks, err := logs.Check([]logs.Trial{logs.Files(name)}, rules)
	must(t, err)
	got := map[string]result.LogCheck{}
	for _, c := range checks {
		if c.Why == "" || c.Means == "" || c.Reference == "" {
			t.Errorf("%+v", c)
		}
		got[c.Rule] = c
	}
	return got
}

// TestLinesThatNobodyReads: a sign in a line that no format fits, or that is in pieces, is not said not to be there; what a
// power failure and a pager leave before a line hides it not.
func TestLinesThatNobodyReads(t *testing.T) {
	const good = "03/01/2026 10:00:00.00 <Info:vlan.msgs.x> port 1:1 is up\n"
	const loop = "03/01/2026 10:00:01.00 <Warn:ELRP.Report.Message> Slot-1: [CLI:v1:1] LOOP DETECTED : 3 sent, 2 received, on a port of the VLAN v1\n"
	for name, tt := range map[string]struct{ text, want string }{
		"behind zeros":           {good + strings.Repeat("\x00", 200) + loop, "fail"},
		"behind a pager":         {good + "--More--\x08\x08\x08        \x08\x08\x08" + loop, "fail"},
		"behind another pager":   {good + "Press <SPACE> to continue or <Q> to quit:\r" + loop, "fail"},
		"behind a file's name":   {good + "core1.log:" + loop, "unknown"},
		"in pieces of a screen":  {good + loop[:80] + "\n" + loop[80:], "unknown"},
		"in pieces of a mail":    {good + "03/01/2026 10:00:01.00 <Warn:ELRP.Report.Message> LOOP D=\nETECTED\n", "unknown"},
		"another line, unread":   {good + "core1 # show log\n" + good, "pass"},
		"a short line, unread":   {good + good + "\n(pacing off)\n", "pass"},
		"no such line is unread": {good, "pass"},
	} {
		if got := check(t, tt.text)["exos-loop"]; got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	for _, words := range []string{
		"BGP: [EC 100663314] STARVATION: task bgp_process_packet (5616dd) ran for 6123ms (cpu time 10ms)", "BGP: [EC 100663313] CPU HOG: task bgp_process_packet (5616dd) ran for 6123ms (cpu time 6010ms)",
		"OSPF: SLOW THREAD: task ospf_spf (5616dd) ran for 6123ms (cpu time 10ms)", "OSPF: Thread Starvation: {(thread *)0x1} was scheduled to pop greater than 4s ago",
	} {
		line := "2026/03/01 10:00:01 " + words + "\n"
		if got := check(t, line+line+line)["frr-starved"]; got != "warn" {
			t.Errorf("%s: %s", words, got)
		}
	}
}

func TestCheck(t *testing.T) {
	starved := func(seconds ...string) (text string) {
		for _, s := range seconds {
			text += "2026/03/01 10:" + s + " BGP: [YZRX4-ZXG0C][EC 100663315] it was late\n"
		}
		return text
	}
	for _, c := range []struct{ rule, status, text string }{
		{"exos-failed-reboot", "fail", "03/01/2026 10:00:00.00 <Warn:EPM.UnexpctRebootDtect> started after a failure\n"},
		{"exos-failed-reboot", "pass", "03/01/2026 10:00:00.00 <Info:EPM.x> started\n"},
		{"exos-failed-reboot", "unknown", "2026-03-01 10:00:00 <INFO> of another\n"},
		{"exos-failed-reboot", "unknown", "03/01/2026 10:00:00.00 <Info:EPM.x> " + strings.Repeat("x", logs.MaxLine) + "\n"},
		{"exos-kernel-critical", "fail", "03/01/2026 10:00:00.00 <Crit:Kern.Critical> damaged\n"},
		{"exos-kernel-critical", "fail", "03/01/2026 10:00:00.00 <Crit:Kern.Alert> Slot-1: Unable to handle kernel NULL pointer dereference\n"},
		{"exos-kernel-critical", "fail", "03/01/2026 10:00:00.00 <Crit:Kern.Emergency> damaged\n"},
		{"exos-kernel-critical", "pass", "03/01/2026 10:00:00.00 <Erro:Kern.Error> odd\n"},
		{"exos-loop", "fail", "03/01/2026 10:00:00.00 <Warn:ELRP.Report.Message> [CLI:k:1] LOOP DETECTED : 3 sent\n"},
		{"exos-loop", "pass", "03/01/2026 10:00:00.00 <Warn:ELRP.Report.Message> no loop\n"},
		{"exos-checkpoint-version", "fail", "03/01/2026 10:00:00.00 <Erro:EDP.VSM.IgnCkptMsgUnkVer> x\n"},
		{"exos-checkpoint-socket", "warn", "03/01/2026 10:00:00.00 <Erro:VSM.RxCkptSockFail> x\n"},
		{"exos-ospf-database", "warn", "03/01/2026 10:00:00.00 <Warn:ospf.neighbor.ProcDDFail> x\n"},
		{"exos-vlan-mismatch", "warn", "03/01/2026 10:00:00.00 <Warn:EDP.PortVLANIdCfgMismatch> x\n"},
		{"voss-fabric-attach-refused", "fail", "CP1 [03/01/26 10:00:01.733:UTC] 0x00374589 00000000 GlobalRouter FA INFO refused\n"},
		{"frr-starved", "warn", starved("00:01", "00:02", "00:30")},
		{"frr-starved", "pass", starved("00:01", "02:02", "04:30")},
		{"frr-starved", "pass", starved("00:01", "00:02")},
		{"frr-collision", "warn", strings.Repeat("2026/03/01 10:00:00 BGP: [HZN6M-XRM1G] %NOTIFICATION: sent to neighbor 192.0.2.5 6/7 (Cease/Connection Collision Resolution) 0 bytes\n", 3)},
		{"bird-fatal", "fail", "2026-03-01 10:00:02 <BUG> this cannot be\n"},
		{"bird-fatal", "pass", "2026-03-01 10:00:02 <WARN> this can\n"},
	} {
		if got := check(t, c.text)[c.rule]; got != c.status {
			t.Errorf("%s is %q, want %q of %.100q", c.rule, got, c.status, c.text)
		}
	}
}

// Where a log counts what came again, those count; where it does not say of what or when, or that lines are missing, nobody
// knows.
func TestCheckRepetitions(t *testing.T) {
	const (
		frr   = "2024/03/01 10:15:01 OSPF: [YZRX4-ZXG0C] CPU HOG: task x\n"
		relay = "Mar  1 10:15:01 r1 ospfd[1]: [YZRX4-ZXG0C] CPU HOG: task x\n"
		other = "Mar  1 10:15:02 r1 ospfd[1]: [AAAAA-BBBBB] of another\n"
	)
	for _, c := range []struct{ status, text string }{
		{"warn", frr + "2024/03/01 10:15:31 OSPF: last message repeated 5 times\n"},
		{"warn", frr + "2024/03/01 10:15:02 ZEBRA: [AAAAA-BBBBB] x\n2024/03/01 10:15:31 OSPF: last message repeated 2 times\n"},
		{"pass", frr + "2024/03/01 10:15:31 OSPF: last message repeated 1 times\n"},
		{"warn", relay + "Mar  1 10:15:31 r1 last message repeated 5 times\n"},
		{"warn", relay + "Mar  1 10:15:31 r1 message repeated 5 times: [ [YZRX4-ZXG0C] CPU HOG: task x]\n"},
		{"warn", relay + "Mar  1 10:15:31 r1 ospfd[1]: message repeated 5 times: [ [YZRX4-ZXG0C] CPU HOG: task x]\n"},
		{"warn", relay + "Mar  1 10:15:20 r1 last message repeated 1 time\nMar  1 10:15:31 r1 last message repeated 1 time\n"},
		{"warn", relay + "Mar  1 10:15:02 r2 x[1]: y\nMar  1 10:15:31 r1 last message repeated 5 times\n"},
		// They may lie anywhere within ten minutes.
		{"unknown", relay + "Mar  1 10:25:31 r1 last message repeated 5 times\n"},
		{"unknown", relay + "Mar  1 10:25:31 r1 message repeated 5 times: [ [YZRX4-ZXG0C] CPU HOG: task x]\n"},
		{"pass", relay + other + "Mar  1 10:15:31 r1 last message repeated 5 times\n"},
		// What was repeated is not there, or is told before it.
		{"unknown", "Mar  1 10:15:00 r1 last message repeated 5 times\n" + other},
		{"unknown", "Mar  1 10:15:31 r1 last message repeated 5 times\n" + relay},
		{"unknown", other + "a line of a trace\nMar  1 10:15:31 r1 last message repeated 5 times\n"},
		{"pass", other + "Mar  1 10:15:00 r2 last message repeated 5 times\n"},
		{"unknown", other + "Mar  1 10:15:31 r1 systemd-journald[88]: Suppressed 33 messages from frr.service\n"},
		{"unknown", other + "Mar  1 10:15:31 r1 rsyslogd[7]: imuxsock lost 12 messages from pid 22 due to rate-limiting\n"},
	} {
		if got := checksOf(t, c.text)["frr-starved"]; got.Status != c.status {
			t.Errorf("%s (%s), want %s of\n%s", got.Status, got.Why, c.status, c.text)
		}
	}
}

// TestCheckHosts: of a file that a server of syslog kept, each host is judged by itself, and those are named that a
// rule says something of.
func TestCheckHosts(t *testing.T) {
	late := func(second, host string) string {
		return "Mar  1 10:00:" + second + " " + host + " bgpd[7]: [YZRX4-ZXG0C][EC 100663315] it was late\n"
	}
	const fine = "Mar  1 10:00:40 r9 zebra[9]: [N9HHH-F8H1M] interface eth1 is up\n"
	refused := func(card, host string) string {
		return card + " [03/01/26 10:00:01.733:UTC] " + host + "0x00374589 00000000 GlobalRouter FA INFO refused\n"
	}
	cut := "Mar  1 10:00:41 r3 zebra[9]: [N9HHH-F8H1M] " + strings.Repeat("x", logs.MaxLine) + "\n"
	many := ""
	for i := range 1024 {
		many += late("01", fmt.Sprintf("s%d", i))
	}
	for _, tt := range []struct{ name, rule, status, why, hosts, text string }{
		{"three of which each is late once", "frr-starved", "pass", "4 of 4 hosts; r1: 1 of 1 lines of frr, and it takes 3", "r1 pass 1, r2 pass 1, r3 pass 1, r9 pass 0", late("01", "r1") + late("02", "r2") + late("03", "r3") + fine},
		{"one of three", "frr-starved", "warn", "1 of 3 hosts; r2: 3 of 3 lines of frr", "r2 warn 3, r1 pass 1, r9 pass 0", late("01", "r1") + late("02", "r2") + late("03", "r2.example.net") + late("04", "r2") + fine},
		{"one alone", "frr-starved", "warn", "3 of 3 lines of frr", "", late("01", "r1") + late("02", "r1") + late("03", "r1")},
		{"one whose lines were cut", "frr-starved", "unknown", "1 of 2 hosts; r3: lines of frr were cut", "r3 unknown 0, r9 pass 0", cut + fine},
		{"messages of other programs", "frr-starved", "unknown", "no line of frr was read", "", "Mar  1 10:00:00 leaf1 sshd[812]: connection closed\n"},
		{"two cards of one switch", "voss-fabric-attach-refused", "fail", "2 of 2 lines of voss", "", refused("CP1", "") + refused("IO12", "")},
		{"two switches", "voss-fabric-attach-refused", "fail", "2 of 2 hosts; CP-core: 1 of 1 lines of voss", "CP-core fail 1, sw2 fail 1", refused("CP1", "CP-core ") + refused("CP1", "sw2 ")},
		{"more than are told apart", "frr-starved", "unknown", "1 of 1025 hosts; more than 1024 hosts: 3 of 3 lines of frr, of hosts that are not told apart", "", many + late("01", "x") + late("02", "y") + late("03", "z")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := checksOf(t, tt.text)[tt.rule]
			var hosts []string
			for _, h := range c.Hosts {
				if h.Why == "" || (h.Example.Text == "") != (h.Count == 0) {
					t.Errorf("%+v", h)
				}
				hosts = append(hosts, fmt.Sprintf("%s %s %d", h.Host, h.Status, h.Count))
			}
			if got := strings.Join(hosts, ", "); c.Status != tt.status || c.Why != tt.why || len(hosts) < 9 && got != tt.hosts {
				t.Errorf("%s: %s: %s", c.Status, c.Why, got)
			}
		})
	}
}

func TestRulesThatSayNothing(t *testing.T) {
	const whole = "{id: a, title: t, formats: [frr], text: x, level: warn, means: m, reference: r"
	for _, text := range []string{
		"[{id: a}]", "- {id: a, title: t, formats: [frr], level: warn, means: m, reference: r}", "- {id: a, title: t, formats: [none], text: x, level: warn, means: m, reference: r}",
		"- {id: a, title: t, formats: [frr], text: x, level: bad, means: m, reference: r}", "- " + whole + ", window: 1m}", "- " + whole + ", more: 1}", "- " + whole + ", raw: '('}",
		"- " + whole + "}\n- " + whole + "}", "- " + whole + ", threshold: -1}",
	} {
		if _, err := logs.ParseRules([]byte(text)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	if rules, err := logs.ParseRules([]byte("- " + whole + "}")); err != nil || rules[0].Threshold != 1 {
		t.Errorf("%+v, %v", rules, err)
	}
}

// TestCheckCutShort: of a packed log that ends in the middle, as a broken upload does, what came is judged: a sign is one, what
// is not there is not known, and the files behind it are read.
func TestCheckCutShort(t *testing.T) {
	const loop = "11/28/2026 10:00:01.00 <Warn:ELRP.Report.Message> Slot-1: [CLI:v1:1] LOOP DETECTED : 20 received, ingress slot:port (1:1)\n"
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "11/28/2026 10:00:%02d.%02d <Info:vlan.msgs.portLinkStateUp> Port %d link UP\n", i/100%60, i%100, i*7919%1000)
	}
	packed := func(text string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		must(t, err)
		must(t, z.Close())
		return b.Bytes()[:b.Len()*2/3]
	}
	rules, err := logs.Rules()
	must(t, err)
	dir := t.TempDir()
	sign, none, behind := filepath.Join(dir, "sign.gz"), filepath.Join(dir, "none.gz"), filepath.Join(dir, "behind")
	must(t, os.WriteFile(sign, packed(loop+text.String()), 0o600))
	must(t, os.WriteFile(none, packed(text.String()), 0o600))
	must(t, os.WriteFile(behind, []byte(loop), 0o600))
	for want, files := range map[string][][]string{"fail": {{sign}, {none, behind}}, "unknown": {{none}}} {
		for _, names := range files {
			checks, err := logs.Check([]logs.Trial{logs.Files(names...)}, rules)
			must(t, err)
			for _, c := range checks {
				if c.Rule == "exos-loop" && c.Status != want || c.Status == "pass" {
					t.Errorf("%v: %s %s, want %s: %s", names, c.Rule, c.Status, want, c.Why)
				}
			}
		}
	}
}
