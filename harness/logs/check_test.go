package logs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/logs"
)

// check asks the rules of one log.
func check(t *testing.T, text string) map[string]string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(name, []byte(text), 0o600))
	rules, err := logs.Rules()
	must(t, err)
	checks, err := logs.Check([]logs.Trial{logs.Files(name)}, rules)
	must(t, err)
	got := map[string]string{}
	for _, c := range checks {
		if c.Why == "" || c.Means == "" || c.Reference == "" {
			t.Errorf("%+v", c)
		}
		got[c.Rule] = c.Status
	}
	return got
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
