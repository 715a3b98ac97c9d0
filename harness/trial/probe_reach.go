package trial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/scenarios"
)

// observeReach pings or connects from the node's shell; Count is the number of answers. No answer
// is one only where something was sent, or the kernel knew no way: a probe that could not
// be tried is an error.
func observeReach(ctx context.Context, b *observer, q question, p scenarios.ReachProbe) error {
	r, o := p.Reach, q.seen
	count, wait := r.Tries(), r.Wait()
	line, read := pingLine(r, count, wait), func(out string) (int, error) { return judge.ReadPing(r, out) }
	if r.TCP != "" {
		host, port, err := net.SplitHostPort(r.TCP)
		if err != nil {
			return fmt.Errorf("reach: %w", err)
		}
		line, read = tcpLine(r, host, port, count, wait), func(out string) (int, error) { return judge.ReadTCP(out, count) }
	}
	over := b.lab.captures.own.begin(q.node.Name, r, b.rec)
	defer func() { over(o.Count >= count) }()
	x, err := q.node.shell(ctx, line, time.Duration(count+2)*(wait+time.Second))
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

// connect is Python's way to connect to an address and port from a source: an address, an
// interface, or nothing. Who asked for a source that is not there is told so by the kernel.
const connect = `import ipaddress, socket, sys
host, port, source = sys.argv[1], int(sys.argv[2]), sys.argv[3]
family, kind, proto, _, to = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
s = socket.socket(family, kind, proto)
try:
    ipaddress.ip_address(source.split("%")[0])
    s.bind(socket.getaddrinfo(source, 0, family, kind)[0][4])
except ValueError:
    if source:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, source.encode())
s.connect(to)`

// tcpLine connects count times, by bash or by Python, whichever is there, and says after
// each attempt what came of it. From a source it takes Python: bash cannot choose one.
func tcpLine(r scenarios.Reach, host, port string, count int, wait time.Duration) string {
	bash := `command -v bash >/dev/null 2>&1`
	lacking := "neither bash nor python3 is there to connect with"
	if r.From != "" {
		bash, lacking = "false", "python3 is not there, which a connection from a source takes"
	}
	resolve := ""
	if _, err := netip.ParseAddr(host); err != nil { // a name that has no address takes as long as no answer
		resolve = `getent ahosts "$h" >/dev/null 2>&1 || { echo "reprise: the name $h has no address here"; exit 0; }`
	}
	return fmt.Sprintf(`h=%s p=%s w=%s LC_ALL=C; export LC_ALL
if ! command -v timeout >/dev/null 2>&1; then echo "reprise: no timeout is there to bound an attempt"; exit 0
elif %s; then try() { timeout "$w" bash -c 'exec 3<>/dev/tcp/"$0"/"$1"' "$h" "$p"; }
elif command -v python3 >/dev/null 2>&1; then try() { timeout "$w" python3 -c %s "$h" "$p" %s; }
else echo "reprise: %s"; exit 0
fi
%s
i=0; while [ $i -lt %d ]; do i=$((i+1)); try 2>&1; echo "reprise: status $?"; done`, quote(host), quote(port), seconds(wait), bash, quote(connect), quote(r.From), lacking, resolve, count)
}
