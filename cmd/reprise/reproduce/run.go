package reproduce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/formats"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/images"
)

// runFlags are the choices of one run.
type runFlags struct {
	cli.PlanFlags
	dir          string
	keep, dryRun bool
	all          bool // go on after a fresh lab refused something
	pull         bool
	rehearse     bool
	lab          cli.LabFlags
}

func (a *app) runVerb() *cobra.Command {
	f := &runFlags{}
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
		RunE:              func(c *cobra.Command, args []string) error { return a.runRun(c.Context(), args[0], f) },
	}
	fl := c.Flags()
	cli.CountVar(fl, &f.Trials, "trials", "n", "number of trials (default: the scenario's)")
	fl.IntVar(&f.Labs, "labs", 1, "labs side by side")
	fl.BoolVar(&f.Control, "control", false, "run the declared control instead, which must stay healthy")
	fl.StringArrayVar(&f.Set, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.env.NAME=…")
	cli.ResetFlag(fl, &f.Reset, "trials", "the scenario's")
	fl.StringVar(&f.dir, "dir", "runs", "folder for run directories")
	fl.BoolVar(&f.keep, "keep", false, "leave the lab up afterwards and print how to enter it")
	fl.BoolVar(&f.dryRun, "dry-run", false, "print the plan and the estimated time, start nothing")
	fl.BoolVar(&f.all, "all", false, "run all trials, also after a fresh lab refused its configuration, which it will do again")
	fl.BoolVar(&f.rehearse, "rehearse", false, "go through everything once on simulated switches: are all lines taken and all conditions decided? It proves nothing about the problem")
	f.lab.Register(fl)
	fl.BoolVar(&f.pull, "pull", false, "pull images that are missing; without this nothing is ever pulled")
	cli.CompleteReset(c)
	return c
}

func (a *app) runRun(ctx context.Context, name string, f *runFlags) error {
	p, err := a.Plan(name, &f.PlanFlags)
	if err != nil {
		return err
	}
	if f.dryRun {
		refused := a.Permit(p)
		lacking := ""
		if refused == nil { // nothing of this machine is asked for what may not run
			lacking = lacks(ctx, p, f.lab)
			a.sayAliases(ctx, p, f.lab)
		}
		return errors.Join(a.PrintPlan(p, lacking), refused)
	}
	if err := a.Permit(p); err != nil {
		return err
	}
	if f.rehearse {
		return a.rehearse(ctx, p, f)
	}
	if f.keep && f.lab.File != "" {
		return cli.InputError("--keep is for labs of containers: real devices are always given back (reprise lab reserve takes them by hand)")
	}
	out, err := a.runPlan(ctx, p, f)
	if cli.RefusedByLab(err) { // the verdicts stand, and a device is not as it was
		if out.Dir != "" && !a.JSON {
			a.printOutcome(out)
		}
		return err
	}
	if err != nil {
		return err
	}
	if done, err := a.Emit(out); done {
		return errors.Join(err, cli.Answer(out.Exit))
	}
	a.printOutcome(out)
	return cli.Answer(out.Exit)
}

// Outcome is what a run came to.
type Outcome struct {
	Dir     string              `json:"dir"`
	Report  string              `json:"report"`
	Verdict evidence.RunVerdict `json:"verdict"`
	Rate    evidence.Rate       `json:"rate"`
	Exit    int                 `json:"exit"`
	Enter   []string            `json:"enter,omitempty"` // with --keep: commands that open a shell
	NotRun  *notRun             `json:"not-run,omitempty"`
}

