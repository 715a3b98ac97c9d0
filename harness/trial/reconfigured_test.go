package trial_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// A node that somebody from outside configures while the symptom is looked at shows nothing; what the scenario may have
// configured, and what went with a process that died, decides as ever.
func TestReconfigured(t *testing.T) {
	const was = "!\nrouter ospf\n network 10.0.0.0/24 area 0\nexit\n!\nline vty\nexit\n"
	for _, tt := range []struct {
		name, more, after string
		died              bool
		want              evidence.Verdict
		reason            string
	}{
		{"the same", "", was, false, evidence.Reproduced, ""},
		{"in another order", "", "line vty\nexit\nrouter ospf\n network 10.0.0.0/24 area 0\nexit\n", false, evidence.Reproduced, ""},
		{"a line less", "", "!\nrouter ospf\nexit\nline vty\nexit\n", false, evidence.Inconclusive, "the configuration of r2 was changed (- network 10.0.0.0/24 area 0)"},
		{"a line more", "", was + "router bgp 1\n", false, evidence.Inconclusive, "the configuration of r2 was changed (+ router bgp 1)"},
		{"a step may have done it", ", {node: r2, exec: vtysh}", was + "router bgp 1\n", false, evidence.Reproduced, ""},
		{"its daemon died", "", "!\nline vty\nexit\n", true, evidence.Inconclusive, "another failure: r2: ospfd died (SIGSEGV)"},
		{"it does not answer", "", "?", false, evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				answer := w.platform.RunFn
				w.platform.RunFn = func(node, line string) (drivers.Exchange, error) {
					switch {
					case line != "show config":
						return answer(node, line)
					case node == "r1" || !w.broken.Load():
						return drivers.Exchange{Output: was}, nil
					case tt.after == "?":
						return drivers.Exchange{}, &drivers.OpError{Node: node, Op: line, Err: drivers.ErrTimeout}
					default:
						return drivers.Exchange{Output: tt.after}, nil
					}
				}
				w.platform.DeathsFn = func(node string) ([]drivers.Death, error) {
					if node == "r2" && tt.died && w.broken.Load() {
						return []drivers.Death{{Process: "ospfd", PID: 42, Signal: "SIGSEGV"}}, nil
					}
					return nil, nil
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: [{node: r1, configure: [x]}"+tt.more+"]\n"+isDown+"evidence: {commands: {r2: [show config]}}\n", plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}
