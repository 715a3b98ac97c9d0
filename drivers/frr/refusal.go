package frr

import (
	"regexp"
	"strings"
)

// refusal matches lines by which a daemon says that what was asked about is not there: the
// ones that begin with %, and those that some commands print without it.
var refusal = regexp.MustCompile(`^(?:% ?\S|View/Vrf \S+ is unknown$|No such (?:neighbor|interface|peer-group|VRF)\b|VRF \S+ not found$|Can't find BGP instance|Malformed address or name)`)

// refusalJSON matches answers in JSON by which one says the same (bgpd/bgp_vty.c, bgpd/bgp_route.c), with what it says.
var refusalJSON = regexp.MustCompile(`^\s*\{\s*("(?:bgpNoSuch\w+|noSuch\w+)"\s*:\s*true|"(?:warning|error)"\s*:\s*"[^"]*(?:[Nn]o such|[Uu]nknown|not found|[Mm]alformed)[^"]*")\s*\}\s*$`)

// answered matches lines of that look that are answers: a table was looked into, and has
// nothing of the kind.
var answered = regexp.MustCompile(`^%? ?(?:Network not in |No BGP neighbors found|No matching |No .*\b(?:displayed|exist)\b)`)

// vtysh finds the shell lines that ask a daemon.
var vtysh = regexp.MustCompile(`\bvtysh\b`)

// Refusal implements drivers.Refuser.
func (d *Driver) Refusal(command string, shell bool, answer string) string {
	if shell && !vtysh.MatchString(command) {
		return ""
	}
	return refused(answer)
}

// refused gives the first line of an answer that says nothing but that what was asked about
// is not there.
func refused(answer string) string {
	if said := refusalJSON.FindStringSubmatch(answer); said != nil {
		return said[1]
	}
	first := ""
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case answered.MatchString(line) || !refusal.MatchString(line):
			return ""
		case first == "":
			first = line
		}
	}
	return first
}
