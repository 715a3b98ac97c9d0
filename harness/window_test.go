package harness

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

const sec = scenarios.Duration(time.Second)

// looks makes a look per character, an interval apart: t true, f false, e no answer,
// a space nobody looked.
func looks(pattern string, interval time.Duration) []sample {
	var out []sample
	for i, c := range pattern {
		s := sample{at: time.Duration(i) * interval}
		switch c {
		case 't':
			s.value = true
		case 'f':
			s.value = false
		case 'e':
			s.err = "session lost"
		case ' ':
			continue
		default:
			s.value = string(c)
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
	for _, tt := range []struct {
		name    string
		cond    scenarios.Condition
		pattern string // 0 s, 0.5 s, 1 s …
		want    evidence.Truth
	}{
		{"eventually: true at the first look", eventually, "t", evidence.True},
		{"eventually: true at the last moment", eventually, "fffft", evidence.True},
		{"eventually: one interval late still counts", eventually, "ffffft", evidence.True},
		{"eventually: later does not", eventually, "fffff t", evidence.False},
		{"eventually: never true", eventually, "fffff", evidence.False},
		{"eventually: the last look is late", eventually, "fff   f", evidence.False},
		{"eventually: true only after the window", eventually, "fff   t", evidence.Unknown},
		{"eventually: looking ended early", eventually, "fff", evidence.Unknown},
		{"eventually: the last look has no answer", eventually, "ffffe", evidence.Unknown},
		{"eventually: an earlier one has none", eventually, "fefff", evidence.False},
		{"eventually: no look has an answer", eventually, "eeeee", evidence.Unknown},
		{"eventually: nobody looked", eventually, "", evidence.Unknown},

		{"hold: true throughout", hold, "ttttt", evidence.True},
		{"hold: becomes true in time", hold, "ffttttt", evidence.True},
		{"hold: becomes true too late", hold, "fffffftttttt", evidence.False},
		{"hold: falls back and recovers in time", hold, "tftttttt", evidence.True},
		{"hold: falls back for good", hold, "tttff", evidence.False},
		{"hold: falls back after within", hold, "fffttttf", evidence.False},
		{"hold: a lost look breaks it", hold, "ttettf", evidence.Unknown},
		{"hold: a lost look before it began does not", hold, "efttttt", evidence.True},
		{"hold: looking ended early", hold, "ttt", evidence.Unknown},
		{"hold: the last look is late", hold, "tttt  t", evidence.True},
		{"hold: the last look is late and false", hold, "tttt  f", evidence.False},
		{"hold: nobody looked for long", hold, "tt      tttttt", evidence.Unknown},

		{"never: never true", never, "fffff", evidence.True},
		{"never: true once", never, "fftff", evidence.False},
		{"never: a lost look hides a moment", never, "ffeff", evidence.Unknown},
		{"never: the last look is late", never, "ffff  f", evidence.True},
		{"never: true only after the window", never, "ffff  t", evidence.Unknown},
		{"never: true beats lost", never, "fetff", evidence.False},
		{"never: looking ended early", never, "fff", evidence.Unknown},
		{"never: nobody looked for long", never, "f    ", evidence.Unknown},

		{"changes: often enough", changes, "abab", evidence.True},
		{"changes: once", changes, "aabbb", evidence.False},
		{"changes: not often enough, a look lost", changes, "aebbb", evidence.Unknown},
		{"changes: looking ended early", changes, "ab", evidence.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWindow(tt.cond, 0)
			for _, s := range looks(tt.pattern, 500*time.Millisecond) {
				w.observe(s)
			}
			w.expire(time.Minute)
			if w.truth != tt.want || w.why == "" {
				t.Errorf("%q: got %s (%s), want %s", tt.pattern, w.truth, w.why, tt.want)
			}
		})
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
		w := newWindow(cond, 0)
		answered := false
		for _, s := range looks(pattern, 250*time.Millisecond) {
			before, decided := w.truth, w.decided()
			w.observe(s)
			if decided && w.truth != before {
				t.Fatalf("decided as %s, then as %s", before, w.truth)
			}
			answered = answered || s.err == ""
		}
		w.expire(time.Minute)
		if !w.decided() {
			t.Fatal("not decided after expiry")
		}
		if !answered && w.truth != evidence.Unknown {
			t.Fatalf("no look had an answer and the condition is %s", w.truth)
		}
	})
}
