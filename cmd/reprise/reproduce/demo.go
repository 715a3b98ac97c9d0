package reproduce

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// demoScenario is the scenario that demo runs: a real bug that shows every time and
// decides quickly.
const demoScenario = "frr-ospf-default-metric"

func (a *app) demoVerb() *cobra.Command {
	f := &runFlags{PlanFlags: cli.PlanFlags{Trials: 2, Labs: 2}}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Reproduce a real bug: affected version, fixed version, report",
		Long: `Run a scenario that comes with the program: a real, publicly reported bug of FRR,
shown on the version that has it, then its control on the version that has not.

Exit status: 0 the bug was reproduced and the control is clean, else as of run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), f) },
	}
	cli.CountVar(c.Flags(), &f.Trials, "trials", "n", "number of trials")
	c.Flags().StringVar(&f.dir, "dir", "runs", "folder for run directories")
	return c
}

func (a *app) demo(ctx context.Context, f *runFlags) error {
	var outs []Outcome
	for _, control := range []bool{false, true} {
		f.Control = control
		p, err := a.Plan(demoScenario, &f.PlanFlags)
		if err != nil {
			return err
		}
		out, err := a.runPlan(ctx, p, f)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if !a.JSON {
			a.printOutcome(out)
			a.Say("")
		}
		outs = append(outs, out)
	}
	code := max(outs[0].Exit, outs[1].Exit)
	if done, err := a.Emit(outs); done {
		return errors.Join(err, cli.Answer(code))
	}
	if outs[0].Verdict.Verdict == evidence.Reproduced && outs[1].Verdict.Verdict == evidence.NotReproduced {
		a.Say("The bug is there on the affected version and gone on the fixed one. Open the report: %s", outs[0].Report)
	}
	return cli.Answer(code)
}
