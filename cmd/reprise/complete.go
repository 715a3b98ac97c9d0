package main

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/scenarios/corpus"
)

// completeScenario offers the corpus beside files.
func (a *app) completeScenario(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	entries, _ := corpus.List()
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids, cobra.ShellCompDirectiveDefault
}

// mustComplete gives a flag its words; the flag exists, so it cannot fail.
func mustComplete(c *cobra.Command, flag string, words ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
