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
// meets the suite's reference speaker: what [Matrix] then tries. o names the sides; one that cannot be tried says why.
// The error says that the suite has no such cell, or what cannot be made a scenario.
func OpinionSuite(s *suite.Suite, cell result.Cell, now time.Time) (of MatrixSuite, o result.Opinion, err error) {
	cells, err := s.Cells()
	if err != nil {
		return of, o, err
	}
	i := slices.IndexFunc(cells, func(c suite.Cell) bool { return c.Key() == cell.Key() })
	if i < 0 {
		return of, o, fmt.Errorf("suite %s has no cell %s (any more)", s.ID, cell.Key())
	}
	of.Head = headOf(s)
	o = result.Opinion{Reprise: result.MatrixFormat, Cell: cell, Reference: s.Reference.Name}
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
	return of, o, nil
}

// Opine settles an opinion by what its cells came to, as [Matrix] tried them.
func Opine(o result.Opinion, m result.Matrix) result.Opinion {
	o.Sides = slices.Clone(o.Sides)
	for i := range o.Sides {
		side := &o.Sides[i]
		for k := range m.Cells {
			if m.Cells[k].Subjects[side.Role] == side.Subject && otherOf(m.Cells[k].Subjects, side.Role) == o.Reference {
				side.Cell = &m.Cells[k]
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
