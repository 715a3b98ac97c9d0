package trial_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
)

// TestLogWithoutSource: that a line is not in a log says nothing where the log does not have
// everything, and something where it does.
func TestLogWithoutSource(t *testing.T) {
	const why = "no daemon of this node logs anywhere that is read"
	tests := []struct {
		name, condition string
		unlogged, line  string
		want            evidence.Verdict
	}{
		{"nothing is logged at all", "eventually: 50ms", why, "", evidence.Inconclusive},
		{"never is not shown by silence", "never: 50ms", why, "", evidence.Inconclusive},
		{"how often is not shown either", "expect: count == 1, eventually: 50ms", why, "bad things\n", evidence.Inconclusive},
		{"a line that is there is there", "eventually: 50ms", why, "bad things\n", evidence.Reproduced},
		{"a log that has everything", "eventually: 50ms", "", "", evidence.NotReproduced},
		{"a line that this program writes, with the scenario's name", "eventually: 50ms", "", "10:00:00 OURS bad things begin\n", evidence.NotReproduced},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var log atomic.Value
				log.Store("")
				w.platform.LogFn = func(string) string { return log.Load().(string) }
				w.platform.UnloggedFn = func(string) string { return tt.unlogged }
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					log.Store(strings.Replace(tt.line, "OURS", "reprise "+w.dir.ID()+" trial 1:", 1))
					return drivers.Exchange{Command: line}, nil
				}
				v := w.trial(t, t.Context(), planOf(t, deadly(breaks, "{name: logged, node: r1, log: bad, every: 10ms, "+tt.condition+"}"), plan.Options{}))
				if v.Verdict != tt.want || tt.want == evidence.Inconclusive && !strings.Contains(v.Reason, why) {
					t.Errorf("got %s (%s), want %s", v.Verdict, v.Reason, tt.want)
				}
			})
		})
	}
}
