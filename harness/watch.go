package harness

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// watchAll watches the conditions of a phase side by side until each is decided, and
// tells whether all are true. One that is false ends the others: they cannot change
// what follows.
func (t *Trial) watchAll(ctx context.Context, phase evidence.Phase, checks []Check) bool {
	end := t.begin(phase)
	start := t.now()
	var wg sync.WaitGroup
	var stop atomic.Bool
	results := make([]evidence.Truth, len(checks))
	for i := range checks {
		wg.Go(func() {
			results[i] = t.watch(ctx, &checks[i], start, &stop)
			if results[i] == evidence.False {
				stop.Store(true)
			}
		})
	}
	wg.Wait()
	end()
	t.recordDeaths(ctx)
	t.checkLab(ctx)
	return evidence.And(results...) == evidence.True || t.lab.env.Rehearse
}

// watch looks at one condition until it is decided, its window ends, or stop is set.
func (t *Trial) watch(ctx context.Context, c *Check, start time.Duration, stop *atomic.Bool) evidence.Truth {
	if t.lab.env.Rehearse {
		return t.rehearse(ctx, c)
	}
	w := newWindow(c.Cond, start, t.plan.Rules)
	before := t.before(c)
	for !w.decided() && !stop.Load() && ctx.Err() == nil {
		due := t.now() + w.interval
		o := t.look(ctx, c, c.Ref, max(w.deadline()-t.now(), 0)+lookTimeout/4)
		w.observe(c.evaluate(o, before))
		if w.decided() || o.At >= w.deadline() || w.covered(o.At+o.Took) {
			break
		}
		t.waitUntil(ctx, min(due, max(w.deadline(), t.now())))
	}
	w.expire(t.now())
	t.event(evidence.Event{
		Kind: evidence.EventDecided, Lane: c.Cond.Node, Ref: c.Ref, Name: c.Cond.Name, Detail: string(w.truth) + ": " + w.why,
	})
	return w.truth
}

// rehearse looks once: that the device answers and the expression has a value is all that
// a rehearsal asks.
func (t *Trial) rehearse(ctx context.Context, c *Check) evidence.Truth {
	s := c.evaluate(t.look(ctx, c, c.Ref, lookTimeout), t.before(c))
	truth, detail := evidence.True, "rehearsed: "+short(s.value)
	if s.err != "" {
		truth, detail = evidence.Unknown, s.err
	}
	t.event(evidence.Event{Kind: evidence.EventDecided, Lane: c.Cond.Node, Ref: c.Ref, Name: c.Cond.Name, Detail: string(truth) + ": " + detail})
	return truth
}

