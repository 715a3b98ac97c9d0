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

// leftovers tells what runs in a lab since an earlier trial, that no reset but redeploy ends: a step of that trial
// began it, and what it does would be taken for the work of the next one's stimulus.
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

// leavesWithin is how long what a trial has begun may take to end by itself, by this machine's clock.
const leavesWithin = 2 * time.Second

// mostLeft bounds what is told of the processes that were left, in bytes.
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

// remember lists what runs in each node when the baseline holds for the first time since the lab was built.
func (l leftovers) remember(ctx context.Context) {
	if l.lab.plan.Reset == scenarios.ResetRedeploy {
		return
	}
	(&meddling{lab: l.lab}).hosts(func(n *labNode) {
		if n.running != nil {
			return
		}
		running, err := processes(ctx, n)
		switch {
		case err == nil:
			n.running = running
		case ctx.Err() == nil && !errors.Is(err, drivers.ErrUnsupported):
			l.rec.event(evidence.Event{Kind: evidence.EventNote, Lane: n.Name, Name: fmt.Sprintf("%s: what trials leave running there is not known: %v", n.Name, err)})
		}
	})
}

// check says what runs in a node that did not when the baseline first held. What ends by itself meanwhile is waited for.
func (l leftovers) check(ctx context.Context) error {
	errs := make([]error, len(l.lab.nodes))
	(&meddling{lab: l.lab}).hosts(func(n *labNode) {
		if n.running == nil {
			return
		}
		errs[slices.Index(l.lab.nodes, n)] = n.leaves(ctx)
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

// processes asks a node for what runs there.
func processes(ctx context.Context, n *labNode) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	out := bounded.NewFirst(mostState)
	exit, err := n.target.Host.Exec(ctx, []string{"sh", "-c", processesOf}, nil, out, nil)
	switch {
	case err != nil:
		return nil, err
	case exit != 0:
		return nil, fmt.Errorf("its shell ended with status %d", exit)
	case out.Over():
		return nil, fmt.Errorf("its list of processes is longer than %s", units.BytesSize(mostState))
	}
	return parseProcesses(out.String()), nil
}
