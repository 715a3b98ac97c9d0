package result

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Bad tells of a cell in which something did not work, always or now and then.
func (v CellVerdict) Bad() bool { return v == Fail || v == Flaky }

// Good tells of a cell in which everything worked.
func (v CellVerdict) Good() bool { return v == Pass || v == PassWithNote }

// Decided tells of a cell that says whether something works; the others say why they do not.
func (v CellVerdict) Decided() bool { return v.Bad() || v.Good() }

// Settings are options in order, for people: option=value, …
func Settings(options map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(options)) {
		parts = append(parts, k+"="+options[k])
	}
	return strings.Join(parts, ", ")
}

// FromCell is the command that makes a case of a cell, from the folder above that of the matrices.
func (m *Matrix) FromCell(key string) string { return FromCell("matrices/"+m.ID, key) }

// FromCell is the command that makes a case of a cell of the matrix in a folder.
func FromCell(folder, key string) string {
	return fmt.Sprintf("reprise case from-cell %s %s", quoted(folder), quoted(key))
}

// quoted is a word that no shell takes apart.
func quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:@%+-", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// FindProblems is the problem table: failing and flaky cells of one area that one known deviation explains, or
// that failed for one reason, but for the numbers, addresses and names of subjects in it. Those of most cells
// come first.
func (m *Matrix) FindProblems() []Problem {
	tests := make(map[string]*MatrixTest, len(m.Tests))
	for i := range m.Tests {
		tests[m.Tests[i].ID] = &m.Tests[i]
	}
	type group struct {
		area  string
		cells []*Cell
	}
	groups := map[string]*group{}
	var order []*group
	for i := range m.Cells {
		c := &m.Cells[i]
		if !c.Verdict.Bad() {
			continue
		}
		area := c.Test
		if t := tests[c.Test]; t != nil && t.Area != "" {
			area = t.Area
		}
		key := area + "\x00reason\x00" + reasonForm(c)
		if c.Explained() {
			key = area + "\x00deviation\x00" + c.Deviation.ID
		}
		if groups[key] == nil {
			groups[key] = &group{area: area}
			order = append(order, groups[key])
		}
		groups[key].cells = append(groups[key].cells, c)
	}
	slices.SortStableFunc(order, func(a, b *group) int {
		return cmp.Or(cmp.Compare(len(b.cells), len(a.cells)), cmp.Compare(a.area, b.area))
	})
	all := map[string]map[string]bool{} // subjects by role
	for _, r := range m.Roles {
		all[r] = map[string]bool{}
		for i := range m.Cells {
			all[r][m.Cells[i].Subjects[r]] = true
		}
	}
	out := make([]Problem, 0, len(order))
	for _, g := range order {
		out = append(out, m.problem(g.area, g.cells, all))
	}
	return out
}

func (m *Matrix) problem(area string, cells []*Cell, all map[string]map[string]bool) Problem {
	p := Problem{Area: area, Where: m.where(cells, all)}
	for _, c := range cells {
		p.Cells = append(p.Cells, c.Key())
		if !slices.Contains(p.Tests, c.Test) {
			p.Tests = append(p.Tests, c.Test)
		}
	}
	if d := cells[0].Deviation; cells[0].Explained() {
		p.Kind, p.Workaround = cmp.Or(d.Kind, "known"), d.Workaround
		p.Description = d.Reason
		if d.Reference != "" {
			p.Description += " (" + d.Reference + ")"
		}
		p.Recommendation = d.recommends()
		return p
	}
	p.Description = cmp.Or(OneReason(cells[0].Reason), "no reason was recorded")
	p.Recommendation, p.Command = "Nobody has explained it yet: make a case of it", m.FromCell(p.Cells[0])
	return p
}

// recommends says what to do about what is known.
func (d *Deviation) recommends() string {
	switch {
	case d.Fixed != "":
		return "Take version " + d.Fixed + " or a newer one, which no longer has it"
	case d.Kind == "unsupported":
		return "Do without it there, or take a version that offers it"
	case d.Kind == "specification":
		return "The specification leaves it open: configure both sides so that they agree"
	case d.Kind == "ours":
		return "Mend the test suite: no device is to blame"
	case d.Reference != "":
		return "No version without it is known: follow " + d.Reference
	}
	return "No version without it is known"
}

// where names the subjects of cells by role: one where there is one, else how many of how many.
func (m *Matrix) where(cells []*Cell, all map[string]map[string]bool) string {
	var parts []string
	for _, r := range m.Roles {
		here := map[string]bool{}
		for _, c := range cells {
			here[c.Subjects[r]] = true
		}
		const few = 3
		switch n := len(here); {
		case n == len(all[r]) && n > 1:
			parts = append(parts, r+" any")
		case n <= few:
			parts = append(parts, r+" "+strings.Join(slices.Sorted(maps.Keys(here)), " or "))
		default:
			parts = append(parts, fmt.Sprintf("%s %d of %d", r, n, len(all[r])))
		}
	}
	return strings.Join(parts, "; ")
}

var (
	// Numbers, addresses and times: what differs between two cells that failed alike.
	figures = regexp.MustCompile(`(?:[0-9A-Fa-f]{0,4}[:.]){2,}[0-9A-Fa-f]{0,4}(?:/\d+)?|\d+(?:\.\d+)?`)
	seen    = regexp.MustCompile(`(?s)[;,]? seen last:.*`)
	share   = regexp.MustCompile(`^\d+ of \d+ passed; else: `)
)

// OneReason is a reason without how often it was so, and what was seen last, which no two trials share.
func OneReason(s string) string {
	return strings.Join(strings.Fields(seen.ReplaceAllString(share.ReplaceAllString(s, ""), "")), " ")
}

// reasonForm is what a cell's reason has in common with those of cells that failed alike.
func reasonForm(c *Cell) string {
	s := OneReason(c.Reason)
	for r, name := range c.Subjects {
		s = strings.ReplaceAll(s, name, "<"+r+">")
	}
	return figures.ReplaceAllString(s, "#")
}
