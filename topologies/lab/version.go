package lab

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Range is a condition on a version: ">=32.7 <33". Every part must hold; a version without
// an operator means exactly that one. A bound that says less than a version covers all of
// it: <=32.7 and =32.7 take 32.7.1.9, >32.7 does not.
type Range struct {
	text  string
	parts []bound
}

type bound struct {
	op      string
	version version.Version
}

var rangePart = regexp.MustCompile(`^(>=|<=|!=|==|=|<|>)?\s*([^\s<>=!]+)\s*`)

// ParseRange reads a condition. "" holds for every version, and for none known.
func ParseRange(s string) (Range, error) {
	r := Range{text: strings.TrimSpace(s)}
	for rest := r.text; rest != ""; {
		m := rangePart.FindStringSubmatch(rest)
		if m == nil {
			return r, fmt.Errorf("%q is not a range of versions: write >=32.7 <33", s)
		}
		v, err := version.Parse(m[2])
		if err != nil {
			return r, fmt.Errorf("range %q: %w", s, err)
		}
		r.parts = append(r.parts, bound{m[1], v})
		rest = rest[len(m[0]):]
	}
	return r, nil
}

// String gives the condition as it was written.
func (r Range) String() string { return r.text }

// Holds says whether a version satisfies the condition. One that says too little to tell
// does not.
func (r Range) Holds(v version.Version) bool {
	for _, p := range r.parts {
		c, known := v.Against(p.version)
		if !known {
			return false
		}
		ok := c == 0
		switch p.op {
		case ">=":
			ok = c >= 0
		case "<=":
			ok = c <= 0
		case ">":
			ok = c > 0
		case "<":
			ok = c < 0
		case "!=":
			ok = c != 0
		}
		if !ok {
			return false
		}
	}
	return true
}
