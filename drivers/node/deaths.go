package node

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

// maxLog bounds what is read of one log file.
const maxLog = 1 << 20

// Deaths implements drivers.DeathWatcher. It counts from the last Boot or
// RestartDaemons. Three tell of deaths: the supervisor of the ends of its daemons, the
// lab's kernel of every process that a fault ended (drivers.Target.Ends), and the log of a
// daemon of processes that it lost; the time of those is zero where the log line has none.
// A death that is under way is waited for.
func (n *Node) Deaths(ctx context.Context) ([]drivers.Death, error) {
	ends, unseen := n.ends(ctx) // first: what it tells of, the record tells of after it has settled
	var supervised []string
	if unseen != nil { // and so is this
		var err error
		if supervised, err = n.supervised(ctx); err != nil {
			return nil, err
		}
	}
	r, err := n.look(ctx)
	if err != nil {
		return nil, err
	}
	unheard := n.unheard()
	var deaths []drivers.Death
	for _, x := range r.Exits {
		x.At = n.here(x.At)
		var end *drivers.ProcessEnd
		end, ends = takeEnd(ends, x)
		if x.WasOrdered() {
			continue
		}
		d := x.death()
		all := ""
		if s, err := n.find("", x.Name); err == nil {
			if d.LastLog, all, err = n.lastLog(ctx, s, r); err != nil {
				return nil, err
			}
		}
		d.Unheard = unheard
		complete(&d, end)
		if end != nil && r.Names[end.SenderPID] != "" { // a daemon of the node's own has ended another
			d.From = ""
		}
		d.Failure = n.NameFailure(d, all)
		n.note(d, end)
		deaths = append(deaths, d)
	}
	// What another process or nobody ended, and no fault, is no death: who asks for those asks the target.
	ends = repeated(slices.DeleteFunc(ends, func(e drivers.ProcessEnd) bool { return !e.Raised() && (e.Sent != 0 || e.Orphan) }))
	lost, err := n.childDeaths(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, d := range lost {
		d.Unheard = unheard
		i := slices.IndexFunc(ends, func(e drivers.ProcessEnd) bool { return d.PID != 0 && e.PID == d.PID })
		if i >= 0 {
			complete(&d, &ends[i])
			n.note(d, &ends[i])
			ends = slices.Delete(ends, i, i+1)
		}
		d.Failure = n.NameFailure(d, d.LastLog)
		deaths = append(deaths, d)
	}
	for _, e := range ends {
		d := n.told(e, r)
		d.Unheard = unheard
		d.Failure = n.NameFailure(d, "")
		n.note(d, &e)
		deaths = append(deaths, d)
	}
	slices.SortStableFunc(deaths, func(a, b drivers.Death) int { return a.At.Compare(b.At) })
	if err := n.findCores(ctx, deaths); err != nil {
		return nil, err
	}
	if unseen != nil {
		unseen.Known = r.known(supervised)
		return deaths, unseen
	}
	return deaths, nil
}

// Crashed reports whether a process of the node died by a signal since Boot.
func (n *Node) Crashed(ctx context.Context) (bool, error) {
	deaths, err := n.Deaths(ctx)
	if unseen := (*drivers.UnseenError)(nil); errors.As(err, &unseen) {
		err = nil
	}
	return slices.ContainsFunc(deaths, func(d drivers.Death) bool { return d.Signal != "" }), err
}

// ends are what the lab's kernel tells since Boot.
func (n *Node) ends(ctx context.Context) ([]drivers.ProcessEnd, *drivers.UnseenError) {
	if n.Target.Ends == nil {
		return nil, &drivers.UnseenError{Why: "this kind of lab does not see the processes of its nodes, but for the daemons that were started with it"}
	}
	ends, missed, why, err := n.Target.Ends(ctx)
	if err != nil {
		return nil, &drivers.UnseenError{Why: err.Error()}
	}
	n.mu.Lock()
	booted := n.here(n.booted)
	n.mu.Unlock()
	ends = slices.DeleteFunc(slices.Clone(ends), func(e drivers.ProcessEnd) bool { return e.At.Before(booted) })
	if missed.Before(booted) {
		return ends, nil
	}
	return ends, &drivers.UnseenError{Why: why, Missed: missed}
}

// unheard says why not every signal is heard that somebody sends a process of the node; empty where each is.
func (n *Node) unheard() string {
	if n.Target.Hears == nil {
		return "this kind of lab does not hear of the signals that processes of its nodes are sent"
	}
	return n.Target.Hears()
}

// supervised tells which daemons run whose end would be recorded: children of a supervisor that is there. What ends a
// daemon by the words of its command line (pkill -f) ends its supervisor as well, and leaves the files of both.
func (n *Node) supervised(ctx context.Context) ([]string, error) {
	out, err := n.Control(ctx, "list supervised daemons", `for f in /run/reprise/*.pid; do
	{ read -r p <"$f" && read -r s <"${f%.pid}.supervisor" && read -r l <"/proc/$p/stat"; } 2>/dev/null || continue
	l=${l##*) }; set -- $l
	if [ "$2" = "$s" ]; then f=${f##*/}; echo "${f%.pid}"; fi
done; true`)
	return strings.Fields(out), err
}

// here is a time of the clock of the node's machine in this one's, as Target.Ends tells it.
func (n *Node) here(there time.Time) time.Time {
	if n.Target.Here == nil {
		return there
	}
	return n.Target.Here(there)
}

// repeatWithin is how soon a parent repeats the end of its child.
const repeatWithin = 2 * time.Second

// repeated leaves out processes that only pass on how their child died: timeout(1) sends
// itself the signal that ended what it ran, having forbidden itself a core file.
func repeated(ends []drivers.ProcessEnd) []drivers.ProcessEnd {
	var own []drivers.ProcessEnd
	for i, e := range ends {
		if !slices.ContainsFunc(ends[:i], func(child drivers.ProcessEnd) bool {
			return e.PID != 0 && child.Parent == e.PID && child.Signal == e.Signal && !e.Core && !e.OOM && e.At.Sub(child.At) < repeatWithin
		}) {
			own = append(own, e)
		}
	}
	return own
}

// sameWithin is how far apart two tell of the same end: the supervisor writes when the core
// file is complete, and clocks are read one after the other.
const sameWithin = time.Minute

// takeEnd finds the kernel's word for the end of a daemon, and takes it out.
func takeEnd(ends []drivers.ProcessEnd, x Exit) (*drivers.ProcessEnd, []drivers.ProcessEnd) {
	i := slices.IndexFunc(ends, func(e drivers.ProcessEnd) bool {
		same := e.PID == x.PID || e.PID == 0 && e.Name == x.Name && signalName(e.Signal) == x.Signal()
		return same && x.At.Sub(e.At).Abs() < sameWithin
	})
	if i < 0 {
		return nil, ends
	}
	e := ends[i]
	return &e, slices.Delete(slices.Clone(ends), i, i+1)
}

// complete adds to a death what the kernel knows of it.
func complete(d *drivers.Death, e *drivers.ProcessEnd) {
	if e == nil {
		return
	}
	if e.Signal != 0 {
		d.Signal, d.Exit, d.OOM = signalName(e.Signal), 128+e.Signal, e.OOM
	}
	if e.Sent != 0 {
		d.From = fmt.Sprintf("%s of %s", or(signalName(e.Sent), fmt.Sprint("signal ", e.Sent)), e.Sender)
	}
	if d.At.IsZero() {
		d.At = e.At
	}
}

// told is a death of which the kernel alone tells. A process of a daemon's own is told with
// the daemon's name before it.
func (n *Node) told(e drivers.ProcessEnd, r Record) drivers.Death {
	d := drivers.Death{Process: e.Name, PID: e.PID, At: e.At}
	complete(&d, &e)
	switch parent := r.Names[e.Parent]; {
	case r.Names[e.PID] != "":
		d.Process = r.Names[e.PID]
	case e.Name == "":
		d.Process = strings.TrimSpace("(unnamed process, started by " + or(e.By, "an unnamed one") + ")")
	case parent != "" && parent != e.Name:
		d.Process = parent + " " + e.Name
	case parent != "":
		d.Process = parent + " child"
	}
	return d
}

// tail reads a log from an offset, at most maxLog bytes from its end.
func (n *Node) tail(ctx context.Context, file string, from int64) (string, error) {
	return n.Control(ctx, "read "+file, fmt.Sprintf("if [ -f %[1]s ]; then tail -c +%[2]d %[1]s | tail -c %[3]d; fi", session.Quote(file), from+1, maxLog))
}

// childDeaths finds what the services' logs say of processes they lost.
func (n *Node) childDeaths(ctx context.Context, r Record) ([]drivers.Death, error) {
	var deaths []drivers.Death
	for _, s := range n.services {
		if len(s.Children) == 0 {
			continue
		}
		for _, f := range append([]string{stdoutLog(s.Name)}, s.Logs...) {
			text, err := n.tail(ctx, f, r.Logs[f])
			if err != nil {
				return nil, err
			}
			deaths = append(deaths, childDeaths(text, s)...)
		}
	}
	return deaths, nil
}

// childDeaths finds what a service's log says of processes it lost.
func childDeaths(text string, s Service) []drivers.Death {
	var deaths []drivers.Death
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		for _, p := range s.Children {
			m := p.Pattern.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			d := drivers.Death{Process: or(group(p.Pattern, m, "process"), p.Process), LastLog: line}
			d.PID, _ = strconv.Atoi(group(p.Pattern, m, "pid"))
			d.Signal = or(group(p.Pattern, m, "signal"), p.Signal)
			if num, err := strconv.Atoi(d.Signal); err == nil {
				d.Signal = signalName(num)
			}
			d.Exit, _ = strconv.Atoi(group(p.Pattern, m, "status"))
			for num := range 32 {
				if d.Signal != "" && signalName(num) == d.Signal {
					d.Exit = 128 + num
				}
			}
			if at, err := time.Parse(p.Time, group(p.Pattern, m, "time")); p.Time != "" && err == nil {
				d.At = at
			}
			deaths = addDeath(deaths, d)
			break
		}
	}
	for i := range deaths {
		deaths[i].Process = strings.TrimSpace(s.Name + " " + deaths[i].Process)
	}
	return deaths
}

// addDeath adds d, or completes the death of the same process that is there already.
func addDeath(deaths []drivers.Death, d drivers.Death) []drivers.Death {
	for i := range deaths {
		if have := &deaths[i]; d.PID != 0 && have.PID == d.PID {
			have.Process = or(have.Process, d.Process)
			have.Signal = or(have.Signal, d.Signal)
			have.Exit = max(have.Exit, d.Exit)
			have.LastLog += "\n" + d.LastLog
			return deaths
		}
	}
	return append(deaths, d)
}

func group(re *regexp.Regexp, m []string, name string) string {
	if i := re.SubexpIndex(name); i >= 0 {
		return m[i]
	}
	return ""
}

func or(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
