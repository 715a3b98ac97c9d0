package experiment

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios/suite"
)

// OpinionSuite makes, of a cell of a matrix and the suite that it is of, the cells in which each side
// meets the suite's reference speaker, and the cell itself beside them: what [Matrix] then tries. There are none where
// no side can be tried. o names the sides; one that cannot be tried says why. The error says that the suite is another one,
// or has no such cell, or what cannot be made a scenario.
func OpinionSuite(s *suite.Suite, m *result.Matrix, cell result.Cell, now time.Time) (of MatrixSuite, o result.Opinion, err error) {
	if s.ID != m.Suite {
		return of, o, fmt.Errorf("the matrix %s is of the suite %s, and not of %s: give the suite that it was run with", m.ID, m.Suite, s.ID)
	}
	cells, err := s.Cells()
	if err != nil {
		return of, o, err
	}
	i := slices.IndexFunc(cells, func(c suite.Cell) bool { return c.Key() == cell.Key() })
	if i < 0 {
		return of, o, fmt.Errorf("suite %s has no cell %s (any more)", s.ID, cell.Key())
	}
	of.Head = headOf(s)
	o = result.Opinion{Reprise: result.MatrixFormat, Matrix: m.ID, Cell: cell, Reference: s.Reference.Name}
	if s.Digest != m.Digest {
		o.Changed = append(o.Changed, "the suite")
	}
	for _, r := range of.Head.Requirements {
		if slices.Contains(cells[i].Test.Requirements, r.ID) {
			o.Requirements = append(o.Requirements, r)
		}
	}
	for _, r := range s.Roles {
		subject, plays := cells[i].Subjects[r.Name]
		if !plays {
			continue
		}
		side := result.OpinionSide{Role: r.Name, Subject: subject.Name}
		against, err := s.Against(cells[i], r.Name)
		switch unable := (*suite.NoReferenceError)(nil); {
		case errors.As(err, &unable):
			side.Why = unable.Why
		case err != nil:
			return of, o, err
		default:
			of.Cells = append(of.Cells, expandCell(s, against, now))
			if !slices.ContainsFunc(of.Head.Subjects, func(known result.Subject) bool { return known.Name == s.Reference.Name }) {
				of.Head.Subjects = append(of.Head.Subjects, subjectOf(s.Reference))
			}
		}
		o.Sides = append(o.Sides, side)
	}
	if len(of.Cells) > 0 {
		of.Cells = append(of.Cells, expandCell(s, cells[i], now))
	}
	return of, o, nil
}

// Opine settles an opinion on a cell of a matrix by what the cells of the opinion came to, as [Matrix] tried them.
func Opine(o result.Opinion, of *result.Matrix, tried result.Matrix) result.Opinion {
	o.Sides, o.Changed = slices.Clone(o.Sides), slices.Clone(o.Changed)
	for k := range tried.Cells {
		cell := &tried.Cells[k]
		if cell.Key() == o.Cell.Key() {
			o.Again = cell
		}
		for i := range o.Sides {
			side := &o.Sides[i]
			if cell.Subjects[side.Role] == side.Subject && otherOf(cell.Subjects, side.Role) == o.Reference {
				side.Cell = cell
			}
		}
	}
	for _, now := range tried.Subjects {
		for _, was := range of.Subjects {
			if was.Name == now.Name && was.Digest != "" && now.Digest != "" && was.Digest != now.Digest {
				o.Changed = append(o.Changed, "the image of "+now.Name)
			}
		}
	}
	o.Settle()
	return o
}

// otherOf is the subject of the role beside the named one.
func otherOf(subjects map[string]string, role string) string {
	for name, subject := range subjects {
		if name != role {
			return subject
		}
	}
	return ""
}
