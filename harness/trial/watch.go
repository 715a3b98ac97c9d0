package trial

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// watchBaseline watches the baseline, for as long as there is patience with it.
func (t *Trial) watchBaseline(ctx context.Context) bool {
	begin := t.now() // before the timer: when it fires, so much time has passed
	var stop atomic.Bool
	if t.patience > 0 {
		timer := time.AfterFunc(t.patience, func() { stop.Store(true) })
		defer timer.Stop()
	}
	if t.watchUntil(ctx, evidence.PhaseBaseline, t.plan.Baseline, &stop) {
		t.baseline = t.now() - begin
		return true
	}
	if t.gaveUp = t.patience > 0 && t.now()-begin >= t.patience; t.gaveUp {
		t.note(fmt.Sprintf("the baseline was given up after %s, by when it holds where it does", t.patience.Round(10*time.Millisecond)))
	}
	return false
}

// watchAll watches the conditions of a phase side by side until each is decided, and
// reports whether all are true. One that is false ends the others: they cannot change
// what follows.
func (t *Trial) watchAll(ctx context.Context, phase evidence.Phase, checks []plan.Check) bool {
	return t.watchUntil(ctx, phase, checks, new(atomic.Bool))
}

// watchUntil is watchAll, and ends when stop is set.
func (t *Trial) watchUntil(ctx context.Context, phase evidence.Phase, checks []plan.Check, stop *atomic.Bool) bool {
	end := t.begin(phase)
	start := t.now()
	var wg sync.WaitGroup
	results := make([]evidence.Truth, len(checks))
	for i := range checks {
		wg.Go(func() {
			results[i] = t.watch(ctx, &checks[i], start, stop)
			if results[i] == evidence.False {
				stop.Store(true)
			}
		})
	}
	wg.Wait()
	end()
	t.recordDeaths(ctx)
	if !t.checkLab(ctx) {
		return false // nothing that follows can give this trial another verdict
	}
	return evidence.And(results...) == evidence.True || t.lab.env.Rehearse
}

// watch looks at one condition until it is decided, its window ends, or stop is set.
func (t *Trial) watch(ctx context.Context, c *plan.Check, start time.Duration, stop *atomic.Bool) evidence.Truth {
	if t.lab.env.Rehearse {
		return t.rehearse(ctx, c)
	}
	w := judge.NewWindow(c.Cond, start, t.plan.Rules)
	before := t.before(c)
	for !w.Decided() && !stop.Load() && ctx.Err() == nil {
		due := t.now() + w.Interval
		o := t.look(ctx, c, c.Ref, max(w.Deadline()-t.now(), 0)+lookTimeout/4)
		w.Observe(judge.Evaluate(c, t.plan.Rules, o, before))
		if w.Decided() || o.At >= w.Deadline() || w.Covered(o.At+o.Took) {
			break
		}
		t.waitUntil(ctx, min(due, max(w.Deadline(), t.now())))
	}
	w.Expire(t.now())
	t.event(evidence.Event{
		Kind: evidence.EventDecided, Lane: c.Cond.Node, Ref: c.Ref, Name: c.Cond.Name, Detail: string(w.Truth) + ": " + w.Why,
	})
	return w.Truth
}

