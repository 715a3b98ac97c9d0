package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/formats"
)

// Testbed is where the verbs that need many trials have them executed.
type Testbed struct {
	experiment.Bench
	app      *App
	Provider Provider
	Slots    int  // labs of the fleet that executes the trials; 0: they are executed here
	fleet    bool // executes the trials
	Live     *LiveLine
	dirs     []experiment.Recording // once they are there

	verb    string // that can go on where it was broken off; empty: none can
	choices any    // of it
	work    string // that a fleet knows the trials by; empty: they are executed here
}

// OpenTestbed connects to what builds the plans' labs, and checks that it can. Nothing is
// started and nothing written. Close gives it back.
func (a *App) OpenTestbed(ctx context.Context, parent string, where LabFlags, plans ...*plan.Plan) (*Testbed, error) {
	b, err := a.OpenUnchecked(ctx, parent, where, plans...)
	if err != nil {
		return nil, err
	}
	if err := b.Check(ctx, plans...); err != nil {
		return nil, errors.Join(err, b.Provider.Close())
	}
	return b, nil
}

// OpenUnchecked is [App.OpenTestbed] for who finds out later which labs can be built.
func (a *App) OpenUnchecked(ctx context.Context, parent string, where LabFlags, plans ...*plan.Plan) (*Testbed, error) {
	if err := a.Permit(plans...); err != nil {
		return nil, err
	}
	if where.FleetURL() != "" {
		return a.openFleetBed(ctx, parent, where, plans...)
	}
	provider, err := a.Opener.Open(ctx, where, nil, plans[0], plans[1:]...)
	if err != nil {
		return nil, err
	}
	a.SayEngine(plans[0].Loaded, provider)
	a.SayLimits(provider, plans[0].Topology, plans[0].Labs)
	return a.bedOf(provider, parent)
}

// bedOf makes the testbed of a provider.
func (a *App) bedOf(provider Provider, parent string) (*Testbed, error) {
	b := &Testbed{app: a, Provider: provider, Live: &LiveLine{app: a, Status: "no trial yet"}}
	reg, err := Registry()
	if err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	b.Bench = experiment.Bench{
		Env:    trial.Environment{Provider: provider, Registry: reg, Progress: b.Live.step},
		Parent: parent, Tool: ToolInfo(), Observer: b, Close: b.cleanUp, Report: a.WriteReports,
	}
	return b, nil
}

// WriteReports notes beside the trials of a run what their logs say, and renders it.
func (a *App) WriteReports(dir evidence.Dir) error {
	if err := logs.Annotate(dir); err != nil {
		a.Progress("the report does not show what the logs say: %v", err)
	}
	return formats.WriteAll(dir)
}

// openFleetBed makes a testbed whose trials the workers of a fleet execute.
func (a *App) openFleetBed(ctx context.Context, parent string, where LabFlags, plans ...*plan.Plan) (*Testbed, error) {
	joined, err := a.openFleet(ctx, where, parent)
	if err != nil {
		return nil, err
	}
	var labs Provider = joined
	over, err := a.spreads(ctx, joined, where, plans)
	if err != nil {
		return nil, errors.Join(err, labs.Close())
	}
	if over != nil {
		labs = over
	}
	b, err := a.bedOf(labs, parent)
	if err != nil {
		return nil, err
	}
	b.Pool, b.Slots, b.fleet, b.work = joined.pool, joined.Slots(), true, joined.work
	if over != nil {
		if err := a.useHosts(ctx, b, over, where.sides(plans), plans); err != nil {
			return nil, errors.Join(err, labs.Close())
		}
	}
	if where.AllLabs {
		b.labsOf(plans...)
	}
	return b, nil
}

// Recording says where the evidence of each side goes.
func (b *Testbed) Recording(sides []experiment.Recording) {
	b.dirs = sides
	for _, s := range sides {
		b.app.Progress("evidence (%s) in %s", s.Side, s.Dir)
	}
	if b.verb == "" || len(b.Resume) > 0 {
		return
	}
	if err := b.noteAsked(sides); err != nil {
		b.verb = ""
		b.app.Progress("it cannot be gone on with if it is broken off: %v", err)
	}
}

