package plan_test

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/plan"
)

// What one look does not tell is watched before the stimulus too, and a trial takes as long more.
func TestBefore(t *testing.T) {
	const symptom = `- {name: stuck, node: r1, run: show neighbor, expect: 'any(rows, .STATE == "ExStart")', template: n.textfsm, within: 20s, consistently: 10s}`
	for _, tt := range []struct {
		symptom string
		watched bool
		want    time.Duration
	}{
		{symptom, false, 0},
		{`- {name: s, node: r1, log: bad, eventually: 20s}`, true, 20 * time.Second},
		{`- {name: s, node: r1, log: bad, eventually: 90s}`, true, 30 * time.Second},
		{`- {name: s, node: r1, log: bad, never: 90s}`, true, 90 * time.Second},
		{`- {name: s, node: r1, log: bad, within: 60s, consistently: 40s}`, true, 70 * time.Second},
		{`- {name: s, node: r1, log: bad, eventually: 20s, may-hold-before: true}`, true, 0},
		{`- {name: s, node: r1, run: x, expect: text, unchanged: 40s}`, true, 40 * time.Second},
		{`- {name: s, node: r1, run: x, expect: text, changes: {at-least: 2, within: 40s}}`, true, 30 * time.Second},
		{`- {name: s, node: r1, run: x, expect: text != before.text, eventually: 20s}`, true, 20 * time.Second},
		{`- {name: s, frame: {at: "r1:eth1"}, eventually: 20s}`, true, 20 * time.Second},
		{`- {name: s, node: r1, core: any, eventually: 20s}`, false, 0},
	} {
		p := planOf(t, load(t, symptom, tt.symptom), plan.Options{})
		if _, watched := p.Symptom[0].Before(); watched != tt.watched {
			t.Errorf("%s: watched %t", tt.symptom, watched)
		}
		without := planOf(t, load(t, symptom, tt.symptom), plan.Options{})
		without.Symptom[0].Cond.MayHoldBefore = true
		if got := p.Longest() - without.Longest(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.symptom, got, tt.want)
		}
	}
}