// runPlan executes a plan from the check of the machine to the report.
func (a *app) runPlan(ctx context.Context, p *plan.Plan, f *runFlags) (Outcome, error) {
	if f.pull {
		if err := cli.PermitPull(p); err != nil {
			return Outcome{}, err
		}
	}
	provider, err := cli.OpenProvider(ctx, p, f.lab, nil)
	if err != nil {
		return Outcome{}, err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	if c, ok := topologies.As[topologies.Puller](provider); ok && f.pull {
		if err := c.Pull(ctx, p.Topology, func(line string) { a.Progress("%s", line) }); err != nil {
			return Outcome{}, err
		}
	}
	if err := provider.Check(ctx, p.Topology); err != nil {
		return Outcome{}, err
	}
	dir, err := trial.CreateRun(ctx, p, f.dir, provider, cli.ToolInfo())
	if err != nil {
		return Outcome{}, cli.WithCode(cli.ExitEnvironment, err)
	}
	a.Progress("%s", cli.Heading(p))
	for _, n := range p.Topology.Nodes {
		for _, e := range n.Exceptions() {
			a.Progress("beyond the lab: %s has: %s", n.Name, e)
		}
	}
	a.Progress("%s in %s, about %s; evidence in %s", cli.Plural(p.Trials, "trial"), cli.Plural(p.Labs, "lab"), cli.Estimate(p), dir.Path)
	f.lab.Trust, f.lab.Provider = a.Trust, provider.Name() // that of the record, whatever is there when a lab is built
	left, runErr := a.superviseLabs(ctx, p, dir, f)
	runErr = errors.Join(runErr, cli.CleanUp(ctx, provider, dir.ID()), judge.Settle(p, dir))
	out, err := a.finishRun(dir, f.keep)
	if left.Trials > 0 {
		out.NotRun = &left
	}
	if ctx.Err() != nil {
		return out, errors.Join(cli.WithCode(cli.ExitInterrupted, fmt.Errorf("interrupted; what was recorded is in %s", dir.Path)), err)
	}
	return out, errors.Join(runErr, err)
}

// finishRun judges the run as a whole and writes its reports.
func (a *app) finishRun(dir evidence.Dir, keep bool) (Outcome, error) {
	_, info, err := evidence.OpenDir(dir.Path)
	if err != nil {
		return Outcome{}, err
	}
	v, rate, err := judge.Summarise(dir, info)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Dir: dir.Path, Report: dir.File("report.html"), Verdict: v, Rate: rate, Exit: cli.VerdictCode(v)}
	if keep {
		out.Enter = enterCommands(dir)
	}
	return out, formats.WriteAll(dir)
}

func (a *app) printOutcome(o Outcome) {
	v := o.Verdict
	a.Say("")
	a.Say("%s: %s", strings.ToUpper(string(v.Verdict)), v.Reason)
	if v.Valid() > 0 {
		a.Say("rate %d/%d = %.2f, 95%% [%.2f, %.2f] Wilson", v.Reproduced, v.Valid(), float64(v.Reproduced)/float64(v.Valid()), o.Rate.Wilson[0], o.Rate.Wilson[1])
	}
	if v.Inconclusive+v.NotApplicable > 0 {
		a.Say("beside it %d inconclusive, %d not applicable: they are in no rate", v.Inconclusive, v.NotApplicable)
	}
	if o.NotRun != nil {
		a.Say("%d more were not run: what a fresh lab refused, it would refuse again (--all runs them)", o.NotRun.Trials)
	}
	for _, f := range v.OtherFailures {
		a.Say("another failure: %s", f)
	}
	for _, m := range v.Marks {
		a.Say("mark: %s", reports.MarkWords(m))
	}
	if v.Verdict != v.Expected {
		a.Say("declared is %s", v.Expected)
	}
	if abs, err := filepath.Abs(o.Report); err == nil {
		a.Say("report: %s", abs)
	}
	for _, e := range o.Enter {
		a.Say("enter: %s", e)
	}
	if len(o.Enter) > 0 {
		a.Say("the lab stays up until: reprise gc --run %s", filepath.Base(o.Dir))
	}
}

// lacks says what a run of the plan would stop at before it starts; empty where that is nothing.
// Real devices are not asked.
func lacks(ctx context.Context, p *plan.Plan, f cli.LabFlags) string {
	if f.File != "" {
		return ""
	}
	provider, err := cli.OpenProvider(ctx, p, f, nil)
	if err != nil {
		return err.Error()
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	if err := provider.Check(ctx, p.Topology); err != nil {
		return err.Error()
	}
	return ""
}

// sayAliases warns of a control that names another image and means the same: where it changes
// nothing else, it shows nothing. An engine that cannot be asked is not the plan's fault.
func (a *app) sayAliases(ctx context.Context, p *plan.Plan, f cli.LabFlags) {
	control := p.Loaded.Scenario.Control
	if control == nil || f.File != "" {
		return
	}
	_ = a.WithImages(ctx, func(ctx context.Context, s *images.Store) error {
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
