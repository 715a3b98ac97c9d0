package trial

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// leftovers tells what runs in a lab since an earlier trial, and what that has written there, that no reset but redeploy ends: a step of
// that trial began it, and what it does or holds would be taken for the work of the next one's stimulus.
type leftovers struct {
	lab *Lab
	rec *recorder
}

// processesOf is a script that prints the processes of a node but itself, in the forms of proc(5).
const processesOf = `for p in /proc/[0-9]*; do
	[ "${p#/proc/}" = $$ ] || { read -r s <"$p/stat" && echo "$s"; } 2>/dev/null
done
head -c 300 /proc/[0-9]*/cmdline 2>/dev/null
true
`

// filesOf is a script that prints the files of a node where steps write and daemons do not of themselves, each with its sum and size
// (cksum(1)); of the largest, and of those beside what daemons keep of their running, the names alone. What this program itself writes,
// core files and the histories of shells are left out.
const filesOf = `set --
for d in /etc /home /mnt /opt /root /srv /tmp /usr/local /var/tmp; do [ ! -d "$d" ] || set -- "$@" "$d"; done
[ $# = 0 ] || find "$@" -xdev \( -path /etc/openvswitch -o -path /var/tmp/frr -o -path /root/.cache \) -prune -o -type f \
	! -name core ! -name 'core.*' ! -name 'reprise-*' ! -name '.*history*' ! -name resolv.conf ! -name mtab ! -name ld.so.cache \
	\( -size +20480 -print -o -exec cksum {} + \) 2>/dev/null
[ ! -d /run ] || find /run -xdev -maxdepth 1 -type f ! -name '*.pid' ! -name '*.lock' ! -name utmp ! -name 'reprise*' -print 2>/dev/null
true
`

// leavesWithin is how long what a trial has begun may take to end by itself, by this machine's clock.
const leavesWithin = 2 * time.Second

// mostLeft bounds what is told of the processes and files that were left, in bytes.
const mostLeft = 200

// cmdlineHead is what head(1) prints before each of several files.
var cmdlineHead = regexp.MustCompile(`(?m)^==> /proc/(\d+)/cmdline <==\n`)

// parseProcesses reads what [processesOf] prints: how many processes there are of each command line. The kernel's own, those
// that have ended, and the shells of our sessions are left out.
func parseProcesses(out string) map[string]int {
	ours := map[string]bool{} // by pid: whether it leads a session, as ours do
	stats, lines, _ := strings.Cut(out, "==> ")
	for line := range strings.Lines(stats) {
		pid, _, _ := strings.Cut(line, " ")
		if w := strings.Fields(line[strings.LastIndex(line, ")")+1:]); len(w) > 3 {
			ours[pid] = w[3] == pid
		}
	}
	lines = "==> " + lines
	running := map[string]int{}
	heads := cmdlineHead.FindAllStringSubmatchIndex(lines, -1)
	for i, at := range heads {
		end := len(lines)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		leads, there := ours[lines[at[2]:at[3]]]
		words := strings.Join(strings.Fields(strings.ReplaceAll(lines[at[1]:end], "\x00", " ")), " ")
		if there && words != "" && (words != "sh" || !leads) {
			running[words]++
		}
	}
	return running
}

// parseFiles reads what [filesOf] prints: by their paths, what is known of each file.
func parseFiles(out string) map[string]string {
	files := map[string]string{}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "/") {
			files[line] = ""
		} else if w := strings.SplitN(line, " ", 3); len(w) == 3 && strings.HasPrefix(w[2], "/") {
			files[w[2]] = w[0] + " " + w[1]
		}
	}
	return files
}

// written lists, in words, in what files differ from those of before.
func written(before, now map[string]string) (list []string) {
	for path, is := range now {
		if was, there := before[path]; !there {
			list = append(list, path)
		} else if was != is {
			list = append(list, path+" (changed)")
		}
	}
	for path := range before {
		if _, there := now[path]; !there {
			list = append(list, path+" (gone)")
		}
	}
	slices.Sort(list)
	return list
}

// remember lists what runs in each node, and its files, when the baseline holds for the first time since the lab was built.
func (l leftovers) remember(ctx context.Context) {
	if l.lab.plan.Reset == scenarios.ResetRedeploy {
		return
	}
	(&meddling{lab: l.lab}).hosts(func(n *labNode) {
		if n.running != nil {
			return
		}
		running, err := processes(ctx, n)
		var files string
		if err == nil {
			files, err = printed(ctx, n, filesOf, "files")
		}
		switch {
		case err == nil:
			n.running, n.files = running, parseFiles(files)
		case ctx.Err() == nil && !errors.Is(err, drivers.ErrUnsupported):
			l.rec.event(evidence.Event{Kind: evidence.EventNote, Lane: n.Name, Name: fmt.Sprintf("%s: what trials leave there is not known: %v", n.Name, err)})
		}
	})
}

// check says what runs in a node that did not when the baseline first held, and which of its files are others. What ends by itself
// meanwhile is waited for.
func (l leftovers) check(ctx context.Context) error {
	errs := make([]error, len(l.lab.nodes))
	(&meddling{lab: l.lab}).hosts(func(n *labNode) {
		if n.running == nil {
			return
		}
		err := n.leaves(ctx)
		if err == nil {
			err = n.keeps(ctx)
		}
		errs[slices.Index(l.lab.nodes, n)] = err
	})
	return errors.Join(errs...)
}

func (n *labNode) leaves(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout+leavesWithin)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(leavesWithin); ; {
		running, err := processes(ctx, n)
		if err != nil {
			return fmt.Errorf("%s: what earlier trials left running is not known: %w", n.Name, err)
		}
		var left []string
		for words, count := range running {
			if count > n.running[words] {
				left = append(left, words)
			}
		}
		switch {
		case len(left) == 0:
			return nil
		case !time.Now().Before(end):
			slices.Sort(left)
			return fmt.Errorf("%s still runs what an earlier trial began: %s", n.Name, evidence.Bounded(strings.Join(left, ", "), mostLeft))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}

// keeps says which files of a node an earlier trial has written.
func (n *labNode) keeps(ctx context.Context) error {
	out, err := printed(ctx, n, filesOf, "files")
	if err != nil {
		return fmt.Errorf("%s: what earlier trials wrote is not known: %w", n.Name, err)
	}
	if list := written(n.files, parseFiles(out)); len(list) > 0 {
		return fmt.Errorf("%s keeps what an earlier trial wrote: %s", n.Name, evidence.Bounded(strings.Join(list, ", "), mostLeft))
	}
	return nil
}

// processes asks a node for what runs there.
func processes(ctx context.Context, n *labNode) (map[string]int, error) {
	out, err := printed(ctx, n, processesOf, "processes")
	return parseProcesses(out), err
}

// printed is what a script prints in a node: a list of what it is about.
func printed(ctx context.Context, n *labNode, script, about string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	out := bounded.NewFirst(mostState)
	exit, err := n.target.Host.Exec(ctx, []string{"sh", "-c", script}, nil, out, nil)
	switch {
	case err != nil:
		return "", err
	case exit != 0:
		return "", fmt.Errorf("its shell ended with status %d", exit)
	case out.Over():
		return "", fmt.Errorf("its list of %s is longer than %s", about, units.BytesSize(mostState))
	}
	return out.String(), nil
}
