package experiment

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/version"
)

// FirstBad finds, in every row of a matrix, the first version that does not work: of each platform in each role,
// against the same subjects in the other roles, with the same options. Rows in which every version works, or of one
// version alone, are left out; what came back is first, then what came in with a version. Subjects whose version cannot be ordered are named
// and take part in no row.
func FirstBad(m *result.Matrix) (rows []result.FirstBad, unordered []string) {
	versions := map[string]version.Version{}
	platforms := map[string]string{}
	for _, s := range m.Subjects {
		v, err := version.Parse(s.Version)
		if err != nil {
			unordered = append(unordered, s.Name)
			continue
		}
		versions[s.Name], platforms[s.Name] = v, s.Platform
	}
	for _, role := range m.Roles {
		cells := map[string][]*result.Cell{}
		var order []string
		for i := range m.Cells {
			c := &m.Cells[i]
			platform, ok := platforms[c.Subjects[role]]
			if !ok {
				continue
			}
			key := rowOf(role, platform, *c)
			if cells[key] == nil {
				order = append(order, key)
			}
			cells[key] = append(cells[key], c)
		}
		for _, key := range order {
			row := cells[key]
			slices.SortStableFunc(row, func(a, b *result.Cell) int {
				return versions[a.Subjects[role]].Compare(versions[b.Subjects[role]])
			})
			if f, ok := firstBad(role, row, versions); ok {
				f.Platform = platforms[row[0].Subjects[role]]
				rows = append(rows, f)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b result.FirstBad) int {
		return cmp.Or(kindOf(a)-kindOf(b), strings.Compare(a.Test, b.Test))
	})
	return rows, unordered
}

// rowOf names the row of a cell in which the versions of a platform in a role differ.
func rowOf(role, platform string, c result.Cell) string {
	c.Subjects = maps.Clone(c.Subjects)
	c.Subjects[role] = platform
	return role + "\x00" + c.Key()
}

// firstBad looks through the cells of a row, the oldest version first.
func firstBad(role string, row []*result.Cell, versions map[string]version.Version) (f result.FirstBad, ok bool) {
	at := slices.IndexFunc(row, func(c *result.Cell) bool { return c.Verdict.Bad() })
	if at < 0 || len(row) < 2 {
		return f, false
	}
	of := func(c *result.Cell) string { return versions[c.Subjects[role]].String() }
	bad := row[at]
	f = result.FirstBad{
		Test: bad.Test, Options: bad.Options, Role: role, Others: maps.Clone(bad.Subjects),
		Verdict: bad.Verdict, Bad: of(bad), Cell: bad.Key(),
	}
	delete(f.Others, role)
	// No cell before the first bad one is bad: it passed, or it says nothing.
	for _, c := range slices.Backward(row[:at]) {
		if c.Verdict.Good() {
			f.Good = of(c)
			break
		}
		f.Unknown = append(f.Unknown, of(c))
	}
	slices.Reverse(f.Unknown)
	if i := slices.IndexFunc(row[at:], func(c *result.Cell) bool { return c.Verdict.Good() }); i >= 0 {
		f.Fixed = of(row[at+i])
		after := row[at+i:]
		if k := slices.IndexFunc(after, func(c *result.Cell) bool { return c.Verdict.Bad() }); k >= 0 {
			f.BadAgain = of(after[k])
		}
	}
	return f, true
}

// kindOf orders rows: what came back after a version that passed, what came in with a version, what went away with
// one, what was always there.
func kindOf(f result.FirstBad) int {
	switch {
	case f.BadAgain != "":
		return 0
	case f.Good != "":
		return 1
	case f.Fixed != "":
		return 2
	default:
		return 3
	}
}

// DiffMatrices compares two runs of a suite, of which m is the newer, and names the first bad version of each row
// that has a cell which fails anew, or now and then.
func DiffMatrices(old, m *result.Matrix) (*result.MatrixDiff, error) {
	d, err := result.DiffMatrices(old, m)
	if err != nil {
		return nil, err
	}
	platforms := map[string]string{}
	for _, s := range m.Subjects {
		platforms[s.Name] = s.Platform
	}
	worse := map[string]bool{}
	for _, c := range slices.Concat(d.NewlyFailing, d.BecameFlaky) {
		worse[c.Key] = true
	}
	cells := map[string]*result.Cell{}
	touched := map[string]bool{}
	for i := range m.Cells {
		c := &m.Cells[i]
		key := c.Key()
		cells[key] = c
		if !worse[key] {
			continue
		}
		for _, role := range m.Roles {
			touched[rowOf(role, platforms[c.Subjects[role]], *c)] = true
		}
	}
	rows, _ := FirstBad(m)
	for _, f := range rows {
		if touched[rowOf(f.Role, f.Platform, *cells[f.Cell])] {
			d.FirstBad = append(d.FirstBad, f)
		}
	}
	return d, nil
}

// ReportMatrix puts a matrix together with what follows from it: the problem table, the first bad versions, and
// what changed since an older run of the suite; old is nil where there is none.
func ReportMatrix(m, old *result.Matrix) (*result.MatrixReport, error) {
	r := &result.MatrixReport{Matrix: *m}
	r.Counts, r.Problems = m.Count(), m.FindProblems()
	r.FirstBad, r.Unordered = FirstBad(m)
	if old != nil {
		d, err := DiffMatrices(old, m)
		if err != nil {
			return nil, err
		}
		r.Diff = d
	}
	return r, nil
}
