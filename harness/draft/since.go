package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
)

// healthy is the earliest capture of a node, where a later one is held against it; nil where there is one alone.
func (w *drafter) healthy(node string) (first *intake.Part) {
	for _, a := range w.answers[node] {
		switch {
		case len(a.tables) == 0:
		case first == nil:
			first = a.part
		case a.part != first:
			return first
		}
	}
	return nil
}

// before reports whether what a log tells was done before the capture in which all was well: it does not set off
// what came later. in reports whether an answer tells of it too. Where nothing tells, doubt says so.
func (w *drafter) before(n *infer.Node, a *answer, at time.Time, in func(*answer) bool) (old bool, doubt string) {
	if len(w.d.Broken) > 0 && w.d.Broken[0].Why != "" {
		return false, "" // it never was well
	}
	when := "at a time that the log does not tell"
	if !at.IsZero() {
		when = "at " + at.Format(time.DateTime)
	}
	for _, s := range w.d.Broken { // the same clock tells of both
		const slack = 2 * time.Second // of a count in whole seconds, and of a line that is written late
		if s.Node == n.Name && !s.Since.IsZero() && at.After(s.Since.Add(slack)) {
			return false, fmt.Sprintf("%s: %s was lost before that, at %s, by its own count (%s)", when, s.What, s.Since.Format(time.DateTime), s.From)
		}
	}
	first := w.healthy(n.Name)
	if first == nil {
		return false, when + ": no capture of " + n.Name + " from before the failure came to hold it against"
	}
	if a.part == first {
		return true, ""
	}
	had := false // the same log, as the capture has it
	for _, x := range w.answers[n.Name] {
		if x.part != first || !x.log {
			continue
		}
		if !at.IsZero() && in(x) {
			return true, ""
		}
		had = had || x.what == a.what && !at.IsZero()
	}
	lower := strings.Contains(first.From, "log") || strings.HasPrefix(first.From, "the last change") // it was taken then, or later
	timed := !first.Taken.IsZero() && !at.IsZero()
	switch {
	case timed && at.Before(first.Taken):
		return true, ""
	case had, timed && !lower:
		return false, ""
	}
	return false, when + ": whether that is after the capture of " + n.Name + " in which all was well is not known"
}

// reason is a change as what a hypothesis rests on.
func (c Change) reason() string {
	text := fmt.Sprintf("%s: %s (%s)", c.Node, c.What, c.From)
	if c.doubt != "" {
		text += ", " + c.doubt
	}
	return text
}

// doubted marks the hypotheses from one on that rest on a change which may be older than the failure.
func (w *drafter) doubted(from int) {
	for i := range w.d.Hypotheses[from:] {
		h := &w.d.Hypotheses[from+i]
		h.Guess = slices.ContainsFunc(w.d.Changes, func(c Change) bool { return c.doubt != "" && slices.Contains(h.Reasons, c.reason()) })
	}
}

// sure is the doubt that is left of one thing that two files tell of.
func sure(x, y string) string {
	if x == "" || y == "" {
		return ""
	}
	return cmp.Or(x, y)
}
