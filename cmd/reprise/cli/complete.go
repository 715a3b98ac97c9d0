package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/scenarios/corpus"
)

// CompleteScenario offers the corpus beside files.
func (a *App) CompleteScenario(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
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

// CompleteProduct offers the products that the drivers name to the flag --product.
func CompleteProduct(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("product", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		r, err := Registry()
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

// MustComplete gives a flag its words; the flag exists, so it cannot fail.
func MustComplete(c *cobra.Command, flag string, words ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// CompleteRuns offers the run directories below runs/.
func CompleteRuns(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	found, _ := filepath.Glob(filepath.Join("runs", "*", "run.json"))
	var runs []string
	for _, f := range found {
		if dir := filepath.Dir(f); !strings.Contains(strings.Join(args, "\x00"), dir) {
			runs = append(runs, dir)
		}
	}
	return runs, cobra.ShellCompDirectiveDefault
}
