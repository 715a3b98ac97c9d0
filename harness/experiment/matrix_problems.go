package experiment

import (
	"cmp"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
)

// problemsOf are the lines of the problem table: cells that fail for a reason that is known together, and
// the others by their test.
func problemsOf(m result.Matrix) []result.Problem {
	tests := map[string]result.MatrixTest{}
	for _, t := range m.Tests {
		tests[t.ID] = t
	}
	index := map[string]int{}
	var out []result.Problem
	for _, c := range m.Cells {
		if c.Verdict != result.Fail && c.Verdict != result.Flaky {
			continue
		}
		test := tests[c.Test]
		key, problem := "test "+c.Test, result.Problem{
			Area: cmp.Or(test.Area, c.Test), Description: cmp.Or(test.Title, c.Test) + ": " + c.Reason,
			Recommendation: "it is not explained yet: reprise case from-cell makes a scenario of it",
		}
		if d := c.Deviation; d != nil {
			key, problem = "known "+d.ID, result.Problem{Area: problem.Area, Description: d.Reason, Workaround: d.Workaround, Recommendation: recommended(*d)}
		}
		i, known := index[key]
		if !known {
			i = len(out)
			index[key] = i
			out = append(out, problem)
		}
		out[i].Cells = append(out[i].Cells, c.Key())
	}
	return out
}

// recommended is what to do about what is known.
func recommended(d result.Deviation) string {
	var words []string
	switch {
	case d.Fixed != "":
		words = append(words, "use version "+d.Fixed+" or a later one")
	case d.Kind == "unsupported":
		words = append(words, "do without it")
	}
	if d.Reference != "" {
		words = append(words, "see "+d.Reference)
	}
	return strings.Join(words, "; ")
}
