package isolate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/scenarios"
)

func newFault(a *cli.App) *cobra.Command {
	c := &cobra.Command{Use: "fault", Short: "The faults of a scenario, what one does, and which frame it has to act on"}
	c.AddCommand(newFaultList(a, nil), newFaultTry(a, nil), newFaultSweep(a, nil))
	return c
}

// faultListOptions are what fault list was asked.
type faultListOptions struct {
	*cli.App
	scenario string
}

// listedFault is a fault step, as --json prints it.
type listedFault struct {
	Step  string `json:"step"` // as --fault and control.without name it
	Name  string `json:"name,omitempty"`
	On    string `json:"on"` // the link's end or the node
	Words string `json:"words"`
	// Sweeps says that it acts on frames, of which a sweep can choose the first.
	Sweeps  bool `json:"sweeps"`
	Control bool `json:"control"` // the control has it too
}

func newFaultList(a *cli.App, runF func(context.Context, *faultListOptions) error) *cobra.Command {
	o := &faultListOptions{App: a}
	c := &cobra.Command{
		Use:               "list SCENARIO",
		Short:             "List the faults of a scenario: where, what, and whether the control has them",
		Example:           "  reprise fault list ospf-lost-ls-update",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = args[0]
			return cli.Run(runF, runFaultList)(c.Context(), o)
		},
	}
	return c
}

func runFaultList(_ context.Context, o *faultListOptions) error {
	l, err := o.Load(o.scenario, nil)
	if err != nil {
		return err
	}
	list := []listedFault{}
	for i, s := range l.Scenario.Stimulus {
		if s.Fault == "" {
			continue
		}
		f := listedFault{Step: stepRef(i), Name: s.Name, On: s.Link, Words: scenarios.FaultStep(s).Words(), Sweeps: s.Fault.OnFrames(), Control: !leftOut(l, i)}
		if f.On == "" {
			f.On = s.Node
		}
		list = append(list, f)
	}
	return o.Show(list, func(w io.Writer) {
		for _, f := range list {
			cli.Line(w, "%-12s %-12s %s%s", f.Step, f.On, f.Words, map[bool]string{true: "", false: " (not in the control)"}[f.Control])
		}
		if len(list) == 0 {
			cli.Line(w, "%s has no fault in its stimulus", l.Scenario.ID)
		}
	})
}

// leftOut reports whether the control leaves out a step.
func leftOut(l *scenarios.Loaded, step int) bool {
	c := l.Scenario.Control
	return c != nil && slices.Contains(c.Without, stepRef(step))
}

func stepRef(n int) string { return fmt.Sprintf("stimulus.%d", n) }

// faultSweepOptions are what fault sweep was asked.
type faultSweepOptions struct {
	*cli.App
	scenario, fault, nth, sprt, reset, dir string
	max, controls                          int
	set                                    []string
	speed                                  cli.Speed
	lab                                    cli.LabFlags
}

func newFaultSweep(a *cli.App, runF func(context.Context, *faultSweepOptions) error) *cobra.Command {
	o := &faultSweepOptions{App: a}
	c := &cobra.Command{
		Use:   "sweep SCENARIO --nth 1..20",
		Short: "Find which frame a fault has to act on for the problem to show",
		Long: `Run a scenario with one of its faults acting on the first frame that it matches,
then on the second, and so on, until the rate with each is told from none
(Wald's sequential test). The control's trials come first: where it shows the
symptom too, no frame can be told from another.

The fault acts on its own count of frames from there, one where it says none; what
it expects (expect: {fired: n}) holds at each point. A frame that never came is no
evidence, and ends the sweep.

Each point is a run with its evidence and report; sweep.json beside them has the
answer.

Exit status: 0 a frame triggers the problem, 1 none of them does, 2 inconclusive,
4 wrong input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise fault sweep ospf-lost-ls-update --nth 1..5
  reprise fault sweep my-case --fault stimulus.1 --nth 3,7,9 --speed 10`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runFaultSweep)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.nth, "nth", "1..10", "which frames, as 1..20 or 2,5,9")
	fl.StringVar(&o.fault, "fault", "", "the fault, by its step (stimulus.0) or its name (default: the only one that acts on frames)")
	fl.StringVar(&o.sprt, "sprt", "0.05,0.5", "rates p0,p1 between which each frame is decided, at a risk of 5 % either way")
	fl.IntVar(&o.max, "max-trials", 12, "most trials of one frame")
	fl.IntVar(&o.controls, "control-trials", 5, "trials of the control; 0: none")
	cli.SetFlag(fl, &o.set)
	fl.StringVar(&o.dir, "dir", "sweeps", "folder for sweeps")
	cli.ResetFlag(fl, &o.reset, "trials", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.speed, "the scenario's")
	o.lab.Register(fl)
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

