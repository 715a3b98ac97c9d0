package trial_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// A port that is up although a fault holds it down is no link that is down: whoever has brought it up, but for a step behind the
// fault, which means it.
func TestFaultUndone(t *testing.T) {
	const broke = "r1:eth1 is up although a fault holds it down"
	up := func(at string) string { return `{node: r1, exec: "ip link set ` + at + ` up"}` }
	for _, tt := range []struct {
		name, steps string
		goes        time.Duration // of the lab, for which it is undone once the fault is in force; 0: to the end
		want        evidence.Verdict
		reason      string
	}{
		{"from outside", `{link: "r1:eth1", fault: down}, {node: r1, configure: [x]}`, 0, evidence.Inconclusive, broke},
		{"by what was begun before it", up("eth1") + `, {link: "r1:eth1", fault: down}, {node: r1, configure: [x]}`, 0, evidence.Inconclusive, broke},
		{"by a step behind it", `{link: "r1:eth1", fault: down}, ` + up("eth1") + `, {node: r1, configure: [x]}`, 0, evidence.Reproduced, ""},
		{"of another port", `{link: "r1:eth1", fault: down}, ` + up("eth2") + `, {node: r1, configure: [x]}`, 0, evidence.Inconclusive, broke},
		{"while it is in force", `{link: "r1:eth1", fault: down, for: 3s}, {node: r1, configure: [x]}`, 2 * time.Second, evidence.Inconclusive, broke},
		{"while one of its flaps is", `{link: "r1:eth1", fault: flap, times: 2, every: 4s}, {node: r1, configure: [x]}`, 2 * time.Second, evidence.Inconclusive, broke},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var since time.Time
				w.provider.ChangesFn = func() []topologies.Change {
					if len(w.provider.Active()) == 0 {
						return nil
					}
					if since.IsZero() {
						since = time.Now()
					}
					if tt.goes > 0 && time.Since(since) > tt.goes {
						return nil
					}
					return []topologies.Change{{
						What: broke, Ends: []topologies.Endpoint{{Node: "r1", Interface: "eth1"}}, Deeds: []string{"link up"}, Undoes: true,
					}}
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+tt.steps+"]\n"+isDown, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}

// A fault that finds a port shut changes nothing, and its end would bring up what it never shut; another fault that holds the port down
// is none of that.
func TestFaultOnShutPort(t *testing.T) {
	const (
		down = `{link: "r1:eth1", fault: down, for: 10ms}`
		shut = "r2:eth1 is shut already: the fault changes nothing, and its end would bring the port up"
	)
	for _, tt := range []struct {
		name, steps, flags string
		want               evidence.Verdict
		reason             string
	}{
		{"shut", down, "0x1002\n", evidence.Inconclusive, shut},
		{"a flap", `{link: "r1:eth1", fault: flap}`, "0x1002\n", evidence.Inconclusive, shut},
		{"open", down, "0x1003\n", evidence.Reproduced, ""},
		{"not told", down, "", evidence.Reproduced, ""},
		{"by a fault", `{link: "r1:eth1", fault: down}, ` + down, "", evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.HostFn = func(node string, argv []string) (string, int) {
					switch {
					case node != "r2" || argv[0] != "cat":
						return "", 0
					case tt.flags == "" && len(w.provider.Active()) > 0:
						return "0x1002\n", 0
					default:
						return tt.flags, 0
					}
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+tt.steps+", {node: r1, configure: [x]}]\n"+isDown, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}
