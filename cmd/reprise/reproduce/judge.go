package reproduce

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

func (a *app) judgeVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "judge RUN",
		Short: "Judge a stored run again, from its record alone",
		Long: `Read a run directory and judge every trial again from what was recorded, with the
same code that judged it live. Nothing is started and nothing is changed.

A record names the rules that judged it. One that was made by older rules is
judged by those, and the verdict of today's rules is shown beside it.

Exit status: 0 the verdict is the declared one and every trial comes out as
stored; 1 it is the opposite; 2 inconclusive; 3 a trial comes out differently
than it is stored, or the ledger's chain is broken; 4 no run directory.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.judge(args[0]) },
	}
}

func (a *app) judge(path string) error {
	p, dir, info, err := plan.OpenRun(path)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	again, err := judge.Rejudge(p, dir)
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	v, rate := judge.Combine(again.Verdicts, info.Trials, info.Expected)
	entries, ledgerErr := dir.Ledger()
	ledgerErr = errors.Join(ledgerErr, checkLedger(dir, entries))
	code := cli.VerdictCode(v)
	if len(again.Altered) > 0 || ledgerErr != nil {
		code = cli.ExitOther
	}
	out := struct {
		Verdict     evidence.RunVerdict     `json:"verdict"`
		Rate        evidence.Rate           `json:"rate"`
		Trials      []evidence.TrialVerdict `json:"trials"`
		Differences []judge.Difference      `json:"differences"`
		Ledger      string                  `json:"ledger"`
		Rules       evidence.Rules          `json:"rules"`
		// Today is what today's rules give for a record that was judged by older ones.
		Today *todays `json:"today,omitempty"`
	}{v, rate, again.Verdicts, again.Altered, "whole", again.Rules, todaysOf(again, info)}
	if ledgerErr != nil {
		out.Ledger = ledgerErr.Error()
	}
	if done, err := a.Emit(out); done {
		return errors.Join(err, cli.Answer(code))
	}
	for _, t := range again.Verdicts {
		a.Say("  trial %04d  %-14s %s", t.Trial, t.Verdict, cli.FirstLine(t.Reason, 120))
	}
	a.Say("%s: %s", v.Verdict, v.Reason)
	if out.Today != nil {
		a.Say("judged by rules %s, as when it was recorded; by today's rules (%s) it is %s: %s", again.Rules, evidence.CurrentRules, out.Today.Verdict.Verdict, out.Today.Verdict.Reason)
		for _, d := range again.Today {
			a.Say("  trial %04d  %-14s by today's rules: %s", d.Trial, d.Again, cli.FirstLine(d.Reason, 120))
		}
	}
	for _, d := range again.Altered {
		a.Say("trial %04d is stored as %s and is %s: %s", d.Trial, d.Stored, d.Again, d.Reason)
	}
	if ledgerErr != nil {
		a.Say("ledger: %v", ledgerErr)
	}
	return cli.Answer(code)
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

// checkLedger compares the digests that the ledger holds with the trials' records.
func checkLedger(dir evidence.Dir, entries []evidence.Entry) error {
	var errs []error
	for _, e := range entries {
		digest, err := dir.Trial(e.Trial).Digest()
		if err == nil && digest != e.Digest {
			err = fmt.Errorf("trial %d: its record is not the one that the ledger was written for", e.Trial)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
