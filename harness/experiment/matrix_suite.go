package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios/suite"
)

// ExpandSuite makes the cells of a suite, with what is known of each on a day. The error says, with their
// places, what cannot be made a scenario.
func ExpandSuite(s *suite.Suite, now time.Time) (MatrixSuite, error) {
	cells, err := s.Cells()
	if err != nil {
		return MatrixSuite{}, err
	}
	out := MatrixSuite{Head: headOf(s)}
	for _, c := range cells {
		out.Cells = append(out.Cells, expandCell(s, c, now))
	}
	return out, nil
}

// expandCell makes a cell of a suite one of a matrix, with what is known of it on a day.
func expandCell(s *suite.Suite, c suite.Cell, now time.Time) MatrixCell {
	m := MatrixCell{
		Cell:   result.Cell{Test: c.Test.ID, Subjects: map[string]string{}, Options: c.Options},
		Weight: c.Weight, NotApplicable: c.NotApplicable, Notes: c.Notes, Files: c.Files,
	}
	for role, subject := range c.Subjects {
		m.Cell.Subjects[role] = subject.Name
	}
	for _, d := range s.Deviations {
		switch covers := d.Covers(c); {
		case !covers:
		case !d.Expiry().IsZero() && !now.Before(d.Expiry()):
			m.Outdated = fmt.Sprintf("the deviation %s was believed until %s", d.ID, d.Expires)
		default:
			m.Deviations = append(m.Deviations, deviationOf(d))
		}
	}
	m.Cell.Deviation = m.knownOf("")
	return m
}

// knownOf is what is known of a cell that came to something for a reason: the first deviation that says what the reason
// does, else the first.
func (c *MatrixCell) knownOf(reason string) *result.Deviation {
	if len(c.Deviations) == 0 {
		return c.Cell.Deviation // of a folder of before, which kept one
	}
	at := max(0, slices.IndexFunc(c.Deviations, func(d result.Deviation) bool { return strings.Contains(reason, d.Says) }))
	return &c.Deviations[at]
}

// headOf is what a suite says of a matrix.
func headOf(s *suite.Suite) result.Matrix {
	h := result.Matrix{Suite: s.ID, Title: s.Title, Digest: s.Digest}
	for _, r := range s.Roles {
		h.Roles = append(h.Roles, r.Name)
		for _, one := range r.Subjects {
			if !slices.ContainsFunc(h.Subjects, func(known result.Subject) bool { return known.Name == one.Name }) {
				h.Subjects = append(h.Subjects, subjectOf(one))
			}
		}
	}
	covers := map[string][]string{}
	for _, t := range s.Tests {
		h.Tests = append(h.Tests, result.MatrixTest{ID: t.ID, Title: t.Title, Area: t.Area, Requirements: t.Requirements, After: t.After})
		for _, r := range t.Requirements {
			covers[r] = append(covers[r], t.ID)
		}
	}
	for _, r := range s.Requirements {
		h.Requirements = append(h.Requirements, result.Requirement{ID: r.ID, Document: r.Document, Section: r.Section, Level: r.Level, Text: r.Text, Tests: covers[r.ID]})
	}
	return h
}

func subjectOf(s suite.Subject) result.Subject {
	return result.Subject{Name: s.Name, Platform: s.Platform, Version: s.Version, Image: s.Image}
}

func deviationOf(d suite.Deviation) result.Deviation {
	out := result.Deviation{
		ID: d.ID, Expect: result.CellVerdict(d.Expect), Kind: d.Kind, Reason: d.Reason, Reference: d.Reference, Fixed: d.Fixed, Workaround: d.Workaround, Says: d.Says,
	}
	if end := d.Expiry(); !end.IsZero() {
		out.Expires = end.AddDate(0, 0, -1)
	}
	return out
}

// clockOf is the clock of all cells that are tried, where it is the same; zero where it is not.
func (p *MatrixPlan) clockOf() (clock evidence.Clock) {
	first := true
	for i, c := range p.cells {
		switch {
		case p.Suite.Cells[i].NotApplicable != "":
		case first:
			clock, first = c.clock, false
		case !clock.Same(c.clock):
			return evidence.Clock{}
		}
	}
	return clock
}
