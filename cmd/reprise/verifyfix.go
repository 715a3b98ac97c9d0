package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// verifyFlags are the choices of verify-fix and regress.
type verifyFlags struct {
	images, set             []string
	confidence              float64
	before, maxTrials, labs int
	workaround              bool
	reset, dir, junit       string
}

func (f *verifyFlags) register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.images, "image", nil, "the new build of a node: NODE=IMAGE (repeatable)")
	fl.Float64Var(&f.confidence, "confidence", 0.95, "an unfixed build is called fixed at most this rarely: 0.95 or 0.99")
	fl.IntVar(&f.before, "before", 10, "valid trials of the old build within which the problem must show")
	fl.IntVar(&f.maxTrials, "max-trials", 100, "most trials of each build")
	fl.IntVar(&f.labs, "labs", 1, "labs side by side, of each build")
	fl.StringArrayVar(&f.set, "set", nil, "replace a value for both builds: node.image=…, node.config=…, node.env.NAME=…")
	fl.StringVar(&f.reset, "reset", "", "between two trials: none, config, daemons or redeploy (default: the scenario's)")
	fl.StringVar(&f.dir, "dir", "runs", "folder for run directories")
	fl.StringVar(&f.junit, "junit", "", "write JUnit XML to this file")
}

// check tells what is wrong with the flags.
func (f *verifyFlags) check() error {
	switch {
	case f.confidence != 0.95 && f.confidence != 0.99:
		return inputError("--confidence %g: want 0.95 or 0.99", f.confidence)
	case f.before < 1 || f.maxTrials < f.before || f.maxTrials > 10000:
		return inputError("--before %d, --max-trials %d: want 1 or more, and --max-trials at least --before and at most 10000", f.before, f.maxTrials)
	case f.workaround == (len(f.images) > 0):
		return inputError("say what is new: --image NODE=IMAGE, or --workaround alone")
	}
	_, err := f.newImages()
	return err
}

// newImages reads --image NODE=NEW.
func (f *verifyFlags) newImages() (map[string]string, error) {
	images := map[string]string{}
	for _, v := range f.images {
		node, image, ok := strings.Cut(v, "=")
		if !ok || node == "" || image == "" {
			return nil, inputError("--image %s: want NODE=IMAGE, as r1=reprise/frr:10.3", v)
		}
		if _, twice := images[node]; twice {
			return nil, inputError("--image %s: node %s is given twice", v, node)
		}
		images[node] = image
	}
	return images, nil
}

func (a *app) verifyFixVerb() *cobra.Command {
	f := &verifyFlags{}
	c := &cobra.Command{
		Use:   "verify-fix SCENARIO",
		Short: "Say whether a new build, or the workaround, is free of a problem",
		Long: `Try the old build and the new one in turn (old, new, new, old …) in one session,
until Fisher's exact test of the old build's hits against none of the new build, in
as many trials, is enough: three of each for a problem that always shows.
--confidence bounds how often an unfixed build is called fixed.

  fixed         no hit of the new build in as many trials as needed, and the old
                build showed it
  not-fixed     the symptom was there with the new build: said at once
  changed       the new build fails in another way: a daemon died that no symptom
                asks about, or its nodes never come to a healthy baseline
  inconclusive  everything else; the old build did not show the problem, say

--workaround compares the declared workaround with leaving its steps out.

Exit status: 0 fixed, 1 not-fixed, 2 inconclusive, 3 changed, 4 wrong input, 5 the
environment lacks something, 130 interrupted.`,
		Example: `  reprise verify-fix frr-bgp-no-shutdown --image r1=reprise/frr:10.3
  reprise verify-fix my-case --image r1=vendor/switch:fix --confidence 0.99 --junit junit.xml
  reprise verify-fix frr-bgp-no-shutdown --workaround`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeScenario,
		RunE:              func(c *cobra.Command, args []string) error { return a.verifyFix(c.Context(), args[0], f) },
	}
	f.register(c.Flags())
	c.Flags().BoolVar(&f.workaround, "workaround", false, "verify the scenario's declared workaround instead of a build")
	mustComplete(c, "reset", "none", "config", "daemons", "redeploy")
	return c
}

