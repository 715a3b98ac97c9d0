package trial

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// lateness watches how long the processes of a lab with a fast clock wait for a processor. What is
// nothing in real time is long in the lab's: a daemon that comes a second too late has missed a hello.
type lateness struct {
	lab *Lab
	rec *recorder

	mu   sync.Mutex
	told map[string]time.Duration // the longest that was recorded, by node and phase
}

// round is a script whose lines are the threads of a node, and an empty one at the end: process and
// thread, the process's parent and session, how many nanoseconds the thread waited for a processor
// while it could have run, in all
// (https://docs.kernel.org/scheduler/sched-stats.html, /proc/PID/schedstat), and its name.
const round = `for p in /proc/[0-9]*; do
	{ read -r s <"$p/stat"; } 2>/dev/null || continue
	set -- ${s##*) }
	for t in "$p"/task/[0-9]*; do
		{ read -r _ w _ <"$t/schedstat" && read -r c <"$t/comm"; } 2>/dev/null && echo "$t $2 $4 $w $c"
	done
done
echo
`

// canary is a script that runs in a node, by real time, and tells of its threads round by round.
const canary = "unset LD_PRELOAD\nexport " + ourMark + "=1\nwhile :; do\n" + round + "sleep 0.25 || sleep 1 || exit\ndone"

// A canary that ends while its node restarts is started anew.
const (
	canaryTries = 40
	canaryPause = 250 * time.Millisecond
)

// begin starts a canary in every node that has a fast clock. The function that it returns looks
// once more at all of them, and ends them.
func (l *lateness) begin(ctx context.Context) (end func()) {
	if l.rec.clock.Factor() <= 1 {
		return func() {}
	}
	listening, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var watched []*watchedNode
	for _, n := range l.lab.nodes {
		if n.target.Host == nil || !(clocks{l.lab, l.rec}).has(n.Name) {
			continue
		}
		w := &watchedNode{name: n.Name, host: n.target.Host, waited: map[string]time.Duration{}}
		watched = append(watched, w)
		wg.Go(func() { l.watch(listening, w) })
	}
	return func() {
		cancel()
		wg.Wait()
		l.last(ctx, watched)
	}
}

// watchedNode is a node with a canary.
type watchedNode struct {
	name   string
	host   drivers.Host
	waited map[string]time.Duration // by thread, in all, as the last round had it
	rounds int
}

// watch listens to canaries of a node, one after the other where it is restarted.
func (l *lateness) watch(ctx context.Context, w *watchedNode) {
	tick := time.NewTicker(canaryPause)
	defer tick.Stop()
	for tries := 0; tries < canaryTries; {
		stream, err := w.host.Open(ctx, []string{"sh", "-c", canary}, false)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { _ = stream.Close() }) // its reader ends with it
			before := w.rounds
			l.listen(w, stream)
			if stop() {
				_ = stream.Close() // it has ended
			}
			if w.rounds > before {
				tries = 0
			}
		}
		tries++
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// last looks at every node once more, for what came late since the last round: it may be why the
// trial came out as it did. Where nothing can be held against it, that is noted.
func (l *lateness) last(ctx context.Context, watched []*watchedNode) {
	if ctx.Err() != nil {
		return
	}
	var wg sync.WaitGroup
	for _, w := range watched {
		wg.Go(func() {
			bounded, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			known := w.rounds > 0
			r, said := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				_, err := w.host.Exec(bounded, []string{"sh", "-c", "unset LD_PRELOAD\n" + round}, nil, said, io.Discard)
				_ = said.Close() // which never fails
				ended <- err
			}()
			l.listen(w, r)
			_ = r.Close() // likewise; what is still said is not taken
			if err := <-ended; err != nil || !known {
				l.rec.note(fmt.Sprintf("%s: whether its processes came late is not known for all of the trial", w.name))
			}
		})
	}
	wg.Wait()
}

// mostThreads bounds a round: what a node says is not trusted to end.
const mostThreads = 1 << 16

// listen reads rounds of a node until they end.
func (l *lateness) listen(w *watchedNode, stream io.Reader) {
	var threads []thread
	for lines := bufio.NewScanner(stream); lines.Scan(); {
		if line := lines.Text(); line != "" {
			if t, ok := threadOf(line); ok && len(threads) < mostThreads {
				threads = append(threads, t)
			}
			continue
		}
		worst, who := latest(threads, w.waited)
		l.tell(w.name, who, worst)
		clear(w.waited)
		for _, t := range threads {
			w.waited[t.id] = t.waited
		}
		if len(threads) > 0 { // a kernel that keeps no account says nothing
			w.rounds++
		}
		threads = threads[:0]
	}
}

