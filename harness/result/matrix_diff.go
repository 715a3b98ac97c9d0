package result

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/stats"
)

// MatrixDiff is what changed between two runs of a suite. Cells are matched by their keys. A cell that says
// nothing on one side is neither newly failing nor fixed.
type MatrixDiff struct {
	Suite        string `json:"suite"`
	Old          string `json:"old"` // ids of the runs
	New          string `json:"new"`
	SuiteChanged bool   `json:"suite-changed,omitempty"` // its files are not the same
	// Unheld tells, run by run, what of its cells could not be held against what was recorded of them.
	Unheld []string `json:"unheld,omitempty"`

	NewlyFailing   []CellChange `json:"newly-failing,omitempty"`    // fails, and did not always
	Fixed          []CellChange `json:"fixed,omitempty"`            // passes, and failed, by more than chance
	BecameFlaky    []CellChange `json:"became-flaky,omitempty"`     // fails now and then
	NoLongerFlaky  []CellChange `json:"no-longer-flaky,omitempty"`  // passes, and failed now and then, by more than chance
	MayBeChance    []CellChange `json:"may-be-chance,omitempty"`    // passes, and did not always: too few trials tell the two apart, or nothing was changed
	NewlyTested    []CellChange `json:"newly-tested,omitempty"`     // says something, and did not or was not there
	UnknownNow     []CellChange `json:"unknown-now,omitempty"`      // inconclusive or blocked, and said something
	NoLongerTested []CellChange `json:"no-longer-tested,omitempty"` // not tested, not applicable or gone, and said something

	Unchanged  map[CellVerdict]int `json:"unchanged"`           // cells that say what they said, a pass with or without a note
	Silent     int                 `json:"silent"`              // cells that say nothing on both sides
	Comparable int                 `json:"comparable"`          // cells that say something on both sides
	FirstBad   []FirstBad          `json:"first-bad,omitempty"` // of the rows that have a newly failing or flaky cell
}

// CellChange is a cell on both sides.
type CellChange struct {
	Key       string      `json:"key"`
	Was       CellVerdict `json:"was,omitempty"` // absent: there was no such cell
	Is        CellVerdict `json:"is,omitempty"`  // absent: there is none any more
	WasPassed int         `json:"was-passed"`
	WasValid  int         `json:"was-valid"`
	Passed    int         `json:"passed"`
	Valid     int         `json:"valid"`
	Reason    string      `json:"reason,omitempty"` // of what it is now; of what it was, where it is gone
	// Alike says that scenario and packages are the same on both sides: what changed is chance, the machine, or
	// this program.
	Alike     bool   `json:"alike,omitempty"`
	Deviation string `json:"deviation,omitempty"` // its id, where it is known
}

// Changes are the kinds of change with their names, what needs attention first.
func (d *MatrixDiff) Changes() []Changes {
	return []Changes{
		{"newly failing", d.NewlyFailing},
		{"became flaky", d.BecameFlaky},
		{"unknown now", d.UnknownNow},
		{"no longer tested", d.NoLongerTested},
		{"fixed", d.Fixed},
		{"no longer flaky", d.NoLongerFlaky},
		{"passes now, may be chance", d.MayBeChance},
		{"newly tested", d.NewlyTested},
	}
}

// Changes are the cells of one kind of change.
type Changes struct {
	Name  string
	Cells []CellChange
}

// Same is how many cells say what they said.
func (d *MatrixDiff) Same() int {
	n := 0
	for _, k := range d.Unchanged {
		n += k
	}
	return n
}

// DiffMatrices compares two runs of a suite, of which m is the newer. Runs of two suites cannot be compared.
func DiffMatrices(old, m *Matrix) (*MatrixDiff, error) {
	if old.Suite != m.Suite {
		return nil, fmt.Errorf("%s is of the suite %s and %s of %s: only runs of one suite have the same cells", old.ID, short(old.Suite), m.ID, short(m.Suite))
	}
	d := &MatrixDiff{Suite: m.Suite, Old: old.ID, New: m.ID, SuiteChanged: old.Digest != m.Digest, Unchanged: map[CellVerdict]int{}}
	for _, side := range []*Matrix{old, m} {
		if side.Unheld != "" {
			d.Unheld = append(d.Unheld, side.ID+": "+side.Unheld)
		}
	}
	was := make(map[string]*Cell, len(old.Cells))
	for i := range old.Cells {
		was[old.Cells[i].Key()] = &old.Cells[i]
	}
	for i := range m.Cells {
		key := m.Cells[i].Key()
		d.add(key, was[key], &m.Cells[i])
		delete(was, key)
	}
	for i := range old.Cells {
		if c := &old.Cells[i]; was[c.Key()] == c {
			d.add(c.Key(), c, nil)
		}
	}
	// What fails comes first.
	slices.SortStableFunc(d.NewlyTested, func(a, b CellChange) int { return worth(a.Is) - worth(b.Is) })
	return d, nil
}

func worth(v CellVerdict) int {
	return slices.Index([]CellVerdict{Fail, Flaky, PassWithNote, Pass}, v)
}

// mayBeChance reports whether a cell that passes now may have been like this before: scenario and packages are the
// same, or the 95 % intervals of passing (Wilson 1927) of the two sides have something in common.
func (c CellChange) mayBeChance() bool {
	was, is := stats.Wilson(c.WasPassed, c.WasValid), stats.Wilson(c.Passed, c.Valid)
	return c.Alike || is[0] <= was[1]
}

// add puts a cell where it belongs; was or is is nil where there is none.
func (d *MatrixDiff) add(key string, was, is *Cell) {
	c := CellChange{Key: key}
	if was != nil {
		c.Was, c.WasPassed, c.WasValid, c.Reason = was.Verdict, was.Passed, was.Valid, was.Reason
	}
	if is != nil {
		c.Is, c.Passed, c.Valid, c.Reason = is.Verdict, is.Passed, is.Valid, is.Reason
		if known := is.Known(); known != nil {
			c.Deviation = known.ID
		}
	}
	c.Alike = was != nil && is != nil && was.Digest != "" && was.Digest == is.Digest
	said, says := c.Was.Decided(), c.Is.Decided()
	if said && says {
		d.Comparable++
	}
	switch {
	case !said && !says:
		d.Silent++
	case !said:
		d.NewlyTested = append(d.NewlyTested, c)
	case c.Is == CellUnknown || c.Is == Blocked:
		d.UnknownNow = append(d.UnknownNow, c)
	case !says:
		d.NoLongerTested = append(d.NoLongerTested, c)
	case c.Is == c.Was || c.Is.Good() && c.Was.Good():
		d.Unchanged[c.Is]++
	case c.Is == Fail:
		d.NewlyFailing = append(d.NewlyFailing, c)
	case c.Is == Flaky:
		d.BecameFlaky = append(d.BecameFlaky, c)
	case c.mayBeChance():
		d.MayBeChance = append(d.MayBeChance, c)
	case c.Was == Fail:
		d.Fixed = append(d.Fixed, c)
	default:
		d.NoLongerFlaky = append(d.NoLongerFlaky, c)
	}
}
