package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness"
	"github.com/reprise-lab/reprise/harness/evidence"
)

func (a *app) judgeVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "judge RUN",
		Short: "Judge a stored run again, from its record alone",
		Long: `Read a run directory and judge every trial again from what was recorded, with the
same code that judged it live. Nothing is started and nothing is changed.

Exit status: 0 the verdict is the declared one and every trial comes out as
stored; 1 it is the opposite; 2 inconclusive; 3 a trial comes out differently
than it is stored, or the ledger's chain is broken; 4 no run directory.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.judge(args[0]) },
	}
}

func (a *app) judge(path string) error {
	p, dir, info, err := harness.OpenRun(path)
	if err != nil {
		return &codedError{exitInput, err}
	}
	verdicts, differ, err := harness.Rejudge(p, dir)
	if err != nil {
		return &codedError{exitInput, err}
	}
	v, rate := harness.Combine(verdicts, info.Trials, info.Expected)
	entries, ledgerErr := dir.Ledger()
	ledgerErr = errors.Join(ledgerErr, checkLedger(dir, entries))
	code := verdictCode(v)
	if len(differ) > 0 || ledgerErr != nil {
		code = exitOther
	}
	out := struct {
		Verdict     evidence.RunVerdict     `json:"verdict"`
		Rate        evidence.Rate           `json:"rate"`
		Trials      []evidence.TrialVerdict `json:"trials"`
		Differences []harness.Difference    `json:"differences"`
		Ledger      string                  `json:"ledger"`
	}{v, rate, verdicts, differ, "whole"}
	if ledgerErr != nil {
		out.Ledger = ledgerErr.Error()
	}
	if done, err := a.emit(out); done {
		return errors.Join(err, answer(code))
	}
	for _, t := range verdicts {
		a.say("  trial %04d  %-14s %s", t.Trial, t.Verdict, firstLine(t.Reason, 120))
	}
	a.say("%s: %s", v.Verdict, v.Reason)
	for _, d := range differ {
		a.say("trial %04d is stored as %s and is %s: %s", d.Trial, d.Stored, d.Again, d.Reason)
	}
	if ledgerErr != nil {
		a.say("ledger: %v", ledgerErr)
	}
	return answer(code)
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
