// Package version orders versions of network software as their makers write them: EXOS and
// Switch Engine, ExtremeWare, VOSS and Fabric Engine, EOS, Junos, IOS and NX-OS, and the open daemons with what
// distributions add to their numbers.
//
//	16.2.5-Patch1-5                  EXOS, in documents
//	16.2.5.4-patch1-31               EXOS, on the box
//	v1541b3-patch1-12                EXOS, before: 15.4.1, build 3
//	7.3.1b3                          ExtremeWare
//	8.1.5.0, 7.0.0.0_B015, VOSS8K.6.0.1.2.GA
//	4.29.2F, 4.28.7.1M               EOS: feature and maintenance releases
//	21.4R3-S5.4, 15.1X53-D59, 21.4R3-S5-EVO
//	15.2(4)E7, 12.4(21a)             IOS; 17.03.05a of IOS XE
//	9.3(10), 7.0(3)I7(9), 10.2(3)F   NX-OS
//	8.4.4, 10.0-dev, 2.0-rc1         FRR, BIRD, keepalived, lldpd, Open vSwitch
//	8.4.4-1.1~deb12u1, 1:2.2.7-1+b2  of Debian's packages; the epoch says nothing and is left out
//	24.7.5_3                         of FreeBSD's ports, and of what is made of them
//
// Sources: the release notes of EXOS, VOSS and EOS and what their "show version" prints; Juniper's KB1868 (R, S and the
// build); Cisco's "IOS and NX-OS Software Release Reference Guide" (trains and rebuilds); "Versioning" in FRR's
// developer's guide; Debian policy 5.6.12 and deb-version(7); FreeBSD's Porter's Handbook, PORTREVISION.
//
// Inventories (topologies/lab) and known issues (harness/known) order by it.
//
// Non-goals: vendors that are not named here, and semantic versioning. What is not of these
// forms is an error: it is not put at some place. What is of two trains, or of two distributions, has no place beside
// each other: see [Version.Against].
package version

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Version is a version that was read. The zero value is none.
type Version struct {
	text     string
	numbers  []int
	pre      string // dev, rc1, alpha2: before the release itself
	patch    [2]int // Patch1-5; 0, 0 when there is none
	build    int    // _B015, or the spin of a release of Junos; 0 when none is given
	tail     string // letters behind the numbers: 4.32.1F, 17.3.5a
	train    string // E of 15.2(4)E7; empty where the maker has one
	trains   bool   // it is of a maker who has trains
	release  bool   // its numbers name a release of a train, not all that begins with them
	line     bool   // what is shorter than a release names all that begins so
	first    int    // the third number of the first release of a line
	revision string // of a package: 1.1~deb12u1
	key      string
}

const maxText = 80 // bytes; more is no version

var (
	exosOld  = regexp.MustCompile(`^v(\d{2})(\d)(\d)b(\d{1,7})(?:-[Pp]atch(\d{1,7})-(\d{1,7}))?$`)
	twice    = regexp.MustCompile(`^(\d+(?:\.\d+){3}) (?:v\d+b\d+|(\d+(?:\.\d+){3}))$`)
	dotted   = regexp.MustCompile(`^(?:VOSS[0-9A-Za-z]*\.|FabricEngine[-_.]?|[Vv])?(\d{1,7}(?:\.\d{1,7}){0,5})(?:b(\d{1,7}))?(?:_B(\d{1,7}))?(?:\.GA)?([A-Za-z]{0,3})(.*)$`)
	patched  = regexp.MustCompile(`^[- ](?:(?:v\d+b\d+|[\d.]+)-)?[Pp]atch(\d{1,7})-(\d{1,7})$`)
	preWords = regexp.MustCompile(`^[-~.]?((?:dev|alpha|beta|rc|pre|git)[A-Za-z0-9.+~]*)(-[0-9][A-Za-z0-9.+~]*)?$`)
	revised  = regexp.MustCompile(`^(?:\+[A-Za-z0-9.]+)?-([0-9][A-Za-z0-9.+~]*)$`)
	ported   = regexp.MustCompile(`^_(\d{1,4})$`)
	epoch    = regexp.MustCompile(`^\d{1,3}:`)
)

// Parse reads a version.
func Parse(s string) (Version, error) {
	v := Version{text: strings.TrimSpace(s)}
	bad := fmt.Errorf("%.40q is not a version that can be ordered", s)
	text := epoch.ReplaceAllString(v.text, "")
	if text == "" || len(text) > maxText {
		return Version{}, bad
	}
	if m := twice.FindStringSubmatch(text); m != nil && (m[2] == "" || m[1] == m[2]) {
		text = m[1] // "30.6.1.11 30.6.1.11" and "15.4.1.3 v1541b3" say one thing twice
	}
	if m := exosOld.FindStringSubmatch(text); m != nil {
		v.numbers = []int{number(m[1]), number(m[2]), number(m[3]), number(m[4])}
		v.patch = [2]int{number(m[5]), number(m[6])}
		v.key = v.makeKey()
		return v, nil
	}
	if trained := v; trained.scheme(text) {
		trained.key = trained.makeKey()
		return trained, nil
	}
	m := dotted.FindStringSubmatch(text)
	if m == nil {
		return Version{}, bad
	}
	for part := range strings.SplitSeq(m[1], ".") {
		v.numbers = append(v.numbers, number(part))
	}
	if m[2] != "" {
		v.numbers = append(v.numbers, number(m[2]))
	}
	v.build, v.tail = number(m[3]), m[4]
	if !v.suffix(m[4] + m[5]) {
		return Version{}, bad
	}
	v.key = v.makeKey()
	return v, nil
}

