package trial_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// Of several faults on a link each has its own end: the one that is named ends, while the others are
// still on.
func TestEnds(t *testing.T) {
	const faults = "{name: inward, link: 'r1:eth1', fault: drop}, {name: outward, link: 'r1:eth1', fault: drop, direction: out}"
	for _, tt := range []struct {
		name, up string
		during   []topologies.Direction // of the faults in force at the next step
		healed   []string
		want     evidence.Verdict
		reason   string
	}{
		{"by name", "{link: 'r1:eth1', fault: up, ends: outward}", []topologies.Direction{""}, []string{"stimulus[1]", "stimulus[0]"}, evidence.Reproduced, ""},
		{"by its place", "{link: 'r1:eth1', fault: up, ends: stimulus.0}", []topologies.Direction{"out"}, []string{"stimulus[0]", "stimulus[1]"}, evidence.Reproduced, ""},
		{
			"one that has ended", "{name: brief, link: 'r1:eth1', fault: drop, for: 1s, background: true}, {hold: 5s, why: it ends}, {link: 'r1:eth1', fault: up, ends: brief}", nil,
			[]string{"stimulus[2]", "stimulus[1]", "stimulus[0]"},
			evidence.Inconclusive, `stimulus[4] (up) did not work: the fault "brief" is not in force on r1:eth1`,
		},
		{
			"each round its own", "{repeat: {times: 2, every: 9s}, steps: [{name: mine, link: 'r1:eth1', fault: down}, {link: 'r1:eth1', fault: up, ends: mine}]}",
			[]topologies.Direction{"", "out"},
			[]string{"stimulus[2]#1.steps[0]", "stimulus[2]#2.steps[0]", "stimulus[1]", "stimulus[0]"},
			evidence.Reproduced, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var during []topologies.Direction
				w.platform.ConfigureFn = func(string, string) (string, error) {
					for _, f := range w.provider.Active() {
						during = append(during, f.Direction)
					}
					w.broken.Store(true)
					return "", nil
				}
				p := planOf(t, head+"stimulus: ["+faults+", "+tt.up+", {node: r1, configure: [x]}]"+broken, plan.Options{Trials: 1})
				verdict(t, w.trial(t, t.Context(), p), tt.want, tt.reason)
				if diff := cmp.Diff(tt.during, during); diff != "" {
					t.Error(diff)
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				var healed []string
				for _, e := range record.Events {
					if e.Kind == evidence.EventHeal {
						healed = append(healed, fmt.Sprint(e.Ref))
					}
				}
				if diff := cmp.Diff(tt.healed, healed); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