// Tried prints the line of a trial that is over.
func (b *Testbed) Tried(t experiment.Tried) { b.Live.trial(t) }

// cleanUp removes what dead runs left, and what those of this sitting did.
func (b *Testbed) cleanUp(ctx context.Context, runs []string) error {
	b.Live.clear()
	err := CleanUp(ctx, b.Provider, "")
	for _, run := range runs {
		err = errors.Join(err, CleanUp(ctx, b.Provider, run))
	}
	return err
}

// GoOnLine is the command with which a verb goes on in a folder. Of trials of a fleet it names --fleet, where the environment gave
// the URL too: labs of this machine are not added up with those. The URL, which is a secret, is for who has it to fill in.
func (b *Testbed) GoOnLine(verb, dir string) string {
	line := fmt.Sprintf("reprise %s --resume %s", verb, dir)
	if b.fleet {
		line += " --fleet URL"
	}
	return line
}

// Over gives the bench back and names the error of an experiment by its exit status.
func (b *Testbed) Over(ctx context.Context, err error) error {
	err = errors.Join(err, b.Provider.Close())
	if ctx.Err() != nil {
		where := b.Parent
		if len(b.dirs) > 0 {
			where = b.dirs[0].Dir
		}
		if b.verb != "" && len(b.dirs) > 0 {
			return WithCode(ExitInterrupted, fmt.Errorf("interrupted; go on with: %s", b.GoOnLine(b.verb, where)))
		}
		return WithCode(ExitInterrupted, fmt.Errorf("interrupted; what was recorded is in %s", where))
	}
	return AsRecordError(err)
}

// AsRecordError says that the disk takes no record, or that a fleet does not take a plan.
func AsRecordError(err error) error {
	if environment, ok := errors.AsType[*labworker.EnvironmentError](err); ok {
		return WithCode(ExitInput, environment)
	}
	if refused, ok := errors.AsType[*labpool.RefusedError](err); ok {
		return WithCode(ExitRefused, refused)
	}
	if record, ok := errors.AsType[*experiment.RecordError](err); ok {
		return WithCode(ExitEnvironment, record)
	}
	return err
}

// OutcomeCode maps an experiment's answer to the exit status.
func OutcomeCode(o result.Outcome) int {
	switch o {
	case result.Yes:
		return ExitYes
	case result.No:
		return ExitNo
	case result.Otherwise:
		return ExitOther
	default:
		return ExitInconclusive
	}
}

// LiveLine is the state of a session as it is seen: a line per trial, and on a terminal
// a last line that is drawn again and again.
type LiveLine struct {
	app    *App
	mu     sync.Mutex
	Status string
}

// step shows where a trial is, beside the status.
func (l *LiveLine) step(p trial.Progress) {
	if p.Verdict != "" {
		return // who asked for the trial tells
	}
	what := p.Text
	if what == "" {
		what = string(p.Phase)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.app.Redraw(fmt.Sprintf("  %s; lab %d: %s", l.Status, p.Lab, FirstLine(what, 40)))
}

// trial prints the line of a trial that is over.
func (l *LiveLine) trial(t experiment.Tried) {
	v := t.Verdict
	line := fmt.Sprintf("  %-8s trial %04d  lab %d  %-14s %6.1fs  %s", t.Side, v.Trial, t.Lab, string(v.Verdict)+t.Clock.Beside(), t.Took.Seconds(), t.Status)
	if v.Verdict == evidence.Inconclusive || v.Verdict == evidence.NotApplicable {
		line += "  " + FirstLine(v.Reason, 120)
	}
	l.Say(line, t.Status)
}

// Say prints a line above the status, which it changes.
func (l *LiveLine) Say(line, status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Status = status
	l.app.Redraw("")
	l.app.Progress("%s", line)
	l.app.Redraw("  " + status)
}

func (l *LiveLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.app.Redraw("")
}