// maxPoints bounds the frames of a sweep.
const maxPoints = 1000

// ordinals reads --nth: numbers and ranges with commas between.
func ordinals(text string) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, is := strings.Cut(strings.TrimSpace(part), "..")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && is {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 1 || to < from || len(list)+to-from >= maxPoints {
			return nil, cli.InputError("--nth %s: want frames from 1 on, as 1..20 or 2,5,9, and %d at most", text, maxPoints)
		}
		for n := from; n <= to; n++ {
			list = append(list, n)
		}
	}
	return list, nil
}

// sweptFault finds the step that is varied.
func sweptFault(l *scenarios.Loaded, named string) (int, error) {
	var on []int
	for i, s := range l.Scenario.Stimulus {
		if s.Fault.OnFrames() {
			on = append(on, i)
		}
	}
	switch {
	case len(on) == 0:
		return 0, cli.InputError("%s has no fault on frames in its stimulus: reprise fault list %s", l.Scenario.ID, l.Scenario.ID)
	case named == "" && len(on) == 1:
		return on[0], nil
	case named == "":
		return 0, cli.InputError("%s has %d faults on frames: say with --fault which (reprise fault list %s)", l.Scenario.ID, len(on), l.Scenario.ID)
	}
	for _, i := range on {
		if named == stepRef(i) || named == l.Scenario.Stimulus[i].Name {
			return i, nil
		}
	}
	return 0, cli.InputError("--fault %s: there is no such fault on frames (reprise fault list %s)", named, l.Scenario.ID)
}

// sweepPlans makes the plans of a sweep: of each frame, and of the control.
func sweepPlans(o *faultSweepOptions, l *scenarios.Loaded, set map[string]string, step int, nths []int) ([]experiment.SweepPoint, *plan.Plan, error) {
	reset, err := cli.ParseReset(o.reset)
	if err != nil {
		return nil, nil, err
	}
	how := plan.Options{Trials: o.max, Labs: 1, Reset: reset, Speed: float64(o.speed)}
	var points []experiment.SweepPoint
	for _, nth := range nths {
		one := how
		one.Set = maps.Clone(set)
		if one.Set == nil {
			one.Set = map[string]string{}
		}
		one.Set[stepRef(step)+".nth"] = strconv.Itoa(nth)
		p, err := plan.New(l, one)
		if err != nil {
			return nil, nil, cli.WithCode(cli.ExitInput, err)
		}
		points = append(points, experiment.SweepPoint{Nth: nth, Plan: p})
	}
	if l.Scenario.Control == nil || o.controls == 0 {
		return points, nil, nil
	}
	how.Variant, how.Set, how.Trials = evidence.VariantControl, set, o.controls
	control, err := plan.New(l, how)
	if err != nil {
		return nil, nil, cli.WithCode(cli.ExitInput, err)
	}
	return points, control, nil
}

// swept is what --json prints.
type swept struct {
	result.Sweep
	Exit int `json:"exit"`
}

