package node

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/failures"
	"github.com/reprise-lab/reprise/drivers/session"
	"github.com/reprise-lab/reprise/drivers/volatile"
)

//go:embed supervise.sh
var superviseScript string

//go:embed syslog.sh
var syslogScript string

// Timeouts of the node's own work.
const (
	controlTimeout = 20 * time.Second
	startBound     = 15 * time.Second // less than controlTimeout
	stopTimeout    = 5 * time.Second
)

// Node is one machine with its daemons. It is safe for use by several goroutines.
type Node struct {
	Target   drivers.Target
	platform string
	services []Service
	start    Start
	failures *failures.Rules
	volatile []volatile.Rule                    // of the platform, beside those of every node
	control  *session.Reopening[*session.Shell] // ours, so that a hanging user command does not block us
	shell    *session.Reopening[*session.Shell]

	mu     sync.Mutex
	booted time.Time       // when the record of exits began, by the clock of the node's machine
	stands map[int]stand   // processes of the node as last seen
	cores  map[core]cored  // of deaths that were looked into
	found  map[string]bool // programs that the node has, by the words that asked for them
}

// Open opens a node's shell, which proves that it can be reached. table has the platform's rules
// for what failures are called.
func Open(ctx context.Context, platform string, table []byte, t drivers.Target) (*Node, error) {
	rules, err := failures.Parse(table)
	if err != nil {
		return nil, &drivers.OpError{Node: t.Node, Op: "open session", Err: err}
	}
	n := &Node{Target: t, platform: platform, failures: rules, stands: map[int]stand{}, cores: map[core]cored{}}
	open := func(channel string, ours bool) *session.Reopening[*session.Shell] {
		return session.NewReopening(t.Node, func(ctx context.Context, i int) (*session.Shell, error) {
			return session.OpenShell(ctx, session.Config{Node: t.Node, Host: t.Host, Recorder: t.Recorder, Channel: session.Channel(channel, i), RealTime: ours && t.Clock})
		})
	}
	n.control, n.shell = open("control", true), open("shell", false)
	if err := n.control.Do(ctx, func(*session.Shell) error { return nil }); err != nil {
		if o := (*drivers.OpError)(nil); errors.As(err, &o) {
			err = o.Err
		}
		return nil, errors.Join(n.Fail("reach node", err), n.Close(ctx))
	}
	return n, nil
}

// SetServices names the daemons that Boot starts, in order.
func (n *Node) SetServices(s []Service) { n.services = s }

// SetVolatile says what changes by itself in the answers of the platform.
func (n *Node) SetVolatile(rules []volatile.Rule) { n.volatile = rules }

// NameFailure implements drivers.FailureNamer.
func (n *Node) NameFailure(d drivers.Death, said string) drivers.Failure {
	return n.failures.Name(d, said)
}

// Services lists the daemons in order of start.
func (n *Node) Services() []Service { return slices.Clone(n.services) }

// Platform implements drivers.Driver.
func (n *Node) Platform() drivers.Platform { return drivers.Platform{Name: n.platform} }

// Shell implements drivers.Sheller.
func (n *Node) Shell(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	return n.shell.Run(ctx, c)
}

// Close ends the node's sessions; daemons run on.
func (n *Node) Close(ctx context.Context) error {
	return errors.Join(n.shell.Close(ctx), n.control.Close(ctx))
}

// Fail makes an error of an operation on this node.
func (n *Node) Fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if op2 := (*drivers.OpError)(nil); errors.As(err, &op2) && op2.Op == op {
		return err
	}
	return &drivers.OpError{Node: n.Target.Node, Op: op, Err: err}
}

// Control runs a script of ours; a non-zero exit status is an error that holds what
// the script said.
func (n *Node) Control(ctx context.Context, op, script string) (string, error) {
	x, err := n.Try(ctx, op, script)
	if err == nil && x.Exit != 0 {
		err = n.Fail(op, fmt.Errorf("exit status %d: %s", x.Exit, strings.TrimSpace(x.Output)))
	}
	return x.Output, err
}

// Try runs a script of ours, whatever its exit status.
func (n *Node) Try(ctx context.Context, op, script string) (drivers.Exchange, error) {
	return n.TryFor(ctx, op, script, controlTimeout)
}

// TryFor is Try for a script that may take longer, as one that loads a large configuration.
func (n *Node) TryFor(ctx context.Context, op, script string, timeout time.Duration) (drivers.Exchange, error) {
	x, err := n.control.Run(ctx, drivers.Command{Line: script, Timeout: timeout})
	if err != nil {
		// The script itself is not worth printing; what it was for is.
		if o := (*drivers.OpError)(nil); errors.As(err, &o) {
			err = o.Err
		}
		return x, n.Fail(op, err)
	}
	return x, nil
}