// ParseOf reads a version of a platform, as drivers name it. Of EXOS and VOSS, whose releases have four numbers and are
// called by three, 32.7 is all of 32.7.x and not the first of it: whether that is before 32.7.1 cannot be known. Of an
// open daemon 10.0 is a release.
func ParseOf(platform, s string) (Version, error) {
	v, err := Parse(s)
	v.line = err == nil && (platform == "exos" || platform == "voss")
	if platform == "exos" {
		v.first = 1 // 32.7.1, and behind it a build
	}
	return v, err
}

// Opens reports whether a version is the first release of its line: 9.2.0.0 of VOSS, 32.7.1.9 of EXOS, 10.3, 4.29.0F,
// 21.4R1, 9.3(1), 15.2(4)E. What it has, later lines have, for they are made of what it is made of. Of a maintenance release nothing
// follows for them: they may have left before it.
func (v Version) Opens() bool {
	switch {
	case v.patch != [2]int{}, v.revision != "", lower(v.tail):
		return false
	case v.trains && strings.HasPrefix(v.train, "R"):
		return at(v.numbers, 2) <= 1 && len(v.numbers) <= 3
	case v.trains && v.train != "": // 15.2(4)E, and what is behind it is a rebuild
		return !notAllZero(v.numbers[min(3, len(v.numbers)):])
	case v.trains: // 9.3(1)
		return at(v.numbers, 2) <= 1
	case v.first > 0:
		return at(v.numbers, 2) <= v.first
	}
	return !notAllZero(v.numbers[min(2, len(v.numbers)):])
}

// suffix reads what stands behind the numbers.
func (v *Version) suffix(rest string) bool {
	if m := preWords.FindStringSubmatch(rest); m != nil {
		v.pre, v.tail, v.revision = m[1], "", strings.TrimPrefix(m[2], "-")
		return true
	}
	rest = rest[len(v.tail):]
	if rest == "" {
		return true
	}
	if m := patched.FindStringSubmatch(rest); m != nil {
		v.patch = [2]int{number(m[1]), number(m[2])}
		return true
	}
	if m := revised.FindStringSubmatch(rest); m != nil {
		v.revision = m[1]
		return true
	}
	if m := ported.FindStringSubmatch(rest); m != nil {
		v.revision = "port" + m[1]
		return true
	}
	return false
}

// number reads digits that a pattern let through, at most seven of them.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // a pattern's digits; none is 0
	return n
}

// String gives the version as it was written.
func (v Version) String() string { return v.text }

// IsZero tells that there is none.
func (v Version) IsZero() bool { return v.key == "" }

// Numbers are its dotted numbers.
func (v Version) Numbers() []int { return v.numbers }

// Key is a text that sorts bytewise as Compare does, to be kept in a database.
func (v Version) Key() string { return v.key }

// Compare orders two versions, totally: by their numbers (one that is not there counts as
// 0), a pre-release before its release, then by patch, build, letters, train and the revision of
// the package, as Debian orders it. That is an order for lists: which of two versions has what the other has,
// [Version.Against] says.
func (v Version) Compare(o Version) int { return cmp.Compare(v.key, o.key) }

// makeKey writes the numbers in ten digits, and behind them marks that sort below the dot.
func (v Version) makeKey() string {
	var b strings.Builder
	numbers := v.numbers
	for len(numbers) > 1 && numbers[len(numbers)-1] == 0 {
		numbers = numbers[:len(numbers)-1]
	}
	for i, n := range numbers {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprintf(&b, "%010d", n)
	}
	if v.pre != "" {
		b.WriteByte('!')
		writeDebian(&b, v.pre)
	} else {
		b.WriteByte('#')
	}
	fmt.Fprintf(&b, "%010d-%010d-%010d-", v.patch[0], v.patch[1], v.build)
	b.WriteString(v.tail + v.train + "!")
	writeDebian(&b, v.revision)
	return b.String()
}

