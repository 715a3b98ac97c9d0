package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/scenarios"
)

// ResetFlag defines --reset for what is done between two of something, and otherwise.
func ResetFlag(fl *pflag.FlagSet, to *string, between, otherwise string) {
	fl.StringVar(to, "reset", "", "between two "+between+": "+resetWords()+" (default: "+otherwise+")")
}

// CompleteReset gives --reset its words.
func CompleteReset(c *cobra.Command) { MustComplete(c, "reset", resets()...) }

// ParseReset reads what --reset says; nothing is the scenario's own.
func ParseReset(word string) (scenarios.Reset, error) {
	if word != "" && !slices.Contains(resets(), word) {
		return "", InputError("--reset %s: want %s", word, resetWords())
	}
	return scenarios.Reset(word), nil
}

func resets() []string {
	var words []string
	for _, r := range scenarios.Resets() {
		words = append(words, string(r))
	}
	return words
}

func resetWords() string {
	words := resets()
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
