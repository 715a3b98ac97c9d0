package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

// clocks gives the nodes of a lab its clock.
type clocks struct {
	lab *Lab
	rec *recorder
}

// clockTolerance is by how much a node's clock may differ from the lab's, in real time, beside
// what asking takes.
const clockTolerance = faketime.Tolerance

// topology is the plan's, with what its nodes have to be told of the lab's clock.
func (c clocks) topology() topologies.Topology {
	t := c.lab.plan.Topology
	if !c.lab.plan.Clock.Own() {
		return t
	}
	t = t.Clone()
	for i, n := range c.lab.plan.Nodes {
		if c.has(n.Name) {
			maps.Copy(t.Nodes[i].Env, faketime.Environment(c.lab.plan.Clock.Factor(), c.lab.plan.Clock.Start))
		}
	}
	return t
}

// begin has the lab's clock begin now: its nodes are there, and nothing runs in them yet that would see
// it jump. How long they took to build is nothing that a date in a scenario would have to allow for.
func (c clocks) begin() (err error) {
	if c.lab.plan.Clock.Own() {
		c.lab.epoch, err = faketime.Now()
	}
	return err
}

// has reports whether a node has the lab's clock.
func (c clocks) has(node string) bool {
	if !c.lab.plan.Clock.Own() || c.lab.env.Rehearse {
		return false
	}
	for _, n := range c.lab.plan.Nodes {
		if n.Name == node {
			return !n.Segment && !n.RealTime
		}
	}
	return false
}

// place gives a node that was just made its share of the lab's epoch. One that has a kernel of its
// own, or whose image has not the library, cannot take it: a [*showsNothingError].
func (c clocks) place(ctx context.Context, n *labNode) error {
	if !c.has(n.Name) {
		return nil
	}
	if !c.lab.sharesProcessors(n.Name) {
		return &showsNothingError{keepsReal(n.Name, c.lab.plan)}
	}
	host, err := c.lab.res.Host(n.Name)
	if err != nil {
		return fmt.Errorf("reach %s: %w", n.Name, err)
	}
	given, err := c.lab.epoch.Place(ctx, host, c.lab.libraries)
	if given.String() != "" { // one that starts again has it already
		n.library = given
	}
	unknown, _ := errors.AsType[*faketime.UnknownError](err)
	switch {
	case unknown != nil:
		return &showsNothingError{fmt.Sprintf("%s keeps real time, and the lab was asked for %s: %v; --speed 1, or the same placement for all nodes", n.Name, c.lab.plan.Clock, unknown)}
	case errors.Is(err, faketime.ErrMissing):
		return &showsNothingError{fmt.Sprintf("%s (%s) keeps real time, and the lab was asked for %s: %v; --speed 1, or clock: real for the node", n.Name, n.Image, c.lab.plan.Clock, err)}
	case err != nil:
		return fmt.Errorf("give %s the lab's clock: %w", n.Name, err)
	default:
		return nil
	}
}

// strangers is a script that tells which of a node's processes do not count from the lab's epoch, of
// those that are older than $least hundredths of a second, or of any age where that is empty. The first
// is the lab's, with what an image of this project waits with; what lies in /run/reprise is the driver's,
// what was started from outside a client of it, and what has ourMark a script's of ours: they keep real
// time. So does the tester, which has no libc and counts the lab's time itself. One that has just begun
// has not loaded its libraries yet: a process counts that is found twice.
// The kernel tells ages in real time (proc_pid_stat(5), where a second has a hundred ticks), in a line
// that a process's name may break. Where an age cannot be told the script ends with a failure; its last
// line is allAsked, without which nobody knows who is not named.
const strangers = `
without() { all=; for p in /proc/[0-9]*; do [ "$p" = /proc/1 ] || all="$all $p/maps"; done
	met=" $(echo $(grep -l /dev/shm/reprise-clock $all /dev/null 2>/dev/null)) "
	left= lines= vars=
	for p in $all; do case $met in
		*" $p "*) ;;
		*) p=${p%/maps}; left="$left $p" lines="$lines $p/cmdline" vars="$vars $p/environ";;
	esac; done
	met=" $(echo $(grep -l -e /run/reprise/ -e ` + testerProgram + ` $lines /dev/null 2>/dev/null; grep -lxz infinity $lines /dev/null 2>/dev/null; grep -lxz ` + ourMark + `=1 $vars /dev/null 2>/dev/null)) "
	for p in $left; do
	case $met in *" $p/cmdline "*|*" $p/environ "*) continue;; esac
	s=; { while read -r line; do s=$line; done <"$p/stat"; } 2>/dev/null; [ -n "$s" ] || continue
	set -- ${s##*) }
	case ${20:-unknown} in *[!0-9]*) echo "${p#/proc/}:unknown"; continue;; esac
	if [ -n "$least" ]; then
		up=; { read -r up _ </proc/uptime; } 2>/dev/null
		case $up in [0-9]*.[0-9][0-9]) up=${up%.*}${up#*.};; *) exit 3;; esac
		while :; do case $up in 0?*) up=${up#0};; *) break;; esac; done
		[ $((up - ${20})) -ge 0 ] || exit 3
		[ $((up - ${20})) -ge "$least" ] || continue
	fi
	[ "$2" != 0 ] && [ -e "$p/exe" ] && { read -r c <"$p/comm"; } 2>/dev/null && echo "${p#/proc/}:${c:-unknown}" | tr ' \t*?[' _____
done; true; }
again=
if first=$(without) && { [ -z "$first" ] || { sleep 0.1; again=$(without); }; }; then
	again=" $(echo $again) "
	for p in $first; do case $again in *" $p "*) echo "${p#*:}";; esac; done | sort -u
	echo ` + allAsked + `
else
	false
fi`

