package judge

import (
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

const sec = scenarios.Duration(time.Second)

// looks makes a look per character, an interval apart: t true, f false, e no answer,
// - an answer for which the expression has no value, o one for which it has none yet, a space nobody looked.
func looks(pattern string, interval time.Duration) []Reading {
	var out []Reading
	for i, c := range pattern {
		s := Reading{At: time.Duration(i) * interval, End: time.Duration(i) * interval}
		switch c {
		case 't':
			s.Value = true
		case 'f':
			s.Value = false
		case 'e':
			s.Err, s.Unanswered = "session lost", true
		case '-':
			s.Err = "absent: no such key"
		case 'o':
			s.Err, s.Open = "an outage goes on", true
		case ' ':
			continue
		default:
			s.Value = string(c)
		}
		out = append(out, s)
	}
	return out
}

func TestWindow(t *testing.T) {
	half := scenarios.Duration(500 * time.Millisecond)
	eventually := scenarios.Condition{Eventually: 2 * sec, Every: half}
	hold := scenarios.Condition{Within: 2 * sec, Consistently: 2 * sec, Every: half}
	never := scenarios.Condition{Never: 2 * sec, Every: half}
	changes := scenarios.Condition{Changes: &scenarios.Changes{AtLeast: 2, Within: 2 * sec}, Every: half}
	neverAgain := scenarios.Condition{Never: 2 * sec, Every: half, AfterFalse: true}
	comesBack := scenarios.Condition{Eventually: 2 * sec, Every: half, AfterFalse: true}
	for _, tt := range []struct {
		name    string
		cond    scenarios.Condition
		pattern string // 0 s, 0.5 s, 1 s …
		want    evidence.Truth
		now     evidence.Truth // by today's rules, where they differ
	}{
		{"eventually: true at the first look", eventually, "t", evidence.True, ""},
		{"eventually: true at the last moment", eventually, "fffft", evidence.True, ""},
		{"eventually: not told yet at the last look", eventually, "ffffo", evidence.Unknown, ""},
		{"eventually: not told yet in between", eventually, "ffoff", evidence.False, ""},
		{"never: not told yet at the last look", never, "ffffo", evidence.Unknown, ""},
		{"never: not told yet in between", never, "foooff", evidence.True, ""},
		{"eventually: one interval late", eventually, "ffffft", evidence.True, evidence.Unknown},
		{"eventually: later does not", eventually, "fffff t", evidence.False, ""},
		{"eventually: never true", eventually, "fffff", evidence.False, ""},
		{"eventually: the last look is late", eventually, "fff   f", evidence.False, ""},
		{"eventually: true only after the window", eventually, "fff   t", evidence.Unknown, ""},
		{"eventually: looking ended early", eventually, "fff", evidence.Unknown, ""},
		{"eventually: the last look has no answer", eventually, "ffffe", evidence.Unknown, ""},
		{"eventually: an earlier one has none", eventually, "fefff", evidence.False, ""},
		{"eventually: no look has an answer", eventually, "eeeee", evidence.Unknown, ""},
		{"eventually: nobody looked", eventually, "", evidence.Unknown, ""},

		{"hold: true throughout", hold, "ttttt", evidence.True, ""},
		{"hold: becomes true in time", hold, "ffttttt", evidence.True, ""},
		{"hold: becomes true too late", hold, "fffffftttttt", evidence.False, ""},
		{"hold: falls back and recovers in time", hold, "tftttttt", evidence.True, ""},
		{"hold: falls back for good", hold, "tttff", evidence.False, ""},
		{"hold: falls back after within", hold, "fffttttf", evidence.False, ""},
		{"hold: a lost look breaks it", hold, "ttettf", evidence.Unknown, ""},
		{"hold: a lost look before it began does not", hold, "efttttt", evidence.True, ""},
		{"hold: looking ended early", hold, "ttt", evidence.Unknown, ""},
		{"hold: the last look is late", hold, "tttt  t", evidence.True, ""},
		{"hold: the last look is late and false", hold, "tttt  f", evidence.False, ""},
		{"hold: nobody looked for long", hold, "tt      tttttt", evidence.Unknown, ""},

		{"never: never true", never, "fffff", evidence.True, ""},
		{"never: true once", never, "fftff", evidence.False, ""},
		{"never: a lost look hides a moment", never, "ffeff", evidence.Unknown, ""},
		{"never: the last look is late", never, "ffff  f", evidence.True, ""},
		{"never: true only after the window", never, "ffff  t", evidence.Unknown, ""},
		{"never: true beats lost", never, "fetff", evidence.False, ""},
		{"never: looking ended early", never, "fff", evidence.Unknown, ""},
		{"never: nobody looked for long", never, "f    ", evidence.Unknown, ""},

		{"after false, never: the old state does not count", neverAgain, "ttfffff", evidence.True, ""},
		{"after false, never: it comes back", neverAgain, "ttfftf", evidence.False, ""},
		{"after false, never: it was always so", neverAgain, "ttttttt", evidence.Unknown, ""},
		{"after false, never: watched a whole window from then on", neverAgain, "tttfff", evidence.Unknown, ""},
		{"after false, eventually: the old state does not count", comesBack, "ttf", evidence.Unknown, ""},
		{"after false, eventually: it comes back", comesBack, "ttft", evidence.True, ""},
		{"after false, eventually: it was always so", comesBack, "ttttt", evidence.Unknown, ""},
		{"after false, eventually: it stays away", comesBack, "tffffff", evidence.False, ""},
		{"after false, eventually: a lost look before does no harm", comesBack, "tefffff", evidence.False, ""},

		{"changes: often enough", changes, "abab", evidence.True, ""},
		{"changes: once", changes, "aabbb", evidence.False, ""},
		{"changes: not often enough, a look lost", changes, "aebbb", evidence.Unknown, ""},
		{"changes: looking ended early", changes, "ab", evidence.Unknown, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, rules := range []evidence.Rules{evidence.RulesV1, evidence.RulesV2, evidence.RulesV3, evidence.RulesV4} {
				want := tt.want
				if rules != evidence.RulesV1 && tt.now != "" {
					want = tt.now
				}
				w := NewWindow(tt.cond, 0, rules)
				for _, s := range looks(tt.pattern, 500*time.Millisecond) {
					w.Observe(s)
				}
				w.Expire(time.Minute)
				if w.Truth != want || w.Why == "" {
					t.Errorf("%q by rules %s: got %s (%s), want %s", tt.pattern, rules, w.Truth, w.Why, want)
				}
			}
		})
	}
}

