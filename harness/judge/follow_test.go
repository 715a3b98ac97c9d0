package judge

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// A value that is followed is unchanged only where looks saw all of the window.
func TestUnchanged(t *testing.T) {
	cond := scenarios.Condition{Unchanged: 3 * sec, Every: scenarios.Duration(500 * time.Millisecond)}
	for _, tt := range []struct {
		name, pattern string // 0 s, 0.5 s, 1 s …
		want          evidence.Truth
		why           string
	}{
		{"it does not move", "aaaaaaa", evidence.True, `it was a throughout 3s (7 looks)`},
		{"it moves", "aaab", evidence.False, "it changed from a to b after 1.5s"},
		{"it moves and comes back", "aabaaaa", evidence.False, "from a to b after 1s"},
		{"it moves at the last moment", "aaaaaab", evidence.False, "after 3s"},
		{"it moves afterwards", "aaaaaa b", evidence.Unknown, "outside the window"},
		{"a look has no answer", "aaeaaaa", evidence.Unknown, "a look had no answer: session lost"},
		{"a look has no answer, and it moves", "aeab", evidence.False, "from a to b"},
		{"no look has one", "eeeeeee", evidence.Unknown, "session lost"},
		{"looking ended early", "aaaa", evidence.Unknown, "looking ended after 1.5s"},
		{"nobody looked", "", evidence.Unknown, "nobody looked"},
		{"nobody looked for long", "a      a", evidence.Unknown, "nobody looked for 3.5s"},
		{"nobody looked at first", "      aa", evidence.Unknown, "at the window's beginning"},
		{"the last look within is early", "aaa    a", evidence.True, "throughout"},
	} {
		w := NewWindow(cond, 0, evidence.CurrentRules)
		for _, s := range looks(tt.pattern, cond.Interval()) {
			w.Observe(s)
		}
		w.Expire(w.lastEnd)
		if w.Truth != tt.want || !strings.Contains(w.Why, tt.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, w.Truth, w.Why, tt.want, tt.why)
		}
	}
}

// A rate is decided where it is known within bounds, by what looks take.
func TestRate(t *testing.T) {
	least, most, none := 100.0, 200.0, 0.0
	atLeast, atMost, still := scenarios.Rate{AtLeast: &least, Over: 3 * sec}, scenarios.Rate{AtMost: &most, Over: 3 * sec}, scenarios.Rate{AtMost: &none, Over: 3 * sec}
	both := scenarios.Rate{AtLeast: &least, AtMost: &most, Over: 3 * sec}
	for _, tt := range []struct {
		name   string
		rate   scenarios.Rate
		took   time.Duration
		values []any // 0 s, 0.5 s, 1 s …; nil where nobody looked
		want   evidence.Truth
		why    string
	}{
		{"fast enough", atLeast, 0, []any{0, 50, 100, 150, 200, 250, 300}, evidence.True, "it grew from 0 to 300 in 3s: 100 a second, asked for is at least 100 a second (7 looks)"},
		{"too slow", atLeast, 0, []any{0, 40, 90, 140, 190, 240, 290}, evidence.False, "96.67 a second"},
		{"numbers of JSON", atMost, 0, []any{1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6 + 600}, evidence.True, "200 a second"},
		{"too fast", atMost, 0, []any{0, 0, 0, 0, 0, 0, 601}, evidence.False, "200.3 a second"},
		{"between", both, 0, []any{0, 75, 150, 225, 300, 375, 450}, evidence.True, "150 a second"},
		{"it does not move", still, 0, []any{7, 7, 7, 7, 7, 7, 7}, evidence.True, "0 a second"},
		{"it moves once", still, 0, []any{7, 7, 7, 7, 7, 7, 8}, evidence.False, "0.3333 a second"},
		{"as fast as can be told", atLeast, 200 * time.Millisecond, []any{0, 50, 100, 150, 200, 250, 300}, evidence.Unknown, "92.59 to 108.7 a second"},
		{"told all the same", atLeast, 200 * time.Millisecond, []any{0, 100, 200, 300, 400, 500, 600}, evidence.True, "185.2 to 217.4 a second"},
		{"what counts began anew", atLeast, 0, []any{500, 600, 20, 90, 200, 300, 900}, evidence.Unknown, "it fell from 600 to 20 after 1s"},
		{"no number", atLeast, 0, []any{0, "x", 100, 150, 200, 250, 300}, evidence.Unknown, "x is no number, and has no rate"},
		{"one look", atLeast, 0, []any{nil, nil, nil, nil, nil, nil, 9}, evidence.Unknown, "window's beginning"},
		{"too few looks", atLeast, 0, []any{0, nil, nil, nil, nil, nil, 900}, evidence.Unknown, "nobody looked for 3s"},
		{"looking ended early", atLeast, 0, []any{0, 500}, evidence.Unknown, "looking ended"},
	} {
		cond := scenarios.Condition{Rate: &tt.rate, Every: scenarios.Duration(500 * time.Millisecond)}
		w := NewWindow(cond, 0, evidence.CurrentRules)
		for i, v := range tt.values {
			if at := time.Duration(i) * cond.Interval(); v != nil {
				w.Observe(Reading{At: at, End: at + tt.took, Value: v})
			}
		}
		w.Expire(w.lastEnd)
		if w.Truth != tt.want || !strings.Contains(w.Why, tt.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, w.Truth, w.Why, tt.want, tt.why)
		}
	}
}
