package html

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// Measures of the timeline, in pixels at full size.
const (
	laneLeft  = 110.0
	plotWidth = 850.0
	rowHeight = 19.0
	plotTop   = 34.0
	letter    = 6.1 // width of a letter of a label
	maxWord   = 34
	maxLanes  = 48
	maxMarks  = 240
	maxTicks  = 100 // of a mark; no program writes more
)

// mark is one thing in a lane, with the room that its label takes.
type mark struct {
	lane       string // of what no event tells
	class      string
	shape      string // bar, cross, diamond, flag, dot
	from, to   float64
	label      string
	title      string
	left       bool // the label stands left of it
	under      bool // and below it, where neither side has room
	row        int
	begin, end float64
	ticks      []tick // what happened while it lasted
}

// tick is a moment within a mark.
type tick struct {
	at    float64
	title string
}

type lane struct {
	name  string
	marks []*mark
	rows  int
	flow  *reports.Flow // nil: none is drawn
}

// timeline draws a trial: phases as bands, in a lane for the harness, each node and each endpoint
// what happened there, with the frames that faults acted on and that looks saw, and in a lane for
// each flow what came of it. The page's script zooms it: data-x is where something is that keeps its
// size, data-area what grows.
func timeline(r *reports.Run, t *reports.Trial) template.HTML {
	d := t.Detail
	if len(d.Events) == 0 || d.End <= 0 {
		return ""
	}
	p := plot{d.End, r.Info.Clock}
	lanes := p.lanes(r, d)
	height := plotTop
	for _, l := range lanes {
		height += float64(l.rows)*rowHeight + 7
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="timeline" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" data-left="%g" data-plot="%g" data-end="%g" role="img" aria-label="Timeline of trial %d, %s; the table of events below says the same">`,
		laneLeft+plotWidth+12, height+24, laneLeft+plotWidth+12, height+24, laneLeft, plotWidth, d.End.Seconds(), t.Number, reports.Span(d.End))
	p.bands(&b, d, height)
	p.axis(&b, height)
	y := plotTop
	for i, l := range lanes {
		h := float64(l.rows)*rowHeight + 7
		if i > 0 {
			fmt.Fprintf(&b, `<path class="rule" data-area="" d="M0 %.1fH%.0f"/>`, y, laneLeft+plotWidth)
		}
		if l.flow != nil {
			p.flow(&b, *l.flow, y+3, h-8)
		}
		for _, m := range l.marks {
			m.draw(&b, y+3+float64(m.row)*rowHeight)
		}
		y += h
	}
	y = plotTop
	for _, l := range lanes { // in front of the rest, for they stay where they are when it is moved
		fmt.Fprintf(&b, `<text class="lane" x="2" y="%.1f">%s<title>%s</title></text>`, y+16, escape(clip(l.name, 16)), escape(l.name))
		y += float64(l.rows)*rowHeight + 7
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // every word went through escape
}

type plot struct {
	end   time.Duration
	clock evidence.Clock
}

// The lane of a flow: its rows, and the steps that it is drawn in at most.
const (
	flowRows  = 2
	flowSteps = 1000
)

// flow draws how many packets of a flow came over time, against the most.
func (p plot) flow(b *strings.Builder, f reports.Flow, top, height float64) {
	s := f.Series
	wide := (len(s.Received) + flowSteps - 1) / flowSteps
	var steps []uint64
	most := uint64(1)
	for part := range slices.Chunk(s.Received, wide) {
		var sum uint64
		for _, n := range part {
			sum += uint64(n)
		}
		steps, most = append(steps, sum), max(most, sum)
	}
	span := s.Span * time.Duration(wide)
	floor := top + height
	fmt.Fprintf(b, `<path class="came" data-area="" d="M%.1f %.1f`, p.x(s.Begin), floor)
	for i, n := range steps {
		from := p.x(s.Begin + time.Duration(i)*span)
		fmt.Fprintf(b, "L%.1f %.1fH%.1f", from, floor-height*float64(n)/float64(most), p.x(s.Begin+time.Duration(i+1)*span))
	}
	fmt.Fprintf(b, `V%.1fZ"><title>packets of %s that came, %d in %s at the most</title></path>`, floor, escape(f.Name), most, reports.Span(span))
}

func (p plot) x(at time.Duration) float64 {
	return laneLeft + plotWidth*min(1, max(0, float64(at)/float64(p.end)))
}

// bands draws the phases.
func (p plot) bands(b *strings.Builder, d *reports.Detail, height float64) {
	taken := 0.0
	for i, e := range d.Events {
		if e.Kind != evidence.EventPhase || within(d.Events, i) {
			continue
		}
		end := d.End
		for _, f := range d.Events[i+1:] {
			if f.Kind == evidence.EventPhaseEnd && f.Phase == e.Phase {
				end = f.At
				break
			}
		}
		from, to := p.x(e.At), p.x(end)
		name := string(e.Phase)
		fmt.Fprintf(b, `<rect class="band p-%s" x="%.1f" y="0" width="%.1f" height="%.1f"><title>%s, %s s to %s s</title></rect>`,
			known(e.Phase), from, max(1, to-from), height, escape(name), reports.Clock(e.At), reports.Clock(end))
		if at := from + 4; at >= taken && to-from > letter*float64(len(name))+6 {
			fmt.Fprintf(b, `<text class="phase" data-x="%.1f" x="%.1f" y="14">%s</text>`, from, at, escape(name))
			taken = at + letter*float64(len(name))
		}
	}
}

// within reports whether the phase that an event tells of has begun before and goes on: with the workaround's second, what must
// hold is watched from there on.
func within(events []evidence.Event, i int) bool {
	for _, e := range slices.Backward(events[:i]) {
		if e.Phase == events[i].Phase && (e.Kind == evidence.EventPhase || e.Kind == evidence.EventPhaseEnd) {
			return e.Kind == evidence.EventPhase
		}
	}
	return false
}

// known keeps a stranger's word out of a class name.
func known(p evidence.Phase) string {
	if slices.Contains([]evidence.Phase{
		evidence.PhaseDeploy, evidence.PhaseBaseline, evidence.PhaseStimulus,
		evidence.PhaseSymptom, evidence.PhaseWorkaround, evidence.PhaseCollect, evidence.PhaseReset,
	}, p) {
		return string(p)
	}
	return "other"
}

// axis draws the time axis with some eight round steps.
func (p plot) axis(b *strings.Builder, height float64) {
	step := niceStep(p.end.Seconds() / 8)
	fmt.Fprintf(b, `<path class="axis" data-area="" d="M%g %.1fH%g"/>`, laneLeft, height, laneLeft+plotWidth)
	for s := 0.0; s <= p.end.Seconds(); s += step {
		x := p.x(time.Duration(s * float64(time.Second)))
		anchor := "middle"
		if x > laneLeft+plotWidth-16 {
			anchor = "end"
		}
		fmt.Fprintf(b, `<g class="second"><path class="axis" d="M%.1f %.1fv4"/><text class="tick" x="%.1f" y="%.1f" text-anchor="%s">%g s</text></g>`,
			x, height, x, height+17, anchor, math.Round(s*1000)/1000)
	}
}

func niceStep(want float64) float64 {
	base := math.Pow(10, math.Floor(math.Log10(max(want, 1e-6))))
	for _, f := range []float64{1, 2, 5} {
		if base*f >= want {
			return base * f
		}
	}
	return base * 10
}

// lanes sorts the events into lanes: the harness, the nodes in their order, and below
// each node its endpoints.
func (p plot) lanes(r *reports.Run, d *reports.Detail) []*lane {
	var lanes []*lane
	by := map[string]*lane{}
	add := func(name string) *lane {
		if by[name] == nil {
			by[name] = &lane{name: name}
			lanes = append(lanes, by[name])
		}
		return by[name]
	}
	add("")
	for _, n := range r.Info.Nodes {
		if !n.Segment {
			add(n.Name)
		}
	}
	count := 0
	for i, e := range d.Events {
		if count == maxMarks {
			break
		}
		m := p.mark(d, i)
		if m == nil {
			continue
		}
		if by[e.Lane] == nil && len(lanes) == maxLanes {
			continue
		}
		count++
		l := add(e.Lane)
		l.marks = append(l.marks, m)
	}
	for _, m := range slices.Concat(p.seen(d), p.changes(d), p.logged(d)) {
		if by[m.lane] == nil && len(lanes) >= maxLanes {
			continue
		}
		l := add(m.lane)
		l.marks = append(l.marks, m)
	}
	rank := func(l *lane) int {
		node, _, _ := strings.Cut(l.name, ":")
		i := slices.IndexFunc(r.Info.Nodes, func(n evidence.NodeInfo) bool { return n.Name == node })
		if l.name != "" && i < 0 {
			return len(r.Info.Nodes)
		}
		return i
	}
	slices.SortStableFunc(lanes, func(a, b *lane) int { return rank(a) - rank(b) })
	lanes = slices.DeleteFunc(lanes, func(l *lane) bool { return len(l.marks) == 0 })
	by[""].name = "harness"
	for _, l := range lanes {
		l.stack()
	}
	for i := range d.Flows {
		if len(d.Flows[i].Series.Received) > 0 && len(lanes) < maxLanes {
			lanes = append(lanes, &lane{name: d.Flows[i].Name, rows: flowRows, flow: &d.Flows[i]})
		}
	}
	return lanes
}

// seen are the frames that the deciding looks of conditions saw, as marks whose labels are the endpoints.
func (p plot) seen(d *reports.Detail) []*mark {
	var marks []*mark
	for i := range d.Conditions {
		c := &d.Conditions[i]
		look := c.Deciding()
		if look == nil || len(look.Frames) == 0 {
			continue
		}
		m := &mark{class: "m-frame", shape: "ticks", lane: look.Endpoint, label: reports.Plural(len(look.Frames), "frame"), title: c.Info.Name}
		for _, f := range look.Frames {
			at := look.From + time.Duration(f.Time*float64(time.Second))
			m.ticks = append(m.ticks, tick{p.x(at), fmt.Sprintf("%s s frame %d %s: %s", reports.Clock(at), f.Number, f.Direction, clip(f.Summary, 120))})
		}
		m.from, m.to = m.ticks[0].at, m.ticks[len(m.ticks)-1].at
		marks = append(marks, m)
	}
	return marks
}

// changes are the moments at which what a condition looked at became something else, in the lanes of
// their nodes. Of what changes with every look, as a counter, only the first moments are drawn, and it is said how
// many there were. Where looks were left out before one that did not change anything itself, nobody knows the moment.
func (p plot) changes(d *reports.Detail) []*mark {
	var marks []*mark
	for i := range d.Conditions {
		c := &d.Conditions[i]
		m := &mark{class: "m-state", shape: "ticks", lane: c.Info.Node, label: clip(c.Name, maxWord)}
		was, first, decided := "", true, false
		for k := range c.Looks {
			look := &c.Looks[k]
			if look.Error != "" || look.Value == "" {
				continue // no answer is no state
			}
			if !first && look.Value != was && len(m.ticks) < maxTicks && (look.Skipped == 0 || look.Changed) {
				title := fmt.Sprintf("%s s %s: %s", reports.Clock(look.At), clip(c.Name, maxWord), clip(look.Value, maxWord))
				if look.Skipped == 0 {
					title += ", was " + clip(was, maxWord)
				}
				m.ticks = append(m.ticks, tick{p.x(look.At), title})
				decided = look.Decided
			}
			was, first = look.Value, false
		}
		turns := max(c.Turns, len(m.ticks))
		if len(m.ticks) == 0 || turns == 1 && decided {
			continue // the decision itself is drawn
		}
		m.from, m.to = m.ticks[0].at, m.ticks[len(m.ticks)-1].at
		m.title = m.ticks[0].title
		last := m.ticks[len(m.ticks)-1]
		switch {
		case turns > len(m.ticks):
			m.label, m.title = fmt.Sprintf("%s: %d of %d changes shown", m.label, len(m.ticks), turns), m.title+"; the last that is shown "+last.title
		case turns > 1:
			m.label, m.title = fmt.Sprintf("%s: %s", m.label, reports.Plural(turns, "change")), m.title+"; at last "+last.title
		}
		marks = append(marks, m)
	}
	return marks
}

// logged are the lines of the nodes' logs that belong beside the events: a mark for each node and kind of line.
func (p plot) logged(d *reports.Detail) []*mark {
	var marks []*mark
	by := map[string]*mark{}
	for _, n := range d.Notes.Notes {
		if !n.Timed || n.At < 0 || n.At > d.End {
			continue
		}
		class := "m-log"
		if n.Kind == result.LogSign {
			class = "m-logbad"
		}
		key := n.Node + " " + class
		m := by[key]
		if m == nil {
			m = &mark{class: class, shape: "ticks", lane: n.Node}
			by[key] = m
			marks = append(marks, m)
		}
		if len(m.ticks) < maxTicks {
			m.ticks = append(m.ticks, tick{p.x(n.At), fmt.Sprintf("%s s %s:%d %s", reports.Clock(n.At), n.File, n.Line, clip(n.Text, 120))})
		}
	}
	for _, m := range marks {
		m.from, m.to = m.ticks[0].at, m.ticks[len(m.ticks)-1].at
		m.title, m.label = m.ticks[0].title, reports.Plural(len(m.ticks), "log line")
		if m.class == "m-logbad" {
			m.label = reports.Plural(len(m.ticks), "bad sign")
		}
	}
	return marks
}

// hits are the frames that a fault acted on, until it was taken back.
func (p plot) hits(d *reports.Detail, i int) (ticks []tick) {
	last := i // the last event has what those before it had
	for k, e := range d.Events[i+1:] {
		if e.Ref != d.Events[i].Ref || e.Lane != d.Events[i].Lane {
			continue
		}
		if e.Kind == evidence.EventFault {
			break // it is another one
		}
		if e.Frames != nil {
			last = i + 1 + k
		}
		if e.Kind == evidence.EventHeal {
			break
		}
	}
	e := d.Events[last]
	if e.Frames == nil {
		return nil
	}
	for _, h := range e.Frames.First[:min(len(e.Frames.First), maxTicks)] {
		at := e.At - p.clock.Lab(e.Time.Sub(h.Time))
		ticks = append(ticks, tick{p.x(at), fmt.Sprintf("%s s frame %d for %s, %d bytes", reports.Clock(at), h.Ordinal, clip(h.To, maxWord), h.Length)})
	}
	return ticks
}

// mark is the sign of one event; nil for those that are drawn otherwise.
func (p plot) mark(d *reports.Detail, i int) *mark {
	e := d.Events[i]
	m := &mark{shape: "bar", class: "m-step", from: p.x(e.At - e.Took), to: p.x(e.At), label: clip(e.Name, maxWord)}
	bad := e.Outcome == evidence.Failed || e.Outcome == evidence.Refused
	switch e.Kind {
	case evidence.EventPhase, evidence.EventPhaseEnd, evidence.EventHeal:
		return nil
	case evidence.EventBoot:
		m.class, m.label = "m-quiet", "start"
	case evidence.EventCollect:
		m.class = "m-quiet"
	case evidence.EventNote:
		m.class, m.shape, m.from = "m-quiet", "dot", m.to
	case evidence.EventFault:
		m.class, m.to, m.label, m.ticks = "m-fault", p.healed(d, i), "fault: "+m.label, p.hits(d, i)
	case evidence.EventEnd:
		m.class, m.shape, m.label = "m-quiet", "dot", m.label+" was ended"
	case evidence.EventDeath:
		m.class, m.shape, m.label = "m-bad", "cross", m.label+" died"
	case evidence.EventDecided:
		m.class, m.shape = "m-decided", "diamond"
		word, _, _ := strings.Cut(e.Detail, ":")
		m.label += ": " + clip(word, 8)
	case evidence.EventLab, evidence.EventMissing, evidence.EventCut:
		m.class, m.shape, m.label = "m-bad", "cross", clip(string(e.Kind)+": "+e.Detail, maxWord)
	case evidence.EventStep:
		if healsAt(d, i) {
			return nil // the fault's own bar shows it
		}
	default: // a kind of a later version: its name says enough
	}
	if bad && m.shape != "cross" {
		m.class, m.label = "m-bad", m.label+" "+string(e.Outcome)
	}
	m.title = reports.Clock(e.At) + " s " + what(e) + ". " + clip(e.Detail, 200)
	return m
}

// healed is where a fault ends: at its heal, else at the end of the record.
func (p plot) healed(d *reports.Detail, i int) float64 {
	for _, e := range d.Events[i+1:] {
		if e.Kind == evidence.EventHeal && e.Ref == d.Events[i].Ref && e.Lane == d.Events[i].Lane {
			return p.x(e.At)
		}
	}
	return p.x(d.End)
}

// healsAt tells that a step is no more than a fault that came and went well.
func healsAt(d *reports.Detail, i int) bool {
	return d.Events[i].Outcome == evidence.OK && slices.ContainsFunc(d.Events[:i], func(e evidence.Event) bool {
		return e.Kind == evidence.EventFault && e.Ref == d.Events[i].Ref && e.Lane == d.Events[i].Lane
	})
}

// stack gives each mark the first row in which it and its label have room.
func (l *lane) stack() {
	slices.SortStableFunc(l.marks, func(a, b *mark) int { return int(a.from*100) - int(b.from*100) })
	var ends [][][2]float64
	for _, m := range l.marks {
		m.to = max(m.to, m.from+3)
		room := letter*float64(len([]rune(m.label))) + 14
		m.begin, m.end = m.from-2, m.to+room
		if m.end > laneLeft+plotWidth {
			m.left, m.begin, m.end = true, m.from-room, m.to+2
		}
		rows := 1
		if m.left && m.begin < laneLeft {
			m.left, m.under, rows = false, true, 2
			m.begin, m.end = m.from-2, max(m.to+2, m.from+room)
		}
		free := func(row int) bool {
			return row >= len(ends) || !slices.ContainsFunc(ends[row], func(e [2]float64) bool { return m.begin < e[1] && e[0] < m.end })
		}
		for !free(m.row) || rows == 2 && !free(m.row+1) {
			m.row++
		}
		for row := m.row; row < m.row+rows; row++ {
			for len(ends) <= row {
				ends = append(ends, nil)
			}
			ends[row] = append(ends[row], [2]float64{m.begin, m.end})
		}
	}
	l.rows = len(ends)
}

func (m *mark) draw(b *strings.Builder, y float64) {
	fmt.Fprintf(b, `<g class="mark %s"><title>%s</title>`, m.class, escape(m.title))
	mid := y + 8
	switch m.shape {
	case "cross":
		fmt.Fprintf(b, `<path class="cross" data-x="%.1f" d="M%.1f %.1fl9 9m0-9l-9 9"/>`, m.to, m.to-4.5, mid-4.5)
	case "diamond":
		fmt.Fprintf(b, `<path class="sign" data-x="%.1f" d="M%.1f %.1fl6 6-6 6-6-6z"/>`, m.to, m.to, mid-6)
	case "dot":
		fmt.Fprintf(b, `<circle class="sign" data-x="%.1f" cx="%.1f" cy="%.1f" r="3.5"/>`, m.to, m.to, mid)
	case "ticks":
	default:
		fmt.Fprintf(b, `<rect class="sign" x="%.1f" y="%.1f" width="%.1f" height="11" rx="1.5"/>`, m.from, y+2.5, m.to-m.from)
	}
	for _, t := range m.ticks {
		fmt.Fprintf(b, `<path class="hit" data-x="%.1f" d="M%.1f %.1fv15"><title>%s</title></path>`, t.at, t.at, y+0.5, escape(t.title))
	}
	x, at, anchor := m.to+9, m.to, "start"
	switch {
	case m.left:
		x, at, anchor = m.from-9, m.from, "end"
	case m.under:
		x, at, y = m.from, m.from, y+rowHeight-3
	}
	fmt.Fprintf(b, `<text data-x="%.1f" x="%.1f" y="%.1f" text-anchor="%s">%s</text></g>`, at, x, y+12, anchor, escape(m.label))
}

func clip(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

func escape(s string) string { return template.HTMLEscapeString(reports.Clean(s)) }
