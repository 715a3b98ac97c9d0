package fix

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/junit"
)

// choices are those that verify-fix and regress have in common.
type choices struct {
	images, set             []string
	confidence              float64
	before, maxTrials, labs int
	workaround              bool
	reset, dir, junit       string
	speed                   cli.Speed
	provider                string
	fleet                   string
	allLabs                 bool   // of the fleet: nobody chose a number
	work                    string // that the fleet has results of
}

func (f *choices) register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.images, "image", nil, "the new build of a node: NODE=IMAGE (repeatable)")
	fl.Float64Var(&f.confidence, "confidence", 0.95, "an unfixed build is called fixed at most this rarely: 0.95 or 0.99")
	fl.IntVar(&f.before, "before", 10, "valid trials of the old build within which the problem must show")
	fl.IntVar(&f.maxTrials, "max-trials", 100, "most trials of each build")
	fl.IntVar(&f.labs, "labs", 1, "labs side by side, of each build")
	fl.StringArrayVar(&f.set, "set", nil, "replace a value for both builds: node.image=…, node.config=…, node.env.NAME=…")
	cli.ResetFlag(fl, &f.reset, "trials", "the scenario's")
	cli.AutoSpeedFlag(fl, &f.speed, "the scenario's")
	fl.StringVar(&f.dir, "dir", "runs", "folder for run directories")
	cli.ProviderFlag(fl, &f.provider)
	cli.FleetFlag(fl, &f.fleet)
	fl.StringVar(&f.junit, "junit", "", "write JUnit XML to this file")
}

// where is what the labs are built of, and by whom.
func (f *choices) where() cli.LabFlags {
	return cli.LabFlags{Provider: f.provider, Fleet: f.fleet, AllLabs: f.allLabs, Work: f.work}
}

// check tells what is wrong with the flags.
func (f *choices) check() error {
	if err := f.checkNumbers(); err != nil {
		return err
	}
	if f.workaround == (len(f.images) > 0) {
		return cli.InputError("say what is new: --image NODE=IMAGE, or --workaround alone")
	}
	_, err := f.newImages()
	return err
}

// checkNumbers tells what is wrong with those of them that are numbers.
func (f *choices) checkNumbers() error {
	switch {
	case f.confidence != 0.95 && f.confidence != 0.99:
		return cli.InputError("--confidence %g: want 0.95 or 0.99", f.confidence)
	case f.before < 1 || f.maxTrials < f.before || f.maxTrials > cli.MaxCount:
		return cli.InputError("--before %d, --max-trials %d: want 1 or more, and --max-trials at least --before and at most %d", f.before, f.maxTrials, cli.MaxCount)
	}
	return nil
}

