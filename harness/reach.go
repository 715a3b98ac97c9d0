package harness

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// reach pings or connects from the node's shell; Count is the number of answers. No answer
// is one only where something was sent, or the kernel knew no way: a probe that could not
// be tried is an error.
func (t *Trial) reach(ctx context.Context, n *labNode, r scenarios.Reach, o *evidence.Observation) error {
	count := max(r.Count, 1)
	wait := time.Duration(r.Timeout)
	if wait == 0 {
		wait = time.Second
	}
	line, read := pingLine(r, count, wait), readPing
	if r.TCP != "" {
		host, port, err := net.SplitHostPort(r.TCP)
		if err != nil {
			return fmt.Errorf("reach: %w", err)
		}
		line, read = tcpLine(host, port, count, wait), func(out string) (int, error) { return readTCP(out, count) }
	}
	x, err := t.shell(ctx, n, line, time.Duration(count+2)*(wait+time.Second))
	o.Text, o.Exit, o.Truncated, o.Answered = x.Output, x.Exit, x.Truncated, x.Took
	if err != nil {
		return err
	}
	o.Count, err = read(x.Output)
	return err
}

// seconds writes a time as ping and timeout take it: whole where it is whole, for some take
// no other.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func pingLine(r scenarios.Reach, count int, wait time.Duration) string {
	line := fmt.Sprintf("LC_ALL=C ping -n -c %d -i 0.2 -W %s", count, seconds(wait))
	if r.From != "" {
		line += " -I " + quote(r.From)
	}
	return line + " " + quote(r.Ping)
}

// noWay matches the kernel's words for a destination that it has no way to: nothing was
// reached, which is an answer.
var noWay = regexp.MustCompile(`(?i)network is unreachable|no route to host|host is unreachable|network is down|host is down`)

// notSent matches the kernel's words for a packet that it did not take.
var notSent = regexp.MustCompile(`(?m)^.*\bsend(?:msg|to): (.*)$`)

// readPing counts the answers of a ping. What it prints at its end tells that it sent
// something, or tried. The status does not: iputils ends with 2 for an unknown name as for an
// unreachable network, and others end with 1 for everything.
func readPing(out string) (int, error) {
	for _, m := range notSent.FindAllStringSubmatch(out, -1) {
		if !noWay.MatchString(m[1]) {
			return 0, fmt.Errorf("the ping could not be sent: %s", bounded(strings.TrimSpace(m[0]), 200))
		}
	}
	sent := regexp.MustCompile(`(?m)^([1-9]\d*) packets transmitted`).MatchString(out)
	if !sent && !noWay.MatchString(out) {
		return 0, fmt.Errorf("the ping could not be sent%s", firstWords(out))
	}
	return strings.Count(out, " bytes from "), nil
}

// tcpLine connects count times, by bash or by Python, whichever is there, and says after
// each attempt what came of it.
func tcpLine(host, port string, count int, wait time.Duration) string {
	resolve := ""
	if _, err := netip.ParseAddr(host); err != nil { // a name that has no address takes as long as no answer
		resolve = `getent ahosts "$h" >/dev/null 2>&1 || { echo "reprise: the name $h has no address here"; exit 0; }`
	}
	return fmt.Sprintf(`h=%s p=%s w=%s LC_ALL=C; export LC_ALL
if ! command -v timeout >/dev/null 2>&1; then echo "reprise: no timeout is there to bound an attempt"; exit 0
elif command -v bash >/dev/null 2>&1; then try() { timeout "$w" bash -c 'exec 3<>/dev/tcp/"$0"/"$1"' "$h" "$p"; }
elif command -v python3 >/dev/null 2>&1; then try() { timeout "$w" python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])))' "$h" "$p"; }
else echo "reprise: neither bash nor python3 is there to connect with"; exit 0
fi
%s
i=0; while [ $i -lt %d ]; do i=$((i+1)); try 2>&1; echo "reprise: status $?"; done`, quote(host), quote(port), seconds(wait), resolve, count)
}

// notTaken matches the words for a connection that was tried and did not come about.
var notTaken = regexp.MustCompile(`(?i)connection refused|connection timed out|connection reset|connection aborted`)

// readTCP counts the connections of tcpLine's attempts.
func readTCP(out string, count int) (int, error) {
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
	return ": " + bounded(strings.TrimSpace(line), 200)
}
