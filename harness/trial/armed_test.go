package trial_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// TestArmedFaults has faults take force and end beside other steps, and looks at which are in force while
// each of those is carried out.
func TestArmedFaults(t *testing.T) {
	const (
		ready  = `{name: ready, node: r1, run: s, expect: 'text contains "ready"', eventually: 1s, every: 10ms}`
		done   = `{name: done, node: r1, run: s, expect: 'text contains "done"', eventually: 1s, every: 10ms}`
		on     = `{link: 'r1:eth1', fault: drop, may-miss: true, `
		over   = "\nsymptom: [{name: over, node: r1, run: s, expect: 'text contains \"over\"', eventually: 300ms, every: 10ms}]\n"
		pause  = `, {hold: 50ms, why: the fake looks at nothing}, `
		second = `{link: 'r2:eth1', fault: delay, delay: 1ms, may-miss: true, direction: out, `
	)
	do := func(words ...string) string {
		var steps []string
		for _, w := range words {
			steps = append(steps, fmt.Sprintf("{name: go %s, node: r1, configure: [%s]}", w, w))
		}
		return strings.Join(steps, pause)
	}
	for _, tt := range []struct {
		name, stimulus string
		during         string // the faults that were in force as each step was carried out
		want           evidence.Verdict
		reason         string
		told           []string // details of its events: fault, heal
	}{
		{
			name:     "from when one condition is seen until another is, while the other steps go on",
			stimulus: on + "arm: " + ready + ", disarm: " + done + "}, " + do("ready", "busy", "done", "over"),
			during:   "ready busy:drop done:drop over", want: evidence.Reproduced,
			told: []string{`armed: "ready" is seen`, `disarmed: "done" is seen`},
		},
		{
			name:     "from one later step until another",
			stimulus: on + "arm: {step: go a}, disarm: {step: go c}}, " + do("first", "a", "b", "c", "over"),
			during:   "first a:drop b:drop c over", want: evidence.Reproduced,
			told: []string{"armed: step go a begins", "disarmed: step go c begins"},
		},
		{
			name: "several overlap, each with its own end",
			stimulus: on + "disarm: {step: go b}}, " + second + "arm: {step: go a}, disarm: " + done + "}, " +
				do("first", "a", "b", "done", "over"),
			during: "first:drop a:drop+delay b:delay done:delay over", want: evidence.Reproduced,
		},
		{
			name:     "armed by a condition, and ended after a time",
			stimulus: on + "arm: " + ready + ", for: 70ms}, " + do("ready", "a", "b", "over"),
			during:   "ready a:drop b over", want: evidence.Reproduced,
		},
		{
			name:     "a link that flaps from a later step on",
			stimulus: "{link: 'r1:eth1', fault: flap, times: 1, for: 70ms, arm: {step: a}}, " + do("first") + ", {name: a, hold: 50ms, why: it flaps beside}, " + do("b", "c", "over"),
			during:   "first b:down c over", want: evidence.Reproduced,
		},
		{
			name:     "until the end of the trial",
			stimulus: on + "arm: " + ready + "}, " + do("ready", "a", "over"),
			during:   "ready a:drop over:drop", want: evidence.Reproduced,
		},
		{
			name:     "one that waits and ends beside a group of steps",
			stimulus: on + "arm: {step: inner}, disarm: {step: go c}}, {together: [{node: r2, run: x}, {steps: [" + do("a") + ", {name: inner, node: r1, configure: [b]}]}]}, " + do("c", "over"),
			during:   "a b:drop c over", want: evidence.Reproduced,
		},
		{
			name:     "an up does not end it",
			stimulus: on + "disarm: {step: go b}}, {link: 'r1:eth1', fault: down}, " + do("a") + ", {link: 'r1:eth1', fault: up}, " + do("x", "b", "over"),
			during:   "a:drop+down x:drop b over", want: evidence.Reproduced,
		},
		{
			name:     "what it waits for never comes",
			stimulus: on + "arm: " + strings.Replace(ready, "1s", "60ms", 1) + "}, " + do("a", "b", "over"),
			during:   "a b over", want: evidence.Inconclusive, reason: `the fault stimulus[0] (drop) never took force: "ready" is false`,
		},
		{
			name:     "the symptom is decided before it comes",
			stimulus: on + "arm: " + ready + "}, " + do("a", "over"),
			during:   "a over", want: evidence.Inconclusive,
			reason: `the fault stimulus[0] (drop) never took force: the trial was over, or its symptom decided, before "ready" is seen`,
		},
		{
			name:     "its end comes first",
			stimulus: on + "arm: " + ready + ", disarm: {step: go b}}, " + do("a", "b", "ready", "over"),
			during:   "a b ready over", want: evidence.Inconclusive,
			reason: "never took force: it was to end when step go b begins, and had not taken force by then",
		},
		{
			name:     "its end never comes",
			stimulus: on + "arm: " + ready + ", disarm: " + strings.Replace(done, "1s", "60ms", 1) + "}, " + do("ready", "a", "b", "over"),
			during:   "ready a:drop b:drop over:drop", want: evidence.Inconclusive,
			reason: `did not work: it was to end when "done" is seen, and "done" is false`,
		},
		{
			name:     "as often as it is expected to act while it was in force",
			stimulus: strings.Replace(on, "may-miss: true", "expect: {fired: 2}", 1) + "arm: " + ready + ", disarm: " + done + "}, " + do("ready", "a", "done", "over"),
			during:   "ready a:drop done:drop over", want: evidence.Inconclusive, reason: "fired once, and was to fire 2 times",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var mu sync.Mutex
				state, during := "up", []string(nil)
				w.provider.FiredFn = func(topologies.Fault) uint64 { return 1 }
				w.platform.ConfigureFn = func(_, line string) (string, error) {
					mu.Lock()
					defer mu.Unlock()
					var kinds []string
					for _, f := range w.provider.Active() {
						kinds = append(kinds, string(f.Kind))
					}
					state, during = "up and "+line, append(during, strings.TrimSuffix(line+":"+strings.Join(kinds, "+"), ":"))
					return "", nil
				}
				w.platform.RunFn = func(_, _ string) (drivers.Exchange, error) {
					mu.Lock()
					defer mu.Unlock()
					return drivers.Exchange{Output: "state is " + state}, nil
				}
				v := w.trial(t, t.Context(), planOf(t, head+"stimulus: ["+tt.stimulus+"]"+over, plan.Options{Trials: 1}))
				if got := strings.Join(during, " "); v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) || got != tt.during {
					t.Errorf("%s (%s), in force %q; want %s (%s), %q", v.Verdict, v.Reason, got, tt.want, tt.reason, tt.during)
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				var told []string
				for _, e := range record.Events {
					if e.Kind == evidence.EventFault || e.Kind == evidence.EventHeal {
						told = append(told, e.Detail)
					}
				}
				if tt.told != nil && !slices.Equal(told, tt.told) {
					t.Errorf("the record tells %q, want %q", told, tt.told)
				}
			})
		})
	}
}

// A fault that nobody could take back is not in the lab of the next trial, whoever was to take it back.
func TestStuckFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.provider.HealFn = func(topologies.Fault) error { return errors.New("no answer") }
		text := head + `stimulus: [{link: 'r1:eth1', fault: down, disarm: {step: go round}}, {node: r1, configure: [break it]}]
symptom: [{name: down, node: r1, run: show state, expect: 'text contains "down"', within: 100ms, consistently: 50ms, every: 10ms}]
workaround: {steps: [{name: go round, node: r1, run: repair}], expect: [{name: up, same-as: baseline}]}
trials: {reset: config}
`
		_, dir := w.series(t, &w.provider, text, 2)
		entries, err := dir.Ledger()
		if err != nil || len(entries) != 2 || entries[0].Verdict != evidence.Reproduced || !strings.Contains(entries[1].ResetHow, "rebuilt") {
			t.Errorf("%+v, %v", entries, err)
		}
	})
}
