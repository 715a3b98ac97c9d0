package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports"
)

// testbed is where the verbs that need many trials have them executed.
type testbed struct {
	experiment.Bench
	app      *app
	provider provider
	live     *liveLine
	dirs     []experiment.Recording // once they are there
}

// openTestbed connects to what builds the plans' labs, and checks that it can. Nothing is
// started and nothing written. Close gives it back.
func (a *app) openTestbed(ctx context.Context, parent string, where labFlags, plans ...*plan.Plan) (*testbed, error) {
	b, err := a.openUnchecked(parent, where, plans...)
	if err != nil {
		return nil, err
	}
	if err := b.Check(ctx, plans...); err != nil {
		return nil, errors.Join(err, b.provider.Close())
	}
	return b, nil
}

// openUnchecked is openTestbed for who finds out later which labs can be built.
func (a *app) openUnchecked(parent string, where labFlags, plans ...*plan.Plan) (*testbed, error) {
	if err := a.permit(plans...); err != nil {
		return nil, err
	}
	provider, err := openProvider(plans[0], where, nil)
	if err != nil {
		return nil, err
	}
	b := &testbed{app: a, provider: provider, live: &liveLine{app: a, status: "no trial yet"}}
	reg, err := registry()
	if err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	b.Bench = experiment.Bench{
		Env:    trial.Environment{Provider: provider, Registry: reg, Progress: b.live.step},
		Parent: parent, Tool: toolInfo(), Observer: b, Close: b.cleanUp, Report: writeReports,
	}
	return b, nil
}

// Recording says where the evidence of each side goes.
func (b *testbed) Recording(sides []experiment.Recording) {
	b.dirs = sides
	for _, s := range sides {
		b.app.progress("evidence (%s) in %s", s.Side, s.Dir)
	}
}

// Tried prints the line of a trial that is over.
func (b *testbed) Tried(t experiment.Tried) { b.live.trial(t) }

// cleanUp removes what dead runs left, and what those of this sitting did.
func (b *testbed) cleanUp(ctx context.Context, runs []string) error {
	b.live.clear()
	err := cleanUp(ctx, b.provider, "")
	for _, run := range runs {
		err = errors.Join(err, cleanUp(ctx, b.provider, run))
	}
	return err
}

// over gives the bench back and names the error of an experiment by its exit status.
func (b *testbed) over(ctx context.Context, err error) error {
	err = errors.Join(err, b.provider.Close())
	if ctx.Err() != nil {
		where := b.Parent
		if len(b.dirs) > 0 {
			where = b.dirs[0].Dir
		}
		return withCode(exitInterrupted, fmt.Errorf("interrupted; what was recorded is in %s", where))
	}
	return asRecordError(err)
}

// asRecordError says that the disk takes no record.
func asRecordError(err error) error {
	if record, ok := errors.AsType[*experiment.RecordError](err); ok {
		return withCode(exitEnvironment, record)
	}
	return err
}

// outcomeCode maps an experiment's answer to the exit status.
func outcomeCode(o result.Outcome) int {
	switch o {
	case result.Yes:
		return exitYes
	case result.No:
		return exitNo
	case result.Otherwise:
		return exitOther
	default:
		return exitInconclusive
	}
}

// liveLine is the state of a session as it is seen: a line per trial, and on a terminal
// a last line that is drawn again and again.
type liveLine struct {
	app    *app
	mu     sync.Mutex
	status string
}

// step shows where a trial is, beside the status.
func (l *liveLine) step(p trial.Progress) {
	if p.Verdict != "" {
		return // who asked for the trial tells
	}
	what := p.Text
	if what == "" {
		what = string(p.Phase)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw(fmt.Sprintf("  %s; lab %d: %s", l.status, p.Lab, firstLine(what, 40)))
}

// trial prints the line of a trial that is over.
func (l *liveLine) trial(t experiment.Tried) {
	v := t.Verdict
	line := fmt.Sprintf("  %-8s trial %04d  lab %d  %-14s %6.1fs  %s", t.Side, v.Trial, t.Lab, v.Verdict, t.Took.Seconds(), t.Status)
	if v.Verdict == evidence.Inconclusive || v.Verdict == evidence.NotApplicable {
		line += "  " + firstLine(v.Reason, 120)
	}
	l.say(line, t.Status)
}

// say prints a line above the status, which it changes.
func (l *liveLine) say(line, status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
	l.draw("")
	l.app.progress("%s", line)
	l.draw("  " + status)
}

func (l *liveLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw("")
}

// draw rewrites the last line of a terminal (ECMA-48 EL); nothing elsewhere.
func (l *liveLine) draw(line string) {
	width, tty := terminal(l.app.err)
	if width < 20 {
		width = 80 // it does not say, or it is of no use
	}
	if tty && !l.app.quiet {
		control(l.app.err, lineErase)
		fmt.Fprint(l.app.err, firstLine(reports.Clean(line), width-1))
	}
}
