// Package interop has the verbs of test suites and matrices: who works with whom, in which version. Flags, words and exit status;
// what they do is in the libraries.
package interop

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/scenarios/suites"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newMatrix(a)}
}

// newMatrix is the group of the verbs of a matrix.
func newMatrix(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use:   "matrix",
		Short: "Test who works with whom, in which version",
		Long: `A test suite (suite.yaml) has tests that name roles, and platforms and versions that play them. Every test
with a choice of subjects is a cell, which is a scenario like any other, with its evidence: it passes, fails, is
flaky with k of n, or says why it has no answer.`,
		Example: `  reprise matrix list
  reprise matrix show ospfv2
  reprise matrix run ospfv2 --labs 2 --budget 20m`,
	}
	c.AddCommand(newMatrixList(a, nil), newMatrixShow(a, nil), newMatrixNew(a, nil), newMatrixRun(a, nil), newMatrixReport(a, nil), newMatrixDiff(a, nil), newMatrixExplain(a, nil))
	return c
}

// completeSuite offers the suites that come with the program beside folders.
func completeSuite(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return suites.Names(), cobra.ShellCompDirectiveFilterDirs
}