// rehearse looks once: that the device answers and the expression has a value is all that
// a rehearsal asks.
func (t *Trial) rehearse(ctx context.Context, c *plan.Check) evidence.Truth {
	s := judge.Evaluate(c, t.plan.Rules, t.look(ctx, c, c.Ref, lookTimeout), t.before(c))
	truth, detail := evidence.True, "rehearsed: "+evidence.Short(s.Value)
	if s.Err != "" {
		truth, detail = evidence.Unknown, s.Err
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
// stimulus on, so there is nothing to look at yet; but what should never be of them was not
// there before either, where nothing of the kind was logged or died since the trial began.
func (t *Trial) lookBefore(ctx context.Context) {
	for i := range t.plan.Symptom {
		if c := &t.plan.Symptom[i]; !c.Cond.Probe().Sight().Anew || c.Cond.Never > 0 {
			t.look(ctx, c, c.Ref+evidence.Before, lookTimeout)
		}
	}
}

// before gives the stored look before the stimulus, as the judge will find it.
func (t *Trial) before(c *plan.Check) *evidence.Observation {
	if !c.Predicate.UsesBefore {
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
func (t *Trial) look(ctx context.Context, c *plan.Check, ref string, timeout time.Duration) evidence.Observation {
	o := evidence.Observation{At: t.now(), Ref: ref, Node: c.Cond.Node, Probe: string(c.Cond.Probe().Kind()), Exit: drivers.NoExit}
	if err := t.probe(ctx, c, &o, min(timeout, lookTimeout)); err != nil {
		o.Error = err.Error()
		t.lacks(o.Node, err)
	}
	o.Took = t.now() - o.At
	o.Text, o.Error, o.Refusal = t.redact.Text(o.Text), t.redact.Text(o.Error), t.redact.Text(o.Refusal)
	if s := judge.Evaluate(c, t.plan.Rules, o, nil); s.Err == "" {
		o.Value = evidence.Short(s.Value)
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

func (t *Trial) probe(ctx context.Context, c *plan.Check, o *evidence.Observation, timeout time.Duration) error {
	n, err := t.lab.node(c.Cond.Node)
	if err != nil {
		return err
	}
	o.Ports = n.ports
	switch p := c.Cond.Probe().(type) {
	case scenarios.RunProbe:
		line, err := t.lab.place(n, p.Command)
		if err != nil {
			return err
		}
		return t.ask(ctx, n, c, o, byRun, line, timeout)
	case scenarios.ExecProbe:
		return t.ask(ctx, n, c, o, byShell, p.Command, timeout)
	case scenarios.ReachProbe:
		return t.reach(ctx, n, p.Reach, o)
	case scenarios.LogProbe:
		return t.logLines(ctx, n, c, p, o)
	case scenarios.CoreProbe:
		return t.deathsSince(ctx, n, c, p, o)
	default:
		return fmt.Errorf("condition %s has no probe", c.Ref)
	}
}

// ask sends a probe's command. A refusal is no answer, where the platform has no exit status
// to tell one by; where it has, the judge decides by that.
func (t *Trial) ask(ctx context.Context, n *labNode, c *plan.Check, o *evidence.Observation, by channel, line string, timeout time.Duration) error {
	var x drivers.Exchange
	var err error
	switch {
	case c.Cond.Hangs > 0:
		x, o.Hung, err = t.hangs(ctx, n, by, line, time.Duration(c.Cond.Hangs))
	case by == byShell:
		x, err = t.shell(ctx, n, line, timeout)
	default:
		x, err = t.run(ctx, n, line, timeout)
	}
	o.Text, o.Exit, o.Truncated, o.Answered = x.Output, x.Exit, x.Truncated, x.Took
	if err != nil {
		o.Exit = drivers.NoExit
		return err
	}
	if r, ok := drivers.As[drivers.Refuser](n.driver); ok && c.Cond.Hangs == 0 {
		o.Refusal = r.Refusal(line, by == byShell, x.Output)
	}
	if x.Rejected != "" && !tells(x) && c.Cond.Hangs == 0 {
		return &RejectedError{Line: x.Command, Words: x.Rejected}
	}
	return nil
}

// logLines finds the lines since the phase's mark that match.
func (t *Trial) logLines(ctx context.Context, n *labNode, c *plan.Check, p scenarios.LogProbe, o *evidence.Observation) error {
	src, ok := drivers.As[drivers.LogSource](n.driver)
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
	asked, err := p.Lines()
	if err != nil {
		return err
	}
	files, err := src.LogsSince(ctx, mark)
	if err != nil {
		return err
	}
	var found strings.Builder
	for _, f := range files {
		if f.Copy {
			continue // its lines are in another file too
		}
		o.Truncated = o.Truncated || f.Truncated
		for line := range strings.Lines(f.Text) {
			if asked.MatchString(strings.TrimRight(line, "\r\n")) {
				o.Count++
				found.WriteString(strings.TrimRight(line, "\r\n") + "\n")
			}
		}
	}
	o.Text = evidence.Bounded(found.String(), 1<<20)
	if o.Count > 0 && c.Cond.Expect == "" {
		return nil
	}
	return logged(ctx, n)
}

// logged is an error where a line may be missing from a node's logs: that it is not there
// then says nothing.
func logged(ctx context.Context, n *labNode) error {
	teller, ok := drivers.As[drivers.LogTeller](n.driver)
	if !ok {
		return nil
	}
	why, err := teller.Unlogged(ctx)
	if err == nil && why != "" {
		err = fmt.Errorf("the logs of %s do not have everything: %s", n.Name, why)
	}
	return err
}

// quote makes one word of s for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
