package trial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
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
	line, read := pingLine(r, count, wait), judge.ReadPing
	if r.TCP != "" {
		host, port, err := net.SplitHostPort(r.TCP)
		if err != nil {
			return fmt.Errorf("reach: %w", err)
		}
		line, read = tcpLine(host, port, count, wait), func(out string) (int, error) { return judge.ReadTCP(out, count) }
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
