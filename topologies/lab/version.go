package lab

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Release is a version of switch software as its vendor writes it. EXOS and Switch Engine:
// 33.6.1.14 and 16.2.5.4-patch1-31 on the box, 16.2.5-Patch1-5 in release notes, and before
// that v1541b3-patch1-12 or "15.4.1.3 v1541b3-patch1-12". VOSS and Fabric Engine: 8.1.5.0,
// 7.0.0.0_B015, VOSS8K.6.0.1.2.GA. Anything that is dotted numbers alone is read as well
// (8.4.4), with up to three letters behind it (4.32.1F).
type Release struct {
	numbers []int
	patch   [2]int // patch1-31; 0, 0 when there is none
	build   int    // _B015; -1 when none is given
	tail    string
}

const maxNumber = 7 // digits of one number; more is no version

var (
	dottedRelease = regexp.MustCompile(`^(?:VOSS[0-9A-Za-z]*\.|v)?(\d{1,7}(?:\.\d{1,7}){0,5})(?:_B(\d{1,7}))?([A-Za-z]{0,3})(?:\.GA)?(?:[- ](?:(?:v\d+b\d+|[\d.]+)-)?[Pp]atch(\d{1,7})-(\d{1,7}))?$`)
	oldRelease    = regexp.MustCompile(`^v(\d{2})(\d)(\d)b(\d{1,7})(?:-[Pp]atch(\d{1,7})-(\d{1,7}))?$`)
	repeatRelease = regexp.MustCompile(`^(\d+(?:\.\d+){3}) (?:v\d+b\d+|(\d+(?:\.\d+){3}))$`)
)

// ParseRelease reads a version.
func ParseRelease(s string) (Release, error) {
	s = strings.TrimSpace(s)
	if m := repeatRelease.FindStringSubmatch(s); m != nil && (m[2] == "" || m[1] == m[2]) {
		s = m[1] // "30.6.1.11 30.6.1.11" and "15.4.1.3 v1541b3" say one thing twice
	}
	if m := oldRelease.FindStringSubmatch(s); m != nil {
		return Release{numbers: []int{number(m[1]), number(m[2]), number(m[3]), number(m[4])}, patch: [2]int{number(m[5]), number(m[6])}, build: -1}, nil
	}
	m := dottedRelease.FindStringSubmatch(s)
	if m == nil {
		return Release{}, fmt.Errorf("%q is not a version that can be ordered", s)
	}
	r := Release{build: -1, tail: m[3], patch: [2]int{number(m[4]), number(m[5])}}
	for part := range strings.SplitSeq(m[1], ".") {
		r.numbers = append(r.numbers, number(part))
	}
	if m[2] != "" {
		r.build = number(m[2])
	}
	return r, nil
}

// number reads digits that a pattern let through, at most maxNumber of them.
func number(digits string) int {
	n, _ := strconv.Atoi(digits[:min(len(digits), maxNumber)])
	return n
}

// Compare orders two releases: by their numbers (one that is not there counts as 0), then
// by patch, build and letters. A release without a patch is older than its patches.
func (r Release) Compare(o Release) int {
	return cmp.Or(r.compareNumbers(o, max(len(r.numbers), len(o.numbers))), slices.Compare(r.patch[:], o.patch[:]),
		cmp.Compare(r.build, o.build), cmp.Compare(r.tail, o.tail))
}

func (r Release) compareNumbers(o Release, n int) int {
	for i := range n {
		if c := cmp.Compare(r.at(i), o.at(i)); c != 0 {
			return c
		}
	}
	return 0
}

func (r Release) at(i int) int {
	if i < len(r.numbers) {
		return r.numbers[i]
	}
	return 0
}

// against compares a release with a bound, which says as much as it says: 32.7 is all of
// 32.7.x, and 16.2.5-Patch1-5 is that patch whatever the build.
func (r Release) against(bound Release) int {
	if c := r.compareNumbers(bound, len(bound.numbers)); c != 0 {
		return c
	}
	whole := len(bound.numbers) >= len(r.numbers)
	if bound.patch != [2]int{} || whole {
		if c := slices.Compare(r.patch[:], bound.patch[:]); c != 0 {
			return c
		}
	}
	if bound.build >= 0 && r.build >= 0 && r.build != bound.build {
		return cmp.Compare(r.build, bound.build)
	}
	if whole || bound.tail != "" {
		return cmp.Compare(r.tail, bound.tail)
	}
	return 0
}

// Range is a condition on a version: ">=32.7 <33". Every part must hold; a version without
// an operator means exactly that one. A bound that says less than a version covers all of
// it: <=32.7 and =32.7 take 32.7.1.9, >32.7 does not.
type Range struct {
	text  string
	parts []bound
}

type bound struct {
	op      string
	release Release
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
		v, err := ParseRelease(m[2])
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

// Holds says whether a version satisfies the condition.
func (r Range) Holds(v Release) bool {
	for _, p := range r.parts {
		c := v.against(p.release)
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
