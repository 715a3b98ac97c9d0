package trial_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

const isUp = `{name: up again, node: r1, run: s, expect: 'text contains "up"', eventually: 100ms, every: 10ms}`

// A scenario without a symptom fails where something expected is not there. One expectation that is
// false ends the others; it ends no symptom, nor does a symptom end what is expected.
func TestExpectations(t *testing.T) {
	const broken = head + "stimulus: [{node: r1, configure: [break it]}]\n"
	const long = `{name: down for long, node: r1, run: s, expect: 'text contains "down"', within: 1s, consistently: 9s, every: 10ms}`
	for name, tt := range map[string]struct {
		yaml   string
		want   evidence.Verdict
		reason string
		most   time.Duration
	}{
		"works":                        {head + "expect: [" + isUp + "]\n", evidence.NotReproduced, "all that is expected holds", time.Second},
		"does not":                     {broken + "expect: [" + isUp + "]\n", evidence.Reproduced, `"up again" does not hold`, time.Second},
		"one is enough":                {broken + "expect: [" + long + "," + isUp + "]\n", evidence.Reproduced, `"up again" does not hold`, time.Second},
		"beside a symptom":             {broken + isDown + "expect: [" + isUp + "]\n", evidence.Reproduced, "", time.Second},
		"the symptom goes on for long": {broken + "symptom: [" + long + "]\nexpect: [" + isUp + "]\n", evidence.Reproduced, "", time.Minute},
		"neither":                      {head + isDown + "expect: [{name: never, node: r1, run: s, expect: 'text contains \"up\"', never: 100ms}]\n", evidence.Inconclusive, "another failure", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				start := time.Now()
				verdict(t, w.trial(t, t.Context(), planOf(t, tt.yaml, plan.Options{})), tt.want, tt.reason)
				if took := time.Since(start); took > tt.most {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}
