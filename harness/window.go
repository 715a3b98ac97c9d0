package harness

import (
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// window decides a condition from its looks. The same code runs live, look by look,
// and offline over the stored looks.
//
// Times are durations since the trial began. A look counts for the moment it began; one
// that begins up to an interval after the window's end still counts, so that the last
// moment is always looked at. A later one, because the look before it was slow, can only
// confirm what was so until then. Time that nobody looked at (a probe that failed, or a gap
// of more than five intervals and a third of the window) makes a condition that must
// hold throughout unknown, never true.
type window struct {
	cond     scenarios.Condition
	start    time.Duration
	interval time.Duration

	looks   int
	last    *sample // the last look that had an answer
	lastAt  time.Duration
	failed  string // why the last look had no answer; empty when it had one
	blind   string // first reason why a part of the window was not seen
	onset   time.Duration
	held    bool // since onset
	changes int

	truth evidence.Truth // empty while undecided
	why   string
	at    time.Duration
}

// sample is one look: when it began, and what the expression gave.
type sample struct {
	at    time.Duration
	value any
	err   string
}

func newWindow(c scenarios.Condition, start time.Duration) *window {
	return &window{cond: c, start: start, interval: c.Interval(), lastAt: start}
}

// deadline is when the last look is due if nothing is decided before.
func (w *window) deadline() time.Duration {
	if w.cond.Consistently > 0 {
		if w.held {
			return w.onset + time.Duration(w.cond.Consistently)
		}
		return w.start + time.Duration(w.cond.Within)
	}
	return w.start + w.cond.Longest()
}

func (w *window) decided() bool { return w.truth != "" }

func (w *window) decide(t evidence.Truth, at time.Duration, format string, args ...any) {
	w.truth, w.at, w.why = t, at, fmt.Sprintf(format, args...)
}

// observe takes one look into account. Looks come in the order they began.
func (w *window) observe(s sample) {
	if w.decided() || w.late(s) && !w.confirms(s) {
		return
	}
	w.looks++
	w.gap(s.at)
	w.lastAt = s.at
	w.failed = s.err
	if s.err != "" {
		w.lose("a look had no answer: " + s.err)
		return
	}
	switch {
	case w.cond.Eventually > 0:
		if s.value == true {
			w.decide(evidence.True, s.at, "true after %s", w.since(s.at))
		}
	case w.cond.Never > 0:
		w.never(s)
	case w.cond.Changes != nil:
		w.change(s)
	default:
		w.hold(s)
	}
	w.last = &s
}

// late tells whether a look began after the window; a hold that lasts has none.
func (w *window) late(s sample) bool {
	return s.at > w.deadline()+w.interval && (w.cond.Consistently == 0 || !w.held)
}

// confirms tells whether a late look shows that nothing has changed until the window's
// end: it came soon after the one before, and says the same.
func (w *window) confirms(s sample) bool {
	switch {
	case w.last == nil || s.err != "" || w.failed != "" || s.at-w.lastAt > w.blindAfter():
		return false
	case w.cond.Consistently > 0:
		return true // too late to begin: hold says so
	default:
		return fmt.Sprint(s.value) == fmt.Sprint(w.last.value)
	}
}

// blindAfter is how long nobody may look before the time between counts as not seen.
func (w *window) blindAfter() time.Duration {
	return max(5*w.interval, time.Duration(w.cond.Consistently+w.cond.Never)/3)
}

// gap notes time between two looks that is too long to vouch for.
func (w *window) gap(at time.Duration) {
	if quiet := at - w.lastAt; w.looks > 1 && quiet > w.blindAfter() {
		w.lose(fmt.Sprintf("nobody looked for %s", quiet.Round(time.Millisecond)))
	}
}

func (w *window) lose(why string) {
	if w.blind == "" {
		w.blind = why
	}
	w.held = false
}

func (w *window) never(s sample) {
	switch {
	case s.value == true:
		w.decide(evidence.False, s.at, "true after %s", w.since(s.at))
	case s.at >= w.deadline() && w.blind != "":
		w.decide(evidence.Unknown, s.at, "%s", w.blind)
	case s.at >= w.deadline():
		w.decide(evidence.True, s.at, "not true in %d looks over %s", w.looks, w.cond.Never)
	}
}

func (w *window) change(s sample) {
	if w.last != nil && fmt.Sprint(w.last.value) != fmt.Sprint(s.value) {
		w.changes++
	}
	if w.changes >= w.cond.Changes.AtLeast {
		w.decide(evidence.True, s.at, "changed %d times within %s", w.changes, w.since(s.at))
	}
}

// hold is within+consistently: true from some look no later than within, through a look
// at least consistently later, with no other look and no gap between.
func (w *window) hold(s sample) {
	within := w.start + time.Duration(w.cond.Within)
	if s.value != true {
		w.held = false
		if s.at >= within {
			w.expireHold(s.at)
		}
		return
	}
	if !w.held {
		if s.at > within+w.interval {
			w.expireHold(s.at)
			return
		}
		w.held, w.onset = true, s.at
	}
	if s.at-w.onset >= time.Duration(w.cond.Consistently) {
		w.decide(evidence.True, s.at, "true after %s and for %s", w.since(w.onset), (s.at - w.onset).Round(time.Millisecond))
	}
}

func (w *window) expireHold(at time.Duration) {
	if w.blind != "" {
		w.decide(evidence.Unknown, at, "%s", w.blind)
		return
	}
	w.decide(evidence.False, at, "did not become true within %s and stay so for %s", w.cond.Within, w.cond.Consistently)
}

// expire decides what is left when nobody will look any more. until is when looking ended.
func (w *window) expire(until time.Duration) {
	if w.decided() {
		return
	}
	complete := w.lastAt >= w.deadline()-w.interval && w.looks > 0
	switch {
	case w.looks == 0:
		w.decide(evidence.Unknown, until, "nobody looked")
	case !complete && w.failed != "":
		w.decide(evidence.Unknown, until, "looking ended after %s, before the window did: %s", w.since(w.lastAt), w.failed)
	case !complete:
		w.decide(evidence.Unknown, until, "looking ended after %s, before the window did", w.since(w.lastAt))
	case w.failed != "":
		w.decide(evidence.Unknown, until, "the last look had no answer: %s", w.failed)
	case w.cond.Eventually > 0:
		w.decide(evidence.False, w.lastAt, "not true in %d looks over %s", w.looks, w.cond.Eventually)
	case w.cond.Changes != nil && w.blind == "":
		w.decide(evidence.False, w.lastAt, "changed %d times, want %d", w.changes, w.cond.Changes.AtLeast)
	case w.cond.Consistently > 0 && !w.held:
		w.expireHold(w.lastAt)
	default:
		why := w.blind
		if why == "" {
			why = "looking ended before the window did"
		}
		w.decide(evidence.Unknown, until, "%s", why)
	}
}

func (w *window) since(at time.Duration) time.Duration {
	return (at - w.start).Round(time.Millisecond)
}
