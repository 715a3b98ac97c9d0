package result

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// held holds the cells of a matrix against what was written of them while they were tried: the last line of the matrix's
// ledger that tells of a cell, and the ledger of the cell's run, whose sum that line has. No record is read for that: who
// looks at a run holds its ledger against them.
type held struct {
	root    *os.Root
	told    map[string]CellEntry // by key and digest, the last that decided the cell
	without int                  // cells whose runs do not lie beside
}

// hold has a cell that is stored otherwise than it was decided count for nothing, and says in [Matrix.Unheld] what cannot be
// held against anything. An error is one of the ledger.
func (m *Matrix) hold(root *os.Root) error {
	m.Unheld = ""
	entries, there, err := matrixEntries(root)
	if err != nil {
		return err
	}
	if !there {
		if slices.ContainsFunc(m.Cells, func(c Cell) bool { return c.Valid > 0 }) {
			m.Unheld = "no ledger lies beside " + MatrixFile + ": its cells are told as they are stored, and nothing shows whether they were decided so"
		}
		return nil
	}
	h := &held{root: root, told: map[string]CellEntry{}}
	for _, e := range entries {
		if e.Cell.Verdict != NotTested {
			h.told[e.Cell.Key()+" "+e.Cell.Digest] = e
		}
	}
	for i := range m.Cells {
		if err := h.check(&m.Cells[i]); err != nil {
			m.Cells[i].dispute(err)
		}
	}
	if h.without > 0 {
		m.Unheld = fmt.Sprintf("the trials of %d of %d cells do not lie beside %s: these are told as its ledger has them", h.without, len(m.Cells), MatrixFile)
	}
	return nil
}

// matrixEntries reads the ledger of a matrix within its folder; there is false where it has none.
func matrixEntries(root *os.Root) (entries []CellEntry, there bool, err error) {
	name := filepath.Base(MatrixLedger(""))
	data, err := plain.ReadBy(root.OpenFile, name, plain.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	entries, err = evidence.ParseChained(name, data, func(e CellEntry) string { return e.Prev })
	return entries, true, err
}

// dispute takes a cell's verdict away, for what is stored of it does not agree with what was recorded.
func (c *Cell) dispute(why error) {
	c.Reason = fmt.Sprintf("it is stored as %s, which does not agree with its record, so that it counts for nothing: %v", c.Verdict, why)
	c.Verdict, c.Passed, c.Valid, c.Wilson, c.BlockedBy, c.Deviation, c.Decisive = CellUnknown, 0, 0, [2]float64{}, "", nil, nil
}

// check tells how a cell is stored otherwise than it was decided.
func (h *held) check(c *Cell) error {
	e, told := h.told[c.Key()+" "+c.Digest]
	switch {
	case c.From != "": // the ledger of the matrix that it is from tells of it
		return h.trials(c, "")
	case told:
		if err := c.as(e.Cell); err != nil {
			return err
		}
		return h.trials(c, e.Ledger)
	case c.Verdict != NotTested && (c.Valid > 0 || c.Trials > 0 || c.Run != ""):
		return errors.New("no line of the matrix's ledger tells of it")
	default:
		return nil
	}
}

// as tells in what a cell is not as its line of the ledger has it.
func (c *Cell) as(line Cell) error {
	switch {
	case c.Verdict != line.Verdict || c.Passed != line.Passed || c.Valid != line.Valid || c.Trials != line.Trials:
		return fmt.Errorf("the ledger has it as %s with %d of %d passed, in %d trials", line.Verdict, line.Passed, line.Valid, line.Trials)
	case c.Reason != line.Reason:
		return fmt.Errorf("the ledger has another reason: %s", short(line.Reason))
	case c.Run != line.Run:
		return fmt.Errorf("the ledger has another run: %s", short(line.Run))
	case c.Deviation != nil && (line.Deviation == nil || !c.Deviation.same(*line.Deviation)):
		return fmt.Errorf("it is told as known by %s, and the ledger does not have that of it", short(c.Deviation.ID))
	default:
		return nil
	}
}

// same compares deviations as they are written.
func (d Deviation) same(e Deviation) bool {
	alike := d.Expires.Equal(e.Expires)
	d.Expires = e.Expires
	return alike && d == e
}

// trials holds a cell's numbers against the ledger of its run, of which sum is the SHA-256; empty where nobody has it.
func (h *held) trials(c *Cell, sum string) error {
	if c.Run == "" || c.Trials == 0 {
		return nil
	}
	root, run := h.root, c.Run
	if rest, ok := c.TakenOver(); ok {
		beside, err := os.OpenRoot(filepath.Join(h.root.Name(), "..", c.From))
		if err != nil {
			h.without++
			return nil
		}
		defer beside.Close() //nolint:errcheck // read only
		root, run = beside, rest
	} else if c.From != "" && !filepath.IsLocal(filepath.FromSlash(run)) {
		h.without++
		return nil
	}
	name := filepath.Join(filepath.FromSlash(run), "ledger.ndjson")
	data, err := plain.ReadBy(root.OpenFile, name, plain.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.without++
		return nil
	case err != nil:
		return err
	case sum != "" && evidence.SHA256(data) != sum:
		return fmt.Errorf("%s is not the ledger that its run had when it was decided", filepath.ToSlash(name))
	}
	entries, err := evidence.ParseChained(filepath.ToSlash(name), data, func(e evidence.Entry) string { return e.Prev })
	if err != nil {
		return err
	}
	last := map[int]evidence.Verdict{}
	for _, e := range entries {
		if e.Uncounted == "" {
			last[e.Trial] = e.Verdict
		}
	}
	of := map[evidence.Verdict]int{}
	for _, v := range last {
		of[v]++
	}
	// Of the trials that are inconclusive some say that the test failed: which they are stands in their verdicts.
	failed := c.Valid - c.Passed
	if c.Trials != len(last) || c.Passed != of[evidence.NotReproduced] || failed < of[evidence.Reproduced] || failed > of[evidence.Reproduced]+of[evidence.Inconclusive] {
		return fmt.Errorf("it has %d of %d passed, in %d trials, and its run's ledger tells of %s", c.Passed, c.Valid, c.Trials, countWords(of))
	}
	return nil
}

// countWords tells how many trials came to which verdict.
func countWords(of map[evidence.Verdict]int) string {
	var parts []string
	for _, v := range []evidence.Verdict{evidence.Reproduced, evidence.NotReproduced, evidence.Inconclusive, evidence.NotApplicable} {
		if of[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", of[v], v))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
