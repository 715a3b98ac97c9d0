package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
)

// isolateFlags are the choices of one reduction. They are kept beside it, for --resume.
type isolateFlags struct {
	Set         []string      `json:"set,omitempty"`
	Budget      time.Duration `json:"budget,omitempty"`
	Labs        int           `json:"labs"`
	KeepRate    float64       `json:"keep-rate"`
	OneRun      bool          `json:"one-run,omitempty"`
	Measure     int           `json:"measure"`
	ControlRuns int           `json:"control-runs"`
	Reset       string        `json:"reset,omitempty"`
	Scenario    string        `json:"scenario"` // within input/
	dir, resume string
}

func (a *app) isolateVerb() *cobra.Command {
	f := &isolateFlags{}
	c := &cobra.Command{
		Use:   "isolate SCENARIO",
		Short: "Cut a scenario to what the problem needs",
		Long: `Take steps, nodes, links, stanzas and lines of configuration out of a scenario for
as long as the problem stays, and show for each part that is left that the problem
is gone without it.

First the rate of the scenario is measured, and that of its control. A scenario that
never fails ends with status 1, one whose control fails as well with status 2. A part
counts as not needed when the case without it still fails at three quarters of the
rate or more (Wald's sequential test) and its control stays healthy.

Everything is written as it goes. After Ctrl-C or kill -9, --resume goes on where it
ended, and comes to the same result.

Left in the isolation's folder: result/ (a scenario that runs by itself),
result-reliable/ where another one fails more often, why-needed.md, ledger.ndjson
(every run), isolation.json, and runs/ with the evidence of every candidate.

Exit status: 0 cut to what is needed, 1 the problem does not show, 2 inconclusive (the
control shows it as well, too many runs say nothing, the budget is used up), 4 wrong
input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise isolate my-case --labs 2
  reprise isolate my-case --budget 4h --reset config
  reprise isolate --resume isolations/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeScenario,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.resume != "" && len(args) == 0:
				return a.isolateResume(c.Context(), f.resume)
			case f.resume == "" && len(args) == 1:
				return a.isolateNew(c.Context(), args[0], f)
			default:
				return inputError("give a scenario, or --resume with the folder of an isolation")
			}
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.Set, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.env.NAME=…")
	fl.DurationVar(&f.Budget, "budget", 0, "time that all runs may take together, such as 4h: none is begun that would not end within it, and the best so far is kept")
	fl.IntVar(&f.Labs, "labs", 1, "labs side by side")
	fl.Float64Var(&f.KeepRate, "keep-rate", 0.5, "share of the scenario's rate that the result may not fall below")
	fl.BoolVar(&f.OneRun, "one-run", false, "let one run decide: for a problem that shows every time, by a symptom nothing else shows")
	fl.IntVar(&f.Measure, "measure", 10, "trials that the scenario's own rate is taken from")
	fl.IntVar(&f.ControlRuns, "control-trials", 5, "trials that the control's rate is taken from; 0 leaves the control out")
	fl.StringVar(&f.Reset, "reset", "", "between two runs of a candidate: none, config, daemons or redeploy (default: the scenario's)")
	fl.StringVar(&f.dir, "dir", "isolations", "folder for isolations")
	fl.StringVar(&f.resume, "resume", "", "go on with the isolation in this folder")
	mustComplete(c, "reset", "none", "config", "daemons", "redeploy")
	return c
}

func (a *app) isolateNew(ctx context.Context, name string, f *isolateFlags) error {
	if f.Labs < 1 || f.Labs > 64 || f.Measure < 1 || f.ControlRuns < 0 || f.KeepRate <= 0 || f.KeepRate > 1 || f.Budget < 0 {
		return inputError("--labs takes 1 to 64, --measure 1 or more, --keep-rate more than 0 and at most 1")
	}
	l, err := a.load(name, nil)
	if err != nil {
		return err
	}
	dir, err := evidence.CreateDir(f.dir, l.Scenario.ID, time.Now())
	if err != nil {
		return &codedError{exitEnvironment, err}
	}
	f.Scenario = l.Inputs[0].Path
	if err := keepInputs(dir, l); err != nil {
		return err
	}
	if err := evidence.WriteJSON(dir.File("options.json"), f); err != nil {
		return err
	}
	return a.isolate(ctx, dir, f)
}

func (a *app) isolateResume(ctx context.Context, path string) error {
	dir := evidence.Dir{Path: path}
	f := &isolateFlags{}
	if err := evidence.ReadJSON(dir.File("options.json"), f); err != nil {
		return inputError("%s is no folder of an isolation: %w", path, err)
	}
	return a.isolate(ctx, dir, f)
}

// isolation is what a reduction came to.
type isolation struct {
	Dir      string          `json:"dir"`
	Result   string          `json:"result"`
	Reliable string          `json:"reliable,omitempty"`
	Why      string          `json:"why-needed"`
	Complete bool            `json:"complete"`
	Before   string          `json:"before"` // what the scenario holds, and what is left of it
	After    string          `json:"after"`
	Original isolate.Count   `json:"original"`
	Control  isolate.Count   `json:"control"`
	Final    isolate.Count   `json:"final"`
	Runs     int             `json:"runs"`
	Levels   []isolate.Tally `json:"levels"`
	Needed   []neededPart    `json:"needed"`
	Side     []string        `json:"side-finds,omitempty"` // other failures, and where their evidence is
}

// neededPart is a part that is left, and the runs without it.
type neededPart struct {
	Part string `json:"part"`
	isolate.Need
	P float64 `json:"p-value"` // one-sided, Fisher's exact test against the scenario as it was
}

func (a *app) isolate(ctx context.Context, dir evidence.Dir, f *isolateFlags) (err error) {
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer unlock()
	set, err := parseSet(f.Set)
	if err != nil {
		return err
	}
	reg, err := registry()
	if err != nil {
		return err
	}
	l, err := scenarios.Load(dir.File("input", filepath.FromSlash(f.Scenario)), scenarios.Options{Platforms: reg.Platforms(), Recorded: true, Set: set, Template: reg.Template, Trust: a.trust})
	if err != nil {
		return err
	}
	if err := l.Permit(l.Topology); err != nil {
		return err
	}
	parts := experiment.NewParts(l, reg)
	cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Platforms: reg.Platforms(), Options: plan.Options{Set: set, Reset: scenarios.Reset(f.Reset)}}
	whole := isolate.Whole(parts.Units)
	p, err := cutter.Plan(whole)
	if err != nil {
		return &codedError{exitInput, err}
	}
	if err := a.permit(p); err != nil {
		return err
	}
	if l.Scenario.Control == nil {
		if f.ControlRuns > 0 {
			a.progress("the scenario declares no control: whether the symptom is specific is not known, and the result has to be read with that in mind")
		}
		f.ControlRuns = 0
	}
	provider, err := openProvider(p, labFlags{}, nil)
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	if err := provider.Check(ctx, p.Topology); err != nil {
		return err
	}
	show := &isolateLines{live: &liveLine{app: a, status: "measuring"}, out: isolation{Dir: dir.Path}, start: time.Now(), left: parts.Describe(whole.Kept)}
	env := trial.Environment{Provider: provider, Registry: reg, Lean: true, Progress: show.live.step}
	labs := experiment.NewLabOracle(cutter, env, dir.File("runs"), toolInfo(), f.Labs)
	defer func() { err = errors.Join(err, labs.Close(context.WithoutCancel(ctx))) }()
	rec, err := isolate.NewRecorder(dir.File("ledger.ndjson"), parts.Units, labs)
	if err != nil {
		return &codedError{exitInput, err}
	}
	defer func() { err = errors.Join(err, rec.Close()) }()
	rec.OnResult = show.result
	a.progress("%s: %s", l.Scenario.ID, l.Scenario.Title)
	a.progress("%s", parts.Describe(whole.Kept))
	one := p.Longest() + 5*time.Second + time.Duration(len(p.Nodes))*time.Second
	low, high := isolate.EstimateRuns(len(parts.Units), 1), isolate.EstimateRuns(len(parts.Units), 0.5)
	a.progress("about %d runs if it shows every time, %d if half of the time; one takes about %s, and less with every part that goes", low, high, one.Round(time.Second))
	a.progress("evidence in %s", dir.Path)
	red, rerr := isolate.Reduce(ctx, parts.Units, rec, isolate.ReduceOptions{
		Measure: f.Measure, ControlRuns: f.ControlRuns, Single: f.OneRun, KeepRate: f.KeepRate, Batch: f.Labs, Budget: f.Budget,
		OnLevel: show.level, OnChange: func(c isolate.Candidate) { show.change(parts.Describe(c.Kept)) },
	})
	show.live.clear()
	if err := cleanUp(ctx, provider, ""); err != nil {
		rerr = errors.Join(rerr, err)
	}
	out, werr := writeIsolation(dir, l, parts, red, show.out)
	if err := searchError(ctx, "isolate", dir, rerr, werr); err != nil {
		return err
	}
	code := exitYes
	if !red.Complete {
		code = exitInconclusive
	}
	if done, err := a.emit(out); done {
		return errors.Join(err, answer(code))
	}
	a.printIsolation(out)
	return answer(code)
}

// searchError gives the reasons why a search, or the writing of its result, ended their
// exit codes, and says how to go on where that is possible.
func searchError(ctx context.Context, verb string, dir evidence.Dir, search, write error) error {
	resume := fmt.Sprintf("reprise %s --resume %s", verb, dir.Path)
	switch {
	case ctx.Err() != nil:
		return errors.Join(&codedError{exitInterrupted, fmt.Errorf("interrupted; go on with: %s", resume)}, write)
	case errors.Is(errors.Join(search, write), syscall.ENOSPC):
		return &codedError{exitEnvironment, fmt.Errorf("the disk is full; make room, and go on with: %s", resume)}
	case errors.Is(search, isolate.ErrNotReproduced):
		return errors.Join(&codedError{exitNo, search}, write)
	case search != nil:
		return errors.Join(&codedError{exitInconclusive, search}, write)
	default:
		return write
	}
}

// lockDir keeps a second process out of an isolation.
func lockDir(dir evidence.Dir) (func(), error) {
	f, err := os.OpenFile(dir.File("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir.Path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, &codedError{exitEnvironment, fmt.Errorf("%s is in use by another process", dir.Path)}
	}
	return func() { _ = f.Close() }, nil
}

// reasonLimit bounds a reason in a line of progress; the whole of it is in the record.
const reasonLimit = 200

// isolateLines prints a reduction as it goes.
type isolateLines struct {
	live   *liveLine
	out    isolation
	start  time.Time
	left   string // what is left of the scenario
	header bool
	runs   int
}

func (s *isolateLines) say(format string, args ...any) {
	s.live.say(fmt.Sprintf(format, args...), fmt.Sprintf("%s, %s, left: %s", plural(s.runs, "run"), time.Since(s.start).Round(time.Second), s.left))
}

func (s *isolateLines) change(left string) {
	s.left = left
	s.say("left: %s", left)
}

func (s *isolateLines) result(e isolate.Entry, again bool) {
	s.runs++
	if e.Outcome == isolate.Other {
		s.out.Side = append(s.out.Side, fmt.Sprintf("%s (runs/%s)", e.Reason, e.Where))
	}
	if again {
		return
	}
	s.say("run %d: %s", s.runs, runLine(e))
}

// runLine says what a run came to. A control without the problem is what is wanted of it,
// and no miss.
func runLine(e isolate.Entry) string {
	word := string(e.Outcome)
	if e.Control() {
		word = map[isolate.Outcome]string{isolate.Hit: "control fails too", isolate.Miss: "control is healthy"}[e.Outcome]
		if word == "" {
			word = "control " + string(e.Outcome)
		}
	}
	line := fmt.Sprintf("%s, %s", word, e.Took.Round(100*time.Millisecond))
	if e.Reason != "" && e.Outcome != isolate.Miss {
		line += ": " + firstLine(e.Reason, reasonLimit)
	}
	if e.GaveUp {
		line += " (given up early: others hold sooner)"
	}
	return line
}

func (s *isolateLines) level(t isolate.Tally) {
	if !s.header {
		s.header = true
		s.say("%-10s %6s %6s %6s %9s %9s %8s %6s %8s %9s", "level", "parts", "kept", "tests", "accepted", "rejected", "refused", "runs", "invalid", "time")
	}
	s.say("%-10s %6d %6d %6d %9d %9d %8d %6d %8d %9s", t.Level, t.Units, t.Kept, t.Tests, t.Accepted, t.Rejected, t.Refused, t.Runs, t.Invalid,
		time.Duration(t.Seconds*float64(time.Second)).Round(time.Second))
}
