package experiment

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// MatrixCase is a cell that failed, as a scenario that runs by itself.
type MatrixCase struct {
	ID      string            // of the scenario
	Files   map[string][]byte // of the scenario's folder, by path with slashes
	Run     string            // directory of the cell's run
	Trial   int               // of it, the first that failed
	Control string            // key of the cell that the control is; empty where there is none
}

// NotFailedError says that a cell has nothing that failed to make a case of.
type NotFailedError struct{ Cell result.Cell }

func (e *NotFailedError) Error() string {
	return fmt.Sprintf("%s is %s: there is nothing that failed to make a case of", e.Cell.Key(), e.Cell.Verdict)
}

// CaseOf makes a scenario of a cell that failed. Its symptom is what failed in the first trial that did: the
// opposite of what was expected, the set-up that never came, the process that died, or the test's own
// symptom. Its control is the same test with other images of the same platforms, where that passed in the
// same matrix and differs in nothing else than images, configurations and files. The error of a cell that did
// not fail is a [*NotFailedError].
//
// folder is the matrix's, load reads a cell's scenario.
func CaseOf(m result.Matrix, folder, key string, load func(string) (*scenarios.Loaded, error)) (MatrixCase, error) {
	i := slices.IndexFunc(m.Cells, func(c result.Cell) bool { return c.Key() == key })
	if i < 0 {
		return MatrixCase{}, fmt.Errorf("the matrix has no cell %s", key)
	}
	cell := m.Cells[i]
	if cell.Verdict != result.Fail && cell.Verdict != result.Flaky {
		return MatrixCase{}, &NotFailedError{cell}
	}
	run, ok := runOf(folder, &cell)
	if !ok {
		return MatrixCase{}, fmt.Errorf("the run %q of %s is neither below the matrix's folder nor below that beside it which it was taken over from: nothing else is read", cell.Run, key)
	}
	out := MatrixCase{ID: caseID(m, cell), Run: run, Files: map[string][]byte{}}
	v, err := firstFailure(evidence.Dir{Path: out.Run})
	if err != nil {
		return out, err
	}
	out.Trial = v.Trial
	l, err := load(filepath.Join(folder, filepath.FromSlash(cell.Scenario)))
	if err != nil {
		return out, err
	}
	for _, in := range l.Inputs {
		out.Files[in.Path] = in.Data
	}
	t := turnOf(v)
	t.ID, t.Title, t.Labels, t.Problem = out.ID, caseTitle(m, cell), caseLabels(m, l), caseProblem(m, cell, v)
	if out.Control, t.Control, err = out.control(m, folder, cell, l, load); err != nil {
		return out, err
	}
	out.Files[l.Inputs[0].Path], err = l.Turned(t)
	return out, err
}

// caseLabels are those of the cell, and the suite.
func caseLabels(m result.Matrix, l *scenarios.Loaded) []string {
	labels := slices.Clone(l.Scenario.Labels)
	if !slices.Contains(labels, m.Suite) {
		labels = append(labels, m.Suite)
	}
	return labels
}

