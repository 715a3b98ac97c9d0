package escalate

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func (a *app) bundleDiffVerb() *cobra.Command {
	var read readFlags
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Tell how two bundles differ: claim, images, environment, rates, inputs",
		Long: `Compare what two bundles say. Runs are compared by their part in the claim, not by
their names; rates with Fisher's exact test, two-sided.

Exit status: 0 nothing differs, 1 something does, 4 one of them is no bundle.`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeBundles,
	}
	c.RunE = func(c *cobra.Command, args []string) error { return a.bundleDiff(c, args[0], args[1], &read) }
	read.register(c)
	return c
}

// rateComparison holds the rates of both claims against each other.
type rateComparison struct {
	A      string  `json:"a"`
	B      string  `json:"b"`
	P      float64 `json:"fisher-p"`
	Differ bool    `json:"differ"` // at 5 %
}

func (a *app) bundleDiff(c *cobra.Command, fileA, fileB string, read *readFlags) error {
	left, err := a.readContents(c, fileA, read)
	if err != nil {
		return err
	}
	right, err := a.readContents(c, fileB, read)
	if err != nil {
		return err
	}
	out := struct {
		A           string              `json:"a"`
		B           string              `json:"b"`
		Differences []bundle.Difference `json:"differences"`
		Rates       *rateComparison     `json:"rates"`
		Exit        int                 `json:"exit"`
	}{fileA, fileB, bundle.Diff(left.Contents, right.Contents), compareRates(left.Manifest.Claim, right.Manifest.Claim), cli.ExitYes}
	if len(out.Differences) > 0 {
		out.Exit = cli.ExitNo
	}
	if done, err := a.Emit(out); done {
		return errors.Join(err, cli.Answer(out.Exit))
	}
	for _, d := range out.Differences {
		a.Tell("%-12s %s: %s → %s", d.What, d.Name, orAbsent(d.A), orAbsent(d.B))
	}
	if r := out.Rates; r != nil {
		word := "no difference shown"
		if r.Differ {
			word = "they differ"
		}
		a.Tell("rates        %s against %s: Fisher p = %.2g, %s", r.A, r.B, r.P, word)
	}
	if out.Exit == cli.ExitYes {
		a.Tell("they say the same")
	}
	return cli.Answer(out.Exit)
}

// compareRates tests the rates that the claims rest on; nil where one has none.
func compareRates(a, b bundle.Claim) *rateComparison {
	ra, rb := a.Main(), b.Main()
	if ra == nil || rb == nil || ra.Rate == nil || rb.Rate == nil || ra.Rate.Valid == 0 || rb.Rate.Valid == 0 {
		return nil
	}
	for _, r := range []*bundle.RunClaim{ra, rb} { // numbers of a stranger, into factorials
		if r.Rate.Reproduced < 0 || r.Rate.Reproduced > r.Rate.Valid || r.Rate.Valid > len(r.Trials) {
			return nil
		}
	}
	p := stats.FisherTwoSided(ra.Rate.Reproduced, ra.Rate.Valid, rb.Rate.Reproduced, rb.Rate.Valid)
	word := func(r *bundle.RunClaim) string { return fmt.Sprintf("%d/%d", r.Rate.Reproduced, r.Rate.Valid) }
	return &rateComparison{A: word(ra), B: word(rb), P: p, Differ: p < 0.05}
}

func orAbsent(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
