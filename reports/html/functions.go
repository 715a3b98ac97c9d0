package html

import (
	"fmt"
	"html/template"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

func functions() template.FuncMap {
	return template.FuncMap{
		"word":     reports.VerdictWord,
		"icon":     icon,
		"span":     reports.Span,
		"clock":    reports.Clock,
		"size":     reports.Size,
		"bytes":    func(n int) string { return reports.Size(int64(n)) },
		"plural":   reports.Plural,
		"ranges":   reports.Ranges,
		"keys":     reports.SortedKeys,
		"packet":   packet,
		"ruler":    func() []int { return []int{0, 8, 16, 24} },
		"timeline": timeline,
		"flow":     flow,
		"lines":    lines,
		"class":    func(v evidence.Verdict) string { return "v-" + string(v) },
		"time":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"minute":   func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
		"join":     strings.Join,
		"truth":    truth,
		"truthOf":  func(t evidence.Truth) string { return "t-" + string(t) },
		"events":   eventRows,
		"exit":     func(code int) bool { return code >= 0 },
		"streams":  streamTitle,
		"op":       func(b byte) string { return string(rune(b)) },
		"opClass":  opClass,
		"changed":  pick,
		"short":    func(s string) string { return s[:min(12, len(s))] },
		"shown":    shown,
		"trim":     func(s string) string { return strings.Trim(s, "\n") },
		"base":     path.Base,
		"within":   filepath.IsLocal,
		"apart":    apart,
		"long":     long,
		"collects": collects,
		"bad":      func(o evidence.Outcome) bool { return o == evidence.Failed || o == evidence.Refused },
		"early":    func(i int) bool { return i < 6 },
		"failing":  failing,
		"moments":  moments,
		"symptom":  evidence.Watched,
		"sentence": reports.Sentence,
		"lower":    func(v evidence.Verdict) string { return strings.ToLower(reports.VerdictWord(v)) },
		"pair":     func(v *view, t *reports.Trial) trialView { return trialView{v, t} },
		"open":     func(s reports.State, open bool) stateView { return stateView{s, open} },
		"look":     func(l reports.Look, when string, shown int) lookView { return lookView{l, when, shown} },
	}
}

// trialView is what the template of a trial shows.
type trialView struct {
	View  *view
	Trial *reports.Trial
}

// stateView is one state command, open or not.
type stateView struct {
	State reports.State
	Open  bool
}

// lookView is one look with what stands beside it.
type lookView struct {
	Look  reports.Look
	When  string
	Shown int // the shown look that has the same text
}

// icon is a sign that differs in shape, not only in colour.
func icon(v evidence.Verdict) string {
	switch v {
	case evidence.Reproduced:
		return "●"
	case evidence.NotReproduced:
		return "○"
	case evidence.Inconclusive:
		return "◐"
	case evidence.NotApplicable:
		return "—"
	default:
		return "✕"
	}
}

func truth(t evidence.Truth) string {
	switch t {
	case evidence.True:
		return "✓ holds"
	case evidence.False:
		return "✗ does not hold"
	case evidence.Unknown:
		return "? unknown"
	default:
		return "– not judged"
	}
}

// apart are the other failures that a trial's reason does not name already.
func apart(t reports.Trial) []string {
	return slices.DeleteFunc(slices.Clone(t.Other()), func(o string) bool { return strings.Contains(t.Reason(), o) })
}

// long tells that a text has a line to wrap: no table is that wide.
func long(s string) bool {
	return slices.ContainsFunc(lines(s), func(l string) bool { return len(l) > 180 })
}

// collects are the events of what was collected, and of what could not be.
func collects(d *reports.Detail) []evidence.Event {
	return slices.DeleteFunc(slices.Clone(d.Events), func(e evidence.Event) bool { return e.Kind != evidence.EventCollect })
}

// lines are the lines of a text.
func lines(s string) []string {
	s = strings.TrimRight(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func opClass(op byte) string {
	switch op {
	case '-':
		return "del"
	case '+':
		return "ins"
	default:
		return "eq"
	}
}

func streamTitle(s reports.Stream) string {
	title := fmt.Sprintf("%s, %s", s.Channel, reports.Plural(s.Total, "line"))
	if s.Channel == reports.Control {
		title += " (the harness looking after the node)"
	}
	return title
}

// pick takes the states of one kind.
func pick(states []reports.State, c reports.Change) []reports.State {
	var out []reports.State
	for _, s := range states {
		if s.Change == c {
			out = append(out, s)
		}
	}
	return out
}

// shown tells which earlier shown look had the same text, 0 when none.
func shown(c reports.Condition, i int) int {
	l := c.Looks[i]
	for _, e := range c.Looks[:i] {
		if l.Same != 0 && (e.Seq == l.Same || e.Same == l.Same) {
			return e.Seq
		}
	}
	return 0
}

// eventRow is one line below the timeline.
type eventRow struct {
	evidence.Event
	What string
	Bad  bool
	Gap  int // events left out before it
}

// eventRows are the events for the table; ends of phases say nothing there.
func eventRows(d *reports.Detail) []eventRow {
	var out []eventRow
	gap := 0
	for i, e := range d.Events {
		if i == d.EventsAfter {
			gap = d.EventsLeft
		}
		if e.Kind == evidence.EventPhaseEnd {
			continue
		}
		row := eventRow{Event: e, What: what(e), Gap: gap}
		if e.Frames != nil {
			row.Detail = strings.TrimPrefix(row.Detail+"; "+hits(e.Frames), "; ")
		}
		row.Bad = e.Outcome == evidence.Failed || e.Outcome == evidence.Refused ||
			e.Kind == evidence.EventDeath || e.Kind == evidence.EventLab || e.Kind == evidence.EventMissing || e.Kind == evidence.EventCut
		gap = 0
		out = append(out, row)
	}
	return out
}

// maxHits bounds how many frames a row of the table tells of.
const maxHits = 5

// hits says which frames a fault acted on.
func hits(f *evidence.FaultFrames) string {
	parts := []string{fmt.Sprintf("%d of %d frames", f.Hit, f.Matched)}
	for i, h := range f.First {
		if i == maxHits {
			parts = append(parts, "… (all in timeline.ndjson)")
			break
		}
		part := fmt.Sprintf("no. %d to %s at %s, %d bytes, SHA-256 %s…", h.Ordinal, h.To, h.Time.UTC().Format("15:04:05.000000"), h.Length, h.Digest)
		if h.Summary != "" {
			part += ": " + clip(h.Summary, 120)
		}
		parts = append(parts, part)
	}
	for _, n := range []struct {
		count uint64
		what  string
	}{{f.Full, "lost in a full queue"}, {f.Healed, "let go at the end"}, {f.Lost, "lost with their cable"}} {
		if n.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	if f.Late >= time.Millisecond {
		parts = append(parts, fmt.Sprintf("up to %s late", f.Late.Round(time.Millisecond)))
	}
	if f.Seed != 0 {
		parts = append(parts, fmt.Sprintf("seed %d", f.Seed))
	}
	if len(f.By) > 0 {
		parts = append(parts, "by "+strings.Join(f.By, ", then "))
	}
	return strings.Join(parts, "; ")
}

func what(e evidence.Event) string {
	switch e.Kind {
	case evidence.EventPhase:
		if e.Name == evidence.PhaseExpect {
			return "the steps of the " + string(e.Phase) + " are over: what must hold is watched"
		}
		return string(e.Phase) + " begins"
	case evidence.EventBoot:
		return "software started: " + e.Name
	case evidence.EventFault:
		return "fault on: " + e.Name
	case evidence.EventTally:
		return "fault at the decision: " + e.Name
	case evidence.EventHeal:
		return "fault off: " + e.Name
	case evidence.EventDeath:
		return e.Name + " died"
	case evidence.EventEnd:
		return e.Name + " was ended"
	case evidence.EventDecided:
		return "decided: " + e.Name
	case evidence.EventLab:
		return strings.TrimSpace("lab broke " + e.Name)
	case evidence.EventCut:
		return strings.TrimSpace("broken off " + e.Name)
	case evidence.EventMissing:
		return strings.TrimSpace("lab cannot: " + e.Name)
	case evidence.EventCollect:
		return "collected: " + e.Name
	default:
		return e.Name
	}
}