// testerProgram is what the command line of a tester node's program begins with (drivers/tester).
const testerProgram = "/usr/local/lib/reprise/tester"

// ourMark is a variable in the environment of what keeps real time because a script of ours started it.
const ourMark = "REPRISE_OURS"

// allAsked is the last line of who has told of all of a node's processes.
const allAsked = "all-asked"

// askClock tells a node's time, and its strangers of any age.
const askClock = "date +%s.%N\nleast=" + strangers

// askLate tells the strangers that are no script of ours which is just ending.
const askLate = "least=50" + strangers

// strangersIn reads what strangers printed; ok is false where that is not all of it.
func strangersIn(printed string) (names []string, ok bool) {
	names = strings.Fields(printed)
	last := len(names) - 1
	if last < 0 || names[last] != allAsked {
		return names, false
	}
	return names[:last], true
}

// keepsReal is why a node that has a kernel of its own does not take the clock of a plan.
func keepsReal(node string, p *plan.Plan) string {
	return fmt.Sprintf("%s keeps real time, and the lab was asked for %s: it has a kernel of its own; --speed 1, or clock: real for the node", node, p.Clock)
}

// KeepsRealTime tells of a node that will not take a plan's clock in a provider's labs, as is known
// before anything is built; empty where none is.
func KeepsRealTime(p *plan.Plan, provider topologies.Provider) string {
	if !p.Clock.Own() {
		return ""
	}
	for _, n := range p.Nodes {
		if n.Segment || n.RealTime {
			continue
		}
		if ownsKernel(provider, p.Topology, n.Name) {
			return keepsReal(n.Name, p)
		}
	}
	return ""
}

// libraries are those that a node can be given whose image has none: this program's images', and
// this machine's at last. They are looked for once, and again where that was broken off.
func (l *Lab) libraries(ctx context.Context) []topologies.ClockLibrary {
	l.clockLibrariesMu.Lock()
	defer l.clockLibrariesMu.Unlock()
	if l.clockLibraries != nil {
		return l.clockLibraries
	}
	var found []topologies.ClockLibrary
	var err error
	if s, ok := topologies.As[topologies.ClockSource](l.env.Provider); ok {
		found, err = s.ClockLibraries(ctx)
	}
	found = append(slices.Clip(found), faketime.OnMachine()...)
	if err == nil && ctx.Err() == nil {
		l.clockLibraries = append([]topologies.ClockLibrary{}, found...) // not nil
	}
	return found
}

