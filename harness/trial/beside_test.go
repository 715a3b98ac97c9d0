package trial_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// TestComesAndGoesBefore: a state that came and went while the baseline held was not brought about by the stimulus, though the look
// just before it did not see it. What the network's coming up leaves is no matter.
func TestComesAndGoesBefore(t *testing.T) {
	const already = "every symptom was there before the stimulus already"
	type during struct{ from, to time.Duration } // since the trial began
	const ms = time.Millisecond
	once := "expect: 'text contains \"bad\"', eventually: 100ms"
	for _, tt := range []struct {
		name, symptom, baseline string
		bad, down               during // the symptom, and the baseline's state
		want                    evidence.Verdict
		reason                  string
	}{
		{"it comes and goes", once, "", during{200 * ms, 230 * ms}, during{}, evidence.Inconclusive, already},
		{"it stays so long", "expect: 'text contains \"bad\"', within: 100ms, consistently: 20ms", "", during{200 * ms, 230 * ms}, during{}, evidence.Inconclusive, already},
		{"it stays for less", "expect: 'text contains \"bad\"', within: 100ms, consistently: 50ms", "", during{200 * ms, 230 * ms}, during{}, evidence.Reproduced, ""},
		{"that is meant", once + ", may-hold-before: true", "", during{200 * ms, 230 * ms}, during{}, evidence.Reproduced, ""},
		{"by the rules of then", once, "", during{200 * ms, 230 * ms}, during{}, evidence.Reproduced, ""},
		{"as the network comes up", once, "", during{0, 230 * ms}, during{}, evidence.Reproduced, ""},
		{"while the baseline does not hold", once, "", during{200 * ms, 230 * ms}, during{180 * ms, 250 * ms}, evidence.Reproduced, ""},
		{"it never comes", once, "", during{}, during{}, evidence.Reproduced, ""},
		{"a baseline that is not held", once, "eventually: 200ms", during{200 * ms, 230 * ms}, during{}, evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				begin := time.Now()
				is := func(d during) bool { return time.Since(begin) >= d.from && time.Since(begin) < d.to }
				show := w.platform.RunFn
				w.platform.RunFn = func(node, line string) (drivers.Exchange, error) {
					if is(tt.down) {
						return drivers.Exchange{Output: "state is down"}, nil
					}
					return show(node, line)
				}
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					x := drivers.Exchange{Command: line, Output: "good"}
					if is(tt.bad) || w.broken.Load() {
						x.Output = "bad"
					}
					return x, nil
				}
				baseline := tt.baseline
				if baseline == "" {
					baseline = "within: 1s, consistently: 400ms"
				}
				yaml := strings.Replace(head, "eventually: 200ms", baseline, 1) +
					"\nstimulus: [{node: r1, configure: [break it]}]\nsymptom: [{name: s, node: r1, exec: look, every: 5ms, " + tt.symptom + "}]\n"
				p := planOf(t, yaml, plan.Options{})
				if tt.name == "by the rules of then" {
					p.Rules = evidence.RulesV5
				}
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("got %s (%s), want %s (…%s…)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				if begun := time.Since(begin); begun > 2*time.Second {
					t.Errorf("it took %s", begun)
				}
			})
		})
	}
}
