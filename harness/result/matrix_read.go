package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// MatrixFile is the file that a matrix's folder is known by.
const MatrixFile = "matrix.json"

// Bounds of a matrix that is read. A file larger than plain.Data is refused before that.
const (
	maxCells  = 200_000
	maxTrials = 1_000_000 // of a cell
	maxFaults = 8         // that an error tells one by one
)

// ReadMatrix reads matrix.json of a folder, which anybody may have written: it is a regular file within
// the folder, of at most plain.Data bytes, and every word and number in it is one that a matrix can have.
// The numbers of cells are counted, and not believed. A matrix that was broken off is read as what it is
// so far: cells that its ledger has beyond matrix.json are those of the ledger. Cells are held against that ledger, and against
// those of their runs: one that is stored otherwise is inconclusive. What cannot be held so is told in [Matrix.Unheld].
func ReadMatrix(dir string) (*Matrix, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open matrix: %w", err)
	}
	defer root.Close() //nolint:errcheck // read only
	return readMatrix(root, dir)
}

// readMatrix is ReadMatrix of a folder that is open; dir is its name, for errors.
func readMatrix(root *os.Root, dir string) (*Matrix, error) {
	file := filepath.Join(dir, MatrixFile)
	data, err := plain.ReadBy(root.OpenFile, MatrixFile, plain.Data)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is not there: name the folder that matrix run made", file)
	} else if err != nil {
		return nil, fmt.Errorf("read matrix in %s: %w", dir, err)
	}
	m := &Matrix{}
	if err := json.Unmarshal(data, m); err != nil {
		if end := (*json.SyntaxError)(nil); errors.As(err, &end) && end.Offset >= int64(len(data)) {
			return nil, fmt.Errorf("read %s: it ends in the middle, after %d bytes: %w", file, len(data), err)
		}
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if m.Ended.IsZero() {
		if err := m.catchUp(root); err != nil {
			return nil, fmt.Errorf("read matrix in %s: %w", dir, err)
		}
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := m.hold(root); err != nil {
		return nil, fmt.Errorf("read matrix in %s: %w", dir, err)
	}
	m.Counts = m.Count()
	return m, nil
}

// catchUp takes cells that were decided after matrix.json was written from the ledger: what was killed left them there.
func (m *Matrix) catchUp(root *os.Root) error {
	entries, _, err := matrixEntries(root)
	if err != nil {
		return err
	}
	at := make(map[string]*Cell, len(m.Cells))
	for i := range m.Cells {
		at[m.Cells[i].Key()] = &m.Cells[i]
	}
	for i := range entries {
		now := entries[i].Cell
		c := at[now.Key()]
		if c == nil || c.Verdict != NotTested || c.Digest != now.Digest || now.Verdict == NotTested {
			continue
		}
		*c = now
	}
	return nil
}

// faults are what is wrong with a matrix.
type faults struct {
	list []error
	more int
}

func (f *faults) add(format string, args ...any) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	f.list = append(f.list, fmt.Errorf(format, args...))
}

func (f *faults) err() error {
	if f.more > 0 {
		return errors.Join(append(f.list, fmt.Errorf("and %d more", f.more))...)
	}
	return errors.Join(f.list...)
}

// Check tells what no matrix can have: an unknown word, a number that contradicts another, a test or a
// subject that is not among those named, a path out of the folder, two cells of one name.
func (m *Matrix) Check() error {
	f := &faults{}
	switch {
	case m.Reprise != MatrixFormat:
		return fmt.Errorf("it says %q, want %q", short(m.Reprise), MatrixFormat)
	case m.ID == "" || m.Suite == "":
		return errors.New("it has no id or no suite")
	case len(m.Roles) == 0:
		return errors.New("it names no roles")
	case len(m.Cells) > maxCells:
		return fmt.Errorf("it has %d cells, more than the %d that are read", len(m.Cells), maxCells)
	case m.Labs < 0 || m.Repeats < 0 || m.Took < 0:
		f.add("labs, repeats and took cannot be negative")
	}
	subjects, tests := map[string]bool{}, map[string]bool{}
	for i, s := range m.Subjects {
		if s.Name == "" || subjects[s.Name] {
			f.add("subjects[%d]: the name %q is empty or is there twice", i, short(s.Name))
		}
		subjects[s.Name] = true
	}
	for i, t := range m.Tests {
		if t.ID == "" || tests[t.ID] {
			f.add("tests[%d]: the id %q is empty or is there twice", i, short(t.ID))
		}
		tests[t.ID] = true
	}
	keys := make(map[string]int, len(m.Cells))
	for i := range m.Cells {
		c := &m.Cells[i]
		if err := c.check(m.Roles, subjects, tests); err != nil {
			f.add("cells[%d]: %w", i, err)
			continue
		}
		key := c.Key()
		if at, twice := keys[key]; twice {
			f.add("cells[%d]: %s is cells[%d] already", i, short(key), at)
		}
		keys[key] = i
	}
	return f.err()
}

