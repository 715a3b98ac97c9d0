package result_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// A proportion counts valid trials alone, and is never told without its interval.
func TestProportionOf(t *testing.T) {
	var entries []evidence.Entry
	for _, v := range []evidence.Verdict{evidence.Reproduced, evidence.NotReproduced, evidence.Inconclusive, evidence.NotReproduced, evidence.NotApplicable} {
		entries = append(entries, evidence.Entry{Verdict: v})
	}
	p := result.ProportionOf("lab 1", entries)
	if p.Name != "lab 1" || p.Reproduced != 1 || p.Valid != 3 || p.Wilson != stats.Wilson(1, 3) || p.ClopperPearson != stats.ClopperPearson(1, 3) {
		t.Errorf("%+v", p)
	}
	for want, p := range map[string]result.Proportion{
		"1/3 = 0.33, 95% [0.06, 0.79] Wilson": p,
		"0/0, no rate":                        result.ProportionOf("", nil),
	} {
		if p.String() != want {
			t.Errorf("%s, want %s", p, want)
		}
	}
}

// The worst of many comparisons counts: another failure before not fixed before undecided. What
// was skipped does not count, and nothing at all answers nothing.
func TestWorst(t *testing.T) {
	of := func(rulings ...result.Ruling) (out []result.Comparison) {
		for _, r := range rulings {
			out = append(out, result.Comparison{Ruling: r, Skipped: r == ""})
		}
		return out
	}
	for _, tt := range []struct {
		rulings []result.Ruling
		want    result.Outcome
	}{
		{nil, result.Inconclusive},
		{[]result.Ruling{""}, result.Inconclusive},
		{[]result.Ruling{result.Fixed}, result.Yes},
		{[]result.Ruling{result.Fixed, ""}, result.Yes},
		{[]result.Ruling{result.Fixed, result.Undecided}, result.Inconclusive},
		{[]result.Ruling{result.Undecided, result.NotFixed, result.Fixed}, result.No},
		{[]result.Ruling{result.NotFixed, result.Changed, result.Undecided}, result.Otherwise},
	} {
		if got := result.Worst(of(tt.rulings...)); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.rulings, got, tt.want)
		}
	}
}

// A count is told with its interval, and with what said nothing beside it.
func TestCount(t *testing.T) {
	c := result.Count{Hits: 1, Misses: 2, Invalid: 3, Other: 4}
	if c.Valid() != 3 || c.Runs() != 10 || c.Flipped() != (result.Count{Hits: 2, Misses: 1, Invalid: 3, Other: 4}) {
		t.Errorf("%d valid of %d, flipped %+v", c.Valid(), c.Runs(), c.Flipped())
	}
	if sum := c.Plus(result.Count{Hits: 10, Misses: 20, Invalid: 30, Other: 40}); sum != (result.Count{Hits: 11, Misses: 22, Invalid: 33, Other: 44}) {
		t.Errorf("sum %+v", sum)
	}
	for want, c := range map[string]result.Count{
		"1/3 = 0.33 [0.06, 0.79], 7 inconclusive": c,
		"1/3 = 0.33 [0.06, 0.79]":                 {Hits: 1, Misses: 2},
		"no valid run":                            {Invalid: 2},
	} {
		if c.String() != want {
			t.Errorf("%s, want %s", c, want)
		}
	}
}

// A search by a fast clock is done when what is left shows the problem in real time, and its control
// does not.
func TestIsolationDone(t *testing.T) {
	fast, clean := evidence.Clock{Speed: 10}, result.Count{Misses: 5}
	seen := func(final, control result.Count) *result.RealTime {
		r := result.NewRealTime(final, control)
		return &r
	}
	for _, tt := range []struct {
		name string
		of   result.Isolation
		want bool
	}{
		{"in real time", result.Isolation{Complete: true}, true},
		{"by a date of its own", result.Isolation{Complete: true, Clock: evidence.Clock{Start: time.Unix(0, 0)}}, true},
		{"not complete", result.Isolation{Clock: fast, Real: seen(result.Count{Hits: 9}, clean)}, false},
		{"not tried", result.Isolation{Complete: true, Clock: fast}, false},
		{"there", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Hits: 1, Misses: 9}, clean)}, true},
		{"without a control", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Hits: 1, Misses: 9}, result.Count{})}, true},
		{"not there", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Misses: 10}, clean)}, false},
		{"nothing is known", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Invalid: 10}, clean)}, false},
		{"nothing of the control", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Hits: 10}, result.Count{Invalid: 5})}, false},
		{"the control too", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Hits: 10}, result.Count{Hits: 2, Misses: 3})}, false},
		{"the control rarely", result.Isolation{Complete: true, Clock: fast, Real: seen(result.Count{Hits: 10}, result.Count{Hits: 1, Misses: 4})}, true},
	} {
		if got := tt.of.Done(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A part that is needed always has a reason.
func TestNeededWords(t *testing.T) {
	if got := (result.NeededPart{}).Words(); got != "without it there is no scenario" {
		t.Error(got)
	}
	if got := (result.NeededPart{Need: result.Need{Reason: "the lab broke"}}).Words(); got != "the lab broke" {
		t.Error(got)
	}
}

// What a comparison leaves open is said: of what is fixed for how long it was watched, of all a control that was not tried.
func TestComparisonLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    result.Comparison
		want string
	}{
		{"fixed", result.Comparison{Ruling: result.Fixed, Watched: time.Second, ControlUntried: true}, "not seen within 1s of the stimulus; the control was not tried"},
		{"fixed, with how long it took", result.Comparison{Ruling: result.Fixed, Watched: 2 * time.Second, Showed: 40 * time.Millisecond, ShowedWithin: time.Second}, "not seen within 2s of the stimulus, where the old side showed it after 40ms of 1s at the latest"},
		{"fixed, without a control", result.Comparison{Ruling: result.Fixed, Watched: time.Second}, "not seen within 1s of the stimulus"},
		{"not fixed", result.Comparison{Ruling: result.NotFixed, Watched: time.Second, ControlUntried: true}, "the control was not tried"},
		{"of nothing", result.Comparison{Skipped: true}, ""},
	} {
		if got := strings.Join(tt.c.Limits(), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
