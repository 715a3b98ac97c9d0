package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Bounds of the looks shown of one condition.
const (
	maxChanges         = 12
	headLook, tailLook = 4 << 10, 2 << 10
)

// conditions reads the observations once and keeps, of each condition, the looks that
// tell how it went.
func (d *Detail) conditions(dir evidence.TrialDir, known []evidence.ConditionInfo, v *evidence.TrialVerdict, text *budget) {
	watches := map[string]*watch{}
	var order []string
	of := func(ref string) *watch {
		if watches[ref] == nil {
			watches[ref] = &watch{}
			order = append(order, ref)
		}
		return watches[ref]
	}
	for _, c := range known {
		of(c.Ref).info = c
	}
	if v != nil {
		for _, c := range v.Conditions {
			of(c.Ref).verdict = c
		}
	}
	file := d.Folder + "/observations.ndjson"
	for o, err := range evidence.ReadLines[evidence.Observation](dir.File("observations.ndjson")) {
		if err != nil {
			d.miss("the rest of the observations cannot be read: %v", err)
			break
		}
		ref, isBefore := strings.CutSuffix(o.Ref, evidence.Before)
		of(cleanField(ref)).see(o, isBefore, file)
	}
	if !slices.ContainsFunc(order, func(ref string) bool { return watches[ref].total+len(watches[ref].before) > 0 }) {
		d.miss("there are no observations")
	}
	for i, ref := range order {
		w := watches[ref]
		w.flush()
		if w.verdict.Ref == "" && w.total == 0 && len(w.before) == 0 {
			continue // its phase never began
		}
		d.Conditions = append(d.Conditions, w.condition(ref, text.part(text.left/(len(order)-i)), text))
	}
}

// watch follows the looks of one condition. Texts are cut as they come, so that it
// holds a bounded amount however much a device said.
type watch struct {
	info    evidence.ConditionInfo
	verdict evidence.ConditionVerdict
	before  []Look
	shown   []Look
	changes int
	total   int
	skipped int
	turns   int
	value   string // the latest that there was
	last    *Look  // the latest look, when it is not in shown
	key     string // what the latest look gave
	textSeq int    // the latest look that brought its own text
	text    Excerpt
	seen    FramesSeen
}

func (w *watch) see(o evidence.Observation, isBefore bool, file string) {
	if o.Probe == "core" {
		o.Text = deathWords(o.Text)
	}
	if o.Probe == evidence.ProbeFrame && o.Same == 0 {
		o.Text, w.seen = frameWords(o.Text)
	}
	if o.Same == 0 {
		w.text, w.textSeq = cut(o.Text, headLook, tailLook), o.Seq
		w.text.File = file
	}
	l := Look{Observation: o, Output: w.text, FramesSeen: w.seen}
	l.Frames = slices.Clone(l.Frames)
	if o.Same != 0 && o.Same != w.textSeq {
		l.Output = Excerpt{Head: fmt.Sprintf("(the same text as look %d)", o.Same), File: file}
		l.FramesSeen = FramesSeen{}
	}
	l.Text = ""
	cleanFields(&l.Observation)
	cleanFields(&l.FramesSeen)
	if isBefore {
		if len(w.before) < maxChanges {
			w.before = append(w.before, l)
		}
		return
	}
	w.total++
	key := l.Value + "\x00" + l.Error
	if l.Value == "" && l.Error == "" {
		key = l.Output.Head + l.Output.Tail
	}
	if l.Value != "" && l.Error == "" {
		if w.value != "" && l.Value != w.value {
			w.turns++
		}
		w.value = l.Value
	}
	l.Changed = w.total > 1 && key != w.key
	w.key = key
	l.Decided = w.verdict.Ref != "" && w.verdict.Looks > 0 && o.At == w.verdict.At
	if l.Changed {
		w.changes++
	}
	if w.total > 1 && !l.Decided && (!l.Changed || w.changes > maxChanges) {
		if w.last != nil {
			w.skipped++
		}
		w.last = &l
		return
	}
	w.show(l)
}

func (w *watch) show(l Look) {
	if w.last != nil {
		w.skipped++
		w.last = nil
	}
	l.Skipped, w.skipped = w.skipped, 0
	w.shown = append(w.shown, l)
}

// flush shows the last look too.
func (w *watch) flush() {
	if l := w.last; l != nil {
		w.last = nil
		w.show(*l)
	}
	if len(w.shown) > 1 {
		w.shown[len(w.shown)-1].Last = true
	}
}

// condition is what the watch saw, its texts cut to the share, the deciding one first.
func (w *watch) condition(ref string, share, back *budget) Condition {
	c := Condition{ConditionVerdict: w.verdict, Info: w.info, Before: w.before, Looks: w.shown, Total: w.total, Turns: w.turns}
	c.Ref = ref
	if c.Name == "" {
		c.Name = w.info.Name
	}
	fit := func(l *Look) {
		size := len(l.Output.Head) + len(l.Output.Tail)
		if size > share.left {
			l.Output = Excerpt{Omitted: l.Output.Size, Size: l.Output.Size, File: l.Output.File}
			return
		}
		share.left -= size
	}
	for _, pass := range []bool{true, false} {
		for i := range c.Looks {
			if c.Looks[i].Decided == pass {
				fit(&c.Looks[i])
			}
		}
	}
	for i := range c.Before {
		fit(&c.Before[i])
	}
	back.left += share.left
	return c
}