// check asks every node that has the lab's clock for its time, and for processes that run without
// it: what has not the clock is known before anything is looked at. Their names, and which node,
// are a [*showsNothingError].
func (c clocks) check(ctx context.Context) error {
	if !c.lab.plan.Clock.Own() {
		return nil
	}
	errs := make([]error, len(c.lab.nodes))
	c.lab.sideBySide(func(i int, n *labNode) {
		if c.has(n.Name) {
			errs[i] = c.checkNode(ctx, n)
		}
	})
	c.rec.event(evidence.Event{
		Kind: evidence.EventClock, Name: c.lab.plan.Clock.String(),
		Detail: "the lab's clocks show " + c.date(time.Now()).UTC().Format(time.RFC3339Nano),
	})
	for _, n := range c.lab.nodes {
		if said := n.library.String(); said != "" {
			c.rec.event(evidence.Event{Kind: evidence.EventClock, Lane: n.Name, Name: c.lab.plan.Clock.String(), Detail: said})
		}
	}
	for _, err := range errs {
		if _, nothing := errors.AsType[*showsNothingError](err); nothing {
			return err
		}
	}
	return errors.Join(errs...)
}

// date is what the lab's clocks show at a moment.
func (c clocks) date(at time.Time) time.Time {
	return c.lab.epoch.Date(c.lab.plan.Clock.Factor(), c.lab.plan.Clock.Start, at)
}

func (c clocks) checkNode(ctx context.Context, n *labNode) error {
	before := time.Now()
	x, err := n.shell(ctx, askClock, probeTimeout)
	after := time.Now()
	if errors.Is(err, drivers.ErrUnsupported) {
		return &showsNothingError{fmt.Sprintf("%s (%s): whether it takes the lab's clock cannot be asked: %v", n.Name, n.Platform, err)}
	}
	if err != nil {
		return fmt.Errorf("ask %s for its clock: %w", n.Name, err)
	}
	date, processes, _ := strings.Cut(strings.TrimSpace(x.Output), "\n")
	shown, err := parseDate(date)
	if err != nil {
		return fmt.Errorf("%s: its clock cannot be read: %w", n.Name, err)
	}
	if shown.Before(c.date(before.Add(-clockTolerance))) || shown.After(c.date(after.Add(clockTolerance))) {
		return &showsNothingError{fmt.Sprintf("%s does not take the lab's clock: it shows %s, and the lab has %s", n.Name, shown.UTC().Format(time.RFC3339Nano), c.date(after).UTC().Format(time.RFC3339Nano))}
	}
	names, all := strangersIn(processes)
	if !all || x.Exit > 0 {
		return fmt.Errorf("%s: whether all of its processes have the lab's clock is not known: who asks ended with status %d, after %q", n.Name, x.Exit, evidence.Bounded(x.Output, 200))
	}
	if len(names) > 0 {
		return &showsNothingError{fmt.Sprintf("%s: %s cannot be given the lab's clock and keeps real time (it is linked statically, or was started before the lab had its clock, by the image itself)", n.Name, strings.Join(names, ", "))}
	}
	return nil
}

// recheck asks every node that has the lab's clock for processes that run without it once more, when
// nothing more is done: one may have been started meanwhile. Where that is not known the trial says
// nothing either; that a node does not answer which a step of the scenario dealt with is noted.
func (c clocks) recheck(ctx context.Context) {
	c.lab.sideBySide(func(_ int, n *labNode) {
		if n.target.Host == nil || !c.has(n.Name) {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, stateTimeout)
		defer cancel()
		said := bounded.NewFirst(bounded.Words)
		exit, err := n.target.Host.Exec(ctx, []string{"sh", "-c", askLate}, nil, said, io.Discard)
		unknown := n.Name + ": whether all of its processes have the lab's clock at the end is not known"
		switch names, all := strangersIn(said.String()); {
		case err != nil && n.dealtWith():
			c.rec.note(unknown)
		case err != nil:
			c.unlike(n, fmt.Sprintf("%s: %v", unknown, err))
		case exit != 0 || !all:
			c.unlike(n, fmt.Sprintf("%s: who asks ended with status %d", unknown, exit))
		case len(names) > 0:
			c.unlike(n, fmt.Sprintf("%s: %s was started during the trial without the lab's clock, and keeps real time", n.Name, strings.Join(names, ", ")))
		}
	})
}

// unlike records that a node has, or may have, another clock than the lab.
func (c clocks) unlike(n *labNode, detail string) {
	c.rec.event(evidence.Event{Kind: evidence.EventClock, Lane: n.Name, Name: c.lab.plan.Clock.String(), Outcome: evidence.Failed, Detail: detail})
}

// parseDate reads seconds since 1970, to the nanosecond.
func parseDate(s string) (time.Time, error) {
	whole, frac, _ := strings.Cut(strings.TrimSpace(s), ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	nano, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	return time.Unix(sec, nano), err
}
