package isolate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/scratch"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// faultTryOptions are what fault try was asked.
type faultTryOptions struct {
	*cli.App
	scenario, step, fault, reset, dir, run string

	number  int      // of the run's labs; 0: the only one
	inTrial []string // flags that were given and are about a trial of its own
	last    time.Duration
	set     []string
	speed   cli.Speed
	lab     cli.LabFlags
}

func newFaultTry(a *cli.App, runF func(context.Context, *faultTryOptions) error) *cobra.Command {
	o := &faultTryOptions{App: a}
	c := &cobra.Command{
		Use:   "try SCENARIO|TOPOLOGY [STEP]",
		Short: "Put one fault on a link of a scenario's lab, or of one that is up, and see what it did to which frames",
		Long: `Build the lab of a scenario, wait for its baseline, put one fault on a link for some
seconds and take it back: nothing else of the stimulus is carried out. What it did
is told frame by frame, by number, time, digest and what the frame was, and of each
whether, and how much later, the witness at the far side saw it.

STEP is a step as a scenario has it, with link and fault; --fault takes one of the
scenario's own. for: in it, or --for, says how long; arm, disarm and expect are left out.

With --run, or with a topology, it is tried in a lab that is up: one that a run left
(--keep), or that topology up built of this file. Nothing is built, started, reset or
waited for there, and the lab stays. Of a run with several labs --run-lab says which;
times are real. With a cable that is laid anew (replug) goes what nodes and people have
set at its ends since; addresses that the lab did not give, and what is made over them,
are told. What a
process that was killed has left on the link is taken away first, and a link that is
down is told and left (status 2). One try at a time has the lab, and none has it as
long as the run goes on, or what takes back the fault of a try that was killed (status
6). A lab is found by its own user alone; of namespaces one that was to be kept, by
who has the same TMPDIR (status 4). Labs over several hosts, of machines and of
devices have no such tries.

Ctrl-C takes the fault back and tells what it did until then. In a lab that is up a
process of its own does it where this one is killed, and leaves taken-back.json beside
the captures.

Exit status: 0 it acted, 1 it met no frame, 2 inconclusive (the baseline did not hold,
nobody knows what it did, it could not be taken back), 4 wrong input, 5 the environment
lacks something, 6 somebody else has the lab, 130 interrupted.`,
		Example: `  reprise fault try ospf-lost-ls-update '{link: "r1:eth1", fault: drop, match: {proto: ospf, type: hello}}' --for 5s
  reprise fault try ospf-lost-ls-update --fault stimulus.0
  reprise fault try my-case '{link: "r1:eth1", fault: delay, delay: 200ms, nth: 3}' --json
  reprise fault try lab.clab.yml '{link: "r1:eth1", fault: down}' --for 30s
  reprise fault try my-case --fault stimulus.0 --run 20260301T101500Z-my-case-1f2e`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.CompleteScenario,
		RunE: func(c *cobra.Command, args []string) error {
			o.scenario, o.step = args[0], strings.Join(args[1:], "")
			if c.Flags().Changed("run-lab") && (o.number < 1 || !o.inKept()) {
				return cli.InputError("--run-lab takes the number of a lab, from 1, of the run that --run names")
			}
			for _, name := range []string{"set", "reset", "speed", "lab", "fleet", "wait", "priority", "accept-new"} {
				if c.Flags().Changed(name) {
					o.inTrial = append(o.inTrial, "--"+name)
				}
			}
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runFaultTry)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.fault, "fault", "", "a fault of the scenario, by its step (stimulus.0) or its name, instead of STEP")
	fl.DurationVar(&o.last, "for", 10*time.Second, "how long the fault is in force, in the lab's time, where the step does not say it")
	cli.SetFlag(fl, &o.set)
	fl.StringVar(&o.run, "run", "", "try it in the lab that this `run` left up, instead of building one; of a topology, the one by topology up")
	fl.IntVar(&o.number, "run-lab", 0, "which of the labs of that run, by its `number` from 1, where several were left up")
	fl.StringVar(&o.dir, "dir", "tries", "folder for the runs")
	cli.ResetFlag(fl, &o.reset, "trials", "the scenario's")
	cli.AutoSpeedFlag(fl, &o.speed, "the scenario's")
	o.lab.Register(fl)
	cli.CompleteReset(c)
	cli.CompleteAutoSpeed(c)
	o.completeKept(c)
	return a.Trusting(c)
}

// check tells what is wrong with the options.
func (o *faultTryOptions) check() error {
	switch {
	case (o.step == "") == (o.fault == ""):
		return cli.InputError(`say which fault: a step, as '{link: "r1:eth1", fault: drop}', or --fault with one of the scenario's (reprise fault list)`)
	case o.last < time.Millisecond || o.last > 24*time.Hour:
		return cli.InputError("--for takes 1ms to 24h")
	case o.inKept() && len(o.inTrial) > 0:
		return cli.InputError("%s has no meaning in a lab that is up: nothing is built or started there", o.inTrial[0])
	case scenarios.IsTopology(o.scenario) && o.fault != "":
		return cli.InputError("--fault names one of a scenario, and %s is a topology: write the step", o.scenario)
	default:
		return nil
	}
}

