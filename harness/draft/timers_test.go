package draft_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/draft"
)

// pair are captures of two routers with a session of BGP: of a time when it was up, and of one when it was in a state.
// timers is a line of their configurations, log what the first's log has by then.
func pair(timers, state, log string) (files []txtar.File) {
	for i, shown := range []string{"1", state} {
		for r := 1; r <= 2; r++ {
			name := fmt.Sprintf("r%d", r)
			text := fmt.Sprintf("%[1]s# show version\nFRRouting 8.4.4 (%[1]s).\n%[1]s# show running-config\nfrr version 8.4.4\nhostname %[1]s\ninterface eth1\n ip address 10.0.0.%[2]d/30\nexit\n"+
				"router bgp 6500%[2]d\n no bgp ebgp-requires-policy\n neighbor 10.0.0.%[3]d remote-as 6500%[3]d\n%[4]sexit\nend\n"+
				"%[1]s# show bgp summary\n10.0.0.%[3]d        4      6500%[3]d         4         5        0    0    0 00:00:09  %[5]s        0 N/A\n", name, r, 3-r, timers, shown)
			if i == 1 && r == 1 {
				text += log
			}
			files = append(files, txtar.File{Name: fmt.Sprintf("%s-%d.txt", name, i+1), Data: []byte(text + name + "# \n")})
		}
	}
	return files
}

// drained is a log of a router whose BGP was shut down for a second.
const drained = "root@r1:~# cat /var/log/frr/bgpd.log\n2026/11/29 10:47:54 BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\n2026/11/29 10:47:55 BGP: [G32H5-NVJ9H] Disabled administrative shutdown on BGP instance AS 65001\n"

// scenarioOf is the scenario of a hypothesis as it is written.
func scenarioOf(t *testing.T, h *draft.Hypothesis) string {
	t.Helper()
	files, err := h.Files(nil, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	return string(files[0].Data)
}

// TestRecovery: what is lost is looked for after what was only disturbed is back, and after silence has cost a session:
// by the protocol's defaults, or by the longer timers of the configurations. The control waits as long.
func TestRecovery(t *testing.T) {
	for _, c := range []struct {
		name, timers string
		hold         string
		short        bool
	}{
		{"defaults", "", "210s", false},
		{"shorter", " neighbor 10.0.0.2 timers 1 3\n", "210s", false},
		{"a longer hold time", " timers bgp 100 600\n", "630s", false},
		{"a longer time to connect", " neighbor 10.0.0.2 timers connect 400\n", "430s", false},
		{"too long", " timers bgp 1000 3600\n", "1200s", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, n := drafted(t, "", pair(c.timers, "Active", drained)...)
			valid(t, d, n)
			if len(d.Hypotheses) < 3 {
				t.Fatalf("%+v", d.Hypotheses)
			}
			for i := range d.Hypotheses {
				h := &d.Hypotheses[i]
				text := scenarioOf(t, h)
				stimulus, after, _ := strings.Cut(text, "symptom:\n")
				_, steps, _ := strings.Cut(stimulus, "stimulus:")
				if !strings.Contains(steps, "\n    - hold: "+c.hold+"\n") || strings.Count(steps, "\n    - ") != strings.Count(after, "stimulus.")+1 {
					t.Errorf("%s:\n%s", h.Name, text)
				}
				if h.Short != c.short {
					t.Errorf("%s: waits less than a timer: %t", h.Name, h.Short)
				}
			}
			if said := strings.Contains(strings.Join(d.Unknown, "\n"), "a trial waits 1200 s"); said != c.short {
				t.Errorf("%q", d.Unknown)
			}
		})
	}
}

// TestNeverLongEnough: that something never comes is said after the time in which a slow start has it, and what must
// be there meanwhile stays as long.
func TestNeverLongEnough(t *testing.T) {
	for name, want := range map[string]string{"bgp-no-ebgp-policy.txtar": "210s", "bird-role-no-capability.txtar": "270s", "frr-ospf-default-metric.txtar": "90s"} {
		d, _ := drafted(t, "", archive(t, name)...)
		text := scenarioOf(t, &d.Hypotheses[0])
		if strings.Count(text, "never: ") == 0 || strings.Count(text, "never: ") != strings.Count(text, "never: "+want) || strings.Count(text, "consistently: ") != strings.Count(text, "consistently: "+want) {
			t.Errorf("%s: want %s:\n%s", name, want, text)
		}
	}
}
