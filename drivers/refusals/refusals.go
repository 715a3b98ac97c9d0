// Package refusals knows the words by which the programs that speak to a daemon say that nothing came of what they were told.
//
// Each program has one row, whichever way its words come: as the answer of a command line, through a pipe or a here-document of a
// shell, or beside a status that another part of a line ends with. [Of] finds them where they are all of an answer, and [Within]
// those that mean the same wherever they stand: a line that was not taken at all.
//
// It tells nothing of a table that was looked into and has nothing of the kind: "% Network not in table" is an answer.
package refusals

import (
	"regexp"
	"slices"
	"strings"
)

// Program is one that speaks to a daemon, by its name.
type Program string

// The programs whose words are known.
const (
	Vtysh    Program = "vtysh"
	Birdc    Program = "birdc"
	Lldpcli  Program = "lldpcli"
	OVS      Program = "ovs-vsctl"
	Iproute2 Program = "ip"
)

// words are how a program says what. An empty form matches nothing.
type words struct {
	called  *regexp.Regexp // finds it in a line of a shell
	beside  *regexp.Regexp // lines that say nothing: greetings, prompts
	answers *regexp.Regexp // lines that look like a refusal and are an answer
	absent  *regexp.Regexp // what was asked about is not there, or there was nothing to do
	untaken *regexp.Regexp // a line was not taken
}

// Of gives the first line of an answer of a program that says nothing but that it was refused, or that what was asked about is not there.
func Of(p Program, answer string) string { return table()[p].all(answer) }

// Within gives the first line of an answer that says that a line was not taken, whatever stands beside it.
func Within(p Program, answer string) string { return table()[p].any(answer) }

// InShell gives the programs of the table that a line of a shell calls.
func InShell(line string) (called []Program) {
	for p, w := range table() {
		if w.called.MatchString(line) {
			called = append(called, p)
		}
	}
	slices.Sort(called)
	return called
}

func (w words) all(answer string) (first string) {
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", matches(w.beside, line):
		case matches(w.answers, line), !matches(w.absent, line) && !matches(w.untaken, line):
			return ""
		case first == "":
			first = line
		}
	}
	return first
}

func (w words) any(answer string) string {
	for line := range strings.Lines(answer) {
		if line = strings.TrimSpace(line); matches(w.untaken, line) && !matches(w.answers, line) {
			return line
		}
	}
	return ""
}

func matches(form *regexp.Regexp, line string) bool { return form != nil && form.MatchString(line) }

func table() map[Program]words {
	return map[Program]words{
		Vtysh:   {called: vtysh, beside: vtyshBeside, answers: frrAnswers, absent: frrAbsent, untaken: frrUntaken},
		Birdc:   {called: birdc, beside: birdBeside, absent: birdAbsent, untaken: birdUntaken},
		Lldpcli: {called: lldpcli, untaken: lldpUntaken},
		OVS:     {called: ovs, untaken: ovsUntaken},
		// Of what it only shows, the status tells.
		Iproute2: {called: iproute2, untaken: iproute2Untaken},
	}
}

// Of FRR 7.5.1 to 10.3: vtysh/vtysh.c and lib/command.c for what is not taken, and the daemons' *_vty.c for what is not there.
var (
	vtysh       = regexp.MustCompile(`\bvtysh\b`)
	vtyshBeside = regexp.MustCompile(`^(?:Hello, this is FRRouting|Copyright |[A-Z]\w*:$|\S+(?:\(config[^)]*\))?[#>](?: |$))`)
	frrAnswers  = regexp.MustCompile(`^%? ?(?:Network not in |No BGP neighbors found|No matching |No .*\b(?:displayed|exist)\b)`)
	frrAbsent   = regexp.MustCompile(`^(?:% ?\S|View/Vrf \S+ is unknown$|No such \w|Can(?:no|')t (?:find|compile|get|open) \S|Malformed \S` +
		`|\S.* not found\.?$|\S.* does not (?:exist|have entry)\b|[^,:]* is not (?:enabled|running|configured)(?: in .*)?\.?$)`)
	frrUntaken = regexp.MustCompile(`^(?:% ?(?:Unknown command|Ambiguous command|Command incomplete|There is no matched command|Invalid |Malformed |Can(?:no|')t |No such |Configuration failed)` +
		`|\w+d is not running$)`)
)

// Of BIRD 1.6 to 3.0: nest/cmds.c, nest/proto.c (proto_get_named, proto_cmd_*), conf/conf.c and client/client.c.
var (
	birdc      = regexp.MustCompile(`\bbirdcl?6?\b`)
	birdBeside = regexp.MustCompile(`^(?:BIRD \S+ ready\.|Undo requested)$`)
	birdAbsent = regexp.MustCompile(`^(?:There is no \S+ protocol running|There are multiple \S+ protocols running|\S+: Not an? \S+ protocol|\S+: (?:protocol )?is not (?:up|running)` +
		`|No protocols match|No valid tables|Nothing to do|\S+: (?:already (?:enabled|disabled)|reload failed)\b)`)
	birdUntaken = regexp.MustCompile(`^(?:No such command\.|Ambiguous command|syntax error|Access denied|\(?runtime error|Not available|Unable to connect to server control socket)`)
)

// Of lldpd 1.0 (src/log.c, src/client/lldpcli.c): it warns of what it does not take, and a line that it reads ends with status 0.
var (
	lldpcli     = regexp.MustCompile(`\blldp(?:cli|ctl)\b`)
	lldpUntaken = regexp.MustCompile(`\[(?:WARN|CRIT|ALRT|EMRG)\S*/lldp(?:ctl|cli)\]`)
)

// Of Open vSwitch 2.x and 3.x (utilities/ovs-vsctl.c): of a port that could not be set up, with status 0.
var (
	ovs        = regexp.MustCompile(`\bovs-vsctl\b`)
	ovsUntaken = regexp.MustCompile(`^ovs-vsctl: Error detected while setting up `)
)

// Of iproute2 5.x and 6.x: lib/utils.c (nodev, incomplete_command), lib/libnetlink.c (netlink errors), ip/ip.c (unknown objects).
var (
	iproute2        = regexp.MustCompile(`(?:^|[\s;&|({/'"` + "`" + `])(?:ip|bridge|tc)\s`)
	iproute2Untaken = regexp.MustCompile(`^(?:Cannot find device |RTNETLINK answers: |Error: \S|Device "[^"]*" does not exist|(?:Command|Object|Option) "[^"]*" is unknown|Command line is not complete)`)
)
