package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// demoScenario is the scenario that demo runs: a real bug that shows every time and
// decides quickly.
const demoScenario = "frr-ospf-default-metric"

func (a *app) demoVerb() *cobra.Command {
	f := &runFlags{planFlags: planFlags{trials: 2, labs: 2}}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Reproduce a real bug: affected version, fixed version, report",
		Long: `Run a scenario that comes with the program: a real, publicly reported bug of FRR,
shown on the version that has it, then its control on the version that has not.

Exit status: 0 the bug was reproduced and the control is clean, else as of run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), f) },
	}
	countVar(c.Flags(), &f.trials, "trials", "n", "number of trials")
	c.Flags().StringVar(&f.dir, "dir", "runs", "folder for run directories")
	return c
}

func (a *app) demo(ctx context.Context, f *runFlags) error {
	var outs []Outcome
	for _, control := range []bool{false, true} {
		f.control = control
		p, err := a.plan(demoScenario, &f.planFlags)
		if err != nil {
			return err
		}
		out, err := a.runPlan(ctx, p, f)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if !a.json {
			a.printOutcome(out)
			a.say("")
		}
		outs = append(outs, out)
	}
	code := max(outs[0].Exit, outs[1].Exit)
	if done, err := a.emit(outs); done {
		return errors.Join(err, answer(code))
	}
	if outs[0].Verdict.Verdict == evidence.Reproduced && outs[1].Verdict.Verdict == evidence.NotReproduced {
		a.say("The bug is there on the affected version and gone on the fixed one. Open the report: %s", outs[0].Report)
	}
	return answer(code)
}
