package markdown

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

// Bounds of the tables of a matrix; what is left out is said.
const (
	maxMatrixRows = 2000 // cells told one by one
	maxColumns    = 40   // of a test's table
	maxKeys       = 3    // cells named for a problem
)

// Matrix renders a matrix as a whole: the counts, what changed, the problem table, a table for each test, each cell
// that did not pass with its reason, the first bad versions and the requirements.
func Matrix(w io.Writer, m *reports.Matrix) error {
	p := &page{}
	p.line("# %s\n", named(m.Title, m.Suite))
	p.line("**%s**: %s.\n", text(m.Suite), text(m.TallyWords()))
	if words := explainedWords(m, maxKeys); words != "" {
		p.line("%s.\n", words)
	}
	if why := m.Unfinished(); why != "" {
		p.line("**Not whole**: %s.\n", text(why))
	}
	if m.Unheld != "" {
		p.line("**Not held against its record**: %s.\n", text(m.Unheld))
	}
	if why := m.Restricted(); why != "" {
		p.line("**Not for third parties**: %s.\n", text(why))
	}
	p.matrixSetup(m)
	if m.Diff != nil {
		p.line("## Changes since %s\n", text(m.Diff.Old))
		p.changes(m.Diff, maxMatrixRows)
	}
	p.line("## Problems\n")
	p.problems(m.Problems)
	p.line("## Tests\n")
	p.line("%s\n", legend())
	for _, t := range m.PerTest() {
		p.testTable(m, t)
	}
	p.notPassed(m)
	p.line("## First bad versions\n")
	p.firsts(m)
	p.requirements(m)
	_, err := w.Write(p.Bytes())
	return err
}

// explainedWords tell how many of the failing and flaky cells are known to be so, and name so many of the others; empty where
// none fails.
func explainedWords(m *reports.Matrix, most int) string {
	const longest = 120 // characters of a key
	known, others := m.Explained()
	if known+len(others) == 0 {
		return ""
	}
	words := fmt.Sprintf("Known deviations explain %d of %d that fail or are flaky", known, known+len(others))
	var keys []string
	for _, key := range others[:min(most, len(others))] {
		keys = append(keys, code(first(key, longest)))
	}
	if len(keys) > 0 {
		words += ", and not " + strings.Join(keys, ", ")
	}
	if more := len(others) - most; more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	return words
}

func legend() string {
	var parts []string
	for _, v := range result.CellVerdicts() {
		parts = append(parts, text(reports.CellSign(v))+" "+reports.CellWord(v))
	}
	return strings.Join(parts, ", ")
}

func (p *page) matrixSetup(m *reports.Matrix) {
	p.line("- Run: %s, %s", code(m.ID), m.Started.UTC().Format("2006-01-02 15:04 UTC"))
	for _, v := range m.Versions() {
		p.line("- Versions: %s", text(v))
	}
	clock := ""
	if c := m.Clock.String(); c != "" {
		clock = ", " + text(c)
	}
	p.line("- Lab: %s, %s side by side, %s a cell%s; took %s", text(m.Provider), reports.Plural(m.Labs, "lab"), reports.Plural(m.Repeats, "trial"), clock, m.TookWords())
	h := m.Host
	p.line("- Host: %s, kernel %s, %s, %s", text(h.OS), text(h.Kernel), text(h.Arch), reports.Plural(h.CPUs, "CPU"))
	p.line("- Tool: %s %s; suite %s\n", text(m.Tool.Name), text(m.Tool.Version), code(m.Digest))
	p.row("Subject", "Image", "Digest of its packages")
	p.row("---", "---", "---")
	for _, s := range m.Subjects {
		p.row(named(s.Name), orNone(cell(s.Image)), orNone(cell(s.Digest)))
	}
	p.line("")
}

