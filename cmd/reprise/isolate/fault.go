package isolate

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
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
	// By lists what can carry it out in labs of containers and namespaces, of a fault on frames; a lab takes the first
	// that its kernel and its user's rights allow, and the evidence says which that was. In a lab of machines it is xdp,
	// netem, or nothing.
	By []topologies.DropBy `json:"by,omitempty"`
}

func newFaultList(a *cli.App, runF func(context.Context, *faultListOptions) error) *cobra.Command {
	o := &faultListOptions{App: a}
	c := &cobra.Command{
		Use:               "list SCENARIO",
		Short:             "List the faults of a scenario: where, what, and whether the control has them",
		Long:              "Each fault with its step, where it is, what it does, and what can carry it out: a program in the kernel where\nframes arrive (xdp) or leave (tc), rules there (nftables), or a program of ours that stands on the cable (wire). In\nlabs of containers and namespaces, that is: a lab takes the first that its kernel and its user's rights allow\n(reprise doctor), and the record says which. In labs of machines a program in\nthe kernel of the guest that gets them (xdp) drops frames that are picked, and the sender's own queue (netem) drops\nor delays all of a way or a share, or duplicates all; there is nothing else.",
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
		f := listedFault{Step: cli.StepRef(i), Name: s.Name, On: s.Link, Words: scenarios.FaultStep(s).Words(), Sweeps: s.Fault.OnFrames(), Control: !leftOut(l, i)}
		if f.On == "" {
			f.On = s.Node
		}
		if f.By, err = engines(scenarios.FaultStep(s)); err != nil {
			return err
		}
		list = append(list, f)
	}
	return o.Show(list, func(w io.Writer) {
		for _, f := range list {
			by := make([]string, 0, len(f.By))
			for _, engine := range f.By {
				by = append(by, string(engine))
			}
			words := f.Words
			if len(by) > 0 {
				words += "; by " + strings.Join(by, " or ")
			}
			cli.Line(w, "%-12s %-12s %s%s", f.Step, f.On, words, map[bool]string{true: "", false: " (not in the control)"}[f.Control])
		}
		if len(list) == 0 {
			cli.Line(w, "%s has no fault in its stimulus", l.Scenario.ID)
		}
	})
}

// engines lists what can carry a fault on frames out.
func engines(s scenarios.FaultStep) ([]topologies.DropBy, error) {
	if !s.Fault.OnFrames() {
		return nil, nil
	}
	f, err := topologies.Fault{Kind: topologies.FaultKind(s.Fault), Match: s.Match, Probability: s.Probability, Frames: s.FrameFault()}.Plain()
	if err != nil {
		return nil, err
	}
	return f.Engines(), nil
}

// leftOut reports whether the control leaves out a step.
func leftOut(l *scenarios.Loaded, step int) bool {
	c := l.Scenario.Control
	return c != nil && slices.Contains(c.Without, cli.StepRef(step))
}

// faultSweepOptions are what fault sweep was asked: to begin with a scenario, or to go on in a folder.
type faultSweepOptions struct {
	*cli.App
	cli.SweepChoices
	scenario, dir, resume string
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

With the lab's clocks at another speed than 1, the control is tried in real time
too, before any frame, and each frame that triggers the problem at last. Only one
that does there is an answer; that no frame does at another speed is inconclusive.

The fault acts on its own count of frames from there, one where it says none; what
it expects (expect: {fired: n}) holds at each point. A frame that never came is no
evidence, and ends the sweep.

Each point is a run with its evidence and report; sweep.json beside them has the
answer. After Ctrl-C or kill -9, --resume goes on after the last frame that was
decided.

Exit status: 0 a frame triggers the problem, 1 none of them does, 2 inconclusive,
4 wrong input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise fault sweep ospf-lost-ls-update --nth 1..5
  reprise fault sweep my-case --fault stimulus.1 --nth 3,7,9 --speed 10
  reprise fault sweep --resume sweeps/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario = strings.Join(args, "")
			if err := o.check(); err != nil {
				return err
			}
			if o.resume != "" {
				if err := cli.RefuseBesideResume(c, "a sweep", "labs"); err != nil {
					return err
				}
			}
			return cli.Run(runF, runFaultSweep)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.Nth, "nth", "1..10", "which frames, as 1..20 or 2,5,9")
	fl.StringVar(&o.Fault, "fault", "", "the fault, by its step (stimulus.0) or its name (default: the only one that acts on frames)")
	fl.StringVar(&o.SPRT, "sprt", "0.05,0.5", "rates p0,p1 between which each frame is decided, at a risk of 5 % either way")
	fl.IntVar(&o.MaxTrials, "max-trials", 12, "most trials of one frame")
	fl.IntVar(&o.ControlRuns, "control-trials", 5, "trials of the control; 0: none")
	cli.SetFlag(fl, &o.Set)
	fl.StringVar(&o.dir, "dir", "sweeps", "folder for sweeps")
	fl.StringVar(&o.resume, "resume", "", "go on with the sweep in this folder")
	cli.ResetFlag(fl, &o.Reset, "trials", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.Speed, "the scenario's")
	o.Lab.Register(fl)
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	return a.Trusting(c)
}

