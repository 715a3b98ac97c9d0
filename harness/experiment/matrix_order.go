package experiment

import (
	"cmp"
	"slices"

	"github.com/reprise-lab/reprise/harness/result"
)

// rest is a test that a cell rests on, and the cells of it for the same subjects.
type rest struct {
	test  string
	cells []int
}

// rests finds what each cell rests on: the cells of the tests that its own comes after, with the same
// subject in every role, and the same choice of every option, that both have.
func rests(s MatrixSuite) [][]rest {
	after := map[string][]string{}
	for _, t := range s.Head.Tests {
		after[t.ID] = t.After
	}
	byTest := map[string][]int{}
	for i, c := range s.Cells {
		byTest[c.Cell.Test] = append(byTest[c.Cell.Test], i)
	}
	out := make([][]rest, len(s.Cells))
	for i, c := range s.Cells {
		for _, test := range after[c.Cell.Test] {
			r := rest{test: test}
			for _, j := range byTest[test] {
				if j != i && agree(s.Cells[j].Cell.Subjects, c.Cell.Subjects) && agree(s.Cells[j].Cell.Options, c.Cell.Options) {
					r.cells = append(r.cells, j)
				}
			}
			if len(r.cells) > 0 {
				out[i] = append(out[i], r)
			}
		}
	}
	return out
}

// agree reports whether two choices do not differ in what both have.
func agree(a, b map[string]string) bool {
	for k, v := range a {
		if other, both := b[k]; both && other != v {
			return false
		}
	}
	return true
}

// depths say how many tests stand one after the other before each: a suite has a test after those that it
// rests on.
func depths(tests []result.MatrixTest) map[string]int {
	depth := map[string]int{}
	for _, t := range tests {
		for _, a := range t.After {
			depth[t.ID] = max(depth[t.ID], depth[a]+1)
		}
	}
	return depth
}

// inOrderOf gives the cells in the order in which they are tried: what others rest on first, then the heavier
// ones, then those of the same images one after the other, and of these the quick ones.
func (p *MatrixPlan) inOrderOf() []int {
	depth := depths(p.Suite.Head.Tests)
	order := make([]int, len(p.cells))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := p.Suite.Cells[i], p.Suite.Cells[j]
		return cmp.Or(
			cmp.Compare(depth[a.Cell.Test], depth[b.Cell.Test]),
			cmp.Compare(b.Weight, a.Weight),
			cmp.Compare(p.cells[i].images, p.cells[j].images),
			cmp.Compare(p.cells[i].least, p.cells[j].least),
		)
	})
	return order
}
