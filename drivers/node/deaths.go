package node

import (
	"context"
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
// RestartDaemons. Besides the daemons themselves it tells of processes that a daemon
// says it lost; the time of those is zero where the log line has none.
func (n *Node) Deaths(ctx context.Context) ([]drivers.Death, error) {
	r, err := n.record(ctx)
	if err != nil {
		return nil, err
	}
	var deaths []drivers.Death
	for _, x := range r.Exits {
		if x.WasOrdered() {
			continue
		}
		d := x.death()
		if s, err := n.find("", x.Name); err == nil {
			if d.LastLog, err = n.lastLog(ctx, s, r); err != nil {
				return nil, err
			}
		}
		if d.Core == "" && d.Signal != "" {
			if d.Core, err = n.findCore(ctx, d); err != nil {
				return nil, err
			}
		}
		deaths = append(deaths, d)
	}
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
	slices.SortStableFunc(deaths, func(a, b drivers.Death) int { return a.At.Compare(b.At) })
	return deaths, nil
}

// findCore looks where an absolute core_pattern would put the core file of a death.
func (n *Node) findCore(ctx context.Context, d drivers.Death) (string, error) {
	out, err := n.Control(ctx, "look for a core file", fmt.Sprintf(`p=$(cat /proc/sys/kernel/core_pattern)
case $p in /*) ;; *) exit 0;; esac
for f in "${p%%/*}"/*; do case $f in *%[1]d*) if [ -f "$f" ]; then echo "$f"; exit 0; fi;; esac; done`, d.PID))
	return strings.TrimSpace(out), err
}

// tail reads a log from an offset, at most maxLog bytes from its end.
func (n *Node) tail(ctx context.Context, file string, from int64) (string, error) {
	return n.Control(ctx, "read "+file, fmt.Sprintf("if [ -f %[1]s ]; then tail -c +%[2]d %[1]s | tail -c %[3]d; fi", session.Quote(file), from+1, maxLog))
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