// writeDebian writes a text so that it sorts as Debian policy 5.6.12 orders revisions:
// alternately what is no digits, with "~" before the end and letters before the rest, and
// numbers.
func writeDebian(b *strings.Builder, s string) {
	for s != "" {
		i := strings.IndexFunc(s, isDigit)
		if i < 0 {
			i = len(s)
		}
		for _, r := range []byte(s[:i]) {
			switch {
			case r == '~':
				b.WriteByte(' ')
			case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
				b.WriteByte(r)
			default:
				b.WriteByte('{')
				b.WriteByte(r)
			}
		}
		s = s[i:]
		end := strings.IndexFunc(s, func(r rune) bool { return !isDigit(r) })
		if end < 0 {
			end = len(s)
		}
		if digits := strings.TrimLeft(s[:end], "0"); digits != "" || i > 0 && s[end:] != "" {
			fmt.Fprintf(b, "!%02d%s", len(digits), digits)
		}
		s = s[end:]
	}
	b.WriteByte('!')
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// Against compares a version with a bound, which says as much as it says: 32.7 is all of
// 32.7.x, 16.2.5-Patch1-5 is that patch whatever the build, and 8.4.4 is every revision of
// its package. A rebuild is later than what it rebuilds: 21.4R3-S5 is no 21.4R3, and 17.3.5a no 17.3.5.
//
// It is undecided (ok is false) where the bound says more than the version
// does: whether 8.4.4 is before 8.4.4-1.1~deb12u2, or 16.2.5 before 16.2.5.4, cannot be known. So it is between two trains of a maker, two
// distributions, and 4.29.2F and 4.29.2M.
func (v Version) Against(bound Version) (c int, ok bool) {
	if v.train != "" && bound.train != "" && v.train != bound.train {
		return 0, false
	}
	for i, n := range bound.numbers {
		if c := cmp.Compare(at(v.numbers, i), n); c != 0 {
			return c, i < len(v.numbers) || !v.saysLess(bound)
		}
	}
	if bound.train != "" && v.train == "" || v.line && len(v.numbers) < min(releaseNumbers, len(bound.numbers)) {
		return 0, false
	}
	longer := len(v.numbers) > len(bound.numbers)
	rest := v.numbers[min(len(v.numbers), len(bound.numbers)):]
	if longer && bound.release && len(bound.numbers) == 3 || notAllZero(rest) && (bound.revision != "" || bound.tail != "" && len(bound.numbers) > 2) {
		return 1, true
	}
	if v.pre != "" && bound.pre == "" && !notAllZero(rest) {
		return -1, true
	}
	if bound.pre != "" && (v.pre == "" || notAllZero(rest)) {
		return 1, true
	}
	if bound.pre != "" && v.pre != bound.pre {
		return v.Compare(bound), true
	}
	if bound.patch != [2]int{} {
		return cmp.Or(cmp.Compare(v.patch[0], bound.patch[0]), cmp.Compare(v.patch[1], bound.patch[1])), true
	}
	if !longer && v.patch != [2]int{} && len(bound.numbers) >= wholeNumbers {
		return 1, true // a patch of exactly this build
	}
	return v.againstRest(bound, longer)
}

// Beyond reports whether a version is a release behind a bound that begins as it does and may mean the whole line or its
// first release alone, 9.0.1 behind 9.0. Of a release that names it wholly, 9.0.1 of 9.0.1, and of makers whose releases have more
// numbers than they are called by, it reports false.
func (v Version) Beyond(bound Version) bool {
	return !v.line && !v.trains && v.tail == "" && len(bound.numbers) < releaseNumbers && len(v.numbers) >= releaseNumbers &&
		slices.Equal(v.numbers[:len(bound.numbers)], bound.numbers) && notAllZero(v.numbers[len(bound.numbers):])
}

// againstRest compares what stands behind equal numbers.
func (v Version) againstRest(bound Version, longer bool) (c int, ok bool) {
	switch {
	case bound.build != 0 && v.build == 0, bound.revision != "" && v.revision == "":
		return 0, false
	case bound.build != 0 && v.build != bound.build:
		return cmp.Compare(v.build, bound.build), true
	case bound.tail == "" && !longer && lower(v.tail):
		return 1, true
	case bound.tail != "" && v.tail != bound.tail:
		return cmp.Compare(v.tail, bound.tail), !longer && lower(bound.tail) && (v.tail == "" || lower(v.tail))
	case bound.revision != "" && family.FindString(v.revision) != family.FindString(bound.revision):
		return 0, false
	case bound.revision != "":
		return v.Compare(bound), true
	}
	return 0, true
}

// wholeNumbers is how many numbers a version of EXOS and VOSS has, as a box prints it.
const wholeNumbers = 4

// releaseNumbers is how many of them name a release: 9.2.0 is one, and 9.2 is all that begin so.
const releaseNumbers = 3

// saysLess reports whether a version that ends before a bound does is some version that begins so, not the first: 21.4
// is no release of Junos, 16.2.5 none of EXOS that has a build, nor 32.7 where EXOS is meant. 10.0 is one of FRR.
func (v Version) saysLess(bound Version) bool {
	if bound.trains {
		return !v.release
	}
	return (v.line || len(bound.numbers) >= wholeNumbers) && v.tail == ""
}

func at(numbers []int, i int) int {
	if i < len(numbers) {
		return numbers[i]
	}
	return 0
}

func notAllZero(numbers []int) bool {
	for _, n := range numbers {
		if n != 0 {
			return true
		}
	}
	return false
}

// Line is how many leading numbers two versions share: two for 9.2.0.0 and 9.2.1.0, which
// are of one line of releases.
func (v Version) Line(o Version) int {
	n := 0
	for n < max(len(v.numbers), len(o.numbers)) && at(v.numbers, n) == at(o.numbers, n) {
		n++
	}
	return n
}
