package reports

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
)

// Matrix is a matrix as renderings show it: its texts are cleaned.
type Matrix struct {
	result.MatrixReport
	// Base leads from the folder of a rendering to that of the matrix: empty where they are one, else it ends in /.
	Base string
	// Folder is that of the matrix as commands name it: matrices/ID, or its name alone where it lies elsewhere.
	Folder string
	// Pages are the run directories, below the matrix's folder, that have a report.
	Pages map[string]bool
	// Places are the names that links lead to in these reports: of frames, states and trials.
	Places map[string]map[string]bool
}

// Place is the first of some places of a run's report that is there; empty where none is.
func (m *Matrix) Place(run string, names ...string) string {
	for _, name := range names {
		if m.Places[run][name] {
			return name
		}
	}
	return ""
}

// maxPage bounds what is read of a run's report, in bytes.
const maxPage = 64 << 20

// placesIn finds the names that links lead to in a run's report; none in what cannot be read.
func placesIn(root *os.Root, page string) map[string]bool {
	f, err := root.Open(page)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(f, maxPage))
	if err != nil {
		return nil
	}
	places := map[string]bool{}
	for _, found := range placeID.FindAllSubmatch(text, -1) {
		places[html.UnescapeString(string(found[1]))] = true
	}
	return places
}

// placeID finds an element of a run's report that [FrameAnchor] and the like name.
var placeID = regexp.MustCompile(` id="((?:(?:frame|states|trial)-[^"]+|trials))"`)

// CleanMatrix makes plain text of every text of a matrix, as [Load] does with a run's. It is done before problems
// and differences are looked for, so that the names of cells stay those of the cells.
func CleanMatrix(m *result.Matrix) { cleanFields(m) }

// CleanOpinions makes plain text of every text of opinions on cells of a matrix.
func CleanOpinions(list []result.KeptOpinion) { cleanFields(list) }

// NewMatrix prepares a cleaned matrix for rendering. The reports of its runs are looked for below dir, and those of cells
// that were taken over below the folder of their matrix beside it; nowhere that a link leads to from there.
func NewMatrix(r *result.MatrixReport, dir string) (*Matrix, error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find matrix: %w", err)
	}
	m := &Matrix{MatrixReport: *r, Folder: Clean(filepath.Base(whole)), Pages: map[string]bool{}, Places: map[string]map[string]bool{}}
	if filepath.Base(filepath.Dir(whole)) == "matrices" {
		m.Folder = "matrices/" + m.Folder
	}
	m.Problems = slices.Clone(m.Problems)
	for i := range m.Problems {
		if p := &m.Problems[i]; p.Command != "" {
			p.Command = result.FromCell(m.Folder, p.Cells[0])
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open matrix: %w", err)
	}
	defer root.Close() //nolint:errcheck // read only
	for i := range m.Cells {
		c := &m.Cells[i]
		at, run := root, c.Run
		if run == "" || m.Pages[run] {
			continue
		}
		if rest, ok := c.TakenOver(); ok { // from the matrix beside this one
			if at, err = os.OpenRoot(filepath.Join(dir, "..", c.From)); err != nil {
				continue
			}
			run = rest
		}
		if info, err := at.Stat(path.Join(run, RunPage)); err == nil && info.Mode().IsRegular() {
			m.Pages[c.Run], m.Places[c.Run] = true, placesIn(at, path.Join(run, RunPage))
		}
		if at != root {
			_ = at.Close() // read only
		}
	}
	for i := range m.Opinions {
		for _, c := range OpinionCells(&m.Opinions[i]) {
			run := path.Join(m.Opinions[i].Dir, c.Run)
			if info, err := root.Stat(path.Join(run, RunPage)); c.Run != "" && err == nil && info.Mode().IsRegular() {
				m.Pages[run] = true
			}
		}
	}
	return m, nil
}

// OpinionCells are the cells that an opinion was made by: each side's, and the cell itself that was tried again.
func OpinionCells(o *result.KeptOpinion) (cells []*result.Cell) {
	for _, s := range o.Sides {
		if s.Cell != nil {
			cells = append(cells, s.Cell)
		}
	}
	if o.Again != nil {
		cells = append(cells, o.Again)
	}
	return cells
}

// JudgementWords are whose matter an opinion says that a failure is.
func JudgementWords(o *result.KeptOpinion) string {
	words := judgement(o)
	if o.Unheld != "" {
		words += " (not held against its record: " + o.Unheld + ")"
	}
	return words
}

func judgement(o *result.KeptOpinion) string {
	switch o.Judgement {
	case result.OfProduct:
		return "look at " + o.Of + " first"
	case result.OfInterop:
		return "how the two work together"
	}
	return "undetermined"
}

// RunPage is the report in a run directory that pages link to.
const RunPage = "report.html"