// Where more than a third of the window had no look with an answer, nobody knows that a thing did not become so; and
// what looks alike and is of another kind is another value. By RulesV3 neither was so.
func TestWindowV4(t *testing.T) {
	tenth := scenarios.Duration(100 * time.Millisecond)
	eventually := scenarios.Condition{Eventually: 3 * sec, Every: tenth}
	for _, tt := range []struct {
		name     string
		cond     scenarios.Condition
		pattern  string // every 100 ms
		want, v3 evidence.Truth
	}{
		{"a third without an answer", eventually, "feeeeeeeeeffffffffffffffffffffff", evidence.False, evidence.False},
		{"more", eventually, "feeeeeeeeeeefffffffffffffffffff", evidence.Unknown, evidence.False},
		{"more, from the beginning on", eventually, "eeeeeeeeeeefffffffffffffffffffff", evidence.Unknown, evidence.False},
		{"more, and it was so", eventually, "feeeeeeeeeeeft", evidence.True, evidence.True},
		{"nobody looked for longer", eventually, "f             ffffffffffffffffff", evidence.Unknown, evidence.False},
		{"every fourth had none", eventually, "fffefffefffefffefffefffefffefffff", evidence.False, evidence.False},
		{"every other", eventually, "fefefefefefefefefefefefefefefefff", evidence.Unknown, evidence.False},
		{"several times, a third and no more each", eventually, "feeeeeeeeefeeeeeeeeefeeeeeeeeeff", evidence.Unknown, evidence.False},
		{"answered, and of no value for the expression", eventually, "---------------ffffffffffffffff", evidence.False, evidence.False},
		{"nor for the one between", eventually, "-eeeeee-eeeeee-ffffffffffffffff", evidence.Unknown, evidence.False},
		{"of a log, whose last look has all lines", scenarios.Condition{Eventually: 3 * sec, Every: tenth, Log: "x"}, "feeeeeeeeeeeeeeeeeeeeeeeeeeeeeff", evidence.False, evidence.False},
		{"of frames", scenarios.Condition{Eventually: 3 * sec, Every: tenth, Frame: &scenarios.Frame{Since: scenarios.SinceBaseline}}, "feeeeeeeeeeeeeeeeeeeeeeeeeeeeeff", evidence.False, evidence.False},
		{"of packets, which a flow counts since the stimulus", scenarios.Condition{Eventually: 3 * sec, Every: tenth, Traffic: &scenarios.FlowLook{Flow: "x"}}, "feeeeeeeeeeeeeeeeeeeeeeeeeeeeeff", evidence.False, evidence.False},
		{"or in the last second", scenarios.Condition{Eventually: 3 * sec, Every: tenth, Traffic: &scenarios.FlowLook{Flow: "x", Last: sec}}, "feeeeeeeeeeeeeeeeeeeeeeeeeeeeeff", evidence.Unknown, evidence.False},
		{"after false, of the old state", scenarios.Condition{Eventually: 3 * sec, Every: tenth, AfterFalse: true}, "teeeeeeeeeeeeffffffffffffffffffffffffffffffff", evidence.False, evidence.False},
	} {
		for rules, want := range map[evidence.Rules]evidence.Truth{evidence.RulesV4: tt.want, evidence.RulesV3: tt.v3} {
			w := NewWindow(tt.cond, 0, rules)
			for _, s := range looks(tt.pattern, 100*time.Millisecond) {
				w.Observe(s)
			}
			w.Expire(time.Minute)
			if w.Truth != want {
				t.Errorf("%s, by rules %s: %s (%s), want %s", tt.name, rules, w.Truth, w.Why, want)
			}
		}
	}
	for _, cond := range []scenarios.Condition{{Unchanged: sec, Every: 2 * tenth}, {Changes: &scenarios.Changes{AtLeast: 1, Within: sec}, Every: 2 * tenth}} {
		for rules, moved := range map[evidence.Rules]bool{evidence.RulesV4: true, evidence.RulesV3: false} {
			w := NewWindow(cond, 0, rules)
			for i := range 7 {
				var value any = []any{"a b"}
				if i > 2 {
					value = []any{"a", "b"}
				}
				at := time.Duration(i) * 200 * time.Millisecond
				w.Observe(Reading{At: at, End: at, Value: value})
			}
			w.Expire(time.Minute)
			want := evidence.False
			if (cond.Changes != nil) == moved {
				want = evidence.True
			}
			if w.Truth != want {
				t.Errorf("%s, by rules %s: %s (%s), want %s", cond.Window(), rules, w.Truth, w.Why, want)
			}
		}
	}
}

