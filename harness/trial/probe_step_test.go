package trial_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// How long a step took decides where it came to its end; one that was given up took at least as long, and
// nobody knows of one that broke off, or that was not carried out.
func TestStepTook(t *testing.T) {
	const named = "name: loading, node: r1, run: load, timeout: 5m"
	for _, tt := range []struct {
		name, stimulus string
		took           time.Duration
		err            error
		expect         string
		want           evidence.Verdict
		reason         string
	}{
		{"minutes", named, 3 * time.Minute, nil, "took > 120", evidence.Reproduced, ""},
		{"less", named, time.Minute, nil, "took > 120", evidence.NotReproduced, `seen last: loading took 1m0s`},
		{"the last of several", "repeat: {times: 3, every: 4m}, " + named, 3 * time.Minute, nil, "took > 120 and took < 200 and count == 3", evidence.Reproduced, ""},
		{"given up", named + ", may-fail: true", time.Hour, drivers.ErrTimeout, "took > 120", evidence.Reproduced, ""},
		{"given up, and nobody knows", named + ", may-fail: true", time.Hour, drivers.ErrTimeout, "took < 400", evidence.Inconclusive, "it took 300 at least"},
		{"given up, which is not", named, time.Hour, drivers.ErrTimeout, "took > 120", evidence.Inconclusive, "stimulus[0] (loading) did not work"},
		{"broken off", named + ", may-fail: true", 3 * time.Minute, drivers.ErrClosed, "took > 120", evidence.Inconclusive, `the step "loading" broke off after 3m0s`},
		{
			"left out", "node: r2, configure: [x]}, {steps: [{wait-for: {step: loading, expect: took > 1, eventually: 1s}}, {" + named + "}]", time.Second, nil, "took > 120",
			evidence.Inconclusive, `the step "loading" has not ended`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.RunFn = func(_, line string) (drivers.Exchange, error) {
					if line != "load" {
						return drivers.Exchange{Output: "state is up"}, nil
					}
					<-time.After(min(tt.took, 5*time.Minute))
					if tt.err != nil {
						return drivers.Exchange{}, fmt.Errorf("load: %w", tt.err)
					}
					return drivers.Exchange{Output: "loaded"}, nil
				}
				symptom := "\nsymptom: [{name: loading takes minutes, step: loading, expect: '" + tt.expect + "', eventually: 1s}]\n"
				p := planOf(t, head+"stimulus: [{"+tt.stimulus+"}]"+symptom, plan.Options{Trials: 1})
				verdict(t, w.trial(t, t.Context(), p), tt.want, tt.reason)
			})
		})
	}
}
