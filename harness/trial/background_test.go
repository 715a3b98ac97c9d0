package trial_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// TestBackgroundFaults lets steps run while a fault is in force, and has it taken back by
// its time or by the trial's end, whatever comes first.
func TestBackgroundFaults(t *testing.T) {
	const symptom = "\nsymptom: [{name: healed, node: r1, run: show state, expect: 'text contains \"links are well\"', eventually: 2s, every: 10ms}]\n"
	for _, tt := range []struct {
		name, stimulus string
		during         int // faults in force while the next step runs
		heal           error
		want           evidence.Verdict
		reason         string
	}{
		{
			name:     "the next step waits without it",
			stimulus: "{link: 'r1:eth1', fault: down, for: 30ms}", want: evidence.Reproduced,
		},
		{
			name:     "the next step runs beside it, and it ends by itself",
			stimulus: "{link: 'r1:eth1', fault: down, for: 150ms, background: true}", during: 1, want: evidence.Reproduced,
		},
		{
			name:     "a fault that outlasts the trial ends with it",
			stimulus: "{link: 'r1:eth1', fault: drop, may-miss: true, direction: both, for: 1h, background: true}", during: 1,
			want: evidence.NotReproduced, reason: "healed",
		},
		{
			name:     "a link that flaps beside the next step",
			stimulus: "{link: 'r1:eth1', fault: flap, times: 3, for: 100ms, every: 100ms, background: true}", during: 1, want: evidence.Reproduced,
		},
		{
			name:     "a flap that outlasts the trial",
			stimulus: "{link: 'r1:eth1', fault: flap, times: 1000, for: 1h, background: true}", during: 1,
			want: evidence.NotReproduced, reason: "healed",
		},
		{
			name:     "one that cannot be taken back",
			stimulus: "{link: 'r1:eth1', fault: down, for: 50ms, background: true}", during: 1, heal: errors.New("the wire is gone"),
			want: evidence.Inconclusive, reason: "stimulus[0] (down) did not work: the wire is gone",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				during := -1
				w.provider.HealFn = func(topologies.Fault) error { return tt.heal }
				w.platform.ConfigureFn = func(_, _ string) (string, error) {
					// A flap begins beside this step.
					for until := time.Now().Add(5 * time.Second); len(w.provider.Active()) < tt.during && time.Now().Before(until); {
						<-time.After(time.Millisecond)
					}
					during = len(w.provider.Active())
					if tt.during == 1 && strings.Contains(tt.stimulus, "direction: both") && w.provider.Active()[0].Direction != topologies.DirectionBoth {
						t.Errorf("the fault acts on %q", w.provider.Active()[0].Direction)
					}
					return "", nil
				}
				w.platform.RunFn = func(_, _ string) (drivers.Exchange, error) {
					if during < 0 {
						return drivers.Exchange{Output: "state is up"}, nil
					}
					if len(w.provider.Active()) == 0 {
						return drivers.Exchange{Output: "links are well"}, nil
					}
					return drivers.Exchange{Output: "a link is ill"}, nil
				}
				p := planOf(t, head+"stimulus: ["+tt.stimulus+", {node: r1, configure: [x]}]"+symptom, plan.Options{Trials: 1})
				if tt.during > 0 && p.Longest() > 10*time.Second {
					t.Errorf("the plan waits %s for what it does not wait for", p.Longest())
				}
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) || during != tt.during {
					t.Errorf("%s (%s), with %d faults in force while the next step ran; want %s (%s), %d", v.Verdict, v.Reason, during, tt.want, tt.reason, tt.during)
				}
			})
		})
	}
}