func (p *page) problems(list []result.Problem) {
	if len(list) == 0 {
		p.line("No cell fails.\n")
		return
	}
	p.row("Area", "Description", "Workaround", "Recommendation", "Cells")
	p.row("---", "---", "---", "---", "---")
	for _, q := range list[:min(maxMatrixRows, len(list))] {
		var keys []string
		for _, k := range q.Cells[:min(maxKeys, len(q.Cells))] {
			keys = append(keys, cell(k))
		}
		if more := len(q.Cells) - maxKeys; more > 0 {
			keys = append(keys, fmt.Sprintf("and %d more", more))
		}
		area := text(q.Area)
		if q.Kind != "" {
			area += " (" + text(q.Kind) + ")"
		}
		p.row(area, text(q.Description+"; "+q.Where), orNone(text(q.Workaround)), strings.TrimSpace(text(q.Recommendation)+" "+cell(q.Command)), strings.Join(keys, ", "))
	}
	p.line("")
	if more := len(list) - maxMatrixRows; more > 0 {
		p.line("%d more are in matrix.json.\n", more)
	}
}

// testTable is a test's cells: the first role's subjects by those of the others.
func (p *page) testTable(m *reports.Matrix, t reports.CellsOf) {
	p.line("### %s: %s\n", text(t.Test.ID), text(t.Test.Title))
	if t.Cells == 0 {
		p.line("No cells.\n")
		return
	}
	place := map[string]int{}
	for i, s := range m.Subjects {
		place[s.Name] = i
	}
	others := m.Roles[1:]
	columnOf := func(c *result.Cell) (name string, order []int) {
		var names []string
		for _, r := range others {
			names = append(names, c.Subjects[r])
			order = append(order, place[c.Subjects[r]])
		}
		return strings.Join(names, " × "), order
	}
	type axis struct {
		name  string
		order []int
	}
	rows, columns := map[string]axis{}, map[string]axis{}
	at := map[[2]string]*result.Cell{}
	for i := range m.Cells {
		c := &m.Cells[i]
		if c.Test != t.Test.ID {
			continue
		}
		col, order := columnOf(c)
		row := strings.TrimSpace(c.Subjects[m.Roles[0]] + " " + result.Settings(c.Options))
		rows[row] = axis{row, []int{place[c.Subjects[m.Roles[0]]]}}
		columns[col] = axis{col, order}
		at[[2]string{row, col}] = c
	}
	sorted := func(of map[string]axis) []axis {
		var list []axis
		for _, a := range of {
			list = append(list, a)
		}
		slices.SortFunc(list, func(a, b axis) int { return cmp.Or(slices.Compare(a.order, b.order), strings.Compare(a.name, b.name)) })
		return list
	}
	cols := sorted(columns)
	left := max(0, len(cols)-maxColumns)
	cols = cols[:len(cols)-left]
	head, rule := []string{text(m.Roles[0] + " \\ " + strings.Join(others, " × "))}, []string{"---"}
	for _, c := range cols {
		head, rule = append(head, text(c.name)), append(rule, ":---:")
	}
	p.row(head...)
	p.row(rule...)
	for _, r := range sorted(rows) {
		line := []string{text(r.name)}
		for _, col := range cols {
			line = append(line, box(at[[2]string{r.name, col.name}]))
		}
		p.row(line...)
	}
	p.line("")
	if left > 0 {
		p.line("%d more columns are left out: the HTML and the CSV have them.\n", left)
	}
}

// box is a cell in a test's table; there is none where the suite leaves the pair out.
func box(c *result.Cell) string {
	switch {
	case c == nil:
		return "(none)"
	case c.Verdict == result.Flaky:
		return fmt.Sprintf("%s %d/%d", text(reports.CellSign(c.Verdict)), c.Passed, c.Valid)
	case c.Verdict == result.Fail && c.Known() != nil:
		return text(reports.CellSign(c.Verdict)) + " " + text(c.Deviation.ID)
	}
	return text(reports.CellSign(c.Verdict))
}

