package isolate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// bisectOptions are what bisect was asked: to begin with a scenario, or to go on in a folder.
type bisectOptions struct {
	*cli.App
	cli.BisectChoices
	scenario, list, dir, resume string
	otherLabs                   bool // than it was begun with
	fleet                       string
	allLabs                     bool // of the fleet: nobody chose a number
}

// check tells what is wrong with the options.
func (o *bisectOptions) check() error {
	switch {
	case o.Labs < 1 || o.Labs > 64:
		return cli.InputError("--labs takes 1 to 64")
	case o.resume != "" && o.scenario == "": // by the choices that it was begun with
		return nil
	case o.resume != "" || o.scenario == "" || o.list == "":
		return cli.InputError("give a scenario and --versions, or --resume with the folder of a bisection")
	}
	return o.Check()
}

func newBisect(a *cli.App, runF func(context.Context, *bisectOptions) error) *cobra.Command {
	o := &bisectOptions{App: a}
	c := &cobra.Command{
		Use:   "bisect SCENARIO --versions FILE|IMAGE,IMAGE,…",
		Short: "Find the version that a problem came in with",
		Long: `Run a scenario on versions from old to new until it is known with which the
problem came in. Runs need not fail every time: a posterior over the versions is
kept, both rates unknown, and the version is run next that is expected to tell most.

The newest version must fail and the oldest must not; both are measured first, and run
again until it is known that they differ, however likely one version is. With --fixed
it is the other way round: the version that the problem went away with.

A file of versions has one image a line, oldest first. After the image may stand
"after IMAGE,IMAGE" for a version that was not made from the line before (trains,
backports), and "prior N" for how much likelier than the others the problem came in
there. An image that is missing or does not start is passed over, and the answer is
then a range.

With --labs, labs that are idle try the versions that are likely asked for next. What
comes of that counts only where it is asked for: the result is the same with any number
of labs, and what was gained and thrown away is told.

At a --speed other than 1, or a scenario's own, the versions on both sides of the answer
are tried at speed 1 at last, --measure times each: it is found where they differ there.

Everything is written as it goes; --resume goes on with a bisection that was cut, by the
choices that it was begun with: no other flags stand beside it but --labs and --trust.

Exit status: 0 found at the confidence asked for, 1 the newest version does not show
the problem, 2 inconclusive, 4 wrong input, 5 the environment lacks something,
130 interrupted.`,
		Example: `  reprise bisect my-case --versions reprise/frr:7.5.1,reprise/frr:8.4.4,reprise/frr:10.3 --fixed
  reprise bisect my-case --versions trains.txt --node r1 --confidence 0.95
  reprise bisect --resume bisections/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = strings.Join(args, "")
			if err := o.check(); err != nil {
				return err
			}
			if o.resume != "" {
				if err := cli.RefuseBesideResume(c, "a bisection", "labs"); err != nil {
					return err
				}
				o.otherLabs = c.Flags().Changed("labs")
			}
			o.allLabs = cli.AllLabs(c)
			return cli.Run(runF, runBisect)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.list, "versions", "", "file with an image a line, or images with commas between, oldest first")
	fl.StringSliceVar(&o.Nodes, "node", nil, "node that runs the version (default: every node of role dut)")
	cli.SetFlag(fl, &o.Set)
	fl.Float64Var(&o.Confidence, "confidence", 0.99, "probability at which the answer counts as found")
	fl.IntVar(&o.MaxRuns, "max-trials", 300, "most trials")
	fl.IntVar(&o.Measure, "measure", 5, "trials of the newest and of the oldest version beforehand")
	fl.IntVar(&o.Labs, "labs", 1, "labs side by side: idle ones try what is likely asked for next")
	fl.BoolVar(&o.OneSided, "one-sided", false, "take one hit for proof: for a symptom that nothing else shows, such as a crash")
	fl.BoolVar(&o.Fixed, "fixed", false, "find the version that the problem went away with")
	cli.ResetFlag(fl, &o.Reset, "runs of a version", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.Speed, "the scenario's")
	cli.ProviderFlag(fl, &o.Provider)
	cli.FleetFlag(fl, &o.fleet)
	fl.StringVar(&o.dir, "dir", "bisections", "folder for bisections")
	fl.StringVar(&o.resume, "resume", "", "go on with the bisection in this folder")
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

// readVersions reads --versions: a file, or images with commas between.
func readVersions(list string) ([]experiment.Version, error) {
	data, err := plain.Read(list, plain.Text)
	if err != nil {
		if !strings.Contains(list, ",") {
			return nil, cli.InputError("--versions %s: no such file, and no list with commas: %w", list, err)
		}
		data = []byte(strings.ReplaceAll(list, ",", "\n"))
	}
	versions, err := experiment.ParseVersions(string(data))
	if err != nil {
		return nil, cli.InputError("--versions: %w", err)
	}
	return versions, nil
}

// goOn reads the choices that the search was begun with; the labs may be others.
func (o *bisectOptions) goOn() (evidence.Dir, error) {
	labs := o.Labs
	dir, err := resume(o.resume, "a bisection", &o.BisectChoices)
	if o.otherLabs {
		o.Labs = labs
	}
	return dir, err
}

func runBisect(ctx context.Context, o *bisectOptions) error {
	if o.resume != "" {
		dir, err := o.goOn()
		if err != nil {
			return err
		}
		return bisect(ctx, o, dir)
	}
	versions, err := readVersions(o.list)
	if err != nil {
		return err
	}
	l, err := o.Load(o.scenario, nil)
	if err == nil {
		err = o.PermitLab(l, l.Topology)
	}
	if err != nil {
		return err
	}
	if o.Nodes, err = nodesOf(l, o.Nodes); err != nil {
		return err
	}
	if o.Versions, err = distinct(ctx, o, versions); err != nil {
		return err
	}
	o.Scenario = l.Inputs[0].Path
	auto := o.Speed == cli.AutoSpeed
	if err := o.ResolveSpeed(ctx, &o.Speed, cli.SpeedOf{Scenario: o.scenario, Set: o.Set, Reset: o.Reset}, cli.LabFlags{Provider: o.Provider, Fleet: o.fleet}); err != nil {
		return err
	}
	if auto && o.Speed != 1 {
		o.Progress("it was measured with the scenario's own images: both ends are measured at it first, and what lies between is taken to be like them")
	}
	dir, err := experiment.CreateSearch(o.dir, l, &o.BisectChoices)
	if err != nil {
		return cli.AsRecordError(err)
	}
	return bisect(ctx, o, dir)
}

// nodesOf are the nodes that run a version: those that were named, or every one of role dut.
func nodesOf(l *scenarios.Loaded, named []string) ([]string, error) {
	have := l.Topology.Names()
	for _, n := range named {
		if !slices.Contains(have, n) {
			return nil, cli.InputError("--node %s: the topology has %s", n, strings.Join(have, ", "))
		}
	}
	if len(named) > 0 {
		return named, nil
	}
	duts := l.NodesOf(scenarios.RoleDUT)
	if len(duts) == 0 {
		return nil, cli.InputError("no node of %s has the role dut: say with --node which one runs the version", l.Scenario.ID)
	}
	return duts, nil
}

// distinct makes one version of images that hold the same: as two, they could not be told
// apart by any number of runs.
func distinct(ctx context.Context, o *bisectOptions, list []experiment.Version) ([]experiment.Version, error) {
	a := o.App
	var out []experiment.Version
	err := a.Opener.WithImages(ctx, cli.LabFlags{Provider: o.Provider}, func(ctx context.Context, s cli.Images) (err error) {
		out, err = experiment.MergeVersions(list, func(image string) (string, error) {
			id, err := s.Identity(ctx, image)
			if _, missing := errors.AsType[*topologies.MissingError](err); missing {
				return image, nil // it is passed over later, with the reason
			}
			return id, err
		})
		return err
	})
	if err != nil {
		return nil, cli.InputError("--versions: %w", err)
	}
	for _, v := range list {
		if !slices.ContainsFunc(out, func(o experiment.Version) bool { return o.Image == v.Image }) {
			a.Progress("%s holds the same as another image before it: they are one version", v.Image)
		}
	}
	if len(out) < 2 {
		return nil, cli.InputError("--versions: every image holds the same as %s: there must be two versions at least", out[0].Image)
	}
	return out, nil
}

// versionPlans are the plans of all versions, which have the same labs but for images.
func versionPlans(l *scenarios.Loaded, o *bisectOptions, set map[string]string) ([]*plan.Plan, error) {
	var plans []*plan.Plan
	for _, v := range o.Versions {
		with := maps.Clone(set)
		if with == nil {
			with = map[string]string{}
		}
		for _, node := range o.Nodes {
			with[node+".image"] = v.Image
		}
		p, err := plan.New(l, plan.Options{Set: with, Trials: 1, Speed: float64(o.Speed)})
		if err != nil {
			return nil, cli.WithCode(cli.ExitInput, err)
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// bisect carries out a bisection in its folder.
func bisect(ctx context.Context, o *bisectOptions, dir evidence.Dir) error {
	l, set, err := loadSearch(o.App, dir, o.Scenario, o.Set)
	if err != nil {
		return err
	}
	versions, err := versionPlans(l, o, set)
	if err != nil {
		return err
	}
	b, err := o.OpenUnchecked(ctx, dir.File("runs"), cli.LabFlags{Provider: o.Provider, Fleet: o.fleet, Work: dir.ID()}, versions...)
	if err != nil {
		return err
	}
	if o.allLabs && b.Slots > 0 {
		o.Labs = b.Slots
	}
	b.Live.Status = "measuring both ends"
	o.Progress("%s: %s", l.Scenario.ID, l.Scenario.Title)
	o.Progress("%s on %s, at most %s; evidence in %s", cli.Plural(len(o.Versions), "version"), strings.Join(o.Nodes, ", "), cli.Plural(o.MaxRuns, "run"), dir.Path)
	how := o.Options(set)
	how.OnPassed = func(image string, why error) { o.Progress("%s is passed over: %v", image, why) }
	how.OnEnd = func(image string, r isolate.Result) {
		b.Live.Say(fmt.Sprintf("%s: %s %s", image, r.Outcome, cli.FirstLine(r.Reason, reasonLimit)), "measuring both ends")
	}
	how.OnStep = func(s experiment.BisectStep) {
		b.Live.Say(fmt.Sprintf("run %d: %s %s; %s", s.Run, s.Image, s.Outcome, s.Likeliest), s.Likeliest)
	}
	how.OnReal = func(with, without string, runs int) {
		b.Live.Say(fmt.Sprintf("%s showed the problem, and %s did not%s; %s of each at speed 1 tell whether it is so in real time", with, without, versions[0].Clock.Beside(), cli.Plural(runs, "run")), "in real time")
	}
	out, err := experiment.Bisect(ctx, &b.Bench, dir, l, how)
	if err := searchError(ctx, b, "bisect", dir, errors.Join(err, b.Provider.Close())); err != nil {
		return errors.Join(showBroken(o.App, out, out.Dir), err)
	}
	return tell(o.App, out, out.Done(), func(w io.Writer) { printBisection(w, out) })
}

// printBisection writes with which version it came in, for people.
func printBisection(w io.Writer, out result.Bisection) {
	came := "came in with"
	if out.Fixed {
		came = "went away with"
	}
	switch {
	case out.Found && !out.Done():
		cli.Line(w, "NOT SHOWN AT SPEED 1: it %s %s%s only (%.3f), or nobody could tell in real time; bisect at a lower --speed", came, out.First, out.Clock.Beside(), out.Confidence)
	case out.Found && len(out.Range) > 1:
		cli.Line(w, "FOUND%s: it %s one of %s (%.3f); they cannot be told apart, for some could not be run", out.Clock.Beside(), came, strings.Join(out.Range, ", "), out.Confidence)
	case out.Found:
		cli.Line(w, "FOUND%s: it %s %s (%.3f)", out.Clock.Beside(), came, out.First, out.Confidence)
	case out.Alike:
		cli.Line(w, "UNDECIDED%s after %s: the oldest and the newest version may show it as often; if they do not, likeliest is that it %s %s (%.3f)", out.Clock.Beside(), cli.Plural(out.Runs, "run"), came, out.First, out.Confidence)
	default:
		cli.Line(w, "UNDECIDED%s after %s; likeliest is that it %s %s (%.3f)", out.Clock.Beside(), cli.Plural(out.Runs, "run"), came, out.First, out.Confidence)
	}
	for _, v := range out.Versions {
		note := v.Passed
		if note == "" {
			note = fmt.Sprintf("%d/%d", v.Runs.Hits, v.Runs.Valid())
		}
		cli.Line(w, "  %-40s %5.3f  %s", v.Image, v.Posterior, note)
	}
	cli.Line(w, "side without it %s; side with it %s; 95%% Wilson%s, the measured ends included", out.Good, out.Bad, out.Clock.Beside())
	if r := out.Real; r != nil {
		cli.Line(w, "at speed 1, the versions beside it: with the problem %s; without %s; 95%% Wilson", r.Final, r.Control)
	}
	printAhead(w, out.Ahead)
	cli.Line(w, "%s; evidence in %s", cli.Plural(out.Runs, "run"), out.Dir)
}
