package judge

import (
	"cmp"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// Window decides a condition from its observations. The same code runs live, observation by
// observation, and offline over the stored observations.
//
// Times are durations since the trial began. An observation counts for the time between its
// beginning and its end: what it saw was so at some moment of it. An observation that ended
// outside the window can therefore not make a condition true, nor show what must never be; it
// can show that nothing has changed until the window's end, where it says the same as the
// observation before. Time that nobody looked at (a probe that failed, or a gap of more than
// five intervals and a third of the window) makes a condition that must hold throughout
// unknown, never true. That a thing never was so, or did not become so, takes an observation
// that ended within the window; for never, one that ended so late that the time left is no gap.
//
// By RulesV3 a thing did not become so (eventually) wherever the last observation had an answer, and
// nobody asked how many before it had none. By RulesV2 an observation that ended outside showed that too. By RulesV1 an observation
// counted for the moment it began, and one that began up to an interval after the window's end
// counted as within.
type Window struct {
	cond     scenarios.Condition
	rules    evidence.Rules
	start    time.Duration
	Interval time.Duration

	observations int
	first        *Reading // of a window that follows a value
	answers      int      // observations that had one
	last         *Reading // the last observation that had an answer
	lastEnd      time.Duration
	failed       string // why the last observation had no answer; empty when it had one
	blind        string // first reason why a part of the window was not seen
	onset        time.Duration
	held         bool // since onset
	changes      int
	fell         bool          // the expression was seen false; asked of conditions with after-false only
	inside       bool          // an observation with an answer ended within the window
	seen         time.Duration // when the last of those ended
	heard        *Reading      // the last look that was answered, also where the expression had no value
	quiet        time.Duration // all time without such a look
	quietFor     string        // and why there was none, the first time
	silent       string        // why the first look since then was not answered
	open         string        // why the last look could not tell yet; empty where it could
	misclocked   string        // why the first look has no answer that would have another one by another clock

	Truth evidence.Truth // empty while undecided
	Why   string
	at    time.Duration
}

// Reading is one observation: when it began and ended, and what the expression gave.
type Reading struct {
	At, End time.Duration
	Value   any
	Err     string
	// Unanswered says that nobody answered the look. An expression that has no value for the answer (Err)
	// was answered all the same.
	Unanswered bool
	// Open says that the expression has no value yet, because nothing has been sent of what it looks at, or an outage goes on: the
	// next look tells of that time too.
	Open bool
	// Misclocked says that it was so, or was not, for all that is known of the clock that told of it.
	Misclocked bool
}

// NewWindow opens the window of a condition that began to be looked at at start.
func NewWindow(c scenarios.Condition, start time.Duration, rules evidence.Rules) *Window {
	return &Window{cond: c, rules: rules, start: start, Interval: c.Interval(), lastEnd: start}
}

// Deadline is when the last observation is due if nothing is decided before.
func (w *Window) Deadline() time.Duration {
	if w.cond.Consistently > 0 {
		if w.held {
			return w.onset + time.Duration(w.cond.Consistently)
		}
		return w.start + time.Duration(w.cond.Within)
	}
	return w.start + w.cond.Length()
}

// Covered reports whether an observation that ended at a moment was the last that is needed: for a
// hold that lasts another must begin after it.
func (w *Window) Covered(end time.Duration) bool {
	return end >= w.Deadline() && (w.cond.Consistently <= 0 || !w.held)
}

// Decided reports whether further observations would change nothing.
func (w *Window) Decided() bool { return w.Truth != "" }

func (w *Window) decide(t evidence.Truth, at time.Duration, format string, args ...any) {
	w.Truth, w.at, w.Why = t, at, fmt.Sprintf(format, args...)
}

// Observe takes one observation into account. Observations come in the order they began.
func (w *Window) Observe(s Reading) {
	if w.rules == evidence.RulesV1 {
		s.End = s.At
	}
	if w.Decided() || w.late(s) && !w.confirms(s) {
		return
	}
	if w.open = ""; s.Open {
		w.open = s.Err
		return
	}
	s = w.countable(s)
	w.observations++
	w.gap(s.At)
	w.lastEnd = s.End
	w.failed = s.Err
	w.listen(s)
	if s.Misclocked {
		w.misclocked = cmp.Or(w.misclocked, s.Err)
	}
	if s.Err != "" {
		w.lose("a look had no answer: " + s.Err)
		return
	}
	if w.cond.AfterFalse && !w.fell {
		w.last = &s
		if s.Value != false {
			return
		}
		w.fell, w.start, w.blind, w.quiet, w.quietFor = true, s.End, "", 0, "" // the window begins anew
	}
	w.answers++
	if s.End <= w.lastMoment() {
		w.inside, w.seen = true, s.End
	}
	switch {
	case w.cond.Eventually > 0:
		w.eventually(s)
	case w.cond.Never > 0:
		w.never(s)
	case w.cond.Follows():
		w.follow(s)
	case w.cond.Changes != nil:
		w.change(s)
	default:
		w.hold(s)
	}
	w.last = &s
}

// listen adds up how long nobody answered, when somebody does again. Looks are an interval apart, so that
// after one that was answered so much is missing of none; a wait for longer than five where nobody looked counts whole.
func (w *Window) listen(s Reading) {
	if s.Unanswered {
		w.silent = cmp.Or(w.silent, s.Err)
		return
	}
	silence := s.At - w.start
	if w.heard != nil {
		silence = s.At - max(w.start, w.heard.End)
	}
	switch {
	case w.silent == "" && silence <= 5*w.Interval:
		silence = 0
	case w.silent != "" && w.heard != nil:
		silence -= w.Interval
	}
	if silence > 0 {
		w.quiet += silence
		w.quietFor = cmp.Or(w.quietFor, w.silent, "nobody looked")
	}
	w.heard, w.silent = &s, ""
}

// unanswered says why nobody knows that the condition did not become true for a while: looks had no answer for
// more than a third of the window, and more than five intervals of it, in all; empty where it is known. What counts
// since a mark (lines, frames, deaths, packets) is all in the last look.
func (w *Window) unanswered() string {
	probe := w.cond.Probe()
	since := probe.Sight().Anew || probe.Kind() == scenarios.ProbeFrame
	if since && (w.cond.Traffic == nil || w.cond.Traffic.Last == 0) || !w.rules.Since(evidence.RulesV4) || w.quiet <= max(5*w.Interval, w.cond.Length()/3) {
		return ""
	}
	return fmt.Sprintf("nobody knows of %s of %s: %s", w.quiet.Round(time.Millisecond), w.cond.Length(), w.quietFor)
}

// same reports whether two values of an expression are the same: of one kind, and alike. By RulesV3 to be
// alike was enough.
func (w *Window) same(a, b any) bool {
	if !w.rules.Since(evidence.RulesV4) {
		return fmt.Sprint(a) == fmt.Sprint(b)
	}
	return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

// grace is how long after its end a window still takes an observation as one within.
func (w *Window) grace() time.Duration {
	if w.rules == evidence.RulesV1 {
		return w.Interval
	}
	return 0
}

// outside reports whether an observation ended after the window.
func (w *Window) outside(s Reading) bool {
	return s.End > w.start+w.cond.Length()+w.grace()
}

// lastMoment is the end of the time in which the condition may become true, or must not.
func (w *Window) lastMoment() time.Duration {
	if w.cond.Consistently > 0 {
		return w.start + time.Duration(w.cond.Within)
	}
	return w.start + w.cond.Length()
}

// unseen says why nobody knows that the condition did not become true; empty where it is
// known.
func (w *Window) unseen() string {
	if w.inside || !w.rules.Since(evidence.RulesV3) {
		return ""
	}
	return fmt.Sprintf("no look ended within %s: what the others saw may have been so afterwards only", w.lastMoment()-w.start)
}

// unwatched says why nobody knows that the condition was never true until the window's end;
// empty where it is known.
func (w *Window) unwatched() string {
	if why := w.unseen(); why != "" || !w.rules.Since(evidence.RulesV3) {
		return why
	}
	if left := w.lastMoment() - w.seen; left > w.blindAfter() {
		return fmt.Sprintf("the last look that ended within %s ended after %s, and nobody knows of the time from then on", w.cond.Length(), w.since(w.seen))
	}
	return ""
}

// late reports whether an observation began so long after the window that it is not even the one at
// its end; a hold that lasts has no such.
func (w *Window) late(s Reading) bool {
	return s.At > w.Deadline()+w.Interval && (w.cond.Consistently == 0 || !w.held)
}

// confirms reports whether a late observation shows that nothing has changed until the window's
// end: it came soon after the one before, and says the same.
func (w *Window) confirms(s Reading) bool {
	switch {
	case w.last == nil || s.Err != "" || w.failed != "" || s.At-w.lastEnd > w.blindAfter():
		return false
	case w.cond.Consistently > 0:
		return true // too late to begin: hold says so
	case w.cond.Rate != nil:
		return true // which follows a value to the last look within
	default:
		return w.same(s.Value, w.last.Value)
	}
}

// blindAfter is how long nobody may look before the time between counts as not seen.
func (w *Window) blindAfter() time.Duration {
	return max(5*w.Interval, w.throughout()/3)
}

// throughout is how long something must be so without an exception, or its value be followed.
func (w *Window) throughout() time.Duration {
	if w.cond.Follows() {
		return w.cond.Length()
	}
	return time.Duration(w.cond.Consistently + w.cond.Never)
}

// gap notes time between two observations that is too long to vouch for.
func (w *Window) gap(at time.Duration) {
	if quiet := at - w.lastEnd; w.observations > 1 && quiet > w.blindAfter() {
		w.lose(fmt.Sprintf("nobody looked for %s", quiet.Round(time.Millisecond)))
	}
}

func (w *Window) lose(why string) {
	if w.blind == "" {
		w.blind = why
	}
	w.held = false
}

func (w *Window) eventually(s Reading) {
	switch {
	case s.Value != true:
	case w.outside(s):
		w.decide(evidence.Unknown, s.End, "true, but only in a look that began after %s and ended after %s, outside the window of %s",
			w.since(s.At), w.since(s.End), w.cond.Eventually)
	default:
		w.decide(evidence.True, s.End, "true after %s", w.since(s.End))
	}
}

func (w *Window) never(s Reading) {
	switch {
	case s.Value == true && w.outside(s):
		w.decide(evidence.Unknown, s.End, "true, but only in a look that ended after %s, outside the window of %s", w.since(s.End), w.cond.Never)
	case s.Value == true:
		w.decide(evidence.False, s.End, "it was so after %s, and should never be within %s", w.since(s.End), w.cond.Never)
	case s.End >= w.Deadline() && w.blind != "":
		w.decide(evidence.Unknown, s.End, "%s", w.blind)
	case s.End >= w.Deadline() && w.unwatched() != "":
		w.decide(evidence.Unknown, s.End, "%s", w.unwatched())
	case s.End >= w.Deadline():
		w.decide(evidence.True, s.End, "it was never so in %s (%d looks)", w.cond.Never, w.observations)
	}
}

func (w *Window) change(s Reading) {
	if w.last != nil && !w.same(w.last.Value, s.Value) {
		if w.outside(s) {
			w.lose(fmt.Sprintf("a change was seen in a look that ended after %s, outside the window", w.since(s.End)))
			return
		}
		w.changes++
	}
	if w.changes >= w.cond.Changes.AtLeast {
		w.decide(evidence.True, s.End, "changed %d times within %s", w.changes, w.since(s.End))
	}
}

// hold is within+consistently: true in an observation that ended no later than within, through an
// observation that began at least consistently after that end, with no other observation and no gap
// between.
func (w *Window) hold(s Reading) {
	within := w.start + time.Duration(w.cond.Within)
	if s.Value != true {
		w.held = false
		if s.End >= within {
			w.expireHold(s.End)
		}
		return
	}
	if !w.held {
		if s.End > within+w.grace() {
			w.tooLate(s)
			return
		}
		w.held, w.onset = true, s.End
	}
	if s.At-w.onset >= time.Duration(w.cond.Consistently) {
		w.decide(evidence.True, s.End, "true after %s and for %s", w.since(w.onset), (s.At - w.onset).Round(time.Millisecond))
	}
}

// tooLate decides a hold that was true for the first time in an observation that ended after within.
// Where it began within, nobody knows when it became true.
func (w *Window) tooLate(s Reading) {
	if within := w.start + time.Duration(w.cond.Within); w.rules != evidence.RulesV1 && s.At <= within+w.Interval {
		w.decide(evidence.Unknown, s.End, "true, but only in a look that began after %s and ended after %s, and it must become so within %s",
			w.since(s.At), w.since(s.End), w.cond.Within)
		return
	}
	w.expireHold(s.End)
}

func (w *Window) expireHold(at time.Duration) {
	if w.blind != "" {
		w.decide(evidence.Unknown, at, "%s", w.blind)
		return
	}
	if why := w.unseen(); why != "" {
		w.decide(evidence.Unknown, at, "%s", why)
		return
	}
	w.decide(evidence.False, at, "did not become true within %s and stay so for %s", w.cond.Within, w.cond.Consistently)
}

// Expire decides what is left when nobody will look any more. until is when looking ended.
func (w *Window) Expire(until time.Duration) {
	if w.Decided() {
		return
	}
	complete := w.lastEnd >= w.Deadline()-w.Interval && w.observations > 0
	switch {
	case w.observations == 0:
		w.decide(evidence.Unknown, until, "%s", cmp.Or(w.open, "nobody looked"))
	case w.open != "":
		w.decide(evidence.Unknown, until, "the last look had no answer: %s", w.open)
	case !complete && w.failed != "":
		w.decide(evidence.Unknown, until, "looking ended after %s, before the window did: %s", w.since(w.lastEnd), w.failed)
	case !complete:
		w.decide(evidence.Unknown, until, "looking ended after %s, before the window did", w.since(w.lastEnd))
	case w.failed != "":
		w.decide(evidence.Unknown, until, "the last look had no answer: %s", w.failed)
	case w.cond.AfterFalse && !w.fell:
		w.decide(evidence.Unknown, until, "it was so in all of %d looks, and counts only after one in which it is not", w.observations)
	case w.cond.Never <= 0 && w.unseen() != "":
		w.decide(evidence.Unknown, until, "%s", w.unseen())
	case w.cond.Eventually > 0 && w.unanswered() != "":
		w.decide(evidence.Unknown, until, "%s", w.unanswered())
	case w.cond.Eventually > 0 && w.misclocked != "":
		w.decide(evidence.Unknown, until, "%s", w.misclocked)
	case w.cond.Eventually > 0:
		w.decide(evidence.False, w.lastEnd, "it was not so in %s (%d looks)", w.cond.Eventually, w.observations)
	case w.cond.Changes != nil && w.blind == "":
		w.decide(evidence.False, w.lastEnd, "changed %d times, want %d", w.changes, w.cond.Changes.AtLeast)
	case w.cond.Consistently > 0 && !w.held:
		w.expireHold(w.lastEnd)
	default:
		why := w.blind
		if why == "" {
			why = "looking ended before the window did"
		}
		w.decide(evidence.Unknown, until, "%s", why)
	}
}

func (w *Window) since(at time.Duration) time.Duration {
	return (at - w.start).Round(time.Millisecond)
}