// CellWord is a verdict of a cell in words.
func CellWord(v result.CellVerdict) string {
	switch v {
	case result.Pass:
		return "pass"
	case result.PassWithNote:
		return "pass with note"
	case result.NotApplicable:
		return "not applicable"
	case result.NotTested:
		return "not tested"
	case result.Fail, result.Flaky, result.CellUnknown, result.Blocked:
		return string(v)
	}
	return "unknown"
}

// CellSign is a sign for a verdict that differs from the others in shape, not only in colour.
func CellSign(v result.CellVerdict) string {
	switch v {
	case result.Pass:
		return "✓"
	case result.PassWithNote:
		return "✓*"
	case result.Fail:
		return "✗"
	case result.Flaky:
		return "≈"
	case result.CellUnknown:
		return "?"
	case result.Blocked:
		return "⊘"
	case result.NotApplicable:
		return "–"
	case result.NotTested:
		return "·"
	}
	return "!"
}

// CellShare tells k of n of a cell with its interval.
func CellShare(c *result.Cell) string {
	if c.Valid == 0 {
		return "no valid trial"
	}
	return fmt.Sprintf("%d of %s passed, 95\u00a0%% interval %s to %s (Wilson)", c.Passed, Plural(c.Valid, "valid trial"), Percent(c.Wilson[0]), Percent(c.Wilson[1]))
}

// CellReason is why a cell is what it is, never empty but for a pass.
func CellReason(c *result.Cell) string {
	switch {
	case c.Verdict == result.Flaky:
		if strings.HasPrefix(c.Reason, fmt.Sprintf("%d of %d passed", c.Passed, c.Valid)) {
			return "flaky: " + c.Reason
		}
		said := fmt.Sprintf("flaky: %d of %d passed", c.Passed, c.Valid)
		return strings.TrimSuffix(said+"; else: "+c.Reason, "; else: ")
	case c.Verdict == result.Blocked && c.BlockedBy != "" && !strings.Contains(c.Reason, c.BlockedBy):
		return strings.TrimSuffix("it rests on "+c.BlockedBy+", which did not pass: "+c.Reason, ": ")
	case c.Reason == "" && c.Verdict != result.Pass:
		return "no reason was recorded"
	}
	return c.Reason
}

// VerdictCount is how many cells have a verdict.
type VerdictCount struct {
	Verdict result.CellVerdict
	Cells   int
}

// Tally counts the cells of each verdict that there is, as [result.CellVerdicts] orders them.
func (m *Matrix) Tally() []VerdictCount {
	var out []VerdictCount
	for _, v := range result.CellVerdicts() {
		if n := m.Counts[v]; n > 0 {
			out = append(out, VerdictCount{v, n})
		}
	}
	return out
}

// TallyWords are the counts in a sentence: 118 pass, 2 fail.
func (m *Matrix) TallyWords() string {
	var parts []string
	for _, c := range m.Tally() {
		parts = append(parts, fmt.Sprintf("%d %s", c.Cells, CellWord(c.Verdict)))
	}
	return cmp.Or(strings.Join(parts, ", "), "no cells")
}

// Explained counts the failing and flaky cells that a known deviation explains, and gives the keys of the others.
func (m *Matrix) Explained() (known int, others []string) {
	for _, c := range m.Cells {
		switch {
		case c.Explained():
			known++
		case c.Verdict == result.Fail || c.Verdict == result.Flaky:
			others = append(others, c.Key())
		}
	}
	return known, others
}

// TookWords are how long the matrix took, and how many cells took it none: another matrix had tried them.
func (m *Matrix) TookWords() string {
	words, from := Span(m.Took), 0
	for _, c := range m.Cells {
		if c.From != "" {
			from++
		}
	}
	if from > 0 {
		words += fmt.Sprintf(", without the trials of %s, which another matrix made", Plural(from, "cell"))
	}
	return words
}

// Unfinished says why the matrix is not whole; empty where it is.
func (m *Matrix) Unfinished() string {
	switch {
	case m.Stopped != "":
		return m.Stopped
	case m.Ended.IsZero():
		return "it has not ended: it runs still, or was broken off"
	}
	return ""
}

// Restricted says what binds whoever gives results of a platform away; empty where nothing is known to, or nothing
// of it was tried. The README of virtual VOSS has its licence: no results of tests are made available to third parties.
func (m *Matrix) Restricted() string {
	platforms := map[string]string{}
	for _, s := range m.Subjects {
		platforms[s.Name] = s.Platform
	}
	for _, c := range m.Cells {
		for _, s := range c.Subjects {
			if c.Trials > 0 && platforms[s] == "voss" {
				return "the licence of virtual Fabric Engine (VOSS) forbids to make results of tests of it available to third parties. Where " + s + " was one, this is not to be given away"
			}
		}
	}
	return ""
}

// CellsOf is how many cells of a test have which verdict.
type CellsOf struct {
	Test   *result.MatrixTest
	Counts map[result.CellVerdict]int
	Cells  int
}

