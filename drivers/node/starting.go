package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

const (
	// startRound is how soon a daemon that is starting is looked at again, and half of the time that it has taken
	// where that is longer (a quarter, where it was looked at when it should be over), at most startSlow: on a machine that is busy, looking takes the time that
	// the daemon needs. shortWhile is how long one has to run that cannot be asked.
	startRound = 20 * time.Millisecond
	startSlow  = 500 * time.Millisecond
	shortWhile = 200 * time.Millisecond
	// exitLate is the status of a start that has taken too long.
	exitLate = 4
	// exitBefore is the status of a start that has failed before its first daemon.
	exitBefore = 7
)

// pace is how long starts have taken lately, by the names of the daemons.
type pace struct {
	mu   sync.Mutex
	took map[string]time.Duration
}

// paces are those of all nodes of this process: what starts on many of them takes as long on the next.
//
//nolint:gochecknoglobals // when to look again, and no more, depends on it
var paces = pace{took: map[string]time.Duration{}}

// first is how long to wait before a start is looked at for the first time: less than it is likely to take.
func (p *pace) first(names string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(p.took[names]*3/4, startRound), startSlow)
}

// learn takes in how long a start has taken.
func (p *pace) learn(names string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, known := p.took[names]; known {
		took = (before + took) / 2
	}
	p.took[names] = took
}

// StartAll starts the services in order, side by side those that may be. A daemon that crashes at
// its start is left to Deaths, and the rest is started; one that gives up with an exit status is
// an error.
func (n *Node) StartAll(ctx context.Context) error {
	before := n.start.Before
	for rest := n.services; len(rest) > 0; {
		most := 1
		for most < len(rest) && rest[most].Beside {
			most++
		}
		last := most == len(rest)
		if _, err := n.startTogether(ctx, before, rest[:most], last); err != nil {
			return err
		}
		before = ""
		rest = rest[most:]
	}
	return nil
}

// startTogether starts services and waits until each is ready or has ended. crashed are those
// that died by a signal. before are lines that run first. With see it remembers where the node's processes stand then.
func (n *Node) startTogether(ctx context.Context, before string, services []Service, see bool) (crashed []error, err error) {
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	all := strings.Join(names, ", ")
	op := "start " + all
	script := n.ownDirs()
	if before != "" {
		script += fmt.Sprintf("{\n%s\n} || exit %d\n", before, exitBefore)
	}
	script += startScript(services, paces.first(all))
	if see {
		script = "(\n" + script + "\n)\nr=$?\n" + andSee + "\nexit $r"
	}
	x, err := n.Try(ctx, op, script)
	if err != nil {
		return nil, err
	}
	if x.Exit == 0 {
		paces.learn(all, x.Took)
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

// ownDirs makes a directory for each service of the node where there is none: it stands there, and its
// core files land there.
func (n *Node) ownDirs() string {
	var dirs []string
	for _, s := range n.services {
		dirs = append(dirs, session.Quote(coresDir+"/"+s.Name))
	}
	return fmt.Sprintf(`set --; for d in %s; do [ -d "$d" ] || set -- "$@" "$d"; done
[ $# -eq 0 ] || install -d -m 1777 "$@" || exit 6
`, strings.Join(dirs, " "))
}

// startScript starts services, and prints "ended N" for each that ends before it is ready, by its
// place among them. It ends when nothing is waited for any more, or at its bound. It looks first after a while,
// if not everything is ready at once.
func startScript(services []Service, first time.Duration) string {
	var start, look strings.Builder
	var waited []string
	for i, s := range services {
		argv := make([]string, len(s.Argv))
		for k, a := range s.Argv {
			argv[k] = session.Quote(a)
		}
		fmt.Fprintf(&start, `n=%[1]s
if [ -e /run/reprise/$n.pid ]; then echo "it runs already"; exit 5; fi
%[2]s
ends $n; e%[3]d=$c
setsid sh /run/reprise/supervise $n %[4]s %[5]s </dev/null >/dev/null 2>&1 &
`, session.Quote(s.Name), s.Before, i, session.Quote(stdoutLog(s.Name)), strings.Join(argv, " "))
		ready := s.Ready
		if ready == "" {
			ready = fmt.Sprintf("[ $t -ge %d ]", shortWhile.Milliseconds())
		}
		fmt.Fprintf(&look, `	%[1]d)
		ends %[2]s; if [ $c != $e%[1]d ]; then echo "ended %[1]d"; continue; fi
		if [ -e /run/reprise/%[2]s.pid ] && { %[3]s
		} >/dev/null 2>&1; then continue; fi;;
`, i, session.Quote(s.Name), ready)
		waited = append(waited, strconv.Itoa(i))
	}
	part := 2
	if first > startRound && first < startSlow {
		part = 4
	}
	// What is asked again and again starts no program: that takes longer than the answer.
	return fmt.Sprintf(`ends() { c=0; while read -r w k _; do [ "$w $k" != "end $1" ] || c=$((c+1)); done </run/reprise/exits; }
%[1]st=0; waited='%[2]s'
while :; do
	more=
	for s in $waited; do
		case $s in
%[3]s		esac
		more="$more $s"
	done
	waited=$more; [ "$waited" ] || exit 0
	if [ $t -ge %[4]d ]; then exit %[5]d; fi
	w=$((t/%[9]d)); [ $t -gt 0 ] || w=%[8]d; [ $w -ge %[6]d ] || w=%[6]d; [ $w -le %[7]d ] || w=%[7]d; t=$((t+w))
	case $w in ?) w=00$w;; ??) w=0$w;; esac; sleep 0.$w
done`, start.String(), strings.Join(waited, " "), look.String(), startBound.Milliseconds(), exitLate, startRound.Milliseconds(), startSlow.Milliseconds(), first.Milliseconds(), part)
}
