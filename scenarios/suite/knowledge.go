package suite

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies/version"
)

// Deviation is what is known of a platform's versions.
type Deviation struct {
	ID       string   `yaml:"id"`
	Platform string   `yaml:"platform"`
	Versions string   `yaml:"versions"`
	Role     string   `yaml:"role"`  // any if empty
	Tests    []string `yaml:"tests"` // names, or patterns with *
	With     []choice `yaml:"with"`  // cells with one of these subjects alone; all if empty
	// Options are the cells with these choices alone, patterns with *; all if empty.
	Options map[string]string `yaml:"options"`
	// Says is a part of the reason of the failures that it explains, as the name of a condition; all if empty.
	Says       string `yaml:"says"`
	Expect     string `yaml:"expect"`
	Kind       string `yaml:"kind"`
	Reason     string `yaml:"reason"`
	Reference  string `yaml:"reference"`
	Fixed      string `yaml:"fixed"`
	Workaround string `yaml:"workaround"`
	Expires    string `yaml:"expires"`
}

// expectations are what cells may come to by a deviation; kinds are whose matter it is.
func expectations() []string { return []string{"fail", "flaky", "pass-with-note"} }
func kinds() []string        { return []string{"bug", "unsupported", "ours", "specification"} }

// dateForm is how a day is written.
const dateForm = "2006-01-02"

// Expiry is the first moment at which the deviation is not believed any more; zero where it always is.
func (d Deviation) Expiry() time.Time {
	day, err := time.Parse(dateForm, d.Expires)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// Covers reports whether a deviation speaks of a cell. It does not look at the date.
func (d Deviation) Covers(c Cell) bool {
	for option, pattern := range d.Options {
		if choice, there := c.Options[option]; !there || !matchesOne([]string{pattern}, choice) {
			return false
		}
	}
	if !matchesOne(d.Tests, c.Test.ID) || len(d.With) > 0 && !anyChoice(d.With, c.Subjects) {
		return false
	}
	for role, s := range c.Subjects {
		if (d.Role == "" || d.Role == role) && d.Platform == s.Platform && inVersions(d.Versions, s) {
			return true
		}
	}
	return false
}

// matchesOne reports whether a name fits one of some patterns.
func matchesOne(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return err == nil && ok
	})
}

// anyChoice reports whether subjects fit one of some choices.
func anyChoice(list []choice, subjects map[string]Subject) bool {
	return slices.ContainsFunc(list, func(c choice) bool { return c.fits(subjects) })
}

// fits reports whether every role that the choice names has a subject that fits.
func (c choice) fits(subjects map[string]Subject) bool {
	for role, pattern := range c.subjects {
		s, ok := subjects[role]
		if !ok || !matchesOne([]string{pattern}, s.Name) {
			return false
		}
	}
	return true
}

// bound is one part of a range of versions.
type bound struct {
	op string
	v  version.Version
}

// parseVersions reads a range: bounds with commas between them, all of which must hold. Empty is every version.
func parseVersions(text string) ([]bound, error) {
	var out []bound
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" || part == "*" {
			continue
		}
		op := ""
		for _, o := range []string{"<=", ">=", "<", ">", "="} {
			if strings.HasPrefix(part, o) {
				op = o
				break
			}
		}
		v, err := version.Parse(strings.TrimSpace(strings.TrimPrefix(part, op)))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", part, err)
		}
		out = append(out, bound{op, v})
	}
	return out, nil
}

// inVersions reports whether the version of a subject is known to be in a range: what cannot be compared is not.
func inVersions(text string, s Subject) bool {
	bounds, err := parseVersions(text)
	if err != nil {
		return false
	}
	if len(bounds) == 0 {
		return true
	}
	have, err := version.ParseOf(s.Platform, s.Version)
	return err == nil && !slices.ContainsFunc(bounds, func(b bound) bool { return !b.holds(have) })
}

func (b bound) holds(v version.Version) bool {
	c, ok := v.Against(b.v)
	if !ok {
		return false
	}
	switch b.op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	default:
		return c == 0
	}
}
