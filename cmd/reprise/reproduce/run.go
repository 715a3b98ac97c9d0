package reproduce

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
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// runOptions are what run was asked.
type runOptions struct {
	*cli.App
	cli.PlanFlags
	scenario     string
	dir          string
	keep, dryRun bool
	all          bool // go on after a fresh lab refused something
	pull         bool
	rehearse     bool
	lab          cli.LabFlags
}

// check tells what is wrong with the options.
func (o *runOptions) check() error {
	switch elsewhere := o.lab.Fleet != "" && o.lab.FleetURL() != ""; {
	case o.keep && o.lab.File != "" && !o.dryRun && !o.rehearse:
		return cli.InputError("--keep is for labs of containers: real devices are always given back (reprise lab reserve takes them by hand)")
	case elsewhere && (o.keep || o.pull || o.rehearse):
		return cli.InputError("--keep, --pull and --rehearse are for labs of this machine: leave --fleet out")
	case (o.keep || o.pull || o.rehearse) && o.lab.FleetURL() != "":
		o.lab.Fleet = cli.NoFleet // whatever the environment says
	}
	return nil
}

func newRun(a *cli.App, runF func(context.Context, *runOptions) error) *cobra.Command {
	o := &runOptions{App: a}
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario's trials in the lab and judge them",
		Long: `Build the lab, run the trials, judge them, and write a run directory with all
evidence and a report.

SCENARIO is a file, a folder that holds scenario.yaml, or the id of a scenario
that comes with the program (reprise scenario list).

Exit status: 0 the verdict is the declared one (reproduced; for --control not
reproduced), 1 it is the opposite, 2 inconclusive, 3 something else failed,
4 wrong input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise run ospf-mtu.yaml --trials 10 --labs 2
  reprise run ospf-mtu.yaml --control
  reprise run ospf-mtu.yaml --set r1.image=reprise/frr:10.3`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = args[0]
			if err := o.check(); err != nil {
				return err
			}
			o.lab.AllLabs = cli.AllLabs(c)
			return cli.Run(runF, runRun)(c.Context(), o)
		},
	}
	fl := c.Flags()
	cli.CountVar(fl, &o.Trials, "trials", "n", "number of trials (default: the scenario's)")
	fl.IntVar(&o.Labs, "labs", 1, "labs side by side")
	fl.BoolVar(&o.Control, "control", false, "run the declared control instead, which must stay healthy")
	cli.SetFlag(fl, &o.Set)
	cli.ResetFlag(fl, &o.Reset, "trials", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.Speed, "the scenario's")
	fl.StringVar(&o.dir, "dir", "runs", "folder for run directories")
	fl.BoolVar(&o.keep, "keep", false, "leave the lab up afterwards and print how to enter it")
	fl.BoolVar(&o.dryRun, "dry-run", false, "print the plan and the estimated time, start nothing")
	fl.BoolVar(&o.all, "all", false, "run all trials, also after a fresh lab refused its configuration, which it will do again")
	fl.BoolVar(&o.rehearse, "rehearse", false, "go through everything once on simulated switches: are all lines taken and all conditions decided? It proves nothing about the problem")
	o.lab.Register(fl)
	fl.BoolVar(&o.pull, "pull", false, "pull images that are missing; without this nothing is ever pulled")
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