// PerTest counts the cells of each test, in the suite's order.
func (m *Matrix) PerTest() []CellsOf {
	at := map[string]int{}
	out := make([]CellsOf, 0, len(m.Tests))
	for i := range m.Tests {
		at[m.Tests[i].ID] = len(out)
		out = append(out, CellsOf{Test: &m.Tests[i], Counts: map[result.CellVerdict]int{}})
	}
	for i := range m.Cells {
		if n, ok := at[m.Cells[i].Test]; ok {
			out[n].Counts[m.Cells[i].Verdict]++
			out[n].Cells++
		}
	}
	return out
}

// Worst are the tests with failing or flaky cells, those with most first.
func (m *Matrix) Worst() []CellsOf {
	bad := func(c CellsOf) int { return 2*c.Counts[result.Fail] + c.Counts[result.Flaky] }
	list := slices.DeleteFunc(m.PerTest(), func(c CellsOf) bool { return bad(c) == 0 })
	slices.SortStableFunc(list, func(a, b CellsOf) int { return bad(b) - bad(a) })
	return list
}

// Coverage is a requirement with the tests that cover it and what these came to.
type Coverage struct {
	result.Requirement
	Counts map[result.CellVerdict]int // over the cells of its tests
}

// Coverage tells the requirements that tests cover, and those that none does. Which tests cover one is taken
// from both sides: from what it names, and from what they name.
func (m *Matrix) Coverage() (covered, uncovered []Coverage) {
	per := map[string]map[result.CellVerdict]int{}
	names := map[string][]string{}
	for _, t := range m.PerTest() {
		per[t.Test.ID] = t.Counts
		for _, r := range t.Test.Requirements {
			names[r] = append(names[r], t.Test.ID)
		}
	}
	for _, r := range m.Requirements {
		c := Coverage{Requirement: r, Counts: map[result.CellVerdict]int{}}
		c.Tests = slices.DeleteFunc(slices.Concat(r.Tests, names[r.ID]), func(t string) bool { return per[t] == nil })
		slices.Sort(c.Tests)
		c.Tests = slices.Compact(c.Tests)
		for _, t := range c.Tests {
			for v, n := range per[t] {
				c.Counts[v] += n
			}
		}
		if len(c.Tests) == 0 {
			uncovered = append(uncovered, c)
		} else {
			covered = append(covered, c)
		}
	}
	return covered, uncovered
}

// CountWords are counts in a sentence, as [Matrix.TallyWords] has them.
func CountWords(counts map[result.CellVerdict]int) string {
	m := Matrix{MatrixReport: result.MatrixReport{Matrix: result.Matrix{Counts: counts}}}
	return m.TallyWords()
}

// Versions are the subjects in a line for each platform: frr 8.4.4, 10.3.
func (m *Matrix) Versions() []string {
	var order []string
	of := map[string][]string{}
	for _, s := range m.Subjects {
		if of[s.Platform] == nil {
			order = append(order, s.Platform)
		}
		of[s.Platform] = append(of[s.Platform], s.Version)
	}
	out := make([]string, 0, len(order))
	for _, p := range order {
		out = append(out, p+" "+strings.Join(of[p], ", "))
	}
	return out
}

// RowWords say where a row's versions fail first.
func RowWords(f result.FirstBad) string {
	said := f.Platform + " " + f.Bad
	switch {
	case f.Good != "" && len(f.Unknown) > 0:
		said += fmt.Sprintf(" at the latest (%s passed; %s say nothing)", f.Good, strings.Join(f.Unknown, ", "))
	case f.Good != "":
		said += fmt.Sprintf(" (%s passed)", f.Good)
	case len(f.Unknown) > 0:
		said += fmt.Sprintf(" or before (%s say nothing)", strings.Join(f.Unknown, ", "))
	default:
		said += " or before (the oldest that was tried)"
	}
	if f.Fixed != "" {
		said += "; " + f.Fixed + " passes again"
	}
	if f.BadAgain != "" {
		said += ", " + f.BadAgain + " does not any more"
	}
	return said
}

// FirstRows are rows of one test whose versions fail first alike, against these subjects in the other roles.
type FirstRows struct {
	result.FirstBad
	Against []string
}

// Firsts puts together the rows that say the same of a platform's versions.
func (m *Matrix) Firsts() []FirstRows {
	at := map[string]int{}
	var out []FirstRows
	for _, f := range m.FirstBad {
		key := strings.Join([]string{f.Test, result.Settings(f.Options), f.Role, string(f.Verdict), RowWords(f)}, "\x00")
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, FirstRows{FirstBad: f})
		}
		out[i].Against = append(out[i].Against, result.Settings(f.Others))
	}
	return out
}

// WasWords tells what a cell was in the older run.
func WasWords(c result.CellChange) string {
	if c.Was == "" {
		return "it was not there"
	}
	said := "it was " + CellWord(c.Was)
	if c.WasValid > 0 {
		said += fmt.Sprintf(" (%d of %d passed)", c.WasPassed, c.WasValid)
	}
	if c.Alike {
		said += "; scenario and packages are the same"
	}
	return said
}
