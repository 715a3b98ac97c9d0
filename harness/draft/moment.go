package draft

import (
	"fmt"
	"time"
)

// moment is when the failure began, by the first line that a log has after it was quiet.
func (w *drafter) moment() (t time.Time, from string) {
	for _, n := range w.nodes() {
		for _, a := range w.answers[n.Name] {
			if !a.quiet.IsZero() && (t.IsZero() || a.quiet.Before(t)) {
				t, from = a.quiet, w.at(a)
			}
		}
	}
	return t, from
}

// wrap is a moment at which clocks that count seconds begin anew, near another.
func wrap(t time.Time) (time.Time, string, bool) {
	for _, m := range []struct {
		at   int64
		what string
	}{{1 << 31, "seconds since 1970 no longer fit into 31 bits"}, {1 << 32, "seconds since 1970 no longer fit into 32 bits"}} {
		if at := time.Unix(m.at, 0).UTC(); t.Sub(at).Abs() < 10*time.Minute {
			return at, m.what, true
		}
	}
	if year := time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC); year.Sub(t) < 10*time.Minute {
		return year, "the year ends", true
	}
	if year := time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC); t.Sub(year) < 10*time.Minute {
		return year, "the year begins", true
	}
	return t, "", false
}

// notable reports whether the failure began at a moment that matters by itself.
func (w *drafter) notable() bool {
	t, _ := w.moment()
	_, _, ok := wrap(t)
	return ok && !t.IsZero()
}

// atThatTime is the failure as the time of day has it: a lab whose clock begins before it, and nothing done.
func (w *drafter) atThatTime() {
	t, from := w.moment()
	if t.IsZero() {
		return
	}
	at, what, ok := wrap(t)
	reasons := []string{fmt.Sprintf("a log is quiet until %s, the device's own time (%s)", t.Format(time.DateTime), from)}
	if ok {
		reasons = append(reasons, fmt.Sprintf("at %s UTC %s", at.Format(time.DateTime), what))
	} else {
		reasons = append(reasons, "nothing in the files tells that the time of day matters")
	}
	const speed = 10
	h := w.hypothesis("time of day", "The time itself sets it off, and nothing is done", reasons)
	start := at.Add(-leads * time.Second).UTC().Format(time.RFC3339)
	h.file.Clock, h.Clock = &clock{speed, start}, start
	for i := range h.file.Symptom {
		if h.file.Symptom[i].Within != "" {
			h.file.Symptom[i].Within, h.file.Symptom[i].Consistently = seconds(2*leads), seconds(passes)
		}
		if h.file.Symptom[i].Log+h.file.Symptom[i].Run != "" && h.file.Symptom[i].Eventually != "" {
			h.file.Symptom[i].Eventually = seconds(2 * leads)
		}
	}
	h.Seconds = building + 2*leads
	w.versions(h)
}