// check tells what is wrong with the options.
func (o *faultSweepOptions) check() error {
	_, err := ordinals(o.nth)
	if err == nil {
		_, _, err = cli.ParseSPRT(o.sprt)
	}
	if err == nil && (o.max < 1 || o.max > cli.MaxCount || o.controls < 0 || o.controls > cli.MaxCount) {
		err = cli.InputError("--max-trials takes 1 to %d, --control-trials 0 to %d", cli.MaxCount, cli.MaxCount)
	}
	return err
}

func runFaultSweep(ctx context.Context, o *faultSweepOptions) error {
	nths, err := ordinals(o.nth)
	if err != nil {
		return err
	}
	p0, p1, err := cli.ParseSPRT(o.sprt)
	if err != nil {
		return err
	}
	set, err := cli.ParseSet(o.set)
	if err != nil {
		return err
	}
	l, err := o.Load(o.scenario, set) // with the files that are set
	if err != nil {
		return err
	}
	step, err := sweptFault(l, o.fault)
	if err != nil {
		return err
	}
	if err := o.ResolveSpeed(ctx, &o.speed, cli.SpeedOf{Scenario: o.scenario, Set: o.set, Reset: o.reset}, o.lab); err != nil {
		return err
	}
	points, control, err := sweepPlans(o, l, set, step, nths)
	if err != nil {
		return err
	}
	plans := []*plan.Plan{points[0].Plan}
	if control != nil {
		plans = append(plans, control)
	}
	b, err := o.OpenTestbed(ctx, o.dir, o.lab, plans...)
	if err != nil {
		return err
	}
	dir, err := experiment.CreateSearch(o.dir, l, map[string]any{"nth": nths, "fault": step, "sprt": o.sprt, "max-trials": o.max, "control-trials": o.controls, "set": o.set})
	if err != nil {
		return errors.Join(cli.AsRecordError(err), b.Provider.Close())
	}
	s := scenarios.FaultStep(l.Scenario.Stimulus[step])
	o.Progress("%s", cli.Heading(points[0].Plan))
	o.Progress("%s at %s, on frame %s; %s of each at most, and %s of the control", s.Words(), s.Link, o.nth, cli.Plural(o.max, "trial"), cli.Plural(o.controls, "trial"))
	r, runErr := experiment.Sweep(ctx, &b.Bench, dir, points, experiment.SweepOptions{
		Fault: stepRef(step), Words: s.Words() + " at " + s.Link, Control: control, Controls: o.controls,
		Rule: experiment.StopRule{SPRT: &stats.SPRT{P0: p0, P1: p1, Alpha: 0.05, Beta: 0.05}, Cap: o.max},
	})
	runErr = b.Over(ctx, runErr)
	out := swept{r, cli.OutcomeCode(r.Outcome)}
	if ctx.Err() != nil {
		out.Exit = cli.ExitInterrupted
	}
	err = o.Show(out, func(w io.Writer) { printSweep(w, r) })
	return errors.Join(runErr, err, cli.Answer(out.Exit))
}

// printSweep writes a sweep, for people: a line and a bar for each frame.
func printSweep(w io.Writer, s result.Sweep) {
	cli.Line(w, "")
	cli.Line(w, "%s", s.Answer)
	if s.Control != nil {
		cli.Line(w, "control  %s%s", s.Control, s.Clock.Beside())
	}
	const width = 20
	for _, p := range s.Points {
		bar := ""
		if p.Valid > 0 {
			bar = strings.Repeat("█", (width*p.Reproduced+p.Valid/2)/p.Valid)
		}
		cli.Line(w, "nth %-4d %d/%-3d %-*s %s", p.Nth, p.Reproduced, p.Valid, width, bar, p.Effect)
		if p.Why != "" {
			cli.Line(w, "         %s", p.Why)
		}
	}
	if s.Left > 0 {
		cli.Line(w, "not tried: the %s after these", cli.Plural(s.Left, "frame"))
	}
	cli.Line(w, "%s; sweep.json and the runs are in %s", cli.Plural(s.Trials, "trial"), s.Dir)
}
