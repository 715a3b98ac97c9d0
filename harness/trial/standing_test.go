package trial_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// What links do all the time is in force from before the baseline until the end of the trial, and in the record;
// a lab that cannot have it shows nothing.
func TestStanding(t *testing.T) {
	const link = `{endpoints: ["r1:eth1", "r2:eth1"], tc: {delay: 10ms}}`
	for _, tt := range []struct {
		name   string
		inject error
		want   evidence.Verdict
		reason string
	}{
		{name: "in force", want: evidence.Reproduced},
		{name: "no such ability", inject: fmt.Errorf("delay: %w", drivers.ErrUnsupported), want: evidence.NotApplicable, reason: "delay"},
		{name: "the wire breaks", inject: errors.New("no socket"), want: evidence.Inconclusive, reason: "the link cannot have delay 10ms of what r1:eth1 sends: no socket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.InjectFn = func(topologies.Fault) error { return tt.inject }
				seen := -1
				look := w.platform.RunFn
				w.platform.RunFn = func(node, line string) (drivers.Exchange, error) {
					if seen < 0 {
						seen = len(w.provider.Active())
					}
					return look(node, line)
				}
				text := strings.Replace(stuck, `{endpoints: ["r1:eth1", "r2:eth1"]}`, link, 1)
				text = strings.Replace(text, "[{node: r1, configure: [break it]}]", `[{link: "r1:eth1", fault: down}, {link: "r1:eth1", fault: up}, {node: r1, configure: [break it]}]`, 1)
				v := w.trial(t, t.Context(), planOf(t, text, plan.Options{Trials: 1}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s (%s), want %s (%s)", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				if tt.inject != nil {
					return
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				var told []string
				for _, e := range record.Events {
					if strings.HasPrefix(e.Ref, "topology.standing[") {
						told = append(told, fmt.Sprintf("%s %s %s %s", e.Phase, e.Kind, e.Lane, e.Name))
					}
				}
				got := strings.Join(told, "; ")
				want := "deploy fault r1:eth1 delay 10ms of what r1:eth1 sends; deploy fault r2:eth1 delay 10ms of what r2:eth1 sends; " +
					"symptom tally r1:eth1 delay 10ms of what r1:eth1 sends; symptom tally r2:eth1 delay 10ms of what r2:eth1 sends; " +
					"collect heal r2:eth1 delay 10ms of what r2:eth1 sends; collect heal r1:eth1 delay 10ms of what r1:eth1 sends"
				if got != want || seen != 2 {
					t.Errorf("%d were in force in the baseline, and the record tells\n%s, want\n%s", seen, got, want)
				}
				var info evidence.RunInfo
				if err := evidence.ReadJSON(w.dir.File("run.json"), &info); err != nil || len(info.Links) != 1 || len(info.Links[0].Standing) != 2 {
					t.Errorf("the plan tells of %+v, %v", info.Links, err)
				}
			})
		})
	}
}
