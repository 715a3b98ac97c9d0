// Package markdown renders a run compactly, to be pasted into a ticket: the verdict with
// its numbers, the scope, the set-up, the procedure, the evidence that decided, the
// trials, and how to run it again. What devices said stands in fenced blocks whose fence
// no line of theirs can end.
package markdown

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// maxRows bounds the table of trials.
const maxRows = 50

// Write renders the run.
func Write(w io.Writer, r *reports.Run) error {
	p := &page{}
	p.result(r)
	p.scope(r.Info.Scenario)
	p.setup(r)
	p.procedure(r)
	p.evidence(r)
	p.trials(r)
	p.line("## Run it again\n")
	p.line("In the run directory, with %s %s:\n", text(r.Info.Tool.Name), text(r.Info.Tool.Version))
	p.fence(r.Rerun())
	_, err := w.Write(p.Bytes())
	return err
}

type page struct{ bytes.Buffer }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// named is the first of the words that is not empty: what has no name is called by what it
// does, or by its place.
func named(words ...string) string {
	for _, w := range words {
		if s := text(w); s != "" {
			return s
		}
	}
	return "–"
}

func orNone(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// onLane says where a step acts, if anywhere, and what it is called.
func onLane(st evidence.StepInfo) string {
	action, _, _ := strings.Cut(st.Action, "\n")
	name := named(st.Name, action, st.Ref)
	if st.Lane == "" {
		return name
	}
	return code(st.Lane) + ": " + name
}

func (p *page) row(cells ...string) { p.line("| %s |", strings.Join(cells, " | ")) }

// fence writes text in a block whose fence is longer than any run of backticks in it.
func (p *page) fence(s string) { p.fenceAt("", s) }

// fenceAt is fence within a list item, indented.
func (p *page) fenceAt(indent, s string) {
	longest, run := 2, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	marks := strings.Repeat("`", longest+1)
	block := marks + "text\n" + strings.Trim(s, "\n") + "\n" + marks
	p.line("%s\n", indent+strings.ReplaceAll(block, "\n", "\n"+indent))
}

// Text makes one line of somebody's words, in which Markdown finds nothing to interpret and a
// terminal nothing to obey. Whatever writes Markdown writes words by it.
func Text(s string) string { return text(reports.Clean(s)) }

// text is Text for what was cleaned when it was loaded.
func text(s string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		switch {
		case strings.ContainsRune("\\`*_[]<>|#~$!", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '&':
			b.WriteString("&amp;")
		case r == '@': // would call somebody's name
			b.WriteString("&#64;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code makes a code span of s.
func code(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return ""
	}
	marks := "`"
	for strings.Contains(s, marks) {
		marks += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return marks + s + marks
}

// cell makes a code span for a table, whose columns even a code span does not hide.
func cell(s string) string { return strings.ReplaceAll(code(s), "|", `\|`) }

func (p *page) result(r *reports.Run) {
	title := r.Info.Scenario.Title
	if title == "" {
		title = r.Info.Scenario.ID
	}
	p.line("# %s\n", text(title))
	p.line("**%s**: %s; %s.\n", text(strings.ToUpper(r.Headline())), r.Share(), r.Intervals())
	if r.Verdict != nil && r.Verdict.Reason != "" {
		p.line("%s. Expected of this %s run: %s.\n", text(reports.Sentence(r.Verdict.Reason)), text(string(r.Info.Variant)), text(string(r.Info.Expected)))
	}
	for _, m := range r.Marks() {
		p.line("**Mark**: %s.\n", text(m))
	}
	c := r.Recorded
	if c.Inconclusive+c.NotApplicable+c.None > 0 {
		p.line("Not in the rate: %d inconclusive, %d not applicable, %d without a verdict.\n", c.Inconclusive, c.NotApplicable, c.None)
	}
	for _, o := range r.OtherFailures() {
		p.line("- Other failure: %s", text(o))
	}
	for _, m := range r.Missing {
		p.line("- Missing: %s", text(m))
	}
	if len(r.OtherFailures())+len(r.Missing) > 0 {
		p.line("")
	}
}

func (p *page) scope(s evidence.ScenarioInfo) {
	p.line("## Scope\n")
	severity := ""
	if s.Severity > 0 {
		severity = fmt.Sprint(s.Severity)
	}
	for _, f := range [][2]string{
		{"What", s.What},
		{"When", s.When},
		{"How", s.How},
		{"Impact", s.Impact},
		{"Severity", severity},
		{"Product", s.Product},
		{"Expected", s.Expected},
		{"References", strings.Join(s.References, "; ")},
	} {
		if f[1] != "" {
			p.line("- **%s**: %s", f[0], text(f[1]))
		}
	}
	p.line("")
}

func (p *page) setup(r *reports.Run) {
	p.line("## Set-up\n")
	p.row("Node", "Role", "Platform", "Image", "Digest")
	p.row("---", "---", "---", "---", "---")
	for _, n := range r.Info.Nodes {
		platform := n.Platform
		if n.Segment {
			platform = "segment"
		}
		p.row(named(n.Name), named(n.Role), named(platform), orNone(cell(n.Image)), orNone(cell(n.Digest)))
	}
	p.line("")
	for _, l := range r.Info.Links {
		p.line("- %s – %s", code(l.A), code(l.B))
	}
	hosts := r.Hosts()
	if len(hosts) == 0 {
		p.line("- Host: %s", text(r.Info.Host.String()))
	}
	for _, h := range hosts {
		about := named(h.Name)
		if what := h.String(); what != "" {
			about += ", " + text(what)
		}
		p.line("- Host: %s: trials %s", about, reports.Ranges(h.Trials))
	}
	for _, line := range r.Machines {
		p.line("- Machines: %s", text(line))
	}
	p.line("- Lab: %s (%s), reset %s, %s", text(r.Info.Provider), text(r.Info.Fidelity), text(r.Info.Reset), reports.Plural(r.Info.Labs, "lab"))
	if clock := r.Info.Clock.String(); clock != "" {
		p.line("- Clock: %s; times are the lab's, and the kernel's own timers, links and processors keep real time", text(clock))
		for _, what := range r.Info.RealTime {
			p.line("- Keeps real time: %s", text(what))
		}
	}
	for _, k := range reports.SortedKeys(r.Info.Set) {
		p.line("- Override: %s", code(k+"="+r.Info.Set[k]))
	}
	p.line("")
}

func (p *page) procedure(r *reports.Run) {
	s := r.Info.Scenario
	p.line("## Procedure\n")
	for i, st := range s.Steps {
		left := ""
		if st.Left {
			left = " (left out by this control)"
		}
		p.line("%d. %s (%s)%s", i+1, onLane(st), code(st.Ref), left)
		if st.Action != "" {
			p.fenceAt("   ", reports.Clean(st.Action))
		}
	}
	if len(s.Steps) > 0 {
		p.line("")
	}
	p.row("Condition", "Name", "Node", "Looks with", "Holds when", "Window")
	p.row("---", "---", "---", "---", "---", "---")
	for _, c := range s.Conditions {
		p.row(cell(c.Ref), named(c.Name, c.Probe), text(c.Node), cell(c.Probe), cell(c.Expect), text(c.Window))
	}
	p.line("")
}

// evidence shows the looks that decided the first trial that is shown in full.
func (p *page) evidence(r *reports.Run) {
	var t *reports.Trial
	for i := range r.Trials {
		c := &r.Trials[i]
		if c.Detail != nil && (t == nil || t.Word() != evidence.Reproduced && c.Word() == evidence.Reproduced) {
			t = c
		}
	}
	if t == nil {
		return
	}
	p.line("## Evidence, trial %d: %s\n", t.Number, text(strings.ToLower(reports.VerdictWord(t.Word()))+r.Info.Clock.Beside()))
	if reason := t.Reason(); reason != "" {
		p.line("%s\n", text(reports.Sentence(reason)))
	}
	if t.Verdict != nil {
		for _, n := range t.Verdict.Notes {
			p.line("%s.\n", text(reports.Sentence(n)))
		}
	}
	p.traffic(t.Detail.Flows)
	p.cores(t.Detail.Cores)
	for i := range t.Detail.Conditions {
		c := &t.Detail.Conditions[i]
		holds := "not judged"
		if c.Judged() {
			holds = fmt.Sprintf("%s, %s", c.Holds, c.Why)
		}
		p.line("**%s** (%s): %s.\n", named(c.Name, c.Info.Probe, c.Ref), code(c.Ref), text(holds))
		l := c.Deciding()
		// A baseline that held needs no proof in a ticket.
		if l == nil || strings.HasPrefix(c.Ref, "baseline") && c.Holds == evidence.True {
			continue
		}
		p.line("Look %d, %s s into the trial, one of %d at this condition, value %s:\n", l.Seq, reports.Clock(l.At), c.Total, code(l.Value))
		switch {
		case l.Error != "":
			p.fence("no answer: " + l.Error)
		case !l.Output.Empty():
			p.fence(short(l.Output))
		}
		p.frames(l.Frames)
	}
}

// cores are the crashes of a trial, with the stack of each.
func (p *page) cores(list []evidence.Core) {
	for i := range list {
		c := &list[i]
		of := ""
		if c.Signature != "" {
			of = ", signature " + code(c.Signature)
		}
		p.line("**Core file** of %s: %s (%s)%s.\n", text(c.Process), text(c.Signal), text(c.Quality.String()), of)
		var stack strings.Builder
		for n, f := range c.Frames {
			fmt.Fprintf(&stack, "#%-2d %s\n", n, f)
		}
		if stack.Len() > 0 {
			p.fence(strings.TrimRight(stack.String(), "\n"))
		}
	}
}

// frames is a table of what passed an endpoint.
func (p *page) frames(list []evidence.Frame) {
	if len(list) == 0 {
		return
	}
	p.row("Frame", "Time", "Way", "Bytes", "What")
	p.row("---:", "---:", "---", "---:", "---")
	for _, f := range list {
		p.row(fmt.Sprint(f.Number), fmt.Sprintf("%.6f", f.Time), text(f.Direction), fmt.Sprint(f.Length), text(f.Summary))
	}
	p.line("")
}

// traffic is a table of the flows of a trial.
func (p *page) traffic(flows []reports.Flow) {
	if len(flows) == 0 {
		return
	}
	p.row("Flow", "Sent", "Received", "Lost", "Gap", "Began", "p50", "p99", "Max", "Beside")
	p.row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---")
	for _, f := range flows[:min(maxRows, len(flows))] {
		r := f.Row()
		p.row(text(r.Flow+": "+r.Path), r.Sent, r.Received, r.Lost, r.Gap, r.Start, r.P50, r.P99, r.Max, text(r.Other))
	}
	p.line("")
}

// short is at most 40 lines of an excerpt.
func short(e reports.Excerpt) string {
	lines := strings.Split(strings.Trim(e.String(), "\n"), "\n")
	if len(lines) <= 40 {
		return strings.Join(lines, "\n")
	}
	gap := fmt.Sprintf("… %d lines not shown, see %s", len(lines)-35, e.File)
	return strings.Join(append(append(lines[:25:25], gap), lines[len(lines)-10:]...), "\n")
}

func (p *page) trials(r *reports.Run) {
	p.line("## Trials\n")
	p.row("Trial", "Verdict", "Took", "Lab", "Reason")
	p.row("---:", "---", "---:", "---", "---")
	for i := range r.Trials[:min(maxRows, len(r.Trials))] {
		t := &r.Trials[i]
		took, lab := "", ""
		if e := t.Entry(); e != nil {
			took, lab = reports.Span(e.Took), fmt.Sprintf("%d, %s", e.Lab, warmth(e.Cold))
		}
		p.row(fmt.Sprint(t.Number), text(strings.ToLower(reports.VerdictWord(t.Word()))+r.Info.Clock.Beside()), took, lab, text(t.Reason()))
	}
	p.line("")
	if more := len(r.Trials) - maxRows; more > 0 {
		p.line("%d more trials are in the run directory's ledger.\n", more)
	}
}

func warmth(cold bool) string {
	if cold {
		return "cold"
	}
	return "warm"
}
