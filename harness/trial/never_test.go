package trial_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// What never is was not there before the stimulus either: that it is not there afterwards
// shows nothing, unless the scenario means just that, or it was there before.
func TestNeverHoldsBefore(t *testing.T) {
	for _, tt := range []struct {
		name, symptom, before, after string
		rules                        evidence.Rules
		want                         evidence.Verdict
		reason                       string
	}{
		{"absent all along", `expect: 'text contains "10.55"'`, "", "", evidence.CurrentRules, evidence.Inconclusive, "before the stimulus already"},
		{"by the rules of then", `expect: 'text contains "10.55"'`, "", "", evidence.RulesV2, evidence.Reproduced, ""},
		{"absent all along, and meant", `expect: 'text contains "10.55"', may-hold-before: true`, "", "", evidence.CurrentRules, evidence.Reproduced, ""},
		{"it was there and goes", `expect: 'text contains "10.55"'`, "10.55.0.0/16", "", evidence.CurrentRules, evidence.Reproduced, ""},
		{"it comes", `expect: 'text contains "10.55"'`, "", "10.55.0.0/16", evidence.CurrentRules, evidence.NotReproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.ShellFn = func(string, string) (drivers.Exchange, error) {
					if w.broken.Load() {
						return drivers.Exchange{Output: tt.after}, nil
					}
					return drivers.Exchange{Output: tt.before}, nil
				}
				p := planOf(t, head+"stimulus: [{node: r1, configure: [break it]}]\nsymptom: [{name: s, node: r1, exec: ip route, "+tt.symptom+", never: 60ms, every: 10ms}]\n", plan.Options{})
				p.Rules = tt.rules
				if v := w.trial(t, t.Context(), p); v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}

// Logs and deaths are counted from the trial's beginning until the stimulus.
func TestNeverDiedHoldsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := planOf(t, head+"stimulus: [{node: r1, configure: [break it]}]\nsymptom: [{name: s, node: r1, core: any, never: 60ms, every: 10ms}]\n", plan.Options{})
		if v := w.trial(t, t.Context(), p); v.Verdict != evidence.Inconclusive || !strings.Contains(v.Reason, "before the stimulus already") {
			t.Errorf("nothing died, as on every healthy network: %s (%s)", v.Verdict, v.Reason)
		}
	})
}