// Statuses of prepare: daemons of ours run, whose names it prints; the node has no folder for us, and no mkdir.
const (
	exitLeft   = 3
	exitNoRoom = 4
)

// prepare takes away what daemons have left, makes the directories that are needed, writes the supervisor, and begins
// the reading of syslog, which it waits for. Like all that runs at every start, it begins no program for what the shell can find
// out by itself: that takes as much of a processor as a daemon's start.
func (n *Node) prepare() string {
	dirs := []string{"/run/reprise", "/var/log/reprise", coresDir}
	for _, d := range n.start.Dirs {
		dirs = append(dirs, session.Quote(d))
	}
	return fmt.Sprintf(`%s
[ -z "$left" ] || exit %d
set -- %s
for d in "$@"; do [ -d "$d" ] || { said=$(mkdir -p "$@" 2>&1) || [ $? -ge 126 ] || { echo "$said"; exit 1; }; break; }; done
[ -d /run/reprise ] || exit %d
for f in /run/reprise/*.pid /run/reprise/*.ordered /run/reprise/*.supervisor; do if [ -e "$f" ] || [ -L "$f" ]; then rm -f "$f"; fi; done
(
%s) </dev/null >/dev/null 2>&1 || :
printf '%%s' %s >/run/reprise/supervise || exit 1
`, supervisors, exitLeft, strings.Join(dirs, " "), exitNoRoom, syslogScript, session.Quote(superviseScript))
}

// Prepare makes the node ready for daemons: it ends those of ours that still run,
// forgets earlier exits, writes the supervisor and the files of the target. From then on
// what is sent to syslog is read, where nobody else does.
func (n *Node) Prepare(ctx context.Context) error {
	const op = "prepare node"
	script, files := n.prepare(), slices.Sorted(maps.Keys(n.Target.Files))
	if len(files) == 0 { // any may be a log that is about to have another size
		script += n.newRecord()
	}
	x, err := n.Try(ctx, op, script)
	if err == nil && x.Exit == exitLeft {
		if err = n.stopThese(ctx, strings.Fields(x.Output)); err == nil {
			x, err = n.Try(ctx, op, script)
		}
	}
	if err == nil && x.Exit == exitNoRoom { // who writes a file makes the folders that lead to it
		if err = n.Fail(op, n.Target.Host.WriteFile(ctx, "/run/reprise/supervise", nil, 0o755)); err == nil {
			x, err = n.Try(ctx, op, script)
		}
	}
	if err == nil && x.Exit != 0 {
		err = n.Fail(op, fmt.Errorf("exit status %d: %s", x.Exit, strings.TrimSpace(x.Output)))
	}
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return n.recorded(x.Output)
	}
	for _, name := range files {
		if err := n.Put(ctx, name, n.Target.Files[name], 0o644); err != nil {
			return err
		}
	}
	out, err := n.Control(ctx, opRecord, n.newRecord())
	if err != nil {
		return err
	}
	return n.recorded(out)
}

const opRecord = "begin record of exits"

// newRecord begins a new record of exits, noting where the logs end now, and prints the time where the node has
// a clock of its own. What is empty is not noted: it takes a program to ask for a size.
func (n *Node) newRecord() string {
	var script strings.Builder
	script.WriteString(": >/run/reprise/exits; set --\n")
	for _, s := range n.services {
		for _, f := range append([]string{stdoutLog(s.Name)}, s.Logs...) {
			fmt.Fprintf(&script, "[ -f %[1]s ] && [ -s %[1]s ] && set -- \"$@\" %[1]s\n", session.Quote(f))
		}
	}
	script.WriteString("[ $# -eq 0 ] || stat -c 'log %n %s' \"$@\" >>/run/reprise/exits")
	if n.Target.Here != nil {
		script.WriteString("\ndate +%s.%N")
	}
	return script.String()
}