func (a *app) verifyFix(ctx context.Context, name string, f *verifyFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	images, err := f.newImages()
	if err != nil {
		return err
	}
	sides, err := a.verifyPlans(name, images, f)
	if err != nil {
		return err
	}
	out, runErr := a.compare(ctx, sides, f)
	if out.Old.Dir == "" {
		return runErr // nothing was begun
	}
	if err := a.junitOf("reprise verify-fix", []verifyResult{out}, f.junit); err != nil {
		return errors.Join(runErr, err)
	}
	if done, err := a.emit(out); done {
		return errors.Join(runErr, err, answer(out.Exit))
	}
	a.printVerify(out)
	return errors.Join(runErr, answer(out.Exit))
}

// sides are what is compared.
type sides struct {
	old, new *plan.Plan
	of       func(evidence.TrialVerdict, evidence.Record) experiment.Sample
	what     string // is new
}

// verifyPlans makes the plans of both sides.
func (a *app) verifyPlans(name string, images map[string]string, f *verifyFlags) (sides, error) {
	rf := &runFlags{trials: f.maxTrials, labs: f.labs, set: f.set, reset: f.reset}
	old, err := a.plan(name, rf)
	if err != nil {
		return sides{}, err
	}
	if f.workaround {
		if len(old.Workaround) == 0 {
			return sides{}, inputError("scenario %s declares no workaround", old.Loaded.Scenario.ID)
		}
		return sides{old.WithoutWorkaround(), old, experiment.ReliefOf, "the workaround"}, nil
	}
	what := []string{}
	for _, node := range slices.Sorted(maps.Keys(images)) {
		rf.set = append(slices.Clone(rf.set), node+".image="+images[node])
		what = append(what, node+"="+images[node])
	}
	updated, err := a.plan(name, rf)
	if err != nil {
		return sides{}, err
	}
	return sides{old, updated, experiment.SampleOf, strings.Join(what, " ")}, nil
}

// verifyResult is verify.json of a comparison.
type verifyResult struct {
	Reprise    string            `json:"reprise"`
	Scenario   string            `json:"scenario"`
	Title      string            `json:"title"`
	New        verifySide        `json:"new"`
	Old        verifySide        `json:"old"`
	What       string            `json:"what"` // is new
	Ruling     experiment.Ruling `json:"ruling"`
	Skipped    bool              `json:"skipped,omitempty"` // by regress, for this reason
	Reason     string            `json:"reason"`
	Confidence float64           `json:"confidence"`
	Needed     int               `json:"needed"` // clean trials of the new side that were enough; 0: they were not
	P          float64           `json:"p"`
	Took       time.Duration     `json:"took"`
	Exit       int               `json:"exit"`
}

// verifySide is one side of it.
type verifySide struct {
	experiment.Tally
	Dir string `json:"dir"`
}

// compare tries both sides in turn until it is decided.
func (a *app) compare(ctx context.Context, s sides, f *verifyFlags) (verifyResult, error) {
	scenario := s.old.Loaded.Scenario
	out := verifyResult{Reprise: evidence.Format, Scenario: scenario.ID, Title: scenario.Title, What: s.what, Ruling: experiment.Undecided, Confidence: f.confidence, Exit: exitInconclusive}
	start := time.Now()
	sitting, err := a.openSession(ctx, f.dir, labFlags{}, s.old, s.new)
	if err != nil {
		return out, err
	}
	first := *s.old
	first.Trials = 2 * experiment.PairsNeeded(f.confidence)
	a.progress("%s: %s", heading(s.old), s.what)
	a.progress("about %d trials for a problem that always shows, which take about %s, up to %d for a rare one", first.Trials, estimate(&first), 2*f.maxTrials)
	v := &verification{
		session: sitting, of: s.of, by: map[experiment.Arm]*trial.Series{},
		c: &experiment.Comparison{Confidence: f.confidence, Before: f.before, MaxTrials: f.maxTrials},
	}
	for _, side := range []struct {
		arm  experiment.Arm
		plan *plan.Plan
	}{{experiment.Old, s.old}, {experiment.New, s.new}} {
		if v.by[side.arm], err = sitting.begin(ctx, side.plan); err != nil {
			return out, errors.Join(err, sitting.end(ctx))
		}
	}
	sitting.tellDirs("old", "new")
	runErr := errors.Join(inLabs(ctx, s.old.Labs, v.work), sitting.end(ctx))
	ruling, reason := v.c.Ruling()
	out.Old, out.New = v.side(experiment.Old), v.side(experiment.New)
	out.Needed, out.P, out.Took = v.c.Needed(), v.c.P(), time.Since(start)
	switch {
	case ruling == experiment.NotFixed || ruling == experiment.Changed:
		out.Ruling, out.Reason = ruling, reason // whatever cut the rest short
	case ctx.Err() != nil:
		out.Reason = "interrupted"
	case runErr != nil:
		out.Reason = runErr.Error()
	case ruling == "":
		out.Reason = "it was broken off"
	default:
		out.Ruling, out.Reason = ruling, reason
	}
	out.Exit = rulingCode(out.Ruling)
	runErr = errors.Join(runErr, evidence.WriteJSON(filepath.Join(out.Old.Dir, "verify.json"), out), evidence.WriteJSON(filepath.Join(out.New.Dir, "verify.json"), out))
	if err := sitting.interrupted(ctx); err != nil {
		out.Exit = exitInterrupted
		return out, err
	}
	return out, runErr
}

