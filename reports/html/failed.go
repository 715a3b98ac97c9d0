package html

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// failed is why a run has no answer: what a reader of an inconclusive one looks for first.
type failed struct {
	Trial     int
	Condition *reports.Condition // that did not hold, or of which nobody knows
	Look      *reports.Look      // the last at it
	Seen      string             // its text, a few lines of it
	Events    []eventRow         // that went wrong, where no condition tells
}

// Bounds of what is shown there; the whole of it is in the trial's record below.
const (
	maxSeenLines = 12
	maxSeenBytes = 1500
	maxFailed    = 3
	maxMoments   = 60
	maxSaid      = 240
)

// failedOf finds the first trial without an answer, and what went wrong in it: the condition
// that broke the trial off, else the events that did. Nil where nothing is known to be wrong.
func failedOf(trials []*reports.Trial) *failed {
	i := slices.IndexFunc(trials, func(t *reports.Trial) bool {
		return t.Word() == evidence.Inconclusive || t.Word() == evidence.NotApplicable
	})
	if i < 0 {
		return nil
	}
	f := &failed{Trial: trials[i].Number}
	d := trials[i].Detail
	for _, row := range eventRows(d) {
		if row.Bad && row.Kind != evidence.EventCollect && len(f.Events) < maxFailed {
			row.Detail = clipped(row.Detail, 3, maxSaid)
			f.Events = append(f.Events, row)
		}
	}
	for _, phase := range []string{"baseline", "stimulus", "symptom", "expect"} {
		for n := range d.Conditions {
			c := &d.Conditions[n]
			if f.Condition == nil && strings.HasPrefix(c.Ref, phase) && failing(c.Holds) && (len(f.Events) == 0 || !evidence.Watched(c.Ref)) {
				f.Condition, f.Look = c, c.Deciding()
			}
		}
	}
	if f.Condition == nil && len(f.Events) == 0 {
		return nil
	}
	if f.Look != nil {
		f.Seen = clipped(strings.Trim(f.Look.Output.String(), "\n"), maxSeenLines, maxSeenBytes)
	}
	return f
}

// failing tells a condition that was watched and did not come to hold.
func failing(t evidence.Truth) bool { return t == evidence.False || t == evidence.Unknown }

// clipped is at most so many lines and bytes of a text, and says what it leaves out.
func clipped(s string, maxLines, maxBytes int) string {
	all := strings.Split(s, "\n")
	kept, size := 0, 0
	for kept < len(all) && kept < maxLines && size+len(all[kept]) <= maxBytes {
		size += len(all[kept]) + 1
		kept++
	}
	switch {
	case kept == len(all):
		return s
	case kept == 0:
		return strings.ToValidUTF8(all[0][:min(len(all[0]), maxBytes)], "") + "…"
	default:
		return strings.Join(all[:kept], "\n") + fmt.Sprintf("\n… %s more", reports.Plural(len(all)-kept, "line"))
	}
}

// moments are the events that tell how a trial went, for a page too narrow for a picture.
func moments(d *reports.Detail) []eventRow {
	var out []eventRow
	for _, row := range eventRows(d) {
		switch row.Kind {
		case evidence.EventPhase, evidence.EventStep, evidence.EventFault, evidence.EventHeal, evidence.EventDeath, evidence.EventEnd,
			evidence.EventDecided, evidence.EventLab, evidence.EventCut, evidence.EventMissing:
		default:
			if !row.Bad || row.Kind == evidence.EventCollect { // what was collected has a list of its own
				continue
			}
		}
		if len(out) == maxMoments {
			break
		}
		row.Detail = clipped(row.Detail, 3, maxSaid)
		out = append(out, row)
	}
	return out
}
