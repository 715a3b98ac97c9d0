package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// demoScenario is the scenario that demo runs: a real bug that shows every time and
// decides quickly.
const demoScenario = "frr-ospf-default-metric"

// demoFix is what the control of demoScenario sets: the node and the image that are said to have the fix.
const demoFix = "r1=reprise/frr:10.3"

func newDemo(a *cli.App, runF func(context.Context, *runOptions) error) *cobra.Command {
	o := &runOptions{App: a, PlanFlags: cli.PlanFlags{Trials: 2, Labs: 2}, scenario: demoScenario}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Reproduce a real bug: affected version, fixed version, report",
		Long: `Run a scenario that comes with the program: a real, publicly reported bug of FRR,
shown on the version that has it, then its control on the version that has not.

Exit status: 0 the bug was reproduced and the control is clean, else as of run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return cli.Run(runF, runDemo)(c.Context(), o) },
	}
	cli.CountVar(c.Flags(), &o.Trials, "trials", "n", "number of trials")
	c.Flags().StringVar(&o.dir, "dir", "runs", "folder for run directories")
	return c
}

func runDemo(ctx context.Context, o *runOptions) error {
	var outs []Outcome
	for _, control := range []bool{false, true} {
		o.Control = control
		p, err := o.Plan(o.scenario, &o.PlanFlags)
		if err != nil {
			return err
		}
		out, err := runPlan(ctx, p, o)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if !o.JSON {
			printOutcome(o.Out, out)
			o.Say("")
		}
		outs = append(outs, out)
	}
	err := o.Show(outs, func(w io.Writer) { printDemo(w, outs[0], outs[1]) })
	return errors.Join(err, cli.Answer(max(outs[0].Exit, outs[1].Exit)))
}

// printDemo writes what the two runs of the demo show together, for people, and no more: few clean runs
// are no fix.
func printDemo(w io.Writer, affected, fixed Outcome) {
	a, f := affected.Verdict, fixed.Verdict
	if a.Verdict != evidence.Reproduced || f.Verdict != evidence.NotReproduced {
		return
	}
	cli.Line(w, "Seen in %d of %s of the affected version, and not seen in %d of %d of the fixed one. Open the report: %s",
		a.Reproduced, cli.Plural(a.Valid(), "valid trial"), f.NotReproduced, f.Valid(), affected.Report)
	cli.Line(w, "Whether that is a fix is told by: reprise verify-fix %s --image %s", demoScenario, demoFix)
}