// verification is a comparison in the making.
type verification struct {
	*session
	of func(evidence.TrialVerdict, evidence.Record) experiment.Sample
	by map[experiment.Arm]*trial.Series
	mu sync.Mutex
	c  *experiment.Comparison
}

func (v *verification) work(ctx context.Context, lab int) (bool, error) {
	v.mu.Lock()
	ticket, more := v.c.Next()
	v.mu.Unlock()
	if !more {
		return false, nil
	}
	series := v.by[ticket.Arm]
	start := time.Now()
	verdict, err := series.Try(ctx, lab)
	sample := experiment.Sample{Kind: experiment.Void, Why: "it was broken off"}
	if err == nil {
		var record evidence.Record
		if record, err = series.Dir.Trial(verdict.Trial).Read(); err == nil {
			sample = v.of(verdict, record)
		}
	}
	v.mu.Lock()
	v.c.Add(ticket, sample)
	status := fmt.Sprintf("old %s; new %s", v.c.Tally(experiment.Old).Share, v.c.Tally(experiment.New).Share)
	v.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		return false, fmt.Errorf("trial %d of the %s side: %w", verdict.Trial, ticket.Arm, err)
	}
	v.live.trial(string(ticket.Arm), lab, verdict, time.Since(start), status)
	return true, nil
}

func (v *verification) side(arm experiment.Arm) verifySide {
	return verifySide{v.c.Tally(arm), v.by[arm].Dir.Path}
}

// rulingCode maps a ruling to the exit status.
func rulingCode(r experiment.Ruling) int {
	switch r {
	case experiment.Fixed:
		return exitYes
	case experiment.NotFixed:
		return exitNo
	case experiment.Changed:
		return exitOther
	default:
		return exitInconclusive
	}
}

func (a *app) printVerify(r verifyResult) {
	a.say("")
	a.say("%s: %s", strings.ToUpper(string(r.Ruling)), r.Reason)
	a.say("old  %s%s", r.Old.Share, beside(r.Old.Tally))
	a.say("new  %s%s", r.New.Share, beside(r.New.Tally))
	if r.Needed > 0 {
		a.say("needed %d clean trials at %.0f %%; one-sided p = %.2g", r.Needed, 100*r.Confidence, r.P)
	}
	for _, s := range []struct{ side, dir string }{{"old", r.Old.Dir}, {"new", r.New.Dir}} {
		if abs, err := filepath.Abs(filepath.Join(s.dir, "report.html")); err == nil && s.dir != "" {
			a.say("report of the %s side: %s", s.side, abs)
		}
	}
}

func beside(t experiment.Tally) string {
	if t.Void+t.Unhealthy+t.Other == 0 {
		return ""
	}
	return fmt.Sprintf("; beside it %d void, %d unhealthy, %d failed in another way", t.Void, t.Unhealthy, t.Other)
}