// newImages reads --image NODE=NEW.
func (f *choices) newImages() (map[string]string, error) {
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

// verifyFixOptions are what verify-fix was asked.
type verifyFixOptions struct {
	*cli.App
	choices
	scenario, resume string
}

// comparing is what of the choices a comparison needs to go on; the rest is in the plans of its sides.
type comparing struct {
	What       string  `json:"what"`
	Confidence float64 `json:"confidence"`
	Before     int     `json:"before"`
	MaxTrials  int     `json:"max-trials"`
	Labs       int     `json:"labs"`
	Workaround bool    `json:"workaround,omitempty"`
	Provider   string  `json:"provider,omitempty"`
}

func newVerifyFix(a *cli.App, runF func(context.Context, *verifyFixOptions) error) *cobra.Command {
	o := &verifyFixOptions{App: a}
	c := &cobra.Command{
		Use:   "verify-fix [SCENARIO]",
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

After Ctrl-C or kill -9, --resume goes on where it ended: trials that were counted are not
made again, and one that was cut short counts for nothing.

Exit status: 0 fixed, 1 not-fixed, 2 inconclusive, 3 changed, 4 wrong input, 5 the
environment lacks something, 130 interrupted.`,
		Example: `  reprise verify-fix frr-bgp-no-shutdown --image r1=reprise/frr:10.3
  reprise verify-fix my-case --image r1=vendor/switch:fix --confidence 0.99 --junit junit.xml
  reprise verify-fix frr-bgp-no-shutdown --workaround
  reprise verify-fix --resume runs/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = strings.Join(args, "")
			if err := cli.CheckResume(c, o.scenario, o.resume, "a comparison"); err != nil {
				return err
			}
			if o.resume == "" {
				if err := o.check(); err != nil {
					return err
				}
			}
			o.allLabs = cli.AllLabs(c)
			return cli.Run(runF, runVerifyFix)(c.Context(), o)
		},
	}
	o.register(c.Flags())
	c.Flags().BoolVar(&o.workaround, "workaround", false, "verify the scenario's declared workaround instead of a build")
	c.Flags().StringVar(&o.resume, "resume", "", "go on with the comparison that this run directory is of")
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

func runVerifyFix(ctx context.Context, o *verifyFixOptions) error {
	sides, begun, err := o.sides(ctx)
	if err != nil {
		return err
	}
	c, runErr := compare(ctx, o.App, "verify-fix", sides, &o.choices, begun)
	if c.Old.Dir == "" {
		return runErr // nothing was begun
	}
	if err := writeJUnit("reprise verify-fix", []result.Comparison{c}, o.junit); err != nil {
		return errors.Join(runErr, err)
	}
	out := verifiedAs(c, runErr)
	err = o.Show(out, func(w io.Writer) { printVerified(w, c) })
	return errors.Join(runErr, err, cli.Answer(out.Exit))
}

// sides are those that are compared: of the scenario, or those that a comparison was begun with, and where.
func (o *verifyFixOptions) sides(ctx context.Context) (s experiment.Sides, begun []experiment.Recording, err error) {
	if o.resume == "" {
		images, err := o.newImages()
		if err != nil {
			return s, nil, err
		}
		s, err = plansOf(ctx, o.App, o.scenario, images, &o.choices)
		return s, nil, err
	}
	var was comparing
	broken, err := o.OpenAsked("verify-fix", o.resume, &was, string(result.Old), string(result.New))
	if err != nil {
		return s, nil, err
	}
	o.confidence, o.before, o.maxTrials, o.labs, o.workaround, o.provider = was.Confidence, was.Before, was.MaxTrials, was.Labs, was.Workaround, cmp.Or(was.Provider, broken.Provider)
	if err := errors.Join(o.checkNumbers(), cli.CheckLabs(o.labs)); err != nil {
		return s, nil, err
	}
	o.dir, o.work = filepath.Dir(filepath.Clean(o.resume)), broken.Work
	before, after := broken.Plan(string(result.Old), o.labs), broken.Plan(string(result.New), o.labs)
	if was.Workaround {
		return experiment.Workaround(after), broken.Sides, nil
	}
	return experiment.Sides{Old: before, New: after, Of: experiment.SampleOf, What: was.What}, broken.Sides, nil
}

// plansOf makes the plans of both sides.
func plansOf(ctx context.Context, a *cli.App, name string, images map[string]string, f *choices) (experiment.Sides, error) {
	rf := &cli.PlanFlags{Trials: f.maxTrials, Labs: f.labs, Set: f.set, Reset: f.reset, Speed: f.speed}
	of := cli.SpeedOf{Scenario: name, Set: f.set, Reset: f.reset, Images: images, Workaround: f.workaround}
	if err := a.ResolveSpeed(ctx, &rf.Speed, of, f.where()); err != nil {
		return experiment.Sides{}, err
	}
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

// compare tries both sides in turn until it is decided, beginning anew or going on with what was begun. verb can go
// on with it where it is broken off; empty: none can.
func compare(ctx context.Context, a *cli.App, verb string, s experiment.Sides, f *choices, begun []experiment.Recording) (result.Comparison, error) {
	scenario := s.Old.Loaded.Scenario
	b, err := a.OpenTestbed(ctx, f.dir, f.where(), s.Old, s.New)
	if err != nil {
		return experiment.Undecided(scenario.ID, scenario.Title, s.What, f.confidence), err
	}
	if err := b.GoOn(ctx, begun); err != nil {
		return experiment.Undecided(scenario.ID, scenario.Title, s.What, f.confidence), errors.Join(err, b.Provider.Close())
	}
	b.Resumable(verb, comparing{s.What, f.confidence, f.before, f.maxTrials, f.labs, f.workaround, f.provider})
	first := *s.Old
	first.Trials = 2 * experiment.PairsNeeded(f.confidence)
	a.Progress("%s: %s", cli.Heading(s.Old), s.What)
	a.Progress("about %d trials for a problem that always shows, which take about %s, up to %d for a rare one", first.Trials, cli.Estimate(&first), 2*f.maxTrials)
	c, err := experiment.Compare(ctx, &b.Bench, s, experiment.CompareOptions{Confidence: f.confidence, Before: f.before, MaxTrials: f.maxTrials})
	return c, b.Over(ctx, err)
}

// writeJUnit writes the comparisons to a file as JUnit XML; without a file it does nothing.
func writeJUnit(name string, results []result.Comparison, file string) error {
	if file == "" {
		return nil
	}
	data, err := junit.Comparisons(name, results)
	if err != nil {
		return err
	}
	return evidence.WriteFile(file, data)
}
