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

// inOrderOf gives the cells in the order in which they are tried, but for those that wait for what they rest on: the
// heavier ones first, each as heavy as what rests on it, then those of the same lab one after the other, and of these
// what others rest on first, and then the quick ones.
func (p *MatrixPlan) inOrderOf(rests [][]rest) []int {
	depth := depths(p.Suite.Head.Tests)
	order, weights := make([]int, len(p.cells)), make([]float64, len(p.cells))
	for i := range order {
		order[i], weights[i] = i, p.Suite.Cells[i].Weight
	}
	byDepth := func(i, j int) int {
		return cmp.Compare(depth[p.Suite.Cells[i].Cell.Test], depth[p.Suite.Cells[j].Cell.Test])
	}
	slices.SortStableFunc(order, byDepth)
	for _, i := range slices.Backward(order) {
		for _, r := range rests[i] {
			for _, j := range r.cells {
				weights[j] = max(weights[j], weights[i])
			}
		}
	}
	slices.Sort(order)
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(
			cmp.Compare(weights[j], weights[i]),
			cmp.Compare(p.cells[i].lab, p.cells[j].lab),
			byDepth(i, j),
			cmp.Compare(p.cells[i].least, p.cells[j].least),
		)
	})
	return order
}