func runRun(ctx context.Context, o *runOptions) error {
	if err := o.ResolveSpeed(ctx, &o.Speed, cli.SpeedOf{Scenario: o.scenario, Set: o.Set, Reset: o.Reset}, o.lab); err != nil {
		return err
	}
	p, err := o.Plan(o.scenario, &o.PlanFlags)
	if err != nil {
		return err
	}
	if o.dryRun {
		return dryRun(ctx, o, p)
	}
	if err := o.Permit(p); err != nil {
		return err
	}
	if o.rehearse {
		return rehearse(ctx, o, p)
	}
	execute := runPlan
	if o.lab.FleetURL() != "" {
		execute = runFleet
	}
	out, err := execute(ctx, p, o)
	if cli.RefusedByLab(err) { // the verdicts stand, and a device is not as it was
		if out.Dir != "" && !o.JSON {
			printOutcome(o.Out, out)
		}
		return err
	}
	if err != nil {
		return err
	}
	err = o.Show(out, func(w io.Writer) { printOutcome(w, out) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// dryRun prints the plan, and what this machine lacks for it.
func dryRun(ctx context.Context, o *runOptions, p *plan.Plan) error {
	refused := o.Permit(p)
	lacking, on := "", cli.Placed{}
	switch { // nothing of this machine is asked for what may not run
	case refused == nil && o.lab.FleetURL() != "":
		lacking, on, refused = lacksInFleet(ctx, o.App, p, o.lab)
	case refused == nil:
		lacking, refused = lacks(ctx, o.App, p, o.lab)
	}
	if refused == nil {
		warnOfAliases(ctx, o.App, p, o.lab)
	}
	return errors.Join(o.PrintPlan(p, lacking, on), refused)
}

// runPlan executes a plan from the check of the machine to the report.
func runPlan(ctx context.Context, p *plan.Plan, o *runOptions) (Outcome, error) {
	if o.pull {
		if err := cli.PermitPull(p); err != nil {
			return Outcome{}, err
		}
	}
	provider, err := o.Opener.Open(ctx, o.lab, nil, p)
	if err != nil {
		return Outcome{}, err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	o.SayEngine(p.Loaded, provider)
	if o.pull {
		if err := pull(ctx, o.App, p, provider); err != nil {
			return Outcome{}, err
		}
	}
	if err := provider.Check(ctx, p.Topology); err != nil {
		return Outcome{}, err
	}
	o.SayLimits(provider, p.Topology, p.Labs)
	dir, err := trial.CreateRun(ctx, p, o.dir, provider, cli.ToolInfo())
	if err != nil {
		return Outcome{}, cli.WithCode(cli.ExitEnvironment, err)
	}
	o.Progress("%s", cli.Heading(p))
	for _, n := range p.Topology.Nodes {
		for _, e := range n.Exceptions() {
			o.Progress("beyond the lab: %s has: %s", n.Name, e)
		}
	}
	o.Progress("%s in %s, about %s; evidence in %s", cli.Plural(p.Trials, "trial"), cli.Plural(p.Labs, "lab"), cli.Estimate(p), dir.Path)
	o.lab.Trust, o.lab.Provider = o.Trust, provider.Name() // that of the record, whatever is there when a lab is built
	left, runErr := superviseLabs(ctx, p, dir, o)
	runErr = errors.Join(runErr, cli.CleanUp(ctx, provider, dir.ID()), judge.Settle(p, dir))
	out, err := finishRun(o.App, dir, o.keep)
	if left.Trials > 0 {
		out.NotRun = &left
	}
	if ctx.Err() != nil {
		return out, errors.Join(cli.WithCode(cli.ExitInterrupted, fmt.Errorf("interrupted; what was recorded is in %s", dir.Path)), err)
	}
	return out, errors.Join(runErr, err)
}

// pull fetches the images of a plan. What builds labs of no images of an engine has nowhere to
// fetch them to.
func pull(ctx context.Context, a *cli.App, p *plan.Plan, provider topologies.Provider) error {
	c, ok := topologies.As[topologies.Puller](provider)
	switch {
	case ok:
		return c.Pull(ctx, p.Topology, func(line string) { a.Progress("%s", line) })
	case provider.Name() != cli.ProviderNamespaces:
		return cli.InputError("--pull is for labs of containers, and this one is of another kind (%s): leave it out", provider.Name())
	case p.Loaded.Foreign != nil:
		return cli.InputError("--pull fetches images for the container engine, and this lab is made of namespaces: add --provider containers --trust engine, or leave --pull out")
	default:
		return cli.InputError("--pull fetches images for the container engine, and this lab is made of namespaces: add --provider containers, or leave --pull out")
	}
}

// finishRun judges the run as a whole and writes its reports.
func finishRun(a *cli.App, dir evidence.Dir, keep bool) (Outcome, error) {
	_, info, err := evidence.OpenDir(dir.Path)
	if err != nil {
		return Outcome{}, err
	}
	v, rate, err := judge.Summarise(dir, info)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Dir: dir.Path, Report: dir.File("report.html"), Verdict: v, Rate: rate, Clock: info.Clock, Exit: cli.VerdictCode(v)}
	if keep {
		out.Enter = enterCommands(dir)
	}
	if out.Machines, err = dir.Machines(); err != nil {
		a.Progress("warning: where nodes were is not known of all trials: %v", err)
	}
	return out, a.WriteReports(dir)
}

// lacks says what a run of the plan would stop at before it starts; empty where that is nothing.
// Real devices are not asked. The error is that it may not run as it is.
func lacks(ctx context.Context, a *cli.App, p *plan.Plan, f cli.LabFlags) (string, error) {
	if f.File != "" {
		return "", nil
	}
	provider, err := a.Opener.Open(ctx, f, nil, p)
	if err == nil {
		defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
		a.SayEngine(p.Loaded, provider)
		err = provider.Check(ctx, p.Topology)
	}
	if err == nil {
		a.SayLimits(provider, p.Topology, p.Labs)
		return trial.KeepsRealTime(p, provider), nil
	}
	if _, refused := errors.AsType[*scenarios.ForeignError](err); refused {
		return "", err
	}
	if cli.ExitCode(err) == cli.ExitInput { // it is no machine that lacks something
		return "", err
	}
	return err.Error(), nil
}

// warnOfAliases warns of a control that names another image and means the same: where it changes
// nothing else, it shows nothing. An engine that cannot be asked is not the plan's fault.
func warnOfAliases(ctx context.Context, a *cli.App, p *plan.Plan, f cli.LabFlags) {
	control := p.Loaded.Scenario.Control
	if control == nil || f.File != "" {
		return
	}
	_ = a.Opener.WithImages(ctx, f, func(ctx context.Context, s cli.Images) error {
		for _, key := range slices.Sorted(maps.Keys(control.Set)) {
			name, isImage := strings.CutSuffix(key, ".image")
			i := slices.IndexFunc(p.Nodes, func(n plan.Node) bool { return n.Name == name })
			if !isImage || i < 0 {
				continue
			}
			was, err := s.Identity(ctx, p.Loaded.ImageOf(name))
			is, err2 := s.Identity(ctx, control.Set[key])
			if err == nil && err2 == nil && was == is {
				a.Progress("warning: the control sets %s to %s, which holds the same as %s: it changes nothing", key, control.Set[key], p.Loaded.ImageOf(name))
			}
		}
		return nil
	})
}