func (p *page) notPassed(m *reports.Matrix) {
	opinions := map[string]*result.KeptOpinion{}
	for i := range m.Opinions {
		opinions[m.Opinions[i].Cell.Key()] = &m.Opinions[i]
	}
	p.line("## Cells that did not pass, or with a note\n")
	p.row("Cell", "Verdict", "Passed", "Why", "Frames")
	p.row("---", "---", "---", "---", "---")
	n := 0
	for i := range m.Cells {
		c := &m.Cells[i]
		if c.Verdict == result.Pass {
			continue
		}
		if n++; n > maxMatrixRows {
			continue
		}
		share := ""
		if c.Valid > 0 {
			share = fmt.Sprintf("%d of %d", c.Passed, c.Valid)
		}
		why := reports.CellReason(c)
		if d := c.Known(); d != nil {
			why = strings.TrimPrefix(fmt.Sprintf("%s; known: %s (%s), %s", why, d.ID, d.Kind, strings.TrimSuffix(d.Reason+", "+d.Reference, ", ")), "; ")
		}
		if o := opinions[c.Key()]; o != nil {
			why += fmt.Sprintf("; a third opinion with %s: %s", o.Reference, reports.JudgementWords(o))
		}
		var frames []string
		for _, f := range c.Decisive {
			frames = append(frames, fmt.Sprintf("%s:%d %s", f.Capture, f.Frame, f.Words))
		}
		p.row(cell(c.Key()), reports.CellWord(c.Verdict), share, text(why), text(strings.Join(frames, "; ")))
	}
	p.line("")
	if more := n - maxMatrixRows; more > 0 {
		p.line("%d more are in the CSV.\n", more)
	}
}

func (p *page) firsts(m *reports.Matrix) {
	list := m.Firsts()
	if len(list) == 0 {
		p.line("In no row of several versions does one fail.\n")
	} else {
		p.row("Test", "Role", "Verdict", "First bad version", "Against")
		p.row("---", "---", "---", "---", "---")
	}
	for _, f := range list[:min(maxMatrixRows, len(list))] {
		test := cell(f.Test)
		if o := result.Settings(f.Options); o != "" {
			test += " " + text(o)
		}
		p.row(test, text(f.Role), reports.CellWord(f.Verdict), text(reports.RowWords(f.FirstBad)), text(strings.Join(f.Against, "; ")))
	}
	p.line("")
	if len(m.Unordered) > 0 {
		p.line("These versions have no place among the others: %s.\n", text(strings.Join(m.Unordered, ", ")))
	}
}

func (p *page) requirements(m *reports.Matrix) {
	p.line("## Requirements\n")
	if len(m.Requirements) == 0 {
		p.line("The suite names none.\n")
		return
	}
	covered, uncovered := m.Coverage()
	p.line("%d of %s covered by a test.\n", len(covered), reports.Plural(len(m.Requirements), "requirement"))
	if len(covered) > 0 {
		p.row("Requirement", "Level", "What", "Tests", "Cells")
		p.row("---", "---", "---", "---", "---")
		for _, r := range covered {
			p.row(text(r.Document+" "+r.Section), text(r.Level), text(r.Text), text(strings.Join(r.Tests, ", ")), text(reports.CountWords(r.Counts)))
		}
		p.line("")
	}
	if len(uncovered) > 0 {
		p.line("Covered by no test:\n")
		for _, r := range uncovered {
			p.line("- %s %s: %s", text(r.Document+" "+r.Section), text(r.Level), text(r.Text))
		}
		p.line("")
	}
	p.row("Test", "Requirements")
	p.row("---", "---")
	for _, t := range m.Tests {
		p.row(cell(t.ID), orNone(text(strings.Join(t.Requirements, ", "))))
	}
	p.line("")
}