// triedStep is the step that is tried, in YAML.
func (o *faultTryOptions) triedStep(l *scenarios.Loaded) (string, error) {
	if o.step != "" {
		return o.step, nil
	}
	for i, s := range l.Scenario.Stimulus {
		if s.Fault != "" && (o.fault == cli.StepRef(i) || o.fault == s.Name) {
			return l.FaultText(i)
		}
	}
	return "", cli.InputError("--fault %s: there is no such fault (reprise fault list %s)", o.fault, o.scenario)
}

// inKept reports whether the fault is tried in a lab that is up.
func (o *faultTryOptions) inKept() bool { return o.run != "" || scenarios.IsTopology(o.scenario) }

func runFaultTry(ctx context.Context, o *faultTryOptions) error {
	if o.inKept() {
		return runTryKept(ctx, o)
	}
	set, err := cli.ParseSet(o.set)
	if err != nil {
		return err
	}
	l, err := o.Load(o.scenario, set)
	if err != nil {
		return err
	}
	step, err := o.triedStep(l)
	if err != nil {
		return err
	}
	folder, err := scratch.Make("try")
	if err != nil {
		return fmt.Errorf("write the scenario of the try: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a leftover in the temporary folder does no harm
	if err := l.WriteTrying(folder, step, scenarios.Duration(o.last)); err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	file := filepath.Join(folder, filepath.FromSlash(l.Inputs[0].Path))
	tried, err := o.LoadQuiet(file, set)
	if err != nil {
		return err
	}
	for _, w := range ofStep(tried, l) {
		o.Progress("%s", w)
	}
	if err := o.ResolveSpeed(ctx, &o.speed, cli.SpeedOf{Scenario: file, Set: o.set, Reset: o.reset}, o.lab); err != nil {
		return err
	}
	reset, err := cli.ParseReset(o.reset)
	if err != nil {
		return err
	}
	p, err := plan.New(tried, plan.Options{Set: set, Trials: 1, Reset: reset, Speed: float64(o.speed)})
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	b, err := o.OpenTestbed(ctx, o.dir, o.lab, p)
	if err != nil {
		return err
	}
	b.Observer = nil // a verdict on the trial says nothing here
	o.Progress("the fault is put in when the baseline of %s holds", l.Scenario.ID)
	out, runErr := experiment.Try(ctx, &b.Bench, p)
	runErr = b.Over(ctx, runErr)
	code := cli.OutcomeCode(out.Outcome)
	if ctx.Err() != nil {
		code = cli.ExitInterrupted
	}
	err = o.Show(out, func(w io.Writer) { printTried(w, out) })
	return errors.Join(runErr, err, cli.Answer(code))
}

// ofStep are the warnings of a scenario that was written for a try that are about its step: those of the scenario that it was written
// of were told, and the rest of it is nobody's.
func ofStep(tried, of *scenarios.Loaded) (warnings yamlpos.Problems) {
	for _, w := range tried.Warnings {
		told := slices.ContainsFunc(of.Warnings, func(known yamlpos.Problem) bool { return known.Message == w.Message })
		if !told && w.Line != tried.Line("symptom[0]") {
			w.File, w.Line = "the step", 0
			warnings = append(warnings, w)
		}
	}
	return warnings
}

// printTried writes what a fault did, for people.
func printTried(w io.Writer, t result.Tried) {
	cli.Line(w, "")
	cli.Line(w, "%s at %s: %s%s", t.Words, t.On, t.Answer, t.Clock.Beside())
	if t.Began != nil && t.Ended != nil {
		by := ""
		if t.By != "" {
			by = ", " + t.By
		}
		cli.Line(w, "in force %s to %s (%s)%s", t.Began.UTC().Format(clockLayout), t.Ended.UTC().Format(clockLayout), t.Ended.Sub(*t.Began).Round(time.Millisecond), by)
	}
	if len(t.Lost) > 0 {
		cli.Line(w, "gone with the cable: %s", strings.Join(t.Lost, ", "))
	}
	for _, f := range t.Frames {
		cli.Line(w, "%-5d %s to %-10s %4d bytes %s  %s", f.Ordinal, f.Time.UTC().Format(clockLayout), f.To, f.Length, f.Digest, f.Summary)
		cli.Line(w, "      %s", arrivedWords(f))
	}
	if t.Did == nil {
		return
	}
	if more := t.Did.Hit - min(t.Did.Hit, uint64(len(t.Frames))); more > 0 {
		cli.Line(w, "and %d more", more)
	}
	cli.Line(w, "%d passed unharmed; evidence in %s", t.Did.Passed, t.Dir)
}

// clockLayout is a moment, to the microsecond.
const clockLayout = "15:04:05.000000"

// arrivedWords say what the witness saw of a frame.
func arrivedWords(f result.TriedFrame) string {
	switch {
	case f.Arrived == nil:
		return "whether it arrived is not known: nobody watched there, or frames came that are the same byte for byte"
	case len(f.Arrived) == 0:
		return "it did not arrive as it was"
	}
	var after []string
	for _, d := range f.Arrived {
		after = append(after, d.Round(10*time.Microsecond).String())
	}
	return "it arrived after " + strings.Join(after, ", and after ")
}