func (c *Cell) check(roles []string, subjects, tests map[string]bool) error {
	if !tests[c.Test] {
		return fmt.Errorf("no test has the id %q", short(c.Test))
	}
	for r, s := range c.Subjects { // of the roles that take part in the test
		switch {
		case !slices.Contains(roles, r):
			return fmt.Errorf("it has a subject for the role %s, and the roles are %s", short(r), strings.Join(roles, ", "))
		case !subjects[s]:
			return fmt.Errorf("the role %s has %q, which is no subject of the matrix", short(r), short(s))
		}
	}
	if !slices.Contains(CellVerdicts(), c.Verdict) {
		return fmt.Errorf("the verdict %q is none of %s", short(string(c.Verdict)), verdictList())
	}
	if c.Passed < 0 || c.Valid < c.Passed || c.Trials < c.Valid || c.Trials > maxTrials || c.Took < 0 {
		return fmt.Errorf("passed %d of valid %d of trials %d, and took %d: these are no counts", c.Passed, c.Valid, c.Trials, c.Took)
	}
	if !c.counts() {
		return fmt.Errorf("%s cannot be said of %d passed of %d valid trials", c.Verdict, c.Passed, c.Valid)
	}
	if w := c.Wilson; w[0] < 0 || w[1] < w[0] || w[1] > 1 {
		return fmt.Errorf("the interval %v is none of a proportion", w)
	}
	if c.Deviation != nil {
		if err := c.Deviation.check(); err != nil {
			return fmt.Errorf("deviation %q: %w", short(c.Deviation.ID), err)
		}
	}
	run := c.Run
	if rest, ok := c.TakenOver(); ok {
		run = rest
	} else if c.From != "" {
		run = "" // of a matrix that lies elsewhere: it is named, and nobody goes there
	}
	paths := []string{run, c.Scenario}
	for _, d := range c.Decisive {
		if d.Frame < 1 {
			return fmt.Errorf("the decisive frame %d is none: they count from 1", d.Frame)
		}
		paths = append(paths, d.Capture)
	}
	for _, p := range paths {
		if p != "" && (!filepath.IsLocal(p) || strings.ContainsAny(p, "\\\x00")) {
			return fmt.Errorf("the path %q leads out of its folder", short(p))
		}
	}
	return nil
}

// TakenOver gives the run directory of a cell that was taken over, below the folder of its matrix, where that is
// beside this one's.
func (c *Cell) TakenOver() (run string, ok bool) {
	if c.From == "" || c.From == "." || c.From == ".." || filepath.Base(c.From) != c.From {
		return "", false
	}
	return strings.CutPrefix(c.Run, "../"+c.From+"/")
}

// counts tells whether the verdict is one of the numbers of trials.
func (c *Cell) counts() bool {
	switch c.Verdict {
	case Pass, PassWithNote:
		return c.Valid > 0 && c.Passed == c.Valid
	case Fail:
		return c.Valid > 0 && c.Passed == 0
	case Flaky:
		return c.Passed > 0 && c.Passed < c.Valid
	case CellUnknown, NotApplicable, NotTested, Blocked:
		return true
	}
	return false
}

// DeviationKinds are the words for why a deviation is there.
func DeviationKinds() []string { return []string{"bug", "unsupported", "ours", "specification"} }

func (d *Deviation) check() error {
	if d.Expect != "" && !slices.Contains(CellVerdicts(), d.Expect) {
		return fmt.Errorf("it expects %q, which is none of %s", short(string(d.Expect)), verdictList())
	}
	if d.Kind != "" && !slices.Contains(DeviationKinds(), d.Kind) {
		return fmt.Errorf("the kind %q is none of %s", short(d.Kind), strings.Join(DeviationKinds(), ", "))
	}
	return nil
}

func verdictList() string {
	words := make([]string, 0, len(CellVerdicts()))
	for _, v := range CellVerdicts() {
		words = append(words, string(v))
	}
	return strings.Join(words, ", ")
}

// short is what an error says of somebody's text.
func short(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