// changes lists what changed, of each kind so many cells at most.
func (p *page) changes(d *result.MatrixDiff, most int) {
	if d.SuiteChanged {
		p.line("The suite's files are not the same: a cell may have tested something else.\n")
	}
	p.line("%s in both say whether it works; %d say the same.\n", reports.Plural(d.Comparable, "cell"), d.Same())
	for _, kind := range d.Changes() {
		if len(kind.Cells) == 0 {
			continue
		}
		p.line("%s, %s:\n", reports.Sentence(kind.Name), reports.Plural(len(kind.Cells), "cell"))
		for _, c := range kind.Cells[:min(most, len(kind.Cells))] {
			p.line("- %s", changeLine(c))
		}
		if more := len(kind.Cells) - most; more > 0 {
			p.line("- and %d more", more)
		}
		p.line("")
	}
	if len(d.FirstBad) > 0 {
		p.line("First bad version of these rows:\n")
		for _, f := range d.FirstBad[:min(most, len(d.FirstBad))] {
			p.line("- %s as %s: %s", cell(f.Test), text(strings.TrimSuffix(f.Role+" with "+result.Settings(f.Others), " with ")), text(reports.RowWords(f)))
		}
		if more := len(d.FirstBad) - most; more > 0 {
			p.line("- and %d more", more)
		}
		p.line("")
	}
}

func changeLine(c result.CellChange) string {
	is := "it is gone"
	if c.Is != "" {
		is = reports.CellWord(c.Is)
	}
	if c.Is != "" && c.Valid > 0 {
		is += fmt.Sprintf(" (%d of %d passed)", c.Passed, c.Valid)
	}
	said := fmt.Sprintf("%s: %s; %s", code(c.Key), text(is), text(reports.WasWords(c)))
	if c.Reason != "" && !c.Is.Good() {
		said += ": " + text(first(c.Reason, 160))
	}
	if c.Deviation != "" {
		said += " (known: " + text(c.Deviation) + ")"
	}
	return said
}

// first is the beginning of a text, at most so many characters of it.
func first(s string, most int) string {
	if r := []rune(strings.Join(strings.Fields(s), " ")); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// Diff renders what changed between two runs of a suite.
func Diff(w io.Writer, d *result.MatrixDiff) error {
	p := &page{}
	p.line("# %s: %s against %s\n", text(d.Suite), text(d.New), text(d.Old))
	for _, why := range d.Unheld {
		p.line("**Not held against its record**: %s.\n", text(why))
	}
	p.changes(d, maxMatrixRows)
	_, err := w.Write(p.Bytes())
	return err
}

// Summary renders a matrix for a pull request, in some 20 lines: the counts, what fails anew where an older run
// is given, and the worst tests.
func Summary(w io.Writer, m *reports.Matrix) error {
	const most = 5
	p := &page{}
	p.line("**%s**: %s", text(m.Suite), text(m.TallyWords()))
	if words := explainedWords(m, maxKeys); words != "" {
		p.line("\n%s", words)
	}
	if why := m.Unfinished(); why != "" {
		p.line("\nNot whole: %s", text(first(why, 160)))
	}
	if m.Unheld != "" {
		p.line("\nNot held against its record: %s", text(first(m.Unheld, 200)))
	}
	if why := m.Restricted(); why != "" {
		p.line("\nNot for third parties: %s", text(why))
	}
	if d := m.Diff; d != nil {
		var parts []string
		for _, kind := range d.Changes() {
			if n := len(kind.Cells); n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, kind.Name))
			}
		}
		p.line("\nSince %s: %s, %d the same", text(d.Old), cmp.Or(strings.Join(parts, ", "), "nothing changed"), d.Same())
		worse := slices.Concat(d.NewlyFailing, d.BecameFlaky)
		if len(worse) > 0 {
			p.line("")
		}
		for _, c := range worse[:min(most, len(worse))] {
			p.line("- %s", changeLine(c))
		}
		if more := len(worse) - most; more > 0 {
			p.line("- and %d more", more)
		}
	}
	if worst := m.Worst(); len(worst) > 0 {
		p.line("")
		p.row("Test", "Cells")
		p.row("---", "---")
		for _, t := range worst[:min(most, len(worst))] {
			p.row(cell(t.Test.ID), text(reports.CountWords(t.Counts)))
		}
		if more := len(worst) - most; more > 0 {
			p.row(fmt.Sprintf("and %d more", more), "")
		}
	}
	_, err := w.Write(p.Bytes())
	return err
}
