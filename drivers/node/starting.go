package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

const (
	// startRound is how often a daemon that is starting is looked at, and shortWhile how many of
	// these rounds one has to run that cannot be asked.
	startRound = 20 * time.Millisecond
	shortWhile = 10
	// exitLate is the status of a start that has taken too long.
	exitLate = 4
)

// StartAll starts the services in order, side by side those that may be. A daemon that crashes at
// its start is left to Deaths, and the rest is started; one that gives up with an exit status is
// an error.
func (n *Node) StartAll(ctx context.Context) error {
	for rest := n.services; len(rest) > 0; {
		most := 1
		for most < len(rest) && rest[most].Beside {
			most++
		}
		if _, err := n.startTogether(ctx, rest[:most]); err != nil {
			return err
		}
		rest = rest[most:]
	}
	return nil
}

// startTogether starts services and waits until each is ready or has ended. crashed are those
// that died by a signal.
func (n *Node) startTogether(ctx context.Context, services []Service) (crashed []error, err error) {
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	op := "start " + strings.Join(names, ", ")
	x, err := n.Try(ctx, op, "(\n"+startScript(services)+"\n)\nr=$?\n"+andSee+"\nexit $r")
	if err != nil {
		return nil, err
	}
	out := n.seen(x.Output)
	for line := range strings.Lines(out) {
		number, ended := strings.CutPrefix(strings.TrimSpace(line), "ended ")
		i, err := strconv.Atoi(number)
		if !ended || err != nil || i >= len(services) {
			continue
		}
		err = n.exited(ctx, services[i])
		if exited := (*ExitedError)(nil); !errors.As(err, &exited) || !exited.Crashed() {
			return crashed, err
		}
		crashed = append(crashed, err)
	}
	switch x.Exit {
	case 0:
		return crashed, nil
	case exitLate:
		return crashed, n.Fail(op, fmt.Errorf("not ready: %w", drivers.ErrTimeout))
	default:
		return crashed, n.Fail(op, fmt.Errorf("exit status %d: %s", x.Exit, strings.TrimSpace(out)))
	}
}

// startScript starts services, and prints "ended N" for each that ends before it is ready, by its
// place among them. It ends when nothing is waited for any more, or at its bound.
func startScript(services []Service) string {
	var start, look strings.Builder
	var waited []string
	for i, s := range services {
		argv := make([]string, len(s.Argv))
		for k, a := range s.Argv {
			argv[k] = session.Quote(a)
		}
		fmt.Fprintf(&start, `n=%[1]s
if [ -e /run/reprise/$n.pid ]; then echo "it runs already"; exit 5; fi
mkdir -p /run/reprise /var/log/reprise; install -d -m 1777 /var/lib/reprise/cores/$n || exit 6
%[2]s
ends $n; e%[3]d=$c
setsid sh /run/reprise/supervise $n %[4]s %[5]s </dev/null >/dev/null 2>&1 &
`, session.Quote(s.Name), s.Before, i, session.Quote(stdoutLog(s.Name)), strings.Join(argv, " "))
		ready := s.Ready
		if ready == "" {
			ready = fmt.Sprintf("[ $i -ge %d ]", shortWhile)
		}
		fmt.Fprintf(&look, `	%[1]d)
		ends %[2]s; if [ $c != $e%[1]d ]; then echo "ended %[1]d"; continue; fi
		if [ -e /run/reprise/%[2]s.pid ] && { %[3]s
		} >/dev/null 2>&1; then continue; fi;;
`, i, session.Quote(s.Name), ready)
		waited = append(waited, strconv.Itoa(i))
	}
	// What is asked again and again starts no program: that takes longer than the answer.
	return fmt.Sprintf(`ends() { c=0; while read -r w k _; do [ "$w $k" != "end $1" ] || c=$((c+1)); done </run/reprise/exits; }
%[1]si=0; waited='%[2]s'
while :; do
	more=
	for s in $waited; do
		case $s in
%[3]s		esac
		more="$more $s"
	done
	waited=$more; [ "$waited" ] || exit 0
	i=$((i+1)); if [ $i -ge %[4]d ]; then exit %[5]d; fi
	sleep %[6]g
done`, start.String(), strings.Join(waited, " "), look.String(), int(startBound/startRound), exitLate, startRound.Seconds())
}
