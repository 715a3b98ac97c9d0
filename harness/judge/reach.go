package judge

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// noWay matches the kernel's words for a destination that it has no way to: nothing was
// reached, which is an answer.
var noWay = regexp.MustCompile(`(?i)network is unreachable|no route to host|host is unreachable|network is down|host is down`)

// notSent matches the words for a packet that the kernel did not take: those of iputils and
// busybox, and of inetutils.
var (
	notSent = regexp.MustCompile(`(?m)^.*\bsend(?:msg|to): (.*)$`)
	unsent  = regexp.MustCompile(`(?m)^.*\b(?:sending packet: |local error: )(.*)$`)
)

// ReadPing counts the answers of a ping. What it prints at its end tells that it sent
// something, or tried. The status does not: iputils ends with 2 for an unknown name as for an
// unreachable network, and others end with 1 for everything.
//
// iputils pretends to have sent what the kernel refused, and some releases say nothing of it.
// The kernel refuses an address of one link where no interface is named (EINVAL): without an
// answer such a ping was not sent, whatever it says.
//
// An answer counts once, however often it came: answers are told apart by the number of what they answer, and by what ping
// says of a copy (DUP!). One whose checksum is wrong is none.
func ReadPing(r scenarios.Reach, out string) (int, error) {
	n, err := readPingV3(r, out)
	if err != nil {
		return 0, err
	}
	return min(n, answersOf(out)), nil
}

// answer matches what ping prints of an answer, and answered the number of what it answers: icmp_seq of iputils and inetutils, seq
// of busybox.
var (
	answer   = regexp.MustCompile(`(?m)^.* bytes from .*$`)
	answered = regexp.MustCompile(`\b(?:icmp_)?seq=(\d+)`)
)

// answersOf counts the answers, each once. One that has no number is told apart from none.
func answersOf(out string) int {
	n, seen := 0, map[string]bool{}
	for _, line := range answer.FindAllString(out, -1) {
		if strings.Contains(line, "(DUP!)") || strings.Contains(line, "(BAD CHECKSUM)") {
			continue
		}
		if number := answered.FindStringSubmatch(line); number != nil {
			if seen[number[1]] {
				continue
			}
			seen[number[1]] = true
		}
		n++
	}
	return n
}

// readPingV3 is ReadPing by [evidence.RulesV3] and RulesV4: copies count.
func readPingV3(r scenarios.Reach, out string) (int, error) {
	n, err := readPingV2(r, out)
	if err != nil || n > 0 {
		return n, err
	}
	if r.Linkless() {
		return 0, fmt.Errorf("the ping could not be sent: %s is an address of one link, and no interface is named (%s%%eth1, or from: eth1)", r.Ping, r.Ping)
	}
	for _, m := range unsent.FindAllStringSubmatch(out, -1) {
		if !noWay.MatchString(m[1]) {
			return 0, fmt.Errorf("the ping could not be sent: %s", evidence.Bounded(strings.TrimSpace(m[0]), 200))
		}
	}
	return 0, nil
}

// readPingV2 is ReadPing by [evidence.RulesV2].
func readPingV2(_ scenarios.Reach, out string) (int, error) {
	for _, m := range notSent.FindAllStringSubmatch(out, -1) {
		if !noWay.MatchString(m[1]) {
			return 0, fmt.Errorf("the ping could not be sent: %s", evidence.Bounded(strings.TrimSpace(m[0]), 200))
		}
	}
	sent := regexp.MustCompile(`(?m)^([1-9]\d*) packets transmitted`).MatchString(out)
	if !sent && !noWay.MatchString(out) {
		return 0, fmt.Errorf("the ping could not be sent%s", firstWords(out))
	}
	return strings.Count(out, " bytes from "), nil
}

// pingBy reads a ping by some rules.
func pingBy(rules evidence.Rules) func(scenarios.Reach, string) (int, error) {
	switch {
	case !rules.Since(evidence.RulesV3):
		return readPingV2
	case !rules.Since(evidence.RulesV5):
		return readPingV3
	default:
		return ReadPing
	}
}

// notTaken matches the words for a connection that was tried and did not come about.
var notTaken = regexp.MustCompile(`(?i)connection refused|connection timed out|connection reset|connection aborted`)

// ReadTCP counts the connections of tcpLine's attempts.
func ReadTCP(out string, count int) (int, error) {
	connected, attempts := 0, 0
	words := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		status, ended := strings.CutPrefix(line, "reprise: status ")
		if !ended {
			words += line + "\n"
			continue
		}
		attempts++
		switch {
		case status == "0":
			connected++
		case status == "124" || status == "143": // timeout's own, and that of busybox's
		case notTaken.MatchString(words) || noWay.MatchString(words):
		default:
			return 0, fmt.Errorf("the connection could not be tried (status %s)%s", status, firstWords(words))
		}
		words = ""
	}
	if attempts < count {
		return 0, fmt.Errorf("the connection could not be tried%s", firstWords(strings.TrimPrefix(words, "reprise: ")))
	}
	return connected, nil
}

// firstWords are the first line of an output, for a reason.
func firstWords(out string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if strings.HasPrefix(line, "Traceback") { // Python says what it was at the end
		line = rest[strings.LastIndexByte(rest, '\n')+1:]
	}
	if line == "" {
		return ", and nobody said why"
	}
	return ": " + evidence.Bounded(strings.TrimSpace(line), 200)
}