// firstFailure is the verdict of the first trial of a run that failed.
func firstFailure(run evidence.Dir) (evidence.TrialVerdict, error) {
	trials, err := run.Trials()
	if err != nil {
		return evidence.TrialVerdict{}, err
	}
	for _, t := range trials {
		v, judged, err := t.Verdict()
		if err != nil {
			return v, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		if judged && CellSaysOf(v) == SaysFailed {
			return v, nil
		}
	}
	return evidence.TrialVerdict{}, fmt.Errorf("%s has no trial that failed: the cell's evidence is not there", run.Path)
}

// turnOf is what a trial failed by.
func turnOf(v evidence.TrialVerdict) (t scenarios.Turn) {
	for _, list := range []string{"baseline[", "stimulus[", "expect["} {
		for _, c := range v.Conditions {
			switch {
			case !strings.HasPrefix(c.Ref, list), list == "stimulus[" && !strings.HasSuffix(c.Ref, ".wait-for"):
			case c.Holds == evidence.False:
				t.Failed = append(t.Failed, c.Ref)
			case c.Holds == evidence.True:
				t.Held = append(t.Held, c.Ref)
			}
		}
		if len(t.Failed) > 0 {
			return t
		}
	}
	for _, f := range v.Failed() {
		if d := (scenarios.Death{Node: f.Node, Process: f.Process}); f.Process != "" && !slices.Contains(t.Died, d) {
			t.Died = append(t.Died, d)
		}
	}
	return t
}

// maxID is the longest id of a scenario.
const maxID = 63

var notOfID = regexp.MustCompile(`[^a-z0-9]+`)

// caseID is an id of the cell's scenario.
func caseID(m result.Matrix, c result.Cell) string {
	words := []string{c.Test}
	for _, role := range m.Roles {
		words = append(words, c.Subjects[role])
	}
	for _, option := range slices.Sorted(maps.Keys(c.Options)) {
		words = append(words, c.Options[option])
	}
	id := strings.Trim(notOfID.ReplaceAllString(strings.ToLower(strings.Join(words, "-")), "-"), "-")
	return strings.TrimRight(id[:min(len(id), maxID)], "-")
}

func caseTitle(m result.Matrix, c result.Cell) string {
	return fmt.Sprintf("Not so: %s (%s)", testOf(m, c.Test).Title, subjectWords(m, c))
}

func testOf(m result.Matrix, id string) result.MatrixTest {
	for _, t := range m.Tests {
		if t.ID == id {
			t.Title = cmp.Or(t.Title, id)
			return t
		}
	}
	return result.MatrixTest{ID: id, Title: id}
}

func subjectWords(m result.Matrix, c result.Cell) string {
	var words []string
	for _, role := range m.Roles {
		words = append(words, role+" "+c.Subjects[role])
	}
	for _, option := range slices.Sorted(maps.Keys(c.Options)) {
		words = append(words, option+" "+c.Options[option])
	}
	return strings.Join(words, ", ")
}

// caseProblem is the scope of the cell's problem.
func caseProblem(m result.Matrix, c result.Cell, v evidence.TrialVerdict) scenarios.Problem {
	test := testOf(m, c.Test)
	p := scenarios.Problem{
		What: result.OneReason(v.Reason), When: fmt.Sprintf("with %s, in the matrix %s", subjectWords(m, c), m.ID),
		How: fmt.Sprintf("%d of %d trials failed", c.Valid-c.Passed, c.Valid), Expected: test.Title,
	}
	if len(m.Roles) > 0 {
		p.Product.Platform, p.Product.Version, _ = strings.Cut(c.Subjects[m.Roles[0]], "@")
	}
	for _, r := range m.Requirements {
		if slices.Contains(test.Requirements, r.ID) {
			p.References = append(p.References, fmt.Sprintf("%s section %s (%s): %s", r.Document, r.Section, r.Level, r.Text))
		}
	}
	if d := c.Known(); d != nil {
		p.References = append(p.References, strings.Trim(d.Reference+": "+d.Reason, ": "))
	}
	return p
}

// control finds the cell that passed and differs least, and what a control has to set to be it. Files that it
// takes beside are added.
func (c *MatrixCase) control(m result.Matrix, folder string, cell result.Cell, l *scenarios.Loaded, load func(string) (*scenarios.Loaded, error)) (string, *scenarios.Control, error) {
	platform := map[string]string{}
	for _, s := range m.Subjects {
		platform[s.Name] = s.Platform
	}
	var able []result.Cell
	for _, other := range m.Cells {
		passes := other.Verdict == result.Pass || other.Verdict == result.PassWithNote
		alike := other.Test == cell.Test && maps.Equal(other.Options, cell.Options) && maps.EqualFunc(other.Subjects, cell.Subjects, func(a, b string) bool { return platform[a] == platform[b] })
		if passes && alike && other.Scenario != "" {
			able = append(able, other)
		}
	}
	slices.SortStableFunc(able, func(a, b result.Cell) int { return cmp.Compare(apart(a, cell), apart(b, cell)) })
	for _, other := range able {
		with, err := load(filepath.Join(folder, filepath.FromSlash(other.Scenario)))
		if err != nil {
			return "", nil, err
		}
		if set, files, ok := settingsBetween(l, with); ok && len(set) > 0 {
			maps.Copy(c.Files, files)
			return other.Key(), &scenarios.Control{Set: set}, nil
		}
	}
	return "", nil, nil
}

// apart counts the roles in which two cells have other subjects.
func apart(a, b result.Cell) (n int) {
	for role, subject := range a.Subjects {
		if b.Subjects[role] != subject {
			n++
		}
	}
	return n
}

// settingsBetween are the values that make one scenario another, and the files that these name; ok is false
// where it takes more than images, configurations and files of nodes.
func settingsBetween(from, to *scenarios.Loaded) (set map[string]string, files map[string][]byte, ok bool) {
	if !reflect.DeepEqual(bare(from), bare(to)) {
		return nil, nil, false
	}
	set, files = map[string]string{}, map[string][]byte{}
	text := func(key, a, b string) bool {
		was, err1 := from.Text(a)
		is, err2 := to.Text(b)
		if a == "" && b == "" || err1 == nil && err2 == nil && bytes.Equal(was, is) {
			return true
		}
		if err1 != nil || err2 != nil {
			return false
		}
		name := path.Join("control", strings.ReplaceAll(strings.ReplaceAll(key, "/", "-"), ".", "-"))
		set[key], files[name] = name, is
		return true
	}
	for _, node := range from.Topology.Names() {
		a, b := from.Scenario.Nodes[node], to.Scenario.Nodes[node]
		if is := to.ImageOf(node); from.ImageOf(node) != is {
			set[node+".image"] = is
		}
		ok := text(node+".config", from.ConfigOf(node), to.ConfigOf(node)) && len(a.Files) == len(b.Files)
		for file := range a.Files {
			ok = ok && text(node+".files."+file, a.Files[file], b.Files[file])
		}
		if !ok {
			return nil, nil, false
		}
	}
	return set, files, true
}

// bare is a scenario without what tells it from another version's: names, images, configurations and files.
func bare(l *scenarios.Loaded) any {
	s := l.Scenario
	s.ID, s.Title, s.Labels, s.Problem, s.Topology = "", "", nil, scenarios.Problem{}, scenarios.TopologyRef{}
	s.Nodes = maps.Clone(s.Nodes)
	for name, n := range s.Nodes {
		n.Image, n.Config, n.Files = "", "", nil
		s.Nodes[name] = n
	}
	t := l.Topology.Clone()
	t.Name, t.Dir = "", ""
	for i := range t.Nodes {
		t.Nodes[i].Image, t.Nodes[i].StartupConfig = "", ""
	}
	return struct {
		scenarios.Scenario
		topologies.Topology
	}{s, t}
}
