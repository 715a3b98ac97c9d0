package main

import (
	"path/filepath"
	"strings"

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

// completeProduct offers the products that the drivers name to the flag --product.
func completeProduct(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("product", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		r, err := registry()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, p := range r.Products() {
			names = append(names, p.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

// mustComplete gives a flag its words; the flag exists, so it cannot fail.
func mustComplete(c *cobra.Command, flag string, words ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completeRuns offers the run directories below runs/.
func completeRuns(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	found, _ := filepath.Glob(filepath.Join("runs", "*", "run.json"))
	var runs []string
	for _, f := range found {
		if dir := filepath.Dir(f); !strings.Contains(strings.Join(args, "\x00"), dir) {
			runs = append(runs, dir)
		}
	}
	return runs, cobra.ShellCompDirectiveDefault
}
