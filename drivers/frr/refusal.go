package frr

import (
	"regexp"

	"github.com/reprise-lab/reprise/drivers/refusals"
)

// refusalJSON matches answers in JSON by which one says that what was asked about is not there (bgpd/bgp_vty.c, bgpd/bgp_route.c), with what
// it says.
var refusalJSON = regexp.MustCompile(`^\s*\{\s*("(?:bgpNoSuch\w+|noSuch\w+)"\s*:\s*true|"(?:warning|error)"\s*:\s*"[^"]*(?:[Nn]o such|[Uu]nknown|not found|[Mm]alformed)[^"]*")\s*\}\s*$`)

// forJSON finds a line that asks for JSON.
var forJSON = regexp.MustCompile(`\bjson\s*$`)

// Refusal implements drivers.Refuser. What was asked for in JSON and is no word is not there: a daemon that has an empty table writes {}.
func (d *Driver) Refusal(command string, shell bool, answer string) string {
	if shell {
		if said := refusalJSON.FindStringSubmatch(answer); said != nil && vtysh.MatchString(command) {
			return said[1]
		}
		return d.Node.Refusal(command, true, answer)
	}
	if said := refusalJSON.FindStringSubmatch(answer); said != nil {
		return said[1]
	}
	if forJSON.MatchString(command) && blank.MatchString(answer) {
		return "no word in answer, and JSON was asked for"
	}
	return refusals.Of(refusals.Vtysh, answer)
}

// Untaken implements drivers.UntakenTeller.
func (d *Driver) Untaken(command string, shell bool, answer string) string {
	if shell {
		return d.Node.Untaken(command, true, answer)
	}
	return refusals.Within(refusals.Vtysh, answer)
}

var (
	vtysh = regexp.MustCompile(`\bvtysh\b`)
	blank = regexp.MustCompile(`^\s*$`)
)
