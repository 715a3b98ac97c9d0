package fix

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
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
	cli.ResetFlag(fl, &f.reset, "trials", "the scenario's")
	fl.StringVar(&f.dir, "dir", "runs", "folder for run directories")
	fl.StringVar(&f.junit, "junit", "", "write JUnit XML to this file")
}

// check tells what is wrong with the flags.
func (f *verifyFlags) check() error {
	switch {
	case f.confidence != 0.95 && f.confidence != 0.99:
		return cli.InputError("--confidence %g: want 0.95 or 0.99", f.confidence)
	case f.before < 1 || f.maxTrials < f.before || f.maxTrials > cli.MaxCount:
		return cli.InputError("--before %d, --max-trials %d: want 1 or more, and --max-trials at least --before and at most %d", f.before, f.maxTrials, cli.MaxCount)
	case f.workaround == (len(f.images) > 0):
		return cli.InputError("say what is new: --image NODE=IMAGE, or --workaround alone")
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
			return nil, cli.InputError("--image %s: want NODE=IMAGE, as r1=reprise/frr:10.3", v)
		}
		if _, twice := images[node]; twice {
			return nil, cli.InputError("--image %s: node %s is given twice", v, node)
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
		ValidArgsFunction: a.CompleteScenario,
		RunE:              func(c *cobra.Command, args []string) error { return a.verifyFix(c.Context(), args[0], f) },
	}
	f.register(c.Flags())
	c.Flags().BoolVar(&f.workaround, "workaround", false, "verify the scenario's declared workaround instead of a build")
	cli.CompleteReset(c)
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
	c, runErr := a.compare(ctx, sides, f)
	if c.Old.Dir == "" {
		return runErr // nothing was begun
	}
	if err := a.junitOf("reprise verify-fix", []result.Comparison{c}, f.junit); err != nil {
		return errors.Join(runErr, err)
	}
	out := verifiedAs(c, runErr)
	if done, err := a.Emit(out); done {
		return errors.Join(runErr, err, cli.Answer(out.Exit))
	}
	a.printVerify(c)
	return errors.Join(runErr, cli.Answer(out.Exit))
}

// verifyPlans makes the plans of both sides.
func (a *app) verifyPlans(name string, images map[string]string, f *verifyFlags) (experiment.Sides, error) {
	rf := &cli.PlanFlags{Trials: f.maxTrials, Labs: f.labs, Set: f.set, Reset: f.reset}
	old, err := a.Plan(name, rf)
	if err != nil {
		return experiment.Sides{}, err
	}
	if f.workaround {
		if len(old.Workaround) == 0 {
			return experiment.Sides{}, cli.InputError("scenario %s declares no workaround", old.Loaded.Scenario.ID)
		}
		return experiment.Workaround(old), nil
	}
	what := []string{}
	for _, node := range slices.Sorted(maps.Keys(images)) {
		rf.Set = append(slices.Clone(rf.Set), node+".image="+images[node])
		what = append(what, node+"="+images[node])
	}
	updated, err := a.Plan(name, rf)
	if err != nil {
		return experiment.Sides{}, err
	}
	return experiment.Sides{Old: old, New: updated, Of: experiment.SampleOf, What: strings.Join(what, " ")}, nil
}

// verified is what --json prints.
type verified struct {
	result.Comparison
	Exit int `json:"exit"`
}

// verifiedAs gives a comparison its exit status.
func verifiedAs(c result.Comparison, err error) verified {
	v := verified{c, cli.OutcomeCode(c.Outcome())}
	switch {
	case c.Skipped:
		v.Exit = cli.ExitYes
	case cli.ExitCode(err) == cli.ExitInterrupted:
		v.Exit = cli.ExitInterrupted
	}
	return v
}

// compare tries both sides in turn until it is decided.
func (a *app) compare(ctx context.Context, s experiment.Sides, f *verifyFlags) (result.Comparison, error) {
	scenario := s.Old.Loaded.Scenario
	b, err := a.OpenTestbed(ctx, f.dir, cli.LabFlags{}, s.Old, s.New)
	if err != nil {
		return experiment.Undecided(scenario.ID, scenario.Title, s.What, f.confidence), err
	}
	first := *s.Old
	first.Trials = 2 * experiment.PairsNeeded(f.confidence)
	a.Progress("%s: %s", cli.Heading(s.Old), s.What)
	a.Progress("about %d trials for a problem that always shows, which take about %s, up to %d for a rare one", first.Trials, cli.Estimate(&first), 2*f.maxTrials)
	c, err := experiment.Compare(ctx, &b.Bench, s, experiment.CompareOptions{Confidence: f.confidence, Before: f.before, MaxTrials: f.maxTrials})
	return c, b.Over(ctx, err)
}

func (a *app) printVerify(r result.Comparison) {
	a.Say("")
	a.Say("%s: %s", strings.ToUpper(string(r.Ruling)), r.Reason)
	a.Say("old  %s%s", r.Old.Share, beside(r.Old.Tally))
	a.Say("new  %s%s", r.New.Share, beside(r.New.Tally))
	for _, f := range r.New.Failures {
		a.Say("another failure of the new side: %s", f)
	}
	if r.Needed > 0 {
		a.Say("needed %d clean trials at %.0f %%; one-sided p = %.2g", r.Needed, 100*r.Confidence, r.P)
	}
	for _, s := range []struct{ side, dir string }{{"old", r.Old.Dir}, {"new", r.New.Dir}} {
		if abs, err := filepath.Abs(filepath.Join(s.dir, "report.html")); err == nil && s.dir != "" {
			a.Say("report of the %s side: %s", s.side, abs)
		}
	}
}

func beside(t result.Tally) string {
	if t.Void+t.Unhealthy+t.Other == 0 {
		return ""
	}
	return fmt.Sprintf("; beside it %d void, %d unhealthy, %d failed in another way", t.Void, t.Unhealthy, t.Other)
}