// A look takes time, and counts for the time between its beginning and its end.
func TestWindowSlowLooks(t *testing.T) {
	look := func(at, end float64, value any) Reading {
		s := Reading{At: time.Duration(at * float64(time.Second)), End: time.Duration(end * float64(time.Second)), Value: value}
		if value == nil {
			s.Err = "no answer"
		}
		return s
	}
	eventually := scenarios.Condition{Eventually: 5 * sec}
	never := scenarios.Condition{Never: 5 * sec}
	hold := scenarios.Condition{Within: 8 * sec, Consistently: 4 * sec, Every: 4 * sec}
	changes := scenarios.Condition{Changes: &scenarios.Changes{AtLeast: 1, Within: 5 * sec}}
	for _, tt := range []struct {
		name  string
		cond  scenarios.Condition
		looks []Reading
		want  evidence.Truth
		v1    evidence.Truth // by the rules of before
		v2    evidence.Truth // by those between, where they differ from today's
	}{
		{"eventually: began within, answered after", eventually, []Reading{look(0, 7, true)}, evidence.Unknown, evidence.True, ""},
		{"eventually: answered at the last moment", eventually, []Reading{look(0, 5, true)}, evidence.True, evidence.True, ""},
		{"eventually: false until it answered after", eventually, []Reading{look(0, 7, false)}, evidence.Unknown, evidence.Unknown, evidence.False},
		{"eventually: false, then true only outside", eventually, []Reading{look(0, 2, false), look(2, 5.1, true)}, evidence.Unknown, evidence.True, ""},
		{"eventually: the look at the window's end", eventually, []Reading{look(0, 4.9, false), look(5, 5.1, true)}, evidence.Unknown, evidence.True, ""},
		{"eventually: a slow look without an answer", eventually, []Reading{look(0, 7, nil)}, evidence.Unknown, evidence.Unknown, ""},
		{"never: began within, so after", never, []Reading{look(0, 1, false), look(1, 6, true)}, evidence.Unknown, evidence.False, ""},
		{"never: so within", never, []Reading{look(0, 1, false), look(1, 5, true)}, evidence.False, evidence.False, ""},
		{"never: one look over all of it", never, []Reading{look(0, 6, false)}, evidence.Unknown, evidence.Unknown, evidence.True},
		{"never: the last look ended long after", never, []Reading{look(0, 1, false), look(1, 9, false)}, evidence.Unknown, evidence.Unknown, evidence.True},
		{"never: the last look ended soon after", never, []Reading{look(0, 2, false), look(2, 4, false), look(4, 6, false)}, evidence.True, evidence.Unknown, ""},
		{"never: looks that end within, one after the other", never, []Reading{look(0, 2.5, false), look(2.5, 5, false)}, evidence.True, evidence.Unknown, ""},
		{"hold: the only look answered after", hold, []Reading{look(0, 9, false)}, evidence.Unknown, evidence.Unknown, evidence.False},
		{"changes: one look over all of it", changes, []Reading{look(0, 7, "a")}, evidence.Unknown, evidence.Unknown, evidence.False},
		{"hold: each look waits for three seconds", hold, []Reading{look(0, 3, true), look(4, 7, true), look(8, 11, true)}, evidence.True, evidence.True, ""},
		{"hold: not as long as it must", hold, []Reading{look(0, 3, true), look(4, 9, true)}, evidence.Unknown, evidence.True, ""},
		{"hold: became so too late, perhaps", hold, []Reading{look(0, 3, false), look(4, 7, false), look(7.9, 9, true)}, evidence.Unknown, evidence.Unknown, ""},
		{"hold: looks that wait for longer than the gap that is allowed", scenarios.Condition{Within: 2 * sec, Consistently: 4 * sec}, []Reading{look(0, 1, true), look(1, 4.5, true), look(4.5, 6, true), look(6, 7, true)}, evidence.True, evidence.Unknown, ""},
		{"changes: seen in a look that ended after", changes, []Reading{look(0, 1, "a"), look(4, 6, "b")}, evidence.Unknown, evidence.True, ""},
		{"changes: seen in one that ended within", changes, []Reading{look(0, 1, "a"), look(4, 5, "b")}, evidence.True, evidence.True, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for rules, want := range map[evidence.Rules]evidence.Truth{evidence.RulesV1: tt.v1, evidence.RulesV2: cmp.Or(tt.v2, tt.want), evidence.RulesV3: tt.want} {
				w := NewWindow(tt.cond, 0, rules)
				for _, s := range tt.looks {
					w.Observe(s)
				}
				w.Expire(time.Minute)
				if w.Truth != want || w.Why == "" {
					t.Errorf("by rules %s: got %s (%s), want %s", rules, w.Truth, w.Why, want)
				}
			}
		})
	}
}

