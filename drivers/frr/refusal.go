package frr

import (
	"regexp"
	"strings"
)

// refusal matches lines by which a daemon says that what was asked about is not there: the
// ones that begin with %, and those that some commands print without it.
var refusal = regexp.MustCompile(`^(?:% ?\S|View/Vrf \S+ is unknown$|No such (?:neighbor|interface|peer-group|VRF)\b|VRF \S+ not found$)`)

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
