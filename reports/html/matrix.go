package html

import (
	"bytes"
	_ "embed" // the page's parts
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports"
)

//go:embed matrix.tmpl
var matrixPage string

//go:embed matrix.css
var matrixStyle string

//go:embed matrix.js
var matrixScript string

// maxMatrixRows bounds the tables beside the cells; what is left out is said.
const maxMatrixRows = 200

// Matrix renders a matrix as one page: its cells can be sorted and filtered, and each tells what decided it.
func Matrix(w io.Writer, m *reports.Matrix) error {
	t, err := template.New("matrix").Funcs(functions()).Funcs(matrixFunctions()).Parse(matrixPage)
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	v := &matrixView{
		Matrix: m, Max: maxMatrixRows, Data: newMatrixData(m),
		Style: template.CSS(style + matrixStyle), Script: template.JS(matrixScript), //nolint:gosec // files of ours
	}
	policy := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; form-action 'none'", hash(string(v.Style)), hash(matrixScript))
	v.Policy = template.HTMLAttr(`content="` + policy + `"`) //nolint:gosec // made of constants
	v.Covered, v.Uncovered = m.Coverage()
	v.First = m.Firsts()
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return fmt.Errorf("fill page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// matrixView is what the page shows, beside the matrix itself.
type matrixView struct {
	*reports.Matrix
	Policy             template.HTMLAttr
	Style              template.CSS
	Script             template.JS
	Data               *matrixData
	Covered, Uncovered []reports.Coverage
	First              []reports.FirstRows
	Max                int
}

func matrixFunctions() template.FuncMap {
	return template.FuncMap{
		"cellWord": reports.CellWord,
		"sign":     reports.CellSign,
		"counts":   reports.CountWords,
		"row":      reports.RowWords,
		"settings": result.Settings,
		"was":      reports.WasWords,
		"sentence": reports.Sentence,
		"first":    func(n int, list []string) []string { return list[:min(n, len(list))] },
		"inc":      func(i int) int { return i + 1 },
		"more":     func(all, shown int) int { return max(0, all-shown) },
		"rank":     func(v result.CellVerdict) string { return "c-" + string(v) },
		"bad":      func(v result.CellVerdict) bool { return v.Bad() },
	}
}

// matrixData is what the script of the page reads. Its keys are short: there are many cells.
type matrixData struct {
	Roles      []string           `json:"roles"`
	Verdicts   []verdictData      `json:"verdicts"`
	Subjects   []string           `json:"subjects"`
	Tests      []testData         `json:"tests"`
	Deviations []result.Deviation `json:"deviations"`
	Changes    []string           `json:"changes"` // names of kinds of change since the older run
	Matrix     string             `json:"matrix"`  // the command's words before the key of a cell
	Cells      []cellData         `json:"cells"`
}

type verdictData struct {
	Word string `json:"word"` // on the wire
	Name string `json:"name"`
	Sign string `json:"sign"`
}

type testData struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Area  string `json:"area"`
}

type cellData struct {
	Key       string      `json:"k"`
	Test      int         `json:"t"`
	Subjects  []int       `json:"s"` // by role; -1 where the role takes no part
	Options   string      `json:"o,omitempty"`
	Verdict   int         `json:"v"`
	Reason    string      `json:"r,omitempty"`
	Passed    int         `json:"p"`
	Valid     int         `json:"n"`
	Trials    int         `json:"a"`
	Wilson    *[2]float64 `json:"w,omitempty"` // in per cent
	Deviation int         `json:"d,omitempty"` // place in the list, from 1
	Change    int         `json:"x,omitempty"` // the same
	Was       string      `json:"y,omitempty"`
	Problem   int         `json:"m,omitempty"`
	Run       string      `json:"u,omitempty"` // run directory
	Page      string      `json:"h,omitempty"` // address of its report
	States    string      `json:"z,omitempty"` // address of both ends' states
	Scenario  string      `json:"c,omitempty"`
	From      string      `json:"g,omitempty"`
	Took      string      `json:"e,omitempty"`
	Frames    []frameData `json:"f,omitempty"`
	Opinion   *opinion    `json:"q,omitempty"`
}

// opinion is what a third speaker says of a cell.
type opinion struct {
	Judgement string      `json:"j"`
	Says      string      `json:"s"`
	Tried     []triedData `json:"t,omitempty"`
	Asked     []askedData `json:"a,omitempty"`
}

type triedData struct {
	Who     string `json:"w"`
	Verdict int    `json:"v"` // -1: it was not tried
	Share   string `json:"n,omitempty"`
	Why     string `json:"r,omitempty"`
	Page    string `json:"h,omitempty"` // address of its report
}

type askedData struct {
	Where string `json:"w"`
	Text  string `json:"t"`
}

type frameData struct {
	Refuses bool         `json:"x,omitempty"`
	Words   string       `json:"w"`
	Where   string       `json:"c"`
	Page    string       `json:"h,omitempty"`
	Summary string       `json:"s,omitempty"`
	Rows    [][]bitsData `json:"b,omitempty"`
}

type bitsData struct {
	Bits  int    `json:"b"`
	Name  string `json:"n,omitempty"`
	Value string `json:"v,omitempty"`
	More  bool   `json:"m,omitempty"`
}

// Bounds of what the page holds of a cell.
const (
	maxReason     = 600 // characters
	maxCellFrames = 8
)

func newMatrixData(m *reports.Matrix) *matrixData {
	d := &matrixData{
		Roles: m.Roles, Subjects: []string{}, Tests: []testData{}, Cells: make([]cellData, 0, len(m.Cells)),
		Matrix: strings.TrimSuffix(result.FromCell(m.Folder, ""), " ''"),
	}
	verdicts, subjects, tests, deviations := map[result.CellVerdict]int{}, map[string]int{}, map[string]int{}, map[result.Deviation]int{}
	for i, v := range result.CellVerdicts() {
		verdicts[v] = i
		d.Verdicts = append(d.Verdicts, verdictData{string(v), reports.CellWord(v), reports.CellSign(v)})
	}
	for i, s := range m.Subjects {
		subjects[s.Name] = i
		d.Subjects = append(d.Subjects, s.Name)
	}
	for i, t := range m.Tests {
		tests[t.ID] = i
		d.Tests = append(d.Tests, testData{t.ID, t.Title, t.Area})
	}
	problems := map[string]int{}
	for i, p := range m.Problems {
		for _, key := range p.Cells {
			problems[key] = i + 1
		}
	}
	changes := map[string]int{}
	was := map[string]string{}
	if m.Diff != nil {
		for i, kind := range m.Diff.Changes() {
			d.Changes = append(d.Changes, kind.Name)
			for _, c := range kind.Cells {
				changes[c.Key], was[c.Key] = i+1, reports.WasWords(c)
			}
		}
	}
	opinions := map[string]*result.KeptOpinion{}
	for i := range m.Opinions {
		opinions[m.Opinions[i].Cell.Key()] = &m.Opinions[i]
	}
	for i := range m.Cells {
		c := &m.Cells[i]
		one := cellData{
			Key: c.Key(), Test: tests[c.Test], Options: result.Settings(c.Options), Verdict: verdicts[c.Verdict], Reason: clip(reports.CellReason(c), maxReason),
			Passed: c.Passed, Valid: c.Valid, Trials: c.Trials, Run: c.Run, Scenario: c.Scenario, From: c.From,
		}
		one.Problem, one.Change, one.Was = problems[one.Key], changes[one.Key], was[one.Key]
		for _, r := range m.Roles {
			at, ok := subjects[c.Subjects[r]]
			if !ok {
				at = -1
			}
			one.Subjects = append(one.Subjects, at)
		}
		if c.Valid > 0 {
			one.Wilson = &[2]float64{math.Round(1000*c.Wilson[0]) / 10, math.Round(1000*c.Wilson[1]) / 10}
		}
		if c.Took > 0 {
			one.Took = reports.Span(c.Took)
		}
		if known := c.Known(); known != nil {
			if deviations[*known] == 0 {
				d.Deviations = append(d.Deviations, *known)
				deviations[*known] = len(d.Deviations)
			}
			one.Deviation = deviations[*known]
		}
		evidenceOf(&one, m, c)
		if o := opinions[one.Key]; o != nil {
			one.Opinion = opinionOf(m, o, verdicts)
		}
		d.Cells = append(d.Cells, one)
	}
	return d
}

// opinionOf is what a third speaker says of a cell: what each side came to with it, and the cell itself beside them.
func opinionOf(m *reports.Matrix, o *result.KeptOpinion, verdicts map[result.CellVerdict]int) *opinion {
	out := &opinion{Judgement: reports.JudgementWords(o), Says: clip(o.Says, maxReason)}
	tried := func(who, why string, c *result.Cell) {
		t := triedData{Who: who, Verdict: -1, Why: clip(why, maxReason)}
		if c != nil {
			t.Verdict, t.Why = verdicts[c.Verdict], clip(reports.CellReason(c), maxReason)
			if c.Valid > 0 {
				t.Share = fmt.Sprintf("%d of %d", c.Passed, c.Valid)
			}
			if run := path.Join(o.Dir, c.Run); m.Pages[run] {
				t.Page = (&url.URL{Path: m.Base + path.Join(run, reports.RunPage)}).String()
			}
		}
		out.Tried = append(out.Tried, t)
	}
	for _, s := range o.Sides {
		who := s.Subject + " as " + s.Role
		if o.Reference != "" { // a suite may have none
			who += ", with " + o.Reference
		}
		tried(who, s.Why, s.Cell)
	}
	if o.Again != nil {
		tried("the cell itself, once more", "", o.Again)
	}
	for _, r := range o.Requirements {
		out.Asked = append(out.Asked, askedData{strings.TrimSpace(r.Document + " section " + r.Section + ", " + r.Level), clip(r.Text, maxReason)})
	}
	return out
}

// evidenceOf says where a cell's run, its states and its frames are shown. A frame that no look of the run shows,
// and states of a trial that is not shown in full, are looked for in their trial, or among all.
func evidenceOf(one *cellData, m *reports.Matrix, c *result.Cell) {
	page := func(anchor string) string {
		if !m.Pages[c.Run] {
			return ""
		}
		return (&url.URL{Path: m.Base + path.Join(c.Run, reports.RunPage), Fragment: anchor}).String()
	}
	one.Page = page("")
	trial := 1
	for i, f := range c.Decisive {
		if i == maxCellFrames {
			break
		}
		n := trialOf(f.Capture)
		if i == 0 && n > 0 {
			trial = n
		}
		data := frameData{Refuses: f.Complains, Words: clip(f.Words, maxReason), Where: fmt.Sprintf("frame %d of %s", f.Frame, f.Capture)}
		if n > 0 {
			data.Page = page(m.Place(c.Run, reports.FrameAnchor(n, f.Capture, f.Frame), fmt.Sprintf("trial-%d", n), allTrials))
		}
		if f.Seen != nil {
			data.Summary = clip(f.Seen.Summary, maxReason)
			for _, row := range packet(f.Seen.Layout) {
				var cells []bitsData
				for _, b := range row {
					cells = append(cells, bitsData{b.Bits, b.Name, b.Value, b.More})
				}
				data.Rows = append(data.Rows, cells)
			}
		}
		one.Frames = append(one.Frames, data)
	}
	one.States = page(m.Place(c.Run, fmt.Sprintf("states-%d", trial), fmt.Sprintf("trial-%d", trial), allTrials))
}

// allTrials is the place of a run's report that lists its trials.
const allTrials = "trials"

// trialOf is the number of the trial that a capture's path is in; 0 where it is in none.
func trialOf(capture string) int {
	rest, ok := strings.CutPrefix(capture, "trials/")
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return 0
	}
	return n
}