// swept is what --json prints.
type swept struct {
	result.Sweep
	Exit int `json:"exit"`
}

// check tells what is wrong with the options.
func (o *faultSweepOptions) check() error {
	switch {
	case (o.resume != "") == (o.scenario != ""):
		return cli.InputError("give a scenario, or --resume with the folder of a sweep")
	case o.resume != "": // by the choices that it was begun with
		return nil
	}
	return o.Check()
}

func runFaultSweep(ctx context.Context, o *faultSweepOptions) error {
	if o.resume != "" {
		at := o.Lab.Fleet
		dir, err := resume(o.resume, "a sweep", &o.SweepChoices)
		o.Lab.Fleet = at // which is kept nowhere
		if err != nil {
			return err
		}
		return sweep(ctx, o, dir)
	}
	set, err := cli.ParseSet(o.Set)
	if err != nil {
		return err
	}
	l, err := o.Load(o.scenario, set) // with the files that are set
	if err != nil {
		return err
	}
	if _, err := o.Step(l); err != nil {
		return err
	}
	o.Scenario = l.Inputs[0].Path
	if err := o.ResolveSpeed(ctx, &o.Speed, cli.SpeedOf{Scenario: o.scenario, Set: o.Set, Reset: o.Reset}, o.Lab); err != nil {
		return err
	}
	dir, err := experiment.CreateSearch(o.dir, l, &o.SweepChoices)
	if err != nil {
		return cli.AsRecordError(err)
	}
	return sweep(ctx, o, dir)
}

// sweep carries out a sweep in its folder.
func sweep(ctx context.Context, o *faultSweepOptions, dir evidence.Dir) error {
	if err := o.Check(); err != nil {
		return err
	}
	l, set, err := loadSearch(o.App, dir, o.Scenario, o.Set)
	if err != nil {
		return err
	}
	step, err := o.Step(l)
	if err != nil {
		return err
	}
	points, how, err := o.Points(l, set, step)
	if err != nil {
		return err
	}
	plans := []*plan.Plan{points[0].Plan}
	if how.Control != nil {
		plans = append(plans, how.Control)
	}
	where := o.Lab
	where.Work = dir.ID()
	b, err := o.OpenTestbed(ctx, dir.Path, where, plans...)
	if err != nil {
		return err
	}
	s := scenarios.FaultStep(l.Scenario.Stimulus[step])
	o.Progress("%s", cli.Heading(points[0].Plan))
	o.Progress("%s at %s, on frame %s; %s of each at most, and %s of the control", s.Words(), s.Link, o.Nth, cli.Plural(o.MaxTrials, "trial"), cli.Plural(o.ControlRuns, "trial"))
	if points[0].Plan.Clock.Scaled() {
		o.Progress("the control, and the frames that trigger the problem, are tried at speed 1 too")
	}
	o.Progress("evidence in %s", dir.Path)
	how.Words = s.Words() + " at " + s.Link
	r, err := experiment.Sweep(ctx, &b.Bench, dir, points, how)
	err = searchError(ctx, b, "fault sweep", dir, errors.Join(err, b.Provider.Close()))
	if r.Reprise == "" {
		return err // nothing was begun
	}
	out := swept{r, cli.OutcomeCode(r.Outcome)}
	if ctx.Err() != nil {
		out.Exit = cli.ExitInterrupted
	}
	return errors.Join(err, o.Show(out, func(w io.Writer) { printSweep(w, r) }), cli.Answer(out.Exit))
}

// printSweep writes a sweep, for people: a line and a bar for each frame.
func printSweep(w io.Writer, s result.Sweep) {
	cli.Line(w, "")
	cli.Line(w, "%s", s.Answer)
	if s.Control != nil {
		cli.Line(w, "control  %s%s", s.Control, s.Clock.Beside())
	}
	printPoints(w, s.Points)
	if r := s.Real; r != nil {
		cli.Line(w, "at speed 1:")
		if r.Control != nil {
			cli.Line(w, "control  %s", r.Control)
		}
		printPoints(w, r.Points)
	}
	if s.Left > 0 {
		cli.Line(w, "not tried: the %s after these", cli.Plural(s.Left, "frame"))
	}
	cli.Line(w, "%s; sweep.json and the runs are in %s", cli.Plural(s.Trials, "trial"), s.Dir)
}

// printPoints writes a line and a bar for each frame.
func printPoints(w io.Writer, points []result.SweepPoint) {
	const width = 20
	for _, p := range points {
		bar := ""
		if p.Valid > 0 {
			bar = strings.Repeat("█", (width*p.Reproduced+p.Valid/2)/p.Valid)
		}
		cli.Line(w, "nth %-4d %d/%-3d %-*s %s", p.Nth, p.Reproduced, p.Valid, width, bar, p.Effect)
		if p.Why != "" {
			cli.Line(w, "         %s", p.Why)
		}
	}
}