// recorded takes what newRecord has printed.
func (n *Node) recorded(out string) (err error) {
	booted := time.Now()
	if n.Target.Here != nil {
		if booted, err = parseTime(strings.TrimSpace(out)); err != nil {
			return n.Fail(opRecord, err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.booted = booted
	clear(n.cores)
	return nil
}

// Put writes a file into the node.
func (n *Node) Put(ctx context.Context, name string, data []byte, mode fs.FileMode) error {
	if err := n.Target.Host.WriteFile(ctx, name, data, mode); err != nil {
		return n.Fail("write "+name, err)
	}
	return nil
}

func (n *Node) exited(ctx context.Context, s Service) error {
	op := "start " + s.Name
	r, err := n.record(ctx)
	if err != nil {
		return err
	}
	for _, x := range slices.Backward(r.Exits) {
		if x.Name == s.Name {
			last, _, err := n.lastLog(ctx, s, r)
			return n.Fail(op, errors.Join(&ExitedError{Service: s.Name, Exit: x, LastLog: last}, err))
		}
	}
	return n.Fail(op, errors.New("it ended without a record"))
}

// settle is a shell loop that waits, at most 10 s, while a daemon is dying or dead whose end
// its supervisor has not written yet: it is dumping core (flag 0x200 in /proc/PID/stat),
// exiting (0x4), a zombie or gone. A supervisor that is gone itself is not waited for.
const settle = `i=0; while [ $i -lt 200 ]; do busy=
for f in /run/reprise/*.pid; do
	{ read -r p <"$f" && read -r s <"${f%.pid}.supervisor"; } 2>/dev/null && [ -e "/proc/$s/stat" ] || continue
	if { read -r l <"/proc/$p/stat"; } 2>/dev/null; then
		l=${l##*) }; set -- $l
		case $1 in Z|X) ;; *) [ $(($7 & 0x204)) -ne 0 ] || continue;; esac
	fi
	[ -e "$f" ] && busy=1
done
[ "$busy" ] || break; i=$((i+1)); sleep 0.05; done
`

func (n *Node) record(ctx context.Context) (Record, error) {
	out, err := n.Control(ctx, "read exits", readExits)
	if err != nil {
		return Record{}, err
	}
	r, err := ParseExits(out)
	return r, n.Fail("read exits", err)
}

// readExits prints the record of exits when no end is under way.
const readExits = settle + "if [ -e /run/reprise/exits ]; then cat /run/reprise/exits; fi"

// look reads the record of exits, and sees the processes that there are then.
func (n *Node) look(ctx context.Context) (Record, error) {
	out, err := n.Control(ctx, "read exits", readExits+"\n"+andSee)
	if err != nil {
		return Record{}, err
	}
	r, err := ParseExits(n.seen(out))
	return r, n.Fail("read exits", err)
}

// said is how many lines of a log a failure is named by: what a daemon says of its end may be
// longer than the words that are kept of it.
const said = 80

// lastLog is what a service logged last since the record began, and what it printed last: the
// words that are kept of it, and all that its end is named by.
func (n *Node) lastLog(ctx context.Context, s Service, r Record) (words, all string, err error) {
	files := append(slices.Clone(s.Logs), stdoutLog(s.Name))
	var script strings.Builder
	for i, f := range files {
		if i > 0 {
			script.WriteString("printf '\\n\\001\\n'\n")
		}
		fmt.Fprintf(&script, "if [ -s %[1]s ]; then tail -c +%[2]d %[1]s | grep -avE -e %[4]s | tail -n %[3]d | tail -c 16000; fi\n", session.Quote(f), r.Logs[f]+1, said, session.Quote(or(s.Dull, "^$")))
	}
	out, err := n.Control(ctx, "read last log of "+s.Name, script.String())
	var kept []string
	for i, text := range strings.SplitN(out, "\n\x01\n", len(files)) {
		lines := 10
		if i == len(s.Logs) && i > 0 {
			lines = 4
		}
		kept = append(kept, lastLines(text, lines))
	}
	return strings.TrimSpace(strings.Join(kept, "\n")), strings.ReplaceAll(out, "\n\x01\n", "\n"), err
}

// lastLines is the end of a text, at most 4000 bytes of it.
func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	text = strings.Join(lines[max(0, len(lines)-most):], "\n")
	return strings.ToValidUTF8(text[max(0, len(text)-4000):], "")
}

// sessionMembers is a shell function: the processes of a session but its leader.
const sessionMembers = `members() { for p in /proc/[0-9]*/stat; do
	{ read -r l < $p; } 2>/dev/null || continue
	pid=${l%% *}; l=${l##*) }; set -- $1 $l
	if [ "$5" = "$1" ] && [ "$pid" != "$1" ]; then echo $pid; fi
done; }
`

// supervisors prints the names of the daemons of ours that have a supervisor, and sets left where there is one.
const supervisors = `left=; for f in /run/reprise/*.supervisor; do [ ! -e "$f" ] || { f=${f##*/}; echo "${f%.supervisor}"; left=1; }; done`

// StopAll stops every daemon of ours, last started first, with what they started.
func (n *Node) StopAll(ctx context.Context) error {
	out, err := n.Control(ctx, "list daemons", supervisors)
	if err != nil {
		return err
	}
	return n.stopThese(ctx, strings.Fields(out))
}

func (n *Node) stopThese(ctx context.Context, there []string) error {
	// Those of an earlier driver on this node may have other names: they are the last.
	place := func(name string) int {
		return slices.IndexFunc(n.services, func(s Service) bool { return s.Name == name })
	}
	slices.SortStableFunc(there, func(a, b string) int { return place(b) - place(a) })
	var errs []error
	for _, name := range there {
		errs = append(errs, n.stop(ctx, name))
	}
	return errors.Join(errs...)
}

func (n *Node) stop(ctx context.Context, name string) error {
	script := sessionMembers + fmt.Sprintf(`n=%s; r=/run/reprise
[ -e $r/$n.supervisor ] || exit 0
s=$(cat $r/$n.supervisor)
if [ -e $r/$n.pid ]; then
	p=$(cat $r/$n.pid)
	for sig in TERM KILL; do
		echo $sig > $r/$n.ordered; kill -CONT $p 2>/dev/null; kill -$sig $p 2>/dev/null
		i=0; while [ -e $r/$n.pid ] && [ $i -lt %d ]; do sleep 0.02; i=$((i+1)); done
		[ -e $r/$n.pid ] || break
	done
fi
for m in $(members $s); do kill -KILL $m 2>/dev/null; done
[ -e $r/$n.pid ] && exit 1
rm -f $r/$n.supervisor`, session.Quote(name), int(stopTimeout/(20*time.Millisecond)))
	_, err := n.Control(ctx, "stop "+name, script)
	return err
}

// Kill implements drivers.ProcessController. It returns when the process has ended,
// where the signal is one that ends processes.
func (n *Node) Kill(ctx context.Context, process, signal string) error {
	sig := strings.TrimPrefix(strings.ToUpper(signal), "SIG")
	if strings.ContainsFunc(sig, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) || sig == "" {
		return n.Fail("kill "+process, fmt.Errorf("no such signal %q", signal))
	}
	ends := sig == "TERM" || sig == "KILL" || sig == "INT" || sig == "QUIT" || slices.Contains(drivers.FaultSignals(), "SIG"+sig)
	script := fmt.Sprintf(`n=%s; r=/run/reprise
[ -e $r/$n.pid ] || { echo "it does not run"; exit 1; }
p=$(cat $r/$n.pid)
`, session.Quote(process))
	if ends {
		script += fmt.Sprintf("echo %[1]s > $r/$n.ordered; kill -%[1]s $p || exit 1\ni=0; while [ -e $r/$n.pid ]; do [ $i -lt 500 ] || { echo 'it does not end'; exit 1; }; sleep 0.02; i=$((i+1)); done", sig)
	} else {
		script += "kill -" + sig + " $p"
	}
	_, err := n.Control(ctx, "kill "+process+" with "+sig, script)
	return err
}

// Start implements drivers.ProcessController.
func (n *Node) Start(ctx context.Context, process string) error {
	s, err := n.find("start "+process, process)
	if err != nil {
		return err
	}
	crashed, err := n.startTogether(ctx, "", []Service{s}, true)
	return errors.Join(append(crashed, err)...)
}

func (n *Node) find(op, process string) (Service, error) {
	i := slices.IndexFunc(n.services, func(s Service) bool { return s.Name == process })
	if i < 0 {
		names := make([]string, len(n.services))
		for i, s := range n.services {
			names[i] = s.Name
		}
		return Service{}, n.Fail(op, fmt.Errorf("no such daemon on this node (it has %s)", strings.Join(names, ", ")))
	}
	return n.services[i], nil
}

// Pause implements drivers.ProcessController: the daemon and what it started stand still.
func (n *Node) Pause(ctx context.Context, process string) error {
	return n.signalSession(ctx, "pause "+process, process, "STOP")
}

// Resume implements drivers.ProcessController.
func (n *Node) Resume(ctx context.Context, process string) error {
	return n.signalSession(ctx, "resume "+process, process, "CONT")
}

func (n *Node) signalSession(ctx context.Context, op, process, sig string) error {
	if _, err := n.find(op, process); err != nil {
		return err
	}
	_, err := n.Control(ctx, op, sessionMembers+fmt.Sprintf(`n=%s; [ -e /run/reprise/$n.pid ] || { echo "it does not run"; exit 1; }
for m in $(members $(cat /run/reprise/$n.supervisor)); do kill -%s $m; done`, session.Quote(process), sig))
	return err
}

// Running tells which services run.
func (n *Node) Running(ctx context.Context) ([]string, error) {
	out, err := n.Control(ctx, "list daemons", "cd /run/reprise 2>/dev/null || exit 0; ls | sed -n 's/\\.pid$//p'")
	return strings.Fields(out), err
}