// thread is a line of a canary.
type thread struct {
	id              string // /proc/PROCESS/task/THREAD
	parent, session string // of its process
	waited          time.Duration
	name            string
}

// threadOf reads a line of a canary.
func threadOf(line string) (t thread, ok bool) {
	words := strings.SplitN(line, " ", 5)
	if len(words) < 5 {
		return t, false
	}
	ns, err := strconv.ParseInt(words[3], 10, 64)
	return thread{words[0], words[1], words[2], time.Duration(ns), words[4]}, err == nil
}

// latest is which thread waited longest since the round before, and how long. What was started from
// outside, whose parent is none of the node's, and runs in the session of such, is a client of ours and
// no daemon: it counts for nothing.
func latest(round []thread, before map[string]time.Duration) (worst time.Duration, who string) {
	ours := map[string]bool{}
	for _, t := range round {
		if t.parent == "0" {
			ours[t.session] = true
		}
	}
	for _, t := range round {
		if last, known := before[t.id]; known && !ours[t.session] && t.waited-last > worst {
			worst, who = t.waited-last, t.name
		}
	}
	return worst, who
}

// ask reads in the logs since the trial began what daemons say of timers that came too late.
func (l *lateness) ask(ctx context.Context, logs *logs) {
	if l.rec.clock.Factor() <= 1 {
		return
	}
	l.lab.devices(func(n *labNode) {
		src, logging := drivers.As[drivers.LogSource](n.driver)
		reader, reads := drivers.As[drivers.LatenessReader](n.driver)
		if !logging || !reads || !(clocks{l.lab, l.rec}).has(n.Name) {
			return
		}
		files, err := src.LogsSince(ctx, logs.atStart[n.Name])
		if err != nil {
			return // that they cannot be read is recorded by who keeps them
		}
		for _, f := range files {
			for line := range strings.Lines(f.Text) {
				if by, says := reader.Late(line); says {
					l.record(n.Name, f.Path, by, l.lab.slack(), fmt.Sprintf("%s logged: %s", n.Name, evidence.Bounded(strings.TrimSpace(line), 200)))
				}
			}
		}
	})
}

// mostOver bounds by how much longer than it should something may last, where it should be long: as
// much as a protocol's shortest timers bear.
const mostOver = time.Second

// overran records that what lasts a time took too long: a link that was to be down for a second of a
// fast lab may be so for longer than a protocol bears. Twice as long is not too long for what is short.
func (l *lateness) overran(lane, what string, took, want time.Duration) {
	if l.rec.clock.Factor() > 1 {
		l.record(lane, what, took-want, max(l.lab.slack(), min(want, mostOver)),
			fmt.Sprintf("%q lasted %s of the lab's time, and not %s", what, took.Round(time.Millisecond), want))
	}
}

// tell records that a thread waited for a processor, in real time, where that is too long.
func (l *lateness) tell(node, who string, waited time.Duration) {
	lab, allowed := l.rec.clock.Lab(waited), l.lab.slack()
	if lab <= allowed { // as of every thread, in every round, where nothing is wrong
		return
	}
	l.record(node, who, lab, allowed, fmt.Sprintf("%s of %s waited %s of the lab's time for a processor", who, node, lab.Round(time.Millisecond)))
}

// record records who came too late, in the lab's time, where nobody of the node came about as late
// in the same phase of the trial.
func (l *lateness) record(node, who string, late, allowed time.Duration, detail string) {
	if late <= allowed {
		return
	}
	phase := l.rec.inPhase()
	if phase == evidence.PhaseCollect { // it is told of then, and was before
		phase = evidence.PhaseSymptom
	}
	key := node + "\x00" + string(phase)
	l.mu.Lock()
	again := late <= l.told[key]*2
	if !again {
		l.told[key] = late
	}
	l.mu.Unlock()
	if !again {
		l.rec.event(evidence.Event{
			Kind: evidence.EventLate, Phase: phase, Lane: node, Name: who, Took: late,
			Detail: fmt.Sprintf("%s, and the scenario allows for %s", detail, allowed),
		})
	}
}
