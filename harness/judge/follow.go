package judge

import (
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// countable is a reading of a rate: a value that is no number is none.
func (w *Window) countable(s Reading) Reading {
	if w.cond.Rate == nil || s.Err != "" {
		return s
	}
	if _, ok := number(s.Value); !ok {
		s.Err = fmt.Sprintf("%s is no number, and has no rate", evidence.Short(s.Value))
	}
	return s
}

// number is a value as a number.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	default:
		return 0, false
	}
}

// follow is unchanged and rate. Both take an observation soon after the window begins, one that ended
// soon before it ends, and no gap between.
func (w *Window) follow(s Reading) {
	if w.first == nil {
		w.first = &s
		if late := s.End - w.start; late > w.blindAfter() {
			w.lose(fmt.Sprintf("the first look with an answer ended after %s, and nobody knows the value at the window's beginning", w.since(s.End)))
		}
	} else if why := w.moved(s); why != "" {
		return
	}
	if s.End < w.Deadline() {
		return
	}
	switch {
	case w.blind != "":
		w.decide(evidence.Unknown, s.End, "%s", w.blind)
	case w.unwatched() != "":
		w.decide(evidence.Unknown, s.End, "%s", w.unwatched())
	case w.answers < 2:
		w.decide(evidence.Unknown, s.End, "one look says nothing of how a value moves")
	case w.cond.Rate != nil:
		w.rated(s)
	default:
		w.decide(evidence.True, s.End, "it was %s throughout %s (%d looks)", evidence.Short(s.Value), w.cond.Unchanged, w.observations)
	}
}

// moved decides where a reading differs from the one before as the window does not bear, and says so.
func (w *Window) moved(s Reading) string {
	before := w.last.Value
	if w.cond.Rate != nil {
		was, _ := number(before)
		if is, _ := number(s.Value); is < was {
			w.decide(evidence.Unknown, s.End, "it fell from %s to %s after %s: what counts began anew, and has no rate", evidence.Short(before), evidence.Short(s.Value), w.since(s.End))
		}
		return w.Why
	}
	if w.same(before, s.Value) {
		return ""
	}
	if w.outside(s) {
		w.decide(evidence.Unknown, s.End, "a change was seen in a look that ended after %s, outside the window", w.since(s.End))
	} else {
		w.decide(evidence.False, s.End, "it changed from %s to %s after %s, and should not within %s", evidence.Short(before), evidence.Short(s.Value), w.since(s.End), w.cond.Unchanged)
	}
	return w.Why
}

// rated decides a rate from the first and the last observation of the window. A look saw its value at
// some moment of it, so that the time between two is known within bounds, and so is the rate.
func (w *Window) rated(s Reading) {
	last := s
	if w.outside(s) {
		last = *w.last
	}
	from, _ := number(w.first.Value)
	to, _ := number(last.Value)
	shortest, longest := last.At-w.first.End, last.End-w.first.At
	if shortest <= 0 {
		w.decide(evidence.Unknown, s.End, "its first and its last look within %s were not apart", w.cond.Rate.Over)
		return
	}
	least, most := (to-from)/longest.Seconds(), (to-from)/shortest.Seconds()
	holds := evidence.And(w.atLeast(least, most), w.atMost(least, most))
	w.decide(holds, s.End, "it grew from %s to %s in %s: %s a second, asked for is %s (%d looks)",
		evidence.Short(w.first.Value), evidence.Short(last.Value), (last.End - w.first.End).Round(time.Millisecond), between(least, most), w.cond.Rate, w.observations)
}

func (w *Window) atLeast(least, most float64) evidence.Truth {
	switch bound := w.cond.Rate.AtLeast; {
	case bound == nil || least >= *bound:
		return evidence.True
	case most < *bound:
		return evidence.False
	default:
		return evidence.Unknown
	}
}

func (w *Window) atMost(least, most float64) evidence.Truth {
	switch bound := w.cond.Rate.AtMost; {
	case bound == nil || most <= *bound:
		return evidence.True
	case least > *bound:
		return evidence.False
	default:
		return evidence.Unknown
	}
}

// between is what a number is known to be, for people.
func between(least, most float64) string {
	a, b := fmt.Sprintf("%.4g", least), fmt.Sprintf("%.4g", most)
	if a == b {
		return a
	}
	return a + " to " + b
}
