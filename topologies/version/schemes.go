package version

import (
	"cmp"
	"regexp"
	"strings"
)

// The forms of makers who let several trains run side by side. A fix of one train is no fix of another, whatever the
// numbers, so what is of two trains has no order.
var (
	// junos is year.sequence, the release of it, the service release of that and the build (spin): 21.4R3-S5.4; or a
	// train that left at some release, and the drop of it: 15.1X53-D59.4. Junos OS Evolved is software of its own.
	junos = regexp.MustCompile(`^(\d{1,3})\.(\d{1,2})(?:R(\d{1,3})(?:-S(\d{1,4}))?|(X\d{1,4})(?:-D(\d{1,4}))?)(?:\.(\d{1,5}))?(-EVO)?$`)
	// cisco is major.minor(maintenance), the train and its rebuild: 15.2(4)E7, 12.4(21a); of NX-OS the train has
	// maintenance releases of its own, 7.0(3)I7(9), or there is none, 9.3(10).
	cisco = regexp.MustCompile(`^(\d{1,3})\.(\d{1,3})\((\d{1,4})([a-z]?)\)(?:([A-Z]{1,5})(\d{0,4})(?:([a-z])|\((\d{1,4})([a-z]?)\))?)?$`)
)

// scheme reads a version of one of these forms.
func (v *Version) scheme(text string) bool {
	if m := junos.FindStringSubmatch(text); m != nil {
		v.numbers = append(v.numbers, number(m[1]), number(m[2]))
		v.train = cmp.Or(m[5], "R") + m[8]
		for _, digits := range []string{m[3], m[4], strings.TrimPrefix(m[5], "X"), m[6]} {
			if digits != "" {
				v.numbers = append(v.numbers, number(digits))
			}
		}
		v.trains, v.release, v.build = true, m[3] != "" || m[6] != "", number(m[7])
		return m[7] == "" || v.release
	}
	m := cisco.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	v.numbers = append(v.numbers, number(m[1]), number(m[2]), number(m[3]))
	v.train, v.tail = m[5], m[4]+m[7]+m[9]
	if v.numbers[0] == nxosOneTrain && m[6] == "" && m[8] == "" && (m[5] == "F" || m[5] == "M") {
		v.train = "" // 10.2(3)F and 10.2(4)M are feature and maintenance releases of one train
	}
	for _, digits := range []string{m[6], m[8]} {
		if digits != "" {
			v.numbers = append(v.numbers, number(digits))
		}
	}
	v.trains, v.release = true, v.train != ""
	return len(v.tail) < 2 && (m[4] == "" || len(v.numbers) == 3 && v.train == "") // 15.2(4a)E is none that is known
}

// nxosOneTrain is the major release in which NX-OS says by a letter what a release is for. IOS went from 12 to 15.
const nxosOneTrain = 10

// family is whose revisions of a package one is among: those of Ubuntu, of a release of Debian or of an Enterprise Linux,
// of a port of FreeBSD. Each puts its own fixes in, so what is of two of them has no order.
var family = regexp.MustCompile(`^port|ubuntu|(?:el|fc|deb|bpo)\d+`)

// lower reports whether letters are of a rebuild, as in 17.3.5a, which is later than 17.3.5. Capitals say what a
// release is for.
func lower(letters string) bool { return letters != "" && letters == strings.ToLower(letters) }