// waitUntil waits for a moment of the trial, or for ctx.
func (t *Trial) waitUntil(ctx context.Context, at time.Duration) {
	timer := time.NewTimer(at - t.now())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// lookBefore looks once at every symptom before the stimulus: for those that compare with
// it, and to know of a symptom that is there already. Logs and deaths count from the
// stimulus on, so there is nothing to look at yet.
func (t *Trial) lookBefore(ctx context.Context) {
	for i := range t.plan.Symptom {
		if c := &t.plan.Symptom[i]; c.Cond.Log+c.Cond.Core == "" {
			t.look(ctx, c, c.Ref+evidence.Before, lookTimeout)
		}
	}
}

// before gives the stored look before the stimulus, as the judge will find it.
func (t *Trial) before(c *Check) *evidence.Observation {
	if !c.predicate.UsesBefore {
		return nil
	}
	var found *evidence.Observation
	for o, err := range evidence.ReadLines[evidence.Observation](t.dir.File("observations.ndjson")) {
		if err == nil && o.Ref == c.Ref+evidence.Before {
			found = &o
		}
	}
	return found
}

// look runs the probe of a condition once and records what it saw.
func (t *Trial) look(ctx context.Context, c *Check, ref string, timeout time.Duration) evidence.Observation {
	o := evidence.Observation{At: t.now(), Ref: ref, Node: c.Cond.Node, Probe: string(c.Cond.Probe()), Exit: drivers.NoExit}
	if err := t.probe(ctx, c, &o, min(timeout, lookTimeout)); err != nil {
		o.Error = err.Error()
		t.lacks(o.Node, err)
	}
	o.Took = t.now() - o.At
	o.Text, o.Error = t.redact.Text(o.Text), t.redact.Text(o.Error)
	if s := c.evaluate(o, nil); s.err == "" {
		o.Value = short(s.value)
	}
	t.mu.Lock()
	t.seq++
	o.Seq, o.Phase = t.seq, t.phase
	stored := o
	if last, ok := t.lastText[ref]; ok && last.text == o.Text && len(o.Text) > 64 {
		stored.Text, stored.Same = "", last.seq
	} else {
		t.lastText[ref] = lastText{o.Seq, o.Text}
	}
	err := t.looks.Append(stored)
	t.mu.Unlock()
	t.fail(err)
	return o
}

func (t *Trial) probe(ctx context.Context, c *Check, o *evidence.Observation, timeout time.Duration) error {
	n, err := t.lab.node(c.Cond.Node)
	if err != nil {
		return err
	}
	o.Ports = n.ports
	switch c.Cond.Probe() {
	case scenarios.ProbeRun:
		line, err := t.lab.place(n, c.Cond.Run)
		if err != nil {
			return err
		}
		x, err := t.run(ctx, n, line, timeout)
		return saw(o, x, err)
	case scenarios.ProbeExec:
		x, err := t.shell(ctx, n, c.Cond.Exec, timeout)
		return saw(o, x, err)
	case scenarios.ProbeReach:
		return t.reach(ctx, n, *c.Cond.Reach, o)
	case scenarios.ProbeLog:
		return t.logLines(ctx, n, c, o)
	case scenarios.ProbeCore:
		return t.deathsSince(ctx, n, c.Cond.Core, o)
	default:
		return fmt.Errorf("condition %s has no probe", c.Ref)
	}
}

func saw(o *evidence.Observation, x drivers.Exchange, err error) error {
	o.Text, o.Exit, o.Truncated = x.Output, x.Exit, x.Truncated
	if err == nil && x.Rejected != "" {
		return &RejectedError{Line: x.Command, Words: x.Rejected}
	}
	return err
}

// logLines finds the lines since the phase's mark that match.
func (t *Trial) logLines(ctx context.Context, n *labNode, c *Check, o *evidence.Observation) error {
	src, ok := n.driver.(drivers.LogSource)
	if !ok {
		return fmt.Errorf("%s (%s): logs: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	t.mu.Lock()
	marks := t.logsAtStart
	if t.stimulated {
		marks = t.logsAtStim
	}
	mark, marked := marks[n.Name]
	t.mu.Unlock()
	if !marked {
		return fmt.Errorf("the log of %s was not marked when this phase began: its lines cannot be told from older ones", n.Name)
	}
	files, err := src.LogsSince(ctx, mark)
	if err != nil {
		return err
	}
	var found strings.Builder
	for _, f := range files {
		o.Truncated = o.Truncated || f.Truncated
		for line := range strings.Lines(f.Text) {
			if c.logLine.MatchString(strings.TrimRight(line, "\r\n")) {
				o.Count++
				found.WriteString(strings.TrimRight(line, "\r\n") + "\n")
			}
		}
	}
	o.Text = bounded(found.String(), 1<<20)
	return nil
}

// reach pings or connects from the node's shell; Count is the number of answers.
func (t *Trial) reach(ctx context.Context, n *labNode, r scenarios.Reach, o *evidence.Observation) error {
	count := max(r.Count, 1)
	wait := time.Duration(r.Timeout)
	if wait == 0 {
		wait = time.Second
	}
	var line string
	if r.Ping != "" {
		line = fmt.Sprintf("ping -n -c %d -i 0.2 -W %.1f", count, wait.Seconds())
		if r.From != "" {
			line += " -I " + quote(r.From)
		}
		line += " " + quote(r.Ping)
	} else {
		host, port, err := net.SplitHostPort(r.TCP)
		if err != nil {
			return fmt.Errorf("reach: %w", err)
		}
		line = fmt.Sprintf("for i in $(seq %d); do timeout %.1f bash -c 'exec 3<>/dev/tcp/\"$0\"/\"$1\"' %s %s && echo connected; done", count, wait.Seconds(), quote(host), quote(port))
	}
	x, err := t.shell(ctx, n, line, time.Duration(count+2)*(wait+time.Second))
	o.Text, o.Exit, o.Truncated = x.Output, x.Exit, x.Truncated
	if err != nil {
		return err
	}
	if r.TCP != "" {
		o.Count = strings.Count(x.Output, "connected\n")
		return nil
	}
	// ping ends with 0 (answers), 1 (none) or 2 (it could not even try): the last is also
	// what "network unreachable" gives, which is an answer: nothing was reached.
	o.Count = strings.Count(x.Output, " bytes from ")
	if x.Exit > 2 {
		return fmt.Errorf("ping ended with status %d", x.Exit)
	}
	return nil
}

// quote makes one word of s for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
