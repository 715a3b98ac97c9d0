package isolate

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// bisectFlags are the choices of one bisection. They are kept beside it, for --resume.
type bisectFlags struct {
	Versions   []experiment.Version `json:"versions"`
	Nodes      []string             `json:"nodes"`
	Set        []string             `json:"set,omitempty"`
	Confidence float64              `json:"confidence"`
	MaxRuns    int                  `json:"max-runs"`
	Measure    int                  `json:"measure"`
	OneSided   bool                 `json:"one-sided,omitempty"`
	Fixed      bool                 `json:"fixed,omitempty"`
	Reset      string               `json:"reset,omitempty"`
	Scenario   string               `json:"scenario"` // within input/
	list       string
	dir        string
	resume     string
}

func (a *app) bisectVerb() *cobra.Command {
	f := &bisectFlags{}
	c := &cobra.Command{
		Use:   "bisect SCENARIO --versions FILE|IMAGE,IMAGE,…",
		Short: "Find the version that a problem came in with",
		Long: `Run a scenario on versions from old to new until it is known with which the
problem came in. Runs need not fail every time: a posterior over the versions is
kept, both rates unknown, and the version is run next that is expected to tell most.

The newest version must fail and the oldest must not; both are measured first. With
--fixed it is the other way round: the version that the problem went away with.

A file of versions has one image a line, oldest first. After the image may stand
"after IMAGE,IMAGE" for a version that was not made from the line before (trains,
backports), and "prior N" for how much likelier than the others the problem came in
there. An image that is missing or does not start is passed over, and the answer is
then a range.

Everything is written as it goes; --resume goes on with a bisection that was cut.

Exit status: 0 found at the confidence asked for, 1 the newest version does not show
the problem, 2 inconclusive, 4 wrong input, 5 the environment lacks something,
130 interrupted.`,
		Example: `  reprise bisect my-case --versions reprise/frr:7.5.1,reprise/frr:8.4.4,reprise/frr:10.3 --fixed
  reprise bisect my-case --versions trains.txt --node r1 --confidence 0.95
  reprise bisect --resume bisections/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.resume != "" && len(args) == 0:
				return resume(c.Context(), f.resume, "a bisection", a.bisect)
			case f.resume == "" && len(args) == 1 && f.list != "":
				return a.bisectNew(c.Context(), args[0], f)
			default:
				return cli.InputError("give a scenario and --versions, or --resume with the folder of a bisection")
			}
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.list, "versions", "", "file with an image a line, or images with commas between, oldest first")
	fl.StringSliceVar(&f.Nodes, "node", nil, "node that runs the version (default: every node of role dut)")
	fl.StringArrayVar(&f.Set, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.env.NAME=…")
	fl.Float64Var(&f.Confidence, "confidence", 0.99, "probability at which the answer counts as found")
	fl.IntVar(&f.MaxRuns, "max-trials", 300, "most trials")
	fl.IntVar(&f.Measure, "measure", 5, "trials of the newest and of the oldest version beforehand")
	fl.BoolVar(&f.OneSided, "one-sided", false, "take one hit for proof: for a symptom that nothing else shows, such as a crash")
	fl.BoolVar(&f.Fixed, "fixed", false, "find the version that the problem went away with")
	cli.ResetFlag(fl, &f.Reset, "runs of a version", "the scenario's")
	fl.StringVar(&f.dir, "dir", "bisections", "folder for bisections")
	fl.StringVar(&f.resume, "resume", "", "go on with the bisection in this folder")
	cli.CompleteReset(c)
	return c
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

func (a *app) bisectNew(ctx context.Context, name string, f *bisectFlags) (err error) {
	if f.Confidence <= 0.5 || f.Confidence >= 1 || f.MaxRuns < 1 || f.Measure < 1 {
		return cli.InputError("--confidence takes more than 0.5 and less than 1, --max-trials and --measure 1 or more")
	}
	if f.Versions, err = readVersions(f.list); err != nil {
		return err
	}
	l, err := a.Load(name, nil)
	if err == nil {
		err = a.PermitLab(l, l.Topology)
	}
	if err != nil {
		return err
	}
	if len(f.Nodes) == 0 {
		for _, n := range l.Topology.Names() {
			if l.Scenario.Nodes[n].Role == scenarios.RoleDUT {
				f.Nodes = append(f.Nodes, n)
			}
		}
	}
	for _, n := range f.Nodes {
		if !slices.Contains(l.Topology.Names(), n) {
			return cli.InputError("--node %s: the topology has %s", n, strings.Join(l.Topology.Names(), ", "))
		}
	}
	if len(f.Nodes) == 0 {
		return cli.InputError("no node of %s has the role dut: say with --node which one runs the version", l.Scenario.ID)
	}
	if f.Versions, err = a.distinct(ctx, f.Versions); err != nil {
		return err
	}
	f.Scenario = l.Inputs[0].Path
	return begin(ctx, f.dir, l, f, a.bisect)
}

// distinct makes one version of images that hold the same: as two, they could not be told
// apart by any number of runs.
func (a *app) distinct(ctx context.Context, list []experiment.Version) ([]experiment.Version, error) {
	var out []experiment.Version
	err := a.WithImages(ctx, func(ctx context.Context, s *images.Store) (err error) {
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

func (a *app) bisect(ctx context.Context, dir evidence.Dir, f *bisectFlags) error {
	l, set, err := a.loadSearch(dir, f.Scenario, f.Set)
	if err != nil {
		return err
	}
	p, err := plan.New(l, plan.Options{Set: set, Trials: 1})
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	b, err := a.OpenUnchecked(ctx, dir.File("runs"), cli.LabFlags{}, p)
	if err != nil {
		return err
	}
	b.Live.Status = "measuring both ends"
	a.Progress("%s: %s", l.Scenario.ID, l.Scenario.Title)
	a.Progress("%s on %s, at most %s; evidence in %s", cli.Plural(len(f.Versions), "version"), strings.Join(f.Nodes, ", "), cli.Plural(f.MaxRuns, "run"), dir.Path)
	out, err := experiment.Bisect(ctx, &b.Bench, dir, l, experiment.BisectOptions{
		Versions: f.Versions, Nodes: f.Nodes, Set: set, Reset: scenarios.Reset(f.Reset), Confidence: f.Confidence, MaxTrials: f.MaxRuns, Measure: f.Measure,
		OneSided: f.OneSided, Fixed: f.Fixed,
		OnPassed: func(image string, why error) { a.Progress("%s is passed over: %v", image, why) },
		OnEnd: func(image string, r isolate.Result) {
			b.Live.Say(fmt.Sprintf("%s: %s %s", image, r.Outcome, cli.FirstLine(r.Reason, reasonLimit)), "measuring both ends")
		},
		OnStep: func(s experiment.BisectStep) {
			b.Live.Say(fmt.Sprintf("run %d: %s %s; %s", s.Run, s.Image, s.Outcome, s.Likeliest), s.Likeliest)
		},
	})
	if err := searchError(ctx, "bisect", dir, errors.Join(err, b.Provider.Close())); err != nil {
		return err
	}
	return a.tell(out, out.Found, func() { a.printBisection(out) })
}

func (a *app) printBisection(out result.Bisection) {
	came := "came in with"
	if out.Fixed {
		came = "went away with"
	}
	switch {
	case out.Found && len(out.Range) > 1:
		a.Say("FOUND: it %s one of %s (%.3f); they cannot be told apart, for some could not be run", came, strings.Join(out.Range, ", "), out.Confidence)
	case out.Found:
		a.Say("FOUND: it %s %s (%.3f)", came, out.First, out.Confidence)
	default:
		a.Say("UNDECIDED after %s; likeliest is that it %s %s (%.3f)", cli.Plural(out.Runs, "run"), came, out.First, out.Confidence)
	}
	for _, v := range out.Versions {
		note := v.Passed
		if note == "" {
			note = fmt.Sprintf("%d/%d", v.Runs.Hits, v.Runs.Valid())
		}
		a.Say("  %-40s %5.3f  %s", v.Image, v.Posterior, note)
	}
	a.Say("side without it %s; side with it %s; 95%% Wilson, the measured ends included", out.Good, out.Bad)
	a.Say("%s; evidence in %s", cli.Plural(out.Runs, "run"), out.Dir)
}
