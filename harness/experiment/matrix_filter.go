package experiment

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/result"
)

// MatrixFilter chooses cells. The zero value takes all.
type MatrixFilter struct {
	// Only are choices of subjects, by role: patterns as platform@version with *, of [path.Match]. A cell
	// is taken that is of one of them.
	Only []map[string]string
	// Tests are names of tests, or patterns.
	Tests []string
}

// ParseOnly reads a choice of subjects: role=platform@version,role=…
func ParseOnly(text string) (map[string]string, error) {
	only := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		role, pattern, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || role == "" || pattern == "" {
			return nil, fmt.Errorf("%q: want ROLE=PLATFORM@VERSION, as dut=frr@10.3 or peer=bird@*", part)
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("%q: %w", pattern, err)
		}
		if was, twice := only[role]; twice {
			return nil, fmt.Errorf("%s is %s and %s: give --only once for each", role, was, pattern)
		}
		only[role] = pattern
	}
	return only, nil
}

// takes reports whether a cell is chosen.
func (f MatrixFilter) takes(c result.Cell) bool {
	test := len(f.Tests) == 0 || slices.ContainsFunc(f.Tests, func(p string) bool { return matches(p, c.Test) })
	return test && (len(f.Only) == 0 || slices.ContainsFunc(f.Only, func(only map[string]string) bool { return ofSubjects(only, c) }))
}

func ofSubjects(only map[string]string, c result.Cell) bool {
	for role, pattern := range only {
		if !matches(pattern, c.Subjects[role]) {
			return false
		}
	}
	return true
}

// matches reports whether a name is of a pattern, which was read before.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// Check tells a choice that no cell of a suite is of: it was meant otherwise.
func (f MatrixFilter) Check(s MatrixSuite) error {
	for _, only := range f.Only {
		for _, role := range slices.Sorted(maps.Keys(only)) {
			if !slices.Contains(s.Head.Roles, role) {
				return fmt.Errorf("%s has no role %q (it has %s)", s.Head.Suite, role, strings.Join(s.Head.Roles, ", "))
			}
		}
		if !slices.ContainsFunc(s.Cells, func(c MatrixCell) bool { return ofSubjects(only, c.Cell) }) {
			var names []string
			for _, subject := range s.Head.Subjects {
				names = append(names, subject.Name)
			}
			return fmt.Errorf("no cell of %s is of %s (subjects: %s)", s.Head.Suite, onlyWords(only), strings.Join(names, ", "))
		}
	}
	for _, pattern := range f.Tests {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%q: %w", pattern, err)
		}
		if !slices.ContainsFunc(s.Head.Tests, func(t result.MatrixTest) bool { return matches(pattern, t.ID) }) {
			var names []string
			for _, t := range s.Head.Tests {
				names = append(names, t.ID)
			}
			return fmt.Errorf("%s has no test %q (it has %s)", s.Head.Suite, pattern, strings.Join(names, ", "))
		}
	}
	return nil
}

func onlyWords(only map[string]string) string {
	var words []string
	for _, role := range slices.Sorted(maps.Keys(only)) {
		words = append(words, role+"="+only[role])
	}
	return strings.Join(words, ",")
}
