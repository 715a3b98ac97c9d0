package frr

import (
	"context"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
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

// askAgain runs a command, and once more in fuller words where its answer has none: vtysh filters a refusal by what stands behind the pipe as
// it does an answer, and in JSON a daemon writes {} for an empty table and for what it does not know. A refusal of the fuller command is what
// is given; else the first answer is one.
func askAgain(ctx context.Context, c drivers.Command, run func(context.Context, drivers.Command) (drivers.Exchange, error)) (drivers.Exchange, error) {
	x, err := run(ctx, c)
	line, fuller := inFull(c.Line, x.Output)
	if err != nil || x.Rejected != "" || !fuller {
		return x, err
	}
	c.Line = line
	full, err := run(ctx, c)
	if err == nil && (full.Rejected != "" || refusals.Of(refusals.Vtysh, full.Output) != "") {
		x.Output, x.Rejected = full.Output, full.Rejected
	}
	return x, err
}

// inFull gives the command whose answer tells why another one's has no words; false where that one's has some, or is as full as it can be.
func inFull(line, answer string) (string, bool) {
	bare, _, piped := strings.Cut(line, "|")
	switch {
	case piped && blank.MatchString(answer):
		return bare, true
	case forJSON.MatchString(line) && nothing.MatchString(answer):
		return forJSON.ReplaceAllString(line, ""), true
	default:
		return "", false
	}
}

var (
	vtysh   = regexp.MustCompile(`\bvtysh\b`)
	blank   = regexp.MustCompile(`^\s*$`)
	nothing = regexp.MustCompile(`^\s*\{\s*\}\s*$`)
)