// Five intervals or a third of the window, whichever is longer, may pass without a look, and
// not a moment more.
func TestWindowGaps(t *testing.T) {
	half := scenarios.Duration(500 * time.Millisecond)
	short := scenarios.Condition{Within: sec, Consistently: 5 * sec, Every: half}
	long := scenarios.Condition{Within: sec, Consistently: 9 * sec, Every: half}
	for _, tt := range []struct {
		cond scenarios.Condition
		gap  time.Duration
		want evidence.Truth
	}{
		{short, 2500 * time.Millisecond, evidence.True},
		{short, 2501 * time.Millisecond, evidence.Unknown},
		{long, 3 * time.Second, evidence.True},
		{long, 3001 * time.Millisecond, evidence.Unknown},
	} {
		for _, rules := range []evidence.Rules{evidence.RulesV1, evidence.RulesV2, evidence.RulesV3} {
			w := NewWindow(tt.cond, 0, rules)
			w.Observe(Reading{Value: true})
			for at := tt.gap; !w.Decided() && at < 20*time.Second; at += time.Second {
				w.Observe(Reading{At: at, End: at, Value: at < 12*time.Second})
			}
			w.Expire(time.Minute)
			if w.Truth != tt.want {
				t.Errorf("nobody looked for %s of %v, rules %s: %s (%s), want %s", tt.gap, tt.cond.Window(), rules, w.Truth, w.Why, tt.want)
			}
		}
	}
}

// Whatever is seen, a window is decided once, a condition that had no answer at all is
// never true nor false, and what is decided live is what expiry would have found.
func TestWindowProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cond := rapid.SampledFrom([]scenarios.Condition{
			{Eventually: 3 * sec}, {Never: 3 * sec}, {Within: 2 * sec, Consistently: 2 * sec}, {Changes: &scenarios.Changes{AtLeast: 2, Within: 3 * sec}},
		}).Draw(t, "condition")
		pattern := rapid.StringMatching(`[tfe ]{0,30}`).Draw(t, "looks")
		w := NewWindow(cond, 0, evidence.CurrentRules)
		answered := false
		for _, s := range looks(pattern, 250*time.Millisecond) {
			before, decided := w.Truth, w.Decided()
			w.Observe(s)
			if decided && w.Truth != before {
				t.Fatalf("decided as %s, then as %s", before, w.Truth)
			}
			answered = answered || s.Err == ""
		}
		w.Expire(time.Minute)
		if !w.Decided() {
			t.Fatal("not decided after expiry")
		}
		if !answered && w.Truth != evidence.Unknown {
			t.Fatalf("no look had an answer and the condition is %s", w.Truth)
		}
	})
}
