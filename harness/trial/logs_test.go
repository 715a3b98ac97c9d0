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

// TestRepeatedLog: a line that the log had before the stimulus, time and all, or that names a time long before, shows nothing where it
// comes after; another beside it does.
func TestRepeatedLog(t *testing.T) {
	const old, again, older = "10:00:00 bad\n", "the log of r1 has again what it had before", "names a time long before"
	for _, tt := range []struct {
		name, condition, log string
		want                 evidence.Verdict
	}{
		{"an old line", "eventually: 50ms", old, evidence.Inconclusive},
		{"never", "never: 50ms", old, evidence.Inconclusive},
		{"a new one beside it", "eventually: 50ms", old + "10:00:01 bad\n", evidence.Reproduced},
		{"how many there are", "expect: count >= 1, eventually: 50ms", old + "10:00:01 bad\n", evidence.Inconclusive},
		{"one that is not asked for", "eventually: 50ms", "10:00:01 bad\n", evidence.Reproduced},
	} {
		for why, known := range map[string]func(*world){
			again: func(w *world) { w.platform.Again = []string{strings.TrimSpace(old)} },
			older: func(w *world) { w.platform.Older = []string{strings.TrimSpace(old)} },
		} {
			t.Run(tt.name+", "+why, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld()
					var log atomic.Value
					log.Store("")
					w.platform.LogFn = func(string) string { return log.Load().(string) }
					known(w)
					w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
						log.Store(tt.log)
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
}

// TestRotatedLog: of a log that is another file than at the mark the lines may be older than the stimulus; of one that
// has more than is read they are new, and are so many at least.
func TestRotatedLog(t *testing.T) {
	const missing = "lines of the log are missing"
	for _, tt := range []struct {
		name, condition, log string
		another              bool
		want                 evidence.Verdict
	}{
		{"an old line in another file", "eventually: 50ms", "bad\n", true, evidence.Inconclusive},
		{"one in a log that has more", "eventually: 50ms", "bad\n", false, evidence.Reproduced},
		{"none", "eventually: 50ms", "good\n", false, evidence.Inconclusive},
		{"as many as are asked for", "expect: count >= 3, eventually: 50ms", "bad\nbad\nbad\n", false, evidence.Reproduced},
		{"of another file", "expect: count >= 3, eventually: 50ms", "bad\nbad\nbad\n", true, evidence.Inconclusive},
		{"more than are asked for", "expect: count < 3, eventually: 50ms", "bad\nbad\nbad\n", false, evidence.NotReproduced},
		{"as many, and no more", "expect: count == 3, eventually: 50ms", "bad\nbad\nbad\n", false, evidence.Inconclusive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.platform.LogFn = func(string) string { return tt.log }
				w.platform.Rotated, w.platform.Another = !tt.another, tt.another
				v := w.trial(t, t.Context(), planOf(t, deadly(breaks, "{name: logged, node: r1, log: bad, may-hold-before: true, every: 10ms, "+tt.condition+"}"), plan.Options{}))
				if v.Verdict != tt.want || tt.want == evidence.Inconclusive && !strings.Contains(v.Reason, missing) {
					t.Errorf("got %s (%s), want %s", v.Verdict, v.Reason, tt.want)
				}
			})
		})
	}
}
