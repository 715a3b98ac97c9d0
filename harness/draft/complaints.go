package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/harness/logs"
)

// Bounds: messages that one log complains with, how long one is, and how many of them a hypothesis has to bring
// about.
const (
	maxComplaints  = 100
	longComplaint  = 500 // bytes
	mostComplaints = 2
)

// Complaint is what a daemon of the failing protocol began to warn of, by its severity or error code, after all was
// well. What nothing in the files tells of has to bring it about too: what breaks a neighbour in another way is
// another failure.
type Complaint struct {
	Node  string `json:"node"`
	What  string `json:"what"` // the message, without its values
	Times int    `json:"times"`
	From  string `json:"from"` // FILE:LINE of the first

	pattern string
	at      time.Time
}

// complaint is a message of one log.
type complaint struct {
	program  string
	template logs.Template
	at       time.Time // of the first
	line     int
	times    int
	burst    int // of the log, in which the first is
}

// complains takes a line of a log, if it is a warning or worse.
func (a *answer) complains(l *logs.Line, left *int) {
	if l.Severity < logs.Emergency || l.Severity > logs.Warning || l.Cut > 0 || len(l.Text) > longComplaint {
		return
	}
	t := *logs.NewSet(1).Of(l)
	if i := slices.IndexFunc(a.complaints, func(c complaint) bool { return c.template.ID == t.ID }); i >= 0 {
		a.complaints[i].times++
		return
	}
	if len(a.complaints) < maxComplaints && *left > 0 {
		*left--
		a.complaints = append(a.complaints, complaint{strings.Clone(l.Program), t, l.Time, a.line + l.Number - 1, 1, a.bursts})
	}
}

// complained finds what the daemons of the failing protocol began to complain of: since the capture in which all was
// well, or where that is not told, in the last burst of a log that was quiet before, and never earlier in it.
func (w *drafter) complained() {
	if len(w.d.Broken) == 0 || w.said || w.d.Broken[0].Why != "" || w.d.Broken[0].Kind == Crash {
		return // a daemon that died says so; what never was has no time of which it is new
	}
	for _, n := range w.nodes() {
		if n.Likeness != infer.Exact { // another version may say it in other words
			continue
		}
		for _, a := range w.answers[n.Name] {
			for _, c := range a.complaints {
				if !w.failing(n, c.program) {
					continue
				}
				had := func(x *answer) bool {
					return slices.ContainsFunc(x.complaints, func(y complaint) bool { return y.template.ID == c.template.ID })
				}
				old, doubt := w.before(n, a, c.at, had)
				if old || doubt != "" && !a.lately(w.healthy(n.Name), c.burst) {
					continue
				}
				what := w.unnamed(n, c.template.Text)
				w.complaint(Complaint{Node: n.Name, What: what, Times: c.times, From: fmt.Sprintf("%s:%d", w.files[a.part], c.line), pattern: patternOf(what), at: c.at})
			}
		}
	}
	slices.SortStableFunc(w.d.Complaints, func(x, y Complaint) int { return x.at.Compare(y.at) })
}

// complaint keeps one, once for each node: a device may have the same log twice.
func (w *drafter) complaint(c Complaint) {
	if !slices.ContainsFunc(w.d.Complaints, func(x Complaint) bool { return x.Node == c.Node && x.What == c.What }) {
		w.d.Complaints = append(w.d.Complaints, c)
	}
}

// failing reports whether a program, as a log names it, is a daemon of a node that what is broken is of.
func (w *drafter) failing(n *infer.Node, program string) bool {
	process := cmp.Or(daemons()[program], program)
	return process != "" && slices.ContainsFunc(w.d.Broken, func(s Sign) bool { return processOf(s.Kind, platform(n)) == process })
}

// unnamed puts what stands for a value where a message of a node names a port of its own, or a device of the network: what
// one end says is then what the other says, and a lab may call them otherwise. A port goes with what is written to it, as
// uplink:10.0.0.1.
func (w *drafter) unnamed(n *infer.Node, text string) string {
	return regexp.MustCompile(`<[A-Z0-9]+>|[\w.:/%+-]*[\w/%+-]`).ReplaceAllStringFunc(text, func(word string) string {
		port, _, _ := strings.Cut(word, ":")
		switch {
		case word[0] == '<': // stands for one
			return word
		case n.Has(port):
			return "<IF>"
		case w.net.Of(word) != nil:
			return "<HOST>"
		default:
			return word
		}
	})
}

// patternOf is a regular expression for a message: its values are others in the lab.
func patternOf(text string) string {
	parts := regexp.MustCompile(`<[A-Z0-9]+>|\s+`).Split(text, -1)
	values := regexp.MustCompile(`<[A-Z0-9]+>|\s+`).FindAllString(text, -1)
	var b strings.Builder
	for i, p := range parts {
		b.WriteString(regexp.QuoteMeta(p))
		switch {
		case i == len(values):
		case strings.TrimSpace(values[i]) == "":
			b.WriteString(`\s+`)
		default:
			b.WriteString(`\S+`)
		}
	}
	return b.String()
}

// accounts has a hypothesis that rests on no line of the files, or on the time alone, bring about what the devices
// complained of.
func (w *drafter) accounts(h *Hypothesis) {
	window := breaks
	if h.Clock != "" {
		window = 2 * leads
	}
	var said []string
	for _, c := range w.d.Complaints {
		if len(said) == mostComplaints || slices.Contains(said, c.What) { // one end may be heard before the other complains
			continue
		}
		said = append(said, c.What)
		h.file.Symptom = append(slices.Clip(h.file.Symptom), condition{Name: c.Node + " complains: " + short(c.What), Node: c.Node, Log: c.pattern, Eventually: seconds(window)})
		h.Reasons = append(slices.Clip(h.Reasons), fmt.Sprintf("%s began to log %q (%s): it has to in the lab", c.Node, short(c.What), c.From))
	}
}

// lately reports whether what a log first has in one of its bursts is of its last, after it was quiet, and is not of the
// capture in which all was well.
func (a *answer) lately(well *intake.Part, burst int) bool {
	return a.bursts > 0 && burst == a.bursts && a.part != well
}
