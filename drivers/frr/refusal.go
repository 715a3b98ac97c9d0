package frr

import (
	"context"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// refusal matches lines by which a daemon says that what was asked about is not there: the
// ones that begin with %, and those that some commands print without it.
var refusal = regexp.MustCompile(`^(?:% ?\S|View/Vrf \S+ is unknown$|No such (?:neighbor|interface|peer-group|VRF)\b|VRF \S+ not found$|Can't find BGP instance|Malformed address or name|` +
	`[A-Z]+\d*: '[^']*' not found$|Nexthop Group ID: \d+ does not exist$|VNI not found$|specified nexthop does not have entry$|Can't compile regexp |\S+ database is not enabled$)`)

// untaken matches lines by which vtysh says that it took nothing of a command, whatever stands beside them: commands of a pipe or a
// here-document are echoed, and other daemons answer.
var untaken = regexp.MustCompile(`(?m)^(?:% ?(?:Unknown command|Ambiguous command|Command incomplete|There is no matched command)|[a-z0-9]+d is not running$).*`)

// nothing matches an answer in JSON that has nothing at all: a daemon that does not know what was asked about, or has not come as far,
// gives the same as one that has an empty table.
var nothing = regexp.MustCompile(`^\s*\{\s*\}\s*$`)

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
// is not there, or the line that says of a part that it was not taken.
func refused(answer string) string {
	if said := refusalJSON.FindStringSubmatch(answer); said != nil {
		return said[1]
	}
	if nothing.MatchString(answer) {
		return "{}"
	}
	if said := untaken.FindString(answer); said != "" {
		return strings.TrimSpace(said)
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

// unfiltered runs a command, and once more without what is behind its pipe where that leaves nothing: vtysh filters a refusal as it does
// an answer, and the refusal is then what is given.
func unfiltered(ctx context.Context, c drivers.Command, run func(context.Context, drivers.Command) (drivers.Exchange, error)) (drivers.Exchange, error) {
	x, err := run(ctx, c)
	line, _, piped := strings.Cut(c.Line, "|")
	if err != nil || !piped || x.Rejected != "" || strings.TrimSpace(x.Output) != "" {
		return x, err
	}
	c.Line = line
	bare, err := run(ctx, c)
	if err == nil && (bare.Rejected != "" || refused(bare.Output) != "") {
		x.Output, x.Rejected = bare.Output, bare.Rejected
	}
	return x, err
}
