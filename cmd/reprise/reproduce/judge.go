package reproduce

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// judgeOptions are what judge was asked.
type judgeOptions struct {
	*cli.App
	run string
}

func newJudge(a *cli.App, runF func(context.Context, *judgeOptions) error) *cobra.Command {
	o := &judgeOptions{App: a}
	return &cobra.Command{
		Use:   "judge RUN",
		Short: "Judge a stored run again, from its record alone",
		Long: `Read a run directory and judge every trial again from what was recorded, with the
same code that judged it live. Nothing is started and nothing is changed.

A record names the rules that judged it. One that was made by older rules is
judged by those, and the verdict of today's rules is shown beside it.

Exit status: 0 the verdict is the declared one and every trial comes out as
stored; 1 it is the opposite; 2 inconclusive; 3 a trial, or the run, comes out differently
than it is stored, the ledger's chain is broken or does not tell of a trial, run.json, or
the states, transcripts, logs or traffic of a trial, are not those that the ledger has sealed
(in a record of before there were such seals nobody knows, which is said), an input
file is not the one that the run was begun with, or a record is not the one that a
worker of a fleet has sealed; 4 no run directory. In a run that came out of a bundle a
broken seal and another input are said and no reason for 3: redaction alters both. Nor
is it where the ledger of a run without a verdict lacks the last trial alone: the run
was broken off there.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.run = args[0]
			return cli.Run(runF, runJudge)(c.Context(), o)
		},
	}
}

func runJudge(ctx context.Context, o *judgeOptions) error {
	p, dir, info, err := plan.OpenRun(o.run)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	again, err := judge.Rejudge(p, dir)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	out := judgedAs(again, info, dir.CheckLedger())
	if err := dir.CheckInputs(info); err != nil {
		out.Inputs = err.Error()
	}
	if err := dir.CheckVerdict(out.Verdict, out.Rate); err != nil && len(out.Differences) == 0 && !out.cut {
		out.Stored = err.Error()
	}
	out.Unsealed, _ = dir.Unsealed() // what is wrong with the ledger was told
	if err := out.seals(ctx, dir); err != nil {
		return err
	}
	err = o.Show(out, func(w io.Writer) { printJudged(w, out) })
	return errors.Join(err, cli.Answer(out.exit()))
}

// ledgerWhole is what judge says of a ledger that is.
const ledgerWhole = "whole"

// judged is a stored run, judged again: what --json prints.
type judged struct {
	Verdict     evidence.RunVerdict     `json:"verdict"`
	Rate        evidence.Rate           `json:"rate"`
	Clock       evidence.Clock          `json:"clock,omitzero"` // how time passed in the lab
	Trials      []evidence.TrialVerdict `json:"trials"`
	Differences []judge.Difference      `json:"differences"`
	Ledger      string                  `json:"ledger"`
	Inputs      string                  `json:"altered-inputs,omitempty"`  // which files the run was begun with otherwise
	Stored      string                  `json:"altered-verdict,omitempty"` // what the run's verdict or its rate is stored as, where its trials give another
	Rules       evidence.Rules          `json:"rules"`
	// Unsealed is how many trials have no seals of run.json and of what is told beside their verdicts, for they are from before there were any.
	Unsealed int `json:"unsealed,omitempty"`
	// Sealed is how many records workers of a fleet have sealed; Broken says which are not what was sealed.
	Sealed int    `json:"sealed,omitempty"`
	Broken string `json:"broken-seals,omitempty"`
	// Today is what today's rules give for a record that was judged by older ones.
	Today *todays `json:"today,omitempty"`

	foreign bool // it came out of a bundle
	cut     bool // the ledger lacks the last trial only
}

// seals checks the seals of the records.
func (j *judged) seals(ctx context.Context, dir evidence.Dir) (err error) {
	if _, j.foreign, err = origin.Find(dir.Path); err != nil {
		return cli.AsInputError(err)
	}
	n, broken := labpool.CheckSeals(ctx, dir)
	if j.Sealed = n; broken != nil {
		j.Broken = broken.Error()
	}
	return nil
}

// judgedAs puts together what a run came to when it was judged again. broken is what is wrong
// with its ledger.
func judgedAs(again judge.Rejudged, info evidence.RunInfo, broken error) judged {
	v, rate := judge.Combine(again.Verdicts, info.Trials, info.Expected)
	out := judged{
		Verdict: v, Rate: rate, Clock: info.Clock, Trials: again.Verdicts, Differences: again.Altered, Ledger: ledgerWhole, Rules: again.Rules,
		Today: todaysOf(again, info),
	}
	if broken != nil {
		out.Ledger = broken.Error()
		_, out.cut = errors.AsType[*evidence.BrokenOffError](broken)
	}
	return out
}

// exit is the exit status: a record that was changed is no answer.
func (j judged) exit() int {
	if len(j.Differences) > 0 || j.Stored != "" || j.Ledger != ledgerWhole && !j.cut || (j.Broken != "" || j.Inputs != "") && !j.foreign {
		return cli.ExitOther
	}
	return cli.VerdictCode(j.Verdict)
}

// printJudged writes how a run was judged again, for people.
func printJudged(w io.Writer, out judged) {
	for _, t := range out.Trials {
		cli.Line(w, "  trial %04d  %-14s %s", t.Trial, string(t.Verdict)+out.Clock.Beside(), cli.FirstLine(t.Reason, 120))
	}
	cli.Line(w, "%s%s: %s", out.Verdict.Verdict, out.Clock.Beside(), out.Verdict.Reason)
	if t := out.Today; t != nil {
		cli.Line(w, "judged by rules %s, as when it was recorded; by today's rules (%s) it is %s: %s", out.Rules, t.Rules, t.Verdict.Verdict, t.Verdict.Reason)
		for _, d := range t.Differences {
			cli.Line(w, "  trial %04d  %-14s by today's rules: %s", d.Trial, d.Again, cli.FirstLine(d.Reason, 120))
		}
	}
	for _, d := range out.Differences {
		cli.Line(w, "trial %04d is stored as %s and is %s: %s", d.Trial, d.Stored, d.Again, d.Reason)
	}
	if out.Stored != "" {
		cli.Line(w, "%s", out.Stored)
	}
	if out.Ledger != ledgerWhole {
		cli.Line(w, "ledger: %s", out.Ledger)
	}
	if n := out.Unsealed; n > 0 {
		cli.Line(w, "not sealed: run.json, and the states, transcripts, logs and traffic of %s: the record is from before they were, and whether they are what was recorded is not known", cli.Plural(n, "trial"))
	}
	if out.Inputs != "" {
		cli.Line(w, "%s", out.Inputs)
	}
	if out.Broken != "" {
		cli.Line(w, "seals of workers: %s", out.Broken)
	}
}

// todays is a run as today's rules judge it.
type todays struct {
	Rules       evidence.Rules      `json:"rules"`
	Verdict     evidence.RunVerdict `json:"verdict"`
	Differences []judge.Difference  `json:"differences"`
}

// todaysOf is nil for a record that was judged by today's rules.
func todaysOf(r judge.Rejudged, info evidence.RunInfo) *todays {
	if r.Rules == evidence.CurrentRules {
		return nil
	}
	return &todays{evidence.CurrentRules, r.CombineToday(info.Trials, info.Expected), r.Today}
}
