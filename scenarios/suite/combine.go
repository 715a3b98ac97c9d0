package suite

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// factor is something that is chosen for a cell: the subject of a role, or the value of an option.
type factor struct {
	role    string
	choices []Subject // of a role
	option  string
	values  []scalar // of an option
}

func (f factor) count() int { return max(len(f.choices), len(f.values)) }

// row is the choice of each factor, by its number.
type row []int

// pick is what a row chooses.
func pick(factors []factor, r row) (subjects map[string]Subject, options map[string]scalar) {
	subjects, options = map[string]Subject{}, map[string]scalar{}
	for i, f := range factors {
		if f.role != "" {
			subjects[f.role] = f.choices[r[i]]
		} else {
			options[f.option] = f.values[r[i]]
		}
	}
	return subjects, options
}

// factorsOf gives the roles that a test has, in the suite's order, and its options in that of their names.
func (s *Suite) factorsOf(t *Test, roles []string) []factor {
	var out []factor
	for _, r := range s.Roles {
		if slices.Contains(roles, r.Name) {
			out = append(out, factor{role: r.Name, choices: r.Subjects})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Options)) {
		out = append(out, factor{option: name, values: t.Options[name]})
	}
	return out
}

// all is every row, the last factor changing first.
func all(factors []factor) []row {
	rows := []row{{}}
	for _, f := range factors {
		var next []row
		for _, r := range rows {
			for i := range f.count() {
				next = append(next, append(slices.Clone(r), i))
			}
		}
		rows = next
	}
	return rows
}

// pair is a choice of two factors.
type pair struct{ f, i, g, k int }

// covering gives rows that hold every pair of choices which some allowed row holds: of the allowed rows
// always the one that has most pairs which none has yet, the first of several (the greedy construction
// of Cohen, Dalal, Fredman and Patton, IEEE TSE 23(7), 1997, over all candidates). It is the same every time.
func covering(factors []factor, allowed []row) []row {
	if len(factors) < 3 {
		return allowed
	}
	pairs := func(r row, visit func(pair)) {
		for f := range r {
			for g := f + 1; g < len(r); g++ {
				visit(pair{f, r[f], g, r[g]})
			}
		}
	}
	open := map[pair]bool{}
	for _, r := range allowed {
		pairs(r, func(p pair) { open[p] = true })
	}
	var out []row
	for len(open) > 0 {
		best, most := -1, 0
		for i, r := range allowed {
			n := 0
			pairs(r, func(p pair) {
				if open[p] {
					n++
				}
			})
			if n > most {
				best, most = i, n
			}
		}
		out = append(out, allowed[best])
		pairs(allowed[best], func(p pair) { delete(open, p) })
	}
	slices.SortFunc(out, func(a, b row) int { return cmp.Or(slices.Compare(a, b)) })
	return out
}

// maxCovered bounds the choices that a covering of pairs is looked for among.
const maxCovered = 20_000

// rows gives the choices of a test that are wanted.
func (s *Suite) rows(t *Test, factors []factor) ([]row, error) {
	f := &s.file
	wanted := slices.DeleteFunc(all(factors), func(r row) bool {
		subjects, _ := pick(factors, r)
		return anyChoice(f.Exclude, subjects) || anyChoice(t.Exclude, subjects) ||
			len(t.Only) > 0 && !anyChoice(t.Only, subjects) || !f.Combinations.lists(subjects)
	})
	if f.Combinations.word != pairwise {
		return wanted, nil
	}
	if len(wanted) > maxCovered {
		return nil, fmt.Errorf("%s: test %s: pairs are covered among %d choices at most, and it has %d", t.where, t.ID, maxCovered, len(wanted))
	}
	return covering(factors, wanted), nil
}

// lists reports whether a list of combinations has these subjects; without a list, that is so.
func (c combinations) lists(subjects map[string]Subject) bool {
	return len(c.list) == 0 || slices.ContainsFunc(c.list, func(row map[string]string) bool {
		of := map[string]string{}
		for role, pattern := range row { // of the roles that take part
			if _, plays := subjects[role]; plays {
				of[role] = pattern
			}
		}
		return choice{subjects: of}.fits(subjects)
	})
}
